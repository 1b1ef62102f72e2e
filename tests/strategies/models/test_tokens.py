from __future__ import annotations

import functools
import importlib.util
import os
from dataclasses import replace
from pathlib import Path

import pytest
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.models.model import Message, Prompt, Tool, ToolCall
from strategies.models.tokens import Known, bound, bound_prompt


@settings(deadline=None)
@given(st.text())
def test_the_bound_is_never_below_a_real_tokenizer(text: str) -> None:
    assert bound(text) >= len(_tokenizer().encode(text, disallowed_special=()))


@pytest.mark.parametrize(
    "text", ["0123456789" * 50, "🦀👩‍👩‍👧" * 30, "{[(<;:>)]}" * 40, "漢字かな" * 50, "\u200d" * 99]
)
def test_dense_text_stays_below_the_bound(text: str) -> None:
    assert bound(text) >= len(_tokenizer().encode(text))


def test_tools_calls_and_framing_are_counted() -> None:
    plain = Prompt((Message("user", "x"),), "repair")
    tool = Tool("shell", "Runs.", {"type": "object"})
    call = Message("assistant", "", (ToolCall("1", "shell", "{}"),))
    assert bound_prompt(replace(plain, tools=(tool,))) > bound_prompt(plain) + 500
    assert bound_prompt(replace(plain, messages=(*plain.messages, call))) > bound_prompt(plain) + 32


def test_a_counted_prompt_bounds_those_that_share_its_beginning() -> None:
    files, known = Message("user", "x" * 9_000), Known()
    first = Prompt((files, Message("user", "one")), "repair")
    known.learn(first, 2_500)
    assert known.bound(first) < 2_700
    second = Prompt((files, Message("user", "y" * 100)), "repair")
    assert 2_600 <= known.bound(second) < 2_800
    other = Prompt((Message("user", "z" * 9_000),), "repair")
    assert known.bound(other) == bound_prompt(other)
    with_tools = replace(first, tools=(Tool("t", "d", {}),))
    assert known.bound(with_tools) == bound_prompt(with_tools)


def test_a_bound_is_never_above_that_of_the_bytes() -> None:
    known = Known()
    known.learn(Prompt((Message("user", "a"),), "repair"), 1_000_000)
    asked = Prompt((Message("user", "a"),), "repair")
    assert known.bound(asked) == bound_prompt(asked)


@functools.cache
def _tokenizer() -> tiktoken.Encoding:
    """tiktoken with the vocabulary that litellm ships."""
    found = importlib.util.find_spec("litellm")
    assert found is not None
    assert found.origin is not None
    os.environ["TIKTOKEN_CACHE_DIR"] = str(Path(found.origin).parent / "litellm_core_utils" / "tokenizers")
    return tiktoken.get_encoding("cl100k_base")
