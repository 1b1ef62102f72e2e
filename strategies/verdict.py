"""What executed tests say about a patch: passed, failed, or could not be judged, and on which evidence."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import IntEnum, StrEnum
from typing import Any


class Rung(IntEnum):
    """The evidence ladder: each rung includes those below it."""

    NONE = 0
    APPLIES = 1  # fits the base commit and stays inside the allowed paths
    BUILDS = 2  # parses and builds
    REGRESSION = 3  # nothing that passed before fails now
    REPRODUCTION = 4  # a test written from the issue fails before and passes after, for the right reason
    AGREEMENT = 5  # self-tests reach the threshold, or independent candidates behave alike
    NECESSITY = 6  # every changed line was executed, every hunk is needed, mutants of the change are killed


class Judged(StrEnum):
    """The three outcomes."""

    PASSED = "passed"  # earned the rung that the repository accepts
    FAILED = "failed"  # executed evidence speaks against it
    UNJUDGED = "unjudged"  # nobody can tell: no tests, or the sandbox broke


@dataclass(frozen=True, slots=True)
class Counts:
    """Tests of one run. `new` are tests that the baseline did not have."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    new: int = 0


@dataclass(frozen=True, slots=True)
class Reproduction:
    """A test written from the issue. `path` is where it goes in the repository; `before`/`after` its messages."""

    path: str
    content: bytes
    ids: tuple[str, ...]
    before: str
    after: str = ""
    passes: bool = False


@dataclass(frozen=True, slots=True)
class Necessity:
    """What the nearest tests see of a passing patch. `seconds` is what it took.

    Of `lines` changed lines of code, `executed` were run by a passing test (None: the runner measures no lines). Of
    `hunks` in code, `needed` make a test fail when taken back alone, `untried` fell outside the time; `unneeded` names
    those that no test needs, `documents` of them in files that are no code. Of `mutants`, `killed` were noticed.
    """

    lines: int = 0
    executed: int | None = None
    unexecuted: tuple[str, ...] = ()
    hunks: int = 0
    needed: int = 0
    untried: int = 0
    unneeded: tuple[str, ...] = ()
    documents: int = 0
    mutants: int = 0
    killed: int = 0
    survivors: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def complete(self) -> bool:
        """Whether every line was executed, every hunk of code is needed, and every mutant (one at least) was killed."""
        return self.executed == self.lines > 0 and self.needed == self.hunks > 0 and self.killed == self.mutants > 0

    @property
    def sentence(self) -> str:
        """What was seen, in one line."""
        parts = []
        if self.executed is not None:
            parts.append(f"{self.executed} of {self.lines} changed lines executed by passing tests")
        untried = f", {self.untried} not tried" if self.untried else ""
        parts.append(f"{self.needed} of {self.hunks} hunks needed{untried}")
        parts.append(f"{self.killed} of {self.mutants} mutants killed" if self.mutants else "no mutant tried")
        return "; ".join(parts) + f" ({self.seconds:.1f} s)"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Exactly what was earned and seen. Test ids are the report's. `notes` are sentences for people.

    `broken` passed before and fail, vanish or are skipped now; `fixed` failed before and pass now;
    `flaky` were quarantined; `restored` are existing tests the patch touched, judged in their original form.
    `asks` are the existing tests that pin what the issue wants changed: the patch breaks them, and people decide.
    `doubts` are sentences on why a passing patch is only offered as a draft (it reads tests, it looks for the runner).
    `not_judged` are the test files that could not be collected at the base commit, on which nothing is known.
    `necessity` is what the nearest tests see of a patch that passed; None where that was not asked.
    """

    rungs: frozenset[Rung] = frozenset()
    before: Counts | None = None
    after: Counts | None = None
    broken: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    flaky: tuple[str, ...] = ()
    restored: tuple[str, ...] = ()
    reproduction: Reproduction | None = None
    agreement: float | None = None
    notes: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    not_judged: tuple[str, ...] = ()
    necessity: Necessity | None = None

    @property
    def top(self) -> Rung:
        """The highest rung such that it and all required ones below were earned."""
        top = Rung.NONE
        while top < Rung.AGREEMENT and Rung(top + 1) in self.rungs:
            top = Rung(top + 1)
        return top

    def json(self) -> dict[str, Any]:
        """What was earned and seen, JSON-able, test ids in full."""
        test = self.reproduction
        return {
            "rung": self.top.name.lower(),
            "rungs": sorted(r.name.lower() for r in self.rungs),
            "before": asdict(self.before) if self.before else None,
            "after": asdict(self.after) if self.after else None,
            "broken": list(self.broken),
            "fixed": list(self.fixed),
            "flaky": list(self.flaky),
            "restored": list(self.restored),
            "reproduction": test.path if test else None,
            "reproduction_passes": test.passes if test else None,
            "agreement": self.agreement,
            "asks": list(self.asks),
            "doubts": list(self.doubts),
            "not_judged": list(self.not_judged),
            "necessity": asdict(self.necessity) if self.necessity else None,
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """`feedback` is what the next attempt is told: failing output, the rule that was broken. Untrusted text."""

    judged: Judged
    evidence: Evidence
    feedback: str = ""
