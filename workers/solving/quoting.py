"""A quote for one issue, from the operator's tiers, the issue's counted tokens and the repository's past."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import func, select

from strategies.models.model import Message, Model, Prompt
from workers.billing.quote import Quote, QuotedTier, quote
from workers.config.operator_file import Operator, TierOptions
from workers.db.columns import Usd
from workers.db.database import Database
from workers.db.tables import COUNTED_USD, ChargeRow
from workers.solving.model_use import KeyOf, OpenModel, spec_of
from workers.solving.tiers import solver_of


def quote_for(
    operator: Operator, open_model: OpenModel, key_of: KeyOf, text: str, past: Sequence[Decimal] = ()
) -> Quote:
    """The estimate for an issue whose words are `text`. Raises ModelRefused for an unknown or unpriced model."""
    models = {t.name: open_model(spec_of(t, key_of)) for t in operator.tiers}
    tiers = [_quoted(t, models[t.name], operator.limits.issue_usd) for t in operator.tiers]
    tester = operator.tier("tester")
    counted = models[tester.name].count(Prompt((Message("user", text),), "quote"))
    return quote(tiers, next(t for t in tiers if t.name == tester.name), counted, past)


def _quoted(options: TierOptions, model: Model, cap: Decimal) -> QuotedTier:
    return QuotedTier(
        name=options.name,
        model=model.name,
        price=model.price,
        attempts=options.attempts,
        agent=solver_of(options, model, cap) == "agent",
        max_output_tokens=options.max_output_tokens or model.max_output_tokens,
    )


def past_issues(database: Database, repository_id: int, limit: int = 200) -> tuple[Decimal, ...]:
    """USD of the repository's latest issues."""
    spent = func.sum(COUNTED_USD, type_=Usd())
    query = (
        select(spent)
        .where(ChargeRow.repository_id == repository_id, ChargeRow.issue != 0)
        .group_by(ChargeRow.issue)
        .order_by(func.max(ChargeRow.id).desc())
        .limit(limit)
    )
    with database.read() as session:
        return tuple(session.scalars(query))
