"""Where a prompt is marked for a provider's cache. Pure.

A mark ends a prefix that the provider is to keep. Claude, wherever it is sold, and Nova on Bedrock keep what is marked;
the others keep what they see, or take no marks. Anthropic and AWS say of marks:

- A prefix (tools, system and messages up to the mark, together) that is shorter than the model's smallest is not kept;
  the call succeeds at the plain price, but the mark counts.
- At most four marks stand in a request.
- The longest kept prefix is found within some 20 content blocks before a mark.

So the places go to marks that can be kept: the first of them, where other conversations may begin alike, and the
latest, where this one goes on. A mark too many costs nothing and a missing one the whole prefix, so lengths are taken
at their most, and where sources differ in a smallest prefix, or know none, it is the smaller one.

A marked prefix lives for five minutes after its last use. No mark asks for an hour: to write it costs 2 instead of 1.25
times the input, so that it pays only where the next call that begins alike comes later than five minutes with a
likelihood of more than 61 to 65 % (by the rates of the 229 rows of Claude in litellm's table that have such a price).
After a suite that takes so long, that call comes only if the patch was wrong and the same model tries again, which
nobody knows beforehand.

https://platform.claude.com/docs/en/build-with-claude/prompt-caching
https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html
"""

from __future__ import annotations

from collections.abc import Mapping

from strategies.models.model import Prompt
from strategies.models.tokens import TOOLS, bound_message, bound_tools

BREAKPOINTS = 4
"""Marks in one request, at most."""
FEWEST_BYTES = 2
"""Bytes of a token, at least, on the average of a prefix of prose and code; source code has three to four."""
SMALLEST = 512
"""Tokens: the smallest prefix that any of the models keeps, for one that no source names."""
_DOCUMENTED = (
    (4_096, ("haiku-4-5", "4-5-haiku", "opus-4-5", "4-5-opus", "opus-4-6", "4-6-opus")),
    (2_048, ("haiku-3", "3-haiku", "3-5-haiku", "opus-4-7", "4-7-opus")),
    (512, ("sonnet-5-5", "5-5-sonnet")),
    (
        1_024,
        (
            "claude-3",
            "3-opus",
            "opus-4",
            "4-opus",
            "sonnet-3",
            "sonnet-4",
            "4-sonnet",
            "4-5-sonnet",
            "sonnet-5",
            "amazon-nova",
        ),
    ),
)
"""Tokens of the smallest prefix by what a name holds, the first that fits; for models whose row in the table of prices
says nothing."""


def wants_marks(names: str, provider: str) -> bool:
    """Whether a provider caches only what is marked: Claude wherever it is sold, and Nova on Bedrock. `names` are the
    model's, in lower case."""
    return "claude" in names or provider == "anthropic" or (provider.startswith("bedrock") and "amazon.nova" in names)


def smallest_prefix(names: str, row: Mapping[str, object]) -> int:
    """Tokens that a prefix must have to be kept: as the model's `row` in litellm's table says, else as documented for
    its `names` (lower case), else the smallest of all."""
    listed = row.get("prompt_cache_min_tokens")
    if isinstance(listed, int | float) and not isinstance(listed, bool) and listed > 0:
        return int(listed)
    plain = names.replace(".", "-")
    return next((tokens for tokens, parts in _DOCUMENTED if any(part in plain for part in parts)), SMALLEST)


def marked_places(prompt: Prompt, smallest: int) -> frozenset[int]:
    """The places of the messages that get a mark: of those that end a prefix worth caching, and may have `smallest`
    tokens up to there, the first and the latest."""
    places = []
    tools = bound_tools(prompt.tools)
    tokens = min(tools, TOOLS) + max(tools - TOOLS, 0) // FEWEST_BYTES
    for place, message in enumerate(prompt.messages):
        tokens += bound_message(message) // FEWEST_BYTES  # half of what is bounded for an image is still above its most
        if message.cache and tokens >= smallest:
            places.append(place)
    return frozenset(places[:1] + places[1 - BREAKPOINTS :])
