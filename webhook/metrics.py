"""Counts what the receiver does, in Prometheus' text format (version 0.0.4). In memory, per process."""

from __future__ import annotations

import bisect
from collections import Counter

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Deliveries by event and answer, and how long answering took (seconds). Used from one event loop only."""

    def __init__(self) -> None:
        self._answers: Counter[tuple[str, int]] = Counter()
        self._buckets = [0] * (len(BUCKETS) + 1)
        self._seconds = 0.0

    def answered(self, event: str, status: int, seconds: float) -> None:
        """One delivery was answered. `event` must come from a closed set: it becomes a label."""
        self._answers[event, status] += 1
        self._buckets[bisect.bisect_left(BUCKETS, seconds)] += 1
        self._seconds += seconds

    def text(self, unpublished: int = 0) -> str:
        """The page."""
        lines = ["# HELP pennyfix_deliveries_total Deliveries answered.", "# TYPE pennyfix_deliveries_total counter"]
        lines += [
            f'pennyfix_deliveries_total{{event="{event}",status="{status}"}} {n}'
            for (event, status), n in sorted(self._answers.items())
        ]
        name = "pennyfix_delivery_seconds"
        lines += [f"# HELP {name} Time until a delivery was answered.", f"# TYPE {name} histogram"]
        total = 0
        for bound, n in zip((*map(str, BUCKETS), "+Inf"), self._buckets, strict=True):
            total += n
            lines.append(f'{name}_bucket{{le="{bound}"}} {total}')
        lines += [f"{name}_sum {self._seconds:.6f}", f"{name}_count {total}"]
        name = "pennyfix_unpublished_wakeups_total"
        lines += [f"# HELP {name} Wake-ups left to the sweeper.", f"# TYPE {name} counter", f"{name} {unpublished}"]
        return "\n".join(lines) + "\n"
