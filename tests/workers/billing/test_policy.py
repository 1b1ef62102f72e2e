from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from workers.billing.forecast import forecast
from workers.billing.policy import (
    BudgetLimits,
    ChosenBudget,
    RequestedBudget,
    caps,
    due_alerts,
    effective_budget,
    next_month,
)

D = Decimal
LIMITS = BudgetLimits(operator_month=D(500), repository_month=D(50), issue=D(2), installation_month=D(100))
NOW = datetime(2026, 11, 25, tzinfo=UTC)


def test_without_a_wish_the_operators_default_is_in_force() -> None:
    budget = effective_budget(LIMITS, RequestedBudget(), None)
    assert (budget.month, budget.issue, budget.source) == (D(50), D(2), "operator")


def test_the_file_is_heard_but_never_above_the_operators_limit() -> None:
    assert effective_budget(LIMITS, RequestedBudget(D(20), D(1)), None).month == D(20)
    greedy = effective_budget(LIMITS, RequestedBudget(D(900), D(9)), None)
    assert (greedy.month, greedy.issue, greedy.bounded, greedy.asked) == (D(50), D(2), True, D(900))


def test_a_setting_beats_the_file_it_has_seen_in_both_directions() -> None:
    raised = effective_budget(LIMITS, RequestedBudget(D(20)), ChosenBudget(D(40), "ada", NOW, file_then=D(20)))
    assert (raised.month, raised.source, raised.by) == (D(40), "setting", "ada")
    lowered = effective_budget(LIMITS, RequestedBudget(D(20)), ChosenBudget(D(0), "ada", NOW, file_then=D(20)))
    assert lowered.month == 0


def test_a_file_that_changed_after_the_setting_is_the_last_word() -> None:
    setting = ChosenBudget(D(40), "ada", NOW, file_then=D(20))
    assert effective_budget(LIMITS, RequestedBudget(D(25)), setting).month == D(25)
    assert effective_budget(LIMITS, RequestedBudget(None), setting).month == D(50)


def test_an_operator_who_lowers_the_limit_bounds_old_settings() -> None:
    strict = BudgetLimits(D(500), D(5), D(2))
    assert effective_budget(strict, RequestedBudget(), ChosenBudget(D(40), "ada", NOW)).month == D(5)


@pytest.mark.parametrize(("own", "effective"), [(None, D(100)), (D(30), D(30)), (D(300), D(100))])
def test_the_installations_cap_is_the_lower_of_its_own_and_the_operators(
    own: Decimal | None, effective: Decimal
) -> None:
    assert caps(effective_budget(LIMITS, RequestedBudget(), None), LIMITS, own).installation_month == effective


def test_no_installation_cap_at_all_stays_none() -> None:
    limits = BudgetLimits(D(500), D(50), D(2))
    assert caps(effective_budget(limits, RequestedBudget(), None), limits).installation_month is None


@pytest.mark.parametrize(
    ("spent", "told", "due"),
    [
        ("7.99", (), ()),
        ("8", (), (80,)),
        ("8", (80,), ()),
        ("10", (80,), (100,)),
        ("12", (), (80, 100)),
        ("12", (80, 100), ()),
        ("0", (), ()),
    ],
)
def test_each_mark_is_due_once(spent: str, told: tuple[int, ...], due: tuple[int, ...]) -> None:
    assert due_alerts(D(spent), D(10), told) == due


def test_a_budget_of_zero_alerts_only_if_something_was_spent() -> None:
    assert due_alerts(D(0), D(0), ()) == ()
    assert due_alerts(D("0.01"), D(0), ()) == (80, 100)


def test_months_end_in_utc() -> None:
    assert next_month(datetime(2026, 12, 31, 23, 59, tzinfo=UTC)) == datetime(2027, 1, 1, tzinfo=UTC)
    assert next_month(datetime.fromisoformat("2026-11-30T20:00:00-05:00")) == datetime(2027, 1, 1, tzinfo=UTC)


def test_the_forecast_grows_in_proportion_and_does_not_explode_on_the_first_day() -> None:
    assert forecast(D(10), datetime(2026, 11, 11, tzinfo=UTC)) == D(30)
    assert forecast(D(1), datetime(2026, 11, 1, 0, 5, tzinfo=UTC)) == D(30)
