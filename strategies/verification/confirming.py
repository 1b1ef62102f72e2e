"""Whether a new failure is the patch's: it is run again in fresh sandboxes before it counts."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.repository.patch import Patch
from strategies.verification.runs import Runs


def confirmed(runs: Runs, judged: Patch, failing: Sequence[str], timeout: float) -> tuple[str, ...]:
    """Of new failures, those that fail twice more in fresh sandboxes; the others are flaky."""
    still = tuple(failing)
    for _ in range(2):
        if not still or runs.recipe.test_only is None:
            return still
        # ids are told to the runner only where it takes ids; elsewhere the whole suite is run again
        only = still if runs.recipe.runner == "pytest" and all("::" in i for i in still) else ()
        run = runs.run(judged, only=only, timeout=timeout)
        if run.report is None:
            return still
        still = tuple(i for i in still if i not in run.report.passed)
    return still
