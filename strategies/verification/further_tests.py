"""Further tests for an issue whose one test rejects the patches of two models: they vote on what it rejected.

One reproduction test judges all attempts, so its error is shared by all of them. When it has rejected two models, it is
doubted: further tests are written, by another family than the first one's where the tiers have one, only for as long as
a rejected patch can still win the vote. Nothing is paid again for a rejected patch.

A patch that passes the one test after its model was told what that test says may fit only that test. It is tried with a
second one, which it was not shown. That one alone rejects nothing: where the two disagree, a third one decides, and
where there is none, people look first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sandbox.repository.patch import Patch
from strategies.attempt import JudgedAttempt
from strategies.models.family import family_of
from strategies.models.meter import Metered, OverBudget
from strategies.step import Step
from strategies.strategy import SolveContext
from strategies.tier import Tier
from strategies.verdict import Judged, Reproduction
from strategies.verification.issue_test_vote import RESERVE

SPARE = 1
"""How many more tests than wanted are asked for, because some are not valid at the base commit."""
UNSHOWN_PASSES = (
    "It was told how an earlier patch fails the test from the issue; it also passes a second one that it was not shown."
)
UNSHOWN_FAILS = (
    "It was told how an earlier patch fails the test from the issue, and passes that test; it fails a second one that "
    "it was not shown, so it may fit the first only"
)
OUTVOTED = (
    "It passes a test written from the issue that an earlier attempt was told of, and fails two others that it was not "
    "shown: it fits that one test, and does not resolve the issue in general"
)
"""What is said of a patch that may fit only the test it was told of."""


@dataclass(slots=True)
class FurtherTests:
    """The further tests of one issue, and which patch passes which. `most` is even, 0 for none. `hidden` is the test
    that no attempt was shown, written by the tester itself, `numbered` how many were asked for in all."""

    most: int
    tests: list[Reproduction] = field(default_factory=list)
    asked: int = 0
    over: bool = False
    numbered: int = 0
    hidden: Reproduction | None = None
    _passed: dict[tuple[str, str], bool] = field(default_factory=dict)

    def rescued(self, context: SolveContext) -> tuple[int, ...]:
        """The places in the history of rejected patches that most tests pass: they are to be judged again.

        Once all tests are there they vote on everything that comes later, too. Raises SandboxUnavailable; money that
        ends is said, and ends the further tests.
        """
        rejected = [(i, t) for i, t in enumerate(context.history) if rejected_by_test(t)]
        if self.over or not self.most or not doubted([t for _, t in rejected], context.tiers):
            return ()
        while hopeful := [(i, t) for i, t in rejected if self._can_win(t, context)]:
            if len(self.tests) == self.most:
                context.verification.vote_with(tuple(self.tests))
                self.over = True
                return tuple(i for i, _ in hopeful)
            why = "two models were rejected by the same test from the issue, so it is doubted: further tests will vote"
            if not self._write(rejected[0][1], context, why):
                self.over = True
                return ()
        if len(self.tests) == self.most:  # they agree with the first one about all that it rejected
            context.verification.vote_with(tuple(self.tests))
            self.over = True
        return ()

    def unshown(self, tried: JudgedAttempt, context: SolveContext) -> bool | None:
        """Whether a patch that passes the test it was told of passes one that it was not shown; None where it was told
        of none, and where no other is to be had. Raises SandboxUnavailable."""
        first = tried.verdict.evidence.reproduction
        if not self.most or self.over or first is None or not tried.attempt.told:
            return None
        if self.hidden is None and self.tests:
            self.hidden = self.tests[0]
        if self.hidden is None:
            self.hidden = self._hide(first, context)
        return None if self.hidden is None else self._passes(tried.attempt.patch, self.hidden, context)

    def settled(self, tried: JudgedAttempt, context: SolveContext) -> bool | None:
        """Whether a third test is for a patch that the shown test is for and the unshown one is against; None when no
        third is to be had. The first test is not in doubt for it, so nothing that it rejected is judged again.

        Raises SandboxUnavailable.
        """
        why = "a second test from the issue disagrees with the first, so a third decides"
        others = [t for t in self.tests if t != self.hidden]
        if not others and not self._write(tried, context, why):
            return None
        third = next(t for t in self.tests if t != self.hidden)
        return self._passes(tried.attempt.patch, third, context)

    def _hide(self, first: Reproduction, context: SolveContext) -> Reproduction | None:
        """A second test by the tester, where the money for solving the issue is left; None when there is none."""
        tester = context.roles["tester"]
        if tester.model.meter.left() < RESERVE * context.verification.test_usd:
            return None
        self.numbered += 1
        try:
            test = context.verification.write_test(unbooked(tester), self.numbered, 0)
        except OverBudget as error:
            context.say(Step("reproduction", f"no second test from the issue: {error}"))
            return None
        return test if test is not None and test.content != first.content else None

    def _passes(self, patch: Patch, test: Reproduction, context: SolveContext) -> bool | None:
        """Whether a patch passes a test; None when nobody can tell, which is no vote against it and is asked again."""
        key = (patch.digest, test.path)
        if key not in self._passed:
            passed = context.verification.passes(patch, test)
            if passed is None:
                return None
            self._passed[key] = passed
        return self._passed[key]

    def agreeing(self) -> int:
        """How many further tests every rejected patch that was tried with them fails."""
        failed = {path for _, path in self._passed} - {path for (_, path), good in self._passed.items() if good}
        return sum(test.path in failed for test in self.tests)

    def _can_win(self, tried: JudgedAttempt, context: SolveContext) -> bool:
        """Whether this patch passes so many further tests that it has, or may still get, most votes of all."""
        good = sum(self._passes(tried.attempt.patch, test, context) is not False for test in self.tests)
        return can_win(good, len(self.tests), self.most)

    def _write(self, tried: JudgedAttempt, context: SolveContext, why: str) -> bool:
        """Write one more test; False when none is to be had. `why` is told once."""
        first = tried.verdict.evidence.reproduction
        known = {t.content for t in (*self.tests, *([self.hidden] if self.hidden else []))} | (
            {first.content} if first is not None else set()
        )
        if not self.asked:
            context.say(Step("reproduction", why, {"models": len(models_of(context.history, context.tiers))}))
        while self.asked < self.most + SPARE:
            self.asked += 1
            self.numbered += 1
            tier = writer_of(self.asked - 1, context.tiers, context.roles["tester"])
            try:
                test = context.verification.write_test(unbooked(tier), self.numbered, 0)
            except OverBudget as error:
                context.say(Step("reproduction", f"no further test from the issue: {error}"))
                return False
            if test is not None and test.content not in known:
                self.tests.append(test)
                return True
        context.say(Step("reproduction", f"only {len(self.tests)} of {self.most} further tests are valid: no vote"))
        return False


def rejected_by_test(tried: JudgedAttempt) -> bool:
    """Whether a test written from the issue, and no other known evidence, speaks against a patch."""
    evidence = tried.verdict.evidence
    test = evidence.reproduction
    failed = tried.verdict.judged is Judged.FAILED and bool(tried.attempt.patch)
    return failed and test is not None and not test.passes and not evidence.broken


def doubted(rejected: Sequence[JudgedAttempt], tiers: Sequence[Tier]) -> bool:
    """Whether two different models were rejected by one and the same test."""
    by_test: dict[tuple[str, bytes], list[JudgedAttempt]] = {}
    for tried in rejected:
        test = tried.verdict.evidence.reproduction
        if test is not None:
            by_test.setdefault((test.path, test.content), []).append(tried)
    return any(len(models_of(same, tiers)) > 1 for same in by_test.values())


def models_of(attempts: Sequence[JudgedAttempt], tiers: Sequence[Tier]) -> frozenset[str]:
    """The models that made these attempts' patches."""
    names = {t.name: t.model.name for t in tiers}
    return frozenset(names.get(t.attempt.tier, t.attempt.tier) for t in attempts if t.attempt.patch)


def can_win(passed: int, tests: int, most: int) -> bool:
    """Whether a patch that the first test rejects, and that passes `passed` of `tests` further ones, can still have
    most votes once there are `most`: of all, the first included."""
    return 2 * (passed + most - tests) > most + 1


def writer_of(number: int, tiers: Sequence[Tier], tester: Tier) -> Tier:
    """Who writes the further test of this number (0 is the first): the cheapest tier of each family but the tester's
    in turn; the tester itself, asked otherwise, where all tiers are of its family."""
    others: dict[str, Tier] = {}
    for tier in tiers:
        family = family_of_tier(tier)
        if family != family_of_tier(tester):
            others.setdefault(family, tier)
    writers = tuple(others.values()) or (tester,)
    return writers[number % len(writers)]


def family_of_tier(tier: Tier) -> str:
    """The family that the operator names, else the one that the model's name tells."""
    return tier.family or family_of(tier.model.name)


def unbooked(tier: Tier) -> Tier:
    """The tier with a metered model of its own, so that its calls are not booked to an attempt."""
    return replace(tier, model=Metered(tier.model.model, tier.model.meter, tier.model.tier))
