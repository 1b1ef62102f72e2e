"""File names as models write them: quoted, decorated, prefixed; and the nearest real one. Pure text."""

from __future__ import annotations

import difflib
import posixpath
import re
from collections.abc import Collection

LONGEST = 300
MANY = 20_000
"""With more files than this, spelling is not compared."""
BARE_NAMES = frozenset(
    {"Makefile", "Dockerfile", "LICENSE", "Procfile", "Jenkinsfile", "Gemfile", "Rakefile", "README"}
)
_LEAD = re.compile(
    r"^(?:[#*>\-\s]*)(?:(?:new |delete |in |edit |update |create )?(?:file(?:name)?|path)\s*:?\s+)?", re.IGNORECASE
)
_QUOTES = "`'\"*"
_WORD = re.compile(r"^[^\s<>|*?\"`]+$")


def clean_path(raw: str) -> str:
    """The path in a line like ``### File: `./src/a.py`:``, without decoration. May be empty."""
    text = _LEAD.sub("", raw.strip(), count=1).strip()
    text = text.rstrip(":").strip().strip(_QUOTES).strip().rstrip(":")
    text = text.replace("\\", "/")
    while text.startswith("./"):
        text = text[2:]
    return text


def looks_like_path(raw: str) -> bool:
    """Whether a line of prose names one file: a single word with a folder or an ending, or a well-known name."""
    path = clean_path(raw)
    if not path or len(path) > LONGEST or path.startswith(("<<<", "===", ">>>", "@@", "```")):
        return False
    if not _WORD.match(path):
        return bool(re.match(r"^\s*[`'\"].*[`'\"]:?\s*$", raw)) and "/" in path
    name = posixpath.basename(path)
    return "/" in path or name in BARE_NAMES or bool(re.search(r"^\.?[\w-]+(\.[\w-]+)*\.\w+$|^\.\w+", name))


def refusal(path: str) -> str:
    """Why `path` cannot be a repository path, or "" when it can."""
    if not path:
        return "the edit names no file"
    if path.startswith("/") or re.match(r"^[A-Za-z]:/", path):
        return f"{path!r} is absolute; give the path relative to the repository's root"
    if ".." in path.split("/"):
        return f"{path!r} leaves the repository; give the path relative to its root, without '..'"
    if "\0" in path or "\n" in path:
        return f"{path!r} is not a file name"
    return ""


def same_tail(path: str, paths: Collection[str]) -> str:
    """The one known path that ends with `path` (or whose end `path` adds folders to), or "" if not exactly one."""
    found = [p for p in paths if p.endswith("/" + path) or path.endswith("/" + p)]
    return found[0] if len(found) == 1 else ""


def nearest(path: str, paths: Collection[str], n: int = 3) -> list[str]:
    """Known paths that `path` probably meant, best first: same file name, then similar spelling."""
    name = posixpath.basename(path)
    same = sorted(p for p in paths if posixpath.basename(p) == name)
    ranked = difflib.get_close_matches(path, same, n, 0.0) if same else []
    if len(ranked) < n and len(paths) <= MANY:
        ranked += [p for p in difflib.get_close_matches(path, list(paths), n, 0.6) if p not in ranked]
    return ranked[:n]
