"""What a new file may not be called or be, so that every checkout of the repository can hold it. Decided from paths
and contents alone; files that are there already are the repository's own business.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable

import pathspec

LFS_POINTER = b"version https://git-lfs.github.com/spec/"
"""How a pointer to a file in Git LFS begins (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md)."""
SNIFFED = 8_000
"""Bytes in which git looks for a NUL to tell a binary file (git's xdiff-interface.c, FIRST_FEW_BYTES)."""
# https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file
_RESERVED = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?: *\..*| *)", re.IGNORECASE)
_FORBIDDEN = re.compile(r'[<>:"|?*\x00-\x1f]')
# Unicode Standard Annex 9, table 3, and characters without width: what is read is not what is there.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0]"
)


def name_problem(path: str, others: KnownNames) -> str | None:
    """Why no new file may be called `path` beside the files `others`, or None."""
    parts = path.split("/")
    if _UNSEEN.search(path):
        return "the name holds characters that are not seen, or that turn the direction of writing"
    for part in parts:
        if _RESERVED.fullmatch(part):
            return f"{part!r} is a reserved name on Windows, where the repository could not be checked out"
        if _FORBIDDEN.search(part) or part.endswith((" ", ".")):
            return f"{part!r} cannot be a name on Windows, where the repository could not be checked out"
    twin = others.twin(path)
    return (
        f"differs from {twin} only in capitals or accents, which many file systems cannot tell apart" if twin else None
    )


class KnownNames:
    """Files and their folders, to be found without regard to capitals and to how accents are composed."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._exact: set[str] = set()
        self._alike: dict[str, str] = {}
        for path in paths:
            self.add(path)

    def add(self, path: str) -> None:
        """Let `path` be known, too."""
        for prefix in _prefixes(path):
            if prefix not in self._exact:
                self._exact.add(prefix)
                self._alike.setdefault(_alike(prefix), prefix)

    def twin(self, path: str) -> str:
        """What a forgiving file system would take for `path` or for a folder of it that is not there yet; or ""."""
        fresh = (prefix for prefix in _prefixes(path) if prefix not in self._exact)
        return next((twin for prefix in fresh if (twin := self._alike.get(_alike(prefix)))), "")


def _alike(path: str) -> str:
    return (
        path.lower() if path.isascii() else unicodedata.normalize("NFC", unicodedata.normalize("NFD", path).casefold())
    )


def _prefixes(path: str) -> list[str]:
    return [*(path[:i] for i, c in enumerate(path) if c == "/"), path]


def is_binary(content: bytes) -> bool:
    """Whether git would take `content` for binary."""
    return b"\0" in content[:SNIFFED]


def content_problem(path: str, content: bytes, in_lfs: Callable[[str], bool]) -> str | None:
    """Why `content` may not be a new file `path`, or None. `in_lfs` says whether .gitattributes sends it to LFS."""
    if content.startswith(LFS_POINTER) or in_lfs(path):
        return "would be kept in Git LFS, which a patch cannot write"
    if is_binary(content):
        return "is a new binary file, which a patch may not add"
    return None


def lfs_paths(attributes: Iterable[tuple[str, str]]) -> Callable[[str], bool]:
    """Whether a path is kept in Git LFS, by the .gitattributes files (folder with its slash or "", text), the
    outermost first: the last line that says something about `filter` decides (gitattributes(5))."""
    rules: list[tuple[str, pathspec.GitIgnoreSpec, bool]] = []
    for folder, text in attributes:
        for line in text.splitlines():
            words = line.split()
            said = [w for w in words[1:] if re.fullmatch(r"[-!]?filter(?:=\S+)?", w)]
            if words and said and not line.lstrip().startswith("#"):
                rules.append((folder, pathspec.GitIgnoreSpec.from_lines([words[0]]), said[-1] == "filter=lfs"))

    def in_lfs(path: str) -> bool:
        decided = [
            lfs for folder, spec, lfs in rules if path.startswith(folder) and spec.match_file(path[len(folder) :])
        ]
        return bool(decided) and decided[-1]

    return in_lfs
