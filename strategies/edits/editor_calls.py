"""Reads an editor tool's calls that a model wrote into its text: as JSON, or as tags with parameters.

The names are those of the editors that models were trained on: Anthropic's `str_replace_based_edit_tool`, OpenHands',
Cline's and Roo's files, Claude Code's Edit and Write, Qwen's and Llama's function tags.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from strategies.edits.apply_patch import BEGIN, read_envelope
from strategies.edits.edit import Create, Edit, Edits, Problem, Replace
from strategies.edits.paths import clean_path

PATHS = (
    "path",
    "file_path",
    "filepath",
    "filePath",
    "file",
    "filename",
    "target_file",
    "absolute_path",
    "relative_path",
)
OLD = (
    "old_str",
    "old_string",
    "oldString",
    "oldText",
    "old_text",
    "old_content",
    "old_code",
    "search",
    "find",
    "original",
    "old",
)
NEW = (
    *("new_str", "new_string", "newString", "newText", "new_text", "new_content", "new_code"),
    *("replace", "replacement", "updated", "patched", "modified", "fixed", "new"),
)
WHOLE = ("file_text", "content", "contents", "file_content", "text")
_CREATES = re.compile(r"create|write|new_file|add_file|overwrite", re.IGNORECASE)
_JSON_START = re.compile(
    r"^[ \t]*(?:<tool_call>|<function_call>|\[TOOL_CALLS\]|\[TOOL_REQUEST\])?[ \t]*(?P<json>[{\[])", re.MULTILINE
)
_NAMES = "|".join(
    sorted({*PATHS, *OLD, *NEW, *WHOLE, "command", "insert_line", "diff", "patch", "input"}, key=len, reverse=True)
)
_TAG = re.compile(
    rf"<parameter(?:=|\s+name=)[\"']?(?P<one>{_NAMES})[\"']?>(?P<first>.*?)</parameter>"
    rf"|<(?P<other>{_NAMES})>(?P<second>.*?)</(?P=other)>",
    re.DOTALL,
)
_CALL = re.compile(
    r"<(?P<tag>function|invoke|edit|str_replace\w*|replace_in_file|write_to_file|write_file|create_file|apply_diff|change|tool_call"
    r"|search_and_replace|editor|file_edit|replace)(?P<rest>[=\s][^>]*)?>(?P<body>.*?)</(?P=tag)>",
    re.DOTALL,
)
_THREE = re.compile(
    rf"<(?P<path_tag>{'|'.join(PATHS)})>(?P<path>[^<>]+)</(?P=path_tag)>\s*<(?P<old_tag>{'|'.join(OLD)})>(?P<old>.*?)</(?P=old_tag)>"
    rf"\s*<(?P<new_tag>{'|'.join(NEW)})>(?P<new>.*?)</(?P=new_tag)>",
    re.DOTALL,
)
"""A path, the old and the new lines in tags without one around them, as AutoCodeRover asks for them."""
_TROUBLE = re.compile(r"[\"'](?:old_str|old_string|oldString)[\"']\s*:|<parameter(?:=|\s+name=)[\"']?old_str")


def read_calls(text: str) -> Edits:
    """The edits that editor calls in `text` ask for; the prose is what stands outside of them."""
    items: list[Edit] = []
    problems: list[Problem] = []
    spans: list[tuple[int, int]] = []
    for start, stop, value in _json_values(text):
        found = list(_calls(value, {}))
        if found:
            spans.append((start, stop))
        for call in found:
            _read(call, items, problems)
    for tagged in _CALL.finditer(text):
        if any(a <= tagged.start() < b for a, b in spans):
            continue
        call = {
            (m["one"] or m["other"]): _inner(m["first"] or m["second"] or "") for m in _TAG.finditer(tagged["body"])
        }
        call = {"name": f"{tagged['tag']} {tagged['rest'] or ''}", **call}
        if _is_call(call):
            spans.append((tagged.start(), tagged.end()))
            _read(call, items, problems)
    for three in _THREE.finditer(text):
        if not any(a <= three.start() < b for a, b in spans):
            spans.append((three.start(), three.end()))
            call = {"path": three["path"].strip(), "old": _inner(three["old"]), "new": _inner(three["new"])}
            _read(call, items, problems)
    if not items and not problems and _TROUBLE.search(text):
        problems.append(Problem("", "the editor's call cannot be read; write the change as a block"))
    rest, at = [], 0
    for start, stop in sorted(spans):
        rest.append(text[at:start])
        at = stop
    return Edits(tuple(items), "".join([*rest, text[at:]]), tuple(problems))


def _inner(value: str) -> str:
    value = value.removeprefix("\n")
    return value if not value.strip() else value.rstrip(" \t")


def _json_values(text: str) -> Iterator[tuple[int, int, Any]]:
    """Objects and lists that begin at the beginning of a line, with where they stand."""
    decoder = json.JSONDecoder(strict=False)
    at = 0
    for found in _JSON_START.finditer(text):
        start = found.start("json")
        if start < at:
            continue
        try:
            value, at = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        yield start, at, value


def _calls(value: Any, outer: Mapping[str, str], depth: int = 0) -> Iterator[dict[str, Any]]:
    """Every object in `value` that has an edit's fields; a path or a name may stand further out."""
    if depth > 6:  # noqa: PLR2004 - no call is nested so deeply
        return
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value, strict=False)
        except (ValueError, RecursionError):
            return
    if isinstance(value, list):
        for one in value:
            yield from _calls(one, outer, depth + 1)
    elif isinstance(value, dict):
        call = {**outer, **{k: v for k, v in value.items() if isinstance(k, str)}}
        if _is_call(call) and not any(
            isinstance(value.get(k), dict | list) for k in ("edits", "arguments", "input", "changes")
        ):
            yield call
            return
        passed = {k: v for k, v in call.items() if isinstance(v, str) and (k in PATHS or k in ("command", "name"))}
        for key in (
            "arguments",
            "args",
            "parameters",
            "input",
            "function",
            "edits",
            "changes",
            "tool_calls",
            "files",
            "replacements",
        ):
            if isinstance(value.get(key), dict | list | str):
                yield from _calls(value[key], passed, depth + 1)


def _is_call(call: Mapping[str, Any]) -> bool:
    if any(isinstance(call.get(k), str) and BEGIN.search(call[k]) for k in ("input", "patch", "command", "diff")):
        return True
    named = _first(call, PATHS) is not None
    pair = _first(call, OLD) is not None and _first(call, NEW) is not None
    edits = call.get("command") in ("create", "insert", "str_replace", "write") or bool(
        _CREATES.search(str(call.get("name", "")))
    )
    removes = call.get("command") == "str_replace" and bool(_first(call, OLD))
    return named and (
        pair or removes or (edits and (_first(call, (*WHOLE, *NEW)) is not None or "insert_line" in call))
    )


def _first(call: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    return next((call[n] for n in names if isinstance(call.get(n), str)), None)


def _read(call: Mapping[str, Any], items: list[Edit], problems: list[Problem]) -> None:
    for key in ("input", "patch", "command", "diff"):
        if isinstance(call.get(key), str) and BEGIN.search(call[key]):
            inner = read_envelope(call[key])
            items += inner.items
            problems += inner.problems
            return
    path = clean_path(_first(call, PATHS) or "")
    old, new, whole = _first(call, OLD), _first(call, NEW), _first(call, WHOLE)
    if call.get("command") == "str_replace" and old is not None and new is None and not set(NEW) & set(call):
        new = ""  # Anthropic's editor: without `new_str` the lines are removed
    if call.get("command") == "insert" or "insert_line" in call:
        problems.append(
            Problem(path, "an insertion by line number cannot be checked; quote the lines around it in a block")
        )
    elif old is not None and new is not None and old.strip():
        items.append(Replace(path, old, new))
    elif whole is not None or (new is not None and old is not None):
        items.append(Create(path, whole if whole is not None else new or ""))
    else:
        problems.append(Problem(path, "the editor's call lacks the lines to replace; write the change as a block"))
