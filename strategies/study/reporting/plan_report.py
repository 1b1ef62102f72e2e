"""What a search of plans found, as a table, sentences, a page and JSON."""

from __future__ import annotations

from typing import Any

from strategies.study.replaying.plans import PlanSearchResult
from strategies.study.reporting.chart import chart
from strategies.study.reporting.output import interval_json
from strategies.study.reporting.page import PageTable, Section, page
from strategies.study.reporting.pareto import Point


def plans_table(found: PlanSearchResult) -> PageTable:
    """The front, chosen on the training tasks and measured on the others; each tier alone beside it."""
    return PageTable(
        f"Plans on the Pareto front of {found.training} tasks, measured on the other {found.held} "
        "(95 % intervals by resampling tasks)",
        ("plan", "resolved", "cost an issue"),
        tuple((p.name, p.rate.percent(), p.usd.dollars()) for p in found.front),
        tuple("reference" if p.reference else "best" for p in found.front),
    )


def plans_sentences(found: PlanSearchResult) -> tuple[str, ...]:
    """What the figures advise, and how little they may be trusted."""
    best = max(found.front, key=lambda p: (p.rate.value, -p.usd.value))
    out = [
        f"{found.searched:,} plans were replayed.",
        f"Most resolved on held-out tasks: {best.name}, {best.rate.percent()} for {best.usd.dollars()} an issue.",
    ]
    alone = [p for p in found.front if p.reference]
    if alone and not best.reference:
        dearest = max(alone, key=lambda p: p.usd.value)
        out.append(f"Beside it: {dearest.name}, {dearest.rate.percent()} for {dearest.usd.dollars()}.")
    if found.held < 50:
        out.append(f"{found.held} held-out tasks are few: read the intervals.")
    return tuple(out)


def plans_json(found: PlanSearchResult) -> dict[str, Any]:
    """The same, for programs."""
    return {
        "searched": found.searched,
        "training_tasks": found.training,
        "held_out_tasks": found.held,
        "plans": [
            {
                "plan": p.name,
                "reference": p.reference,
                "rate": interval_json(p.rate),
                "usd_per_issue": interval_json(p.usd),
            }
            for p in found.front
        ],
    }


def plans_page(found: PlanSearchResult) -> str:
    """One page with the chart."""
    points = [Point(p.name, p.usd.value, p.rate.value, p.rate.low, p.rate.high) for p in found.front]
    drawn = chart(points, title="Plans on held-out tasks", cost_label="US dollars an issue")
    section = Section("Cost against resolution", drawn, plans_sentences(found), (plans_table(found),))
    lead = "Self-tests alone decide here; in production the repository's own tests judge the winner as well."
    return page("Plans of the self-test cascade", lead, [section])
