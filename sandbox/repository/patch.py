"""A change to the base commit, as contents by path: what a solver proposes and GitHub receives.

A patch is data. It holds whole new contents, so nothing has to be applied fuzzily twice, and it is
never produced by running git in a tree that a sandbox can write.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Patch:
    """New contents by repository path (POSIX, relative). None deletes the file.

    `executable` names the paths whose mode becomes 100755; all others keep their mode, new files get 100644.
    """

    files: Mapping[str, bytes | None] = field(default_factory=dict)
    executable: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.files)

    @property
    def paths(self) -> tuple[str, ...]:
        """The touched paths, sorted."""
        return tuple(sorted(self.files))

    @property
    def digest(self) -> str:
        """SHA-256 over paths, modes and contents: two patches that change the same are the same."""
        h = hashlib.sha256()
        for path in self.paths:
            content = self.files[path]
            state = b"-" if content is None else b"x" if path in self.executable else b"+"
            body = content or b""
            h.update(b"%s %d %s\0%s" % (state, len(body), path.encode(), body))
        return h.hexdigest()

    def merge(self, other: Patch) -> Patch:
        """This patch with `other` on top: where both touch a path, `other` wins."""
        return Patch({**self.files, **other.files}, (self.executable - set(other.files)) | other.executable)

    def without(self, paths: set[str] | frozenset[str]) -> Patch:
        """This patch minus what it does to `paths`."""
        return Patch({p: c for p, c in self.files.items() if p not in paths}, self.executable - paths)
