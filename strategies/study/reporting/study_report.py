"""A study as a table, a chart, a page and sentences, the reference rows always beside the strategies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from strategies.study.interval import money
from strategies.study.reporting.chart import chart
from strategies.study.reporting.compare import StudyComparison, comparison_sentences
from strategies.study.reporting.figures import Figures, Measured, counted, figures
from strategies.study.reporting.guidelines import against_coin_flip, by_budget, by_target, caution
from strategies.study.reporting.output import interval_json
from strategies.study.reporting.page import PageTable, Section, page
from strategies.study.reporting.pareto import Point, front
from strategies.study.running.record import StudyRecord

UNIT = "an issue"
MANY = 6
"""From more strategies on, a column for each would not fit on the page."""
NOT_RUN = {
    "strong": "strong alone was not run: add `strong` to --strategies to have it beside the others",
    "weak": "the weak model alone was not run: add `weak` to --strategies for the coin-flip line",
    "best-of-n": "equal attempts were not run: add `best-of-n` to --strategies",
}


@dataclass(frozen=True, slots=True)
class Study:
    """Records with their figures."""

    records: tuple[StudyRecord, ...]
    figures: Figures

    @classmethod
    def of(cls, records: Sequence[StudyRecord]) -> Study:
        """Raises TaskError when the strategies have no task in common."""
        return cls(tuple(records), figures(records))


def points(study: Study) -> tuple[Point, ...]:
    """Every strategy and the oracle over them."""
    oracles = [r for r in study.figures.references if r.name.startswith("oracle")]
    return tuple(r.point() for r in (*study.figures.rows, *oracles[-1:]))


def flip(study: Study) -> tuple[Point, Point] | None:
    """The ends of the coin-flip line: the weak and the strong model alone."""
    weak = study.figures.named("weak")
    strong = study.figures.named("strong") or study.figures.named("strong-once")
    return (weak.point(), strong.point()) if weak and strong else None


def guidelines(study: Study) -> tuple[str, ...]:
    """What the figures advise."""
    drawn, ends = points(study), flip(study)
    out = list(by_budget(drawn, UNIT))
    if ends:
        out += [*by_target(drawn, ends[1], UNIT), *against_coin_flip(drawn, *ends), *caution(drawn, *ends)]
    out += [f"{words[0].upper()}{words[1:]}." for name, words in NOT_RUN.items() if study.figures.named(name) is None]
    n = len(study.figures.tasks)
    if n < 100:
        out.append(
            f"{n} tasks are few: a rate near 50 % is known to about ±{100 * 0.98 / n**0.5:.0f} points. "
            "Read the intervals."
        )
    return tuple(out)


def table(study: Study) -> PageTable:
    """Strategies by cost, then the references."""
    best = {p.name for p in front(points(study))}
    rows = sorted(study.figures.rows, key=lambda r: r.cost.value)
    lines = [_row(r) for r in rows] + [_row(r) for r in study.figures.references]
    kinds = ["best" if r.name in best else "" for r in rows] + ["reference"] * len(study.figures.references)
    left = study.figures.left_out
    caption = f"{len(study.figures.tasks)} tasks, 95 % intervals by resampling them" + (
        f"; {left} tasks are left out because not every strategy has a verdict on them" if left else ""
    )
    unknown = sum(r.unknown for r in rows)
    if unknown:
        caption += f"; {unknown} costs are unknown and count with their strategy's mean"
    head = ("strategy", "resolved", "cost an issue", "cost per resolved")
    return PageTable(caption, head, tuple(lines), tuple(kinds))


def _row(r: Measured) -> tuple[str, ...]:
    per = r.usd_per_resolved
    return (r.name, r.rate.percent(), r.cost.dollars(), "none resolved" if per is None else money(per))


def endings(study: Study) -> PageTable:
    """How the issues of each strategy ended, and whether what was accepted is right."""
    rows = []
    for name in sorted({r.strategy for r in study.records}):
        own = [r for r in study.records if r.strategy == name]
        ends = counted(own, lambda r: str(r.row["ending"]))
        accepted = [r for r in own if r.row["ending"] == "accepted" and r.resolved is not None]
        wrong = sum(1 for r in accepted if not r.resolved)
        endings_text = ", ".join(f"{count} {end.replace('_', ' ')}" for end, count in sorted(ends.items()))
        calls = sum(len(r.row["calls"]) for r in own)
        rows.append((name, endings_text, f"{wrong} of {len(accepted)}", f"{calls / len(own):.1f}"))
    return PageTable(
        "How issues ended. “Accepted, but wrong” is what executed evidence let through and hidden tests did not: the "
        "verifier's false accepts.",
        ("strategy", "endings", "accepted, but wrong", "calls an issue"),
        tuple(rows),
        texts=(1,),
    )


def per_task(study: Study) -> PageTable:
    """Which strategy resolved which task."""
    names = [r.name for r in sorted(study.figures.rows, key=lambda r: r.cost.value)]
    marks = {True: "✓", False: "–", None: "?"}
    by = {(r.task, r.strategy): r for r in study.records}
    if len(names) > MANY:
        return _by_whom(study, names)
    rows = tuple(
        (task, *(marks[by[task, n].resolved] if (task, n) in by else "" for n in names))
        for task in sorted({r.task for r in study.records})
    )
    return PageTable("✓ resolved, – not resolved, ? could not be judged", ("task", *names), rows)


def _by_whom(study: Study, names: Sequence[str]) -> PageTable:
    """For many strategies: a line per task that names them."""
    rows = []
    for task in sorted({r.task for r in study.records}):
        good = {r.strategy for r in study.records if r.task == task and r.resolved}
        who = ", ".join(n for n in names if n in good) or "nobody"
        rows.append((task, f"{len(good)} of {len(names)}", "all" if len(good) == len(names) else who))
    return PageTable("Who resolved which task, cheapest first", ("task", "resolved by", ""), tuple(rows), texts=(2,))


def settings(study: Study) -> PageTable:
    """What exactly was run: versions, models, prices, prompt digests."""
    setting = study.records[0].setting
    rows = [("Pennyfix", str(setting["pennyfix"]))]
    for t in setting["tiers"]:
        p = t["price"]
        rows.append(
            (
                f"tier {t['tier']}",
                f"{t['model']}, {t['solver']}, attempts: {t['attempts']}, "
                f"USD per million tokens: {p['input']} in, {p['output']} out",
            )
        )
    rows.append(("prompts", ", ".join(f"{k} {v}" for k, v in sorted(setting["prompts"].items()))))
    caption = "Settings of the first record; every record carries its own"
    return PageTable(caption, ("what", "value"), tuple(rows), texts=(1,))


def svg(study: Study, *, alone: bool = False) -> str:
    """The chart."""
    return chart(
        points(study),
        title=f"{len(study.figures.tasks)} tasks",
        cost_label="US dollars an issue",
        flip=flip(study),
        alone=alone,
    )


def study_page(study: Study, compared: StudyComparison | None = None) -> str:
    """The whole page as HTML text."""
    sections = [
        Section("Cost against resolution", svg(study), guidelines(study), (table(study),)),
        Section("What happened", "", (), (endings(study), per_task(study))),
        Section("What exactly was run", "", (), (settings(study),)),
    ]
    if compared is not None:
        sections.insert(1, _comparison(compared))
    models = ", ".join(str(t["model"]) for t in study.records[0].setting["tiers"])
    scripted = " The models are scripted: their skill is invented." if "scripted/" in models else ""
    lead = f"{len(study.figures.tasks)} tasks, {len(study.figures.rows)} strategies, tiers {models}.{scripted}"
    return page("A study of strategies", lead, sections)


def compare_page(compared: StudyComparison) -> str:
    """Two combinations alone."""
    return page("Two combinations compared", f"{compared.a.name} beside {compared.b.name}", [_comparison(compared)])


def compare_table(compared: StudyComparison) -> PageTable:
    """What differs in the settings."""
    head = ("setting", compared.a.name, compared.b.name)
    return PageTable("What differs in their settings", head, compared.differs, texts=(1, 2))


def _comparison(compared: StudyComparison) -> Section:
    tables = [compare_table(compared)] if compared.differs else []
    only = [(t, compared.a.name) for t in compared.only_a] + [(t, compared.b.name) for t in compared.only_b]
    if only:
        tables.append(
            PageTable("Tasks that only one of them resolved", ("task", "resolved by"), tuple(only), texts=(1,))
        )
    return Section(f"{compared.a.name} against {compared.b.name}", "", comparison_sentences(compared), tuple(tables))


def study_json(study: Study, compared: StudyComparison | None = None) -> dict[str, object]:
    """The same figures: rates 0 to 1, USD an issue, USD per resolved issue or null."""
    out: dict[str, object] = {
        "tasks": len(study.figures.tasks),
        "left_out": study.figures.left_out,
        "rows": [_json(r) for r in (*study.figures.rows, *study.figures.references)],
        "front": [p.name for p in front(points(study))],
        "guidelines": list(guidelines(study)),
    }
    if compared is not None:
        out["compared"] = compare_json(compared)
    return out


def compare_json(c: StudyComparison) -> dict[str, object]:
    """A comparison as figures."""
    return {
        "a": c.a.name,
        "b": c.b.name,
        "tasks": len(c.tasks),
        "rate_difference": interval_json(c.rate),
        "cost_ratio": None if c.cost is None else interval_json(c.cost),
        "only_a": list(c.only_a),
        "only_b": list(c.only_b),
        "differs": [{"setting": name, "a": a, "b": b} for name, a, b in c.differs],
    }


def _json(r: Measured) -> dict[str, object]:
    return {
        "name": r.name,
        "reference": r.reference,
        "rate": interval_json(r.rate),
        "usd_per_issue": interval_json(r.cost),
        "usd_per_resolved": r.usd_per_resolved,
        "unknown_costs": r.unknown,
    }
