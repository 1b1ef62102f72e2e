"""One repository at one base commit, as text to read and trees to fill sandboxes with.

It refuses to check anything out on the host. A patch becomes blobs and a tree in a private object
folder beside the mirror, through a temporary index; the mirror itself is never written.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from sandbox.errors import PatchRejected
from sandbox.repository.git import git
from sandbox.repository.git_tree import REGULAR, BlobReader, GitTree
from sandbox.repository.new_files import LFS_POINTER, KnownNames, content_problem, lfs_paths, name_problem
from sandbox.repository.patch import Patch
from sandbox.repository.patch_rules import violations
from sandbox.tree import SourceTree, TreeFile

TEXT_BYTES = 1_000_000
"""Larger files are not text for us."""
LFS_POINTER_BYTES = 1_024
"""A pointer is smaller (its specification)."""
SUBMODULE = "160000"


class Workspace:
    """The base commit `base` of the mirror `key`. Use with `with`; its trees live as long as it is open."""

    def __init__(self, git_dir: Path, key: str, base: str) -> None:
        self.git_dir = git_dir
        self.key = key
        self.base = base
        self._folder = tempfile.TemporaryDirectory(prefix="pennyfix-tree-", ignore_cleanup_errors=True)
        objects = Path(self._folder.name) / "objects"
        objects.mkdir()
        self._objects = BlobReader(
            git_dir,
            {
                "GIT_OBJECT_DIRECTORY": str(objects),
                "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(git_dir / "objects"),
            },
        )
        oid = git(git_dir, "rev-parse", "--verify", f"{base}^{{tree}}").decode().strip()
        self._tree = GitTree(git_dir, oid, self._objects)
        self._patched: dict[str, GitTree] = {}

    def files(self) -> tuple[TreeFile, ...]:
        """Every tracked file of the base commit, sorted by path."""
        return self._tree.files()

    def read(self, path: str) -> bytes:
        """A regular file's content. Raises FileNotFoundError (also for a link or a submodule)."""
        return self._tree.read(path)

    def read_text(self, path: str) -> str | None:
        """A text file, byte for byte reversible by `.encode("utf-8", "surrogateescape")`.

        None for a missing or binary file, a link, a submodule, or more than 1 MB.
        """
        found = self._tree.entry(path)
        if found is None or found.mode not in REGULAR or found.size > TEXT_BYTES:
            return None
        content = self._tree.read(path)
        return None if b"\0" in content else content.decode("utf-8", "surrogateescape")

    def date(self) -> str:
        """The day (YYYY-MM-DD, by the committer's clock) of the base commit."""
        told = git(self.git_dir, "show", "--no-patch", "--format=%cs", self.base)
        return told.decode().split()[-1]

    def tree(self, patch: Patch | None = None) -> SourceTree:
        """The base tree with `patch` on top. Raises PatchRejected with a sentence for every reason."""
        return self._git_tree(patch or Patch())

    def _git_tree(self, patch: Patch) -> GitTree:
        if not patch:
            return self._tree
        if patch.digest not in self._patched:
            if reasons := (*violations(patch), *misfits(patch, self._tree)):
                raise PatchRejected(reasons)
            self._patched[patch.digest] = self._build(patch)
        return self._patched[patch.digest]

    def _build(self, patch: Patch) -> GitTree:
        with tempfile.NamedTemporaryFile(dir=self._folder.name, prefix="index-") as index:
            extra = {**self._objects.extra, "GIT_INDEX_FILE": f"{index.name}.tmp"}
            git(self.git_dir, "read-tree", self._tree.oid, extra=extra)
            removed, added = [], []
            for path, content in sorted(patch.files.items()):
                if content is None:
                    removed.append(b"0 %s\t%s\0" % (b"0" * len(self._tree.oid), path.encode()))
                    continue
                oid = git(
                    self.git_dir, "hash-object", "-w", "--no-filters", "--stdin", stdin=content, extra=extra
                ).strip()
                old = self._tree.entry(path)
                mode = "100755" if path in patch.executable else old.mode if old else "100644"
                added.append(b"%s %s\t%s\0" % (mode.encode(), oid, path.encode()))
            git(self.git_dir, "update-index", "-z", "--index-info", stdin=b"".join([*removed, *added]), extra=extra)
            oid_text = git(self.git_dir, "write-tree", extra=extra).decode().strip()
            Path(extra["GIT_INDEX_FILE"]).unlink(missing_ok=True)
        tree = GitTree(self.git_dir, oid_text, self._objects)
        self._check(patch, tree)
        return tree

    def _check(self, patch: Patch, tree: GitTree) -> None:
        """Believe git, not ourselves: what really differs must be what the patch says, in plain modes."""
        raw = git(
            self.git_dir,
            "diff-tree",
            "--raw",
            "-r",
            "-z",
            "--no-renames",
            self._tree.oid,
            tree.oid,
            extra=self._objects.extra,
        ).split(b"\0")[:-1]
        reasons = []
        for meta, name in zip(raw[::2], raw[1::2], strict=True):
            path = name.decode("utf-8", "surrogateescape")
            before, after = (m.decode() for m in meta.lstrip(b":").split()[:2])
            if path not in patch.files:
                reasons.append(f"{path}: changed although the patch does not name it")
            if before not in (*REGULAR, "000000") or after not in ("100644", "100755", "000000"):
                reasons.append(f"{path}: only regular files may change (mode {before} to {after})")
        if reasons:
            raise PatchRejected(tuple(reasons))

    def diff(self, patch: Patch) -> str:
        """The unified diff of `patch` against the base, made by git in the mirror; binary files are only named.

        Undecodable bytes are replaced: this is for reading, not for applying. Raises PatchRejected.
        """
        tree = self._git_tree(patch)
        out = git(
            self.git_dir,
            "diff-tree",
            "-p",
            "-r",
            "--no-ext-diff",
            "--no-textconv",
            "--no-renames",
            "--no-color",
            self._tree.oid,
            tree.oid,
            extra=self._objects.extra,
        )
        return out.decode("utf-8", "replace")

    def close(self) -> None:
        """End the reader and remove the private objects. Safe to call twice."""
        self._objects.close()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, t: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None) -> None:
        self.close()


def misfits(patch: Patch, tree: GitTree) -> tuple[str, ...]:
    """Why `patch` does not fit on `tree`: one sentence per path. Pure apart from the tree's cached listing."""
    out = []
    old = {f.path: f for f in tree.files()}
    deleted = {p for p, c in patch.files.items() if c is None}
    after = (set(old) - deleted) | {p for p, c in patch.files.items() if c is not None}
    folders = {path[:i] for path in after for i, c in enumerate(path) if c == "/"}
    fresh = [p for p in patch.paths if p not in old and p not in deleted]
    names, in_lfs = KnownNames(set(old) - deleted if fresh else ()), _in_lfs(tree) if fresh else bool
    for path in patch.paths:
        known = old.get(path)
        if known is not None and known.mode not in REGULAR:
            what = "a symbolic link" if known.mode == "120000" else "a submodule"
            out.append(f"{path}: is {what}, which a patch may not touch")
        elif path in deleted:
            if known is None:
                out.append(f"{path}: cannot be deleted, the base commit has no such file")
        elif path in folders:
            out.append(f"{path}: is a folder in the base commit")
        else:
            parents = {path[:i] for i, c in enumerate(path) if c == "/"}
            out += [
                f"{path}: its parent {p} is not a folder"
                + (" but a submodule, which a patch may not touch" if p in old and old[p].mode == SUBMODULE else "")
                for p in sorted(parents & after)
            ]
            if known is None:
                why = name_problem(path, names) or content_problem(path, patch.files[path] or b"", in_lfs)
                names.add(path)
                out += [f"{path.encode('ascii', 'backslashreplace').decode()}: {why}"] if why else []
            elif known.size < LFS_POINTER_BYTES and tree.read(path).startswith(LFS_POINTER):
                out.append(f"{path}: is kept in Git LFS: what the repository holds is only a pointer")
    return tuple(out)


def _in_lfs(tree: GitTree) -> Callable[[str], bool]:
    names = sorted((f.path for f in tree.files() if f.path.split("/")[-1] == ".gitattributes"), key=len)
    readable = [p for p in names if (entry := tree.entry(p)) and entry.mode in REGULAR and entry.size <= TEXT_BYTES]
    return lfs_paths((p.removesuffix(".gitattributes"), tree.read(p).decode("utf-8", "replace")) for p in readable)
