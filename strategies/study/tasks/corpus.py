"""The study's own corpus, and any folder of small repositories in the same form.

A task is one text file `NAME.task`: a TOML head (language, traits, who answers how, test ids), then sections that
begin with a line `==== KIND:NAME [options]`. Kinds: `issue`, `repo:PATH`, `hidden:PATH`, `edits:NAME` (edits in the
block format), and scripted tests under free names. Options: `crlf`, `latin-1`. A head may say `setup` (a list of
lines, with network), `test_command` and `image` where the task needs more than its language's bare runner. A folder
`NAME/` with `task.toml`, `issue.md`, `repo/`, `hidden/` and `edits/*.md` is read alike, byte for byte.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.repository.patch import Patch
from strategies.edits.answer import apply, parse
from strategies.study.tasks.task import Hidden, Task, TaskError

CORPUS = Path(__file__).parent.parent / "corpus"
HEADER = re.compile(r"^==== (\S+)(?: \[([\w, -]+)\])?$", re.MULTILINE)
LANGUAGES = ("python", "javascript", "go")
MISFIT = """The cause is where the value is computed.

```
{path}
<<<<<<< SEARCH
    this line has never stood in the file and stands for one remembered wrongly
=======
    another line
>>>>>>> REPLACE
```
"""


@dataclass(frozen=True, slots=True)
class TaskScript:
    """What scripted models answer on one task: `answers` by tier, in order; `test` is the tester's answer."""

    title: str
    answers: Mapping[str, tuple[str, ...]]
    test: str
    question: str = ""
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class ScriptedTask:
    """A task with its script."""

    task: Task
    script: TaskScript = field(repr=False)


def load_corpus(folder: Path = CORPUS) -> tuple[ScriptedTask, ...]:
    """Every task in a folder, by name. Raises TaskError."""
    if not folder.is_dir():
        raise TaskError(f"{folder} is no folder; give a folder with NAME.task files or NAME/task.toml")
    files = [p for p in sorted(folder.iterdir()) if p.suffix == ".task" or (p / "task.toml").is_file()]
    if not files:
        raise TaskError(f"{folder.name}: no task in it; needed are NAME.task files or folders with a task.toml")
    return tuple(_scripted(p) for p in files)


def _scripted(path: Path) -> ScriptedTask:
    head, parts = _folder(path) if path.is_dir() else _file(path)
    where = f"{path.name}/task.toml" if path.is_dir() else path.name
    issue = parts.get("issue", b"").decode()
    title, _, body = issue.strip().partition("\n")
    if not title:
        raise TaskError(f"{where}: section 'issue' is missing or empty; its first line is the title")
    files = _below("repo:", parts)
    language = str(head.get("language", ""))
    if language not in LANGUAGES:
        raise TaskError(f"{where}: language is {language!r}; allowed are {', '.join(LANGUAGES)}")
    if not files:
        raise TaskError(f"{where}: no section 'repo:PATH'; a task needs a repository")
    edits = {k: v.decode() for k, v in _below("edits:", parts).items()}
    reference = Patch()
    if "solution" in edits:
        applied = apply(parse(edits["solution"]), lambda p: _text(files.get(p)))
        if applied.problems:
            raise TaskError(f"{where}: edits:solution does not apply: {applied.problems[0]}")
        reference = applied.patch
    task = Task(
        id=path.stem,
        title=title.lstrip("# "),
        body=body.strip(),
        files=files,
        language=language,
        traits=_list(head, "traits", where),
        setup=_list(head, "setup", where) if "setup" in head else None,
        test=str(head["test_command"]) if "test_command" in head else None,
        image=str(head["image"]) if "image" in head else None,
        hidden=Hidden(
            tests=Patch(_below("hidden:", parts)),
            fail_to_pass=_list(head, "fail_to_pass", where),
            pass_to_pass=_list(head, "pass_to_pass", where),
            reference=reference,
        ),
    )
    edits["misfit"] = MISFIT.format(path=next((p for p in reference.paths if p in files), "README.md"))
    edits["prose"] = "I would look at where the value is computed, and change it there."
    answers = {tier: _answers(head, tier, edits, where) for tier in ("weak", "strong")}
    test = parts.get(str(head.get("test", "")), b"").decode()
    explanation = edits.get("solution", "").split("```", maxsplit=1)[0].strip()
    return ScriptedTask(task, TaskScript(task.title, answers, test, str(head.get("question", "")), explanation))


def _answers(head: Mapping[str, Any], tier: str, edits: Mapping[str, str], where: str) -> tuple[str, ...]:
    names = _list(head, tier, where)
    for name in names:
        if name not in edits:
            raise TaskError(f"{where}: {tier} names {name!r}; there is {', '.join(sorted(edits))}")
    return tuple(edits[n] for n in names)


def _list(head: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    value = head.get(key, [])
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise TaskError(f"{where}: {key} is {value!r}; allowed is a list of texts")
    return tuple(value)


def _file(path: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    text = path.read_bytes().decode()
    found = list(HEADER.finditer(text))
    head = _toml(text[: found[0].start()] if found else text, path.name)
    ends = [*(m.start() for m in found[1:]), *([len(text)] if found else [])]
    parts = {}
    for section, end in zip(found, ends, strict=True):
        body = text[section.end() + 1 : end]
        body = body.strip("\n") + "\n" if body.strip("\n") else ""
        options = (section[2] or "").replace(" ", "").split(",")
        if "crlf" in options:
            body = body.replace("\n", "\r\n")
        parts[section[1]] = body.encode("latin-1" if "latin-1" in options else "utf-8")
    return head, parts


def _folder(path: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    parts = {}
    for file in sorted(p for p in path.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
        kind, _, rest = file.relative_to(path).as_posix().partition("/")
        if not rest:
            parts[file.stem] = file.read_bytes()
        else:
            parts[f"{kind}:{rest.removesuffix('.md') if kind == 'edits' else rest}"] = file.read_bytes()
    return _toml((path / "task.toml").read_text(encoding="utf-8"), f"{path.name}/task.toml"), parts


def _toml(text: str, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TaskError(f"{where}: the head is no TOML: {error}") from error


def _below(kind: str, parts: Mapping[str, bytes]) -> dict[str, bytes]:
    return {k.removeprefix(kind): v for k, v in parts.items() if k.startswith(kind)}


def _text(content: bytes | None) -> str | None:
    return None if content is None else content.decode("utf-8", "surrogateescape")
