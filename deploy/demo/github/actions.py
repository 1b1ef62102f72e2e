"""What can happen on the stand-in, whoever does it (a person or the App), each with the webhooks it causes."""

from __future__ import annotations

from typing import Any

from deploy.demo.github import pull_shapes, shapes
from deploy.demo.github.hooks import WebhookSender
from deploy.demo.github.objects import ZERO, Signature
from deploy.demo.github.state import (
    DemoAccount,
    DemoComment,
    DemoIssue,
    DemoLabel,
    DemoPull,
    DemoRepository,
    DemoReview,
    World,
    now,
)


class Actions:
    """Changes the world and tells the App. An event is sent only when the App is installed and subscribed."""

    def __init__(self, world: World, webhooks: WebhookSender) -> None:
        self.world = world
        self.webhooks = webhooks

    def send_event(self, event: str, action: str, repo: DemoRepository, by: DemoAccount, **objects: Any) -> None:
        """Send a webhook about `repo`."""
        installation = self.world.installation_of(repo.id)
        if installation is None or installation.suspended or event not in self.world.app.events:
            return
        payload = {
            **({"action": action} if action else {}),
            **objects,
            "repository": shapes.repository(self.world, repo),
            "sender": shapes.user(self.world, by),
            "installation": {"id": installation.id, "node_id": shapes.node("Installation", installation.id)},
        }
        if repo.owner.type == "Organization":
            payload["organization"] = {"id": repo.owner.id, "login": repo.owner.login}
        self.webhooks.send(event, payload)

    def _issue(self, repo: DemoRepository, it: DemoIssue) -> dict[str, Any]:
        return shapes.issue(self.world, repo, it)

    def _pull(self, repo: DemoRepository, it: DemoIssue) -> dict[str, Any]:
        changed = repo.objects.changes(it.pull.base_sha, it.pull.head_sha) if it.pull else []
        return pull_shapes.pull(self.world, repo, it, changed)

    def send_issue_event(
        self, action: str, repo: DemoRepository, it: DemoIssue, by: DemoAccount, **objects: Any
    ) -> None:
        """`issues` or `pull_request`, whichever `it` is."""
        if it.pull:
            own = self._pull(repo, it)
            self.send_event("pull_request", action, repo, by, number=it.number, pull_request=own, **objects)
        else:
            self.send_event("issues", action, repo, by, issue=self._issue(repo, it), **objects)

    def ensure_label(self, repo: DemoRepository, name: str, color: str = "ededed", description: str = "") -> DemoLabel:
        key = name.lower()
        if key not in repo.labels:
            repo.labels[key] = DemoLabel(next(self.world.ids), name, color, description)
        return repo.labels[key]

    def open_issue(
        self, repo: DemoRepository, by: DemoAccount, title: str, body: str, pull: DemoPull | None = None
    ) -> DemoIssue:
        moment = now()
        it = DemoIssue(next(self.world.ids), repo.next_number, title, body, by, moment, moment, pull=pull)
        repo.issues[it.number] = it
        self.send_issue_event("opened", repo, it, by)
        return it

    def label(self, repo: DemoRepository, it: DemoIssue, name: str, by: DemoAccount) -> None:
        """Add a label (made in the repository when new). Adding one that is there does nothing."""
        label = self.ensure_label(repo, name)
        if name.lower() in (n.lower() for n in it.labels):
            return
        it.labels.append(label.name)
        it.updated = now()
        self.send_issue_event("labeled", repo, it, by, label=shapes.label(self.world, repo, label))

    def unlabel(self, repo: DemoRepository, it: DemoIssue, name: str, by: DemoAccount) -> bool:
        """Take a label off; False when it was not there."""
        if name.lower() not in (n.lower() for n in it.labels):
            return False
        it.labels = [n for n in it.labels if n.lower() != name.lower()]
        it.updated = now()
        label = repo.labels[name.lower()]
        self.send_issue_event("unlabeled", repo, it, by, label=shapes.label(self.world, repo, label))
        return True

    def set_state(self, repo: DemoRepository, it: DemoIssue, state: str, by: DemoAccount) -> None:
        """Close or reopen."""
        if it.state == state:
            return
        it.state = "closed" if state == "closed" else "open"
        it.updated = now()
        it.closed = now() if state == "closed" else None
        self.send_issue_event("closed" if state == "closed" else "reopened", repo, it, by)

    def edit(self, repo: DemoRepository, it: DemoIssue, title: str | None, body: str | None, by: DemoAccount) -> None:
        before = {}
        if title is not None and title != it.title:
            before["title"], it.title = {"from": it.title}, title
        if body is not None and body != it.body:
            before["body"], it.body = {"from": it.body}, body
        if before:
            it.updated = now()
            self.send_issue_event("edited", repo, it, by, changes=before)

    def lock(self, repo: DemoRepository, it: DemoIssue, by: DemoAccount, *, locked: bool = True) -> None:
        it.locked = locked
        self.send_issue_event("locked" if locked else "unlocked", repo, it, by)

    def comment(self, repo: DemoRepository, it: DemoIssue, body: str, by: DemoAccount) -> DemoComment:
        own = DemoComment(next(self.world.ids), by, body, now(), now())
        it.comments.append(own)
        it.updated = now()
        shape = shapes.comment(self.world, repo, it, own)
        self.send_event("issue_comment", "created", repo, by, issue=self._issue(repo, it), comment=shape)
        return own

    def edit_comment(self, repo: DemoRepository, it: DemoIssue, own: DemoComment, body: str, by: DemoAccount) -> None:
        before, own.body, own.updated = own.body, body, now()
        shape = shapes.comment(self.world, repo, it, own)
        changes = {"body": {"from": before}}
        self.send_event(
            "issue_comment", "edited", repo, by, issue=self._issue(repo, it), comment=shape, changes=changes
        )

    def review(
        self,
        repo: DemoRepository,
        it: DemoIssue,
        by: DemoAccount,
        state: str,
        body: str,
        lines: tuple[tuple[str, int, str], ...],
    ) -> DemoReview:
        """A submitted review with comments on (path, line, text). Raises ValueError for a plain issue."""
        if it.pull is None:
            raise ValueError(f"#{it.number} is not a pull request")
        own = DemoReview(next(self.world.ids), by, state, body, it.pull.head_sha, now())
        it.pull.reviews.append(own)
        added = [
            DemoComment(
                next(self.world.ids), by, text, now(), now(), path=path, line=line, commit=own.commit, review=own.id
            )
            for path, line, text in lines
        ]
        it.pull.comments.extend(added)
        pull = self._pull(repo, it)
        shape = pull_shapes.review(self.world, repo, it, own) | {"state": state.lower()}
        self.send_event("pull_request_review", "submitted", repo, by, review=shape, pull_request=pull)
        for comment in added:
            shape = pull_shapes.review_comment(self.world, repo, it, comment)
            self.send_event("pull_request_review_comment", "created", repo, by, comment=shape, pull_request=pull)
        return own

    def reply(self, repo: DemoRepository, it: DemoIssue, to: DemoComment, body: str, by: DemoAccount) -> DemoComment:
        """Answer a review comment. Raises ValueError for a plain issue."""
        if it.pull is None:
            raise ValueError(f"#{it.number} is not a pull request")
        own = DemoComment(next(self.world.ids), by, body, now(), now(), path=to.path, line=to.line, commit=to.commit)
        own.review, own.reply_to = to.review, to.reply_to or to.id
        it.pull.comments.append(own)
        shape = pull_shapes.review_comment(self.world, repo, it, own)
        pull = self._pull(repo, it)
        self.send_event("pull_request_review_comment", "created", repo, by, comment=shape, pull_request=pull)
        return own

    def push(self, repo: DemoRepository, ref: str, before: str | None, after: str | None, by: DemoAccount) -> None:
        """A reference moved: open pull requests from the branch follow it."""
        payload = {
            "ref": ref,
            "before": before or ZERO,
            "after": after or ZERO,
            "created": before is None,
            "deleted": after is None,
            "forced": bool(before and after and not repo.objects.contains(before, after)),
            "base_ref": None,
            "compare": f"{self.world.url}/{repo.full_name}/compare/{before or ZERO}...{after or ZERO}",
            "commits": [],
            "head_commit": None,
            "pusher": {"name": by.login, "email": f"{by.login}@example.org"},
        }
        self.send_event("push", "", repo, by, **payload)
        branch = ref.removeprefix("refs/heads/")
        for it in list(repo.issues.values()):
            if it.pull is None or it.state != "open" or it.pull.head != branch:
                continue
            if after is None:
                self.set_state(repo, it, "closed", by)
            else:
                it.pull.head_sha = after
                self.send_issue_event("synchronize", repo, it, by, before=before or ZERO, after=after)

    def merge(self, repo: DemoRepository, it: DemoIssue, by: DemoAccount) -> str:
        """Squash-merge, close the issues it fixes, return the new commit. Raises ValueError for a plain issue."""
        if it.pull is None or it.state != "open":
            raise ValueError(f"#{it.number} is not an open pull request")
        own, objects = it.pull, repo.objects
        ref = f"refs/heads/{own.base}"
        tip = objects.ref(ref) or own.base_sha
        files = objects.changes(own.base_sha, own.head_sha)
        modes = {e.path: e.mode for e in objects.tree(own.head_sha, recursive=True)}
        entries = [(f.path, modes.get(f.path, "100644"), None if f.status == "removed" else f.sha) for f in files]
        tree = objects.add_tree(entries, objects.commit(tip).tree)
        who = Signature(by.login, f"{by.login}@example.org", f"{int(now().timestamp())} +0000")
        sha = objects.add_commit(tree, [tip], f"{it.title} (#{it.number})\n\n{it.body}\n", who, who)
        objects.set_ref(ref, sha)
        own.merge_sha, own.merged_at, own.merged_by = sha, now(), by
        self.set_state(repo, it, "closed", by)
        self.push(repo, ref, tip, sha, by)
        for number, other in repo.issues.items():
            if other.pull is None and f"fixes #{number}" in it.body.lower().split("<!--")[0]:
                self.set_state(repo, other, "closed", by)
        return sha
