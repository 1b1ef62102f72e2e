"""Operations on pull requests, their reviews and files, check runs and statuses."""

# ruff: noqa: D103 - each function is the operation GitHub has by that name; numbers are GitHub's
from __future__ import annotations

from typing import Any

from deploy.demo.github import pull_shapes, shapes
from deploy.demo.github.request import ApiRequest, Operation, Reply, RequestRefused, invalid, not_found
from deploy.demo.github.state import CheckRun, DemoIssue, Pull, Review, now

R = "/repos/{owner}/{repo}"
P = f"{R}/pulls/{{pull_number}}"


def _whole(ask: ApiRequest, it: DemoIssue) -> dict[str, Any]:
    own = it.pull
    if own is None:
        raise not_found()
    return pull_shapes.pull(ask.world, ask.repo, it, ask.repo.objects.changes(own.base_sha, own.head_sha))


def list_pulls(ask: ApiRequest) -> Reply:
    state, head, base = ask.query.get("state", "open"), ask.query.get("head", ""), ask.query.get("base", "")
    owner, _, branch = head.rpartition(":")
    found = [
        it
        for it in sorted(ask.repo.issues.values(), key=lambda i: -i.number)
        if it.pull
        and state in ("all", it.state)
        and (not head or (branch == it.pull.head and owner in ("", ask.repo.owner.login)))
        and (not base or base == it.pull.base)
    ]
    return Reply([pull_shapes.pull(ask.world, ask.repo, it, None) for it in found], pages="")


def create_pull(ask: ApiRequest) -> Reply:
    """422 as GitHub gives it: nonexistent head or base, no commits between, a second one for the same branch."""
    own, title = ask.repo.objects, ask.text("title", "PullRequest")
    head = ask.text("head", "PullRequest").removeprefix(f"{ask.repo.owner.login}:")
    base = ask.text("base", "PullRequest")
    head_sha, base_sha = own.ref(f"refs/heads/{head}"), own.ref(f"refs/heads/{base}")
    if base_sha is None:
        raise invalid("PullRequest", "base", "invalid")
    if head_sha is None:
        raise invalid("PullRequest", "head", "invalid")
    label = f"{ask.repo.owner.login}:{head}"
    for it in ask.repo.issues.values():
        if it.pull and it.state == "open" and (it.pull.head, it.pull.base) == (head, base):
            message = f"A pull request already exists for {label}."
            raise RequestRefused(
                422, "Validation Failed", [{"resource": "PullRequest", "code": "custom", "message": message}]
            )
    if own.ahead(base_sha, head_sha) == 0:
        message = f"No commits between {base} and {head}"
        raise RequestRefused(
            422, "Validation Failed", [{"resource": "PullRequest", "code": "custom", "message": message}]
        )
    pull = Pull(head, base, head_sha, base_sha, draft=bool(ask.body.get("draft")))
    it = ask.deeds.open_issue(ask.repo, ask.actor, title, str(ask.body.get("body") or ""), pull)
    return Reply(_whole(ask, it), 201)


def get_pull(ask: ApiRequest) -> Reply:
    return Reply(_whole(ask, ask.pull()))


def update_pull(ask: ApiRequest) -> Reply:
    it = ask.pull()
    ask.deeds.edit(ask.repo, it, ask.body.get("title"), ask.body.get("body"), ask.actor)
    if "state" in ask.body:
        ask.deeds.set_state(ask.repo, it, ask.body["state"], ask.actor)
    return Reply(_whole(ask, it))


def list_files(ask: ApiRequest) -> Reply:
    it = ask.pull()
    own = it.pull
    if own is None:
        raise not_found()
    changed = ask.repo.objects.changes(own.base_sha, own.head_sha)
    return Reply([pull_shapes.pull_file(ask.world, ask.repo, f, own.head_sha) for f in changed], pages="")


def _review(ask: ApiRequest, it: DemoIssue) -> Review:
    wanted = ask.number("review_id")
    found = next((r for r in (it.pull.reviews if it.pull else ()) if r.id == wanted), None)
    if found is None:
        raise not_found()
    return found


def list_reviews(ask: ApiRequest) -> Reply:
    it = ask.pull()
    reviews = it.pull.reviews if it.pull else []
    return Reply([pull_shapes.review(ask.world, ask.repo, it, r) for r in reviews], pages="")


def get_review(ask: ApiRequest) -> Reply:
    it = ask.pull()
    return Reply(pull_shapes.review(ask.world, ask.repo, it, _review(ask, it)))


def list_review_comments(ask: ApiRequest) -> Reply:
    """All of the pull request, or those of one review."""
    it = ask.pull()
    wanted = _review(ask, it).id if "review_id" in ask.params else 0
    remarks = [r for r in (it.pull.remarks if it.pull else ()) if wanted in (0, r.review)]
    return Reply([pull_shapes.review_remark(ask.world, ask.repo, it, r) for r in remarks], pages="")


def reply(ask: ApiRequest) -> Reply:
    it, wanted = ask.pull(), ask.number("comment_id")
    to = next((r for r in (it.pull.remarks if it.pull else ()) if r.id == wanted), None)
    if to is None:
        raise not_found()
    own = ask.deeds.reply(ask.repo, it, to, ask.text("body", "PullRequestReviewComment"), ask.actor)
    return Reply(pull_shapes.review_remark(ask.world, ask.repo, it, own), 201)


CHECK_FIELDS = {"name", "head_sha", "details_url", "external_id", "status", "started_at", "conclusion"}
CHECK_FIELDS |= {"completed_at", "output", "actions"}


def create_check(ask: ApiRequest) -> Reply:
    name, sha = ask.text("name", "CheckRun"), ask.text("head_sha", "CheckRun")
    if ask.repo.objects.type(sha) != "commit":
        raise RequestRefused(422, f"No commit found for SHA: {sha}")
    if ask.body.get("status") == "completed" and not ask.body.get("conclusion"):
        raise RequestRefused(422, 'Invalid request.\n\n"conclusion" wasn\'t supplied.')
    fields = {k: v for k, v in ask.body.items() if k in CHECK_FIELDS} | {"name": name}
    it = CheckRun(next(ask.world.ids), sha, fields, now())
    ask.repo.checks.append(it)
    return Reply(shapes.check_run(ask.world, ask.repo, it), 201)


def _check(ask: ApiRequest) -> CheckRun:
    wanted = ask.number("check_run_id")
    found = next((c for c in ask.repo.checks if c.id == wanted), None)
    if found is None:
        raise not_found()
    return found


def get_check(ask: ApiRequest) -> Reply:
    return Reply(shapes.check_run(ask.world, ask.repo, _check(ask)))


def update_check(ask: ApiRequest) -> Reply:
    it = _check(ask)
    it.fields |= {k: v for k, v in ask.body.items() if k in CHECK_FIELDS}
    return Reply(shapes.check_run(ask.world, ask.repo, it))


def _commit(ask: ApiRequest) -> str:
    wanted, own = ask.params["ref"], ask.repo.objects
    sha = own.ref(f"refs/heads/{wanted}") or (wanted if own.type(wanted) == "commit" else None)
    if sha is None:
        raise RequestRefused(422, f"No commit found for SHA: {wanted}")
    return sha


def list_checks(ask: ApiRequest) -> Reply:
    sha, name = _commit(ask), ask.query.get("check_name")
    found = [c for c in ask.repo.checks if c.head_sha == sha and name in (None, c.fields["name"])]
    shaped = [shapes.check_run(ask.world, ask.repo, c) for c in found]
    return Reply({"total_count": len(shaped), "check_runs": shaped}, pages="check_runs")


def combined_status(ask: ApiRequest) -> Reply:
    """Always pending: nobody posts commit statuses here."""
    sha = _commit(ask)
    root = f"{ask.world.api}/repos/{ask.repo.full_name}"
    shape = {
        "state": "pending",
        "sha": sha,
        "total_count": 0,
        "statuses": [],
        "repository": shapes.repository(ask.world, ask.repo),
        "commit_url": f"{root}/commits/{sha}",
        "url": f"{root}/commits/{sha}/status",
    }
    return Reply(shape)


OPERATIONS = (
    Operation("GET", f"{R}/pulls", "pull_requests:read", list_pulls),
    Operation("POST", f"{R}/pulls", "pull_requests:write", create_pull),
    Operation("GET", P, "pull_requests:read", get_pull),
    Operation("PATCH", P, "pull_requests:write", update_pull),
    Operation("GET", f"{P}/files", "pull_requests:read", list_files),
    Operation("GET", f"{P}/reviews", "pull_requests:read", list_reviews),
    Operation("GET", f"{P}/reviews/{{review_id}}", "pull_requests:read", get_review),
    Operation("GET", f"{P}/reviews/{{review_id}}/comments", "pull_requests:read", list_review_comments),
    Operation("GET", f"{P}/comments", "pull_requests:read", list_review_comments),
    Operation("POST", f"{P}/comments/{{comment_id}}/replies", "pull_requests:write", reply),
    Operation("POST", f"{R}/check-runs", "checks:write", create_check),
    Operation("GET", f"{R}/check-runs/{{check_run_id}}", "checks:read", get_check),
    Operation("PATCH", f"{R}/check-runs/{{check_run_id}}", "checks:write", update_check),
    Operation("GET", f"{R}/commits/{{ref}}/check-runs", "checks:read", list_checks),
    Operation("GET", f"{R}/commits/{{ref}}/status", "statuses:read", combined_status),
)
