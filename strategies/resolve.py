"""The one loop: it consumes a strategy's attempts, judges each by executed tests, and knows when to stop.

Budget, progress, partial results and selection are written here, once, for every strategy.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, cast

from sandbox.repository.patch import Patch
from strategies.attempt import Attempt, JudgedAttempt
from strategies.issue import Issue
from strategies.models.meter import OverBudget
from strategies.resolution import Ending, Resolution
from strategies.step import Step
from strategies.strategy import SolveContext, Strategy
from strategies.verdict import Evidence, Judged, Rung, Verdict

if TYPE_CHECKING:
    from sandbox.repository.workspace import Workspace


def resolve(
    issue: Issue,
    workspace: Workspace,
    strategy: Strategy,
    context: SolveContext,
    *,
    unverified: Literal["draft", "decline"] = "draft",
    stop: Callable[[], None] = lambda: None,
) -> Resolution:
    """Try until an attempt earns what is asked, the strategy ends, or the money does.

    `stop` is called before every attempt and may raise (cancelled, lease lost); that passes through, as does
    SandboxUnavailable. OverBudget becomes an ending.
    """
    ending, reason = Ending.UNSOLVED, "every attempt fell short"
    attempts = strategy.attempts(issue, workspace, context)
    with closing(cast("Any", attempts)):  # a generator; its clean-up runs now, not when it is collected
        try:
            stop()
            for attempt in attempts:
                if attempt.question:
                    context.history.append(JudgedAttempt(attempt, _unjudged("the strategy asks instead of spending")))
                    return _end(Ending.QUESTION, attempt.question, context, None)
                tried = JudgedAttempt(attempt, _judge(attempt, context))
                context.history.append(tried)
                _tell(tried, context)
                if tried.verdict.judged is Judged.PASSED:
                    return _end(Ending.ACCEPTED, _why(tried), context, tried)
                if _nothing_to_learn(tried, context):
                    break
                stop()
        except OverBudget as error:
            ending, reason = Ending.OVER_BUDGET, str(error)
            context.say(Step("over_budget", reason, {"scope": error.scope, "cap": str(error.cap)}))
    best = select(context.history)
    if ending is Ending.OVER_BUDGET:
        return _end(ending, reason, context, best if unverified == "draft" else None)
    if best is None:
        return _end(ending, reason, context, None)
    if unverified == "decline":
        return _end(Ending.UNSOLVED, "the best attempt has less evidence than this repository asks for", context, None)
    return _end(Ending.UNVERIFIED, best.verdict.feedback or "less evidence than asked", context, best)


def select(history: list[JudgedAttempt]) -> JudgedAttempt | None:
    """The best attempt that executed tests do not speak against: the highest rung, then one that agrees with another or
    is preferred, then the earliest."""
    open_ones = [t for t in history if t.attempt.patch and t.verdict.judged is Judged.UNJUDGED]
    candidates = [t for t in open_ones if t.verdict.evidence.top >= Rung.APPLIES]
    return max(
        candidates,
        key=lambda t: (t.verdict.evidence.top, t.attempt.agreement is not None, t.attempt.preferred),
        default=None,
    )


def _judge(attempt: Attempt, context: SolveContext) -> Verdict:
    if not attempt.patch:
        return Verdict(Judged.FAILED, Evidence(notes=(attempt.error,) if attempt.error else ()), attempt.error)
    context.say(Step("verify", f"judging the patch of {attempt.tier}: {', '.join(attempt.patch.paths[:6])}"))
    try:
        verdict = context.verification.judge(attempt.patch)
    except OverBudget as error:  # while a test was written: the attempt was paid for and is not lost
        context.history.append(JudgedAttempt(attempt, _unjudged(f"there was no money left to judge it: {error}")))
        raise
    if attempt.agreement is None or verdict.judged is Judged.FAILED:
        return verdict
    rungs = verdict.evidence.rungs | {Rung.AGREEMENT}
    return replace(verdict, evidence=replace(verdict.evidence, agreement=attempt.agreement, rungs=rungs))


def _unjudged(why: str) -> Verdict:
    return Verdict(Judged.UNJUDGED, Evidence(), why)


def _nothing_to_learn(tried: JudgedAttempt, context: SolveContext) -> bool:
    """Without tests a further attempt cannot be told from a better one, so no more money is spent."""
    return tried.verdict.judged is Judged.UNJUDGED and not context.verification.can_judge


def _tell(tried: JudgedAttempt, context: SolveContext) -> None:
    rungs = [r.name.lower() for r in sorted(tried.verdict.evidence.rungs)]
    words = {Judged.PASSED: "passed", Judged.FAILED: "failed", Judged.UNJUDGED: "could not be judged"}
    why = tried.verdict.feedback.strip().splitlines()
    text = f"{tried.attempt.tier}: {words[tried.verdict.judged]}" + (f" ({why[0][:160]})" if why else "")
    context.say(Step("verdict", text, {"judged": str(tried.verdict.judged), "rungs": rungs}))


def _why(tried: JudgedAttempt) -> str:
    return f"{tried.attempt.tier} earned {tried.verdict.evidence.top.name.lower()}"


def _end(ending: Ending, reason: str, context: SolveContext, chosen: JudgedAttempt | None) -> Resolution:
    patch = Patch()
    if chosen is not None:
        patch = chosen.attempt.patch
        reproduction = chosen.verdict.evidence.reproduction
        if reproduction is not None and reproduction.passes:
            patch = patch.merge(Patch({reproduction.path: reproduction.content}))
    context.say(Step("ending", f"{ending}: {reason.splitlines()[0] if reason else ''}", {"ending": str(ending)}))
    return Resolution(ending, tuple(context.history), chosen, patch, reason)
