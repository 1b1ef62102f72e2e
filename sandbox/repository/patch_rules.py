"""What no patch may touch, decided from the paths and contents alone."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import pathspec

from sandbox.repository.executed_paths import is_executed
from sandbox.repository.patch import Patch

FILE_BYTES = 1_000_000
PATCH_BYTES = 5_000_000
PATCH_FILES = 200
PATH_BYTES = 1024
NAME_BYTES = 255

FORBIDDEN = (
    (".github/workflows", "workflows are changed by people only (the app has no `workflows` permission)"),
    (".github/autofix.yml", "is our own configuration"),
    (".github/autofix.yaml", "is our own configuration"),
    (".pennyfix", "is the folder of our own files in the sandbox"),
)

DENIES = "the repository's configuration denies this path"
EXECUTES = "CI systems, editors or agents act on it by themselves (`paths.allow` in .github/autofix.yml allows it)"

# Zero-width and bidirectional characters that HFS+ ignores in names (git's utf8.c, next_hfs_char).
_HFS_IGNORED = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
_NTFS_GIT = re.compile(r"git~\d+|\.git", re.IGNORECASE)


def _plain(name: str) -> str:
    """A path part as the most forgiving file system reads it (HFS+ and NTFS, see git's CVE-2014-9390)."""
    name = unicodedata.normalize("NFKC", _HFS_IGNORED.sub("", name)).casefold()
    return name.split(":", 1)[0].rstrip(" .") or name


def path_problem(path: str) -> str | None:
    """Why `path` may not be in a patch, or None. Repository paths are relative and POSIX."""
    try:
        raw = path.encode()
    except UnicodeEncodeError:
        return "the name is not valid UTF-8"
    parts = path.split("/")
    plain = [_plain(p) for p in parts]
    if not path or path.startswith("/") or re.match(r"[A-Za-z]:", path) or parts[0] == "~":
        return "only paths relative to the repository are allowed"
    if "\\" in path or any(unicodedata.category(c) == "Cc" for c in path):
        return "backslashes and control characters are not allowed in a path"
    if ".." in parts or "." in parts or "" in parts:
        return "`.`, `..` and empty parts are not allowed in a path"
    if any(_NTFS_GIT.fullmatch(p) for p in plain):
        return "git's own folder may not be touched"
    if plain[-1] == ".gitmodules":
        return "submodules may not be touched"
    if len(raw) > PATH_BYTES or any(len(p.encode()) > NAME_BYTES for p in parts):
        return f"the path is too long (at most {PATH_BYTES} bytes, {NAME_BYTES} per part)"
    for prefix, reason in FORBIDDEN:
        if plain[: prefix.count("/") + 1] == prefix.split("/"):
            return reason
    return None


@lru_cache(maxsize=64)
def _denied(deny: tuple[str, ...]) -> pathspec.GitIgnoreSpec:
    return pathspec.GitIgnoreSpec.from_lines(deny)


def violations(patch: Patch, *, deny: Sequence[str] = ()) -> tuple[str, ...]:
    """One sentence per broken rule, empty when the patch may be tried. `deny` is in .gitignore syntax; a path
    is compared as it is and in lower case."""
    out = []
    spec = _denied(tuple(deny))
    for path, content in sorted(patch.files.items()):
        shown = path.encode("utf-8", "backslashreplace").decode()
        if problem := path_problem(path):
            out.append(f"{shown}: {problem}")
        elif deny and (spec.match_file(path) or spec.match_file(path.casefold())):
            out.append(f"{shown}: {EXECUTES if is_executed(path) else DENIES}")
        if content is not None and len(content) > FILE_BYTES:
            out.append(f"{shown}: {len(content)} bytes are too many for one file (at most {FILE_BYTES})")
    total = sum(len(c) for c in patch.files.values() if c is not None)
    if total > PATCH_BYTES:
        out.append(f"the patch has {total} bytes (at most {PATCH_BYTES})")
    if len(patch.files) > PATCH_FILES:
        out.append(f"the patch touches {len(patch.files)} files (at most {PATCH_FILES})")
    return tuple(out)
