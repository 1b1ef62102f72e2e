"""The shell lines that install a Python repository with what its tests need.

Locks first, then requirement files and project metadata; extras and groups are taken by name. Read as
text only: no metadata is built on the host, no setup.py is run there.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sandbox.commit import MADE_UP_VERSION
from sandbox.recipes.ci_workflow import Hints
from sandbox.recipes.python_tests import ini, table, toml
from sandbox.repository.workspace import Workspace

TEST_NAMES = ("test", "tests", "testing", "dev", "develop", "development")

_REQUIREMENTS = re.compile(
    r"(?:requirements?/)?(?:(?:requirements?)?[-_.]?(?:tests?|testing|dev|develop|development|ci)(?:[-_.]?requirements?)?)"
    r"\.(?:txt|in)|tests?/requirements?\.txt",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Install:
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


def install(workspace: Workspace, hints: Hints) -> Install:
    """How this repository is installed; the lines are empty when it has nothing to install."""
    paths = {f.path for f in workspace.files()}
    project = toml(workspace, "pyproject.toml")
    inputs: list[str] = [p for p in ("pyproject.toml", "setup.py", "setup.cfg") if p in paths]
    extras, groups = _extras(workspace, project), _groups(project)
    extra_requirements = _tox_and_nox(workspace)
    if "uv.lock" in paths and "project" in project:
        line = " ".join(["uv sync --quiet --frozen --inexact", *_flags("--extra", extras), *_flags("--group", groups)])
        lines = ["command -v uv >/dev/null 2>&1 || python -m pip install --quiet uv"]
        lines.append(f'{_pretend(workspace, project)}export UV_PROJECT_ENVIRONMENT="$PENNYFIX_ENV"; {line}')
        return Install(tuple(lines), ("uv.lock", *inputs), "uv.lock")
    if "poetry.lock" in paths:
        by_poetry = _poetry(workspace, project, paths, extras, groups)
        return Install(by_poetry, ("poetry.lock", *inputs), "poetry.lock")
    if "Pipfile" in paths:
        pipenv = '"$PENNYFIX_ENV/tools/pipenv/bin/pipenv"'
        verb = "sync" if "Pipfile.lock" in paths else "install --skip-lock"
        locks = tuple(p for p in ("Pipfile", "Pipfile.lock") if p in paths)
        lines = [
            tool("pipenv"),
            f'export VIRTUAL_ENV="$PENNYFIX_ENV" PIPENV_IGNORE_VIRTUALENVS=0; {pipenv} {verb} --dev',
        ]
        return Install((*lines, *_project(workspace, project, paths, extras)), (*locks, *inputs), locks[-1])
    files = [p for p in ("requirements.txt", "requirements/base.txt", "requirements/requirements.txt") if p in paths]
    optional = sorted(p for p in paths if _REQUIREMENTS.fullmatch(p))
    optional = [p for p in optional if not (p.endswith(".in") and p.removesuffix(".in") + ".txt" in paths)]
    lines = [pip(f"-r {shlex.quote(p)}") for p in files]
    lines += _project(workspace, project, paths, extras)
    lines += [lenient(pip(f"-r {shlex.quote(p)}")) for p in optional]
    if specs := _group_specs(project, groups):
        lines.append(lenient(pip(shlex.join(specs))))
    if not optional and not extras and not groups:
        lines += [lenient(pip(shlex.join(words))) for words in extra_requirements]
        lines += [lenient(pip(_editable(what))) for what in hints.installs if _adds(what, files, paths)]
    inputs += [*files, *optional, *(p for p in ("tox.ini", "noxfile.py", *hints.sources) if p in paths)]
    sources = ", ".join([*files[:1], *inputs[:1]][:2]) or "the test files"
    return Install(tuple(lines), tuple(dict.fromkeys(inputs)), sources)


def _poetry(
    workspace: Workspace,
    project: Mapping[str, object],
    paths: set[str],
    extras: Sequence[str],
    groups: Sequence[str],
) -> tuple[str, ...]:
    """By poetry from the lock; where poetry cannot (it knows one index), by pip without the lock's versions."""
    flags = " ".join([*_flags("--extras", extras), *_flags("--with", groups)])
    poetry = f'"$PENNYFIX_ENV/tools/poetry/bin/poetry" install --no-interaction --quiet {flags}'.rstrip()
    names = [n for g in groups for n in table(project, "tool", "poetry", "group", g, "dependencies")]
    names += [n for n in table(project, "tool", "poetry", "dev-dependencies") if n not in names]
    otherwise = [*_project(workspace, project, paths, extras), *([lenient(pip(shlex.join(names)))] if names else [])]
    fallback = f" || {{ {' && '.join(f'{{ {line}; }}' for line in otherwise)}; }}" if otherwise else ""
    return (f'{tool("poetry")} && export VIRTUAL_ENV="$PENNYFIX_ENV" && {poetry}{fallback}',)


def _project(workspace: Workspace, project: Mapping[str, object], paths: set[str], extras: Iterable[str]) -> list[str]:
    """An editable installation, when there is something to install. Never a copy: a patch would not reach it."""
    installable = "project" in project or "build-system" in project or "setup.py" in paths
    installable = installable or ini(workspace.read_text("setup.cfg") or "").has_section("metadata")
    if not installable:
        return []
    what = f".[{','.join(extras)}]" if extras else "."
    return [pip(f"--editable {shlex.quote(what)}", _pretend(workspace, project))]


def _pretend(workspace: Workspace, project: Mapping[str, object]) -> str:
    """Versions taken from git tags cannot be had in a sandbox, which has no history; a made-up one will do, its tag.

    https://setuptools-scm.readthedocs.io/en/latest/overrides/
    """
    text = "".join(workspace.read_text(p) or "" for p in ("pyproject.toml", "setup.py", "setup.cfg"))
    if not re.search(r"setuptools[-_]scm|hatch-vcs|versioningit|\bpbr\b|dynamic-versioning|pdm.*scm", text):
        return ""
    name = str(table(project, "project").get("name", ""))
    suffix = "_FOR_" + re.sub(r"[^A-Z0-9]+", "_", name.upper()) if name else ""
    return (
        f"export SETUPTOOLS_SCM_PRETEND_VERSION{suffix}={MADE_UP_VERSION} PBR_VERSION={MADE_UP_VERSION} "
        f"PDM_BUILD_SCM_VERSION={MADE_UP_VERSION} POETRY_DYNAMIC_VERSIONING_BYPASS={MADE_UP_VERSION}; "
    )


def _extras(workspace: Workspace, project: Mapping[str, object]) -> tuple[str, ...]:
    known = {*table(project, "project", "optional-dependencies"), *table(project, "tool", "poetry", "extras")}
    parser = ini(workspace.read_text("setup.cfg") or "")
    if parser.has_section("options.extras_require"):
        known |= set(parser["options.extras_require"])
    script = workspace.read_text("setup.py") or ""
    if "extras_require" in script:
        known |= set(re.findall(r"[\"'](\w+)[\"']\s*:\s*[\[(\w]", script[script.index("extras_require") :]))
        known |= set(re.findall(r"extras(?:_require)?\[[\"'](\w+)[\"']\]", script))
    return tuple(n for n in TEST_NAMES if n in known)


def _groups(project: Mapping[str, object]) -> tuple[str, ...]:
    known = {*table(project, "dependency-groups"), *table(project, "tool", "poetry", "group")}
    known |= set(table(project, "tool", "pdm", "dev-dependencies"))
    return tuple(n for n in TEST_NAMES if n in known)


def _group_specs(project: Mapping[str, object], groups: Iterable[str]) -> list[str]:
    """The requirements in dependency groups, included groups too (PEP 735)."""
    tables = {**table(project, "tool", "pdm", "dev-dependencies"), **table(project, "dependency-groups")}
    out: dict[str, None] = {}
    waiting, seen = list(groups), set()
    while waiting:
        name = waiting.pop(0)
        if name in seen:
            continue
        seen.add(name)
        listed = tables.get(name)
        for item in listed if isinstance(listed, list) else []:
            if isinstance(item, str) and not item.startswith("-"):
                out[item] = None
            elif isinstance(item, dict) and isinstance(item.get("include-group"), str):
                waiting.append(item["include-group"])
    return list(out)


def _tox_and_nox(workspace: Workspace) -> list[list[str]]:
    """Plain requirements named by tox's [testenv] or by literal `session.install(...)` calls of nox."""
    out: list[list[str]] = []
    parser = ini(workspace.read_text("tox.ini") or "")
    if parser.has_section("testenv"):
        for line in parser["testenv"].get("deps", "").splitlines():
            line = line.split(" #")[0].strip()  # noqa: PLW2901 - the comment goes
            if line.startswith("-r"):
                out.append(["-r", line[2:].strip()])
            elif re.fullmatch(r"[A-Za-z0-9._\[\],-]+\s*(?:[<>=!~].*)?", line):
                out.append([line])
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
