from __future__ import annotations

import pytest

from strategies.issue import IssueImage
from strategies.models.cache_marks import FEWEST_BYTES, marked_places, smallest_prefix, wants_marks
from strategies.models.model import Message, Prompt, Tool
from strategies.models.tokens import bound_message, bound_tools


def prompt_of(*bytes_each: int, tools: tuple[Tool, ...] = ()) -> Prompt:
    """Messages of so many bytes (with their framing), all of which end a prefix worth caching."""
    framing = bound_message(Message("user", ""))
    return Prompt(tuple(Message("user", "x" * (n - framing), cache=True) for n in bytes_each), "agent", tools)


@pytest.mark.parametrize(
    ("name", "tokens"),
    {
        "anthropic/claude-haiku-4-5-20251001": 4_096,
        "openrouter/anthropic/claude-opus-4.5": 4_096,
        "replicate/anthropic/claude-4.5-haiku": 4_096,
        "bedrock/eu.anthropic.claude-opus-4-6-v1": 4_096,
        "vertex_ai/claude-3-5-haiku@20241022": 2_048,
        "vertex_ai/claude-3-haiku@20240307": 2_048,
        "github_copilot/claude-opus-4.7": 2_048,
        "github_copilot/claude-opus-4.8": 1_024,
        "bedrock/anthropic.claude-3-7-sonnet-20250219-v1:0": 1_024,
        "anthropic/claude-sonnet-4-20250514": 1_024,
        "heroku/claude-4-sonnet": 1_024,
        "replicate/anthropic/claude-4.5-sonnet": 1_024,
        "github_copilot/claude-sonnet-5": 1_024,
        "github_copilot/claude-sonnet-5.5": 512,
        "bedrock/us.amazon.nova-pro-v1:0": 1_024,
        "databricks/claude-that-is-not-known-yet": 512,
    }.items(),
)
def test_the_smallest_prefix_is_as_documented_where_the_table_says_nothing(name: str, tokens: int) -> None:
    assert smallest_prefix(name, {}) == tokens
    assert smallest_prefix(name, {"prompt_cache_min_tokens": 700.0}) == 700, "the model's row comes first"


@pytest.mark.parametrize("said", [None, 0, -1, True, "1024"])
def test_a_row_that_says_nothing_useful_is_passed_over(said: object) -> None:
    assert smallest_prefix("claude-haiku-4-5", {"prompt_cache_min_tokens": said}) == 4_096


def test_a_prefix_is_marked_from_its_smallest_length_on() -> None:
    least = 1_024 * FEWEST_BYTES
    assert marked_places(prompt_of(least), 1_024) == {0}
    assert marked_places(prompt_of(least - FEWEST_BYTES), 1_024) == frozenset()
    assert marked_places(prompt_of(least // 2, least // 2, 40), 1_024) == {1, 2}, "all before a mark counts"


def test_tools_and_images_before_a_mark_count() -> None:
    tools = (Tool("shell", "Runs a command. " * 200, {"type": "object"}),)
    assert bound_tools(tools) > 3_000
    assert marked_places(prompt_of(40), 1_024) == frozenset()
    assert marked_places(prompt_of(40, tools=tools), 1_024) == {0}
    image = Message("user", "look", cache=True, images=(IssueImage("image/png", b"png"),))
    assert marked_places(Prompt((image,), "repair"), 4_096) == {0}


def test_a_prefix_too_short_takes_no_place_from_one_that_is_kept() -> None:
    talk = prompt_of(100, 3_000, 40, 40, 40, 40)
    assert marked_places(talk, 512) == {1, 3, 4, 5}
    assert marked_places(prompt_of(3_000, 40, 40, 40), 512) == {0, 1, 2, 3}
    unmarked = Prompt((Message("user", "x" * 9_000),), "repair")
    assert marked_places(unmarked, 512) == frozenset()


def test_who_wants_marks() -> None:
    assert wants_marks("openrouter/anthropic/claude-opus-5.5", "openrouter")
    assert wants_marks("anthropic/own-server", "anthropic")
    assert wants_marks("bedrock/amazon.nova-pro-v1:0", "bedrock")
    assert not wants_marks("amazon.nova-pro", "openai")
    assert not wants_marks("gpt-6-luna", "openai")
