"""The literature's table as a page: one picture, front, hull, coin flip and sentences per pair of models."""

from __future__ import annotations

from collections.abc import Sequence

from strategies.study.reporting.chart import chart
from strategies.study.reporting.guidelines import against_coin_flip, by_budget, by_target, caution, percent
from strategies.study.reporting.page import PageTable, Section, page
from strategies.study.reporting.paper import ISSUES, Pair
from strategies.study.reporting.pareto import above_coin_flip

UNIT = f"for {ISSUES} issues"


def paper_page(pairs: Sequence[Pair]) -> str:
    """The whole page as HTML text."""
    return page(
        "Strong and weak models together: the paper's table, redrawn",
        "Figures from arXiv 2505.20182 (SWE-bench Lite, 300 issues). In that study an attempt counts as valid when its "
        "edit applies; no strategy ran a test. Intervals are Wilson's, from 300 issues.",
        [section(p) for p in pairs],
    )


def section(pair: Pair) -> Section:
    """One pair of models."""
    weak, strong = pair.named("Base Weak"), pair.named("Base Strong")
    title = f"{pair.strong} + {pair.weak}"
    return Section(
        title,
        chart(pair.points, title=title, cost_label=f"US dollars {UNIT}", flip=(weak, strong)),
        (
            *by_budget(pair.points, UNIT),
            *by_target(pair.points, strong, UNIT),
            *against_coin_flip(pair.points, weak, strong),
            *caution(pair.points, weak, strong),
        ),
        (_table(pair),),
    )


def _table(pair: Pair) -> PageTable:
    weak, strong = pair.named("Base Weak"), pair.named("Base Strong")
    best, outer = pair.front, pair.hull
    rows, kinds = [], []
    for p in sorted(pair.points, key=lambda p: p.usd):
        gain = above_coin_flip(p, weak, strong)
        resolved = p.rate * ISSUES
        rows.append(
            (
                p.name + (" (oracle)" if p.reference else ""),
                percent(p.rate),
                f"{100 * (p.low or 0):.1f} to {100 * (p.high or 0):.1f}",
                f"${p.usd:.2f}",
                f"${p.usd / resolved:.3f}" if resolved else "none resolved",
                "" if gain is None else f"{gain:+.1f}",
                "hull" if p in outer else "front" if p in best else "",
            )
        )
        kinds.append("reference" if p.reference else "best" if p in best else "")
    head = ("method", "resolved", "95 % interval", f"cost {UNIT}", "per resolved", "points above coin flip", "")
    return PageTable(f"All methods of {pair.strong} + {pair.weak}, cheapest first", head, tuple(rows), tuple(kinds))
