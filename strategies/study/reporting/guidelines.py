"""What the figures advise, in sentences: which chain or method at which budget, for which target.

Pure: figures in, sentences out. Every sentence carries the figure it rests on; where the figures do not decide, the
sentence says so.
"""

from __future__ import annotations

from collections.abc import Sequence

from strategies.study.interval import money
from strategies.study.replaying.search import ChainSearchResult
from strategies.study.reporting.pareto import Point, above_coin_flip, coin_flip, front, hull


def percent(rate: float) -> str:
    """A rate of 0 to 1 as in "82.1 %"."""
    return f"{100 * rate:.1f} %"


def by_budget(points: Sequence[Point], unit: str, steps: int = 4) -> tuple[str, ...]:
    """For a few budgets between the cheapest and the dearest useful point: what to choose there."""
    best = front(points)
    if not best:
        return ()
    shown = min(steps, len(best))
    chosen = [best[round(i * (len(best) - 1) / max(shown - 1, 1))] for i in range(shown)]
    return tuple(
        f"From {money(p.usd)} {unit}: {p.name}, which resolves {percent(p.rate)}." for p in dict.fromkeys(chosen)
    )


def by_target(points: Sequence[Point], strong: Point, unit: str) -> tuple[str, ...]:
    """The cheapest ways to reach 90 % and 100 % of what the strong model alone resolves."""
    out = []
    for share in (0.9, 1.0):
        enough = [p for p in points if not p.reference and p.rate >= share * strong.rate - 1e-12]
        p = min(enough, key=lambda p: (p.usd, -p.rate))
        goal = "the strong model's rate" if share == 1 else f"{share:.0%} of the strong model's rate"
        if p.name == strong.name:
            out.append(f"To reach {goal} ({percent(share * strong.rate)}) nothing is cheaper than {p.name} itself.")
        else:
            out.append(
                f"To reach {goal} ({percent(share * strong.rate)}): {p.name} at {money(p.usd)} {unit}, "
                f"{p.usd / strong.usd:.0%} of what {strong.name} costs."
            )
    return tuple(out)


def against_coin_flip(points: Sequence[Point], weak: Point, strong: Point) -> tuple[str, ...]:
    """Which methods beat choosing weak or strong at random at equal spend, and which do not."""
    gains = [
        (above_coin_flip(p, weak, strong), p)
        for p in points
        if not p.reference and p.name not in (weak.name, strong.name)
    ]
    known = sorted(((g, p) for g, p in gains if g is not None), key=lambda x: -x[0])
    better = [(g, p) for g, p in known if g > 0.05]
    if not known:
        return ("No method's cost lies between the two models', so the coin flip says nothing here.",)
    if not better:
        return ("No method beats flipping a coin between the two models at equal spend.",)
    names = ", ".join(f"{p.name} (+{g:.1f} points)" for g, p in better[:6])
    rest = len(known) - len(better)
    return (
        f"Better than a coin flip between {weak.name} and {strong.name} at equal spend: {names}.",
        f"{rest} of {len(known)} methods in that range do not beat the coin flip.",
    )


def caution(points: Sequence[Point], weak: Point, strong: Point) -> tuple[str, ...]:
    """Methods that cost more than the strong model and resolve less: never a reason to choose them."""
    out = [p.name for p in points if p.usd > strong.usd and p.rate <= strong.rate and not p.reference]
    dominated = len([p for p in points if not p.reference]) - len(front(points))
    sentences = [
        f"{dominated} of {len(points)} methods are dominated: another is at most as dear and at least as good."
    ]
    if out:
        sentences.append(f"Dearer than {strong.name} and no better: {', '.join(out)}.")
    flip = coin_flip(weak, strong, (weak.usd + strong.usd) / 2)
    if flip is not None and {p.name for p in hull(points)} == {weak.name, strong.name}:
        sentences.append("The convex hull is the line between the two models: mixing them at random is as good as any.")
    return tuple(sentences)


def search_sentences(found: ChainSearchResult) -> tuple[str, ...]:
    """The held-out result of the search, with its interval, in one sentence each."""
    held = found.held_out
    if held is None:
        return ()
    chains = list(dict.fromkeys(" → ".join(c) for c in held.chosen))
    gap = held.rate_gap
    verdict = (
        "the gap's interval lies above zero"
        if gap.low > 0
        else "the gap's interval lies below zero: it does not match the strong model"
        if gap.high < 0
        else "the gap's interval includes zero: these issues cannot tell them apart"
    )
    share, alone = held.cost_share.percent(), f"{percent(held.strong_rate)} at ${held.strong_usd:.3f}"
    return (
        f"Chosen on {held.folds - 1} of {held.folds} folds as the cheapest that matched {held.strong}, measured "
        f"on the fold left out: {held.rate.percent()} resolved for {held.usd.dollars()} an issue: {share} of the "
        f"cost of {held.strong} alone ({alone}).",
        f"Rate against {held.strong}: {100 * gap.value:+.1f} points "
        f"({100 * gap.low:+.1f} to {100 * gap.high:+.1f}); {verdict}.",
        f"Chosen in the folds: {'; '.join(chains)}.",
    )
