#!/bin/sh
# Builds the sandbox image (default name pennyfix/sandbox). Does nothing when it is already there and current.
#
#   build.sh [IMAGE]
#
# From the Dockerfile when a registry answers; otherwise with debootstrap (needs root, debootstrap and python3)
# piped into `docker import`. The root file system is cached as a tar, so a fresh engine gets it in seconds.
# PENNYFIX_IMAGE_PACKAGES adds Debian packages for other languages: "nodejs npm", "golang-go", "cargo", "maven".
# PENNYFIX_IMAGE_FROM=registry|debootstrap forces one way; PENNYFIX_CACHE names the cache folder.
set -eu

image=${1:-pennyfix/sandbox}
here=$(cd "$(dirname "$0")" && pwd)
uv=$(sed -n 's/^UV_VERSION := *//p' "$here/../../Makefile")
suite=bookworm
from=${PENNYFIX_IMAGE_FROM:-auto}
cache=${PENNYFIX_CACHE:-${XDG_CACHE_HOME:-${HOME:-/var/tmp}/.cache}/pennyfix}
more=${PENNYFIX_IMAGE_PACKAGES:-}
digest=$({ cat "$here/build.sh" "$here/Dockerfile" "$here/packages"; printf %s "$more"; } | sha256sum | cut -c1-16)-uv$uv

if [ "$(docker image inspect --format '{{index .Config.Labels "pennyfix.image"}}' "$image" 2>/dev/null)" = "$digest" ]; then
    exit 0
fi

from_registry() {
    # a name that nothing answers for must not hold up the build for minutes
    docker image inspect debian:$suite-slim >/dev/null 2>&1 || timeout 90 docker pull -q debian:$suite-slim >/dev/null 2>&1 || return 1
    docker build -q --build-arg UV_VERSION="$uv" --build-arg DIGEST="$digest" --build-arg MORE="$more" -t "$image" "$here" >/dev/null
}

from_debootstrap() {
    tar=$cache/sandbox-$digest.tar
    if [ ! -s "$tar" ]; then
        [ "$(id -u)" = 0 ] || { echo "No image registry can be reached, and debootstrap needs root: run this with sudo." >&2; return 1; }
        command -v debootstrap >/dev/null || { echo "No image registry can be reached: apt install debootstrap, then try again." >&2; return 1; }
        mkdir -p "$cache"
        work=$(mktemp -d "$cache/build.XXXXXX")
        trap 'rm -rf "$work"' EXIT
        trap 'exit 1' INT TERM
        # the mirror this machine already uses, if it names one; else debootstrap's own default
        mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 2>/dev/null | awk -v s=$suite '$2 == s { print $1; exit }')
        debootstrap --variant=minbase --include="$(paste -sd, "$here/packages")" $suite "$work/root" ${mirror:+"$mirror"} >"$work/log" 2>&1 ||
            { tail -20 "$work/log" >&2; return 1; }
        if [ -n "$more" ]; then  # by apt, which orders what debootstrap cannot
            cp /etc/resolv.conf "$work/root/etc/resolv.conf"
            cp /etc/ssl/certs/ca-certificates.crt "$work/root/etc/ssl/certs/ca-certificates.crt"
            # shellcheck disable=SC2086  # a list of package names
            { chroot "$work/root" apt-get update -qq && DEBIAN_FRONTEND=noninteractive chroot "$work/root" apt-get install \
                -y -qq --no-install-recommends $more; } >>"$work/log" 2>&1 || { tail -20 "$work/log" >&2; return 1; }
        fi
        chroot "$work/root" groupadd --gid 1000 sandbox
        chroot "$work/root" useradd --uid 1000 --gid 1000 --home-dir /home/sandbox --create-home --shell /bin/sh sandbox
        python3 -m venv "$work/uv"
        "$work/uv/bin/pip" install --quiet --no-cache-dir --disable-pip-version-check "uv==$uv"
        cp "$work/uv/bin/uv" "$work/root/usr/local/bin/uv"
        rm -rf "$work/root/var/cache/apt"/*.bin "$work/root/var/cache/apt/archives"/*.deb "$work/root/var/lib/apt/lists"/* \
            "$work/root/usr/share/doc"/* "$work/root/usr/share/man"/* "$work/root/usr/share/locale"/* \
            "$work/root/etc/resolv.conf" "$work/root/etc/hostname" "$work/root/etc/apt/sources.list"
        tar -C "$work/root" --numeric-owner --one-file-system --exclude='./dev/*' --exclude='./proc/*' -cf "$tar.part" .
        mv "$tar.part" "$tar"
    fi
    docker import --change "LABEL pennyfix.image=$digest" --change 'CMD ["sh"]' \
        --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' "$tar" "$image" >/dev/null
}

echo "== building $image"
case $from in
    registry) from_registry ;;
    debootstrap) from_debootstrap ;;
    auto) from_registry || from_debootstrap ;;
    *) echo "PENNYFIX_IMAGE_FROM=$from: allowed are auto, registry, debootstrap" >&2; exit 2 ;;
esac
docker image inspect --format "== $image is ready ({{.Id}})" "$image"
