"""What earlier jobs came to becomes the history that decisions and examples are made from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from sandbox.repository.patch import Patch
from strategies.attempt import Attempt, JudgedAttempt
from strategies.issue import Issue
from strategies.methods.decision import decide
from strategies.methods.few_shot import FewShot
from strategies.models.in_memory_meter import CapMeter
from strategies.models.meter import Charge, Metered
from strategies.models.price import Price
from strategies.models.usage import Usage
from strategies.outcomes import AttemptRecord, NoOutcomes, Situation
from strategies.resolution import Ending, Resolution
from strategies.strategy import SolveContext
from strategies.tier import Tier
from strategies.verdict import Evidence, Judged, Verdict
from tests.fakes.model import ScriptedModel
from tests.fakes.verification import FakeVerification
from tests.fakes.workspace import memory_workspace
from workers.db.database import Database
from workers.deliveries import installations
from workers.jobs import outcomes, queue, timeline
from workers.jobs.commands import Place
from workers.jobs.history import AttemptHistory, is_good, situations
from workers.jobs.job import Kind, State
from workers.jobs.versions import Versions

NOW = datetime(2026, 11, 25, tzinfo=UTC)
PRICE = Price(Decimal(1), Decimal(5))
VERSIONS = Versions("1", "cascade", "reproduction", {"weak": {"model": "p/weak"}, "strong": {"model": "p/strong"}}, {})


def tried(tier: str = "weak", judged: Judged = Judged.FAILED, **given: object) -> JudgedAttempt:
    patch = Patch({"a.py": b"x\n"})
    return JudgedAttempt(replace(Attempt(tier, "repair", patch), **given), Verdict(judged, Evidence()))  # type: ignore[arg-type]  # fields by name


GOOD = tried(judged=Judged.PASSED)
BAD = tried()


@dataclass
class Past:
    """Jobs that are over, written as a worker writes them."""

    database: Database
    repository: int = 7
    pull: int = 0
    issues: int = 0
    diffs: dict[int, str] = field(default_factory=dict)

    def job(
        self,
        *attempts: JudgedAttempt,
        outcome: str = "",
        kind: Kind = Kind.RESOLVE,
        issue: int = 0,
        pull: int = 0,
        usd: Decimal | None = Decimal("0.01"),
    ) -> int:
        """A job on a new issue (or `issue`), its last attempt published when there is an `outcome`. The issue."""
        self.issues += 1
        number = issue or self.issues
        chosen = attempts[-1] if outcome else None
        charges = [
            Charge(t.attempt.tier, "m", "repair", n, Usage(), usd, Decimal(1), PRICE, 1.0)
            for n, t in enumerate(attempts, 1)
        ]
        resolution = Resolution(Ending.ACCEPTED, attempts, chosen, Patch(), "")
        with self.database.begin() as session:
            installations.ensure_repository(session, Place(3, self.repository, f"ada/{self.repository}", number), NOW)
            made = queue.enqueue(session, queue.NewJob(Place(3, self.repository, "ada/x", number), kind=kind, actor="ada"), now=NOW)  # fmt: skip
            leased = queue.lease(session, made.job_id, "w", timedelta(minutes=1), NOW)
            assert leased is not None
            job, lease = leased
            diffs = [f"+fix {number}\n"] * len(attempts)
            timeline.keep_attempts(session, job.id, VERSIONS, resolution, diffs, charges, NOW)
            timeline.keep_issue(session, job.id, Issue(number, f"Issue {number}", f"words of {number}"))
            if outcome:
                self.pull = pull or self.pull + 1
                branch = f"autofix/issue-{number}"
                job = queue.update(session, lease, now=NOW, pull_request=self.pull, branch=branch)
                outcomes.opened(
                    session, job, pull_request=self.pull, branch=branch, tier="weak", strategy="cascade",
                    evidence="", now=NOW,
                )  # fmt: skip
                outcomes.observe(session, self.repository, branch, outcome, NOW)
            queue.finish(session, lease, State.OPENED if outcome else State.DECLINED, "", now=NOW)
        return number


@pytest.fixture
def past(database: Database) -> Past:
    return Past(database)


def record(
    past: Past, tier: str = "weak", situation: Situation = Situation.FIRST, repository: int = 7
) -> AttemptRecord:
    return AttemptHistory(past.database, repository).record(tier, f"p/{tier}", situation)


def test_attempts_are_counted_by_tier_model_and_situation_with_what_they_cost(past: Past) -> None:
    past.job(BAD, BAD, tried("strong", Judged.PASSED), outcome="opened")
    past.job(GOOD, outcome="opened")
    assert record(past) == AttemptRecord(1, 1, Decimal("0.02"), 2)
    assert record(past, situation=Situation.AGAIN) == AttemptRecord(0, 1, Decimal("0.01"), 1)
    assert record(past, "strong", Situation.OTHER) == AttemptRecord(1, 0, Decimal("0.01"), 1)
    assert record(past, "strong") == AttemptRecord()
    assert AttemptHistory(past.database, 7).record("weak", "p/newer", Situation.FIRST) == AttemptRecord()
    assert record(past, repository=8) == AttemptRecord()


def test_an_unknown_cost_is_not_counted_as_zero(past: Past) -> None:
    past.job(BAD, usd=None)
    assert record(past) == AttemptRecord(0, 1, Decimal(0), 0)


@pytest.mark.parametrize(
    ("judged", "outcome", "good", "bad"),
    [
        (Judged.PASSED, "merged", 1, 0),
        (Judged.PASSED, "closed", 0, 1),
        (Judged.PASSED, "reverted", 0, 1),
        (Judged.PASSED, "reopened", 1, 0),
        (Judged.UNJUDGED, "merged", 1, 0),
        (Judged.UNJUDGED, "closed", 0, 1),
        (Judged.UNJUDGED, "opened", 0, 0),
    ],
)
def test_people_have_the_last_word(past: Past, judged: Judged, outcome: str, good: int, bad: int) -> None:
    past.job(tried(judged=judged), outcome=outcome)
    found = record(past)
    assert (found.good, found.bad) == (good, bad)


def test_people_judged_only_what_was_published() -> None:
    assert is_good("failed", "merged", published=False) is False
    assert is_good("passed", "closed", published=False) is True


def test_what_passed_with_doubts_is_neither_good_nor_bad_until_people_say(past: Past) -> None:
    assert is_good("passed", "", published=True, doubts=True) is None
    assert is_good("failed", "", published=True, doubts=True) is False
    assert is_good("passed", "merged", published=True, doubts=True) is True
    doubted = tried(judged=Judged.PASSED)
    evidence = replace(doubted.verdict.evidence, doubts=("it reads the tests",))
    past.job(replace(doubted, verdict=replace(doubted.verdict, evidence=evidence)), outcome="opened")
    found = record(past)
    assert (found.good, found.bad) == (0, 0)


def test_a_solution_that_replaced_another_in_the_same_pull_request_takes_its_judgement(past: Past) -> None:
    issue = past.job(tried(judged=Judged.UNJUDGED), outcome="opened")
    past.job(tried("strong", Judged.PASSED), outcome="merged", issue=issue, pull=past.pull)
    assert record(past).good == 0
    assert record(past, "strong").good == 1
    assert len(AttemptHistory(past.database, 7).examples()) == 1


def test_a_follow_up_is_no_attempt_at_the_issue_but_its_pull_request_is_judged(past: Past) -> None:
    issue = past.job(tried(judged=Judged.UNJUDGED), outcome="opened")
    past.job(tried("strong"), outcome="merged", issue=issue, pull=past.pull, kind=Kind.FOLLOW_UP)
    assert record(past).good == 1
    assert record(past, "strong") == AttemptRecord()


def test_an_attempt_without_an_answer_teaches_nothing() -> None:
    missing = tried(trouble="unavailable")
    found = situations([missing, BAD, missing, BAD, tried("strong"), tried("strong", question="which?")])
    assert found == (None, Situation.FIRST, None, Situation.AGAIN, Situation.OTHER, None)


def context(past: Past) -> SolveContext:
    meter = CapMeter(Decimal(2))
    dear = Price(Decimal(5), Decimal(25))
    tiers = [
        Tier("weak", Metered(ScriptedModel([], name="p/weak", price=PRICE), meter, "weak"), attempts=2),
        Tier("strong", Metered(ScriptedModel([], name="p/strong", price=dear), meter, "strong")),
    ]
    return SolveContext(tiers, {}, FakeVerification({}), lambda _s: None, outcomes=AttemptHistory(past.database, 7))


def test_a_history_of_failures_makes_the_cascade_start_with_the_strong_model(past: Past) -> None:
    it = context(past)
    before = decide(it.tiers, [], NoOutcomes(), Decimal(2)).chosen
    assert before is not None
    assert before.tier == 0
    for _ in range(40):
        past.job(BAD)
    after = decide(it.tiers, [], it.outcomes, Decimal(2)).chosen
    assert after is not None
    assert after.tier == 1


def test_few_shot_shows_what_was_merged_here_and_nothing_else(past: Past) -> None:
    past.job(GOOD, outcome="merged")
    past.job(GOOD, outcome="reverted")
    past.job(GOOD, outcome="closed")
    past.job(BAD)
    newest = past.job(GOOD, outcome="merged")
    it = context(past)
    assert [e.issue.number for e in it.outcomes.examples()] == [newest, 1]
    told = FewShot(5, "similar").context(Issue(99, "words of 1", ""), memory_workspace({}), it)
    assert "Issue 1" in told
    assert "+fix 1" in told
    assert "Issue 2" not in told
