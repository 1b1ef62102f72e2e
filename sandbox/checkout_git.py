"""The `.git` of a checkout: one commit of the tree that is in it, made by git inside the sandbox.

Tests and builds call git as on a developer's machine. The history is made up, one commit and one tag, and nothing on
the host ever reads it. Where the sandbox has no git, or its git fails, the checkout has no `.git`, and works otherwise.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Sequence
from typing import IO, cast

from sandbox.tree import SourceTree

MADE_UP_VERSION = "99.0.0"
"""The tag (after a `v`): versions that are taken from git tags have no history to come from."""
LISTING = ".pennyfix-listing"
"""A file in front of the tree's own, which the script takes away: `mode oid<TAB>path<NUL>` for every tracked file."""

# The index is set from the listing, so that only what HEAD does not have is hashed; and every new content goes into
# one pack (bigFileThreshold), not into a file each. $1 is the checkout, $2 the tree's oid. No hook takes part.
SCRIPT = r"""
commit() {
    command -v git >/dev/null 2>&1 || return 1
    fresh=
    if [ ! -e .git ]; then
        fresh=yes
        format=sha1; [ "${#2}" = 40 ] || format=sha256
        git init -q --template= --object-format=$format --initial-branch=main . || return 1
        mkdir -p .git/hooks .git/info
    elif [ "$(cat .git/pennyfix-tree 2>/dev/null)" = "$2" ]; then
        return 0
    fi
    tree=$2
    set -- git -c core.hooksPath=/dev/null -c core.fsmonitor=false -c core.autocrlf=false -c core.safecrlf=false \
        -c core.fsync=none -c core.bigFileThreshold=1 -c core.compression=1
    "$@" read-tree --empty && "$@" update-index -z --index-info <.pennyfix-listing || return 1
    old=$("$@" rev-parse -q --verify 'HEAD^{tree}') || old=$("$@" hash-object -t tree -w /dev/null) || return 1
    new=$("$@" write-tree --missing-ok) || return 1
    "$@" diff-tree -r -z --name-only --no-renames "$old" "$new" |
        "$@" update-index --add --remove -z --stdin || return 1
    new=$("$@" write-tree) || return 1
    commit=$(GIT_AUTHOR_NAME=sandbox GIT_AUTHOR_EMAIL=sandbox@localhost GIT_COMMITTER_NAME=sandbox \
        GIT_COMMITTER_EMAIL=sandbox@localhost "$@" commit-tree -m 'The tree under test' "$new") || return 1
    "$@" update-ref HEAD "$commit" && "$@" update-ref "refs/tags/v$VERSION" "$commit" || return 1
    if [ -n "$fresh" ]; then
        "$@" repack -d -q
        [ -e "$HOME/.gitconfig" ] ||
            printf '[user]\n\tname = sandbox\n\temail = sandbox@localhost\n' >"$HOME/.gitconfig"
    fi
    printf %s "$tree" >.git/pennyfix-tree
}
commit "$1" "$2" >/dev/null 2>&1 || rm -rf .git
rm -f .pennyfix-listing
""".replace("$VERSION", MADE_UP_VERSION)


class Joined(io.RawIOBase):
    """Several streams, read one after the other."""

    def __init__(self, parts: Sequence[IO[bytes]]) -> None:
        self._parts = list(parts)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes; an empty answer only at the end of the last part."""
        while self._parts:
            if chunk := self._parts[0].read(size):
                return chunk
            self._parts.pop(0)
        return b""


def with_listing(tree: SourceTree, files: IO[bytes]) -> IO[bytes]:
    """The tree's tar with the listing in front of it."""
    listing = b"".join(f"{f.mode} {f.oid}\t{f.path}\0".encode("utf-8", "surrogateescape") for f in tree.files())
    member = tarfile.TarInfo(LISTING)
    member.size, member.mode = len(listing), 0o600
    padded = listing + b"\0" * (-len(listing) % tarfile.BLOCKSIZE)
    return cast("IO[bytes]", Joined((io.BytesIO(member.tobuf() + padded), files)))
