"""Whether a candidate test may judge patches: it must fail at the base commit, for the right reason."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace

from sandbox.testing.report import TestOutcome, TestReport, TestResult
from sandbox.testing.testrun import run_tests
from strategies.issue import Issue
from strategies.reproduction.execution_trace import trace
from strategies.reproduction.failure_reason import FailureReason, broken_run, missing_as_told, right_reason
from strategies.reproduction.placement import selector
from strategies.reproduction.repository_use import cannot_pass, failing_line, uses_repository
from strategies.reproduction.trial_conditions import TestBed
from strategies.verdict import Reproduction

BAD = (TestOutcome.FAILED, TestOutcome.ERROR)
_GO_TEST = re.compile(r"^func (Test\w+)\(", re.MULTILINE)


def validate(
    content: bytes, path: str, issue: Issue, test_bed: TestBed
) -> tuple[FailureReason, tuple[TestResult, ...]]:
    """Run a candidate at the base commit and say whether it fails there for the right reason.

    Raises SandboxUnavailable.
    """
    if not content.strip():
        return FailureReason(False, "the answer holds no code block"), ()
    with test_bed.open_base() as sandbox:
        sandbox.write({path: content})
        only = (selector(test_bed.recipe, path),) if test_bed.recipe.test_only else ()
        run = run_tests(sandbox, test_bed.recipe, only=only, timeout=test_bed.seconds)
    if run.report is None:
        why = broken_run(f"{run.reason}\n{run.result.text}", issue_text(issue), path)
        return FailureReason(False, f"it could not be run{f' ({why})' if why else ''}: {run.reason[:1_500]}"), ()
    results = own(run.report, path, test_bed.existing, content)
    reason = right_reason(results, issue_text(issue), path, run.result.text)
    if reason.right and (why := cannot_pass(content, path)):
        reason = FailureReason(False, why)
    if reason.right and not missing_as_told(results, issue_text(issue), run.result.text):
        reason = executing(reason, content, path, results, test_bed)
    return reason, results


def executing(
    reason: FailureReason, content: bytes, path: str, results: tuple[TestResult, ...], test_bed: TestBed
) -> FailureReason:
    """The reason with the repository's files that the test executed; a wrong one where it executes and uses nothing.

    The runner is watched where it can be, else the test's text has to do. Raises SandboxUnavailable.
    """
    seen = trace(content, path, results, test_bed)
    if seen.called:
        return replace(reason, executed=seen.called)
    lines = [failing_line(r.message, path) for r in results if r.outcome is not TestOutcome.PASSED]
    used = uses_repository(content, path, test_bed.workspace, max(lines) if all(lines) else 0)
    if used is False:
        return FailureReason(False, "the test fails without executing any code of this repository")
    return replace(reason, executed=seen.loaded)


def issue_text(issue: Issue) -> str:
    """All that people wrote on the issue."""
    return f"{issue.title}\n{issue.body}\n{issue.instructions}\n" + "\n".join(c.body for c in issue.comments)


def own(report: TestReport, path: str, existing: frozenset[str], content: bytes = b"") -> tuple[TestResult, ...]:
    """The results that belong to a new test file: by its path or class where the runner tells, by the names that
    `content` declares where it can be known (Go), else every new id."""
    results = [r for _, r in sorted(report.results.items())]
    mine = [r for r in results if r.file == path or r.id.startswith(path) or _head(r.id).endswith(f" {path}")]
    if not mine and path.endswith((".java", ".kt", ".groovy")):
        name = posixpath.basename(path).rsplit(".", 1)[0]
        mine = [r for r in results if name in re.split(r"[.$]", _head(r.id))]
    if not mine:
        mine = [r for r in results if r.id not in existing]
    if path.endswith("_test.go") and content:
        names = set(_GO_TEST.findall(content.decode("utf-8", "replace")))
        mine = [r for r in mine if r.id.split("::", 1)[-1].split("/")[0] in names] or mine
    return tuple(mine)


def _head(identity: str) -> str:
    return identity.split("::", 1)[0]


def output_of(results: tuple[TestResult, ...]) -> str:
    """The output of a candidate's run, for the retry."""
    return "\n".join(f"{r.id} {r.outcome}\n{r.message}" for r in results)[:3_000] or "(nothing)"


def ran(report: TestReport, reproduction: Reproduction, existing: frozenset[str]) -> bool:
    """Whether a run holds any test of the reproduction. A whole suite that does not collect it says nothing on it:
    then its own run counts."""
    results = {r.id for r in own(report, reproduction.path, existing, reproduction.content)}
    return any(i in results or (results and not is_one_test(i)) for i in reproduction.ids)


def passes(report: TestReport, reproduction: Reproduction, existing: frozenset[str]) -> tuple[bool, str]:
    """Whether every test of the reproduction that failed before is there and passes now, and what it says.

    Where the whole file could not be loaded before, it has to hold tests now, and none of them may fail.
    """
    results = {r.id: r for r in own(report, reproduction.path, existing, reproduction.content)}
    wrong = [i for i in reproduction.ids if i in results and results[i].outcome is not TestOutcome.PASSED]
    wrong += [i for i in reproduction.ids if i not in results and is_one_test(i)]
    if not all(map(is_one_test, reproduction.ids)):
        wrong += [i for i, r in results.items() if r.outcome in BAD and i not in wrong]
        if not any(r.outcome is TestOutcome.PASSED for r in results.values()):
            wrong += [i for i in reproduction.ids if i not in wrong]
    told = "\n".join(f"{i}: {results[i].message if i in results else 'did not run'}" for i in wrong)
    return not wrong, told[:4_000]


def is_one_test(identity: str) -> bool:
    """Whether an id names a test, and not a file, package or build that could not be loaded."""
    head, _, name = identity.partition("::")
    return bool(name) and name != head
