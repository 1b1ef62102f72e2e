"""A git tree as something a sandbox can be filled with: a tar stream and a list of files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, Protocol


@dataclass(frozen=True, slots=True)
class TreeFile:
    """One tracked file. `mode` is git's (100644, 100755, 120000 symbolic link, 160000 submodule); `size` in bytes."""

    path: str
    mode: str
    oid: str
    size: int


class SourceTree(Protocol):
    """A tree object in a mirror (the base commit's, or that with a patch on top)."""

    oid: str

    def files(self) -> tuple[TreeFile, ...]:
        """Every tracked file, sorted by path."""

    def tar(self) -> IO[bytes]:
        """An uncompressed tar of the whole tree, rewound; close it. Attributes never drop or rewrite anything."""

    def read(self, path: str) -> bytes:
        """A file's content. Raises FileNotFoundError."""
