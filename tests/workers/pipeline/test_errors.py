"""What each error means: a table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from billiard.exceptions import SoftTimeLimitExceeded  # type: ignore[import-untyped]

from sandbox.errors import MirrorError, SandboxUnavailable
from strategies.models.model import ModelRefused, ModelUnavailable
from workers.billing.ledger import SpendingStopped
from workers.github.types import CredentialsRefused, InstallationGone, RateLimited, Refused, Unreachable
from workers.jobs.job import State
from workers.pipeline import endings
from workers.pipeline.errors import (
    LONGEST_PATIENCE,
    MAX_RUNS_WITHOUT_GITHUB,
    MAX_RUNS_WITHOUT_MODEL,
    Fail,
    Retry,
    classify_error,
)
from workers.pipeline.publish import BranchMoved

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=42)
TRANSIENT = [SandboxUnavailable("x"), MirrorError("x"), ModelUnavailable("x"), BranchMoved("x")]


@pytest.mark.parametrize("error", TRANSIENT)
def test_what_may_pass_is_tried_again_with_longer_waits_and_then_told(error: Exception) -> None:
    waits = []
    for runs in (1, 2):
        again = classify_error(error, runs, 3, NOW)
        assert isinstance(again, Retry)
        assert again.counts
        waits.append(again.at - NOW)
    assert timedelta(0) < waits[0] < waits[1]
    over = classify_error(error, 3, 3, NOW)
    assert isinstance(over, Fail)
    assert (over.state, over.shown) == (State.FAILED, True)


def test_a_rate_limit_waits_as_long_as_asked_and_costs_no_run() -> None:
    again = classify_error(RateLimited(LATER, "x"), 99, 3, NOW)
    assert again == Retry(LATER, "GitHub asks for patience", counts=False, shown=False)


def test_the_kill_switch_waits_for_as_long_as_it_is_thrown() -> None:
    again = classify_error(SpendingStopped("root", "panic"), 99, 3, NOW)
    assert isinstance(again, Retry)
    assert not again.counts


@pytest.mark.parametrize("error", [Unreachable("x"), CredentialsRefused("x")])
def test_a_github_that_is_away_gets_more_patience_than_a_job_has_runs(error: Exception) -> None:
    assert isinstance(classify_error(error, MAX_RUNS_WITHOUT_GITHUB - 1, 3, NOW), Retry)
    assert isinstance(classify_error(error, MAX_RUNS_WITHOUT_GITHUB, 3, NOW), Fail)


@pytest.mark.parametrize("error", [ModelRefused("bad key"), Refused(403, "bad key")])
def test_a_refusal_ends_at_once_with_the_other_sides_words(error: Exception) -> None:
    over = classify_error(error, 1, 3, NOW)
    assert isinstance(over, Fail)
    assert over.state is State.FAILED
    assert "bad key" in over.details
    assert "bad key" in endings.failed(over.reason, over.details).text


def test_an_app_that_was_uninstalled_has_nobody_to_tell() -> None:
    over = classify_error(InstallationGone("gone"), 1, 3, NOW)
    assert isinstance(over, Fail)
    assert (over.state, over.shown) == (State.CANCELLED, False)


def test_a_job_that_takes_too_long_ends_by_the_type_of_the_pools_error_and_not_by_a_name() -> None:
    over = classify_error(SoftTimeLimitExceeded(), 1, 3, NOW)
    assert isinstance(over, Fail)
    assert "PENNYFIX_JOB_SECONDS" in over.reason
    named_alike = type("SoftTimeLimitExceeded", (Exception,), {})
    assert isinstance(classify_error(named_alike(), 1, 3, NOW), Retry)


def test_a_bug_is_always_loud_and_never_shows_its_details() -> None:
    again = classify_error(KeyError("secret"), 1, 3, NOW)
    over = classify_error(KeyError("secret"), 3, 3, NOW)
    assert isinstance(again, Retry)
    assert isinstance(over, Fail)
    assert again.is_bug
    assert over.is_bug
    assert "secret" not in endings.failed(over.reason, over.details).text


def test_a_provider_that_is_away_gets_hours_of_patience_and_its_own_wish() -> None:
    away = ModelUnavailable("overloaded", outage=40.0)
    waits = [classify_error(away, runs, 3, NOW) for runs in range(1, MAX_RUNS_WITHOUT_MODEL)]
    assert all(isinstance(one, Retry) for one in waits)
    assert sum((one.at - NOW for one in waits if isinstance(one, Retry)), timedelta()) > timedelta(hours=8)
    over = classify_error(away, MAX_RUNS_WITHOUT_MODEL, 3, NOW)
    assert isinstance(over, Fail)
    assert "overloaded" in over.details
    asked = classify_error(ModelUnavailable("x", wait=3_600), 1, 3, NOW)
    assert isinstance(asked, Retry)
    assert asked.at - NOW == timedelta(hours=1)
    for_ever = classify_error(ModelUnavailable("x", wait=1e9), 1, 3, NOW)
    assert isinstance(for_ever, Retry)
    assert for_ever.at - NOW == LONGEST_PATIENCE
