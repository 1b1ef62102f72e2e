from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from webhook.pages.filters import diff_lines, estimate, github_link, percent, took, usd


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (None, "–"), ("0", "$0.00"), ("12.5", "$12.50"), ("1234.567", "$1234.567"), ("-0.89", "−$0.89"), ("0.5", "$0.50"),
        ("0.0042", "$0.0042"), ("0.123456", "$0.123456"), ("0.000001", "$0.000001"), ("0.00002", "$0.00002"),
        ("0.99999", "$0.99999"), ("0.16125", "$0.16125"), ("50", "$50.00"), ("0E-6", "$0.00"),
    ],
)  # fmt: skip
def test_amounts_are_exact_and_written_as_in_comments(amount: str | None, words: str) -> None:
    assert usd(None if amount is None else Decimal(amount)) == words


@pytest.mark.parametrize(
    ("amount", "words"),
    [(None, "–"), ("28.233334", "$28.24"), ("0.123456", "$0.1235"), ("-0.89", "−$0.89"), ("-25.2512", "−$25.25")],
)
def test_estimates_show_no_more_digits_than_they_deserve(amount: str | None, words: str) -> None:
    assert estimate(None if amount is None else Decimal(amount)) == words


def test_shares_and_times() -> None:
    assert [percent(None), percent(Decimal("0.255"))] == ["–", "26 %"]
    assert [took(timedelta(seconds=s)) for s in (-5, 59, 60, 3599, 7500)] == [
        "0 s",
        "59 s",
        "1 min",
        "59 min",
        "2 h 5 min",
    ]


def test_no_name_leads_away_from_github() -> None:
    assert github_link("https://github.com", "a/b", "pull", 7) == "https://github.com/a/b/pull/7"
    assert (
        github_link("https://github.com", 'a/../..//evil"?x#y') == "https://github.com/a/..%2F..%2F%2Fevil%22%3Fx%23y"
    )


def test_a_diffs_lines_know_their_kind() -> None:
    diff = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n c"
    assert [kind for kind, _ in diff_lines(diff)] == ["file", "file", "file", "hunk", "minus", "plus", "same"]
