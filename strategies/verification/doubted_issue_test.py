"""Whether a test from the issue is doubted aloud: every patch of several families of models fails it. Pure.

Models of one family err alike; that all patches of two families are wrong in the same way is less likely than that they
are right and the test is wrong, or that the issue can be read in two ways. Nothing is accepted for it: people are told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from strategies.attempt import JudgedAttempt
from strategies.tier import Tier
from strategies.verification.further_tests import family_of_tier, rejected_by_test
from strategies.verification.verdict_from_runs import with_notes

FAMILIES = 2
"""From so many families on, the test is doubted."""


def families_rejected(history: Sequence[JudgedAttempt], tiers: Sequence[Tier]) -> tuple[str, ...]:
    """The families whose patches a test from the issue rejects, sorted; none where any patch got past such a test.

    Attempts that no such test judged (no patch, a refused one, trouble) say nothing either way.
    """
    if any(got_past(t) for t in history):
        return ()
    families = {t.name: family_of_tier(t) for t in tiers}
    return tuple(sorted({families.get(t.attempt.tier, t.attempt.tier) for t in history if rejected_by_test(t)}))


def got_past(tried: JudgedAttempt) -> bool:
    """Whether a patch passed a test from the issue, or may have: it went on to the old tests and broke some."""
    evidence = tried.verdict.evidence
    test = evidence.reproduction
    return bool(tried.attempt.patch) and (test.passes if test is not None else bool(evidence.broken))


def doubt_of(families: Sequence[str], patches: int, agreeing: int = 0) -> str:
    """The doubt as a sentence; "" for fewer families than raise one. `agreeing` further tests reject all, too."""
    if len(families) < FAMILIES:
        return ""
    named = ", ".join(families)
    text = f"all {patches} patches, by models of {len(families)} families ({named}), fail the test from the issue"
    if agreeing:
        more = "a further test rejects" if agreeing == 1 else f"{agreeing} further tests reject"
        return f"{text}; {more} them as well, yet the issue may ask for something else than these tests do"
    return f"{text}, so the test itself is in doubt: it may ask for something else than the issue does"


def doubt_aloud(history: Sequence[JudgedAttempt], tiers: Sequence[Tier], agreeing: int = 0) -> str:
    """What is said of the test that rejected every patch; "" where nothing is."""
    patches = {t.attempt.patch.digest for t in history if rejected_by_test(t)}
    return doubt_of(families_rejected(history, tiers), len(patches), agreeing)


def noted(tried: JudgedAttempt, doubt: str) -> JudgedAttempt:
    """The attempt with the doubt among its notes."""
    return replace(tried, verdict=replace(tried.verdict, evidence=with_notes(tried.verdict.evidence, doubt)))
