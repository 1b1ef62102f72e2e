"""Python: a virtual environment at $PENNYFIX_ENV. pytest runs every suite, unless more tests pass by an own command."""

from __future__ import annotations

import os
import posixpath
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from sandbox.recipe import Canary, Recipe, ReportFormat
from sandbox.recipes.ci_workflow import Hints
from sandbox.recipes.python import unittest_recorder
from sandbox.recipes.python.commands import TestCommand, documented
from sandbox.recipes.python.install import ensure, install, pip
from sandbox.recipes.python.plan import PythonPlan
from sandbox.recipes.python.project_folders import below, main_folder, moved
from sandbox.recipes.python.suite import (
    PytestConfig,
    canary,
    ini,
    pytest_config,
    selects,
    suite_files,
    suite_folder,
    table,
    toml,
)
from sandbox.recipes.python.tox import SITE, ToxEnvironment, tox_environment
from sandbox.recipes.python.version import Python, of_their_time, wanted_python
from sandbox.repository.workspace import Workspace

REPORT_FLAGS = "-o junit_family=xunit1 --junitxml={junit}"
COLLECT_ALL = "--continue-on-collection-errors --maxfail=0"
DJANGO_PATTERNS = "tests.py test_*.py *_test.py *_tests.py"
UNUSUAL_PATTERNS = "tests.py test*.py *_tests.py *test.py"
"""Tried where no file is named as pytest expects it: nose's and unittest's habits."""
SOURCES = ("src", "lib", "python", "source")
RECORDER = '"$PENNYFIX_ENV/pennyfix/unittest_recorder.py"'


@dataclass(frozen=True, slots=True)
class PythonReading:
    """What was read of a Python repository, once. `workspace` begins at `folder`, where its project lies."""

    workspace: Workspace
    hints: Hints
    paths: frozenset[str]
    config: PytestConfig
    tox: ToxEnvironment | None
    commands: tuple[TestCommand, ...]
    settings: str
    folder: str = ""

    @property
    def folders(self) -> frozenset[str]:
        return frozenset(p[:i] for p in self.paths for i, c in enumerate(p) if c == "/")

    def by(self, kind: str) -> TestCommand | None:
        """The first documented command of that kind."""
        return next((c for c in self.commands if c.kind == kind), None)


def read_python(repository: Workspace, hints: Hints) -> PythonReading:
    """Everything that decides how a Python repository is set up."""
    folder = main_folder(f.path for f in repository.files())
    workspace = below(repository, folder)
    config, tox = pytest_config(workspace), tox_environment(workspace)
    inside = [replace(r, folder=r.folder[len(folder) :].strip("/")) for r in hints.runs if r.folder.startswith(folder)]
    commands = documented(workspace, tox, replace(hints, runs=tuple(inside)))
    settings = django_settings(workspace, config, commands)
    paths = frozenset(f.path for f in workspace.files())
    return PythonReading(workspace, hints, paths, config, tox, commands, settings, folder)


def find_python(workspace: Workspace, hints: Hints) -> Recipe | str:
    """The first recipe of a Python repository, or why there is none."""
    reading = read_python(workspace, hints)
    return recipe_of(reading, first_plan(reading))


def first_plan(reading: PythonReading) -> PythonPlan:
    """Locks, and pytest with what the repository's own pytest command says."""
    return PythonPlan(command=reading.by("pytest"))


def recipe_of(reading: PythonReading, plan: PythonPlan) -> Recipe | str:
    """The recipe that `plan` means, or why there is none."""
    if not any(p.endswith(".py") for p in reading.paths):
        return "Python: there is no Python file"
    own = plan.command if plan.command is not None and plan.command.kind == "unittest" else None
    found = _by_unittest(reading, plan, own) if own is not None else _by_pytest(reading, plan)
    return moved(found, reading.folder) if isinstance(found, Recipe) else found


def _by_pytest(reading: PythonReading, plan: PythonPlan) -> Recipe | str:
    config = reading.config
    if reading.settings and "python_files" not in config.options:
        config = _with_patterns(config, DJANGO_PATTERNS)
    files = suite_files(reading.workspace, config)
    if not files and "python_files" not in reading.config.options:
        config = _with_patterns(config, UNUSUAL_PATTERNS)
        files = suite_files(reading.workspace, config)
    options, places = _documented_options(reading, plan.command)
    within = tuple(f for f in files if not places or any(f == p or f.startswith(p + "/") for p in places))
    files, places = (within, places) if within else (files, ())
    if not files and "--doctest-modules" not in f"{config.addopts} {' '.join(options)}":
        return f"Python: no file is named like a test ({', '.join(config.patterns)})"
    command = _pytest_words(reading, plan, config, options)
    where = shlex.join(places)
    plugins = [] if plan.plain else [p for p in config.plugins() if p not in plan.without]
    plugins += ["pytest-django"] if reading.settings and "pytest-django" not in plugins else []
    folder = suite_folder(files)
    wanted = (
        f'python -c "import pytest" 2>/dev/null || {{ {pip("pytest")}; }}'
        if plan.pytest == "pytest"
        else pip(shlex.quote(plan.pytest))
    )
    selecting = selects(" ".join(options)) or (not plan.plain and selects(config.addopts))
    return replace(
        _common(reading, plan),
        setup=(*_set_up(reading, plan), wanted, *(ensure(p) for p in dict.fromkeys(plugins))),
        test=f"{command} {where}".rstrip(),
        test_only=f"{command} {{tests}}",
        runner="pytest",
        test_folder=folder,
        canary=None if selecting else canary(folder, config.patterns),
    )


def _with_patterns(config: PytestConfig, patterns: str) -> PytestConfig:
    return PytestConfig({**config.options, "python_files": patterns}, config.source)


def _documented_options(reading: PythonReading, command: TestCommand | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Options and places of the documented command, as far as they exist here."""
    if command is None or command.kind != "pytest":
        return (), ()
    there = reading.paths | reading.folders
    places = [q for p in command.places if (q := _place(p, command.folder, there))]
    return command.options, tuple(dict.fromkeys(places)) if len(places) == len(command.places) else ()


def _place(place: str, folder: str, there: frozenset[str]) -> str:
    """A path of the checkout for a place in a command; an installed package is its source here."""
    plain = place.split("::", maxsplit=1)[0]
    if plain.startswith(SITE):
        name = plain.removeprefix(SITE).strip("/")
        tries = [f"{prefix}{name}" for prefix in ("", *(f"{s}/" for s in SOURCES))]
        return next((t for t in tries if t in there or f"{t}.py" in there), "")
    path = posixpath.normpath(posixpath.join(folder, plain))
    return path if path in there else ""


def _pytest_words(reading: PythonReading, plan: PythonPlan, config: PytestConfig, options: Sequence[str]) -> str:
    """The command that runs the whole suite and writes the report. Coverage is not measured."""
    # Whatever is run, of however few tests: this configuration, and none from a folder above the checkout.
    source = os.devnull if plan.plain else config.source or os.devnull
    words = [*_variables(reading, plan), f"python -m pytest -q -c {shlex.quote(source)} --rootdir=. --confcutdir=."]
    if "cache_dir" not in config.options and not re.search(
        r"--(lf|ff|nf|sw|last-failed|failed-first|stepwise)\b", config.addopts
    ):
        words.append("-p no:cacheprovider")
    if plan.plain and (path := config.options.get("pythonpath")):
        words.append(f"-o {shlex.quote(f'pythonpath={path}')}")
    words += [f"-p no:{name.removeprefix('pytest-').replace('-', '_')}" for name in plan.without]
    if re.search(r"--cov\b", config.addopts) and not plan.plain and "pytest-cov" not in plan.without:
        words.append("--no-cov")
    if config.options.get("python_files") != reading.config.options.get("python_files"):
        words.append(f"-o {shlex.quote('python_files=' + config.options['python_files'])}")
    if plan.importlib:
        words.append("--import-mode=importlib")
    return " ".join([*words, *map(shlex.quote, options), COLLECT_ALL, REPORT_FLAGS])


def _variables(reading: PythonReading, plan: PythonPlan) -> list[str]:
    """Assignments before the command."""
    told = plan.command or next(iter(reading.commands), None)  # what its own runner is told, pytest needs as well
    found = dict(told.variables) if told is not None else {}
    found.pop("PYTHONPATH", None)
    if reading.settings:
        found["DJANGO_SETTINGS_MODULE"] = reading.settings
    places = [s for s in SOURCES if s in reading.folders and f"{s}/__init__.py" not in reading.paths]
    if not plan.project:
        found["PYTHONPATH"] = ":".join([".", *places])
    return [f"{k}={shlex.quote(v)}" for k, v in found.items()]


def _set_up(reading: PythonReading, plan: PythonPlan) -> tuple[str, ...]:
    environment = python(reading.workspace, reading.hints, plan.as_of)
    installed = install(reading.workspace, reading.hints, reading.tox, plan)
    return (environment.venv(), *installed.lines)


def _common(reading: PythonReading, plan: PythonPlan) -> Recipe:
    environment = python(reading.workspace, reading.hints, plan.as_of)
    installed = install(reading.workspace, reading.hints, reading.tox, plan)
    more = [reading.config.source, *([plan.command.source] if plan.command is not None else [])]
    inputs = sorted({*installed.inputs, *environment.inputs, *filter(None, more)})
    source = "; ".join([installed.source, *plan.told])
    return Recipe("python", (), "", ReportFormat.JUNIT, source, inputs=tuple(inputs))


def _by_unittest(reading: PythonReading, plan: PythonPlan, command: TestCommand) -> Recipe:
    """The repository's own command, whose results unittest reports, recorded as JUnit XML."""
    words = list(command.places)
    start, top = _start(words), ""
    for flag, value in pairwise(words):
        top = value if flag in ("-t", "--top-level-directory") else top
    top = top or (start if words[:2] == ["-m", "unittest"] else "")
    recorder = Path(unittest_recorder.__file__).read_text(encoding="utf-8")
    keep = f"mkdir -p \"$PENNYFIX_ENV/pennyfix\" && cat > {RECORDER} <<'END_OF_RECORDER'\n{recorder}END_OF_RECORDER\n"
    before = [f"cd {shlex.quote(command.folder)} &&"] if command.folder else []
    head = " ".join([*before, *_variables(reading, plan), f"python {RECORDER} {{junit}} {shlex.quote(top or '.')}"])
    takes_labels = words[:2] == ["-m", "unittest"] or words[:3] == ["-m", "django", "test"] or "manage.py" in words[0]
    base = {"-m": words[:3] if words[1:3] == ["django", "test"] else words[:2]}.get(words[0], words[:2])
    only = f"{head} {shlex.join(base)} {{tests}}" if takes_labels and not command.folder else None
    return replace(
        _common(reading, plan),
        setup=(*_set_up(reading, plan), keep),
        test=f"{head} {shlex.join(words)}",
        test_only=only,
        runner="unittest",
        test_folder=start,
        canary=_unittest_canary(reading, command, start) if takes_labels else None,
    )


def discovery(reading: PythonReading) -> TestCommand | None:
    """Unittest's own discovery over the folder that holds the tests, for suites that do not like pytest."""
    files = suite_files(reading.workspace, _with_patterns(reading.config, "test*.py"))
    if not files:
        return None
    tops = {f.split("/")[0] for f in files}
    start = tops.pop() if len(tops) == 1 and "/" in files[0] else "."
    package = f"{start}/__init__.py" in reading.paths
    words = ("-m", "unittest", "discover", "-s", start, *(("-t", ".") if package else ()))
    return TestCommand("unittest", (), words, (), "unittest's discovery")


def _start(words: Sequence[str]) -> str:
    """The folder where discovery starts."""
    for flag, value in pairwise(words):
        if flag in ("-s", "--start-directory"):
            return value.rstrip("/").removeprefix("./").removeprefix(".")
    plain = [w for w in words if not w.startswith("-")]
    if "discover" in plain:
        after = plain[plain.index("discover") + 1 :]
        return after[0].rstrip("/").removeprefix("./") if after else ""
    if "test" in plain:
        after = plain[plain.index("test") + 1 :]
        return after[0].replace(".", "/") if after else ""
    return ""


def _unittest_canary(reading: PythonReading, command: TestCommand, start: str) -> Canary | None:
    """A failing TestCase where discovery finds it; None where the command names its modules."""
    folder = posixpath.join(command.folder, start) if start else command.folder
    named = [w for w in command.places[2:] if not w.startswith("-")]
    discovers = not named or "discover" in named or "test" in named
    if not discovers or (folder and folder not in reading.folders):
        return None
    content = (
        "import unittest\n\n\nclass Test_{name}(unittest.TestCase):\n"
        "    def test_{name}(self):\n        self.assertEqual(2 + 2, 5)\n"
    )
    return Canary(posixpath.join(folder, "test_{name}.py"), content)


def python(workspace: Workspace, hints: Hints, as_of: str = "") -> Python:
    """The interpreter that the repository asks for, or on a day in the past the newest of its time."""
    requires = str(table(toml(workspace, "pyproject.toml"), "project").get("requires-python", ""))
    if not requires:
        parser = ini(workspace.read_text("setup.cfg") or "")
        requires = parser.get("options", "python_requires", fallback="")
    if not requires:
        found = re.search(r"python_requires\s*=\s*[\"']([^\"']+)", workspace.read_text("setup.py") or "")
        requires = found[1] if found else ""
    if not requires:
        found = re.search(
            r"^python\s*=\s*[\"']([^\"']+)[\"']", workspace.read_text("pyproject.toml") or "", re.MULTILINE
        )
        requires = found[1] if found else ""
    found_python = wanted_python(workspace, requires, hints.python)
    if not as_of:
        return found_python
    time = tuple(v for v in of_their_time(as_of) if v in found_python.allowed)
    return replace(found_python, preferred=(*(v for v in found_python.preferred if v in time), *time))


def django_settings(workspace: Workspace, config: PytestConfig, commands: Sequence[TestCommand] = ()) -> str:
    """Django's settings for the tests, when pytest is not configured for Django already: what a command, `manage.py`,
    `runtests.py` or a conftest.py names, else a file of that name among the tests."""
    if "DJANGO_SETTINGS_MODULE" in config.options or "--ds" in config.addopts:
        return ""
    for command in commands:
        if command.settings:
            return command.settings
    for path in ("runtests.py", "tests/runtests.py", "manage.py", "tests/manage.py"):
        found = re.search(
            r"DJANGO_SETTINGS_MODULE[\"']\s*[\],]\s*=?\s*[\"']([\w.]+)[\"']", workspace.read_text(path) or ""
        )
        if found:
            return found[1]
    text = "".join(
        workspace.read_text(p) or "" for p in ("pyproject.toml", "setup.py", "setup.cfg", "tox.ini", "requirements.txt")
    )
    if not re.search(r"\bdjango\b", text, re.IGNORECASE) or _configures_itself(workspace):
        return ""
    names = sorted(
        f.path for f in workspace.files() if re.fullmatch(r"(?:[\w-]+/){0,2}(?:test_?)?settings(?:_?test)?\.py", f.path)
    )
    names = [n for n in names if re.match(r"(?:.*/)?tests?(?:_\w+)?/|.*test", n)]
    return names[0].removesuffix(".py").replace("/", ".") if names else ""


def _configures_itself(workspace: Workspace) -> bool:
    """Whether a conftest.py of the repository sets Django up by itself."""
    for path in ("conftest.py", "tests/conftest.py", "test/conftest.py"):
        text = workspace.read_text(path) or ""
        if "settings.configure(" in text or "DJANGO_SETTINGS_MODULE" in text:
            return True
    return False
