"""A workspace held in memory: keeps what `sandbox.repository.workspace.Workspace` promises to readers, without git."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from sandbox.repository.patch import Patch
from sandbox.repository.workspace import Workspace
from sandbox.tree import TreeFile


class MemoryWorkspace:
    """`files` by path, as bytes or text. `reads` counts what was read. `git_dir` holds no repository: no history."""

    def __init__(self, files: Mapping[str, str | bytes], git_dir: Path = Path("/nonexistent.git")) -> None:
        self.git_dir = git_dir
        self.contents = {p: c.encode() if isinstance(c, str) else c for p, c in files.items()}
        self.base = hashlib.sha1(repr(sorted(self.contents.items())).encode(), usedforsecurity=False).hexdigest()
        self.key = "memory"
        self.reads = 0

    def files(self) -> tuple[TreeFile, ...]:
        return tuple(
            TreeFile(p, "100644", hashlib.sha256(c).hexdigest(), len(c)) for p, c in sorted(self.contents.items())
        )

    def read(self, path: str) -> bytes:
        self.reads += 1
        try:
            return self.contents[path]
        except KeyError:
            raise FileNotFoundError(path) from None

    def read_text(self, path: str) -> str | None:
        content = self.contents.get(path)
        self.reads += 1
        if content is None or b"\0" in content or len(content) > 1_000_000:
            return None
        return content.decode("utf-8", "surrogateescape")

    def date(self) -> str:
        return "2024-05-01"

    def diff(self, patch: Patch) -> str:
        return "\n".join(f"changed {p}" for p in patch.paths)


def memory_workspace(files: Mapping[str, str | bytes], git_dir: Path = Path("/nonexistent.git")) -> Workspace:
    """The same, typed as what it stands for."""
    return cast("Workspace", MemoryWorkspace(files, git_dir))
