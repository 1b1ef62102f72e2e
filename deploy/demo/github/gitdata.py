"""Operations on git references, blobs, trees and commits: the Git Data API, with true SHA-1s."""

# ruff: noqa: D103 - each function is the operation GitHub has by that name; numbers are GitHub's
from __future__ import annotations

import base64
import binascii
import re
from datetime import datetime
from typing import Any

from deploy.demo.github import shapes
from deploy.demo.github.objects import NoSuchObject, Signature
from deploy.demo.github.request import ApiRequest, Operation, Reply, RequestRefused, invalid, not_found
from deploy.demo.github.state import now

R = "/repos/{owner}/{repo}/git"
SHA = re.compile(r"[0-9a-f]{40}")
MODES = {"100644": "blob", "100755": "blob", "120000": "blob", "040000": "tree", "160000": "commit"}


def _ref(ask: ApiRequest, name: str, sha: str) -> dict[str, Any]:
    root = f"{ask.world.api}/repos/{ask.repo.full_name}/git"
    kind = ask.repo.objects.type(sha) or "commit"
    return {
        "ref": name,
        "node_id": shapes.node("Ref", int(sha[:8], 16)),
        "url": f"{root}/{name}",
        "object": {"type": kind, "sha": sha, "url": f"{root}/{kind}s/{sha}"},
    }


def _commit_sha(ask: ApiRequest) -> str:
    sha = ask.text("sha", "Reference")
    if not SHA.fullmatch(sha):
        raise RequestRefused(422, "The sha parameter must be exactly 40 characters and contain only [0-9a-f].")
    if ask.repo.objects.type(sha) != "commit":
        raise RequestRefused(422, "Object does not exist")
    return sha


def _guard_workflows(ask: ApiRequest, before: str | None, after: str) -> None:
    """A reference may not start to show other workflow files unless the token may write workflows."""
    if ask.token is None or ask.token.person or ask.token.permissions.get("workflows") == "write":
        return
    own = ask.repo.objects
    base = before or own.ref(f"refs/heads/{ask.repo.default_branch}")
    had = set(own.tree(base, path=".github/workflows/")) if base else set()
    if set(own.tree(after, path=".github/workflows/")) - had:
        raise RequestRefused(403, "Resource not accessible by integration")


def get_ref(ask: ApiRequest) -> Reply:
    name = f"refs/{ask.params['ref']}"
    sha = ask.repo.objects.ref(name)
    if sha is None:
        raise not_found()
    return Reply(_ref(ask, name, sha))


def matching_refs(ask: ApiRequest) -> Reply:
    return Reply([_ref(ask, *it) for it in ask.repo.objects.refs(f"refs/{ask.params['ref']}")])


def create_ref(ask: ApiRequest) -> Reply:
    name = ask.text("ref", "Reference")
    if not re.fullmatch(r"refs/[\w.\-]+/[\w./\-]+", name):
        raise RequestRefused(422, f"{name} is not a valid ref name.")
    sha = _commit_sha(ask)
    if ask.repo.objects.ref(name):
        raise RequestRefused(422, "Reference already exists")
    _guard_workflows(ask, None, sha)
    ask.repo.objects.set_ref(name, sha)
    ask.deeds.push(ask.repo, name, None, sha, ask.actor)
    return Reply(_ref(ask, name, sha), 201)


def update_ref(ask: ApiRequest) -> Reply:
    name, sha = f"refs/{ask.params['ref']}", _commit_sha(ask)
    before = ask.repo.objects.ref(name)
    if before is None:
        raise RequestRefused(422, "Reference does not exist")
    if not ask.body.get("force") and not ask.repo.objects.contains(before, sha):
        raise RequestRefused(422, "Update is not a fast forward")
    _guard_workflows(ask, before, sha)
    ask.repo.objects.set_ref(name, sha)
    if before != sha:
        ask.deeds.push(ask.repo, name, before, sha, ask.actor)
    return Reply(_ref(ask, name, sha))


def delete_ref(ask: ApiRequest) -> Reply:
    name = f"refs/{ask.params['ref']}"
    before = ask.repo.objects.ref(name)
    if before is None:
        raise RequestRefused(422, "Reference does not exist")
    ask.repo.objects.delete_ref(name)
    ask.deeds.push(ask.repo, name, before, None, ask.actor)
    return Reply(status=204)


def get_blob(ask: ApiRequest) -> Reply:
    sha = ask.params["file_sha"]
    if ask.repo.objects.type(sha) != "blob":
        raise not_found()
    content = ask.repo.objects.blob(sha)
    shape = {
        "sha": sha,
        "node_id": shapes.node("Blob", int(sha[:8], 16)),
        "url": f"{ask.world.api}/repos/{ask.repo.full_name}/git/blobs/{sha}",
        "size": len(content),
        "encoding": "base64",
        "content": base64.encodebytes(content).decode(),
    }
    return Reply(shape)


def create_blob(ask: ApiRequest) -> Reply:
    text, encoding = ask.body.get("content"), ask.body.get("encoding", "utf-8")
    if not isinstance(text, str):
        raise RequestRefused(422, 'Invalid request.\n\n"content" wasn\'t supplied.')
    try:
        content = base64.b64decode(text, validate=False) if encoding == "base64" else text.encode()
    except binascii.Error as error:
        raise RequestRefused(422, "content is not valid Base64") from error
    sha = ask.repo.objects.add_blob(content)
    return Reply({"sha": sha, "url": f"{ask.world.api}/repos/{ask.repo.full_name}/git/blobs/{sha}"}, 201)


def _tree(ask: ApiRequest, sha: str, *, recursive: bool) -> dict[str, Any]:
    root = f"{ask.world.api}/repos/{ask.repo.full_name}/git"
    entries = []
    for entry in ask.repo.objects.tree(sha, recursive=recursive):
        shape = {"path": entry.path, "mode": entry.mode, "type": entry.type, "sha": entry.sha}
        shape["url"] = f"{root}/{entry.type}s/{entry.sha}"
        entries.append(shape | ({} if entry.size is None else {"size": entry.size}))
    return {"sha": sha, "url": f"{root}/trees/{sha}", "tree": entries, "truncated": False}


def get_tree(ask: ApiRequest) -> Reply:
    own, wanted = ask.repo.objects, ask.params["tree_sha"]
    commit = own.ref(f"refs/heads/{wanted}") or wanted
    kind = own.type(commit)
    if kind not in ("tree", "commit"):
        raise not_found()
    sha = own.commit(commit).tree if kind == "commit" else commit
    return Reply(_tree(ask, sha, recursive="recursive" in ask.query))


def create_tree(ask: ApiRequest) -> Reply:
    own, entries = ask.repo.objects, []
    for item in ask.body.get("tree") or []:
        path, mode = item.get("path", ""), item.get("mode", "")
        parts = path.split("/")
        if not path or any(p in ("", ".", "..") or p.lower() == ".git" for p in parts):
            raise RequestRefused(422, "tree.path contains a malformed path component")
        if mode not in MODES:
            raise RequestRefused(422, "tree.mode must be one of 040000, 100644, 100755, 120000, 160000")
        allowed = ask.token is None or ask.token.person or ask.token.permissions.get("workflows") == "write"
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
    base = ask.body.get("base_tree")
    if base is not None and own.type(base) not in ("tree", "commit"):
        raise RequestRefused(422, "base_tree is not a valid tree oid")
    try:
        sha = own.add_tree(entries, base)
    except NoSuchObject as error:
        raise RequestRefused(422, f"Invalid tree info: {error}") from error
    return Reply(_tree(ask, sha, recursive=False), 201)


def get_commit(ask: ApiRequest) -> Reply:
    sha = ask.params["commit_sha"]
    if ask.repo.objects.type(sha) != "commit":
        raise not_found()
    return Reply(shapes.commit(ask.world, ask.repo, ask.repo.objects.commit(sha)))


def create_commit(ask: ApiRequest) -> Reply:
    own, message = ask.repo.objects, ask.text("message", "Commit")
    tree, parents = ask.text("tree", "Commit"), ask.body.get("parents") or []
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
    who = Signature(ask.actor.login, f"{ask.actor.id}+{ask.actor.login}@users.noreply.github.com", at)
    author = person(ask.body.get("author"))
    committer = person(ask.body.get("committer")) or author or Signature("GitHub", "noreply@github.com", at)
    sha = own.add_commit(tree, parents, message, author or who, committer)
    return Reply(shapes.commit(ask.world, ask.repo, own.commit(sha)), 201)


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
