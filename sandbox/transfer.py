"""Files into and out of a sandbox, by commands that run inside it.

The host never unpacks, resolves or follows anything that the sandbox can write: it sends tar streams and reads
capped bytes. The commands need a POSIX shell with tar, cp, head, wc, readlink and xargs (coreutils or busybox).
"""

from __future__ import annotations

import io
import posixpath
import tarfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import IO

from sandbox import checkout_git
from sandbox.errors import SandboxUnavailable
from sandbox.result import Ended, ExecResult
from sandbox.tree import SourceTree

TRANSFER_SECONDS = 600.0
TAR_SLACK = 64 * 1_048_576  # headers and padding of a tar, in bytes
SUBMODULE = "160000"

Raw = Callable[[Sequence[str], "IO[bytes] | bytes", float, int], ExecResult]
"""Runs argv inside: argv, standard input, timeout in seconds, output cap in bytes."""

_FILL = 'cd "$1" && tar -x -m -o -f - || exit 1' + checkout_git.SCRIPT
_WRITE = 't=$(mktemp -d) && tar -x -m -o -C "$t" -f - && cp -R "$t"/. "$1"/; r=$?; rm -rf "$t"; exit $r'
_FORGET = 'cd "$1" && exec xargs -0 rm -rf --'
_PRUNE = 'cd "$1" && xargs -0 rmdir 2>/dev/null; exit 0'
_READ = """cd "$1" || exit 46
[ -f "$2" ] && [ ! -L "$2" ] || exit 44
case "$(readlink -f -- "$2")" in "$(readlink -f -- "$1")"/*) ;; *) exit 44 ;; esac
n=$(wc -c <"$2") && [ "$n" -le "$3" ] || exit 45
printf '%d\n' "$n" && exec head -c "$n" -- "$2"
"""
_ABSENT, _TOO_LARGE = 44, 45


def inside(path: str) -> str:
    """`path` normalised, relative to the checkout. Raises ValueError when it would lead outside."""
    if "\0" in path or path.startswith("/") or ".." in path.split("/"):
        raise ValueError(f"path {path!r} leads outside the checkout: give one relative to it, without '..'")
    normal = posixpath.normpath(path)
    if not path or normal == ".":
        raise ValueError(f"path {path!r} names no file in the checkout")
    return normal


def folder_inside(root: str, cwd: str) -> str:
    """The absolute folder that `cwd` means. Raises ValueError when it would lead outside."""
    return root if cwd in {".", "", root} else posixpath.join(root, inside(cwd))


def fill(raw: Raw, root: str, tree: SourceTree) -> None:
    """Put every tracked file of `tree` into `root`, as its one commit. Raises SandboxUnavailable when that fails."""
    with tree.tar() as files:
        argv = ("sh", "-c", _FILL, "sh", root, tree.oid)
        demand(raw(argv, checkout_git.with_listing(tree, files), TRANSFER_SECONDS, 65_536), "filling the checkout")


def forget(raw: Raw, root: str, tree: SourceTree) -> None:
    """Remove the tracked files of `tree` from `root`, and the folders that this empties; what set-up made stays."""
    paths = [f.path for f in tree.files() if f.mode != SUBMODULE]
    folders = {parent for p in paths for parent in _parents(p)}
    for script, names in ((_FORGET, paths), (_PRUNE, sorted(folders, key=lambda f: -f.count("/")))):
        if names:
            listed = b"".join(n.encode("utf-8", "surrogateescape") + b"\0" for n in names)
            demand(raw(("sh", "-c", script, "sh", root), listed, TRANSFER_SECONDS, 65_536), "freezing the checkout")


def write(raw: Raw, root: str, files: Mapping[str, bytes]) -> None:
    """Write contents below `root`; a file that exists keeps its mode.

    Raises ValueError for a path outside, SandboxUnavailable when the files cannot be written.
    """
    if files:
        packed = pack((inside(p), c) for p, c in files.items())
        result = raw(("sh", "-c", _WRITE, "sh", root), packed, TRANSFER_SECONDS, 65_536)
        demand(result, f"writing {len(files)} file(s)")


def read(raw: Raw, root: str, path: str, limit: int) -> bytes:
    """A regular file's content. Raises FileNotFoundError, ValueError (too large), SandboxUnavailable.

    The file's length comes first over the stream, and what arrives must be that long: a stream that is cut is trouble
    of ours and never an empty file.
    """
    name = inside(path)
    argv = ("sh", "-c", _READ, "sh", root, f"./{name}", str(limit))
    result = raw(argv, b"", TRANSFER_SECONDS, limit + 65_536)
    if result.exit_code == _ABSENT:
        raise FileNotFoundError(f"{name} is no regular file in the sandbox")
    if result.exit_code == _TOO_LARGE:
        raise ValueError(f"{name} is larger than {limit} bytes")
    demand(result, f"reading {name}")
    length, _, content = result.stdout.partition(b"\n")
    if not length.isdigit() or int(length) != len(content):
        told = length.decode("ascii", "replace")[:20] or "no"
        raise SandboxUnavailable(f"reading {name} in the sandbox was cut short: {told} bytes, {len(content)} arrived")
    return content


def pack(files: Iterable[tuple[str, bytes]]) -> bytes:
    """An uncompressed tar of regular files, mode 644."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, content in files:
            member = tarfile.TarInfo(path)
            member.size, member.mode = len(content), 0o644
            tar.addfile(member, io.BytesIO(content))
    return out.getvalue()


def demand(result: ExecResult, doing: str) -> ExecResult:
    """The result when the command ended well; otherwise SandboxUnavailable, with its error output."""
    if result.ok:
        return result
    output = result.stderr.decode("utf-8", "replace").strip()[-500:]
    how = f"exit code {result.exit_code}" if result.ended is Ended.EXIT else result.ended.value
    raise SandboxUnavailable(f"{doing} in the sandbox failed ({how}): {output or 'it printed nothing'}")


def _parents(path: str) -> Iterable[str]:
    while path := posixpath.dirname(path):
        yield path
