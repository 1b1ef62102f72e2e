# Runs one layer's script inside the image, says what it added, and leaves nothing behind that only it needed:
#   run.sh LAYER
here=$(cd "$(dirname "$0")" && pwd)
. "$here/functions.sh"
megabytes() { du -xsm / 2>/dev/null | cut -f1; }
before=$([ "$1" = core ] && echo 0 || megabytes)
. "$here/$1.sh"
tidy
echo "   layer $1: $(($(megabytes) - before)) MB"
