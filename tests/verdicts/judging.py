"""Judges a case as production does: the set-up ladder, a prepared environment, the baseline, then the verdict.

What cases have in common is made once for all of them, also between processes: repositories, environments (by the
backend's own cache) and baselines.
"""

from __future__ import annotations

import fcntl
import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path

from sandbox.backend import Backend
from sandbox.backends import BackendOptions, Name, choose
from sandbox.errors import PreparationFailed
from sandbox.recipes.discovery import set_up_ladder
from sandbox.repository.mirror import Mirror
from strategies.issue import Issue
from strategies.models.in_memory_meter import CapMeter
from strategies.models.meter import Metered
from strategies.tier import Tier
from strategies.verdict import Evidence, Judged, Verdict
from strategies.verification.baseline import NoBaseline
from strategies.verification.request import VerificationRequest
from strategies.verification.setup_ladder import SetupClimb
from strategies.verification.verification import Verification
from tests.fakes.model import ScriptedModel
from tests.fakes.origin import Origin
from tests.verdicts.case import Case, Repository, miss

ISSUE_NUMBER = 7


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a case: its verdict, how that differs from what it must be ("" if not), and wall time in seconds."""

    case: Case
    verdict: Verdict
    miss: str
    seconds: float


class Judging:
    """Keeps everything below `folder`, which processes may share. Which sandbox is used is said by `sandbox`."""

    def __init__(self, folder: Path, sandbox: Name) -> None:
        self.folder = folder
        self.sandbox = sandbox

    @cached_property
    def backend(self) -> Backend:
        return choose(self.sandbox, BackendOptions(home=self.folder / "home"))

    def outcome(self, case: Case) -> Outcome:
        """Judge it. Raises SandboxUnavailable when the machine cannot."""
        started = time.monotonic()
        verdict = self.verdict(case)
        return Outcome(case, verdict, miss(case.expected, verdict), time.monotonic() - started)

    def verdict(self, case: Case) -> Verdict:
        """The product's verdict; what ends before there is one could not be judged."""
        repository = case.repository
        issue = Issue(ISSUE_NUMBER, *repository.issue)
        tester = Tier("weak", Metered(ScriptedModel(lambda _: case.answer), CapMeter(Decimal(1000)), "weak"))
        name = digest(repository)
        with self._mirror(repository, name).workspace("HEAD") as workspace:
            ladder = set_up_ladder(workspace, setup=None, test=repository.command, image=None)
            if not ladder.rungs:
                return Verdict(Judged.UNJUDGED, Evidence(), "\n".join(ladder.looked))
            memory = self.folder / "memory" / name
            try:
                with self._alone(name):  # who comes second finds environment and baseline made
                    recipe = SetupClimb(self.backend, "verdicts", workspace, _silent, memory).climb(ladder).recipe
                    request = VerificationRequest(
                        self.backend,
                        "verdicts",
                        recipe,
                        workspace,
                        issue,
                        tester=tester,
                        accept=case.accept,
                        say=_silent,
                        memory=memory,
                    )
                    verification = Verification.start(request)
            except (PreparationFailed, NoBaseline) as error:
                log = getattr(error, "log", "")
                return Verdict(Judged.UNJUDGED, Evidence(), f"{error}\n{log}")
            return verification.judge(case.patch)

    def _mirror(self, repository: Repository, name: str) -> Mirror:
        with self._alone(name):
            place = self.folder / "origins" / name
            if not place.exists():
                part = self.folder / "origins" / f"{name}.part"
                Origin(part).commit(repository.files)
                part.rename(place)
            return Mirror.of_local(self.folder / "home", place)

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        locks = self.folder / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        with (locks / name).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _silent(_: object) -> None:
    """Nobody listens to the steps of a case."""


def digest(repository: Repository) -> str:
    """Equal for repositories with equal files."""
    return hashlib.sha256(repr(sorted(repository.files.items())).encode()).hexdigest()[:16]
