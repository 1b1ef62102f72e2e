from __future__ import annotations

import re
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.verdict import Evidence
from workers.messages.plain_title import plain_title
from workers.messages.pull_request import commit_message, title

ACTS = re.compile(
    r"\[[^\]]*(?:skip|no ci|ci skip)[^\]]*\]|\*\*\*\s*no_?ci|skip-checks\s*:|[@#]\w|\bGH-\d|https?://", re.IGNORECASE
)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Crash in parse()", "Crash in parse()"),
        ("[Bug]: crash on  empty\tinput", "(Bug): crash on empty input"),
        ("list[int] and rows[0][1] are refused", "list[int] and rows[0][1] are refused"),
        ("C# 8: a ** b is wrong @ night", "C# 8: a ** b is wrong @ night"),
        ("größe 日本語 é ✓", "größe 日本語 é ✓"),
        ("[skip ci] x", "(skip ci) x"),
        ("typo[ci skip]", "typo(ci skip)"),
        ("[[NO CI]] x", "((NO CI)) x"),
        ("x [skip actions] [actions skip]", "x (skip actions) (actions skip)"),
        ("[sk\u200bip\u00a0ci] x", "(skip ci) x"),
        ("[skhttps://ip ci]", "( ip ci)"),
        ("***NO_CI*** x", "NO_CI x"),
        ("x skip-checks: true", "x skip-checks true"),
        ("[azurepipelines skip] [skip-netlify] [full ci]", "(azurepipelines skip) (skip-netlify) (full ci)"),
        ("Closes #1", "Closes # 1"),
        ("resolves o/r#3, fixes GH-4", "resolves o/r# 3, fixes GH 4"),
        ("Closes https://github.com/o/r/issues/3", "Closes github.com/o/r/issues/3"),
        ("closes htthttps://ps://github.com/o/r/issues/3", "closes github.com/o/r/issues/3"),
        ("#https://1 and //github.com/x", "# 1 and github.com/x"),
        ("@dependabot merge, bump #major", "@ dependabot merge, bump # major"),
        ("a \u202eevil\u202c \u2066b\u2069 \U000e0041c", "a evil b c"),
        ("two\nlines\r\n\u2028three\x0bfour\x85five\n\nPennyfix-Issue: 9", "two lines three four five Pennyfix-Issue: 9"),
        ("\u200b\u2060\ufeff\u3164", ""),
    ],
)  # fmt: skip
def test_what_acts_on_github_stays_readable_and_loses_its_power(written: str, shown: str) -> None:
    assert plain_title(written) == shown


@pytest.mark.parametrize(
    "secret", ["ghp_" + "a" * 36, "ghs_" + "b" * 40, "AKIA" + "A" * 16, "sk-ant-" + "x" * 30, "gh\u200bp_" + "a" * 36]
)
def test_a_title_that_holds_a_token_does_not_publish_it(secret: str) -> None:
    for made in (title(f"key {secret} fails", 3), commit_message(3, f"key {secret} fails", 1, Evidence())):
        assert secret.replace("\u200b", "")[:14] not in made
        assert "(redacted)" in made


@given(
    st.lists(
        st.sampled_from(
            ["[", "]", "skip", "ci", " ", "no", "#", "@", "GH-", "1", "https:", "//", "*", "NO_CI", "\u200b", "\u202e", "o/r", "***", ":", "-"]
        ),
        max_size=12,
    ).map("".join)
    | st.text(max_size=60)
)  # fmt: skip
def test_no_mixture_of_them_acts(written: str) -> None:
    for made in (title(written, 7), commit_message(7, written, 1, Evidence()).splitlines()[0]):
        words = made.removeprefix("Fix #7: ")
        assert words.strip()
        assert not ACTS.search(words)
        assert not [c for c in words if unicodedata.category(c) in ("Cf", "Cc")]


def test_an_endless_title_is_made_harmless_quickly() -> None:
    started = time.perf_counter()
    for text in ("[" * 100_000, "//" * 100_000, "[a]" * 100_000, "@" * 100_000, "h://" * 50_000):
        plain_title(text)
    assert time.perf_counter() - started < 20  # hours, were a pattern to backtrack
