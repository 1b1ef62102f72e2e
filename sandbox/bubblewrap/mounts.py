"""The mounts of one bubblewrap command, as its arguments."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

STAGES = ("/mnt", "/media", "/srv", "/opt")
_STAGE = """user=$1; stage=$2; folders=$3; files=$4; table=$5; shift 5
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs "$stage" || exit 1
[ -z "$folders" ] || (cd "$stage" && mkdir -- $folders) || exit 1
for file in $files; do : >"$stage/$file"; done
printf '%s' "$table" >"$stage/table" && mount --all --fstab "$stage/table" || exit 1
exec setpriv --reuid="$user" --regid="$user" --clear-groups --inh-caps=-all -- "$@"
"""
"""Few processes, because every command in a sandbox waits for them; one `mount` reads all binds (fstab(5))."""


class Mounts:
    """bwrap's arguments for mounts.

    Root becomes an unprivileged uid before bwrap starts, and that uid may not reach the state folder. So root first
    binds what is needed into a mount namespace of its own, at a place everybody can reach.
    """

    def __init__(self, stack: ExitStack, user: int | None) -> None:
        self.descriptors: list[int] = []
        self._stack = stack
        self._user = user
        self._sources: list[tuple[str, int]] = []
        self._arguments: list[str | int] = []

    def system(self, path: str) -> None:
        """A folder or file of this machine that everybody may read, read-only at the same place."""
        self._arguments += ["--ro-bind", path, path]

    def link(self, path: Path) -> None:
        """A symbolic link as it is on this machine."""
        self._arguments += ["--symlink", str(path.readlink()), str(path)]

    def folder(self, dest: str, source: Path, *, writable: bool) -> None:
        """A folder or file that perhaps only this process may reach."""
        if self._user is None:
            self._arguments += ["--bind" if writable else "--ro-bind", str(source), dest]
        else:
            self._arguments += ["--bind" if writable else "--ro-bind", len(self._sources), dest]
            self._sources.append((str(source), len(self._sources)))

    def file(self, dest: str, content: bytes) -> None:
        """A file with this content, read-only."""
        descriptor = os.memfd_create("pennyfix")
        self.descriptors.append(descriptor)
        self._stack.callback(os.close, descriptor)
        with open(descriptor, "wb", closefd=False) as out:
            out.write(content)
        os.lseek(descriptor, 0, os.SEEK_SET)
        self._arguments += ["--ro-bind-data", str(descriptor), dest]

    def command(self, bwrap: Sequence[str], rest: Sequence[str]) -> list[str]:
        """The whole command line: bwrap with the mounts, after the staging when root runs it."""
        sources = [s for s, _ in self._sources]
        stage = next(
            (p for p in STAGES if Path(p).is_dir() and not any(s.startswith(f"{p}/") for s in sources)), STAGES[0]
        )
        mounts = [a if isinstance(a, str) else f"{stage}/{a}" for a in self._arguments]
        whole = [*bwrap, *mounts, *rest]
        if self._user is None:
            return whole
        folders = " ".join(str(n) for n, source in enumerate(sources) if Path(source).is_dir())
        files = " ".join(str(n) for n, source in enumerate(sources) if not Path(source).is_dir())
        table = "".join(f"{_escaped(source)} {stage}/{n} none bind 0 0\n" for n, source in enumerate(sources))
        before = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _STAGE, "sh"]
        return [*before, str(self._user), stage, folders, files, table, *whole]


def _escaped(path: str) -> str:
    """A path as a field of fstab(5)."""
    return "".join(f"\\{ord(c):03o}" if c in " \t\n\\#" else c for c in path)
