"""What a sandbox's files have become, read out as contents: how an agent's work turns into a patch.

Git is never run in the sandbox's tree (its configuration would run code), nothing is extracted on the
host, no link is followed. One listing, hashes of what could differ, then only the contents that do.
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import pathspec

from sandbox.backend import Sandbox
from sandbox.errors import PatchRejected, SandboxUnavailable
from sandbox.layout import OWN_FOLDER
from sandbox.repository.git_tree import REGULAR
from sandbox.repository.new_files import is_binary
from sandbox.repository.patch import Patch
from sandbox.repository.patch_rules import FILE_BYTES, PATCH_FILES
from sandbox.repository.workspace import Workspace
from sandbox.result import Ended
from sandbox.tree import TreeFile

LIST_SECONDS = 120.0
LISTED_FILES = 200_000
HASHED_AT_ONCE = 10_000  # so that the answer stays below a sandbox's output limit

# Folders that tools fill: not even listed, unless the repository tracks something in a folder of that name.
_TOOL_FOLDERS = ("node_modules", "__pycache__", ".venv", ".tox", ".nox", ".pytest_cache", ".mypy_cache", ".ruff_cache")

# Never new in a patch, whether the repository ignores them or not.
_LEFT_BEHIND = (
    *(f"{d}/" for d in _TOOL_FOLDERS),
    "*.py[cod]",
    "*.egg-info/",
    ".coverage",
    ".DS_Store",
    "*.orig",
    "*.rej",
)


@dataclass(frozen=True, slots=True)
class _Found:
    link: bool
    executable: bool
    size: int


def changes(sandbox: Sandbox, workspace: Workspace, *, already: Collection[str] = ()) -> Patch:
    """What differs in `sandbox` from the base commit, as a patch to it.

    Passed over: untracked files that the base commit's .gitignore files ignore, what build tools leave
    behind, new symbolic links, new binary files (no patch may add one, and runs leave them behind), and the
    untracked paths in `already` (see `untracked`: what set-up made).
    Raises SandboxUnavailable, and PatchRejected when more than 200 files differ, one is larger than
    1 MB, or a tracked file became a link.
    """
    tracked = {f.path: f for f in workspace.files()}
    found = _listing(sandbox, tracked)
    ignored = _Ignored(workspace)
    new = {p for p, f in found.items() if p not in tracked and not f.link and p not in already and not ignored(p)}
    kept = {p for p, f in found.items() if p in tracked and tracked[p].mode in REGULAR and not f.link}
    changed = new | {p for p in kept if found[p].size != tracked[p].size}
    changed |= {p for p in kept if found[p].executable and tracked[p].mode != "100755"}
    for path, digest in _hashes(sandbox, sorted(kept - changed)).items():
        if path in kept and hashlib.sha256(workspace.read(path)).hexdigest() != digest:
            changed.add(path)
    deleted = {p for p, f in tracked.items() if f.mode in REGULAR and p not in found}
    if reasons := _reasons(found, tracked, changed, deleted):
        raise PatchRejected(reasons)
    contents: dict[str, bytes | None] = dict.fromkeys(deleted)
    for path in sorted(changed):
        content = sandbox.read(path, FILE_BYTES)
        if path in new and is_binary(content):
            continue
        contents[path] = content
    runnable = {
        p for p in contents if p in changed and found[p].executable and (p in new or tracked[p].mode != "100755")
    }
    return Patch(contents, frozenset(runnable))


def untracked(sandbox: Sandbox, workspace: Workspace) -> frozenset[str]:
    """The files that are there although the base commit has none there: take it when a sandbox is fresh."""
    tracked = {f.path: f for f in workspace.files()}
    return frozenset(set(_listing(sandbox, tracked)) - set(tracked))


def _reasons(
    found: dict[str, _Found], tracked: dict[str, TreeFile], changed: set[str], deleted: set[str]
) -> tuple[str, ...]:
    replaced = [p for p, f in found.items() if p in tracked and f.link != (tracked[p].mode == "120000")]
    out = [f"{p}: was replaced by another kind of file" for p in sorted(replaced)]
    if (count := len(changed) + len(deleted)) > PATCH_FILES:
        shown = ", ".join(sorted(changed | deleted)[:5])
        out.append(f"{count} files differ (at most {PATCH_FILES}), among them {shown}")
    large = sorted(p for p in changed if found[p].size > FILE_BYTES)
    return (*out, *(f"{p}: {found[p].size} bytes are too many for one file (at most {FILE_BYTES})" for p in large))


def _listing(sandbox: Sandbox, tracked: dict[str, TreeFile]) -> dict[str, _Found]:
    """Regular files and links, by path; a name ends in NUL, so no name can pretend to be two."""
    known = {part for path in tracked for part in path.split("/")[:-1]}
    names = [".git", *(d for d in _TOOL_FOLDERS if d not in known)]
    prune = " -o ".join([*(f"-name {shlex.quote(n)}" for n in names), f"-path ./{OWN_FOLDER}"])
    line = f"find . \\( {prune} \\) -prune -o \\( -type f -o -type l \\) -printf '%y %m %s %P\\0'"
    out: dict[str, _Found] = {}
    for record in _run(sandbox, ["sh", "-c", line]).split(b"\0")[:-1]:
        kind, mode, size, path = record.split(b" ", 3)
        out[path.decode("utf-8", "surrogateescape")] = _Found(kind == b"l", bool(int(mode, 8) & 0o100), int(size))
        if len(out) > LISTED_FILES:
            raise PatchRejected((f"the checkout has more than {LISTED_FILES} files",))
    return out


def _hashes(sandbox: Sandbox, paths: Sequence[str]) -> dict[str, str]:
    """SHA-256 by path, computed inside: only what differs has to leave the sandbox."""
    out = {}
    for start in range(0, len(paths), HASHED_AT_ONCE):
        some = paths[start : start + HASHED_AT_ONCE]
        names = b"".join(b"./%s\0" % p.encode("utf-8", "surrogateescape") for p in some)
        for record in _run(sandbox, ["xargs", "-0", "sha256sum", "-z", "--"], names).split(b"\0")[:-1]:
            digest, _, path = record.partition(b"  ./")
            out[path.decode("utf-8", "surrogateescape")] = digest.decode("ascii", "replace")
    return out


def _run(sandbox: Sandbox, argv: Sequence[str], stdin: bytes = b"") -> bytes:
    result = sandbox.run(argv, timeout=LIST_SECONDS, stdin=stdin)
    if result.ended is Ended.LOST:
        raise SandboxUnavailable("the sandbox was lost while its changes were read")
    if not result.ok:
        raise PatchRejected((f"the checkout's files cannot be listed: {result.ended}, {result.text[-300:]}",))
    return result.stdout


class _Ignored:
    """The base commit's .gitignore files (gitignore(5)): the last pattern that matches decides."""

    def __init__(self, workspace: Workspace) -> None:
        self._always = pathspec.GitIgnoreSpec.from_lines(_LEFT_BEHIND)
        names = sorted((f.path for f in workspace.files() if f.path.split("/")[-1] == ".gitignore"), key=len)
        self._specs = [(p[: -len(".gitignore")], _spec(workspace.read_text(p))) for p in names]

    def __call__(self, path: str) -> bool:
        ignored = False
        for folder, spec in self._specs:
            if path.startswith(folder):
                decided = spec.check_file(path[len(folder) :]).include
                ignored = ignored if decided is None else decided
        return ignored or self._always.match_file(path)


def _spec(text: str | None) -> pathspec.GitIgnoreSpec:
    try:
        return pathspec.GitIgnoreSpec.from_lines((text or "").splitlines())
    except ValueError:
        return pathspec.GitIgnoreSpec.from_lines([])
