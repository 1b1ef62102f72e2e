"""A replay and a search as lines for the terminal and as JSON: the same figures, two forms."""

from __future__ import annotations

from collections.abc import Sequence

from strategies.study.interval import Interval, mean_interval
from strategies.study.replaying.search import ChainSearchResult
from strategies.study.reporting.guidelines import search_sentences
from strategies.study.reporting.replay_report import Row


def interval_json(interval: Interval) -> dict[str, float]:
    """A figure with its 95 % bounds, rounded to what the sample can carry."""
    return {"value": round(interval.value, 6), "low": round(interval.low, 6), "high": round(interval.high, 6)}


def replay_json(compared: Sequence[Row], found: ChainSearchResult | None) -> dict[str, object]:
    """The rows (rate 0 to 1, USD an issue, USD per resolved issue or null) and, where searched, the search."""
    out: dict[str, object] = {
        "rows": [
            {
                "name": row.name,
                "reference": row.reference,
                "rate": interval_json(mean_interval(row.result.solved)),
                "usd_per_issue": interval_json(mean_interval(row.result.usd)),
                "usd_per_resolved": row.result.usd_per_resolved,
            }
            for row in compared
        ]
    }
    if found is not None:
        out["search"] = search_json(found)
    return out


def search_json(found: ChainSearchResult) -> dict[str, object]:
    """The front over all chains and the held-out result."""
    held = found.held_out
    return {
        "chains": found.searched,
        "front": [{"chain": list(c.models), "rate": c.rate, "usd_per_issue": c.usd} for c in found.front],
        "held_out": None
        if held is None
        else {
            "strong": held.strong,
            "folds": held.folds,
            "chosen": [list(c) for c in held.chosen],
            "rate": interval_json(held.rate),
            "usd_per_issue": interval_json(held.usd),
            "rate_gap": interval_json(held.rate_gap),
            "cost_share": interval_json(held.cost_share),
        },
        "sentences": list(search_sentences(found)),
    }
