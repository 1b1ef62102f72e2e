"""What strategies and solvers may ask of a verification: a verdict, and tests that models write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, Protocol

from sandbox.backend import Sandbox
from sandbox.repository.patch import Patch
from strategies.tier import Tier
from strategies.verdict import Reproduction, Verdict

Accept = Literal["reproduction", "regression", "any"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """`alike`: no test told them apart. `better` is 0 or 1: that patch alone passes a test written from the issue;
    None when neither does. `tests` is how many could be run: with 0, nothing is known."""

    alike: bool
    better: int | None
    tests: int


class SelfTests(Protocol):
    """What strategies may run beyond a verdict: tests that models write."""

    def write_test(self, tier: Tier, number: int, assertions: int) -> Reproduction | None:
        """One more test from the issue by `tier`, valid at the base commit; None when it is not. Raises OverBudget."""

    def passes(self, patch: Patch, test: Reproduction) -> bool | None:
        """Whether a patch that may be applied passes one such test; None when nobody can tell. Raises
        SandboxUnavailable."""

    def compare(self, first: Patch, second: Patch, tier: Tier) -> Comparison:
        """Whether two patches behave alike in a test by `tier` made to tell them apart. Raises OverBudget."""


class Judge(SelfTests, Protocol):
    """What the loop and the solvers need of a verification."""

    @property
    def accept(self) -> Accept:
        """The rung that the repository asks for."""

    @property
    def can_judge(self) -> bool:
        """Whether there are tests at all; without, every verdict is UNJUDGED."""

    @property
    def test_usd(self) -> Decimal:
        """What the first test from the issue cost, in USD; 0 while none was written."""

    def judge(self, patch: Patch) -> Verdict:
        """The verdict on one patch. Raises SandboxUnavailable, and OverBudget while the test is written."""

    def judge_by_suite(self, patch: Patch) -> Verdict:
        """The verdict on one patch by the repository's own tests alone, whatever a test from the issue says. It has
        Rung.REGRESSION where nothing that passed before fails. Raises SandboxUnavailable."""

    def vote_with(self, tests: Sequence[Reproduction]) -> None:
        """From now on these further tests, valid at the base commit, vote with the first. What a test from the issue
        spoke of may be judged again."""

    def open_sandbox(self) -> Sandbox:
        """A fresh sandbox at the base commit. Raises SandboxUnavailable."""
