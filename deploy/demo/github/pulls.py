"""Operations on pull requests, their reviews and files, check runs and statuses."""

# ruff: noqa: D103 - each function is the operation GitHub has by that name; numbers are GitHub's
from __future__ import annotations

from typing import Any

from deploy.demo.github import pull_shapes, shapes
from deploy.demo.github.request import ApiRequest, Operation, Reply, RequestRefused, invalid, not_found
from deploy.demo.github.state import DemoCheckRun, DemoIssue, DemoPull, DemoReview, now

R = "/repos/{owner}/{repo}"
P = f"{R}/pulls/{{pull_number}}"


def _whole(request: ApiRequest, it: DemoIssue) -> dict[str, Any]:
    own = it.pull
    if own is None:
        raise not_found()
    return pull_shapes.pull(request.world, request.repo, it, request.repo.objects.changes(own.base_sha, own.head_sha))


def list_pulls(request: ApiRequest) -> Reply:
    state, head, base = request.query.get("state", "open"), request.query.get("head", ""), request.query.get("base", "")
    owner, _, branch = head.rpartition(":")
    found = [
        it
        for it in sorted(request.repo.issues.values(), key=lambda i: -i.number)
        if it.pull
        and state in ("all", it.state)
        and (not head or (branch == it.pull.head and owner in ("", request.repo.owner.login)))
        and (not base or base == it.pull.base)
    ]
    return Reply([pull_shapes.pull(request.world, request.repo, it, None) for it in found], pages="")


def create_pull(request: ApiRequest) -> Reply:
    """422 as GitHub gives it: nonexistent head or base, no commits between, a second one for the same branch."""
    own, title = request.repo.objects, request.text("title", "PullRequest")
    head = request.text("head", "PullRequest").removeprefix(f"{request.repo.owner.login}:")
    base = request.text("base", "PullRequest")
    head_sha, base_sha = own.ref(f"refs/heads/{head}"), own.ref(f"refs/heads/{base}")
    if base_sha is None:
        raise invalid("PullRequest", "base", "invalid")
    if head_sha is None:
        raise invalid("PullRequest", "head", "invalid")
    label = f"{request.repo.owner.login}:{head}"
    for it in request.repo.issues.values():
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
    pull = DemoPull(head, base, head_sha, base_sha, draft=bool(request.body.get("draft")))
    it = request.actions.open_issue(request.repo, request.actor, title, str(request.body.get("body") or ""), pull)
    return Reply(_whole(request, it), 201)


def get_pull(request: ApiRequest) -> Reply:
    return Reply(_whole(request, request.pull()))


def update_pull(request: ApiRequest) -> Reply:
    it = request.pull()
    request.actions.edit(request.repo, it, request.body.get("title"), request.body.get("body"), request.actor)
    if "state" in request.body:
        request.actions.set_state(request.repo, it, request.body["state"], request.actor)
    return Reply(_whole(request, it))


def list_files(request: ApiRequest) -> Reply:
    it = request.pull()
    own = it.pull
    if own is None:
        raise not_found()
    changed = request.repo.objects.changes(own.base_sha, own.head_sha)
    return Reply([pull_shapes.pull_file(request.world, request.repo, f, own.head_sha) for f in changed], pages="")


def _review(request: ApiRequest, it: DemoIssue) -> DemoReview:
    wanted = request.number("review_id")
    found = next((r for r in (it.pull.reviews if it.pull else ()) if r.id == wanted), None)
    if found is None:
        raise not_found()
    return found


def list_reviews(request: ApiRequest) -> Reply:
    it = request.pull()
    reviews = it.pull.reviews if it.pull else []
    return Reply([pull_shapes.review(request.world, request.repo, it, r) for r in reviews], pages="")


def get_review(request: ApiRequest) -> Reply:
    it = request.pull()
    return Reply(pull_shapes.review(request.world, request.repo, it, _review(request, it)))


def list_review_comments(request: ApiRequest) -> Reply:
    """All of the pull request, or those of one review."""
    it = request.pull()
    wanted = _review(request, it).id if "review_id" in request.params else 0
    comments = [r for r in (it.pull.comments if it.pull else ()) if wanted in (0, r.review)]
    return Reply([pull_shapes.review_comment(request.world, request.repo, it, r) for r in comments], pages="")


def reply(request: ApiRequest) -> Reply:
    it, wanted = request.pull(), request.number("comment_id")
    to = next((r for r in (it.pull.comments if it.pull else ()) if r.id == wanted), None)
    if to is None:
        raise not_found()
    own = request.actions.reply(request.repo, it, to, request.text("body", "PullRequestReviewComment"), request.actor)
    return Reply(pull_shapes.review_comment(request.world, request.repo, it, own), 201)


CHECK_FIELDS = {"name", "head_sha", "details_url", "external_id", "status", "started_at", "conclusion"}
CHECK_FIELDS |= {"completed_at", "output", "actions"}


def create_check(request: ApiRequest) -> Reply:
    name, sha = request.text("name", "CheckRun"), request.text("head_sha", "CheckRun")
    if request.repo.objects.type(sha) != "commit":
        raise RequestRefused(422, f"No commit found for SHA: {sha}")
    if request.body.get("status") == "completed" and not request.body.get("conclusion"):
        raise RequestRefused(422, 'Invalid request.\n\n"conclusion" wasn\'t supplied.')
    fields = {k: v for k, v in request.body.items() if k in CHECK_FIELDS} | {"name": name}
    it = DemoCheckRun(next(request.world.ids), sha, fields, now())
    request.repo.checks.append(it)
    return Reply(shapes.check_run(request.world, request.repo, it), 201)


def _check(request: ApiRequest) -> DemoCheckRun:
    wanted = request.number("check_run_id")
    found = next((c for c in request.repo.checks if c.id == wanted), None)
    if found is None:
        raise not_found()
    return found


def get_check(request: ApiRequest) -> Reply:
    return Reply(shapes.check_run(request.world, request.repo, _check(request)))


def update_check(request: ApiRequest) -> Reply:
    it = _check(request)
    it.fields |= {k: v for k, v in request.body.items() if k in CHECK_FIELDS}
    return Reply(shapes.check_run(request.world, request.repo, it))


def _commit(request: ApiRequest) -> str:
    wanted, own = request.params["ref"], request.repo.objects
    sha = own.ref(f"refs/heads/{wanted}") or (wanted if own.type(wanted) == "commit" else None)
    if sha is None:
        raise RequestRefused(422, f"No commit found for SHA: {wanted}")
    return sha


def list_checks(request: ApiRequest) -> Reply:
    sha, name = _commit(request), request.query.get("check_name")
    found = [c for c in request.repo.checks if c.head_sha == sha and name in (None, c.fields["name"])]
    shaped = [shapes.check_run(request.world, request.repo, c) for c in found]
    return Reply({"total_count": len(shaped), "check_runs": shaped}, pages="check_runs")


def combined_status(request: ApiRequest) -> Reply:
    """Always pending: nobody posts commit statuses here."""
    sha = _commit(request)
    root = f"{request.world.api}/repos/{request.repo.full_name}"
    shape = {
        "state": "pending",
        "sha": sha,
        "total_count": 0,
        "statuses": [],
        "repository": shapes.repository(request.world, request.repo),
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
