"""The hidden tests judge the final patch, after the strategy has ended: resolved, not resolved, or cannot be judged."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.backend import Backend
from sandbox.errors import MirrorError, PatchRejected, PreparationFailed, SandboxUnavailable
from sandbox.guard.guarded import guard
from sandbox.recipe import Recipe
from sandbox.repository.git import git
from sandbox.repository.patch import Patch
from sandbox.repository.workspace import Workspace
from sandbox.testing.report import TestReport, TestRun
from sandbox.testing.testrun import run_tests
from strategies.study.tasks.task import Hidden, TaskError

SECONDS = 1800.0
"""How long a task from outside may test; a corpus task is done in a minute."""
SHOWN = 5


@dataclass(frozen=True, slots=True)
class HiddenResult:
    """`resolved` None: it could not be judged, and `why` says so. `failed` are required tests that do not pass."""

    resolved: bool | None
    why: str = ""
    failed: tuple[str, ...] = ()


def hidden_result(
    backend: Backend, scope: str, recipe: Recipe | None, workspace: Workspace, hidden: Hidden, patch: Patch
) -> HiddenResult:
    """Put the hidden tests over the patch and run everything in a fresh sandbox."""
    if not patch:
        return HiddenResult(False, "there is no patch")
    if recipe is None:
        return HiddenResult(None, "no way to run the repository's tests was found")
    try:
        tests = patch_from(hidden.tests, workspace)
        own = guard(patch, workspace, recipe.test).judged
        workspace.tree(own)
        judged = own.merge(tests)
        report, why = _run(backend, scope, recipe, workspace, judged)
        if report is None and _run(backend, scope, recipe, workspace, tests)[0] is None:
            return HiddenResult(None, f"the hidden tests cannot be run at all: {why}")
        if report is None:
            return HiddenResult(False, f"with the patch the tests cannot be run: {why}")
        failed = missing(report, hidden)
        if failed:  # once more: a flaky test must not decide
            again, _ = _run(backend, scope, recipe, workspace, judged)
            failed = tuple(i for i in failed if again is None or i in missing(again, hidden))
    except PatchRejected as error:
        return HiddenResult(False, str(error))
    except (SandboxUnavailable, PreparationFailed) as error:
        return HiddenResult(None, str(error))
    if failed:
        more = f" and {len(failed) - SHOWN} more" if len(failed) > SHOWN else ""
        return HiddenResult(False, f"failed: {', '.join(failed[:SHOWN])}{more}", failed)
    return HiddenResult(True, "all hidden tests pass")


def missing(report: TestReport, hidden: Hidden) -> tuple[str, ...]:
    """Required tests that did not pass."""
    return tuple(i for i in (*hidden.fail_to_pass, *hidden.pass_to_pass) if not _passed(i, report))


def _passed(wanted: str, report: TestReport) -> bool:
    """Whether a test passed, found by its id or by the end of one: task files may shorten the runner's ids."""
    if wanted in report.passed:
        return True
    ending = f"::{wanted}"
    matching = [i for i in report.results if i.endswith(ending)]
    return bool(matching) and all(i in report.passed for i in matching)


def _run(
    backend: Backend, scope: str, recipe: Recipe, workspace: Workspace, judged: Patch
) -> tuple[TestReport | None, str]:
    environment = backend.prepare(scope, recipe, workspace.tree(), lambda _: None)
    with backend.open(environment, workspace.tree(judged)) as sandbox:
        run: TestRun = run_tests(sandbox, environment.recipe, timeout=SECONDS, canary=True)
    return run.report, run.reason


def patch_from(change: str | Patch, workspace: Workspace) -> Patch:
    """A unified diff against the base commit as whole contents. Raises TaskError when it does not apply."""
    if isinstance(change, Patch):
        return change
    if not change.strip():
        return Patch()
    with tempfile.TemporaryDirectory(prefix="pennyfix-study-") as folder:
        objects = Path(folder, "objects")
        objects.mkdir()
        extra = {
            "GIT_INDEX_FILE": str(Path(folder, "index")),
            "GIT_OBJECT_DIRECTORY": str(objects),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(workspace.git_dir / "objects"),
        }
        try:
            git(workspace.git_dir, "read-tree", workspace.base, extra=extra)
            content = change if change.endswith("\n") else change + "\n"
            git(workspace.git_dir, "apply", "--cached", "--whitespace=nowarn", "-", stdin=content.encode(), extra=extra)
            changed = git(
                workspace.git_dir, "diff-index", "--cached", "--raw", "-z", "--no-renames", workspace.base, extra=extra
            )
            return _contents(workspace.git_dir, changed.split(b"\0")[:-1], extra)
        except MirrorError as error:
            raise TaskError(f"the hidden tests do not apply to {workspace.base[:12]}: {error}") from error


def _contents(git_dir: Path, raw: Sequence[bytes], extra: dict[str, str]) -> Patch:
    files: dict[str, bytes | None] = {}
    for meta, name in zip(raw[::2], raw[1::2], strict=True):
        _, mode, _, oid, state = meta.lstrip(b":").split()[:5]
        path = name.decode("utf-8", "surrogateescape")
        files[path] = None if state == b"D" else git(git_dir, "cat-file", "blob", oid.decode(), extra=extra)
        if files[path] is not None and not mode.startswith(b"100"):
            raise TaskError(f"the hidden tests make {path} a link or submodule; allowed are regular files")
    return Patch(files)
