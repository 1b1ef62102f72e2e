"""A test may ask for what the issue or the repository names, and for nothing else."""

from __future__ import annotations

import pytest

from strategies.reproduction.overspecified import overspecified
from tests.fakes.workspace import memory_workspace

WORKSPACE = memory_workspace(
    {
        "till.py": "def total(prices, rounding=None):\n    raise ValueError('prices are missing')\n",
        "README.md": "There will be `till.receipt`.",
    }
)
ISSUE = "total() should take a currency, and say `no such currency`"


def said(body: str, head: str = "import pytest\nimport till\nfrom till import total\n") -> str:
    return overspecified(f"{head}def test_x():\n    {body}\n".encode(), "tests/test_x.py", ISSUE, WORKSPACE)


@pytest.mark.parametrize(
    "body",
    [
        "assert total([1], currency='EUR') == 1",
        "assert total([1], rounding=2) == '1 anything'",
        "assert till.receipt([1]).strip() == 'x'",
        "with pytest.raises(ValueError, match='no such currency'):\n        total([1])",
        "with pytest.raises(ValueError, match='prices are missing'):\n        total([1])",
        "assert dict(key_of_nobody=1)['key_of_nobody'] == total([1])",
        "assert till.__name__ == 'x'",
    ],
)
def test_what_is_named_somewhere_may_be_asked_for(body: str) -> None:
    assert said(body) == ""


@pytest.mark.parametrize(
    ("body", "invented"),
    [
        ("assert total([1], currency_code='EUR') == 1", "currency_code"),
        ("assert till.grand_sum([1]) == 1", "grand_sum"),
        ("assert till.total.settings.deep == 1", "settings"),
        (
            "with pytest.raises(ValueError, match='unknown currency given'):\n        total([1])",
            "unknown currency given",
        ),
        (
            "with pytest.raises(ValueError) as error:\n        total([1])\n"
            "    assert str(error.value) == 'bad currency!'",
            "bad currency!",
        ),
    ],
)
def test_what_nobody_named_is_told(body: str, invented: str) -> None:
    assert f"`{invented}`" in said(body)


def test_an_imported_name_counts_and_the_tests_own_names_do_not() -> None:
    assert "`Ledger`" in said("assert Ledger()", "from till import Ledger\n")
    helper = "import till\n\n\ndef grand_sum():\n    return till.total\n"
    assert said("assert grand_sum()([1]) == 1", helper) == ""


def test_other_languages_and_broken_files_are_not_spoken_of() -> None:
    assert overspecified(b"total({ currencyCode: 1 })", "a.test.js", ISSUE, WORKSPACE) == ""
    assert overspecified(b"def test_x(:", "tests/test_x.py", ISSUE, WORKSPACE) == ""
