"""An agent's editor: view, create, str_replace and insert, on one file inside the sandbox.

It is as tolerant as the applier that `repair` uses, because it is the same one.
"""

from __future__ import annotations

import posixpath
import shlex
from typing import Any

from sandbox.backend import Sandbox
from strategies.agents.output import OUTPUT, Misused, middle_out, shown
from strategies.edits.answer import Edits, Replace, apply

SECONDS = 20.0
VIEWED = 300
"""Lines of one view."""


def edit(arguments: dict[str, Any], sandbox: Sandbox) -> str:
    """View or change one file in the sandbox; what was done, in words. Raises Misused."""
    path = _path(arguments.get("path"), sandbox.root)
    command = arguments.get("command")
    if command == "view":
        return _view(path, arguments, sandbox)
    if command == "create":
        text = _text(arguments, "file_text")
        _write(sandbox, path, text if text.endswith("\n") or not text else text + "\n")
        return f"{path} written ({text.count(chr(10)) + 1} lines)"
    old = _read(sandbox, path)
    if command == "str_replace":
        wanted = Replace(path, _text(arguments, "old_str"), _text(arguments, "new_str", ""))
        if not wanted.search.strip():
            raise Misused("old_str is empty; use create for a new file, insert for new lines")
        applied = apply(Edits((wanted,)), lambda p: old if p == path else None, (path,))
        if applied.problems:
            raise Misused(applied.problems[0].message.replace("SEARCH", "old_str").replace("REPLACE", "new_str"))
        content = applied.patch.files.get(path)
        if content is None:
            return f"{path}: nothing changed"
        sandbox.write({path: content})
        return "; ".join([f"{path} changed", *applied.notes])
    if command == "insert":
        return _insert(sandbox, path, old, arguments)
    raise Misused(f"edit has no command {command!r}; there are view, create, str_replace and insert")


def _insert(sandbox: Sandbox, path: str, old: str, arguments: dict[str, Any]) -> str:
    lines = old.split("\n")
    ended = lines[-1] == ""
    if ended:
        lines.pop()
    at = arguments.get("insert_line")
    if not isinstance(at, int) or not 0 <= at <= len(lines):
        raise Misused(f"insert_line is {at!r}; it must be a number from 0 to {len(lines)}")
    fresh = _text(arguments, "new_str").removesuffix("\n").split("\n")
    if lines and lines[0].endswith("\r"):
        fresh = [f"{line}\r" for line in fresh]
    lines[at:at] = fresh
    _write(sandbox, path, "\n".join(lines) + ("\n" if ended or not old else ""))
    return f"{path}: {len(fresh)} lines inserted after line {at}"


def _view(path: str, arguments: dict[str, Any], sandbox: Sandbox) -> str:
    try:
        text = _read(sandbox, path)
    except Misused:
        listing = sandbox.run(["ls", "-la", "--", f"{path}/"], timeout=SECONDS)
        if listing.ok:
            return shown(listing, SECONDS)
        raise
    lines = text.removesuffix("\n").split("\n")
    first = max(_number(arguments, "first_line", 1), 1)
    last = min(_number(arguments, "last_line", first + VIEWED - 1), len(lines), first + VIEWED - 1)
    if first > len(lines):
        raise Misused(f"{path} has only {len(lines)} lines")
    body = "\n".join(f"{n:6d}| {lines[n - 1]}" for n in range(first, last + 1))
    more = f"\n[lines {first}–{last} of {len(lines)}]"
    return middle_out(body, OUTPUT * 2) + more


def _number(arguments: dict[str, Any], name: str, default: int) -> int:
    value = arguments.get(name)
    return value if isinstance(value, int) else default


def _text(arguments: dict[str, Any], name: str, default: str | None = None) -> str:
    value = arguments.get(name, default)
    if not isinstance(value, str):
        raise Misused(f"this command needs `{name}`, a text")
    return value


def _path(raw: object, root: str) -> str:
    if not isinstance(raw, str) or not raw.strip() or "\0" in raw:
        raise Misused("edit needs `path`, relative to the repository's root")
    path = posixpath.normpath(raw.strip())
    if path.startswith(root.rstrip("/") + "/"):
        path = posixpath.relpath(path, root)
    if path.startswith(("/", "../")) or path == "..":
        raise Misused(f"{shlex.quote(raw)} is outside the repository")
    return path


def _read(sandbox: Sandbox, path: str) -> str:
    try:
        content = sandbox.read(path, 2_000_000)
    except FileNotFoundError:
        raise Misused(f"there is no file {path}") from None
    except ValueError as why:
        raise Misused(f"{path} cannot be read: {why}") from why
    if b"\0" in content:
        raise Misused(f"{path} is binary")
    return content.decode("utf-8", "surrogateescape")


def _write(sandbox: Sandbox, path: str, text: str) -> None:
    escaped = any("\udc80" <= c <= "\udcff" for c in text)
    try:
        sandbox.write({path: text.encode("utf-8", "surrogateescape" if escaped else "replace")})
    except ValueError as why:
        raise Misused(f"{path} cannot be written: {why}") from why
