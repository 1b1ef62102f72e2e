"""A tree in memory: stands for one made by a mirror."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Mapping
from typing import IO

from sandbox.tree import TreeFile


class FakeTree:
    """Tracked files by path. `links` are symbolic links by path, `executable` the paths with mode 100755."""

    def __init__(
        self,
        files: Mapping[str, bytes],
        *,
        links: Mapping[str, str] | None = None,
        executable: frozenset[str] = frozenset(),
    ) -> None:
        self._files = dict(files)
        self._links = dict(links or {})
        self._executable = executable
        unknown = executable - set(self._files)
        if unknown:
            raise ValueError(f"executable names files that are not there: {sorted(unknown)}")
        listing = repr(sorted(self._files.items())) + repr(sorted(self._links.items()))
        self.oid = hashlib.sha1(listing.encode(), usedforsecurity=False).hexdigest()

    def files(self) -> tuple[TreeFile, ...]:
        regular = [
            TreeFile(p, "100755" if p in self._executable else "100644", _blob(c), len(c))
            for p, c in self._files.items()
        ]
        links = [TreeFile(p, "120000", _blob(t.encode()), len(t)) for p, t in self._links.items()]
        return tuple(sorted(regular + links, key=lambda f: f.path))

    def tar(self) -> IO[bytes]:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as tar:
            for path, content in self._files.items():
                member = tarfile.TarInfo(path)
                member.size, member.mode = len(content), 0o755 if path in self._executable else 0o644
                tar.addfile(member, io.BytesIO(content))
            for path, target in self._links.items():
                member = tarfile.TarInfo(path)
                member.type, member.linkname = tarfile.SYMTYPE, target
                tar.addfile(member)
        out.seek(0)
        return out

    def read(self, path: str) -> bytes:
        if path not in self._files:
            raise FileNotFoundError(path)
        return self._files[path]


def _blob(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
