"""Tokens of one call, as the provider reports them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens. `input_tokens` counts all input; `cached_tokens` (read from) and `cache_write_tokens`
    (written to the provider's prompt cache) are parts of it, not additions."""

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    cache_write_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.cached_tokens + other.cached_tokens,
            self.output_tokens + other.output_tokens,
            self.cache_write_tokens + other.cache_write_tokens,
        )


@dataclass(frozen=True, slots=True)
class ReportedUsage:
    """What a provider's answer says of its own cost.

    `whole` False: the answer broke off, so it cost at least this. `modes` are what it was served as, where that has a
    price of its own: a service tier ("priority", "flex"), a speed, a place. `long_write_tokens` are those of the cache
    writes that are kept longer than some minutes; `media_tokens` are images, sounds and videos among the input and the
    output. `usd` is what the provider itself says that it charges; `searches` are those of its own that it charges by
    the piece.
    """

    usage: Usage
    whole: bool = True
    modes: tuple[str, ...] = ()
    long_write_tokens: int = 0
    input_media: tuple[tuple[str, int], ...] = ()
    output_media: tuple[tuple[str, int], ...] = ()
    usd: Decimal | None = None
    searches: int = 0
