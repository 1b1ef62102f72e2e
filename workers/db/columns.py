"""Column types that both databases keep alike: money as whole micro-dollars, times as UTC, text of any origin."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from sqlalchemy import BigInteger, DateTime, Dialect, Text
from sqlalchemy.types import TypeDecorator

from workers.usd import from_micro, to_micro


class Usd(TypeDecorator[Decimal]):
    """Decimal USD in Python, an integer of millionths in the database (SQLite's NUMERIC would be a float)."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        """Rounded up to a millionth. Raises MoneyError unless finite, TypeError for a float."""
        del dialect
        if value is None:
            return None
        if not isinstance(value, Decimal | int):
            raise TypeError(f"money is Decimal USD, not {type(value).__name__} ({value!r})")
        return to_micro(Decimal(value))

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        del dialect
        return None if value is None else from_micro(int(value))


class Utc(TypeDecorator[datetime]):
    """An aware datetime, always UTC. A naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Raises ValueError for a time without a zone."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone cannot be stored: {value!r}; use datetime.now(UTC)")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Words(TypeDecorator[str]):
    """Text that may come from anywhere: what UTF-8 or PostgreSQL cannot hold (NUL, lone surrogates) becomes �."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        del dialect
        if value is None or (value.isascii() and "\0" not in value):
            return value
        return value.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
