"""The repository at its base commit, from a bare mirror kept per repository. Nothing is checked out on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sandbox.repository.mirror import Mirror
from sandbox.repository.patch import Patch
from sandbox.repository.workspace import Workspace
from workers.github.types import RemoteRepository

TEMPLATES = (
    ".github/pull_request_template.md",
    "pull_request_template.md",
    "docs/pull_request_template.md",
    ".github/pull_request_template.txt",
    "pull_request_template.txt",
)
"""Where a template may stand, in GitHub's order; upper and lower case count the same.

https://docs.github.com/en/communities/using-templates-to-encourage-useful-issues-and-pull-requests/creating-a-pull-request-template-for-your-repository
"""


def checkout(home: Path, repository: RemoteRepository, installation_id: int, ref: str, token: str) -> Workspace:
    """Fetch and look at `ref` (a branch or commit id). The token is not stored. Raises MirrorError."""
    mirror = Mirror.open(home, f"{installation_id}-{repository.id}")
    mirror.fetch(repository.clone_url, token=token)
    return mirror.workspace(ref)


def template(workspace: Workspace) -> str:
    """The repository's own pull request template, "" when there is none."""
    names = {f.path.lower(): f.path for f in workspace.files() if f.path.count("/") <= 1}
    path = next((names[t] for t in TEMPLATES if t in names), None)
    return (workspace.read_text(path) or "") if path else ""


def changed_files(workspace: Workspace, patch: Patch) -> Mapping[str, tuple[str, bytes] | None]:
    """The patch as git sees it: (mode, content) by path. Existing files keep their mode."""
    modes = {f.path: f.mode for f in workspace.files()}
    out: dict[str, tuple[str, bytes] | None] = {}
    for path, content in patch.files.items():
        if content is None:
            if path in modes:
                out[path] = None
        else:
            out[path] = ("100755" if path in patch.executable else modes.get(path, "100644"), content)
    return out
