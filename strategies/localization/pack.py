"""Files as a model reads them: verbatim, fenced, in a stable order, within a limit of tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from strategies.localization.index import index
from strategies.localization.localize import Located
from strategies.models import tokens
from strategies.models.chat_format import readable
from strategies.prompts.fence import fence

if TYPE_CHECKING:
    from sandbox.repository.workspace import Workspace

LISTED = 300
"""Paths listed at most, so that a model knows what exists."""


def pack(located: Sequence[Located], workspace: Workspace, limit_tokens: int) -> str:
    """The located files, best first until `limit_tokens` (estimated) are used, then sorted by path.

    A file is shown whole when it has no lines; otherwise its lines, each range in a fence that names them. Text stands
    as in the file, so that SEARCH can quote it.
    """
    shown: dict[str, str] = {}
    left = limit_tokens
    for one in located:
        text = workspace.read_text(one.path)
        if text is None:
            continue
        part = fence("file", text, path=one.path)
        if one.lines or tokens.estimate(part) > left:
            part = _parts(one, text, left)
        if part:
            shown[one.path] = part
            left -= tokens.estimate(part)
    return "\n\n".join(shown[path] for path in sorted(shown))


def outline(workspace: Workspace, limit: int = LISTED) -> str:
    """The repository's paths, one a line; above `limit` files the folders with their number of files."""
    paths = index(workspace).paths
    if len(paths) <= limit:
        return readable("\n".join(paths))
    folders: dict[str, int] = {}
    for path in paths:
        folder = "/".join(path.split("/")[:-1][:3])
        folders[folder] = folders.get(folder, 0) + 1
    rows = [f"{folder or '.'}/ ({n} files)" for folder, n in sorted(folders.items())]
    more = len(rows) - limit
    return readable("\n".join([*rows[:limit], *([f"… and {more} more folders"] if more > 0 else [])]))


def _parts(one: Located, text: str, left: int) -> str:
    """The ranges of a file that fit into `left` tokens, in order."""
    lines = text.split("\n")
    result: list[str] = []
    for first, last in one.lines or ((1, 120),):
        stop = min(last, len(lines))
        while stop >= first:
            part = fence(
                "file", "\n".join(lines[first - 1 : stop]), path=one.path, lines=f"{first}-{stop} of {len(lines)}"
            )
            size = tokens.estimate(part)
            if size <= left:
                result.append(part)
                left -= size
                break
            stop = first + (stop - first) // 2 - 1
    return "\n\n".join(result)
