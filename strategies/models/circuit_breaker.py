"""A provider that does not answer is left alone for a while, by all calls of this process together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

FAILURES = 5
"""Failures in a row, of all calls, after which a provider is left alone."""
FIRST_PAUSE = 15.0
LONGEST_PAUSE = 300.0
"""Seconds between two questions whether it is back: one call asks, and the others go on waiting."""
PROBE = 120.0
"""Seconds after which a call that asks and says nothing more is no longer waited for."""


@dataclass(slots=True)
class CircuitBreaker:
    """Closed while a provider answers. Open, it lets one call through at the end of each pause. Safe between threads;
    `clock` in seconds."""

    clock: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _failures: int = 0
    _since: float | None = None
    _until: float = 0.0
    _pause: float = FIRST_PAUSE

    def wait(self) -> float:
        """Seconds that a call has to wait; 0: it may ask now."""
        with self._lock:
            now = self.clock()
            left = self._until - now
            if left > 0:
                return left
            if self._failures >= FAILURES:  # this call asks for all
                self._until = now + PROBE
            return 0.0

    def failed(self) -> None:
        """The provider did not answer, or said that it cannot."""
        with self._lock:
            now = self.clock()
            self._since = now if self._since is None else self._since
            self._failures += 1
            if self._failures >= FAILURES:
                self._until = now + self._pause
                self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def hold(self, seconds: float) -> None:
        """The provider asks to be left alone for so long."""
        with self._lock:
            self._until = max(self._until, self.clock() + seconds)

    def answered(self) -> None:
        """The provider answered, whatever it said."""
        with self._lock:
            self._failures, self._since, self._until, self._pause = 0, None, 0.0, FIRST_PAUSE

    def outage(self) -> float:
        """Seconds since the first of the failures in a row; 0 without one."""
        with self._lock:
            return 0.0 if self._since is None else self.clock() - self._since


class CircuitBreakers:
    """One breaker for each provider and address, one more for each of its models: a limit is a model's own."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[Hashable, CircuitBreaker] = {}
        self._lock = threading.Lock()

    def of(self, *name: str) -> CircuitBreaker:
        """The breaker of that name."""
        with self._lock:
            return self._known.setdefault(name, CircuitBreaker(self._clock))
