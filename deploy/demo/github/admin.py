"""What happens to issues and repositories as a whole, and what other Apps report: rarer than labels and comments."""

from __future__ import annotations

from deploy.demo.github import pull_shapes, shapes
from deploy.demo.github.actions import Actions
from deploy.demo.github.state import DemoCheckRun, DemoIssue, DemoRepository, now


class Admin:
    """Acts as the repository's owner, or as another App that runs checks."""

    def __init__(self, actions: Actions) -> None:
        self.actions = actions
        self.world = actions.world

    def _at(self, full_name: str) -> DemoRepository:
        repo = self.world.repository(*full_name.split("/"))
        if repo is None:
            raise KeyError(full_name)
        return repo

    def archive(self, full_name: str, *, archived: bool = True) -> None:
        """Make a repository read-only (or writable again)."""
        repo = self._at(full_name)
        repo.archived = archived
        self.actions.send_event("repository", "archived" if archived else "unarchived", repo, repo.owner)

    def rename(self, full_name: str, name: str) -> None:
        """Give a repository another name; its id stays."""
        repo = self._at(full_name)
        before, repo.name = repo.name, name
        self.actions.send_event(
            "repository", "renamed", repo, repo.owner, changes={"repository": {"name": {"from": before}}}
        )

    def delete_issue(self, full_name: str, number: int) -> None:
        """Delete an issue: GitHub answers 410 from then on."""
        repo = self._at(full_name)
        issue = repo.issues.pop(number)
        repo.gone[number] = ""
        self.actions.send_issue_event("deleted", repo, issue, repo.owner)

    def transfer_issue(self, full_name: str, number: int, to: str) -> DemoIssue:
        """Move an issue to another repository, where it gets a new number: GitHub redirects from then on."""
        repo, target = self._at(full_name), self._at(to)
        issue = repo.issues.pop(number)
        moved = DemoIssue(
            next(self.world.ids),
            target.next_number,
            issue.title,
            issue.body,
            issue.author,
            issue.created,
            now(),
            comments=issue.comments,
        )
        target.issues[moved.number] = moved
        repo.gone[number] = f"{self.world.api}/repos/{target.full_name}/issues/{moved.number}"
        changes = {
            "new_issue": shapes.issue(self.world, target, moved),
            "new_repository": shapes.repository(self.world, target),
        }
        self.actions.send_issue_event("transferred", repo, issue, repo.owner, changes=changes)
        return moved

    def check(self, full_name: str, branch: str, conclusion: str, *, name: str = "tests", summary: str = "") -> None:
        """Another App's check of a branch's tip completes: success, failure, timed_out…"""
        repo = self._at(full_name)
        sha = repo.objects.ref(f"refs/heads/{branch}")
        if sha is None:
            raise KeyError(branch)
        fields = {"name": name, "conclusion": conclusion, "output": {"title": name, "summary": summary}}
        run = DemoCheckRun(next(self.world.ids), sha, fields, now(), other="continuous-integration")
        repo.checks.append(run)
        shape = shapes.check_run(self.world, repo, run)
        pulls = [
            pull_shapes.pull_brief(self.world, repo, it)
            for it in repo.issues.values()
            if it.pull and it.pull.head == branch
        ]
        root = f"{self.world.api}/repos/{repo.full_name}/check-suites/{run.id}"
        suite = {
            "id": run.id,
            "node_id": shapes.node("CheckSuite", run.id),
            "head_branch": branch,
            "head_sha": sha,
            "status": "completed",
            "conclusion": conclusion,
            "url": root,
            "before": None,
            "after": sha,
            "pull_requests": pulls,
            "app": shape["app"],
            "created_at": shapes.stamp(run.started),
            "updated_at": shapes.stamp(run.started),
            "latest_check_runs_count": 1,
            "check_runs_url": f"{root}/check-runs",
        }
        run_shape = shape | {"pull_requests": pulls, "check_suite": suite}
        self.actions.send_event("check_run", "completed", repo, repo.owner, check_run=run_shape)
        self.actions.send_event("check_suite", "completed", repo, repo.owner, check_suite=suite)
