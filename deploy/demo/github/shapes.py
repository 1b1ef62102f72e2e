"""The stand-in's state in GitHub's JSON: every property that GitHub's description requires, no more than needed."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

from deploy.demo.github.objects import CommitObject, Signature
from deploy.demo.github.state import (
    DemoAccount,
    DemoApp,
    DemoCheckRun,
    DemoComment,
    DemoDelivery,
    DemoInstallation,
    DemoIssue,
    DemoLabel,
    DemoRepository,
    World,
)

Json = dict[str, Any]
# GitHub's templates of a repository's addresses, below /repos/{owner}/{repo}
BELOW = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}
ROLES = {"admin": "admin", "write": "write", "read": "read", "none": ""}


def stamp(moment: datetime | None) -> str | None:
    """A time as GitHub writes it."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def node(kind: str, number: int) -> str:
    """A node id; opaque to everyone."""
    return base64.b64encode(f"0:{kind}{number}".encode()).decode()


def user(world: World, account: DemoAccount) -> Json:
    """`simple-user`."""
    url = f"{world.api}/users/{account.login}"
    tails: tuple[str, ...] = ("events{/privacy}", "followers", "following{/other_user}", "gists{/gist_id}", "orgs")
    keys: tuple[str, ...] = ("events_url", "followers_url", "following_url", "gists_url", "organizations_url")
    tails += ("received_events", "repos", "starred{/owner}{/repo}", "subscriptions")
    keys += ("received_events_url", "repos_url", "starred_url", "subscriptions_url")
    return {
        "login": account.login,
        "id": account.id,
        "node_id": node("User", account.id),
        "avatar_url": f"{world.url}/avatars/{account.id}",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{world.url}/{account.login.removesuffix('[bot]')}",
        **{key: f"{url}/{tail}" for key, tail in zip(keys, tails, strict=True)},
        "type": account.type,
        "site_admin": False,
    }


def public_user(world: World, account: DemoAccount) -> Json:
    """`public-user`, as `GET /user` and `GET /users/{username}` give it to an App."""
    empty = ("bio", "blog", "company", "email", "hireable", "location", "name")
    return {
        **user(world, account),
        **dict.fromkeys(empty),
        "followers": 0,
        "following": 0,
        "public_gists": 0,
        "public_repos": 0,
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
    }


def repository(world: World, it: DemoRepository, permission: str = "") -> Json:
    """`full-repository`, which is also a `repository`; `permission` adds what the asker may do."""
    url, html = f"{world.api}/repos/{it.full_name}", f"{world.url}/{it.full_name}"
    opened = sum(1 for i in it.issues.values() if i.state == "open")
    shape: Json = {
        "id": it.id,
        "node_id": node("Repository", it.id),
        "name": it.name,
        "full_name": it.full_name,
        "owner": user(world, it.owner),
        "private": it.private,
        "html_url": html,
        "description": None,
        "fork": False,
        "url": url,
        **{key: url + tail for key, tail in BELOW.items()},
        "clone_url": f"{html}.git",
        "git_url": f"git:{html.split(':', 1)[1]}.git",
        "ssh_url": f"git@localhost:{it.full_name}.git",
        "svn_url": html,
        "mirror_url": None,
        "homepage": None,
        "language": "Python",
        "license": None,
        "default_branch": it.default_branch,
        "visibility": "private" if it.private else "public",
        "archived": it.archived,
        "disabled": False,
        "topics": [],
        "is_template": False,
        "web_commit_signoff_required": False,
        "allow_forking": True,
        "created_at": stamp(it.created),
        "updated_at": stamp(it.created),
        "pushed_at": stamp(it.created),
    }
    shape |= dict.fromkeys(("has_issues", "has_downloads"), True)
    shape |= dict.fromkeys(("has_projects", "has_wiki", "has_pages", "has_discussions"), False)
    shape |= dict.fromkeys(("forks", "forks_count", "size", "stargazers_count", "watchers"), 0)
    shape |= dict.fromkeys(("watchers_count", "network_count", "subscribers_count"), 0)
    shape |= dict.fromkeys(("open_issues", "open_issues_count"), opened)
    if permission:
        order = ("pull", "triage", "push", "maintain", "admin")
        rank = {"none": 0, "read": 1, "write": 3, "admin": 5}[permission]
        shape["permissions"] = {name: position < rank for position, name in enumerate(order)}
    return shape


def label(world: World, repo: DemoRepository, it: DemoLabel) -> Json:
    """`label`."""
    return {
        "id": it.id,
        "node_id": node("Label", it.id),
        "url": f"{world.api}/repos/{repo.full_name}/labels/{it.name.replace(' ', '%20')}",
        "name": it.name,
        "color": it.color,
        "default": False,
        "description": it.description or None,
    }


def association(repo: DemoRepository, account: DemoAccount) -> str:
    """OWNER, COLLABORATOR or NONE, of an author."""
    if account.login == repo.owner.login:
        return "OWNER"
    return "COLLABORATOR" if account.login in repo.people else "NONE"


def reactions(url: str, given: list[tuple[int, str, str]]) -> Json:
    """`reaction-rollup`."""
    words = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")
    counts = {word: sum(1 for _, _, content in given if content == word) for word in words}
    return {"url": f"{url}/reactions", "total_count": len(given), **counts}


def issue(world: World, repo: DemoRepository, it: DemoIssue) -> Json:
    """`issue`; a pull request seen as an issue has `pull_request`."""
    root = f"{world.api}/repos/{repo.full_name}"
    url = f"{root}/issues/{it.number}"
    page = f"{world.url}/{repo.full_name}/{'pull' if it.pull else 'issues'}/{it.number}"
    shape = {
        "id": it.id,
        "node_id": node("Issue", it.id),
        "number": it.number,
        "title": it.title,
        "body": it.body,
        "user": user(world, it.author),
        "state": it.state,
        "state_reason": "completed" if it.state == "closed" else None,
        "locked": it.locked,
        "active_lock_reason": None,
        "labels": [label(world, repo, repo.labels[n.lower()]) for n in it.labels],
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "comments": len(it.comments),
        "created_at": stamp(it.created),
        "updated_at": stamp(it.updated),
        "closed_at": stamp(it.closed),
        "author_association": association(repo, it.author),
        "reactions": reactions(url, it.reactions),
        "url": url,
        "repository_url": root,
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "html_url": page,
    }
    if it.pull:
        merged = {"url": f"{root}/pulls/{it.number}", "html_url": page, "diff_url": f"{page}.diff"}
        shape["pull_request"] = merged | {"patch_url": f"{page}.patch", "merged_at": stamp(it.pull.merged_at)}
    return shape


def comment(world: World, repo: DemoRepository, on: DemoIssue, it: DemoComment) -> Json:
    """`issue-comment`."""
    url = f"{world.api}/repos/{repo.full_name}/issues/comments/{it.id}"
    page = f"{world.url}/{repo.full_name}/{'pull' if on.pull else 'issues'}/{on.number}"
    return {
        "id": it.id,
        "node_id": node("IssueComment", it.id),
        "url": url,
        "html_url": f"{page}#issuecomment-{it.id}",
        "issue_url": f"{world.api}/repos/{repo.full_name}/issues/{on.number}",
        "user": user(world, it.author),
        "body": it.body,
        "created_at": stamp(it.created),
        "updated_at": stamp(it.updated),
        "author_association": association(repo, it.author),
        "performed_via_github_app": None,
        "reactions": reactions(url, it.reactions),
    }


def signature(it: Signature) -> Json:
    """Who and when of a commit."""
    moment = datetime.fromtimestamp(int(it.date.split()[0]), UTC)
    return {"name": it.name, "email": it.email, "date": stamp(moment)}


def commit(world: World, repo: DemoRepository, it: CommitObject) -> Json:
    """`git-commit`. What the App committed without naming an author counts as signed by GitHub."""
    root, html = f"{world.api}/repos/{repo.full_name}/git", f"{world.url}/{repo.full_name}/commit"
    signed = it.author.name == world.bot.login
    return {
        "sha": it.sha,
        "node_id": node("Commit", int(it.sha[:8], 16)),
        "url": f"{root}/commits/{it.sha}",
        "html_url": f"{html}/{it.sha}",
        "author": signature(it.author),
        "committer": signature(it.committer),
        "tree": {"sha": it.tree, "url": f"{root}/trees/{it.tree}"},
        "message": it.message.rstrip("\n"),
        "parents": [{"sha": p, "url": f"{root}/commits/{p}", "html_url": f"{html}/{p}"} for p in it.parents],
        "verification": {
            "verified": signed,
            "reason": "valid" if signed else "unsigned",
            "signature": None,
            "payload": None,
            "verified_at": None,
        },
    }


def app(world: World, it: DemoApp) -> Json:
    """`integration`."""
    owner = next(iter(world.accounts.values()), world.bot)
    return {
        "id": it.id,
        "slug": it.slug,
        "node_id": node("Integration", it.id),
        "client_id": it.client_id,
        "owner": user(world, owner),
        "name": it.name,
        "description": None,
        "external_url": world.url,
        "html_url": f"{world.url}/apps/{it.slug}",
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
        "permissions": it.permissions,
        "events": list(it.events),
        "installations_count": len(world.installations),
    }


def installation(world: World, it: DemoInstallation) -> Json:
    """`installation`."""
    return {
        "id": it.id,
        "account": user(world, it.account),
        "repository_selection": "selected",
        "access_tokens_url": f"{world.api}/app/installations/{it.id}/access_tokens",
        "repositories_url": f"{world.api}/installation/repositories",
        "html_url": f"{world.url}/settings/installations/{it.id}",
        "app_id": world.app.id,
        "client_id": world.app.client_id,
        "app_slug": world.app.slug,
        "target_id": it.account.id,
        "target_type": it.account.type,
        "permissions": it.permissions,
        "events": list(world.app.events),
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "created_at": stamp(it.created),
        "updated_at": stamp(it.created),
        "suspended_by": user(world, it.account) if it.suspended else None,
        "suspended_at": stamp(it.suspended),
    }


def check_run(world: World, repo: DemoRepository, it: DemoCheckRun) -> Json:
    """`check-run`."""
    root, given = f"{world.api}/repos/{repo.full_name}", it.fields
    done = "conclusion" in given
    output = given.get("output", {})
    return {
        "id": it.id,
        "node_id": node("CheckRun", it.id),
        "head_sha": it.head_sha,
        "external_id": given.get("external_id", ""),
        "name": given["name"],
        "url": f"{root}/check-runs/{it.id}",
        "html_url": f"{world.url}/{repo.full_name}/runs/{it.id}",
        "details_url": given.get("details_url", f"{world.url}/{repo.full_name}/runs/{it.id}"),
        "status": "completed" if done else given.get("status", "queued"),
        "conclusion": given.get("conclusion"),
        "started_at": given.get("started_at", stamp(it.started)),
        "completed_at": given.get("completed_at", stamp(it.started)) if done else None,
        "output": {
            "title": output.get("title"),
            "summary": output.get("summary"),
            "text": output.get("text"),
            "annotations_count": len(output.get("annotations", [])),
            "annotations_url": f"{root}/check-runs/{it.id}/annotations",
        },
        "check_suite": {"id": it.id},
        "app": app(world, world.app) | ({"id": 15368, "slug": it.other, "name": it.other} if it.other else {}),
        "pull_requests": [],
    }


def delivery(it: DemoDelivery, installation: int | None, repository: int | None) -> Json:
    """`hook-delivery-item`."""
    return {
        "id": it.id,
        "guid": it.guid,
        "delivered_at": stamp(it.delivered),
        "redelivery": it.redelivery,
        "duration": round(it.seconds, 2),
        "status": it.status,
        "status_code": it.status_code,
        "event": it.event,
        "action": it.payload.get("action"),
        "installation_id": installation,
        "repository_id": repository,
        "throttled_at": None,
    }
