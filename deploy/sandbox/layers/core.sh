# git, the suite's own Python, uv, and the user that commands run as: what every sandbox needs.
install ca-certificates git python3 python3-pip python3-venv
getent passwd sandbox >/dev/null || {
    groupadd --gid 1000 sandbox
    useradd --uid 1000 --gid 1000 --home-dir /home/sandbox --create-home --shell /bin/sh sandbox
}
python3 -m venv /tmp/uv
/tmp/uv/bin/pip install --quiet --no-cache-dir --disable-pip-version-check "uv==$UV_VERSION"
cp /tmp/uv/bin/uv /usr/local/bin/uv
rm -rf /tmp/uv
