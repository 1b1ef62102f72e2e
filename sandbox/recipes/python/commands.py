"""The test command that a Python repository documents for itself: tox, nox, scripts, Makefile, continuous integration.

A command is taken apart, never run as it stands: its runner, the options that decide which tests there are, the places
it names, and the variables it is given.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from sandbox.recipes.ci_workflow import Hints
from sandbox.recipes.python.suite import table, toml
from sandbox.recipes.python.tox import SITE, ToxEnvironment
from sandbox.repository.workspace import Workspace

Kind = Literal["pytest", "unittest"]

SCRIPTS = ("runtests.py", "run_tests.py", "tests/runtests.py", "tests/run_tests.py", "test/alltests.py")
"""Scripts whose name says that they run the tests, documented or not."""

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_WRAPPERS = re.compile(r"(?:uv|poetry|pdm|hatch|pipenv|rye|hatchling) run|xvfb-run|time|env|nice|-")
_KEPT_FLAGS = ("--doctest-modules", "--doctest-plus", "--doctest-continue-on-failure", "--strict-markers")
_KEPT_VALUES = (
    "--doctest-glob", "--ignore", "--ignore-glob", "--deselect", "--import-mode", "--ds", "--hypothesis-profile",
    "--asyncio-mode", "--confcutdir",
)  # fmt: skip
_SHORT_VALUES = ("-k", "-m", "-p")
_TAKES_VALUE = re.compile(
    r"--(?:tb|cov|cov-config|cov-report|cov-fail-under|junit-?xml|basetemp|durations|maxfail|dist|timeout|color|log-level|"
    r"rootdir|html|reruns|capture|randomly-seed|numprocesses)|-[nWorc]"
)
_VARIABLE = re.compile(r"\$\{?\{?[^}\s]*\}?\}?|\$\([^)]*\)")
_NOT_OURS = {"PYTEST_ADDOPTS", "PYTHONWARNINGS", "PATH", "HOME", "PIP_INDEX_URL", "VIRTUAL_ENV", "TOXENV"}


@dataclass(frozen=True, slots=True)
class TestCommand:
    """One documented command. `options` and `places` are pytest's, or all words after the runner of a unittest.

    `module` says whether a unittest's first word is a module (`-m`) or a script. `folder` is where it runs.
    """

    __test__ = False

    kind: Kind
    options: tuple[str, ...]
    places: tuple[str, ...]
    variables: tuple[tuple[str, str], ...]
    source: str
    folder: str = ""

    @property
    def settings(self) -> str:
        """Django's settings module, when the command names one."""
        for word in (*self.options, *self.places):
            if word.startswith(("--settings=", "--ds=")):
                return word.partition("=")[2]
        for words in (self.options, self.places):
            for flag, value in pairwise(words):
                if flag in ("--settings", "--ds"):
                    return value
        return dict(self.variables).get("DJANGO_SETTINGS_MODULE", "")


def documented(workspace: Workspace, tox: ToxEnvironment | None, hints: Hints) -> tuple[TestCommand, ...]:
    """Every test command that is documented, the most telling source first."""
    found: list[TestCommand] = []
    if tox is not None:
        own = [parse(c, tox.source, tox.folder, tox.variables) for c in tox.commands]
        found += sorted(filter(None, own), key=lambda c: (c.kind != "pytest", len(c.places)))
    lines = [*_nox(workspace), *_scripts(workspace), *_make(workspace)]
    found += [c for source, line in lines if (c := parse(line, source))]
    found += [c for run in hints.runs if (c := parse(run.line, run.source, run.folder, run.variables))]
    paths = {f.path for f in workspace.files()}
    found += [c for p in SCRIPTS if p in paths and (c := parse(f"python {p}", p))]
    return tuple(dict.fromkeys(found))


def parse(line: str, source: str, folder: str = "", variables: Iterable[tuple[str, str]] = ()) -> TestCommand | None:
    """The test command in one shell line; None when it runs no Python test."""
    try:
        words = shlex.split(re.sub(r"\$\{\{.*?\}\}", "", line.replace("\\\n", " ")), comments=True)
    except ValueError:
        return None
    given = {k: v for k, v in variables if not _VARIABLE.search(v)}
    for stop in ("&&", ";", "||", "|", "&"):
        if stop in words:  # `cd tests && pytest`, and what comes after a pipe
            first, rest = words[: words.index(stop)], words[words.index(stop) + 1 :]
            if stop in ("&&", ";") and first[:1] == ["cd"] and len(first) == 2:  # noqa: PLR2004 - cd FOLDER
                return parse(shlex.join(rest), source, first[1].strip("/"), given.items())
            return parse(shlex.join(first), source, folder, given.items()) or (
                parse(shlex.join(rest), source, folder, given.items()) if stop in ("&&", ";") else None
            )
    words = _unwrapped(words, given)
    if not words:
        return None
    kept = tuple((k, v) for k, v in given.items() if k not in _NOT_OURS and not k.startswith(("COV", "TOX", "GITHUB_")))
    if words[0] in ("pytest", "py.test"):
        options, places = _pytest_words(words[1:])
        return TestCommand("pytest", options, places, kept, source, folder)
    if unittest := _unittest_words(words):
        return TestCommand("unittest", (), unittest, kept, source, folder)
    return None


def _unwrapped(words: list[str], given: dict[str, str]) -> list[str]:
    """Without assignments (which go to `given`), runners of runners, coverage and the interpreter."""
    while words:
        if _ASSIGNMENT.match(words[0]):
            name, _, value = words[0].partition("=")
            if not _VARIABLE.search(value):
                given[name] = value
            words = words[1:]
        elif _WRAPPERS.fullmatch(" ".join(words[:2])):
            words = _after_options(words[2:])
        elif _WRAPPERS.fullmatch(words[0]):
            words = _after_options(words[1:])
        elif words[:2] == ["coverage", "run"]:
            words = ["python", *_after_options(words[2:], stop=("-m",))]
        elif re.fullmatch(r"(?:.*/)?(?:python(?:3(?:\.\d+)?)?|\$\{?\(?PYTHON\)?\}?)", words[0]):
            rest = _after_options(words[1:], stop=("-m", "-c"))
            if rest[:1] == ["-m"] and rest[1:2] in (["pytest"], ["py.test"], ["coverage"]):
                words = rest[1:]
            else:
                return rest
        else:
            return words
    return words


def _after_options(words: list[str], stop: Sequence[str] = ()) -> list[str]:
    while words and words[0].startswith("-") and words[0] not in stop:
        takes = words[0] in ("--source", "--rcfile", "--with", "--group", "--extra", "-W", "-X", "--python")
        words = words[2:] if takes else words[1:]
    return words


def _pytest_words(words: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The options that decide which tests there are, and the places where they are looked for."""
    options, places = [], []
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        name, equals, _ = word.partition("=")
        if _VARIABLE.search(word) and not word.startswith(SITE):
            continue
        if word in _KEPT_FLAGS or (equals and name in _KEPT_VALUES):
            options.append(word)
        elif word in (*_KEPT_VALUES, *_SHORT_VALUES) and waiting:
            value = waiting.pop(0)
            if not _VARIABLE.search(value):
                options += [word, value]
        elif word == "--pyargs":
            places += [f"{SITE}/{w.replace('.', '/')}" for w in waiting if not w.startswith("-")]
            waiting = [w for w in waiting if w.startswith("-")]
        elif word.startswith("-"):
            if not equals and _TAKES_VALUE.fullmatch(word) and waiting and not waiting[0].startswith("-"):
                waiting.pop(0)
        else:
            places.append(word)
    return tuple(options), tuple(p.removeprefix("./").rstrip("/") for p in places if p not in (".", "./"))


def _unittest_words(words: list[str]) -> tuple[str, ...]:
    """What follows the interpreter in a command whose tests are reported by unittest's own runner."""
    dropped = ("-v", "-q", "--verbose", "-b", "--buffer")
    plain = [w.removeprefix("./") or "." for w in words if not _VARIABLE.search(w) and w not in dropped]
    if plain[:2] in (["-m", "unittest"], ["-m", "twisted.trial"]):
        return tuple(plain) if plain[1] == "unittest" else ()
    if plain[:3] == ["-m", "django", "test"] or (
        plain[:1] == ["-m"] and re.fullmatch(r"[\w.]+\.tests?", " ".join(plain[1:2]))
    ):
        return tuple(plain)
    if plain[:2] == ["django-admin", "test"]:
        return ("-m", "django", *plain[1:])
    script = plain[0].removeprefix("./") if plain else ""
    if script.endswith("manage.py") and plain[1:2] == ["test"]:
        return (script, *plain[1:])
    if re.fullmatch(r"(?:[\w/-]+/)?(?:runtests?|run_tests?|alltests|test_?all|tests?)\.py", script):
        return (script, *(w for w in plain[1:] if not w.startswith("--testrunner") and "TestRunner" not in w))
    return ()


def _nox(workspace: Workspace) -> Iterator[tuple[str, str]]:
    """Literal `session.run("pytest", ...)` calls."""
    for call in re.findall(r"session\.run\(\s*([^)]*)\)", workspace.read_text("noxfile.py") or ""):
        words = re.findall(r"[\"']([^\"'{}]+)[\"']", re.sub(r"\w+\s*=\s*[^,]+", "", call))
        if words:
            yield "noxfile.py", shlex.join(words)


def _scripts(workspace: Workspace) -> Iterator[tuple[str, str]]:
    """Scripts named like a test run of pdm, poe, hatch, taskipy and rye."""
    project = toml(workspace, "pyproject.toml")
    tables = [
        table(project, "tool", *keys)
        for keys in (("pdm", "scripts"), ("poe", "tasks"), ("taskipy", "tasks"), ("rye", "scripts"))
    ]
    tables += [
        table(project, "tool", "hatch", "envs", env, "scripts") for env in table(project, "tool", "hatch", "envs")
    ]
    for scripts in tables:
        for name in ("test", "tests", "run", "test-all"):
            found = scripts.get(name)
            for key in ("cmd", "shell"):
                found = found.get(key, found) if isinstance(found, dict) else found
            for line in found if isinstance(found, list) else [found]:
                if isinstance(line, str):
                    yield "pyproject.toml", re.sub(r"\{args(?::([^}]*))?\}", lambda m: m[1] or "", line)


def _make(workspace: Workspace) -> Iterator[tuple[str, str]]:
    """The lines of a Makefile's `test` target."""
    for path in ("Makefile", "makefile", "GNUmakefile"):
        found = re.search(
            r"^(?:test|tests|check)\s*:[^\n=]*\n((?:\t[^\n]*(?:\n|\Z))+)", workspace.read_text(path) or "", re.MULTILINE
        )
        if found:
            text = found[1].replace("\\\n", " ")
            for line in text.splitlines():
                plain = re.sub(r"\$\$\{[^}:]*:-([^}]*)\}", r"\1", line.strip().lstrip("@-"))
                yield path, re.sub(r"\$[({]PYTHON[)}]", "python", plain)
