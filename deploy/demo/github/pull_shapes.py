"""Pull requests and reviews in GitHub's JSON; the rest is in `shapes`."""

from __future__ import annotations

from deploy.demo.github.objects import FileChange
from deploy.demo.github.shapes import Json, association, issue, node, reactions, repository, stamp, user
from deploy.demo.github.state import DemoComment, DemoIssue, DemoRepository, DemoReview, World


def pull(world: World, repo: DemoRepository, it: DemoIssue, changed: list[FileChange] | None) -> Json:
    """`pull-request-simple`, and with `changed` the whole `pull-request`. Raises ValueError for a plain issue."""
    if it.pull is None:
        raise ValueError(f"#{it.number} is not a pull request")
    root, page = f"{world.api}/repos/{repo.full_name}", f"{world.url}/{repo.full_name}/pull/{it.number}"
    url, own = f"{root}/pulls/{it.number}", it.pull
    whole = repository(world, repo)
    links = {
        "self": url,
        "html": page,
        "issue": f"{root}/issues/{it.number}",
        "comments": f"{root}/issues/{it.number}/comments",
        "review_comments": f"{url}/comments",
        "review_comment": f"{root}/pulls/comments{{/number}}",
        "commits": f"{url}/commits",
        "statuses": f"{root}/statuses/{own.head_sha}",
    }

    def end(ref: str, sha: str) -> Json:
        return {
            "label": f"{repo.owner.login}:{ref}",
            "ref": ref,
            "sha": sha,
            "user": user(world, repo.owner),
            "repo": whole,
        }

    seen = issue(world, repo, it)
    copied: tuple[str, ...] = (
        "id",
        "number",
        "title",
        "body",
        "user",
        "state",
        "locked",
        "active_lock_reason",
        "labels",
        "assignee",
    )
    copied += ("assignees", "milestone", "created_at", "updated_at", "closed_at", "author_association")
    shape: Json = {
        **{key: seen[key] for key in copied},
        "node_id": node("PullRequest", it.id),
        "url": url,
        "html_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "issue_url": links["issue"],
        "commits_url": links["commits"],
        "review_comments_url": links["review_comments"],
        "review_comment_url": links["review_comment"],
        "comments_url": links["comments"],
        "statuses_url": links["statuses"],
        "_links": {name: {"href": href} for name, href in links.items()},
        "head": end(own.head, own.head_sha),
        "base": end(own.base, own.base_sha),
        "draft": own.draft,
        "merged_at": stamp(own.merged_at),
        "merge_commit_sha": own.merge_sha or None,
        "auto_merge": None,
        "requested_reviewers": [],
        "requested_teams": [],
    }
    if changed is not None:
        shape |= {
            "merged": own.merged_at is not None,
            "mergeable": None if own.merged_at else True,
            "rebaseable": None,
            "mergeable_state": "unknown" if own.merged_at else "clean",
            "merged_by": None if own.merged_by is None else user(world, own.merged_by),
            "comments": len(it.comments),
            "review_comments": len(own.comments),
            "maintainer_can_modify": False,
            "commits": repo.objects.ahead(own.base_sha, own.head_sha),
            "additions": sum(c.additions for c in changed),
            "deletions": sum(c.deletions for c in changed),
            "changed_files": len(changed),
        }
    return shape


def pull_brief(world: World, repo: DemoRepository, it: DemoIssue) -> Json:
    """`pull-request-minimal`, as checks name a pull request. Raises ValueError for a plain issue."""
    if it.pull is None:
        raise ValueError(f"#{it.number} is not a pull request")
    url = f"{world.api}/repos/{repo.full_name}"
    own = {"id": repo.id, "url": url, "name": repo.name}
    return {
        "url": f"{url}/pulls/{it.number}",
        "id": it.id,
        "number": it.number,
        "head": {"ref": it.pull.head, "sha": it.pull.head_sha, "repo": own},
        "base": {"ref": it.pull.base, "sha": it.pull.base_sha, "repo": own},
    }


def pull_file(world: World, repo: DemoRepository, it: FileChange, commit: str) -> Json:
    """`diff-entry`."""
    return {
        "sha": it.sha,
        "filename": it.path,
        "status": it.status,
        "additions": it.additions,
        "deletions": it.deletions,
        "changes": it.additions + it.deletions,
        "blob_url": f"{world.url}/{repo.full_name}/blob/{commit}/{it.path}",
        "raw_url": f"{world.url}/{repo.full_name}/raw/{commit}/{it.path}",
        "contents_url": f"{world.api}/repos/{repo.full_name}/contents/{it.path}?ref={commit}",
        "patch": it.patch,
    }


def review(world: World, repo: DemoRepository, on: DemoIssue, it: DemoReview) -> Json:
    """`pull-request-review`."""
    page = f"{world.url}/{repo.full_name}/pull/{on.number}"
    url = f"{world.api}/repos/{repo.full_name}/pulls/{on.number}"
    return {
        "id": it.id,
        "node_id": node("PullRequestReview", it.id),
        "user": user(world, it.author),
        "body": it.body,
        "state": it.state,
        "html_url": f"{page}#pullrequestreview-{it.id}",
        "pull_request_url": url,
        "_links": {"html": {"href": f"{page}#pullrequestreview-{it.id}"}, "pull_request": {"href": url}},
        "submitted_at": stamp(it.submitted),
        "commit_id": it.commit,
        "author_association": association(repo, it.author),
    }


def review_comment(world: World, repo: DemoRepository, on: DemoIssue, it: DemoComment) -> Json:
    """`pull-request-review-comment`."""
    page = f"{world.url}/{repo.full_name}/pull/{on.number}#discussion_r{it.id}"
    root = f"{world.api}/repos/{repo.full_name}/pulls"
    url, parent = f"{root}/comments/{it.id}", f"{root}/{on.number}"
    shape: Json = {
        "id": it.id,
        "node_id": node("PullRequestReviewComment", it.id),
        "pull_request_review_id": it.review,
        "diff_hunk": f"@@ -{it.line},1 +{it.line},1 @@",
        "path": it.path,
        "position": 1,
        "original_position": 1,
        "line": it.line,
        "original_line": it.line,
        "side": "RIGHT",
        "subject_type": "line",
        "commit_id": it.commit,
        "original_commit_id": it.commit,
        "user": user(world, it.author),
        "body": it.body,
        "created_at": stamp(it.created),
        "updated_at": stamp(it.updated),
        "author_association": association(repo, it.author),
        "url": url,
        "html_url": page,
        "pull_request_url": parent,
        "_links": {"self": {"href": url}, "html": {"href": page}, "pull_request": {"href": parent}},
        "reactions": reactions(url, it.reactions),
    }
    return shape | ({"in_reply_to_id": it.reply_to} if it.reply_to else {})
