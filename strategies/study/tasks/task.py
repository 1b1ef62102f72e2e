"""One issue of a study with what only the judge may see: the hidden tests and the reference fix.

The fields are SWE-bench's (https://www.swebench.com, `instance_id, repo, base_commit, problem_statement, patch,
test_patch, FAIL_TO_PASS, PASS_TO_PASS`), one JSON object a line. A strategy is given `issue` and a workspace at the
base commit, never this object.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.repository.patch import Patch
from strategies.issue import Issue
from strategies.prompts.cleaning import clean_issue

FIELDS = ("instance_id", "repo", "base_commit", "problem_statement", "test_patch", "FAIL_TO_PASS")
SHA = re.compile(r"[0-9a-f]{7,64}")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")
LONGEST = 20_000_000
"""Bytes of one line at most."""


class TaskError(ValueError):
    """The tasks cannot be used; the message names file, line, field, value and what is allowed."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """What the strategies never see. `tests` is a unified diff, or whole files; `reference` likewise.

    The issue is resolved when every test in `fail_to_pass` and `pass_to_pass` passes.
    """

    tests: str | Patch
    fail_to_pass: tuple[str, ...]
    pass_to_pass: tuple[str, ...] = ()
    reference: str | Patch = ""


@dataclass(frozen=True, slots=True)
class Task:
    """`repo` is `owner/name`, an absolute path or a URL; `files` are a small repository's own, instead of it.

    `setup`, `test` and `image` are optional hints on how to install and test it, as in `.github/autofix.yml`.
    """

    id: str
    title: str
    body: str
    hidden: Hidden = field(repr=False)
    repo: str = ""
    base_commit: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    language: str = ""
    traits: tuple[str, ...] = ()
    setup: tuple[str, ...] | None = None
    test: str | None = None
    image: str | None = None

    @property
    def issue(self) -> Issue:
        """The issue as a strategy may see it."""
        return clean_issue(self.title, self.body)


def load_tasks(path: Path) -> tuple[Task, ...]:
    """The tasks of a JSONL file. Raises TaskError, or FileNotFoundError."""
    found: dict[str, Task] = {}
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            task = parse_task(line, f"{path.name}:{number}")
            if task.id in found:
                raise TaskError(f"{path.name}:{number}: instance_id {task.id!r} stands there twice; ids must differ")
            found[task.id] = task
    if not found:
        raise TaskError(f"{path.name}: no task in it; give one JSON object a line with {', '.join(FIELDS)}")
    return tuple(found.values())


def parse_task(line: bytes, where: str) -> Task:
    """One line. Raises TaskError."""
    if len(line) > LONGEST:
        raise TaskError(f"{where}: the line has {len(line)} bytes; allowed are {LONGEST}")
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise TaskError(f"{where}: not JSON ({error}); give one object a line") from error
    if not isinstance(row, dict):
        raise TaskError(f"{where}: {str(row)[:60]!r} is no object; give one with {', '.join(FIELDS)}")
    texts = {name: _text(row, name, where) for name in FIELDS[:5]}
    if not NAME.fullmatch(texts["instance_id"]):
        raise TaskError(f"{where}: instance_id is {texts['instance_id']!r}; allowed are letters, digits, '.', '_', '-'")
    if not SHA.fullmatch(texts["base_commit"]):
        raise TaskError(f"{where}: base_commit is {texts['base_commit']!r}; allowed is a commit id in hexadecimal")
    title, _, body = texts["problem_statement"].strip().partition("\n")
    return Task(
        id=texts["instance_id"],
        title=title.lstrip("# "),
        body=body.strip(),
        repo=texts["repo"],
        base_commit=texts["base_commit"],
        hidden=Hidden(
            tests=texts["test_patch"],
            fail_to_pass=_names(row, "FAIL_TO_PASS", where, needed=True),
            pass_to_pass=_names(row, "PASS_TO_PASS", where),
            reference=_text(row, "patch", where, needed=False),
        ),
        setup=_names(row, "setup", where) if row.get("setup") is not None else None,
        test=_text(row, "test", where, needed=False) or None,
        image=_text(row, "image", where, needed=False) or None,
    )


def _text(row: Mapping[str, Any], name: str, where: str, *, needed: bool = True) -> str:
    value = row.get(name)
    if value is None and not needed:
        return ""
    if name not in row:
        raise TaskError(f"{where}: field {name!r} is missing; needed are {', '.join(FIELDS)}")
    if not isinstance(value, str) or (needed and not value.strip()):
        raise TaskError(f"{where}: {name} is {str(value)[:60]!r}; allowed is a text that is not empty")
    return value


def _names(row: Mapping[str, Any], name: str, where: str, *, needed: bool = False) -> tuple[str, ...]:
    """A list of texts, also when it is written as a JSON text, as SWE-bench's files do."""
    value: Any = row.get(name)
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            value = None if value else []
    if value is None and name not in row and not needed:
        return ()
    if not isinstance(value, Sequence) or not all(isinstance(v, str) and v for v in value) or (needed and not value):
        shown = str(row.get(name))[:60]
        raise TaskError(f"{where}: {name} is {shown!r}; allowed is a list of test ids, or such a list as a JSON text")
    return tuple(value)
