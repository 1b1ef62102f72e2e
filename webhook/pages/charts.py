"""Charts as SVG text, drawn on the server. Pure: numbers in, markup out; looks come from the page's stylesheet.

Each chart is an image with a title for those who cannot see it; the page has a table beside it. Colours are classes
(`c0`, `c1`, …), so that dark and light need no second drawing, and no style attribute that a strict policy forbids.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from html import escape

from workers.usd import show_usd

COLOURS = 6
WIDTH, HEIGHT = 640, 220
LEFT, RIGHT, TOP, BOTTOM = 56, 8, 12, 24
ZERO = Decimal(0)
ROUND = tuple(map(Decimal, ("1", "1.5", "2", "3", "4", "5", "6", "8", "10")))


def days(stacks: Sequence[tuple[str, Mapping[str, Decimal]]], names: Sequence[str], title: str) -> str:
    """A stack of bars per day: `stacks` are (label, USD by name), `names` the order and colour of the parts."""
    top = nice(max((sum(parts.values(), ZERO) for _, parts in stacks), default=ZERO))
    wide = Decimal(WIDTH - LEFT - RIGHT) / max(len(stacks), 1)
    drawn = _axis(top)
    for index, (label, parts) in enumerate(stacks):
        x = LEFT + wide * index
        below = ZERO
        for colour, name in enumerate(names):
            part = parts.get(name, ZERO)
            if part <= 0:
                continue
            y, height = _y(below + part, top), _y(below, top) - _y(below + part, top)
            words = escape(f"{label}, {name}: {show_usd(part)}")
            drawn += (
                f'<rect class="c{colour % COLOURS}" x="{_n(x + wide / 10)}" y="{_n(y)}" width="{_n(wide * 8 / 10)}" '
                f'height="{_n(max(height, Decimal(1)))}"><title>{words}</title></rect>'
            )
            below += part
        if len(stacks) <= 12 or index % 5 == 0:  # noqa: PLR2004  # as many labels as fit side by side
            drawn += f'<text class="tick" x="{_n(x + wide / 2)}" y="{HEIGHT - 8}">{escape(label)}</text>'
    return _svg(drawn, title, WIDTH, HEIGHT)


def bar(used: Decimal, held: Decimal, whole: Decimal, title: str) -> str:
    """How much of a budget is used and set aside. Full when it is spent, and marked from 80 % on."""
    scale = Decimal(200) / whole if whole > 0 else Decimal(0)
    solid = min(used * scale, Decimal(200)) if whole > 0 else Decimal(200 if used > 0 else 0)
    light = min(held * scale, Decimal(200) - solid)
    state = "full" if used >= whole else "near" if used * 100 >= whole * 80 else "fine"
    drawn = (
        '<rect class="track" width="200" height="10"/>'
        f'<rect class="{state}" width="{_n(solid)}" height="10"/>'
        f'<rect class="held" x="{_n(solid)}" width="{_n(light)}" height="10"/>'
    )
    return _svg(drawn, title, 200, 10, kind="bar", stretch=True)


def shares(parts: Sequence[tuple[str, Decimal]], title: str) -> str:
    """One bar, divided by what each part costs."""
    whole = sum((amount for _, amount in parts), ZERO)
    x = ZERO
    drawn = ""
    for colour, (name, amount) in enumerate(parts):
        width = amount / whole * WIDTH if whole else ZERO
        words = escape(f"{name}: {show_usd(amount)}")
        drawn += (
            f'<rect class="c{colour % COLOURS}" x="{_n(x)}" width="{_n(width)}" height="18">'
            f"<title>{words}</title></rect>"
        )
        x += width
    return _svg(drawn, title, WIDTH, 18, kind="shares", stretch=True)


def nice(most: Decimal) -> Decimal:
    """The end of an axis: a round number, at least `most`; 1 for nothing."""
    if most <= 0:
        return Decimal(1)
    unit = Decimal(10) ** most.adjusted()
    return next(unit * n for n in ROUND if unit * n >= most)


def _axis(top: Decimal) -> str:
    lines = ""
    for share in (0, 1, 2):
        amount = top * share / 2
        y = _n(_y(amount, top))
        lines += f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>'
        lines += f'<text class="amount" x="{LEFT - 6}" y="{y}" dy="4">{show_usd(amount)}</text>'
    return lines


def _y(amount: Decimal, top: Decimal) -> Decimal:
    return HEIGHT - BOTTOM - amount / top * (HEIGHT - BOTTOM - TOP)


def _n(number: Decimal) -> str:
    return f"{number:.1f}".removesuffix(".0")


def _svg(drawn: str, title: str, width: int, height: int, *, kind: str = "chart", stretch: bool = False) -> str:
    fit = ' preserveAspectRatio="none"' if stretch else ""
    return (
        f'<svg class="{kind}" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}"{fit}>{drawn}</svg>'
    )
