"""What the repository's own automation says about installing and testing it, read as data and never run whole.

GitHub workflows (https://docs.github.com/actions/reference/workflow-syntax-for-github-actions),
copilot-setup-steps.yml (https://docs.github.com/copilot/customizing-copilot/customizing-the-development-environment-for-copilot-coding-agent)
and devcontainer.json (https://containers.dev/implementors/json_reference/).
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import yaml

from sandbox.repository.workspace import Workspace

COPILOT_STEPS = (".github/workflows/copilot-setup-steps.yml", ".github/workflows/copilot-setup-steps.yaml")
DEVCONTAINERS = (".devcontainer/devcontainer.json", ".devcontainer.json")

_UNUSABLE = re.compile(r"\$\{\{|\bsudo\b|\bapt(-get)?\b|\bbrew\b|\bdocker\b|\bsystemctl\b|GITHUB_(ENV|PATH|OUTPUT)")
_PIP = re.compile(r"^(?:python3? -m )?(?:uv )?pip3? install (?P<what>.+)$")
_PYTEST = re.compile(r"\bpytest\b|\btox\b|\bnox\b")


@dataclass(frozen=True, slots=True)
class Hints:
    """What continuous integration tells about the environment. `installs` are arguments of `pip install`."""

    python: tuple[str, ...] = ()
    installs: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Steps:
    """Set-up lines that some file of the repository gives, and that file's path."""

    lines: tuple[str, ...]
    source: str


def read_hints(workspace: Workspace) -> Hints:
    """Python versions and pip arguments of the jobs that run the Python tests."""
    python: list[str] = []
    installs: list[str] = []
    sources: list[str] = []
    for path in workflow_paths(workspace):
        for job in jobs_of(workspace.read_text(path)):
            steps = [s for s in _list(job.get("steps")) if isinstance(s, dict)]
            runs = [str(s.get("run", "")) for s in steps]
            if not any(_PYTEST.search(r) for r in runs):
                continue
            sources.append(path)
            python += _versions(job, steps)
            installs += [w for run in runs for w in _pip_arguments(run)]
    return Hints(tuple(dict.fromkeys(python)), tuple(dict.fromkeys(installs)), tuple(dict.fromkeys(sources)))


def setup_steps(workspace: Workspace) -> tuple[Steps | None, tuple[str, ...]]:
    """The first usable set-up that the repository gives to other agents, and why others were passed over."""
    notes = []
    for path, lines in (*_copilot(workspace), *_devcontainer(workspace)):
        if not lines:
            continue
        if bad := next((line for line in lines if _UNUSABLE.search(line)), None):
            notes.append(f"{path} was passed over: {bad.splitlines()[0][:120]!r} cannot run in the sandbox")
            continue
        return Steps(tuple(lines), path), tuple(notes)
    return None, tuple(notes)


def _copilot(workspace: Workspace) -> Iterator[tuple[str, list[str]]]:
    for path in COPILOT_STEPS:
        for job in jobs_of(workspace.read_text(path)):
            steps = [s for s in _list(job.get("steps")) if isinstance(s, dict)]
            yield path, [str(s["run"]).strip() for s in steps if s.get("run")]


def _devcontainer(workspace: Workspace) -> Iterator[tuple[str, list[str]]]:
    for path in DEVCONTAINERS:
        text = workspace.read_text(path)
        if text is None:
            continue
        try:
            found = json.loads(_without_comments(text))
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            yield path, _commands(found.get("postCreateCommand"))


def _commands(command: object) -> list[str]:
    """A devcontainer command: a shell line, an argument list, or several of them by name."""
    if isinstance(command, str):
        return [command]
    if isinstance(command, list):
        return [shlex.join(str(c) for c in command)]
    if isinstance(command, dict):
        return [line for part in command.values() for line in _commands(part)]
    return []


def _without_comments(text: str) -> str:
    """JSON with comments and trailing commas, as plain JSON; strings are left alone."""
    pattern = r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/'
    text = re.sub(pattern, lambda m: m[1] or "", text, flags=re.DOTALL)
    return re.sub(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])', lambda m: m[1] or "", text)


def workflow_paths(workspace: Workspace) -> list[str]:
    """The repository's workflows, those whose names speak of tests first."""
    found = [
        f.path
        for f in workspace.files()
        if re.fullmatch(r"\.github/workflows/[^/]+\.ya?ml", f.path) and f.path not in COPILOT_STEPS
    ]
    return sorted(found, key=lambda p: (not re.search(r"test|ci|main|build|python", p), p))


def jobs_of(text: str | None) -> list[Mapping[str, object]]:
    """The jobs of a workflow's text; none when it cannot be read."""
    if text is None:
        return []
    try:
        found = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return []
    jobs = found.get("jobs") if isinstance(found, dict) else None
    return [j for j in jobs.values() if isinstance(j, dict)] if isinstance(jobs, dict) else []


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _versions(job: Mapping[str, object], steps: list[dict[str, object]]) -> list[str]:
    """Versions given to actions/setup-python, matrix expressions looked up."""
    out: list[object] = []
    for step in steps:
        given = step.get("with")
        if "setup-python" not in str(step.get("uses", "")) or not isinstance(given, dict):
            continue
        version = given.get("python-version")
        if reference := re.search(r"matrix\.([\w-]+)", str(version)):
            strategy = job.get("strategy")
            matrix = strategy.get("matrix") if isinstance(strategy, dict) else None
            out += _list(matrix.get(reference[1])) if isinstance(matrix, dict) else []
        else:
            out += version if isinstance(version, list) else [version]
    return [m[0] for v in out if (m := re.match(r"3\.\d+", str(v)))]


def _pip_arguments(run: str) -> Iterator[str]:
    for line in run.replace("\\\n", " ").splitlines():
        found = _PIP.match(" ".join(line.split()))
        if found is None or re.search(r"[$;&|<>`(){}]", found["what"]):
            continue
        try:
            words = shlex.split(found["what"])
        except ValueError:
            continue
        words = [
            w for w in words if w not in ("pip", "-U", "--upgrade", "setuptools", "wheel", "--user", "-q", "--system")
        ]
        if words and not any(
            w.startswith(("http:", "git+", "-i", "--index", "--extra-index", "--find")) for w in words
        ):
            yield shlex.join(words)
