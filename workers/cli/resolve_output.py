"""A local resolution and a quote, each as lines for the terminal and as values for JSON. No I/O."""

from __future__ import annotations

from typing import Any

from strategies.attempt import JudgedAttempt
from strategies.resolution import Ending
from strategies.verdict import Evidence, Rung
from workers.billing.quote import Quote
from workers.cli.local_resolution import LocalResult
from workers.usd import show_usd

ENDINGS = {
    Ending.ACCEPTED: "accepted",
    Ending.DOUBTED: "accepted with doubts",
    Ending.ASKS: "asks about existing tests",
    Ending.UNVERIFIED: "not verified enough",
    Ending.UNSOLVED: "not solved",
    Ending.UNJUDGED: "could not be judged",
    Ending.QUESTION: "the issue does not say enough",
    Ending.OVER_BUDGET: "the budget ended first",
}


def evidence_lines(evidence: Evidence) -> list[str]:
    """The rungs earned, test counts and notes of a verification, one line each."""
    rungs = [r.name.lower() for r in sorted(evidence.rungs) if r is not Rung.NONE]
    out = [f"evidence   {', '.join(rungs) or 'none'}"]
    for name, counts in (("before", evidence.before), ("after", evidence.after)):
        if counts is not None:
            new = f", {counts.new} new" if counts.new else ""
            out.append(f"{name:<10} {counts.passed} passed, {counts.failed} failed, {counts.skipped} skipped{new}")
    listed = (
        ("asks", evidence.asks),
        ("broken", tuple(i for i in evidence.broken if i not in evidence.asks)),
        ("fixed", evidence.fixed),
        ("flaky", evidence.flaky),
        ("not judged", evidence.not_judged),
    )
    for name, tests in listed:
        if tests:
            out.append(f"{name:<10} {', '.join(tests[:5])}" + (f" and {len(tests) - 5} more" if len(tests) > 5 else ""))  # noqa: PLR2004 - the five shown
    if evidence.reproduction is not None:
        after = "passes after" if evidence.reproduction.passes else "still fails after"
        out.append(f"test       {evidence.reproduction.path} fails before and {after}")
    if evidence.restored:
        out.append(f"restored   {', '.join(evidence.restored)} (judged in their original form)")
    out += [f"doubt      {d}" for d in evidence.doubts]
    return out + [f"note       {n}" for n in evidence.notes]


def result_lines(result: LocalResult) -> list[str]:
    """The diff, how it ended, each attempt, the evidence and the bill."""
    resolution, bill = result.resolution, result.bill
    out = [result.diff.rstrip("\n"), ""] if result.diff else []
    out.append(f"{ENDINGS[resolution.ending]}: {resolution.reason}")
    out += [f"attempt {n}  {_attempt(t)}" for n, t in enumerate(resolution.attempts, 1)]
    if resolution.chosen is not None:
        out += evidence_lines(resolution.chosen.verdict.evidence)
    if resolution.test_doubt:
        out.append(f"in doubt   {resolution.test_doubt}")
    out += _doubtful(result)
    if resolution.ending is Ending.UNJUDGED:
        out += [f"looked     {place}" for place in result.solved.looked]
    if result.solved.suggestion:
        lines = result.solved.suggestion.splitlines()
        out += ["With this in .github/autofix.yml the tests ran:", *(f"  {x}" for x in lines)]
    out.append("")
    for row in bill.rows:
        u = row.usage
        unknown = f" ({row.unknown} of unknown cost, at their worst case)" if row.unknown else ""
        out.append(
            f"{row.tier:<10} {row.model}: {row.calls} calls, {u.input_tokens:,} input ({u.cached_tokens:,} cached), "
            f"{u.output_tokens:,} output tokens, {show_usd(row.usd)}{unknown}"
        )
    out.append(f"total      {show_usd(bill.total)}")
    if bill.strong_only is not None:
        out.append(
            f"The strong model alone would have cost about {show_usd(bill.strong_only.usd)} ({bill.strong_only.basis})."
        )
    return out


def _doubtful(result: LocalResult) -> list[str]:
    """The best rejected patch, with the test that it fails."""
    doubtful = result.resolution.doubtful
    if doubtful is None:
        return []
    test = doubtful.verdict.evidence.reproduction
    number = next(n for n, one in enumerate(result.resolution.attempts, 1) if one is doubtful)
    out = [f"doubtful   attempt {number} keeps every old test green and fails only the test from the issue; it is not"]
    out += ["           accepted, but sometimes it is the test that is wrong:", result.doubtful_diff.rstrip("\n")]
    return out if test is None else [*out, f"           {test.path}:", test.content.decode("utf-8", "replace").rstrip()]


def _attempt(tried: JudgedAttempt) -> str:
    attempt, verdict = tried.attempt, tried.verdict
    why = (attempt.error or verdict.feedback).strip().splitlines()
    return f"{attempt.tier} ({attempt.solver}): {verdict.judged}" + (f", {why[0][:160]}" if why else "")


def result_json(result: LocalResult) -> dict[str, Any]:
    """The whole result as values for JSON; amounts are USD as text."""
    resolution = result.resolution
    evidence = resolution.chosen.verdict.evidence if resolution.chosen else None
    return {
        "accepted": result.accepted,
        "ending": str(resolution.ending),
        "reason": resolution.reason,
        "base_commit": result.base,
        "strategy": result.strategy,
        "versions": result.solved.versions.json(),
        "diff": result.diff,
        "attempts": [
            {
                "tier": t.attempt.tier,
                "solver": t.attempt.solver,
                "verdict": str(t.verdict.judged),
                "rungs": [r.name.lower() for r in sorted(t.verdict.evidence.rungs)],
                "note": t.attempt.note,
                "error": t.attempt.error,
                "feedback": t.verdict.feedback,
            }
            for t in resolution.attempts
        ],
        "test_doubt": resolution.test_doubt,
        "doubtful": None if resolution.doubtful is None else {"diff": result.doubtful_diff},
        "evidence": None if evidence is None else evidence_lines(evidence),
        "charges": [
            {
                "tier": c.tier,
                "model": c.model,
                "purpose": c.purpose,
                "attempt": c.attempt,
                "input_tokens": c.usage.input_tokens,
                "cached_tokens": c.usage.cached_tokens,
                "output_tokens": c.usage.output_tokens,
                "usd": None if c.usd is None else str(c.usd),
                "worst_usd": str(c.worst_usd),
            }
            for c in result.charges
        ],
        "total_usd": str(result.bill.total),
    }


def quote_lines(quote: Quote) -> list[str]:
    """The range, tier by tier, and what it rests on."""
    out = [
        f"{t.tier:<10} {t.model}: {show_usd(t.low)} to {show_usd(t.high)} an attempt, up to {t.attempts} attempts"
        for t in quote.tiers
    ]
    return [*out, f"total      {show_usd(quote.low)} to {show_usd(quote.high)} ({quote.basis})"]


def quote_json(quote: Quote) -> dict[str, Any]:
    """The quote as values for JSON; amounts are USD as text."""
    return {
        "low_usd": str(quote.low),
        "high_usd": str(quote.high),
        "basis": quote.basis,
        "tiers": [
            {"tier": t.tier, "model": t.model, "attempts": t.attempts, "low_usd": str(t.low), "high_usd": str(t.high)}
            for t in quote.tiers
        ],
    }
