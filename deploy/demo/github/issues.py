"""Operations on repositories, labels, issues, comments and reactions."""

# ruff: noqa: D103, PLR2004 - each function is the operation GitHub has by that name; numbers are GitHub's
from __future__ import annotations

import base64
from typing import Any

from deploy.demo.github import shapes
from deploy.demo.github.request import ApiRequest, Operation, Reply, RequestRefused, invalid, not_found
from deploy.demo.github.state import DemoComment, DemoIssue

R = "/repos/{owner}/{repo}"
READ = "issues:read|pull_requests:read"
WRITE = "issues:write|pull_requests:write"
REACTIONS = ("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes")


def get_repository(request: ApiRequest) -> Reply:
    return Reply(shapes.repository(request.world, request.repo))


def get_contents(request: ApiRequest) -> Reply:
    """A file as base64, or a folder's list."""
    repo, path = request.repo, request.params["path"].strip("/")
    wanted = request.query.get("ref") or repo.default_branch
    commit = repo.objects.ref(f"refs/heads/{wanted}") or (wanted if repo.objects.type(wanted) == "commit" else None)
    if commit is None:
        raise RequestRefused(404, f"No commit found for the ref {wanted}")
    root = f"{request.world.api}/repos/{repo.full_name}"

    def item(entry_path: str, kind: str, sha: str, size: int | None) -> dict[str, Any]:
        url, html = f"{root}/contents/{entry_path}?ref={wanted}", f"{request.world.url}/{repo.full_name}"
        git, page = f"{root}/git/{'trees' if kind == 'dir' else 'blobs'}/{sha}", f"{html}/blob/{wanted}/{entry_path}"
        return {
            "type": kind,
            "size": size or 0,
            "name": entry_path.rsplit("/", 1)[-1],
            "path": entry_path,
            "sha": sha,
            "url": url,
            "git_url": git,
            "html_url": page,
            "download_url": None if kind == "dir" else f"{html}/raw/{wanted}/{entry_path}",
            "_links": {"self": url, "git": git, "html": page},
        }

    entries = repo.objects.tree(commit, path=path) if path else []
    if path and not entries:
        raise not_found()
    if path and entries[0].type == "blob":
        entry = entries[0]
        content = base64.encodebytes(repo.objects.blob(entry.sha)).decode()
        own = item(path, "file", entry.sha, entry.size) | {"encoding": "base64", "content": content}
        return Reply(own)
    below = repo.objects.tree(commit, path=f"{path}/" if path else "")
    kinds = {"blob": "file", "tree": "dir", "commit": "submodule"}
    return Reply([item(e.path, kinds[e.type], e.sha, e.size) for e in below])


def get_permission(request: ApiRequest) -> Reply:
    """What a person may do; somebody GitHub does not know is 404."""
    account = request.world.accounts.get(request.params["username"].lower())
    if account is None:
        raise not_found()
    permission = request.repo.permission(account.login)
    order = ("pull", "triage", "push", "maintain", "admin")
    rank = {"none": 0, "read": 1, "write": 3, "admin": 5}[permission]
    user = shapes.user(request.world, account) | {
        "permissions": {name: place < rank for place, name in enumerate(order)},
        "role_name": shapes.ROLES[permission],
    }
    return Reply({"permission": permission, "role_name": shapes.ROLES[permission], "user": user})


def list_labels(request: ApiRequest) -> Reply:
    return Reply([shapes.label(request.world, request.repo, it) for it in request.repo.labels.values()], pages="")


def get_label(request: ApiRequest) -> Reply:
    it = request.repo.labels.get(request.params["name"].lower())
    if it is None:
        raise not_found()
    return Reply(shapes.label(request.world, request.repo, it))


def create_label(request: ApiRequest) -> Reply:
    name = request.text("name", "Label")
    if name.lower() in request.repo.labels:
        raise invalid("Label", "name", "already_exists")
    color = str(request.body.get("color") or "ededed")
    if len(color) != 6 or set(color.lower()) - set("0123456789abcdef"):
        raise invalid("Label", "color", "invalid")
    description = str(request.body.get("description") or "")
    if len(description) > 100:
        raise invalid("Label", "description", "custom", "description is too long (maximum is 100 characters)")
    it = request.actions.ensure_label(request.repo, name, color, description)
    return Reply(shapes.label(request.world, request.repo, it), 201)


def list_issues(request: ApiRequest) -> Reply:
    state, wanted = request.query.get("state", "open"), request.query.get("labels", "")
    labels = {name.strip().lower() for name in wanted.split(",") if name.strip()}
    found = [
        it
        for it in sorted(request.repo.issues.values(), key=lambda i: -i.number)
        if state in ("all", it.state) and labels <= {n.lower() for n in it.labels}
    ]
    return Reply([shapes.issue(request.world, request.repo, it) for it in found], pages="")


def get_issue(request: ApiRequest) -> Reply:
    return Reply(shapes.issue(request.world, request.repo, request.issue()))


def create_issue(request: ApiRequest) -> Reply:
    title = request.text("title", "Issue")
    it = request.actions.open_issue(request.repo, request.actor, title, str(request.body.get("body") or ""))
    for name in request.body.get("labels") or []:
        request.actions.label(request.repo, it, name if isinstance(name, str) else name["name"], request.actor)
    return Reply(shapes.issue(request.world, request.repo, it), 201)


def update_issue(request: ApiRequest) -> Reply:
    it, body = request.issue(), request.body
    if body.get("state", "open") not in ("open", "closed"):
        raise invalid("Issue", "state", "invalid")
    request.actions.edit(request.repo, it, body.get("title"), body.get("body"), request.actor)
    if "labels" in body:
        wanted = [n if isinstance(n, str) else n["name"] for n in body["labels"]]
        for name in [n for n in it.labels if n.lower() not in {w.lower() for w in wanted}]:
            request.actions.unlabel(request.repo, it, name, request.actor)
        for name in wanted:
            request.actions.label(request.repo, it, name, request.actor)
    if "state" in body:
        request.actions.set_state(request.repo, it, body["state"], request.actor)
    return Reply(shapes.issue(request.world, request.repo, it))


def _text(request: ApiRequest) -> str:
    text = request.text("body", "IssueComment")
    if len(text) > 65_536:
        raise invalid("IssueComment", "body", "unprocessable", "body is too long (maximum is 65536 characters)")
    return text


def list_comments(request: ApiRequest) -> Reply:
    it = request.issue()
    return Reply([shapes.comment(request.world, request.repo, it, own) for own in it.comments], pages="")


def create_comment(request: ApiRequest) -> Reply:
    it = request.issue()
    if it.locked and request.repo.permission(request.actor.login) not in ("write", "admin"):
        raise RequestRefused(403, "Unable to create comment because issue is locked.")
    own = request.actions.comment(request.repo, it, _text(request), request.actor)
    return Reply(shapes.comment(request.world, request.repo, it, own), 201)


def _comment(request: ApiRequest) -> tuple[DemoIssue, DemoComment]:
    wanted = request.number("comment_id")
    for it in request.repo.issues.values():
        for own in it.comments:
            if own.id == wanted:
                return it, own
    raise not_found()


def get_comment(request: ApiRequest) -> Reply:
    return Reply(shapes.comment(request.world, request.repo, *_comment(request)))


def update_comment(request: ApiRequest) -> Reply:
    it, own = _comment(request)
    request.actions.edit_comment(request.repo, it, own, _text(request), request.actor)
    return Reply(shapes.comment(request.world, request.repo, it, own))


def list_issue_labels(request: ApiRequest) -> Reply:
    return Reply(
        [shapes.label(request.world, request.repo, request.repo.labels[n.lower()]) for n in request.issue().labels],
        pages="",
    )


def add_labels(request: ApiRequest) -> Reply:
    it = request.issue()
    for name in request.body.get("labels") or []:
        request.actions.label(request.repo, it, name if isinstance(name, str) else name["name"], request.actor)
    return Reply([shapes.label(request.world, request.repo, request.repo.labels[n.lower()]) for n in it.labels])


def remove_label(request: ApiRequest) -> Reply:
    it = request.issue()
    if not request.actions.unlabel(request.repo, it, request.params["name"], request.actor):
        raise RequestRefused(404, "Label does not exist")
    return Reply([shapes.label(request.world, request.repo, request.repo.labels[n.lower()]) for n in it.labels])


def _react(request: ApiRequest, given: list[tuple[int, str, str]]) -> Reply:
    content = request.text("content", "Reaction")
    if content not in REACTIONS:
        raise invalid("Reaction", "content", "invalid")
    had = next((r for r in given if r[1:] == (request.actor.login, content)), None)
    own = had or (next(request.world.ids), request.actor.login, content)
    if had is None:
        given.append(own)
    shape = {
        "id": own[0],
        "node_id": shapes.node("Reaction", own[0]),
        "user": shapes.user(request.world, request.actor),
        "content": content,
        "created_at": shapes.stamp(request.repo.created),
    }
    return Reply(shape, 200 if had else 201)


def react_to_issue(request: ApiRequest) -> Reply:
    return _react(request, request.issue().reactions)


def react_to_comment(request: ApiRequest) -> Reply:
    return _react(request, _comment(request)[1].reactions)


OPERATIONS = (
    Operation("GET", R, "metadata:read", get_repository),
    Operation("GET", f"{R}/contents/{{path}}", "contents:read", get_contents),
    Operation("GET", f"{R}/collaborators/{{username}}/permission", "metadata:read", get_permission),
    Operation("GET", f"{R}/labels", READ, list_labels),
    Operation("POST", f"{R}/labels", WRITE, create_label),
    Operation("GET", f"{R}/labels/{{name}}", READ, get_label),
    Operation("GET", f"{R}/issues", "issues:read", list_issues),
    Operation("POST", f"{R}/issues", "issues:write", create_issue),
    Operation("GET", f"{R}/issues/comments/{{comment_id}}", READ, get_comment),
    Operation("PATCH", f"{R}/issues/comments/{{comment_id}}", WRITE, update_comment),
    Operation("POST", f"{R}/issues/comments/{{comment_id}}/reactions", WRITE, react_to_comment),
    Operation("GET", f"{R}/issues/{{issue_number}}", READ, get_issue),
    Operation("PATCH", f"{R}/issues/{{issue_number}}", WRITE, update_issue),
    Operation("GET", f"{R}/issues/{{issue_number}}/comments", READ, list_comments),
    Operation("POST", f"{R}/issues/{{issue_number}}/comments", WRITE, create_comment),
    Operation("GET", f"{R}/issues/{{issue_number}}/labels", READ, list_issue_labels),
    Operation("POST", f"{R}/issues/{{issue_number}}/labels", WRITE, add_labels),
    Operation("DELETE", f"{R}/issues/{{issue_number}}/labels/{{name}}", WRITE, remove_label),
    Operation("POST", f"{R}/issues/{{issue_number}}/reactions", WRITE, react_to_issue),
)
