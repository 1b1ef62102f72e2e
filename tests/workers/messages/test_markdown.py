"""Text of strangers cannot act: no mention, reference, markup, HTML, image or secret survives."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.messages.markdown import block, code, line, ours, prose

TOKEN = "ghs_" + "A1b2" * 12


@pytest.mark.parametrize(
    ("given_text", "never"),
    [
        ("ask @octocat", r"@octocat"),
        ("see #12", r"#12"),
        ("GH-12", r"GH-12"),
        ("owner/repo#3", r"#3"),
        ("![x](http://a/b.png)", r"(?<!\\)!(?<!\\)\["),
        ("[x](http://a)", r"://"),
        ("<script>alert(1)</script>", r"<"),
        ("<!-- hidden -->", r"<!--"),
        (f"token {TOKEN}", TOKEN),
        ("# Heading", r"^#"),
        ("- item", r"^-"),
        ("1. item", r"^1\."),
        ("a | b", r"(?<!\\)\|"),
        ("rtl \u202e trick", "\u202e"),
        ("bell \x07", "\x07"),
    ],
)
def test_prose_takes_apart_what_github_acts_on(given_text: str, never: str) -> None:
    assert not re.search(never, prose(given_text))


def test_a_line_stays_one_line_and_within_its_limit() -> None:
    assert line("a\n\nb\tc") == "a b c"
    assert len(line("x" * 500, 50)) == 50


@given(st.text(alphabet="`ab\n ~", max_size=60))
def test_a_block_cannot_be_ended_from_inside(text: str) -> None:
    lines = block(text).splitlines()
    fence = lines[0]
    assert lines[-1] == fence
    assert not any(inner.strip().startswith(fence) for inner in lines[1:-1])


@given(st.text(alphabet="`ab |", max_size=40))
def test_a_code_span_cannot_be_ended_from_inside(text: str) -> None:
    span = code(text)
    ticks = re.match(r"`*", span)
    assert ticks is not None
    width = len(ticks[0])
    assert span == "" or (width > 0 and all(len(run) != width for run in re.findall(r"`+", span[width:-width])))
    assert "|" not in span


def test_a_block_keeps_the_end_where_the_error_stands() -> None:
    assert "the error" in block("x" * 9_000 + " the error", 100)


def test_our_own_sentences_keep_their_code_and_nothing_else() -> None:
    assert ours("write `budget: 5` for @ada") == "write `budget: 5` for @\u200bada"
