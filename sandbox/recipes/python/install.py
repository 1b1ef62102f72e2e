"""The shell lines that install a Python repository with what its tests need.

Locks first, then requirement files and project metadata; extras and groups are taken by name. Read as
text only: no metadata is built on the host, no setup.py is run there.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sandbox.recipes.ci_workflow import Hints
from sandbox.recipes.python.metadata import extras_of, group_specs, groups_of, poetry_specs, pretended, requirements_of
from sandbox.recipes.python.plan import PythonPlan
from sandbox.recipes.python.project_folders import members
from sandbox.recipes.python.suite import ini, table, toml
from sandbox.recipes.python.tox import NOT_FOR_TESTS, ToxEnvironment
from sandbox.repository.workspace import Workspace

TEST_NAMES = ("test", "tests", "testing", "unittest", "unittests", "unit", "pytest")
DEVELOPMENT_NAMES = ("dev", "develop", "development", "all", "complete", "full", "ci")
"""Taken only where nothing is named for tests: they bring linters, documentation tools and their pins."""

_FOR_TESTS = re.compile(
    r"(?:[\w-]*requirements?/)?(?:(?:requirements?)?[-_.]?(?:tests?|testing|unittests?|pytest)(?:[-_.]?[A-Za-z]*)(?:[-_.]?requirements?)?)"
    r"\.(?:txt|in|pip)|(?:tests?|testing)/requirements?(?:[-_.]\w+)?\.(?:txt|in)",
    re.IGNORECASE,
)
_FOR_DEVELOPMENT = re.compile(
    r"(?:[\w-]*requirements?/)?(?:(?:requirements?)?[-_.]?(?:dev|develop|development|ci|local|all)(?:[-_.]?requirements?)?)"
    r"\.(?:txt|in|pip)",
    re.IGNORECASE,
)
_UNREACHABLE = re.compile(r"://|^(?:-[ie]\s*|--(?:index|extra-index|find|editable)\b).*://|^git\+")


@dataclass(frozen=True, slots=True)
class InstallLines:
    """Shell lines, and the files that decide what they do."""

    lines: tuple[str, ...]
    inputs: tuple[str, ...]
    source: str


def pip(arguments: str, before: str = "") -> str:
    """A line that installs into the environment, by uv where the sandbox has it, else by pip."""
    plain = f"python -m pip install --quiet {arguments}"
    fast = f'uv pip install --quiet --python "$PENNYFIX_ENV/bin/python" {arguments}'
    return f"{before}if command -v uv >/dev/null 2>&1; then {fast} || {plain}; else {plain}; fi"


def lenient(line: str) -> str:
    """The same line, whose failure is told and passed over."""
    return f"( {line} ) || echo 'an optional part of the set-up failed and was passed over'"


def ensure(package: str) -> str:
    """Install `package` unless something has already brought it."""
    module = package.replace("-", "_").lower()
    return f'python -c "import {module}" 2>/dev/null || {{ {pip(package)}; }}'


def tool(name: str) -> str:
    """A packaging tool in its own environment beside the repository's, so that neither sees the other."""
    place = f'"$PENNYFIX_ENV/tools/{name}"'
    return f'python -m venv {place} && {place[:-1]}/bin/python" -m pip install --quiet {name}'


def install(workspace: Workspace, hints: Hints, tox: ToxEnvironment | None, plan: PythonPlan) -> InstallLines:
    """How this repository is installed by `plan`; the lines are empty when it has nothing to install."""
    paths = {f.path for f in workspace.files()}
    project = toml(workspace, "pyproject.toml")
    before = _before(workspace, plan)
    inputs: list[str] = [p for p in ("pyproject.toml", "setup.py", "setup.cfg") if p in paths]
    extras = _named(extras_of(workspace, project), tox.extras if tox else ())
    groups = _named(groups_of(project), tox.groups if tox else ())
    lines: list[str] = []
    source, locked = "", False
    if plan.lock and plan.project:
        lines, locks = _by_lock(workspace, project, paths, extras, groups, before)
        inputs += locks
        source, locked = (locks[0] if locks else ""), bool(lines)
    files = [p for p in ("requirements.txt", "requirements/base.txt", "requirements/requirements.txt") if p in paths]
    optional = _requirement_files(paths)
    if not lines:
        lines = [pip(f"-r {shlex.quote(p)}", before) for p in files]
        lines += _project(workspace, project, paths, extras, before, plan)
        specs = [*group_specs(project, groups), *poetry_specs(project, groups)]
        lines += [lenient(pip(f"-r {shlex.quote(p)}", before)) for p in optional]
        lines += together(specs, before)
        inputs += [*files, *optional]
        lines += [lenient(pip(f"--editable {shlex.quote(f'./{m}')}", before)) for m in members(paths)]
    have = {f"-r {p}" for p in (*files, *optional)} if not locked else set()
    asked = [a for a in (_asked_by_tox(tox, paths) if tox else []) if a not in have]
    if asked:
        lines += together(asked, before)
    elif not locked and not optional and not extras and not groups:
        lines += [lenient(pip(shlex.join(words), before)) for words in _nox(workspace)]
        lines += [lenient(pip(_editable(what), before)) for what in hints.installs if _adds(what, files, paths)]
    lines += [lenient(pip(shlex.quote(p), before)) for p in plan.packages]
    inputs += [p for p in ("tox.ini", "tox.toml", "noxfile.py", *hints.sources) if p in paths]
    source = source or ", ".join([*files[:1], *inputs[:1]][:2]) or "the test files"
    return InstallLines(tuple(lines), tuple(dict.fromkeys(inputs)), source)


def _before(workspace: Workspace, plan: PythonPlan) -> str:
    """What every line is told first: a version that git cannot tell, and how new a package may be."""
    as_of = f"export UV_EXCLUDE_NEWER={plan.as_of}T23:59:59Z; " if plan.as_of else ""
    return pretended(workspace) + as_of


def _by_lock(
    workspace: Workspace,
    project: Mapping[str, object],
    paths: set[str],
    extras: Sequence[str],
    groups: Sequence[str],
    before: str,
) -> tuple[list[str], list[str]]:
    """The lines that install what a lock names, and the lock's files; none when there is no lock."""
    if "uv.lock" in paths and "project" in project:
        members = ["--all-packages"] if "workspace" in table(project, "tool", "uv") else []
        flags = [*members, *_flags("--extra", extras), *_flags("--group", groups)]
        line = " ".join(['uv sync --quiet --frozen --inexact --python "$PENNYFIX_ENV/bin/python"', *flags])
        have = "command -v uv >/dev/null 2>&1 || python -m pip install --quiet uv"
        return [have, f'{before}export UV_PROJECT_ENVIRONMENT="$PENNYFIX_ENV"; {line}'], ["uv.lock"]
    if "poetry.lock" in paths:
        flags = [*_flags("--extras", extras), *_flags("--with", groups)]
        poetry = " ".join(['"$PENNYFIX_ENV/tools/poetry/bin/poetry" install --no-interaction --quiet', *flags])
        return [f'{tool("poetry")} && {before}export VIRTUAL_ENV="$PENNYFIX_ENV" && {poetry}'], ["poetry.lock"]
    if "pdm.lock" in paths and "project" in project:
        flags = [*_flags("-G", (*extras, *groups))]
        pdm = " ".join(['"$PENNYFIX_ENV/tools/pdm/bin/pdm" sync --no-self --quiet', *flags])
        use = '"$PENNYFIX_ENV/tools/pdm/bin/pdm" use --quiet --first "$PENNYFIX_ENV/bin/python"'
        alone = pip("--no-deps --editable .", before)
        return [f'{tool("pdm")} && {before}export VIRTUAL_ENV="$PENNYFIX_ENV" && {use} && {pdm}', alone], ["pdm.lock"]
    if "Pipfile" in paths:
        pipenv = '"$PENNYFIX_ENV/tools/pipenv/bin/pipenv"'
        verb = "sync" if "Pipfile.lock" in paths else "install --skip-lock"
        names: list[str] = [p for p in ("Pipfile.lock", "Pipfile") if p in paths]
        lines = [
            tool("pipenv"),
            f'{before}export VIRTUAL_ENV="$PENNYFIX_ENV" PIPENV_IGNORE_VIRTUALENVS=0; {pipenv} {verb} --dev',
        ]
        return [*lines, *_project(workspace, project, paths, extras, before, PythonPlan())], names
    return [], []


def _project(
    workspace: Workspace,
    project: Mapping[str, object],
    paths: set[str],
    extras: Iterable[str],
    before: str,
    plan: PythonPlan,
) -> list[str]:
    """An editable installation, when there is something to install. Never a copy: a patch would not reach it."""
    installable = "project" in project or "build-system" in project or "setup.py" in paths
    installable = installable or ini(workspace.read_text("setup.cfg") or "").has_section("metadata")
    if not installable:
        return []
    if not plan.project:
        return together(requirements_of(workspace, project), before)
    line = pip("--editable .", before)
    if extras:  # an extra that cannot be installed must not take the rest with it
        line = f"{{ {pip(f'--editable {shlex.quote(_with(extras))}', before)}; }} || {{ {line}; }}"
    return [line]


def _with(extras: Iterable[str]) -> str:
    return f".[{','.join(extras)}]"


def together(specs: Sequence[str], before: str = "") -> list[str]:
    """Requirements in one resolution, so that their pins hold together; where that fails, as many as can be had."""
    if not specs:
        return []
    words = [shlex.join(shlex.split(s) if s.startswith("-") else [s]) for s in dict.fromkeys(specs)]
    if len(words) == 1:
        return [lenient(pip(words[0], before))]
    apart = " ; ".join(lenient(pip(w, before)) for w in words)
    return [f"{{ {pip(' '.join(words), before)}; }} || {{ {apart}; }}"]


def _named(known: Iterable[str], asked: Iterable[str]) -> tuple[str, ...]:
    """Of the known extras or groups those for tests, and those that tox asks for; else those for development."""
    by_plain = {re.sub(r"[-_.]+", "-", k).lower(): k for k in known}
    plain = [re.sub(r"[-_.]+", "-", a).lower() for a in asked]
    wanted = [by_plain[p] for p in plain if p in by_plain and not NOT_FOR_TESTS.search(p)]
    wanted += [by_plain[n] for n in TEST_NAMES if n in by_plain]
    wanted = wanted or [by_plain[n] for n in DEVELOPMENT_NAMES[:3] if n in by_plain]
    return tuple(dict.fromkeys(wanted))


def _requirement_files(paths: set[str]) -> list[str]:
    """Files for tests, wherever they lie at the root or in a folder of requirements; else those for development."""
    for pattern in (_FOR_TESTS, _FOR_DEVELOPMENT):
        found = sorted(p for p in paths if pattern.fullmatch(p))
        found = [p for p in found if not (p.endswith(".in") and p.removesuffix(".in") + ".txt" in paths)]
        if found:
            return found
    return []


def _asked_by_tox(tox: ToxEnvironment, paths: set[str]) -> list[str]:
    """The deps of tox's environment that can be had: no URL, no file that is not there."""
    out = []
    for dep in tox.deps:
        found = re.match(r"(?:-r|-c|--requirement|--constraint)[\s=]*(.+)", dep)
        if found:
            path = found[1].strip().removeprefix("./")
            if path in paths:
                out.append(f"{'-c' if dep.startswith(('-c', '--c')) else '-r'} {path}")
        elif not _UNREACHABLE.search(dep) and not dep.startswith("-") and not re.fullmatch(r"\.(?:\[.*\])?|\./?", dep):
            out.append(dep)
    return out


def _nox(workspace: Workspace) -> list[list[str]]:
    """Plain requirements named by literal `session.install(...)` calls of nox."""
    out: list[list[str]] = []
    for call in re.findall(r"session\.install\(([^)]*)\)", workspace.read_text("noxfile.py") or ""):
        words = re.findall(r"[\"']([^\"']+)[\"']", call)
        if words and "{" not in call:
            out.append(["--editable" if w == "-e" else w for w in words])
    return out


def _flags(flag: str, names: Iterable[str]) -> list[str]:
    return [f"{flag} {shlex.quote(n)}" for n in names]


def _editable(what: str) -> str:
    words = shlex.split(what)
    if any(w.startswith(".") for w in words) and not {"-e", "--editable"} & set(words):
        words.insert(next(i for i, w in enumerate(words) if w.startswith(".")), "--editable")
    return shlex.join(words)


def _adds(what: str, files: Iterable[str], paths: set[str]) -> bool:
    """Whether CI's arguments bring something that was not found otherwise, from files that exist."""
    words = [w for w in shlex.split(what) if w not in ("-r", "-e", "--editable", ".")]
    words = [w for w in words if w not in files]
    missing = any(w.endswith(".txt") and w not in paths for w in words)
    return bool(words) and not missing
