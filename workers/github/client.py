"""What a job asks of GitHub: the requests of one repository, each named for what it does.

It is not a wrapper of GitHub's whole API. The connection repeats only what may be repeated; everybody who
adds something (a comment, a pull request) looks first whether it is there (see `workers.pipeline.publish`).
"""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Mapping
from typing import Literal
from urllib.parse import quote

from workers.github.connection import Connection
from workers.github.parsing import (
    read_check,
    read_comment,
    read_commit,
    read_issue,
    read_line,
    read_pull,
    read_repository,
)
from workers.github.types import (
    BranchRule,
    FailedCheck,
    LabelLook,
    Missing,
    Moved,
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


class GitHub(Connection):
    """GitHub, as seen by one job: the promise that the protocols of `workers` ask for, kept over HTTP."""

    @property
    def _repo(self) -> str:
        return f"/repos/{self.repository}"

    # -- reading ---------------------------------------------------------------------------------------------

    def read_repository(self) -> RemoteRepository:
        """The repository as it is now. Raises Missing when the name now belongs to another one."""
        found = read_repository(self.get(self._repo))
        if found.id != self.repository_id:
            raise Missing(404, f"{self.repository} is another repository now (id {found.id}, not {self.repository_id})")
        self.repository = found.full_name
        return found

    def read_issue(self, number: int) -> RemoteIssue:
        """An issue (or a pull request as an issue). Raises Moved when another repository's was answered.

        GitHub redirects to where an issue was transferred to, and to a repository's new name.
        """
        answer = self.get(f"{self._repo}/issues/{number}")
        where = "/".join(str(answer.get("repository_url") or "").rsplit("/", 2)[1:])
        if where and (where.casefold() != self.repository.casefold() or answer.get("number") != number):
            ours = self.read_repository().full_name  # by its id, which a new name does not change
            if where.casefold() != ours.casefold() or answer.get("number") != number:
                raise Moved(301, f"it was transferred to {where}#{answer.get('number')}")
        return read_issue(answer)

    def read_permission(self, login: str) -> Permission:
        """What a person may do here; "none" for strangers."""
        try:
            answer = self.get(f"{self._repo}/collaborators/{quote(login, safe='')}/permission")
        except Missing:
            return "none"
        said = answer.get("permission")
        known: Mapping[str, Permission] = {"admin": "admin", "write": "write", "maintain": "write", "read": "read"}
        return known.get(str(said), "none")

    def read_file(self, path: str, ref: str) -> str | None:
        """A small text file at a branch or commit; None when it is not there."""
        try:
            answer = self.get(f"{self._repo}/contents/{quote(path)}", ref=ref)
        except Missing:
            return None
        if not isinstance(answer, dict) or answer.get("type") != "file":
            return None
        return base64.b64decode(answer.get("content") or "").decode("utf-8", "replace")

    def list_comments(self, number: int) -> tuple[RemoteComment, ...]:
        """An issue's comments, oldest first (at most 1,000)."""
        return tuple(read_comment(c, self.app_id) for c in self.pages(f"{self._repo}/issues/{number}/comments"))

    # -- saying ----------------------------------------------------------------------------------------------

    def find_comment(self, number: int, marker: str) -> RemoteComment | None:
        """This App's comment that holds the hidden `marker`; other people's copies of it do not count."""
        return next((c for c in self.list_comments(number) if c.ours and marker in c.body), None)

    def add_comment(self, number: int, body: str) -> int:
        """A new comment; its id. Not repeatable: look with `find_comment` first."""
        return int(self.write("POST", f"{self._repo}/issues/{number}/comments", {"body": body})["id"])

    def edit_comment(self, comment_id: int, body: str) -> None:
        """Replace a comment's text. Raises Missing when somebody deleted it."""
        self.write("PATCH", f"{self._repo}/issues/comments/{comment_id}", {"body": body})

    def react(self, number: int, content: Literal["eyes", "+1", "confused", "rocket"], comment_id: int = 0) -> None:
        """A reaction on the issue, or on one of its comments. The same one twice is one reaction."""
        where = f"issues/comments/{comment_id}" if comment_id else f"issues/{number}"
        self.write("POST", f"{self._repo}/{where}/reactions", {"content": content}, repeatable=True)

    # -- an issue of our own ---------------------------------------------------------------------------------

    def find_issue(self, marker: str) -> int | None:
        """The newest issue that an App wrote with the hidden `marker` in its text (among the newest 100)."""
        listed = self.get(f"{self._repo}/issues", state="all", per_page=100)
        return next(
            (
                int(i["number"])
                for i in listed
                if marker in str(i.get("body") or "")
                and (i.get("user") or {}).get("type") == "Bot"
                and i.get("pull_request") is None
            ),
            None,
        )

    def open_issue(self, title: str, body: str) -> int:
        """A new issue; its number. Not repeatable: look with `find_issue` first."""
        return int(self.write("POST", f"{self._repo}/issues", {"title": title, "body": body})["number"])

    def edit_issue(self, number: int, body: str) -> None:
        """Replace an issue's text. Raises Missing when somebody deleted it."""
        self.write("PATCH", f"{self._repo}/issues/{number}", {"body": body})

    # -- labels ----------------------------------------------------------------------------------------------

    def add_label(self, number: int, name: str, look: LabelLook) -> None:
        """Put a label on, made on first use with its colour and description."""
        try:
            self.get(f"{self._repo}/labels/{quote(name, safe='')}")
        except Missing:
            body = {"name": name, "color": look.color, "description": look.description}
            with contextlib.suppress(Unprocessable):  # somebody made it in between
                self.write("POST", f"{self._repo}/labels", body)
        self.write("POST", f"{self._repo}/issues/{number}/labels", {"labels": [name]}, repeatable=True)

    def remove_label(self, number: int, name: str) -> None:
        """Take a label off; nothing happens when it is not on."""
        with contextlib.suppress(Missing):
            self.write("DELETE", f"{self._repo}/issues/{number}/labels/{quote(name, safe='')}")

    # -- git data --------------------------------------------------------------------------------------------

    def read_branch(self, branch: str) -> RemoteCommit | None:
        """The commit a branch points at; None when there is no such branch."""
        try:
            answer = self.get(f"{self._repo}/git/ref/heads/{quote(branch)}")
        except Missing:
            return None
        return self.read_commit(str(answer["object"]["sha"]))

    def read_commit(self, sha: str) -> RemoteCommit:
        """A commit object."""
        return read_commit(self.get(f"{self._repo}/git/commits/{sha}"))

    def add_commit(self, parent: str, files: Mapping[str, tuple[str, bytes] | None], message: str) -> RemoteCommit:
        """A commit object on `parent`: (mode, content) by path, None deletes. Visible only once a branch points at it.

        Made through the API by an App without author or committer, so that GitHub signs it.
        https://docs.github.com/en/rest/git/trees#create-a-tree
        """
        entries: list[dict[str, object]] = []
        for path, change in sorted(files.items()):
            if change is None:
                entries.append({"path": path, "mode": "100644", "type": "blob", "sha": None})
                continue
            mode, content = change
            blob = {"content": base64.b64encode(content).decode("ascii"), "encoding": "base64"}
            sha = self.write("POST", f"{self._repo}/git/blobs", blob, repeatable=True)["sha"]
            entries.append({"path": path, "mode": mode, "type": "blob", "sha": sha})
        base_tree = self.read_commit(parent).tree
        tree = self.write("POST", f"{self._repo}/git/trees", {"base_tree": base_tree, "tree": entries}, repeatable=True)
        body = {"message": message, "tree": tree["sha"], "parents": [parent]}
        return read_commit(self.write("POST", f"{self._repo}/git/commits", body, repeatable=True))

    def add_branch(self, branch: str, sha: str) -> None:
        """A new branch. Raises Unprocessable when it exists."""
        self.write("POST", f"{self._repo}/git/refs", {"ref": f"refs/heads/{branch}", "sha": sha})

    def move_branch(self, branch: str, sha: str, *, force: bool) -> None:
        """Point an existing branch at `sha`. Without `force` only forwards."""
        self.write("PATCH", f"{self._repo}/git/refs/heads/{quote(branch)}", {"sha": sha, "force": force})

    def list_branches(self, prefix: str) -> tuple[str, ...]:
        """The names of the branches that begin with `prefix`."""
        refs = self.get(f"{self._repo}/git/matching-refs/heads/{quote(prefix)}")
        return tuple(str(r["ref"]).removeprefix("refs/heads/") for r in refs)

    def list_rules(self, branch: str) -> tuple[BranchRule, ...]:
        """The active rules for a branch of that name, there or not; without those that this App may bypass, or of whose
        ruleset it cannot be told. () where GitHub knows no rulesets (an Enterprise Server before 3.12)."""
        try:
            found = list(self.pages(f"{self._repo}/rules/branches/{quote(branch, safe='')}"))
        except Refused:
            return ()
        held = {int(r.get("ruleset_id") or 0) for r in found}
        names = {i: name for i in held if i and (name := self._binding(i)) is not None}
        return tuple(
            BranchRule(str(r["type"]), names[int(r["ruleset_id"])], r.get("parameters") or {})
            for r in found
            if int(r.get("ruleset_id") or 0) in names
        )

    def _binding(self, ruleset: int) -> str | None:
        """The name of a ruleset that binds this App, None for one that it may bypass or not read."""
        try:
            answer = self.get(f"{self._repo}/rulesets/{ruleset}")
        except Refused:
            return None
        if answer.get("current_user_can_bypass") in ("always", "exempt"):
            return None
        return str(answer.get("name") or ruleset)

    # -- pull requests ---------------------------------------------------------------------------------------

    def find_pull(self, branch: str, state: Literal["open", "closed", "all"] = "open") -> RemotePull | None:
        """The newest pull request from our own branch of that name (a fork's does not count)."""
        head = f"{self.repository.partition('/')[0]}:{branch}"
        found = [read_pull(p) for p in self.get(f"{self._repo}/pulls", head=head, state=state, per_page=30)]
        return next((p for p in found if p.head_branch == branch and p.head_repository_id == self.repository_id), None)

    def read_pull(self, number: int) -> RemotePull:
        """A pull request."""
        return read_pull(self.get(f"{self._repo}/pulls/{number}"))

    def open_pull(self, *, title: str, head: str, base: str, body: str, draft: bool) -> RemotePull:
        """A new pull request. Raises Unprocessable (exists already, no commits between, drafts not offered here)."""
        request = {"title": title, "head": head, "base": base, "body": body, "draft": draft}
        return read_pull(self.write("POST", f"{self._repo}/pulls", request))

    def edit_pull(self, number: int, *, title: str, body: str) -> None:
        """Replace title and text."""
        self.write("PATCH", f"{self._repo}/pulls/{number}", {"title": title, "body": body})

    def add_check(self, sha: str, *, name: str, conclusion: str, title: str, summary: str, url: str = "") -> None:
        """A finished check run on a commit; does nothing when there is one of that name or no permission."""
        if not self.may_write_checks:
            return
        path = f"{self._repo}/commits/{sha}/check-runs"
        if self.get(path, check_name=name).get("check_runs"):
            return
        body: dict[str, object] = {
            "name": name,
            "head_sha": sha,
            "status": "completed",
            "conclusion": conclusion,
            "output": {"title": title, "summary": summary},
        }
        if url:
            body["details_url"] = url
        self.write("POST", f"{self._repo}/check-runs", body)

    # -- reviews ---------------------------------------------------------------------------------------------

    def list_review(self, pull: int, review_id: int) -> tuple[str, tuple[ReviewComment, ...]]:
        """A review's text and its line comments."""
        review = self.get(f"{self._repo}/pulls/{pull}/reviews/{review_id}")
        lines = self.pages(f"{self._repo}/pulls/{pull}/reviews/{review_id}/comments")
        return str(review.get("body") or ""), tuple(read_line(c) for c in lines)

    def list_answered(self, pull: int) -> frozenset[int]:
        """Ids of the line comments that have an answer by this App."""
        said = self.pages(f"{self._repo}/pulls/{pull}/comments")
        return frozenset(
            int(c["in_reply_to_id"])
            for c in said
            if c.get("in_reply_to_id") and (c.get("user") or {}).get("type") == "Bot"
        )

    def answer_line(self, pull: int, comment_id: int, body: str) -> None:
        """An answer in the thread of a line comment."""
        self.write("POST", f"{self._repo}/pulls/{pull}/comments/{comment_id}/replies", {"body": body})

    def list_failed_checks(self, sha: str) -> tuple[FailedCheck, ...]:
        """The failed check runs of a commit, ours left out."""
        runs = self.pages(f"{self._repo}/commits/{sha}/check-runs", "check_runs")
        return tuple(
            read_check(r)
            for r in runs
            if r.get("conclusion") in ("failure", "timed_out")
            and str((r.get("app") or {}).get("id", "")) != str(self.app_id)
        )
