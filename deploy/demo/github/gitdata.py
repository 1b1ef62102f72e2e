"""Operations on git references, blobs, trees and commits: the Git Data API, with true SHA-1s."""

# ruff: noqa: D103 - each function is the operation GitHub has by that name; numbers are GitHub's
from __future__ import annotations

import base64
import binascii
import re
from datetime import datetime
from typing import Any

from deploy.demo.github import rules, shapes
from deploy.demo.github.objects import NoSuchObject, Signature
from deploy.demo.github.request import ApiRequest, Operation, Reply, RequestRefused, invalid, not_found
from deploy.demo.github.state import now

R = "/repos/{owner}/{repo}/git"
SHA = re.compile(r"[0-9a-f]{40}")
MODES = {"100644": "blob", "100755": "blob", "120000": "blob", "040000": "tree", "160000": "commit"}


def _ref(request: ApiRequest, name: str, sha: str) -> dict[str, Any]:
    root = f"{request.world.api}/repos/{request.repo.full_name}/git"
    kind = request.repo.objects.type(sha) or "commit"
    return {
        "ref": name,
        "node_id": shapes.node("Ref", int(sha[:8], 16)),
        "url": f"{root}/{name}",
        "object": {"type": kind, "sha": sha, "url": f"{root}/{kind}s/{sha}"},
    }


def _commit_sha(request: ApiRequest) -> str:
    sha = request.text("sha", "Reference")
    if not SHA.fullmatch(sha):
        raise RequestRefused(422, "The sha parameter must be exactly 40 characters and contain only [0-9a-f].")
    if request.repo.objects.type(sha) != "commit":
        raise RequestRefused(422, "Object does not exist")
    return sha


def _guard_workflows(request: ApiRequest, before: str | None, after: str) -> None:
    """A reference may not start to show other workflow files unless the token may write workflows."""
    if request.token is None or request.token.person or request.token.permissions.get("workflows") == "write":
        return
    own = request.repo.objects
    base = before or own.ref(f"refs/heads/{request.repo.default_branch}")
    had = set(own.tree(base, path=".github/workflows/")) if base else set()
    if set(own.tree(after, path=".github/workflows/")) - had:
        raise RequestRefused(403, "Resource not accessible by integration")


def get_ref(request: ApiRequest) -> Reply:
    name = f"refs/{request.params['ref']}"
    sha = request.repo.objects.ref(name)
    if sha is None:
        raise not_found()
    return Reply(_ref(request, name, sha))


def matching_refs(request: ApiRequest) -> Reply:
    return Reply([_ref(request, *it) for it in request.repo.objects.refs(f"refs/{request.params['ref']}")])


def create_ref(request: ApiRequest) -> Reply:
    name = request.text("ref", "Reference")
    if not re.fullmatch(r"refs/[\w.\-]+/[\w./\-]+", name):
        raise RequestRefused(422, f"{name} is not a valid ref name.")
    sha = _commit_sha(request)
    if request.repo.objects.ref(name):
        raise RequestRefused(422, "Reference already exists")
    rules.check_creation(request.repo, name.removeprefix("refs/heads/"))
    others = [other for other, _ in request.repo.objects.refs("refs/heads/")]
    if any(name.startswith(f"{other}/") or other.startswith(f"{name}/") for other in others):
        raise RequestRefused(422, "Reference update failed")
    _guard_workflows(request, None, sha)
    request.repo.objects.set_ref(name, sha)
    request.actions.push(request.repo, name, None, sha, request.actor)
    return Reply(_ref(request, name, sha), 201)


def update_ref(request: ApiRequest) -> Reply:
    name, sha = f"refs/{request.params['ref']}", _commit_sha(request)
    before = request.repo.objects.ref(name)
    if before is None:
        raise RequestRefused(422, "Reference does not exist")
    if not request.body.get("force") and not request.repo.objects.contains(before, sha):
        raise RequestRefused(422, "Update is not a fast forward")
    _guard_workflows(request, before, sha)
    request.repo.objects.set_ref(name, sha)
    if before != sha:
        request.actions.push(request.repo, name, before, sha, request.actor)
    return Reply(_ref(request, name, sha))


def delete_ref(request: ApiRequest) -> Reply:
    name = f"refs/{request.params['ref']}"
    before = request.repo.objects.ref(name)
    if before is None:
        raise RequestRefused(422, "Reference does not exist")
    request.repo.objects.delete_ref(name)
    request.actions.push(request.repo, name, before, None, request.actor)
    return Reply(status=204)


def get_blob(request: ApiRequest) -> Reply:
    sha = request.params["file_sha"]
    if request.repo.objects.type(sha) != "blob":
        raise not_found()
    content = request.repo.objects.blob(sha)
    shape = {
        "sha": sha,
        "node_id": shapes.node("Blob", int(sha[:8], 16)),
        "url": f"{request.world.api}/repos/{request.repo.full_name}/git/blobs/{sha}",
        "size": len(content),
        "encoding": "base64",
        "content": base64.encodebytes(content).decode(),
    }
    return Reply(shape)


def create_blob(request: ApiRequest) -> Reply:
    text, encoding = request.body.get("content"), request.body.get("encoding", "utf-8")
    if not isinstance(text, str):
        raise RequestRefused(422, 'Invalid request.\n\n"content" wasn\'t supplied.')
    try:
        content = base64.b64decode(text, validate=False) if encoding == "base64" else text.encode()
    except binascii.Error as error:
        raise RequestRefused(422, "content is not valid Base64") from error
    sha = request.repo.objects.add_blob(content)
    return Reply({"sha": sha, "url": f"{request.world.api}/repos/{request.repo.full_name}/git/blobs/{sha}"}, 201)


def _tree(request: ApiRequest, sha: str, *, recursive: bool) -> dict[str, Any]:
    root = f"{request.world.api}/repos/{request.repo.full_name}/git"
    entries = []
    for entry in request.repo.objects.tree(sha, recursive=recursive):
        shape = {"path": entry.path, "mode": entry.mode, "type": entry.type, "sha": entry.sha}
        shape["url"] = f"{root}/{entry.type}s/{entry.sha}"
        entries.append(shape | ({} if entry.size is None else {"size": entry.size}))
    return {"sha": sha, "url": f"{root}/trees/{sha}", "tree": entries, "truncated": False}


def get_tree(request: ApiRequest) -> Reply:
    own, wanted = request.repo.objects, request.params["tree_sha"]
    commit = own.ref(f"refs/heads/{wanted}") or wanted
    kind = own.type(commit)
    if kind not in ("tree", "commit"):
        raise not_found()
    sha = own.commit(commit).tree if kind == "commit" else commit
    return Reply(_tree(request, sha, recursive="recursive" in request.query))


def create_tree(request: ApiRequest) -> Reply:
    own, entries = request.repo.objects, []
    for item in request.body.get("tree") or []:
        path, mode = item.get("path", ""), item.get("mode", "")
        parts = path.split("/")
        if not path or any(p in ("", ".", "..") or p.lower() == ".git" for p in parts):
            raise RequestRefused(422, "tree.path contains a malformed path component")
        if mode not in MODES:
            raise RequestRefused(422, "tree.mode must be one of 040000, 100644, 100755, 120000, 160000")
        allowed = request.token is None or request.token.person or request.token.permissions.get("workflows") == "write"
        if path.startswith(".github/workflows/") and not allowed:
            raise RequestRefused(403, "Resource not accessible by integration")
        if "content" in item:
            sha: str | None = own.add_blob(item["content"].encode())
        elif "sha" in item:
            sha = item["sha"]
            if sha is not None and own.type(sha) is None:
                raise RequestRefused(422, f"tree.sha {sha} is not a valid {MODES[mode]}")
        else:
            raise RequestRefused(422, "Must supply either tree.sha or tree.content")
        entries.append((path, mode, sha))
    if not entries:
        raise RequestRefused(422, "Invalid tree info")
    base = request.body.get("base_tree")
    if base is not None and own.type(base) not in ("tree", "commit"):
        raise RequestRefused(422, "base_tree is not a valid tree oid")
    try:
        sha = own.add_tree(entries, base)
    except NoSuchObject as error:
        raise RequestRefused(422, f"Invalid tree info: {error}") from error
    return Reply(_tree(request, sha, recursive=False), 201)


def get_commit(request: ApiRequest) -> Reply:
    sha = request.params["commit_sha"]
    if request.repo.objects.type(sha) != "commit":
        raise not_found()
    return Reply(shapes.commit(request.world, request.repo, request.repo.objects.commit(sha)))


def create_commit(request: ApiRequest) -> Reply:
    own, message = request.repo.objects, request.text("message", "Commit")
    tree, parents = request.text("tree", "Commit"), request.body.get("parents") or []
    if own.type(tree) != "tree":
        raise RequestRefused(422, "Tree SHA does not exist")
    if any(own.type(p) != "commit" for p in parents):
        raise RequestRefused(422, "Parent SHA does not exist or is not a commit object")

    def person(given: dict[str, Any] | None) -> Signature | None:
        if given is None:
            return None
        date = given.get("date")
        moment = datetime.fromisoformat(date) if date else now()
        if not given.get("name") or not given.get("email"):
            raise invalid("Commit", "author", "missing_field")
        return Signature(given["name"], given["email"], f"{int(moment.timestamp())} +0000")

    at = f"{int(now().timestamp())} +0000"
    who = Signature(request.actor.login, f"{request.actor.id}+{request.actor.login}@users.noreply.github.com", at)
    author = person(request.body.get("author"))
    committer = person(request.body.get("committer")) or author or Signature("GitHub", "noreply@github.com", at)
    sha = own.add_commit(tree, parents, message, author or who, committer)
    return Reply(shapes.commit(request.world, request.repo, own.commit(sha)), 201)


OPERATIONS = (
    Operation("GET", f"{R}/ref/{{ref}}", "contents:read", get_ref),
    Operation("GET", f"{R}/matching-refs/{{ref}}", "contents:read", matching_refs),
    Operation("POST", f"{R}/refs", "contents:write", create_ref),
    Operation("PATCH", f"{R}/refs/{{ref}}", "contents:write", update_ref),
    Operation("DELETE", f"{R}/refs/{{ref}}", "contents:write", delete_ref),
    Operation("POST", f"{R}/blobs", "contents:write", create_blob),
    Operation("GET", f"{R}/blobs/{{file_sha}}", "contents:read", get_blob),
    Operation("POST", f"{R}/trees", "contents:write", create_tree),
    Operation("GET", f"{R}/trees/{{tree_sha}}", "contents:read", get_tree),
    Operation("POST", f"{R}/commits", "contents:write", create_commit),
    Operation("GET", f"{R}/commits/{{commit_sha}}", "contents:read", get_commit),
)
