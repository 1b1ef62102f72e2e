"""What each error means: a table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sandbox.errors import MirrorError, SandboxUnavailable
from strategies.models.model import ModelRefused, ModelUnavailable
from workers.billing.ledger import SpendingStopped
from workers.github.types import CredentialsRefused, InstallationGone, RateLimited, Refused, Unreachable
from workers.jobs.job import State
from workers.pipeline.errors import PATIENCE, Fail, Retry, classify_error, ending_of_failure
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
    assert (over.state, over.tell) == (State.FAILED, True)


def test_a_rate_limit_waits_as_long_as_asked_and_costs_no_run() -> None:
    again = classify_error(RateLimited(LATER, "x"), 99, 3, NOW)
    assert again == Retry(LATER, "GitHub asks for patience", counts=False, told=False)


def test_the_kill_switch_waits_for_as_long_as_it_is_thrown() -> None:
    again = classify_error(SpendingStopped("root", "panic"), 99, 3, NOW)
    assert isinstance(again, Retry)
    assert not again.counts


@pytest.mark.parametrize("error", [Unreachable("x"), CredentialsRefused("x")])
def test_a_github_that_is_away_gets_more_patience_than_a_job_has_runs(error: Exception) -> None:
    assert isinstance(classify_error(error, PATIENCE - 1, 3, NOW), Retry)
    assert isinstance(classify_error(error, PATIENCE, 3, NOW), Fail)


@pytest.mark.parametrize("error", [ModelRefused("bad key"), Refused(403, "bad key")])
def test_a_refusal_ends_at_once_with_the_other_sides_words(error: Exception) -> None:
    over = classify_error(error, 1, 3, NOW)
    assert isinstance(over, Fail)
    assert over.state is State.FAILED
    assert "bad key" in over.words
    assert "bad key" in ending_of_failure(over).text


def test_an_app_that_was_uninstalled_has_nobody_to_tell() -> None:
    over = classify_error(InstallationGone("gone"), 1, 3, NOW)
    assert isinstance(over, Fail)
    assert (over.state, over.tell) == (State.CANCELLED, False)


def test_a_bug_is_always_loud_and_never_shows_its_details() -> None:
    again = classify_error(KeyError("secret"), 1, 3, NOW)
    over = classify_error(KeyError("secret"), 3, 3, NOW)
    assert isinstance(again, Retry)
    assert isinstance(over, Fail)
    assert again.loud
    assert over.loud
    assert "secret" not in ending_of_failure(over).text
