"""GitHub's JSON as our values: only the fields used are looked at, whatever else a server sends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workers.github.types import (
    FailedCheck,
    RemoteComment,
    RemoteCommit,
    RemoteIssue,
    RemotePull,
    RemoteRepository,
    ReviewComment,
)

Json = Mapping[str, Any]


def _login(thing: Json, key: str = "user") -> str:
    """The login of an account; "ghost" is what GitHub shows for a deleted one."""
    return str((thing.get(key) or {}).get("login") or "ghost")


def read_repository(r: Json) -> RemoteRepository:
    """From `GET /repos/{owner}/{repo}`."""
    return RemoteRepository(
        id=int(r["id"]),
        full_name=str(r["full_name"]),
        default_branch=str(r["default_branch"]),
        clone_url=str(r["clone_url"]),
        html_url=str(r["html_url"]),
        private=bool(r.get("private")),
        archived=bool(r.get("archived")),
        disabled=bool(r.get("disabled")),
    )


def read_issue(i: Json) -> RemoteIssue:
    """From `GET /repos/{owner}/{repo}/issues/{number}`; a pull request carries the key `pull_request`."""
    labels = (one if isinstance(one, str) else str(one.get("name") or "") for one in i.get("labels") or ())
    return RemoteIssue(
        number=int(i["number"]),
        title=str(i.get("title") or ""),
        body=str(i.get("body") or ""),
        author=_login(i),
        association=str(i.get("author_association") or "NONE"),
        state="open" if i.get("state") == "open" else "closed",
        locked=bool(i.get("locked")),
        is_pull_request=i.get("pull_request") is not None,
        labels=tuple(labels),
        html_url=str(i.get("html_url") or ""),
    )


def read_comment(c: Json, app_id: str) -> RemoteComment:
    """From an issue's comments. Ours are written by a bot, through this App where GitHub tells which."""
    is_bot = (c.get("user") or {}).get("type") == "Bot"
    via = c.get("performed_via_github_app")
    return RemoteComment(
        id=int(c["id"]),
        author=_login(c),
        association=str(c.get("author_association") or "NONE"),
        body=str(c.get("body") or ""),
        is_bot=is_bot,
        ours=is_bot and (not via or str(via.get("id")) == str(app_id)),
        html_url=str(c.get("html_url") or ""),
    )


def read_commit(c: Json) -> RemoteCommit:
    """From `GET` or `POST /repos/{owner}/{repo}/git/commits`."""
    parents = tuple(str(p["sha"]) for p in c.get("parents") or ())
    return RemoteCommit(str(c["sha"]), str(c["tree"]["sha"]), str(c.get("message") or ""), parents)


def read_pull(p: Json) -> RemotePull:
    """From a pull request; a deleted fork leaves `head.repo` null."""
    head, base = p["head"], p["base"]
    return RemotePull(
        number=int(p["number"]),
        state="open" if p.get("state") == "open" else "closed",
        merged=bool(p.get("merged_at") or p.get("merged")),
        draft=bool(p.get("draft")),
        title=str(p.get("title") or ""),
        body=str(p.get("body") or ""),
        head_branch=str(head["ref"]),
        head_sha=str(head["sha"]),
        head_repository_id=int((head.get("repo") or {}).get("id") or 0),
        base_branch=str(base["ref"]),
        html_url=str(p.get("html_url") or ""),
    )


def read_line(c: Json) -> ReviewComment:
    """From a review's comments."""
    return ReviewComment(
        id=int(c["id"]),
        author=_login(c),
        association=str(c.get("author_association") or "NONE"),
        body=str(c.get("body") or ""),
        path=str(c.get("path") or ""),
        line=int(c.get("line") or c.get("original_line") or 0),
        hunk=str(c.get("diff_hunk") or ""),
    )


def read_check(r: Json) -> FailedCheck:
    """From a check run."""
    output = r.get("output") or {}
    return FailedCheck(
        name=str(r.get("name") or "check"),
        title=str(output.get("title") or ""),
        summary=str(output.get("summary") or ""),
        html_url=str(r.get("html_url") or r.get("details_url") or ""),
    )
