"""What can happen on the stand-in, whoever does it (a person or the App), each with the webhooks it causes."""

from __future__ import annotations

from typing import Any

from deploy.demo.github import pull_shapes, shapes
from deploy.demo.github.hooks import Post
from deploy.demo.github.objects import ZERO, Signature
from deploy.demo.github.state import DemoAccount, DemoIssue, Label, Pull, Remark, Repository, Review, World, now


class Actions:
    """Changes the world and tells the App. An event is sent only when the App is installed and subscribed."""

    def __init__(self, world: World, post: Post) -> None:
        self.world = world
        self.post = post

    def tell(self, event: str, action: str, repo: Repository, by: DemoAccount, **objects: Any) -> None:
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
        self.post.send(event, payload)

    def _issue(self, repo: Repository, it: DemoIssue) -> dict[str, Any]:
        return shapes.issue(self.world, repo, it)

    def _pull(self, repo: Repository, it: DemoIssue) -> dict[str, Any]:
        changed = repo.objects.changes(it.pull.base_sha, it.pull.head_sha) if it.pull else []
        return pull_shapes.pull(self.world, repo, it, changed)

    def tell_about(self, action: str, repo: Repository, it: DemoIssue, by: DemoAccount, **objects: Any) -> None:
        """`issues` or `pull_request`, whichever `it` is."""
        if it.pull:
            own = self._pull(repo, it)
            self.tell("pull_request", action, repo, by, number=it.number, pull_request=own, **objects)
        else:
            self.tell("issues", action, repo, by, issue=self._issue(repo, it), **objects)

    def ensure_label(self, repo: Repository, name: str, color: str = "ededed", description: str = "") -> Label:
        key = name.lower()
        if key not in repo.labels:
            repo.labels[key] = Label(next(self.world.ids), name, color, description)
        return repo.labels[key]

    def open_issue(
        self, repo: Repository, by: DemoAccount, title: str, body: str, pull: Pull | None = None
    ) -> DemoIssue:
        moment = now()
        it = DemoIssue(next(self.world.ids), repo.next_number, title, body, by, moment, moment, pull=pull)
        repo.issues[it.number] = it
        self.tell_about("opened", repo, it, by)
        return it

    def label(self, repo: Repository, it: DemoIssue, name: str, by: DemoAccount) -> None:
        """Add a label (made in the repository when new). Adding one that is there does nothing."""
        label = self.ensure_label(repo, name)
        if name.lower() in (n.lower() for n in it.labels):
            return
        it.labels.append(label.name)
        it.updated = now()
        self.tell_about("labeled", repo, it, by, label=shapes.label(self.world, repo, label))

    def unlabel(self, repo: Repository, it: DemoIssue, name: str, by: DemoAccount) -> bool:
        """Take a label off; False when it was not there."""
        if name.lower() not in (n.lower() for n in it.labels):
            return False
        it.labels = [n for n in it.labels if n.lower() != name.lower()]
        it.updated = now()
        label = repo.labels[name.lower()]
        self.tell_about("unlabeled", repo, it, by, label=shapes.label(self.world, repo, label))
        return True

    def set_state(self, repo: Repository, it: DemoIssue, state: str, by: DemoAccount) -> None:
        """Close or reopen."""
        if it.state == state:
            return
        it.state = "closed" if state == "closed" else "open"
        it.updated = now()
        it.closed = now() if state == "closed" else None
        self.tell_about("closed" if state == "closed" else "reopened", repo, it, by)

    def edit(self, repo: Repository, it: DemoIssue, title: str | None, body: str | None, by: DemoAccount) -> None:
        before = {}
        if title is not None and title != it.title:
            before["title"], it.title = {"from": it.title}, title
        if body is not None and body != it.body:
            before["body"], it.body = {"from": it.body}, body
        if before:
            it.updated = now()
            self.tell_about("edited", repo, it, by, changes=before)

    def lock(self, repo: Repository, it: DemoIssue, by: DemoAccount, *, locked: bool = True) -> None:
        it.locked = locked
        self.tell_about("locked" if locked else "unlocked", repo, it, by)

    def comment(self, repo: Repository, it: DemoIssue, body: str, by: DemoAccount) -> Remark:
        own = Remark(next(self.world.ids), by, body, now(), now())
        it.remarks.append(own)
        it.updated = now()
        shape = shapes.remark(self.world, repo, it, own)
        self.tell("issue_comment", "created", repo, by, issue=self._issue(repo, it), comment=shape)
        return own

    def edit_comment(self, repo: Repository, it: DemoIssue, own: Remark, body: str, by: DemoAccount) -> None:
        before, own.body, own.updated = own.body, body, now()
        shape = shapes.remark(self.world, repo, it, own)
        changes = {"body": {"from": before}}
        self.tell("issue_comment", "edited", repo, by, issue=self._issue(repo, it), comment=shape, changes=changes)

    def review(
        self,
        repo: Repository,
        it: DemoIssue,
        by: DemoAccount,
        state: str,
        body: str,
        lines: tuple[tuple[str, int, str], ...],
    ) -> Review:
        """A submitted review with comments on (path, line, text). Raises ValueError for a plain issue."""
        if it.pull is None:
            raise ValueError(f"#{it.number} is not a pull request")
        own = Review(next(self.world.ids), by, state, body, it.pull.head_sha, now())
        it.pull.reviews.append(own)
        added = [
            Remark(next(self.world.ids), by, text, now(), now(), path=path, line=line, commit=own.commit, review=own.id)
            for path, line, text in lines
        ]
        it.pull.remarks.extend(added)
        pull = self._pull(repo, it)
        shape = pull_shapes.review(self.world, repo, it, own) | {"state": state.lower()}
        self.tell("pull_request_review", "submitted", repo, by, review=shape, pull_request=pull)
        for remark in added:
            comment = pull_shapes.review_remark(self.world, repo, it, remark)
            self.tell("pull_request_review_comment", "created", repo, by, comment=comment, pull_request=pull)
        return own

    def reply(self, repo: Repository, it: DemoIssue, to: Remark, body: str, by: DemoAccount) -> Remark:
        """Answer a review comment. Raises ValueError for a plain issue."""
        if it.pull is None:
            raise ValueError(f"#{it.number} is not a pull request")
        own = Remark(next(self.world.ids), by, body, now(), now(), path=to.path, line=to.line, commit=to.commit)
        own.review, own.reply_to = to.review, to.reply_to or to.id
        it.pull.remarks.append(own)
        shape = pull_shapes.review_remark(self.world, repo, it, own)
        pull = self._pull(repo, it)
        self.tell("pull_request_review_comment", "created", repo, by, comment=shape, pull_request=pull)
        return own

    def push(self, repo: Repository, ref: str, before: str | None, after: str | None, by: DemoAccount) -> None:
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
        self.tell("push", "", repo, by, **payload)
        branch = ref.removeprefix("refs/heads/")
        for it in list(repo.issues.values()):
            if it.pull is None or it.state != "open" or it.pull.head != branch:
                continue
            if after is None:
                self.set_state(repo, it, "closed", by)
            else:
                it.pull.head_sha = after
                self.tell_about("synchronize", repo, it, by, before=before or ZERO, after=after)

    def merge(self, repo: Repository, it: DemoIssue, by: DemoAccount) -> str:
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
