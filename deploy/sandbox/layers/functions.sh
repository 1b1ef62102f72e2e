# What the layer scripts share; each of them is run as root inside the image, with these already read:
#   MIRROR       a Debian mirror
#   UV_VERSION   the uv to install
set -eu
export DEBIAN_FRONTEND=noninteractive
suite=trixie
signed=/usr/share/keyrings/debian-archive-keyring.gpg

# Installs packages of the image's own suite.
install() {
    echo "deb [signed-by=$signed] $MIRROR $suite main" >/etc/apt/sources.list
    rm -f /etc/apt/sources.list.d/debian.sources
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# Lays the files of another suite's packages beside our own, without their scripts and without what they depend on:
#   beside SUITE PACKAGE...
# Only for packages whose paths carry their version, so that nothing of ours is replaced. Where the suite is gone from
# the mirror, or a package from the suite, the image does without, and this fails.
beside() {
    other=$1; shift
    folder=$(mktemp -d)
    mkdir -p "$folder/lists/partial" "$folder/archives/partial"
    echo "deb [signed-by=$signed] $MIRROR $other main" >"$folder/sources.list"
    apt_there="-o Dir::Etc::sourcelist=$folder/sources.list -o Dir::Etc::sourceparts=- -o Dir::State::lists=$folder/lists
        -o Dir::State::status=/dev/null -o Dir::Cache=$folder -o APT::Sandbox::User=root -o Acquire::Check-Valid-Until=false"
    # shellcheck disable=SC2086  # a list of options
    (apt-get $apt_there update -qq && cd "$folder" && apt-get $apt_there download -qq "$@" >/dev/null) || {
        rm -rf "$folder"; return 1; }
    for package in "$folder"/*.deb; do
        dpkg-deb --fsys-tarfile "$package" | tar -C / -x --keep-directory-symlink --skip-old-files \
            --exclude='./usr/share/doc' --exclude='./usr/share/man' --exclude='./usr/share/applications'
    done
    rm -rf "$folder"
}

# Leaves nothing behind that only an installation needs.
tidy() {
    rm -rf /var/cache/apt/*.bin /var/cache/apt/archives/*.deb /var/lib/apt/lists/* /var/log/apt /var/log/dpkg.log \
        /usr/share/doc/* /usr/share/man/* /usr/share/locale/* /root/.cache /root/.npm /tmp/*
}
