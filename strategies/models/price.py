"""What tokens cost, in USD per million, and the two sums made from it: a call's cost and its worst case."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from strategies.models.usage import Usage

MILLION = Decimal(1_000_000)
MICRO = Decimal("0.000001")


def usd(amount: Decimal) -> Decimal:
    """Round up to a millionth of a dollar: a bill is never less than what was spent."""
    return amount.quantize(MICRO, rounding=ROUND_CEILING)


@dataclass(frozen=True, slots=True)
class Price:
    """USD per million tokens. `above_tokens` starts the dearer `above` price when the whole input is longer."""

    input: Decimal
    output: Decimal
    cached_input: Decimal | None = None
    cache_write: Decimal | None = None
    above_tokens: int | None = None
    above: Price | None = None

    def at(self, input_tokens: int) -> Price:
        """The price that applies to a call with this much input."""
        if self.above is not None and self.above_tokens is not None and input_tokens > self.above_tokens:
            return self.above.at(input_tokens)
        return self

    def cost(self, usage: Usage) -> Decimal:
        """USD for what was used, rounded up to a millionth."""
        p = self.at(usage.input_tokens)
        cached = p.input if p.cached_input is None else p.cached_input
        write = p.input if p.cache_write is None else p.cache_write
        plain = usage.input_tokens - usage.cached_tokens - usage.cache_write_tokens
        total = (
            max(plain, 0) * p.input
            + usage.cached_tokens * cached
            + usage.cache_write_tokens * write
            + usage.output_tokens * p.output
        )
        return usd(total / MILLION)

    def worst(self, input_tokens: int, output_tokens: int) -> Decimal:
        """USD that a call can cost at most: all input at the dearest rate, output at its maximum.

        `input_tokens` is a bound, so every price that a shorter input would have is looked at too.
        """
        level: Price | None = self
        most = Decimal(0)
        while level is not None:
            dearest = max(level.input, level.cache_write or Decimal(0), level.cached_input or Decimal(0))
            most = max(most, input_tokens * dearest + output_tokens * level.output)
            reached = level.above_tokens is not None and input_tokens > level.above_tokens
            level = level.above if reached else None
        return usd(most / MILLION)
