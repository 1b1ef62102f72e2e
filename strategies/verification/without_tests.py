"""The verification of a repository that has no tests to run: whether a patch may be applied, and no more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sandbox.backend import Sandbox
from sandbox.errors import SandboxUnavailable
from sandbox.repository.patch import Patch
from sandbox.repository.workspace import Workspace
from strategies.judge import Accept, Comparison
from strategies.tier import Tier
from strategies.verdict import Judged, Reproduction, Verdict
from strategies.verification.admissible import admissible


@dataclass(slots=True)
class WithoutTests:
    """A patch can apply and parse, and no more is known."""

    workspace: Workspace
    accept: Accept
    deny: tuple[str, ...]
    open_bare: Callable[[], Sandbox] | None = None

    @property
    def can_judge(self) -> bool:
        return False

    @property
    def test_usd(self) -> Decimal:
        return Decimal(0)

    def open_sandbox(self) -> Sandbox:
        """Raises SandboxUnavailable where no environment could be prepared."""
        if self.open_bare is None:
            raise SandboxUnavailable("this repository has no environment to open a sandbox from")
        return self.open_bare()

    def write_test(self, tier: Tier, number: int, assertions: int) -> Reproduction | None:
        del tier, number, assertions  # nothing could run it
        return None

    def passes(self, patch: Patch, test: Reproduction) -> bool | None:
        del patch, test
        return False

    def compare(self, first: Patch, second: Patch, tier: Tier) -> Comparison:
        del first, second, tier
        return Comparison(alike=True, better=None, tests=0)

    def judge_by_suite(self, patch: Patch) -> Verdict:
        return self.judge(patch)

    def vote_with(self, tests: Sequence[Reproduction]) -> None:
        del tests  # nothing could run them

    def judge(self, patch: Patch) -> Verdict:
        early, _, evidence = admissible(patch, self.workspace, self.deny)
        if early is not None:
            return early
        if self.accept == "any":
            return Verdict(Judged.PASSED, evidence)
        return Verdict(Judged.UNJUDGED, evidence, "The repository has no tests that could be run.")
