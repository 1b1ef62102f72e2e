"""What a verification stands on: the environment, and the tests before any change. Both are cached."""

from __future__ import annotations

from dataclasses import replace

from sandbox.recipe import Environment
from strategies.step import Step
from strategies.verification.baseline import Baseline, kept, measure
from strategies.verification.request import VerificationRequest
from strategies.verification.runs import TestRuns


def prepare(request: VerificationRequest) -> tuple[TestRuns, Baseline]:
    """Prepare the environment and measure the baseline.

    Raises PreparationFailed, NoBaseline (could not be judged) or SandboxUnavailable.
    """
    environment = request.backend.prepare(
        request.scope, request.recipe, request.workspace.tree(), lambda text: request.say(Step("environment", text))
    )
    request.say(environment_step(environment))
    runs = TestRuns(request.backend, environment, request.workspace)
    baseline = kept(request.memory, environment, request.workspace.base, lambda: measure(runs.open_base, environment))
    request.say(baseline_step(baseline))
    return replace(runs, places=baseline.places), baseline


def environment_step(environment: Environment) -> Step:
    """What is told of the environment."""
    text = "environment from the cache" if environment.cached else f"environment ready in {environment.seconds:.0f} s"
    facts = {
        "seconds": round(environment.seconds, 1),
        "cached": environment.cached,
        "source": environment.recipe.source,
    }
    return Step("environment", text, facts)


def baseline_step(baseline: Baseline) -> Step:
    """What is told of the tests before any change."""
    b = baseline.counts
    text = f"before: {b.passed} passed, {b.failed} failed, {b.skipped} skipped"
    text += f", {len(baseline.flaky)} flaky" if baseline.flaky else ""
    lost = baseline.uncollected
    text += f"; could not be collected, so not judged: {', '.join(lost[:5])}" if lost else ""
    text += f" and {len(lost) - 5} more" if len(lost) > 5 else ""  # noqa: PLR2004 - a line
    facts = {
        "passed": b.passed,
        "failed": b.failed,
        "skipped": b.skipped,
        "flaky": sorted(baseline.flaky)[:20],
        "uncollected": list(lost[:20]),
    }
    return Step("baseline", text, facts)
