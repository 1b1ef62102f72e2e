"""A verification that judges from a rule instead of a sandbox. Keeps `strategies.judge.Judge`; misuse raises."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from sandbox.backend import Sandbox
from sandbox.repository.patch import Patch
from strategies.judge import Accept, Comparison
from strategies.tier import Tier
from strategies.verdict import Evidence, Judged, Reproduction, Rung, Verdict

FULL = frozenset({Rung.APPLIES, Rung.BUILDS, Rung.REGRESSION, Rung.REPRODUCTION})


class RuledVerification:
    """`right` says which patches pass. Without tests (`can_judge=False`) every verdict is UNJUDGED.

    `judged` records each patch; judging an empty one raises. Self-tests pass exactly for right patches; `valid`
    says how many of those asked for are valid at the base commit.
    """

    def __init__(
        self, right: Callable[[Patch], bool], *, can_judge: bool = True, valid: Callable[[int], bool] = lambda _: True
    ) -> None:
        self.accept: Accept = "reproduction"
        self.test_usd = Decimal(0)
        self.right = right
        self.can_judge = can_judge
        self.valid = valid
        self.judged: list[Patch] = []
        self.tests: list[tuple[str, int, int]] = []

    def judge(self, patch: Patch) -> Verdict:
        assert patch, "an empty patch was judged"
        self.judged.append(patch)
        if not self.can_judge:
            return Verdict(Judged.UNJUDGED, Evidence(frozenset({Rung.APPLIES, Rung.BUILDS})), "no tests")
        if self.right(patch):
            return Verdict(Judged.PASSED, Evidence(FULL))
        return Verdict(Judged.FAILED, Evidence(frozenset({Rung.APPLIES})), "test_total: assert 2 == 3")

    def judge_by_suite(self, patch: Patch) -> Verdict:
        assert patch, "an empty patch was judged"
        return Verdict(Judged.UNJUDGED, Evidence(frozenset({Rung.APPLIES, Rung.BUILDS, Rung.REGRESSION})))

    def vote_with(self, tests: Sequence[Reproduction]) -> None:
        raise AssertionError("no test of this judge rejects a patch, so none can be doubted")

    def open_sandbox(self) -> Sandbox:
        raise AssertionError("no solver here needs a sandbox")

    def write_test(self, tier: Tier, number: int, assertions: int) -> Reproduction | None:
        self.tests.append((tier.name, number, assertions))
        if not self.can_judge or not self.valid(number):
            return None
        path = f"tests/test_self_{number}.py"
        return Reproduction(path, b"def test_it(): assert 0\n", (f"{path}::test_it",), "assert 0")

    def compare(self, first: Patch, second: Patch, tier: Tier) -> Comparison:
        del tier
        one, two = self.right(first), self.right(second)
        return Comparison(alike=one == two, better=None if one == two else (one, two).index(True), tests=1)

    def passes(self, patch: Patch, test: Reproduction) -> bool | None:
        assert test.ids, "a self-test without tests"
        return self.right(patch)
