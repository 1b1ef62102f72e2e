"""GitHub in memory, as `workers.pipeline.runner.Forge` promises it: keeps GitHub's rules, and raises on misuse.

`after` is called with each visible write's name once it has happened: a test raises there to crash the worker.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from workers.github.types import (
    BranchRule,
    FailedCheck,
    LabelLook,
    Missing,
    Permission,
    Refused,
    RemoteComment,
    RemoteCommit,
    RemoteIssue,
    RemotePull,
    RemoteRepository,
    ReviewComment,
    Unprocessable,
)
from workers.jobs.ending import Files


def repository(**changed: object) -> RemoteRepository:
    given = RemoteRepository(7, "ada/parcel", "main", "https://github.example/ada/parcel.git", "https://github.example")
    return replace(given, **changed)  # type: ignore[arg-type] # a test names real fields


def issue(number: int = 1, **changed: object) -> RemoteIssue:
    given = RemoteIssue(
        number=number,
        title="Rounding is wrong",
        body="`total(1.005)` gives 1.0",
        author="ada",
        association="OWNER",
        state="open",
        locked=False,
        is_pull_request=False,
        labels=("autofix",),
        html_url=f"https://github.example/ada/parcel/issues/{number}",
    )
    return replace(given, **changed)  # type: ignore[arg-type] # a test names real fields


@dataclass
class FakeGitHub:
    repository: RemoteRepository = field(default_factory=repository)
    issues: dict[int, RemoteIssue] = field(default_factory=lambda: {1: issue()})
    permissions: dict[str, Permission] = field(default_factory=lambda: {"ada": "write"})
    files: dict[str, str] = field(default_factory=dict)
    after: Callable[[str], None] = lambda _write: None
    drafts: bool = True
    rules: list[BranchRule] = field(default_factory=list)
    refuses: Refused | None = None
    """Raised when a branch is made: what only the push itself tells."""
    token: str = "ghs_0123456789abcdef0123456789abcdef0123"

    def __post_init__(self) -> None:
        self._ids = itertools.count(100)
        self.comments: dict[int, list[RemoteComment]] = {}
        self.reactions: set[tuple[int, int, str]] = set()
        self.labels: dict[str, LabelLook] = {}
        self.commits: dict[str, RemoteCommit] = {}
        self.contents: dict[str, dict[str, tuple[str, bytes]]] = {"tree0": {"README.md": ("100644", b"hello\n")}}
        self.base = self._commit("tree0", (), "Begin")
        self.branches: dict[str, str] = {"main": self.base.sha}
        self.pulls: dict[int, RemotePull] = {}
        self.reviews: dict[int, tuple[str, tuple[ReviewComment, ...]]] = {}
        self.failing: dict[str, tuple[FailedCheck, ...]] = {}
        self.answers: list[tuple[int, int, str]] = []
        self.checks: list[tuple[str, str, str]] = []
        self.writes: list[str] = []

    def _wrote(self, what: str) -> None:
        self.writes.append(what)
        self.after(what)

    def _commit(self, tree: str, parents: tuple[str, ...], message: str) -> RemoteCommit:
        # like git, the id holds a date: the same commit made twice has two ids
        sha = hashlib.sha1(f"{tree}{parents}{message}{next(self._ids)}".encode(), usedforsecurity=False).hexdigest()
        self.commits[sha] = RemoteCommit(sha, tree, message, parents)
        return self.commits[sha]

    # -- reads

    def read_repository(self) -> RemoteRepository:
        return self.repository

    def read_issue(self, number: int) -> RemoteIssue:
        if number not in self.issues:
            raise Missing(404, "Not Found")
        return self.issues[number]

    def read_permission(self, login: str) -> Permission:
        return self.permissions.get(login, "none")

    def read_file(self, path: str, ref: str) -> str | None:
        assert ref == self.repository.default_branch, "configuration is read from the default branch only"
        return self.files.get(path)

    def list_comments(self, number: int) -> tuple[RemoteComment, ...]:
        self.read_issue(number)
        return tuple(self.comments.get(number, ()))

    # -- comments

    def find_comment(self, number: int, marker: str) -> RemoteComment | None:
        return next((c for c in self.list_comments(number) if c.ours and marker in c.body), None)

    def add_comment(self, number: int, body: str) -> int:
        self.read_issue(number)
        self._fits(body)
        made = RemoteComment(next(self._ids), "pennyfix[bot]", "NONE", body, is_bot=True, ours=True)
        self.comments.setdefault(number, []).append(made)
        self._wrote("comment")
        return made.id

    def edit_comment(self, comment_id: int, body: str) -> None:
        self._fits(body)
        for number, said in self.comments.items():
            for place, one in enumerate(said):
                if one.id == comment_id:
                    assert one.ours, "nobody edits other people's comments"
                    self.comments[number][place] = replace(one, body=body)
                    self._wrote("edit")
                    return
        raise Missing(404, "Not Found")

    def _fits(self, body: str) -> None:
        assert body.strip(), "GitHub refuses an empty comment"
        if len(body) > 65_536:
            raise Unprocessable(422, "body is too long (maximum is 65536 characters)")

    def react(self, number: int, content: Literal["eyes", "+1", "confused", "rocket"], comment_id: int = 0) -> None:
        self.reactions.add((number, comment_id, content))
        self._wrote("reaction")

    # -- an issue of our own

    def find_issue(self, marker: str) -> int | None:
        found = [n for n, i in self.issues.items() if marker in i.body and i.author == "pennyfix[bot]"]
        return max(found, default=None)

    def open_issue(self, title: str, body: str) -> int:
        self._fits(body)
        number = next(self._ids)
        self.issues[number] = issue(number, title=title, body=body, author="pennyfix[bot]", labels=())
        self._wrote("issue")
        return number

    def edit_issue(self, number: int, body: str) -> None:
        self._fits(body)
        self.issues[number] = replace(self.read_issue(number), body=body)
        self._wrote("edit issue")

    # -- labels

    def add_label(self, number: int, name: str, look: LabelLook) -> None:
        assert len(look.color) == 6, "a colour is six hexadecimal digits"
        assert len(look.description) <= 100, "GitHub refuses longer descriptions"
        self.labels.setdefault(name, look)
        have = self.issues[number]
        self.issues[number] = replace(have, labels=tuple(dict.fromkeys((*have.labels, name))))
        self._wrote("label")

    def remove_label(self, number: int, name: str) -> None:
        have = self.issues[number]
        self.issues[number] = replace(have, labels=tuple(n for n in have.labels if n != name))
        self._wrote("unlabel")

    # -- git data

    def read_branch(self, branch: str) -> RemoteCommit | None:
        return self.commits[self.branches[branch]] if branch in self.branches else None

    def add_commit(self, parent: str, files: Files, message: str) -> RemoteCommit:
        if parent not in self.commits:
            raise Unprocessable(422, "Parent SHA does not exist or is not a commit object")
        tree = dict(self.contents[self.commits[parent].tree])
        for path, change in files.items():
            if change is None:
                if path not in tree:
                    raise Unprocessable(422, "GitRPC::BadObjectState")
                del tree[path]
            else:
                assert change[0] in ("100644", "100755"), f"mode {change[0]} is not for a patch"
                tree[path] = change
        name = hashlib.sha1(repr(sorted(tree.items())).encode(), usedforsecurity=False).hexdigest()
        self.contents[name] = tree
        return self._commit(name, (parent,), message)

    def add_branch(self, branch: str, sha: str) -> None:
        if self.refuses is not None:
            raise self.refuses
        if any(branch.startswith(f"{name}/") or name.startswith(f"{branch}/") for name in self.branches):
            raise Unprocessable(422, "Reference update failed")
        if branch in self.branches:
            raise Unprocessable(422, "Reference already exists")
        assert sha in self.commits
        self.branches[branch] = sha
        self._wrote("branch")

    def move_branch(self, branch: str, sha: str, *, force: bool) -> None:
        if branch not in self.branches:
            raise Unprocessable(422, "Reference does not exist")
        if not force and self.branches[branch] not in self.commits[sha].parents:
            raise Unprocessable(422, "Update is not a fast forward")
        self.branches[branch] = sha
        self.pulls = {
            n: replace(p, head_sha=sha) if p.head_branch == branch and p.state == "open" else p
            for n, p in self.pulls.items()
        }
        self._wrote("move")

    def list_branches(self, prefix: str) -> tuple[str, ...]:
        return tuple(sorted(name for name in self.branches if name.startswith(prefix)))

    def list_rules(self, branch: str) -> tuple[BranchRule, ...]:
        return tuple(self.rules)

    # -- pull requests

    def find_pull(self, branch: str, state: Literal["open", "closed", "all"] = "open") -> RemotePull | None:
        found = [p for p in self.pulls.values() if p.head_branch == branch and state in (p.state, "all")]
        return found[-1] if found else None

    def read_pull(self, number: int) -> RemotePull:
        if number not in self.pulls:
            raise Missing(404, "Not Found")
        return self.pulls[number]

    def list_review(self, pull: int, review_id: int) -> tuple[str, tuple[ReviewComment, ...]]:
        self.read_pull(pull)
        return self.reviews[review_id]

    def list_failed_checks(self, sha: str) -> tuple[FailedCheck, ...]:
        return self.failing.get(sha, ())

    def list_answered(self, pull: int) -> frozenset[int]:
        return frozenset(thread for number, thread, _ in self.answers if number == pull)

    def answer_line(self, pull: int, comment_id: int, body: str) -> None:
        assert any(c.id == comment_id for _, lines in self.reviews.values() for c in lines), "no such line comment"
        self.answers.append((pull, comment_id, body))
        self._wrote("answer")

    def open_pull(self, *, title: str, head: str, base: str, body: str, draft: bool) -> RemotePull:
        self._fits(body)
        if head not in self.branches or base not in self.branches:
            raise Unprocessable(422, "Validation Failed (field head is invalid)")
        if self.find_pull(head) is not None:
            raise Unprocessable(422, f"A pull request already exists for ada:{head}.")
        if draft and not self.drafts:
            raise Unprocessable(422, "Draft pull requests are not supported in this repository.")
        number = next(self._ids)
        url = f"https://github.example/ada/parcel/pull/{number}"
        sha = self.branches[head]
        pull = RemotePull(number, "open", False, draft, title, body, head, sha, self.repository.id, base, url)
        self.pulls[number] = pull
        self.issues[number] = issue(number, title=title, body=body, labels=(), is_pull_request=True)
        self._wrote("pull")
        return pull

    def edit_pull(self, number: int, *, title: str, body: str) -> None:
        self._fits(body)
        self.pulls[number] = replace(self.pulls[number], title=title, body=body)
        self._wrote("edit pull")

    def add_check(self, sha: str, *, name: str, conclusion: str, title: str, summary: str, url: str = "") -> None:
        assert conclusion in ("success", "neutral"), "our check never blocks a merge"
        if (sha, name, conclusion) not in self.checks:
            self.checks.append((sha, name, conclusion))
        self._wrote("check")
