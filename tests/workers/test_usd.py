from __future__ import annotations

from decimal import Decimal

import pytest

from workers.usd import MoneyError, check_usd, from_micro, parse_usd, show_usd, to_micro


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("50", "50"),
        ("12.5", "12.5"),
        ("$20", "20"),
        ("20 USD", "20"),
        (" 0.000001 ", "0.000001"),
        ("0", "0"),
        ("007", "7"),
    ],
)
def test_plain_amounts_are_read_exactly(text: str, amount: str) -> None:
    assert parse_usd(text) == Decimal(amount)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "nothing was given"),
        ("€5", "US dollars only"),
        ("5 EUR", "US dollars only"),
        ("£5", "US dollars only"),
        ("-1", "below zero"),
        ("−1", "below zero"),
        ("NaN", "not a finite number"),
        ("inf", "not a finite number"),
        ("-inf", "below zero"),
        ("1e9", "powers of ten"),
        ("１０", "only the digits 0 to 9"),
        ("٥٠", "only the digits 0 to 9"),
        ("5\u200b0", "only the digits 0 to 9"),
        ("1,000", "may not be grouped"),
        ("1_000", "may not be grouped"),
        ("12,5", "follow a point"),
        ("fifty", "not a plain number"),
        ("5 5", "not a plain number"),
        ("<b>5</b>", "not a plain number"),
        ("0.0000001", "more than 6 decimals"),
        ("1000000.01", "more than 1000000"),
        ("9" * 400, "not a plain number"),
    ],
)
def test_anything_else_is_refused_with_value_reason_and_fix(text: str, why: str) -> None:
    with pytest.raises(MoneyError) as caught:
        parse_usd(text)
    assert why in caught.value.why
    assert "allowed: 0 to 1000000 US dollars" in caught.value.fix
    assert len(str(caught.value)) < 300


def test_an_amount_above_the_operators_limit_names_the_limit() -> None:
    with pytest.raises(MoneyError, match=r"'51'.*more than 50"):
        parse_usd("51", most=Decimal(50))


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity", "-0.01", "0.0000001"])
def test_a_decimal_from_elsewhere_is_checked_too(amount: str) -> None:
    with pytest.raises(MoneyError):
        check_usd(Decimal(amount))


def test_micro_dollars_round_up_and_come_back() -> None:
    assert to_micro(Decimal("0.0000001")) == 1
    assert from_micro(to_micro(Decimal("1234567.654321"))) == Decimal("1234567.654321")
    with pytest.raises(MoneyError):
        to_micro(Decimal("NaN"))


@pytest.mark.parametrize(
    ("amount", "shown"), [("12.5", "$12.50"), ("0.0042", "$0.0042"), ("0", "$0.00"), ("1000", "$1000.00")]
)
def test_amounts_are_shown_with_cents_and_as_many_decimals_as_they_need(amount: str, shown: str) -> None:
    assert show_usd(Decimal(amount)) == shown
