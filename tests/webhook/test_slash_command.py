from __future__ import annotations

import pytest

from webhook.slash_command import parse


@pytest.mark.parametrize(
    ("body", "issue", "pull"),
    [
        ("/autofix", ("start", ""), ("start", "")),
        ("  \n/autofix  \n", ("start", ""), ("start", "")),
        ("/AutoFix Retry strong-first", ("retry", "strong-first"), ("retry", "strong-first")),
        ("/autofix retry strong-first\nthank you", ("retry", "strong-first"), ("retry", "strong-first")),
        ("/autofix stop!", ("stop", ""), ("stop", "")),
        ("/autofix budget 50", ("budget", "50"), ("budget", "50")),
        ("/autofix\tquote", ("quote", ""), ("quote", "")),
        ("/autofix approve\r\n", ("approve", ""), ("approve", "")),
        ("/autofix help me", ("help", "me"), ("help", "me")),
        ("/autofix rety", ("unknown", "rety"), ("instructions", "rety")),
        (
            "/autofix use a set\nand test it",
            ("unknown", "use a set and test it"),
            ("instructions", "use a set\nand test it"),
        ),
        ("/autofixes", None, None),
        ("/autofix-bot", None, None),
        ("please /autofix", None, None),
        ("> /autofix", None, None),
        ("", None, None),
    ],
)
def test_commands(body: str, issue: tuple[str, str] | None, pull: tuple[str, str] | None) -> None:
    assert parse(body, on_pull_request=False) == issue
    assert parse(body, on_pull_request=True) == pull


def test_a_very_long_comment_is_cut() -> None:
    said = parse("/autofix " + "x" * 100_000, on_pull_request=True)
    assert said is not None
    assert len(said[1]) == 4000


@pytest.mark.parametrize("lead", ["    ", "\t", "  \t", "\n\n    ", "\r\n\t", "     "])
@pytest.mark.parametrize("on_pull_request", [False, True])
def test_a_code_block_of_four_columns_is_no_command(lead: str, on_pull_request: bool) -> None:
    assert parse(f"{lead}/autofix retry", on_pull_request=on_pull_request) is None


@pytest.mark.parametrize("lead", ["", " ", "   ", "\n\n", "    \n", "\t\r\n  "])
def test_fewer_columns_are_an_ordinary_paragraph(lead: str) -> None:
    assert parse(f"{lead}/autofix retry", on_pull_request=False) == ("retry", "")
