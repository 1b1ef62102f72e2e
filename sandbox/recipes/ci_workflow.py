"""What the repository's own automation says about installing and testing it, read as data and never run whole.

GitHub workflows (https://docs.github.com/actions/reference/workflow-syntax-for-github-actions),
copilot-setup-steps.yml (https://docs.github.com/copilot/customizing-copilot/customizing-the-development-environment-for-copilot-coding-agent)
and devcontainer.json (https://containers.dev/implementors/json_reference/).
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import yaml

from sandbox.repository.workspace import Workspace

COPILOT_STEPS = (".github/workflows/copilot-setup-steps.yml", ".github/workflows/copilot-setup-steps.yaml")
DEVCONTAINERS = (".devcontainer/devcontainer.json", ".devcontainer.json")

_UNUSABLE = re.compile(r"\$\{\{|\bsudo\b|\bapt(-get)?\b|\bbrew\b|\bdocker\b|\bsystemctl\b|GITHUB_(ENV|PATH|OUTPUT)")
_PIP = re.compile(r"^(?:python3? -m )?(?:uv )?pip3? install (?P<what>.+)$")
_TESTS = re.compile(
    r"\bpytest\b|\bpy\.test\b|\btox\b|\bnox\b|\bunittest\b|\bmanage\.py test\b|\bdjango test\b|\bmake (?:\w+ )*test|"
    r"\b(?:run)?tests?\.py\b|\bhatch (?:run )?test|\bnose2?\b|\b(?:pdm|poe|rye) (?:run )?test"
)


@dataclass(frozen=True, slots=True)
class CiRun:
    """One line that continuous integration runs, with its folder and the variables whose values are plain."""

    line: str
    source: str
    folder: str = ""
    variables: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Hints:
    """What continuous integration tells about the environment. `installs` are arguments of `pip install`, `runs` the
    lines of the jobs that run tests, `services` the images of containers that they start (`postgres:16`)."""

    python: tuple[str, ...] = ()
    installs: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    runs: tuple[CiRun, ...] = ()
    services: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Steps:
    """Set-up lines that some file of the repository gives, and that file's path."""

    lines: tuple[str, ...]
    source: str


def read_hints(workspace: Workspace) -> Hints:
    """Python versions, pip arguments, lines and services of the jobs that run tests, by whatever runner."""
    python: list[str] = []
    installs: list[str] = []
    sources: list[str] = []
    lines: list[CiRun] = []
    services: list[str] = []
    for path in workflow_paths(workspace):
        whole = _yaml(workspace.read_text(path))
        for name, job in _named_jobs(whole):
            steps = [s for s in _list(job.get("steps")) if isinstance(s, dict)]
            runs = [str(s.get("run", "")) for s in steps]
            if not any(_TESTS.search(r) for r in runs) and not re.search(r"\btests?\b", name.replace("_", "-")):
                continue
            sources.append(path)
            python += _versions(job, steps)
            installs += [w for run in runs for w in _pip_arguments(run)]
            lines += [r for step in steps for r in _lines(step, (whole, job, step), path)]
            services += _images(job)
    return Hints(
        python=tuple(dict.fromkeys(python)),
        installs=tuple(dict.fromkeys(installs)),
        sources=tuple(dict.fromkeys(sources)),
        runs=tuple(dict.fromkeys(lines)),
        services=tuple(dict.fromkeys(services)),
    )


def _lines(step: Mapping[str, object], places: Iterable[Mapping[str, object]], path: str) -> Iterator[CiRun]:
    """The lines of a step, with the variables of workflow, job and step."""
    variables: dict[str, str] = {}
    for place in places:
        env = place.get("env")
        found = env.items() if isinstance(env, dict) else ()
        variables |= {str(k): str(v) for k, v in found if "${{" not in str(v)}
    folder = str(step.get("working-directory") or "")
    plain = "" if "${{" in folder else folder.removeprefix("./").strip("/.")
    for line in str(step.get("run", "")).replace("\\\n", " ").splitlines():
        if line.strip() and "${{" not in line:
            yield CiRun(" ".join(line.split()), path, plain, tuple(variables.items()))


def _images(job: Mapping[str, object]) -> list[str]:
    """https://docs.github.com/actions/tutorials/use-containerized-services: name → {image: …}."""
    services = job.get("services")
    listed = services.values() if isinstance(services, dict) else ()
    return [str(s["image"]) for s in listed if isinstance(s, dict) and isinstance(s.get("image"), str)]


def setup_steps(workspace: Workspace) -> tuple[Steps | None, tuple[str, ...]]:
    """The first usable set-up that the repository gives to other agents, and why others were passed over."""
    notes = []
    for path, lines, of_its_own in (*_copilot(workspace), *_devcontainer(workspace)):
        if not lines:
            continue
        if not of_its_own:
            notes.append(f"{path} was passed over: it names neither image nor features, so its commands are not enough")
            continue
        if bad := next((line for line in lines if _UNUSABLE.search(line)), None):
            notes.append(f"{path} was passed over: {bad.splitlines()[0][:120]!r} cannot run in the sandbox")
            continue
        return Steps(tuple(lines), path), tuple(notes)
    return None, tuple(notes)


def _copilot(workspace: Workspace) -> Iterator[tuple[str, list[str], bool]]:
    for path in COPILOT_STEPS:
        for job in jobs_of(workspace.read_text(path)):
            steps = [s for s in _list(job.get("steps")) if isinstance(s, dict)]
            yield path, [str(s["run"]).strip() for s in steps if s.get("run")], True


def _devcontainer(workspace: Workspace) -> Iterator[tuple[str, list[str], bool]]:
    for path in DEVCONTAINERS:
        text = workspace.read_text(path)
        if text is None:
            continue
        try:
            found = json.loads(_without_comments(text))
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            yield path, _commands(found.get("postCreateCommand")), bool(found.get("image") or found.get("features"))


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


def _yaml(text: str | None) -> Mapping[str, object]:
    if text is None:
        return {}
    try:
        found = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _named_jobs(workflow: Mapping[str, object]) -> list[tuple[str, Mapping[str, object]]]:
    jobs = workflow.get("jobs")
    return [(str(n), j) for n, j in jobs.items() if isinstance(j, dict)] if isinstance(jobs, dict) else []


def jobs_of(text: str | None) -> list[Mapping[str, object]]:
    """The jobs of a workflow's text; none when it cannot be read."""
    return [job for _, job in _named_jobs(_yaml(text))]


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
