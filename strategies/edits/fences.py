"""Fenced code in an answer (CommonMark 0.31, section 4.5), and files that are written whole into one. Pure text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from strategies.edits.edit import Create, Edits
from strategies.edits.paths import ENDINGS, clean_path, ending_of, in_label, looks_like_path, mentioned

_OPEN = re.compile(r"^(?P<indent> {0,9})(?P<mark>`{3,}|~{3,})(?P<label>[^`]*)$")
_COMMENTED = re.compile(
    r"^\s*(?:#|//|--|;|%|/\*|<!--)\s*(?:file(?:name|path)?\s*:\s*)?(?P<path>\S+)\s*(?:\*/|-->)?\s*$", re.IGNORECASE
)
_NEW_FILE = re.compile(
    r"\b(?:creat\w*|add(?:s|ed|ing)?|writ\w+|new\s+(?:[\w-]+\s+){0,2}(?:files?|modules?|tests?|scripts?|class\w*|components?"
    r"|pages?|templates?|packages?|helpers?|migrations?|fixtures?|specs?))\b",
    re.IGNORECASE,
)
_LANGUAGES = frozenset(
    {"asp.net", "backbone.js", "d3.js", "ember.js", "express.js", "next.js", "node.js", "nuxt.js"}
) | {
    *("react.js", "three.js", "vb.net", "vue.js", "vb.script", "c++/cli", "pl/sql", "pl/pgsql", "html+django", "tcp/ip")
}
"""Labels that look like the name of a file."""
_HOLD_JSON = frozenset({"ipynb", "lock", "map", "txt", "webmanifest", "har", "avsc", "topojson", "geojson"})
_SHELL = frozenset(
    {"bash", "console", "diff", "fish", "json", "log", "output", "patch", "powershell", "sh", "shell", "text", "zsh"}
)
"""Labels of fences that show something, as long as nothing but the line above names a file."""

_MARKDOWN = re.compile(r"\b(?:md|mdx|markdown)\b", re.IGNORECASE)
_DIFFS = ("diff", "patch", "udiff")


@dataclass(frozen=True, slots=True)
class Fence:
    """`lines[start]` opens it, `lines[stop]` closes it (or is the end, where it is not `closed`)."""

    label: str
    body: tuple[str, ...]
    start: int
    stop: int
    closed: bool


def fences(lines: Sequence[str]) -> list[Fence]:
    """Every fence in `lines`, in order. One that is opened again with a label inside is taken as it stands."""
    found = []
    at = 0
    while at < len(lines):
        opening = _OPEN.match(lines[at])
        if not opening:
            at += 1
            continue
        mark = opening["mark"]
        cut = len(opening["indent"])
        of_diff = cut == 0 and opening["label"].lower().startswith(_DIFFS)
        stop = next(
            (
                i
                for i in range(at + 1, len(lines))
                if _closes(lines[i], mark) and not (of_diff and _is_context(lines, i, mark))
            ),
            len(lines),
        )
        if _MARKDOWN.search(opening["label"]):
            stop = _outer_end(lines, at, stop, mark)
        body = tuple(line[cut:] if not line[:cut].strip() else line for line in lines[at + 1 : stop])
        found.append(Fence(opening["label"].strip(), body, at, stop, stop < len(lines)))
        at = stop + 1
    return found


def _closes(line: str, mark: str) -> bool:
    text = line.strip()
    return len(text) >= len(mark) and not text.strip(mark[0]) and bool(text)


def _outer_end(lines: Sequence[str], at: int, stop: int, mark: str) -> int:
    """Where the fence of a Markdown file ends that holds fences of its own, with labels; `stop` if no line does so."""
    depth = 0
    for i in range(at + 1, len(lines)):
        inner = _OPEN.match(lines[i])
        if inner and inner["mark"] == mark and inner["label"].strip():
            depth += 1
        elif _closes(lines[i], mark):
            if not depth:
                return i
            depth -= 1
    return stop


def _is_context(lines: Sequence[str], at: int, mark: str) -> bool:
    """Whether the closing mark at `at`, a blank before it, is a line of the diff: more of it follows, and its end."""
    if not lines[at].startswith(" "):
        return False
    end = next((i for i in range(at + 1, len(lines)) if lines[i].startswith(mark)), at)
    between = lines[at + 1 : end]
    return (
        end > at
        and _closes(lines[end], mark)
        and any(line.strip() for line in between)
        and all(not line or line[0] in " +-@\\" for line in between)
    )


def read_whole_files(text: str, *, beside_edits: bool = False) -> Edits:
    """Fences below, or labelled with, the path of a file: perhaps all of it, which only the applier can tell.

    `beside_edits`: the answer's edits were found already, so a fence is likelier an illustration of them.
    """
    lines = text.split("\n")
    items = []
    for fence in fences(lines):
        body = list(fence.body)
        headers, in_passing = _headers(lines, fence)
        inside = path_in_comment(body[0]) if body else ""
        headers = headers or ([inside] if inside else [])
        named = next((clean_path(h) for h in headers if looks_like_path(h)), "")
        if not named or not fence.closed or not any(line.strip() for line in body) or _shows(fence.label, named):
            continue
        content = "".join(f"{line}\n" for line in body)
        items.append(Create(named, content, (named,), shown=True, in_passing=in_passing and beside_edits))
    return Edits(tuple(items))


def path_in_comment(line: str) -> str:
    """The path that is all of a comment, or ""."""
    found = _COMMENTED.match(line)
    return clean_path(found["path"]) if found and looks_like_path(found["path"]) else ""


def _shows(label: str, path: str) -> bool:
    """Whether a fence with this label shows what a program said or a command, rather than the file `path`."""
    language = label.lower()
    if language == "json":
        ending = ending_of(path)
        return ending in ENDINGS and not ending.startswith("json") and ending not in _HOLD_JSON
    return language in _SHELL and not in_label(label)


def _headers(lines: Sequence[str], fence: Fence) -> tuple[list[str], bool]:
    """What names the fence's file, and whether it does so in passing: in a sentence that speaks of no new file."""
    label = in_label(fence.label)
    above = [line.strip() for line in lines[max(fence.start - 2, 0) : fence.start] if line.strip()]
    line = above[-1] if above else ""
    if label and fence.label.lower() not in _LANGUAGES:
        return [label], False
    if looks_like_path(line) and " " not in clean_path(line):
        return [line], False
    named = mentioned(line) if line.rstrip("*").endswith(":") else []
    some = [path for path in named if " " not in path]
    return (some, not _NEW_FILE.search(line)) if len(named) == 1 else ([], False)
