"""A judge with a table: keeps the promise of `strategies.judge.Judge` without a sandbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from sandbox.backend import Sandbox
from sandbox.errors import SandboxUnavailable
from sandbox.repository.patch import Patch
from strategies.judge import Accept, Comparison
from strategies.models.model import Message, Prompt
from strategies.tier import Tier
from strategies.verdict import Evidence, Judged, Reproduction, Rung, Verdict

_RUNGS = {
    "reproduction": frozenset({Rung.APPLIES, Rung.BUILDS, Rung.REGRESSION, Rung.REPRODUCTION}),
    "regression": frozenset({Rung.APPLIES, Rung.BUILDS, Rung.REGRESSION}),
    "builds": frozenset({Rung.APPLIES, Rung.BUILDS}),
    "applies": frozenset({Rung.APPLIES}),
    "none": frozenset[Rung](),
}


def passed(rung: str = "reproduction") -> Verdict:
    """Earned what was asked for."""
    return Verdict(Judged.PASSED, Evidence(_RUNGS[rung]))


def reproduced(test: str = "the test") -> Verdict:
    """Earned it by passing a test from the issue."""
    said = Reproduction("tests/test_issue.py", test.encode(), ("t",), "assert 2 == 3", passes=True)
    return Verdict(Judged.PASSED, Evidence(_RUNGS["reproduction"], reproduction=said))


def failed(feedback: str = "assert 2 == 3", rung: str = "builds") -> Verdict:
    """Executed tests speak against it."""
    return Verdict(Judged.FAILED, Evidence(_RUNGS[rung]), feedback)


def unjudged(rung: str = "regression", feedback: str = "no valid test could be written") -> Verdict:
    """Nothing speaks against it, but less is known than was asked for."""
    return Verdict(Judged.UNJUDGED, Evidence(_RUNGS[rung]), feedback)


def rejected(test: str = "the test") -> Verdict:
    """A test from the issue alone speaks against it."""
    said = Reproduction("tests/test_issue.py", test.encode(), ("t",), "assert 2 == 3", "assert 2 == 3")
    return Verdict(Judged.FAILED, Evidence(_RUNGS["builds"], reproduction=said), "assert 2 == 3")


def asking(*tests: str) -> Verdict:
    """The test from the issue passes, and these existing tests pin what it wants changed."""
    said = Reproduction("tests/test_issue.py", b"the test", ("t",), "assert 2 == 3", passes=True)
    evidence = Evidence(_RUNGS["builds"] | {Rung.REPRODUCTION}, reproduction=said, broken=tests, asks=tests)
    return Verdict(Judged.UNJUDGED, evidence, "Tests that passed before do not pass with the patch")


class FakeVerification:
    """`verdicts` maps a word to the verdict on every patch whose text holds it; the first that fits counts.

    `asked` records the patches. Raises AssertionError for an empty patch or one that no word fits (unless
    `otherwise` is given), and SandboxUnavailable when `lost`.
    """

    def __init__(
        self,
        verdicts: Mapping[str, Verdict],
        *,
        otherwise: Verdict | None = None,
        accept: Accept = "reproduction",
        can_judge: bool = True,
        lost: bool = False,
    ) -> None:
        self.accept: Accept = accept
        self.test_usd = Decimal(0)
        self._verdicts = verdicts
        self._otherwise = otherwise
        self._can_judge = can_judge
        self._lost = lost
        self._kept: dict[str, Verdict] = {}
        self.unreadable = 0
        self.asked: list[Patch] = []
        self.by_suite: list[Patch] = []
        self.voters: tuple[Reproduction, ...] = ()

    @property
    def can_judge(self) -> bool:
        return self._can_judge

    def judge(self, patch: Patch) -> Verdict:
        assert patch, "an empty patch is never judged"
        if self._lost:
            raise SandboxUnavailable("the engine is gone")
        if patch.digest not in self._kept:
            self.asked.append(patch)
            self._kept[patch.digest] = self._look_up(patch)
        return self._kept[patch.digest]

    def vote_with(self, tests: Sequence[Reproduction]) -> None:
        """What the table's test spoke of passes from now on when it passes most of all tests."""
        assert tests, "a vote of nobody"
        assert not len(tests) % 2, "with the first test, the voters must be of an odd number"
        self.voters = tuple(tests)
        self._kept = {d: v for d, v in self._kept.items() if v.evidence.reproduction is None}

    def judge_by_suite(self, patch: Patch) -> Verdict:
        """Green for every patch whose text does not hold "breaks"."""
        assert patch, "an empty patch is never judged"
        self.by_suite.append(patch)
        broken = any(b"breaks" in (c or b"") for c in patch.files.values())
        return failed() if broken else unjudged()

    def _look_up(self, patch: Patch) -> Verdict:
        text = "\n".join(f"{p}\n{(patch.files[p] or b'').decode()}" for p in patch.paths)
        votes = [self.passes(patch, t) for t in self.voters]
        for word, verdict in self._verdicts.items():
            if word in text:
                test = verdict.evidence.reproduction
                if test is None or not votes or verdict.judged is Judged.UNJUDGED:
                    return verdict
                if 2 * (sum(v is True for v in votes) + test.passes) > len(votes) + 1:
                    return verdict if test.passes else passed()
                return rejected() if test.passes else verdict
        assert self._otherwise is not None, f"nobody said how to judge:\n{text}"
        return self._otherwise

    def write_test(self, tier: Tier, number: int, assertions: int) -> Reproduction | None:
        """A test that the tier's model is really asked for; what it answers is the test, "" is none."""
        if not self._can_judge:
            return None
        prompt = Prompt((Message("user", f"write test {number}"),), purpose="reproduction")
        text = tier.model.complete(prompt).text
        return Reproduction(f"tests/test_self_{number}.py", text.encode(), (text,), "fails") if text else None

    def passes(self, patch: Patch, test: Reproduction) -> bool | None:
        """A test passes with every patch that holds its text; nobody can tell as often as `unreadable` says."""
        assert patch, "an empty patch is never judged"
        if self.unreadable:
            self.unreadable -= 1
            return None
        return any(test.content in (c or b"") for c in patch.files.values())

    def compare(self, first: Patch, second: Patch, tier: Tier) -> Comparison:
        """Asks the tier's model: "alike", "first", "second" or "differ"."""
        assert first.digest != second.digest, "a patch is not compared with itself"
        prompt = Prompt((Message("user", "tell them apart"),), purpose="distinguish")
        said = tier.model.complete(prompt).text
        return Comparison(said == "alike", {"first": 0, "second": 1}.get(said), 1)

    def open_sandbox(self) -> Sandbox:
        raise SandboxUnavailable("this judge has no sandbox")
