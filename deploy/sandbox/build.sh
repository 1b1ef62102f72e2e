#!/bin/sh
# Builds the sandbox image (default name pennyfix/sandbox). Does nothing when it is already there and current.
#
#   build.sh [IMAGE]
#
# PENNYFIX_IMAGE_LAYERS names the toolchains besides Python (layers/*.sh): "python node go rust java ruby php services".
# PENNYFIX_IMAGE_PACKAGES adds Debian packages of the image's suite.
# From the Dockerfile when an image registry answers; otherwise Debian comes from debootstrap (needs root, debootstrap
# and python3) and each layer is committed on top of the one before, so that a new layer does not make the others anew.
# PENNYFIX_IMAGE_FROM=registry|debootstrap forces one way; PENNYFIX_CACHE names the folder that keeps the first layer.
set -eu

image=${1:-pennyfix/sandbox}
here=$(cd "$(dirname "$0")" && pwd)
uv=$(sed -n 's/^UV_VERSION := *//p' "$here/../../Makefile")
suite=$(sed -n 's/^suite=//p' "$here/layers/functions.sh")
from=${PENNYFIX_IMAGE_FROM:-auto}
cache=${PENNYFIX_CACHE:-${XDG_CACHE_HOME:-${HOME:-/var/tmp}/.cache}/pennyfix}
packages=$(printf %s "${PENNYFIX_IMAGE_PACKAGES:-}" | xargs)
# in one order, whatever order they are asked in: the cheap ones below, so that most images share them
layers=
for layer in node go python java rust ruby php services; do
    case " ${PENNYFIX_IMAGE_LAYERS:-} " in *" $layer "*) layers="$layers $layer" ;; esac
done
layers=$(printf %s "$layers" | xargs)
for layer in ${PENNYFIX_IMAGE_LAYERS:-}; do
    [ "$layer" = core ] || case " $layers " in *" $layer "*) ;; *)
        echo "PENNYFIX_IMAGE_LAYERS: there is no layer '$layer' (there are: node go python java rust ruby php services)" >&2
        exit 2 ;;
    esac
done

# the digest of everything that a layer is made from
digest() {
    { printf '%s\n' "$uv" "$1"; cat "$here/layers/functions.sh" "$here/layers/run.sh"; for each in $1; do cat "$here/layers/$each.sh"; done; } | sha256sum | cut -c1-16
}
whole=$(digest "$(printf %s "core $layers" | xargs)")$(printf %s "${packages:+-$packages}" | tr -c '[:alnum:]-' _)
label() { docker image inspect --format "{{index .Config.Labels \"$2\"}}" "$1" 2>/dev/null; }
[ "$(label "$image" pennyfix.image)" = "$whole" ] && exit 0

from_registry() {
    # a name that nothing answers for must not hold up the build for minutes
    docker image inspect debian:$suite-slim >/dev/null 2>&1 || timeout 90 docker pull -q debian:$suite-slim >/dev/null 2>&1 || return 1
    docker build --build-arg UV_VERSION="$uv" --build-arg LAYERS="$layers" --build-arg PACKAGES="$packages" \
        --build-arg DIGEST="$whole" -t "$image" "$here" | grep '^   ' || true
    [ "$(label "$image" pennyfix.image)" = "$whole" ]
}

# the mirror this machine already uses, if it names one; else the default of Debian
mirror=$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN)' 2>/dev/null | awk '$2 == "Debian" && $1 !~ /security/ { print $1; exit }' || true)
mirror=${mirror:-http://deb.debian.org/debian}
authorities=/etc/ssl/certs/ca-certificates.crt

# The root file system of the layer `core`, as a tar in the cache, so that a fresh engine gets it in seconds.
core_tar() {
    tar=$cache/sandbox-$(digest core).tar
    [ -s "$tar" ] && return
    [ "$(id -u)" = 0 ] || { echo "No image registry can be reached, and debootstrap needs root: run this with sudo." >&2; return 1; }
    command -v debootstrap >/dev/null || { echo "No image registry can be reached: apt install debootstrap, then try again." >&2; return 1; }
    mkdir -p "$cache"
    work=$(mktemp -d "$cache/build.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    trap 'exit 1' INT TERM
    debootstrap --variant=minbase --include=ca-certificates,git,python3,python3-venv $suite "$work/root" "$mirror" >"$work/log" 2>&1 ||
        { tail -20 "$work/log" >&2; return 1; }
    cp -r "$here/layers" "$work/root/opt/layers"
    cp /etc/resolv.conf "$work/root/etc/resolv.conf"
    cp "$authorities" "$work/root$authorities"
    chroot "$work/root" env -i PATH="$PATH" HOME=/root MIRROR="$mirror" UV_VERSION="$uv" sh /opt/layers/run.sh core ||
        return 1
    chroot "$work/root" update-ca-certificates --fresh >/dev/null 2>&1
    rm -rf "$work/root/opt/layers" "$work/root/etc/resolv.conf" "$work/root/etc/hostname" "$work/root/etc/apt/sources.list"
    tar -C "$work/root" --numeric-owner --one-file-system --exclude='./dev/*' --exclude='./proc/*' -cf "$tar.part" .
    mv "$tar.part" "$tar"
}

# Runs a command as root on top of an image and commits what it left:  on_top IMAGE NEW-IMAGE LABELS COMMAND...
on_top() {
    base=$1 new=$2 labels=$3; shift 3
    name=pennyfix-layer-$$
    # by env, because what the engine sets a commit would keep
    docker run --name "$name" --network host --volume "$authorities:/authorities.pem:ro" --volume "$here/layers:/opt/layers:ro" "$base" \
        env MIRROR="$mirror" UV_VERSION="$uv" SSL_CERT_FILE=/authorities.pem PIP_CERT=/authorities.pem \
        NODE_EXTRA_CA_CERTS=/authorities.pem CURL_CA_BUNDLE=/authorities.pem "$@" || { docker rm -f "$name" >/dev/null; return 1; }
    docker commit --change "LABEL $labels" --change 'CMD ["sh"]' "$name" "$new" >/dev/null
    docker rm "$name" >/dev/null
}

from_debootstrap() {
    so_far=core
    below=pennyfix/sandbox-layer:$(digest core)
    if ! docker image inspect "$below" >/dev/null 2>&1; then
        core_tar || return 1
        docker import --change 'CMD ["sh"]' --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
            "$tar" "$below" >/dev/null
    fi
    for layer in $layers; do
        so_far="$so_far $layer"
        next=pennyfix/sandbox-layer:$(digest "$so_far")
        docker image inspect "$next" >/dev/null 2>&1 || on_top "$below" "$next" "pennyfix.layers=\"$so_far\"" sh /opt/layers/run.sh "$layer" || return 1
        below=$next
    done
    if [ -n "$packages" ]; then
        on_top "$below" "$below-more" "pennyfix.layers=\"$so_far\"" sh -c ". /opt/layers/functions.sh; install $packages; tidy" || return 1
        below=$below-more
    fi
    # the name and the labels, and nothing else
    on_top "$below" "$image" "pennyfix.image=\"$whole\" pennyfix.layers=\"$so_far\"" true
}

echo "== building $image: core $layers $packages"
case $from in
    registry) from_registry ;;
    debootstrap) from_debootstrap ;;
    auto) from_registry || from_debootstrap ;;
    *) echo "PENNYFIX_IMAGE_FROM=$from: allowed are auto, registry, debootstrap" >&2; exit 2 ;;
esac
docker image inspect --format '{{.Id}} {{.Size}}' "$image" | awk -v i="$image" '{ printf "== %s is ready: %d MB (%s)\n", i, $2 / 1000000, $1 }'
