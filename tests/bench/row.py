"""One measured number, beside what it is compared with and what it should be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """`ratio` is `value` to the value of `peer`, measured in the same run; `aim` in words; `ok` whether it is met."""

    name: str
    value: float
    unit: str
    peer: str = ""
    ratio: float | None = None
    aim: str = ""
    ok: bool = True


class NotHere(Exception):
    """What a bench needs from outside is missing on this machine; the message says what."""
