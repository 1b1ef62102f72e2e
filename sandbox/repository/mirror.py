"""A bare mirror per repository: the only thing on the host that holds a repository's objects.

It refuses to check out, to follow redirects, submodules or LFS, and to store a credential: the token
travels in the environment of one git process (git-config(1), GIT_CONFIG_COUNT) and nowhere else.
"""

from __future__ import annotations

import fcntl
import hashlib
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from sandbox.errors import MirrorError
from sandbox.repository.git import basic, git, redacted
from sandbox.repository.workspace import Workspace

HEADS = ("+refs/heads/*:refs/heads/*",)
LOCAL_HEAD = "refs/pennyfix/head"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
LOCK_SECONDS = 900.0

# What a repository's own .gitattributes may not do to us: info/attributes outranks them (gitattributes(5)).
ATTRIBUTES = (
    "* -export-ignore -export-subst -filter -text -ident "
    "!eol !crlf !working-tree-encoding !diff !merge !conflict-marker-size\n"
)


def protocol(url: str) -> str:
    """The git protocol that `url` needs: https, http (this machine only) or file (an absolute path).

    Raises MirrorError for every other form, and for a URL that carries credentials.
    """
    if url.startswith("/"):
        return "file"
    parts = urlsplit(url)
    if parts.username or parts.password:
        raise MirrorError("a repository URL may not carry credentials; give the token separately")
    if parts.scheme == "https" and parts.hostname:
        return "https"
    if parts.scheme == "http" and parts.hostname in LOOPBACK:
        return "http"
    raise MirrorError(
        f"repository URL {redacted(url)!r} is not allowed: use https://…, http://127.0.0.1… or an absolute path"
    )


def _is_repository(path: Path) -> bool:
    bare = (path / "HEAD").is_file() and (path / "objects").is_dir()
    return bare or (path / ".git").exists()


class Mirror:
    """A bare repository at `path`, safe to share between processes."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def open(cls, home: Path, key: str) -> Mirror:
        """The mirror `home/mirrors/<key>.git`, made when missing. Raises ValueError for a key that is no file name."""
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}", key):
            raise ValueError(f"mirror key {key!r} is not allowed: letters, digits, '.', '_' and '-' only")
        mirror = cls(home.absolute() / "mirrors" / f"{key}.git")
        mirror.path.parent.mkdir(parents=True, exist_ok=True)
        with mirror._locked():
            if not (mirror.path / "HEAD").exists():
                git(mirror.path, "init", "--quiet", "--bare", "--template=", "--initial-branch=main")
            attributes = mirror.path / "info" / "attributes"
            attributes.parent.mkdir(exist_ok=True)
            if not attributes.exists() or attributes.read_text() != ATTRIBUTES:
                attributes.write_text(ATTRIBUTES)
        return mirror

    @classmethod
    def of_local(cls, home: Path, path: Path) -> Mirror:
        """A fresh mirror of a checkout or bare repository on this machine; `resolve("HEAD")` is its HEAD.

        Only what is committed is seen: changes in the working tree are not part of the base commit. `path`
        may be a folder inside the checkout. Raises MirrorError.
        """
        source = path.resolve()
        if not source.is_dir():
            raise MirrorError(f"{path} is not a folder; give the path of a git checkout")
        source = next((p for p in (source, *source.parents) if _is_repository(p)), source)
        key = "local-" + hashlib.sha256(str(source).encode()).hexdigest()[:16]
        mirror = cls.open(home, key)
        mirror.fetch(str(source), refs=(*HEADS, f"+HEAD:{LOCAL_HEAD}"))
        return mirror

    def fetch(
        self,
        url: str,
        *,
        token: str | None = None,
        refs: Sequence[str] = HEADS,
        timeout: float = 900.0,
    ) -> None:
        """Bring the refs up to date (deleted branches go) and remember the remote's default branch.

        `url` is https, http on the loopback address, or an absolute path. At most `timeout` seconds.
        Raises MirrorError; its message holds no credential.
        """
        allowed = protocol(url)
        config = [(f"protocol.{allowed}.allow", "always")]
        if token is not None and allowed != "file":
            parts = urlsplit(url)
            config.append(
                (f"http.{parts.scheme}://{parts.netloc}/.extraHeader", f"Authorization: Basic {basic(token)}")
            )
        with self._locked():
            listed = git(
                self.path, "ls-remote", "--symref", "--", url, "HEAD", config=config, secret=token, timeout=timeout
            )
            options = ("--prune", "--no-tags", "--force", "--no-write-fetch-head", "--no-recurse-submodules", "--quiet")
            git(self.path, "fetch", *options, "--", url, *refs, config=config, secret=token, timeout=timeout)
            self._point_head(listed.decode("utf-8", "replace"))

    def _point_head(self, listed: str) -> None:
        """Make our HEAD what `ls-remote --symref` said: a branch, or a commit when the remote's is detached."""
        branch = re.search(r"^ref: (refs/heads/\S+)\tHEAD$", listed, re.MULTILINE)
        detached = re.search(r"^([0-9a-f]{40,64})\tHEAD$", listed, re.MULTILINE)
        if branch:
            git(self.path, "symbolic-ref", "HEAD", branch[1])
        elif detached and self._exists(detached[1]):
            git(self.path, "update-ref", "--no-deref", "HEAD", detached[1])

    def _exists(self, commit: str) -> bool:
        return bool(git(self.path, "rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}", accept=(0, 1)))

    def default_branch(self) -> str:
        """The remote's default branch at the last fetch, or "HEAD" when it was detached."""
        name = git(self.path, "symbolic-ref", "--quiet", "HEAD", accept=(0, 1)).decode().strip()
        return name.removeprefix("refs/heads/") or "HEAD"

    def resolve(self, ref: str) -> str:
        """The commit that a branch name, full ref, "HEAD" or commit id stands for. Raises MirrorError."""
        for name in (f"refs/heads/{ref}", ref):
            found = git(
                self.path,
                "rev-parse",
                "--verify",
                "--quiet",
                "--end-of-options",
                f"{name}^{{commit}}",
                accept=(0, 1, 128),
            )
            # git 2.39 echoes --end-of-options; the commit is the last line
            if lines := found.decode().split():
                return lines[-1]
        raise MirrorError(f"the repository has no branch or commit {ref!r}")

    def workspace(self, commit: str) -> Workspace:
        """The repository as it is at `commit` (anything `resolve` understands). Close it, or use `with`."""
        return Workspace(self.path, self.path.stem, self.resolve(commit))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold this mirror's lock between processes; released by the kernel if we die."""
        deadline = time.monotonic() + LOCK_SECONDS
        with self.path.with_suffix(".lock").open("w") as lock:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise MirrorError(
                            f"another process has been fetching {self.path.name} for {LOCK_SECONDS:.0f} s"
                        ) from None
                    time.sleep(0.05)
            yield
