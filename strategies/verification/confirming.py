"""Whether something that a run shows to be worse is the patch's doing: it is run again, with the patch and without it.

A new failure is run again in its own company (its test file, alone), and where it does not show there, in that of the
whole suite: a shared default that the patch made mutable fails only among other tests. The base runs as often in the
same company. What is worse again with the patch and never without it is broken, also when it is only worse sometimes;
what is worse at the base as well is flaky, or an id that changes with every run.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from sandbox.repository.patch import Patch
from sandbox.testing.report import TestReport
from strategies.reproduction.placement import selector
from strategies.verification.baseline import Baseline, file_of
from strategies.verification.runs import Runs

ROUNDS = 2
"""How often a worse test is run again before it is called broken."""
MIXED_ROUNDS = 5
"""How often the base runs a file in which a test fails only sometimes with the patch: of tests that fail half of the
time without it too, one in 32 passes as often."""
RARE_ROUNDS = 4
"""How often more when it was worse a single time only: of tests that a patch breaks half of the time, one in 64 stays
hidden."""
SHORT_SUITE = 30.0
"""Up to these seconds a whole suite is run again as often as a file, above it once."""
NEAR_SHARE = 0.5
"""Test files that take more than this share of the suite's time are no cheaper than all of it."""

Again = Callable[[bool, bool], TestReport | None]
"""Runs once more, with the patch or at the base, near (the tests' own files) or the whole suite; None when it could not
be judged."""
Worse = Callable[[str, TestReport], bool]
"""Whether a report shows this test to be worse than it was before."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """`broken` are the patch's; `flaky` are worse at the base too; `rare` were worse a single time with the patch and
    never again, as often as it was tried."""

    broken: tuple[str, ...] = ()
    flaky: tuple[str, ...] = ()
    rare: tuple[str, ...] = ()


@dataclass(slots=True)
class Tally:
    """In how many further runs one test was worse, with the patch and at the base, and how many there were."""

    patched: int = 0
    base: int = 0
    base_runs: int = 0

    def is_told(self, rounds: int) -> bool:
        """Whether further runs at the base would tell no more, after so many with the patch."""
        if 0 < self.base < self.base_runs:
            return True  # flaky
        return self.base_runs >= rounds and (self.patched in (0, rounds) or self.base > 0)


def decide(suspects: Sequence[str], worse: Worse, again: Again, *, near: bool, whole_rounds: int = ROUNDS) -> Confirmed:
    """Tell suspects apart by running them again; `near` is whether their files can be run by themselves, more cheaply.

    Passes on what `again` raises.
    """
    found: dict[str, str] = {}
    if near and suspects:
        tallies = _rounds(suspects, worse, again, near=True, rounds=ROUNDS)
        for name, tally in tallies.items():
            # worse in each run of the base's file too, though not in its whole suite: it depends on its company
            alone = tally.base == tally.base_runs > 0
            if tally.base and not alone:
                found[name] = "flaky"
            elif tally.patched and not tally.base:
                found[name] = "broken"
    hidden = [i for i in suspects if i not in found]
    if hidden:
        tallies = _rounds(hidden, worse, again, near=False, rounds=whole_rounds)
        for name, tally in tallies.items():
            if tally.base:
                found[name] = "flaky"
            elif tally.patched:
                found[name] = "broken"
    for _ in range(RARE_ROUNDS if near else 1):
        once = [i for i in suspects if i not in found]
        if not once:
            break
        tallies = _rounds(once, worse, again, near=near, rounds=1)
        found |= {i: "flaky" if t.base else "broken" for i, t in tallies.items() if t.base or t.patched}
    return Confirmed(
        tuple(i for i in suspects if found.get(i) == "broken"),
        tuple(i for i in suspects if found.get(i) == "flaky"),
        tuple(i for i in suspects if i not in found),
    )


def _rounds(names: Sequence[str], worse: Worse, again: Again, *, near: bool, rounds: int) -> dict[str, Tally]:
    """So many runs with the patch, then as many at the base; of files, more at the base while a test is told apart by
    luck only."""
    tallies = {i: Tally() for i in names}
    for _ in range(rounds):
        report = again(True, near) or again(True, near)
        for name, tally in tallies.items():
            tally.patched += report is None or worse(name, report)
    for _ in range(MIXED_ROUNDS if near and rounds > 1 else rounds):
        if all(t.is_told(rounds) for t in tallies.values()):
            break
        report = again(False, near) or again(False, near)
        if report is None:
            break  # nothing is known of the base beyond what was measured before
        for name, tally in tallies.items():
            tally.base_runs += 1
            tally.base += worse(name, report)
    return tallies


@dataclass(frozen=True, slots=True)
class Subject:
    """What is run again: a patch as it is judged, and the base with the same tests of ours (`control`)."""

    runs: Runs
    baseline: Baseline
    judged: Patch
    control: Patch

    def confirm(self, suspects: Sequence[str], report: TestReport) -> Confirmed:
        """Of tests that passed before and do not in `report`, which the patch breaks. Raises SandboxUnavailable."""
        return self._decide(suspects, report, lambda name, seen: name not in seen.passed)

    def confirm_new(self, suspects: Sequence[str], report: TestReport) -> Confirmed:
        """Of tests that the baseline does not have and that fail in `report`, which fail because of the patch.

        An id that is gone in the next run with the patch is one that changes with every run. Raises SandboxUnavailable.
        """
        if not suspects:
            return Confirmed()
        second = self._again(self._near(suspects, report), patched=True)
        if second is None:
            return self._decide(suspects, report, _fails)
        gone = tuple(i for i in suspects if i not in second.results)
        found = self._decide([i for i in suspects if i not in gone], report, _fails)
        return Confirmed(found.broken, (*found.flaky, *gone), found.rare)

    def _decide(self, suspects: Sequence[str], report: TestReport, worse: Worse) -> Confirmed:
        files = self._near(suspects, report)
        rounds = ROUNDS if self.baseline.seconds <= SHORT_SUITE else 1

        def again(patched: bool, near: bool) -> TestReport | None:
            return self._again(files if near else (), patched=patched)

        return decide(suspects, worse, again, near=bool(files), whole_rounds=rounds)

    def _again(self, files: Collection[str], *, patched: bool) -> TestReport | None:
        here = [f for f in files if patched or f in self._base_files]
        if files and not here:
            return None  # the patch brings them
        only = sorted({selector(self.runs.recipe, f) for f in here})
        patch = self.judged if patched else self.control
        return self.runs.run(patch, only=only, timeout=self.baseline.timeout).report

    @property
    def _base_files(self) -> frozenset[str]:
        return frozenset((*(f.path for f in self.runs.workspace.files()), *self.control.paths))

    def _near(self, suspects: Sequence[str], report: TestReport) -> tuple[str, ...]:
        """The files of these tests; () where the runner cannot choose them, or where all is as cheap."""
        if self.runs.recipe.test_only is None:
            return ()
        files = {file_of(report.results[i]) if i in report.results else i.split("::", 1)[0] for i in suspects}
        seconds = sum(self.baseline.files.get(f, 0.0) for f in files)
        if not files <= self._base_files | set(self.judged.paths) or seconds > NEAR_SHARE * self.baseline.seconds:
            return ()
        return tuple(sorted(files))


def _fails(name: str, report: TestReport) -> bool:
    return name in report.failed
