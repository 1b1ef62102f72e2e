"""What tokens cost, in USD per million, and the sums made from it: a call's cost, its bill, and its worst case."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from strategies.models.usage import ReportedUsage, Usage

MILLION = Decimal(1_000_000)
MICRO = Decimal("0.000001")


def usd(amount: Decimal) -> Decimal:
    """Round up to a millionth of a dollar: a bill is never less than what was spent."""
    return amount.quantize(MICRO, rounding=ROUND_CEILING)


@dataclass(frozen=True, slots=True)
class Price:
    """USD per million tokens. `above_tokens` starts the dearer `above` price when the whole input is longer.

    `long_cache_write` is for writes that are kept for hours; `media` are rates of tokens that are no text, as (name,
    rate) with names such as "input image"; `request` is USD for each call beside its tokens, `search` USD for each
    search that the provider makes in it. `services` are the prices
    of service tiers that an answer may name, `asked` the one that is asked for; `factors` are what a speed or a place
    multiplies all rates by.
    """

    input: Decimal
    output: Decimal
    cached_input: Decimal | None = None
    cache_write: Decimal | None = None
    above_tokens: int | None = None
    above: Price | None = None
    long_cache_write: Decimal | None = None
    media: tuple[tuple[str, Decimal], ...] = ()
    request: Decimal = Decimal(0)
    services: tuple[tuple[str, Price], ...] = ()
    factors: tuple[tuple[str, Decimal], ...] = ()
    asked: str = ""
    search: Decimal | None = None

    def at(self, input_tokens: int) -> Price:
        """The price that applies to a call with this much input."""
        if self.above is not None and self.above_tokens is not None and input_tokens > self.above_tokens:
            return self.above.at(input_tokens)
        return self

    def cost(self, usage: Usage) -> Decimal:
        """USD for what was used, rounded up to a millionth."""
        return usd(self._exact(usage))

    def _exact(self, usage: Usage) -> Decimal:
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
        return total / MILLION + self.request

    def served(self, reported: ReportedUsage) -> tuple[Price, Decimal, bool]:
        """The price of the service tier that the answer names, the factor on it, and whether all modes have a price."""
        services, factors = dict(self.services), dict(self.factors)
        price, factor, known = self, Decimal(1), True
        for mode in reported.modes:
            if mode in services:
                price = services[mode]
            elif mode in factors:
                factor *= factors[mode]
            else:
                known = False
        return price, factor, known

    def bill(self, reported: ReportedUsage, worst: Decimal) -> Decimal | None:
        """USD for what an answer reports, rounded up to a millionth; never less than what the provider itself says
        that it charges.

        None: a part of it cannot be known, because the answer broke off or was served in a mode without a price, and
        what is known is no more than `worst`, which was reserved.
        """
        price, factor, known = self.served(reported)
        more, rated = price.at(reported.usage.input_tokens).beside(reported)
        exact = (price._exact(reported.usage) + more / MILLION) * factor  # noqa: SLF001 - another price of this class
        total = usd(max(exact, reported.usd or Decimal(0)))
        said = reported.usd is not None
        if reported.whole and (said or (known and rated)):
            return total
        return total if total > worst else None

    def beside(self, reported: ReportedUsage) -> tuple[Decimal, bool]:
        """USD millions of tokens cost beside the plain rates: long cache writes, what is no text and searches; and
        whether all of it has a rate. Pictures and films without a rate of their own cost what text costs, as with most
        providers."""
        write = self.input if self.cache_write is None else self.cache_write
        long = write if self.long_cache_write is None else self.long_cache_write
        total = reported.long_write_tokens * max(long - write, Decimal(0))
        rates, known = dict(self.media), True
        for side, plain, parts in (
            ("input", self.input, reported.input_media),
            ("output", self.output, reported.output_media),
        ):
            for kind, count in parts:
                rate = rates.get(f"{side} {kind}")
                known = known and (rate is not None or (side == "input" and kind != "audio"))
                total += count * max((plain if rate is None else rate) - plain, Decimal(0))
        if reported.searches and not self.request:  # a price for each call has its search in it
            known = known and self.search is not None
            total += reported.searches * (self.search or Decimal(0)) * MILLION
        return total, known

    def worst(self, input_tokens: int, output_tokens: int) -> Decimal:
        """USD that a call can cost at most: all input at the dearest rate, output at its maximum; where a service tier
        is asked for, at its rates or at the usual ones, which it may be served at.

        `input_tokens` is a bound, so every price that a shorter input would have is looked at too.
        """
        level: Price | None = self
        most = Decimal(0)
        while level is not None:
            dearest = max(level.input, level.cache_write or Decimal(0), level.cached_input or Decimal(0))
            most = max(most, input_tokens * dearest + output_tokens * level.output)
            reached = level.above_tokens is not None and input_tokens > level.above_tokens
            level = level.above if reached else None
        usual = usd(most / MILLION + self.request)
        service = dict(self.services).get(self.asked)
        return usual if service is None else max(usual, service.worst(input_tokens, output_tokens))
