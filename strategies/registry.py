"""Every strategy by its name, as a repository, a command or the study may choose it."""

from __future__ import annotations

from collections.abc import Callable

from strategies.cascade import Cascade
from strategies.single import Single
from strategies.strategy import Strategy

STRATEGIES: dict[str, Callable[[], Strategy]] = {
    "cascade": Cascade,
    "weak": lambda: Single(0),
    "strong": lambda: Single(-1),
}
DEFAULT = "cascade"
