"""Whether something that a run shows to be worse is the patch's doing: it is run again, with the patch and without it.

A new failure is run again in its own company (its test file, alone), and where it does not show there, in that of the
whole suite: a shared default that the patch made mutable fails only among other tests. The base runs as often in the
same company. What is worse again with the patch and never without it is broken; what is worse only sometimes is run
until chance can be told from the patch; what is worse at the base as well is flaky, or an id that changes every run.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from math import comb

from sandbox.repository.patch import Patch
from sandbox.testing.report import TestReport
from strategies.reproduction.placement import selector
from strategies.verification.baseline import Baseline, file_of
from strategies.verification.runs import TestRuns

ROUNDS = 2
"""How often a worse test is run again before it is called broken."""
MIXED_ROUNDS = 12
"""How often more, with the patch and at the base alike, while a test is worse only sometimes. Of suspects that a patch
breaks half of the time 97 % are called broken, the others doubted; of suspects that fail one time in ten anyway 6 % are
called broken, one time in two anyway 10 % (simulated, 4,000 each; few of these become suspects: they passed twice)."""
FEWER_ROUNDS = 5
"""The same where the suite is long, or only the whole of it can be run."""
CHANCE = 0.1
"""What is worse only sometimes is the patch's doing when chance alone would spread it so unevenly no more often."""
KNOWN_RUNS = 2
"""So many runs at the base the test has passed before: those of the baseline."""
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
    """`broken` are the patch's; `flaky` are worse at the base too; `rare` were worse with the patch only, but so seldom
    that it may be chance; `unknown` could not be run again, neither with the patch nor at the base."""

    broken: tuple[str, ...] = ()
    flaky: tuple[str, ...] = ()
    rare: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(slots=True)
class Tally:
    """In how many further runs one test was worse, with the patch and at the base, and how many there were."""

    patched: int = 0
    patched_runs: int = 0
    base: int = 0
    base_runs: int = 0

    @property
    def alone(self) -> bool:
        """Worse at the base each time, though not in its whole suite: it depends on its company."""
        return self.base == self.base_runs > 0

    @property
    def verdict(self) -> str:
        """Broken, flaky, "" when it was never worse, or mixed: further runs must tell."""
        if self.base:
            return "flaky"
        if not self.patched:
            return ""
        certain = self.patched == self.patched_runs or (
            by_chance(self.patched, self.patched_runs, self.base_runs + KNOWN_RUNS) <= CHANCE
        )
        return "broken" if certain else "mixed"


def by_chance(worse: int, patched: int, base: int) -> float:
    """How probable it is that of all runs, `patched` and `base` many, those `worse` ones all fall among the patched by
    chance (Fisher's exact test, one-sided)."""
    return comb(patched, worse) / comb(patched + base, worse)


def decide(suspects: Sequence[str], worse: Worse, again: Again, *, near: bool, short: bool = True) -> Confirmed:
    """Tell suspects apart by running them again; `near` is whether their files can be run by themselves, more cheaply,
    `short` whether the whole suite is.

    Passes on what `again` raises.
    """
    mixed_rounds = MIXED_ROUNDS if short else FEWER_ROUNDS
    nearby, whole = ({i: Tally() for i in suspects} for _ in range(2))
    found: dict[str, str] = {}
    if near and suspects:
        _rounds(nearby, worse, again, near=True, rounds=ROUNDS)
        found = _settled({i: t for i, t in nearby.items() if not t.alone}, worse, again, near=True, most=mixed_rounds)
    hidden = {i: t for i, t in whole.items() if not found.get(i)}
    if hidden:
        _rounds(hidden, worse, again, near=False, rounds=ROUNDS if short else 1)
        found |= _settled(hidden, worse, again, near=False, most=FEWER_ROUNDS if near else mixed_rounds)
    for _ in range(RARE_ROUNDS if near or short else 1):
        once = {i: t for i, t in (nearby if near else whole).items() if not found.get(i)}
        if not once:
            break
        _rounds(once, worse, again, near=near, rounds=1)
        found |= _settled(once, worse, again, near=near, most=mixed_rounds)
    unknown = tuple(
        i for i in suspects if not found.get(i) and not nearby[i].patched_runs and not whole[i].patched_runs
    )
    return Confirmed(
        tuple(i for i in suspects if found.get(i) == "broken"),
        tuple(i for i in suspects if found.get(i) == "flaky"),
        tuple(i for i in suspects if found.get(i, "") in ("", "mixed") and i not in unknown),
        unknown,
    )


def _settled(tallies: Mapping[str, Tally], worse: Worse, again: Again, *, near: bool, most: int) -> dict[str, str]:
    """The verdicts, after up to so many further rounds for those that are worse only sometimes."""
    for _ in range(most):
        mixed = {i: t for i, t in tallies.items() if t.verdict == "mixed"}
        if not mixed:
            break
        _rounds(mixed, worse, again, near=near, rounds=1)
    return {i: t.verdict for i, t in tallies.items()}


def _rounds(tallies: Mapping[str, Tally], worse: Worse, again: Again, *, near: bool, rounds: int) -> None:
    """So many runs with the patch, then as many at the base.

    A run with the patch that cannot be judged counts as worse only where one at the base can: else the trouble is ours.
    """
    lost = base_runs = 0
    for _ in range(rounds):
        report = again(True, near) or again(True, near)
        if report is None:
            lost += 1
            continue
        for name, tally in tallies.items():
            tally.patched_runs += 1
            tally.patched += worse(name, report)
    for _ in range(rounds):
        report = again(False, near) or again(False, near)
        if report is None:
            break  # nothing is known of the base beyond what was measured before
        base_runs += 1
        for name, tally in tallies.items():
            tally.base_runs += 1
            tally.base += worse(name, report)
    if base_runs:
        for tally in tallies.values():
            tally.patched_runs += lost
            tally.patched += lost


@dataclass(frozen=True, slots=True)
class RerunSubject:
    """What is run again: a patch as it is judged, and the base with the same tests of ours (`control`)."""

    runs: TestRuns
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
        return Confirmed(found.broken, (*found.flaky, *gone), found.rare, found.unknown)

    def _decide(self, suspects: Sequence[str], report: TestReport, worse: Worse) -> Confirmed:
        files = self._near(suspects, report)

        def again(patched: bool, near: bool) -> TestReport | None:
            return self._again(files if near else (), patched=patched)

        return decide(suspects, worse, again, near=bool(files), short=self.baseline.seconds <= SHORT_SUITE)

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
