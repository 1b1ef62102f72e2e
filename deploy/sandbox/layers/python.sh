# More interpreters, a compiler, and the libraries that Python packages are most often built against.
install build-essential gfortran cmake ninja-build pkg-config python3-dev python3-pip \
    libbz2-dev libcairo2-dev libcurl4-openssl-dev libffi-dev libgmp-dev libjpeg-dev liblzma-dev libpq-dev \
    libreadline-dev libsqlite3-dev libssl-dev libxml2-dev libxslt1-dev libyaml-dev libzmq3-dev zlib1g-dev \
    file gettext graphviz less locales-all make openssh-client procps tzdata unzip xz-utils zip

# By uv, where its builds can be reached; else from the Debian suites that have one. 3.10 and 3.12 no suite has.
export UV_PYTHON_INSTALL_DIR=/opt/python UV_PYTHON_BIN_DIR=/usr/local/bin UV_HTTP_TIMEOUT=60
if ! timeout 900 uv python install --quiet 3.9 3.10 3.11 3.12 3.14; then
    rm -rf /opt/python
    python() {  # SUITE VERSION OTHER-PACKAGES...
        from=$1 version=$2; shift 2
        beside "$from" "python$version" "python$version-minimal" "python$version-venv" "python$version-dev" \
            "libpython$version" "libpython$version-minimal" "libpython$version-stdlib" "libpython$version-dev" "$@" &&
            ldconfig && "python$version" -c "import ctypes, decimal, lzma, sqlite3, ssl, venv, zlib" || {
            rm -f "/usr/bin/python$version"
            echo "   Python $version: not to be had from Debian $from"
        }
    }
    python bullseye 3.9 python3-distutils libssl1.1 libffi7 libmpdec3
    python bookworm 3.11 python3-distutils
    python forky 3.14 || true
fi
