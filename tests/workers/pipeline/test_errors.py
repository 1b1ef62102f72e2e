"""What each error means: a table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sandbox.errors import MirrorError, SandboxUnavailable
from strategies.models.model import ModelRefused, ModelUnavailable
from workers.billing.ledger import SpendingStopped
from workers.github.types import CredentialsRefused, InstallationGone, RateLimited, Refused, Unreachable
from workers.jobs.job import State
from workers.pipeline.errors import PATIENCE, Again, Over, ending_of, trouble
from workers.pipeline.publish import BranchMoved

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=42)
TRANSIENT = [SandboxUnavailable("x"), MirrorError("x"), ModelUnavailable("x"), BranchMoved("x")]


@pytest.mark.parametrize("error", TRANSIENT)
def test_what_may_pass_is_tried_again_with_longer_waits_and_then_told(error: Exception) -> None:
    waits = []
    for runs in (1, 2):
        again = trouble(error, runs, 3, NOW)
        assert isinstance(again, Again)
        assert again.counts
        waits.append(again.at - NOW)
    assert timedelta(0) < waits[0] < waits[1]
    over = trouble(error, 3, 3, NOW)
    assert isinstance(over, Over)
    assert (over.state, over.tell) == (State.FAILED, True)


def test_a_rate_limit_waits_as_long_as_asked_and_costs_no_run() -> None:
    again = trouble(RateLimited(LATER, "x"), 99, 3, NOW)
    assert again == Again(LATER, "GitHub asks for patience", counts=False, told=False)


def test_the_kill_switch_waits_for_as_long_as_it_is_thrown() -> None:
    again = trouble(SpendingStopped("root", "panic"), 99, 3, NOW)
    assert isinstance(again, Again)
    assert not again.counts


@pytest.mark.parametrize("error", [Unreachable("x"), CredentialsRefused("x")])
def test_a_github_that_is_away_gets_more_patience_than_a_job_has_runs(error: Exception) -> None:
    assert isinstance(trouble(error, PATIENCE - 1, 3, NOW), Again)
    assert isinstance(trouble(error, PATIENCE, 3, NOW), Over)


@pytest.mark.parametrize("error", [ModelRefused("bad key"), Refused(403, "bad key")])
def test_a_refusal_ends_at_once_with_the_other_sides_words(error: Exception) -> None:
    over = trouble(error, 1, 3, NOW)
    assert isinstance(over, Over)
    assert over.state is State.FAILED
    assert "bad key" in over.words
    assert "bad key" in ending_of(over).text


def test_an_app_that_was_uninstalled_has_nobody_to_tell() -> None:
    over = trouble(InstallationGone("gone"), 1, 3, NOW)
    assert isinstance(over, Over)
    assert (over.state, over.tell) == (State.CANCELLED, False)


def test_a_bug_is_always_loud_and_never_shows_its_details() -> None:
    again = trouble(KeyError("secret"), 1, 3, NOW)
    over = trouble(KeyError("secret"), 3, 3, NOW)
    assert isinstance(again, Again)
    assert isinstance(over, Over)
    assert again.loud
    assert over.loud
    assert "secret" not in ending_of(over).text
