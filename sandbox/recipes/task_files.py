"""The last resort: a repository whose tests are a target of make, just or task, in whatever language.

Nothing is known of what such a target runs, so its report is looked for afterwards (`ReportFormat.FOUND`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from sandbox.recipe import Recipe, ReportFormat
from sandbox.recipes.ci_workflow import Hints
from sandbox.repository.workspace import Workspace

MAKEFILES = ("GNUmakefile", "makefile", "Makefile")  # in make's own order
JUSTFILES = ("justfile", "Justfile", ".justfile")
TASKFILES = ("Taskfile.yml", "Taskfile.yaml", "taskfile.yml", "taskfile.yaml", "Taskfile.dist.yml")
TARGETS = ("test", "tests", "check", "unit-test", "unittest")
BEFORE = ("deps", "dependencies", "setup", "install-deps", "bootstrap", "build", "all")
"""Targets that set-up tries, because tests often need them; one that fails is no reason to give up."""


def find_task_file(workspace: Workspace, hints: Hints) -> Recipe | str:  # noqa: ARG001 - one shape for all finders
    """The recipe of the first task file with a target for tests, or why there is none."""
    for program, path, targets in _files(workspace):
        test = next((t for t in TARGETS if t in targets), None)
        if test is None:
            continue
        before = [t for t in BEFORE if t in targets]
        return Recipe(
            language="other",
            setup=tuple(f"{program} {t} || true" for t in before),
            test=f"{program} {test}",
            report=ReportFormat.FOUND,
            source=path,
            inputs=(path,),
        )
    return f"task files: no Makefile, justfile or Taskfile has a target named {', '.join(TARGETS[:3])}"


def _files(workspace: Workspace) -> Iterator[tuple[str, str, set[str]]]:
    """Program, path and targets of each task file that there is."""
    for names, program in ((MAKEFILES, "make"), (JUSTFILES, "just"), (TASKFILES, "task")):
        for path in names:
            text = workspace.read_text(path)
            if text is not None:
                yield program, path, _tasks(text) if program == "task" else _targets(text)


def _targets(text: str) -> set[str]:
    """Targets of make and recipes of just: a word at the start of a line, perhaps others or arguments, and a colon."""
    lines = re.findall(r"^@?([\w][\w .-]*?)(?: [\w+*=\"' ]+)?\s*::?(?!=)", text, re.MULTILINE)
    return {word for line in lines for word in line.split()}


def _tasks(text: str) -> set[str]:
    try:
        found = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return set()
    tasks = found.get("tasks") if isinstance(found, dict) else None
    return {str(name) for name in tasks} if isinstance(tasks, dict) else set()
