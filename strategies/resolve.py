"""The one loop: it consumes a strategy's attempts, judges each by executed tests, and knows when to stop.

Budget, progress, partial results and selection are written here, once, for every strategy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, cast

from sandbox.errors import SandboxUnavailable
from sandbox.repository.patch import Patch
from strategies.attempt import Attempt, JudgedAttempt
from strategies.issue import Issue
from strategies.models.meter import OverBudget
from strategies.models.model import ModelUnavailable
from strategies.resolution import Ending, Resolution
from strategies.step import Step
from strategies.strategy import SolveContext, Strategy
from strategies.verdict import Evidence, Judged, Rung, Verdict
from strategies.verification.doubted_issue_test import doubt_aloud, families_rejected, noted
from strategies.verification.further_tests import (
    OUTVOTED,
    UNSHOWN_FAILS,
    UNSHOWN_PASSES,
    FurtherTests,
    rejected_by_test,
)
from strategies.verification.issue_test_vote import vote_words
from strategies.verification.verdict_from_runs import with_doubts, with_notes

if TYPE_CHECKING:
    from sandbox.repository.workspace import Workspace


def resolve(
    issue: Issue,
    workspace: Workspace,
    strategy: Strategy,
    context: SolveContext,
    *,
    unverified: Literal["draft", "decline"] = "draft",
    doubtful: bool = False,
    stop: Callable[[], None] = lambda: None,
) -> Resolution:
    """Try until an attempt earns what is asked, the strategy ends, or the money does.

    `doubtful`: when nothing was good enough, the best rejected patch that keeps every old test green is looked for.
    `stop` is called before every attempt and may raise (cancelled, lease lost); that passes through, as does
    SandboxUnavailable. OverBudget becomes an ending.
    """
    ending, reason = Ending.UNSOLVED, "every attempt fell short"
    attempts = strategy.attempts(issue, workspace, context)
    further = FurtherTests(context.more_tests)
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
                passes = tried.verdict.judged is Judged.PASSED
                good = _held(tried, further, context) if passes else _rescued(tried, further, context)
                if good is not None:
                    return _accepted(good, context)
                if _nothing_to_learn(tried, context):
                    break
                stop()
        except OverBudget as error:
            ending, reason = Ending.OVER_BUDGET, str(error)
            context.say(Step("over_budget", reason, {"scope": error.scope, "cap": str(error.cap)}))
    best = select(context.history)
    if best is not None and best.verdict.evidence.asks:
        return _end(Ending.ASKS, asks_words(best.verdict.evidence.asks), context, best)
    if best is None:
        doubt = _doubt(context, further)
        shown = best_rejected(context) if doubtful else None
        if shown is not None and doubt:
            place = next(i for i, one in enumerate(context.history) if one is shown)
            context.history[place] = shown = noted(shown, doubt)
        return _end(ending, reason, context, None, shown, doubt)
    if ending is Ending.OVER_BUDGET:
        return _end(ending, reason, context, best if unverified == "draft" else None)
    if unverified == "decline":
        return _end(Ending.UNSOLVED, "the best attempt has less evidence than this repository asks for", context, None)
    return _end(Ending.UNVERIFIED, best.verdict.feedback or "less evidence than asked", context, best)


def _doubt(context: SolveContext, further: FurtherTests) -> str:
    """What is said aloud of a test that rejected everything; "" where there is no doubt."""
    doubt = doubt_aloud(context.history, context.tiers, further.agreeing())
    if doubt:
        families = list(families_rejected(context.history, context.tiers))
        context.say(Step("reproduction", doubt, {"families": families}))
    return doubt


def asks_words(tests: Sequence[str]) -> str:
    """What a patch asks, as a sentence."""
    if len(tests) == 1:
        return "one existing test pins what the issue wants changed, so people decide"
    return f"{len(tests)} existing tests pin what the issue wants changed, so people decide"


def select(history: list[JudgedAttempt]) -> JudgedAttempt | None:
    """The best attempt that executed tests do not speak against: one that resolves the issue and asks, else the highest
    rung, then one that agrees with another or is preferred, then the earliest. Of those that ask, the one that asks
    about the fewest tests."""
    open_ones = [t for t in history if t.attempt.patch and t.verdict.judged is Judged.UNJUDGED]
    candidates = [t for t in open_ones if t.verdict.evidence.top >= Rung.APPLIES]
    return max(
        candidates,
        key=lambda t: (
            bool(asks := t.verdict.evidence.asks),
            -len(asks),
            t.verdict.evidence.top,
            t.attempt.agreement is not None,
            t.attempt.preferred,
        ),
        default=None,
    )


LOOKED_AT = 3
"""Rejected patches that the whole suite is run for at most, to show one of them."""


def best_rejected(context: SolveContext) -> JudgedAttempt | None:
    """The latest patch that only a test from the issue speaks against and that keeps every old test green.

    The latest knew most: tiers are tried cheapest first, and each sees what the earlier ones learned.
    """
    seen: dict[str, int] = {}
    for place, tried in enumerate(context.history):
        if rejected_by_test(tried):
            seen.pop(tried.attempt.patch.digest, None)  # what several attempts came to counts as the last one's
            seen[tried.attempt.patch.digest] = place
    for place in list(reversed(seen.values()))[:LOOKED_AT]:
        tried = context.history[place]
        known = tried.verdict.evidence
        if Rung.REGRESSION in known.rungs:
            return tried
        try:
            suite = context.verification.judge_by_suite(tried.attempt.patch).evidence
        except SandboxUnavailable:
            return None  # it would only be shown; the attempts are not to be paid again for it
        if Rung.REGRESSION in suite.rungs:
            evidence = replace(suite, reproduction=known.reproduction, notes=known.notes)
            context.history[place] = replace(tried, verdict=replace(tried.verdict, evidence=evidence))
            return context.history[place]
    return None


def _rescued(tried: JudgedAttempt, further: FurtherTests, context: SolveContext) -> JudgedAttempt | None:
    """An attempt that one test rejected and that earns it by the vote of further ones. Nothing is paid again for it."""
    if not rejected_by_test(tried):
        return None
    for place in further.rescued(context):
        attempt = context.history[place].attempt
        again = JudgedAttempt(attempt, _judge(attempt, context))
        context.history[place] = again
        _tell(again, context)
        if again.verdict.judged is Judged.PASSED:
            return again
    return None


def _held(tried: JudgedAttempt, further: FurtherTests, context: SolveContext) -> JudgedAttempt | None:
    """The latest attempt, which passes, once a test that it was not shown has spoken, too; None when it is outvoted.

    Where only two tests disagree, it passes and is doubted.
    """
    said = further.unshown(tried, context)
    if said is None:
        return tried
    third = True if said else further.settled(tried, context)
    verdict, evidence = tried.verdict, tried.verdict.evidence
    if said:
        verdict = replace(verdict, evidence=with_notes(evidence, UNSHOWN_PASSES))
    elif third is None:
        verdict = replace(verdict, evidence=with_doubts(evidence, UNSHOWN_FAILS))
    elif third:
        verdict = replace(verdict, evidence=with_notes(evidence, vote_words(2, 1, 3)))
    else:
        verdict = Verdict(Judged.FAILED, with_notes(evidence, vote_words(1, 2, 3)), OUTVOTED)
    again = replace(tried, verdict=verdict)
    context.history[-1] = again
    if not said:
        _tell(again, context)
    return again if verdict.judged is Judged.PASSED else None


def _accepted(good: JudgedAttempt, context: SolveContext) -> Resolution:
    doubts = good.verdict.evidence.doubts
    if doubts:
        return _end(Ending.DOUBTED, f"people should read it first ({doubts[0]})", context, good)
    return _end(Ending.ACCEPTED, _why(good), context, good)


def _judge(attempt: Attempt, context: SolveContext) -> Verdict:
    if not attempt.patch:
        return Verdict(Judged.FAILED, Evidence(notes=(attempt.error,) if attempt.error else ()), attempt.error)
    context.say(Step("verify", f"judging the patch of {attempt.tier}: {', '.join(attempt.patch.paths[:6])}"))
    try:
        verdict = context.verification.judge(attempt.patch)
    except (
        OverBudget,
        ModelUnavailable,
    ) as error:  # while a test was written: the attempt was paid for, it is not lost
        short = (
            "there was no money left to judge it" if isinstance(error, OverBudget) else "nobody could write its test"
        )
        context.history.append(JudgedAttempt(attempt, _unjudged(f"{short}: {error}")))
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


def _end(
    ending: Ending,
    reason: str,
    context: SolveContext,
    chosen: JudgedAttempt | None,
    doubtful: JudgedAttempt | None = None,
    test_doubt: str = "",
) -> Resolution:
    patch = Patch()
    if chosen is not None:
        patch = chosen.attempt.patch
        reproduction = chosen.verdict.evidence.reproduction
        if reproduction is not None and reproduction.passes:
            patch = patch.merge(Patch({reproduction.path: reproduction.content}))
    context.say(Step("ending", f"{ending}: {reason.splitlines()[0] if reason else ''}", {"ending": str(ending)}))
    return Resolution(ending, tuple(context.history), chosen, patch, reason, doubtful, test_doubt)
