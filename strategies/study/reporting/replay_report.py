"""A replay and its search as a page and as rows for the terminal, the reference rows always beside the chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from strategies.study.interval import mean_interval
from strategies.study.replaying.outcomes import RecordedOutcomes
from strategies.study.replaying.replay import Rates, ReplayedChain, Verifier, oracle, replay
from strategies.study.replaying.search import ChainSearchResult
from strategies.study.reporting.chart import chart
from strategies.study.reporting.guidelines import by_budget, by_target, percent, search_sentences
from strategies.study.reporting.page import PageTable, Section, page
from strategies.study.reporting.pareto import Point, front

UNIT = "an issue"


@dataclass(frozen=True, slots=True)
class Row:
    """One line beside the others. `reference` rows are bounds and comparisons, not choices."""

    name: str
    result: ReplayedChain
    reference: bool = False


def rows(outcomes: RecordedOutcomes, chain: Sequence[str], verifier: Verifier) -> tuple[Row, ...]:
    """The chain with what it must be read beside.

    The strong model alone (the chain's last), the best single model, equal attempts (the strong model as often as the
    chain is long, with the same verifier), the chain under a perfect verifier, and the oracle router.
    """
    single = [replay(outcomes, (m,), verifier) for m in outcomes.models]
    best = max(single, key=lambda r: (r.rate, -r.usd_per_issue))
    strong = chain[-1]
    out = [Row(" → ".join(chain), replay(outcomes, chain, verifier))]
    out.append(Row(f"strong alone: {strong}", replay(outcomes, (strong,), verifier), True))
    out.append(Row(f"best single: {best.chain[0]}", best, True))
    if len(chain) > 1:
        weak = chain[0]
        equal = (weak,) * len(chain)
        out.append(Row(f"equal attempts: {len(chain)} × {weak}", replay(outcomes, equal, verifier), True))
        out.append(Row("same chain, perfect verifier", replay(outcomes, chain, Rates()), True))
        out.append(Row("oracle router over the chain", oracle(outcomes, chain), True))
    out.append(Row("oracle router over all models", oracle(outcomes), True))
    return tuple(out)


def table(compared: Sequence[Row]) -> PageTable:
    """Rows for people: rate with interval, USD per issue with interval, USD per resolved issue."""
    lines = []
    for row in compared:
        rate, usd = mean_interval(row.result.solved), mean_interval(row.result.usd)
        per = row.result.usd_per_resolved
        lines.append((row.name, rate.percent(), usd.dollars(), "none resolved" if per is None else f"${per:.3f}"))
    kinds = tuple("reference" if r.reference else "best" for r in compared)
    return PageTable(
        "The chain beside its references (95 % intervals by resampling issues). Equal attempts repeat one recorded "
        "run, so they can rescue nothing here: a second sample of the same model was not recorded.",
        ("chain", "resolved", "cost an issue", "cost per resolved"),
        tuple(lines),
        kinds,
    )


def points(outcomes: RecordedOutcomes, compared: Sequence[Row], found: ChainSearchResult | None) -> tuple[Point, ...]:
    """Every single model, the compared rows and the front of the search, as points (USD an issue, rate)."""
    out: dict[str, Point] = {}
    for model in outcomes.models:
        r = replay(outcomes, (model,), Rates())
        out[model] = Point(model, r.usd_per_issue, r.rate)
    for chain in found.front if found else ():
        name = " → ".join(chain.models)
        out[name] = Point(name, chain.usd, chain.rate)
    for row in compared:
        rate = mean_interval(row.result.solved)
        is_oracle = row.name.startswith("oracle")
        if not row.reference or is_oracle:
            out[row.name] = Point(row.name, row.result.usd_per_issue, rate.value, rate.low, rate.high, is_oracle)
    return tuple(out.values())


def replay_page(
    outcomes: RecordedOutcomes, compared: Sequence[Row], verifier_words: str, found: ChainSearchResult | None
) -> str:
    """The whole page as HTML text."""
    drawn = points(outcomes, compared, found)
    chain = compared[0].result.chain
    strong = next(p for p in drawn if p.name == chain[-1])
    weak = next(p for p in drawn if p.name == chain[0])
    head = Section(
        "Cost against resolution",
        chart(
            drawn,
            title=" → ".join(chain),
            cost_label="US dollars an issue",
            flip=(weak, strong) if weak != strong else None,
        ),
        (*by_budget(drawn, UNIT), *by_target(drawn, strong, UNIT)),
        (table(compared),),
    )
    sections = [head]
    if found is not None:
        best = front(drawn)
        sections.append(
            Section(
                f"Search over {found.searched:,} chains",
                "",
                search_sentences(found),
                (
                    PageTable(
                        "The Pareto front over all chains, on all issues (chosen and measured on the same ones)",
                        ("chain", "resolved", "cost an issue"),
                        tuple((" → ".join(c.models), percent(c.rate), f"${c.usd:.3f}") for c in found.front),
                        tuple("best" if any(p.name == " → ".join(c.models) for p in best) else "" for c in found.front),
                    ),
                ),
            )
        )
    lead = f"{len(outcomes.issues)} issues, {len(outcomes.models)} models; {verifier_words}."
    return page("Replay of recorded outcomes", lead, sections)
