"""Git objects of one bare repository, read and written with their true SHA-1s by git itself."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ZERO = "0" * 40
QUIET = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "LC_ALL": "C", "PATH": os.defpath}


class NoSuchObject(Exception):
    """The repository has no such object, reference or path."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Who and when, as a commit records it. `date` is `SECONDS +ZONE`."""

    name: str
    email: str
    date: str


@dataclass(frozen=True, slots=True)
class CommitObject:
    """A commit as its object says."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Signature
    committer: Signature
    message: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One tree entry. `size` is None for anything but a blob."""

    mode: str
    type: str
    sha: str
    size: int | None
    path: str


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file of a diff: GitHub's status words, line counts, the hunks."""

    path: str
    status: str
    additions: int
    deletions: int
    patch: str
    sha: str


class GitObjects:
    """A bare repository below `path` (made when missing)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not (path / "HEAD").exists():
            path.mkdir(parents=True, exist_ok=True)
            self.git("init", "--quiet", "--bare", "--initial-branch=main", str(path), inside=False)
            self.git("config", "http.receivepack", "true")
            self.git("config", "uploadpack.allowAnySHA1InWant", "true")

    def git(self, *args: str, stdin: bytes = b"", inside: bool = True, env: Mapping[str, str] | None = None) -> bytes:
        """Run git and return its output. Raises NoSuchObject with git's words when it fails."""
        command = ["git", *(["--git-dir", str(self.path)] if inside else []), *args]
        done = subprocess.run(command, input=stdin, capture_output=True, env={**QUIET, **(env or {})}, check=False)
        if done.returncode != 0:
            raise NoSuchObject(done.stderr.decode(errors="replace").strip() or f"git {args[0]} failed")
        return done.stdout

    def ref(self, name: str) -> str | None:
        """SHA that a full reference name (`refs/heads/main`) points to."""
        try:
            return self.git("rev-parse", "--verify", "--quiet", name).decode().strip() or None
        except NoSuchObject:
            return None

    def refs(self, prefix: str) -> list[tuple[str, str]]:
        """References that start with `prefix`, as (name, SHA)."""
        lines = self.git("for-each-ref", "--format=%(refname) %(objectname)").decode().splitlines()
        found = (line.split(" ") for line in lines if line.startswith(prefix))
        return [(name, sha) for name, sha in found]

    def set_ref(self, name: str, sha: str) -> None:
        self.git("update-ref", name, sha)

    def delete_ref(self, name: str) -> None:
        self.git("update-ref", "-d", name)

    def type(self, sha: str) -> str | None:
        """blob, tree, commit, tag, or None when there is no such object."""
        try:
            return self.git("cat-file", "-t", sha).decode().strip()
        except NoSuchObject:
            return None

    def blob(self, sha: str) -> bytes:
        return self.git("cat-file", "blob", sha)

    def add_blob(self, content: bytes) -> str:
        return self.git("hash-object", "-w", "--stdin", stdin=content).decode().strip()

    def tree(self, sha: str, *, recursive: bool = False, path: str = "") -> list[Entry]:
        """Entries of a tree (or of a commit's tree), with `path` only those at that path."""
        options = ["-r", "-t"] if recursive else []
        out = self.git("ls-tree", "-z", "--long", *options, sha, *(["--", path] if path else []))
        entries = []
        for record in out.split(b"\0")[:-1]:
            meta, name = record.split(b"\t", 1)
            mode, kind, entry, size = meta.decode().split()
            text = name.decode(errors="surrogateescape")
            entries.append(Entry(mode, kind, entry, None if size == "-" else int(size), text))
        return entries

    def add_tree(self, entries: Sequence[tuple[str, str, str | None]], base: str | None) -> str:
        """Write a tree of (path, mode, sha or None to delete) on top of `base`; returns its SHA."""
        with tempfile.TemporaryDirectory() as folder:
            env = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            if base is not None:
                self.git("read-tree", base, env=env)
            files = [e for e in entries if e[1] != "040000"]
            stdin = "".join(f"{'0' if sha is None else mode} {sha or ZERO}\t{path}\0" for path, mode, sha in files)
            self.git("update-index", "-z", "--index-info", stdin=stdin.encode(errors="surrogateescape"), env=env)
            for path, mode, sha in entries:
                if mode == "040000" and sha is not None:
                    self.git("read-tree", f"--prefix={path}/", sha, env=env)
            return self.git("write-tree", env=env).decode().strip()

    def commit(self, sha: str) -> CommitObject:
        """Raises NoSuchObject when it is no commit."""
        head, _, message = self.git("cat-file", "commit", sha).decode(errors="replace").partition("\n\n")
        tree, parents, people = "", [], {}
        for line in head.splitlines():
            key, _, value = line.partition(" ")
            if key == "tree":
                tree = value
            elif key == "parent":
                parents.append(value)
            elif key in ("author", "committer"):
                name, _, rest = value.partition(" <")
                email, _, date = rest.partition("> ")
                people[key] = Signature(name, email, date)
        full = self.git("rev-parse", sha).decode().strip()
        return CommitObject(full, tree, tuple(parents), people["author"], people["committer"], message)

    def add_commit(
        self, tree: str, parents: Sequence[str], message: str, author: Signature, committer: Signature
    ) -> str:
        lines = [f"tree {tree}", *(f"parent {p}" for p in parents)]
        lines += [f"{k} {s.name} <{s.email}> {s.date}" for k, s in (("author", author), ("committer", committer))]
        body = "\n".join(lines) + "\n\n" + message
        return self.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=body.encode()).decode().strip()

    def contains(self, ancestor: str, commit: str) -> bool:
        """Whether `commit` has `ancestor` in its history (or is it)."""
        try:
            self.git("merge-base", "--is-ancestor", ancestor, commit)
        except NoSuchObject:
            return False
        return True

    def ahead(self, base: str, head: str) -> int:
        """Commits of `head` that `base` does not have."""
        return int(self.git("rev-list", "--count", f"{base}..{head}"))

    def base_of(self, base: str, head: str) -> str:
        return self.git("merge-base", base, head).decode().strip()

    def changes(self, base: str, head: str) -> list[FileChange]:
        """What `head` changes since it left `base`."""
        start = self.base_of(base, head)
        plain = ("-c", "core.quotePath=false", "diff-tree", "-r", "--no-renames", "--no-ext-diff", "--no-textconv")
        raw = self.git(*plain, "--raw", "--no-abbrev", start, head).decode(errors="replace").splitlines()
        counts = self.git(*plain, "--numstat", start, head).decode(errors="replace").splitlines()
        words = {"A": "added", "D": "removed", "M": "modified", "T": "changed"}
        found = []
        for line, count in zip(raw, counts, strict=True):
            meta, path = line.split("\t", 1)
            _, _, _, sha, status = meta.split()
            plus, minus, _ = count.split("\t", 2)
            text = self.git(*plain, "-p", start, head, "--", path).decode(errors="replace")
            at = text.find("\n@@ ")
            patch = text[at + 1 :].rstrip("\n") if at >= 0 else ""
            numbers = (0 if plus == "-" else int(plus), 0 if minus == "-" else int(minus))
            found.append(FileChange(path, words.get(status, "modified"), *numbers, patch, sha))
        return found
