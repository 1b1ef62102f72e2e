"""Cost against resolution rate as an SVG picture: points with intervals, front, hull and the coin-flip line.

Pure: points in, text out. Colours come from CSS variables of the page, with defaults, so that the same picture
serves light and dark pages and stands alone as a file.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from strategies.study.interval import money
from strategies.study.reporting.pareto import Point, front, hull

WIDTH, HEIGHT = 860, 470  # of the plot with its axes; the key below adds to the height
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 52, 52
KEY_LINE = 18

STYLE = """
.axis{stroke:var(--line,#c9ced6);stroke-width:1}.grid{stroke:var(--grid,#e8ebf0);stroke-width:1}
text{font:12px system-ui,sans-serif;fill:var(--ink,#1c2430)}.faint{fill:var(--soft,#5b6675)}
.title{font-weight:600;font-size:14px}
.point{fill:var(--dot,#8a95a5)}.best{fill:var(--front,#0b6e4f)}.oracle{fill:none;stroke:var(--soft,#5b6675)}
.front{fill:none;stroke:var(--front,#0b6e4f);stroke-width:2}
.hull{fill:none;stroke:var(--hull,#a05a00);stroke-width:1.5;stroke-dasharray:6 4}
.flip{fill:none;stroke:var(--flip,#6b4fa0);stroke-width:1.5;stroke-dasharray:2 4}
.interval{stroke:var(--dot,#8a95a5);stroke-width:1;opacity:.55}
.number{font-weight:600;font-size:11px}.leader{stroke:var(--soft,#5b6675);stroke-width:.7}
@media (prefers-color-scheme:dark){svg.alone{background:#12161c;--ink:#e8ecf2;--soft:#9aa6b5;--line:#3a4452;
--grid:#232b36;--dot:#7e8a9b;--front:#4fd0a0;--hull:#e5a54b;--flip:#b39cf0}}
"""


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps figures to pixels; the cost axis starts at zero, so that lengths can be compared."""

    most_usd: float
    least_rate: float
    most_rate: float

    @classmethod
    def of(cls, points: Sequence[Point]) -> Scale:
        """Room for every point and its interval."""
        low, high = min(p.low or p.rate for p in points), max(p.high or p.rate for p in points)
        step = 0.1 if high > 0.4 else 0.05
        least = max(0.0, math.floor(low / step - 0.3) * step)
        most = min(1.0, math.ceil(high / step + 0.1) * step)
        return cls(max(p.usd for p in points) * 1.04 or 1.0, least, most)

    def x(self, usd: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * usd / self.most_usd

    def y(self, rate: float) -> float:
        share = (rate - self.least_rate) / (self.most_rate - self.least_rate)
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share


Box = tuple[float, float, float, float]


def chart(
    points: Sequence[Point],
    *,
    title: str,
    cost_label: str,
    flip: tuple[Point, Point] | None = None,
    alone: bool = False,
) -> str:
    """An SVG of the points. `flip` draws the coin-flip line between (weak, strong). `alone` makes it a file of its own.

    Raises ValueError when there are no points.
    """
    if not points:
        raise ValueError("nothing to draw: there are no points")
    scale = Scale.of(points)
    best, outer = front(points), hull(points)
    named = [*best, *(p for p in points if p.reference)]
    parts = [_axes(scale, title, cost_label), _legend(flip is not None)]
    parts += [_interval(scale, p) for p in points]
    if flip is not None:
        parts.append(_path([(scale.x(p.usd), scale.y(p.rate)) for p in flip], "flip"))
    parts.append(_path([(scale.x(p.usd), scale.y(p.rate)) for p in outer], "hull"))
    parts.append(_path(_steps(scale, best), "front"))
    parts += [_dot(scale, p, p in best) for p in points]
    parts += [_numbers(scale, points, named), _key(named)]
    summary = f"{title}. On the front: " + "; ".join(f"{p.name} {100 * p.rate:.1f} % at {money(p.usd)}" for p in best)
    kind = ' class="alone"' if alone else ""
    height = HEIGHT + KEY_LINE * math.ceil(len(named) / _columns(named)) + 6
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"{kind} '
        f'aria-label="{escape(summary)}">'
    )
    return head + f"<style>{STYLE}</style>" + "".join(parts) + "</svg>"


def _ticks(least: float, most: float) -> list[float]:
    raw = (most - least) / 6
    base: float = 10.0 ** math.floor(math.log10(raw))
    step = next(m * base for m in (1, 2, 2.5, 5, 10) if m * base >= raw)
    first = math.ceil(least / step - 1e-9)
    return [step * i for i in range(first, int(most / step + 1e-9) + 1)]


def _axes(scale: Scale, title: str, cost_label: str) -> str:
    out = [f'<text x="{LEFT}" y="16" class="title">{escape(title)}</text>']
    for usd in _ticks(0.0, scale.most_usd):
        x = scale.x(usd)
        out.append(f'<line class="grid" x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{HEIGHT - BOTTOM}"/>')
        out.append(f'<text class="faint" x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">${usd:g}</text>')
    for rate in _ticks(scale.least_rate, scale.most_rate):
        y = scale.y(rate)
        out.append(f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}"/>')
        out.append(f'<text class="faint" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{100 * rate:.0f} %</text>')
    out.append(f'<line class="axis" x1="{LEFT}" y1="{TOP}" x2="{LEFT}" y2="{HEIGHT - BOTTOM}"/>')
    out.append(f'<line class="axis" x1="{LEFT}" y1="{HEIGHT - BOTTOM}" x2="{WIDTH - RIGHT}" y2="{HEIGHT - BOTTOM}"/>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    out.append(f'<text x="{middle:.0f}" y="{HEIGHT - 14}" text-anchor="middle">{escape(cost_label)}</text>')
    out.append(
        f'<text x="16" y="{(TOP + HEIGHT - BOTTOM) / 2:.0f}" text-anchor="middle" '
        f'transform="rotate(-90 16 {(TOP + HEIGHT - BOTTOM) / 2:.0f})">issues resolved</text>'
    )
    return "".join(out)


def _interval(scale: Scale, p: Point) -> str:
    if p.low is None or p.high is None:
        return ""
    x = scale.x(p.usd)
    return f'<line class="interval" x1="{x:.1f}" y1="{scale.y(p.low):.1f}" x2="{x:.1f}" y2="{scale.y(p.high):.1f}"/>'


def _steps(scale: Scale, best: Sequence[Point]) -> list[tuple[float, float]]:
    """A staircase: between two points of the front, one gets the cheaper one's rate."""
    out: list[tuple[float, float]] = []
    for p in best:
        if out:
            out.append((scale.x(p.usd), out[-1][1]))
        out.append((scale.x(p.usd), scale.y(p.rate)))
    return out


def _path(at: Sequence[tuple[float, float]], kind: str) -> str:
    if len(at) < 2:
        return ""
    return f'<path class="{kind}" d="M' + " L".join(f"{x:.1f} {y:.1f}" for x, y in at) + '"/>'


def _dot(scale: Scale, p: Point, best: bool) -> str:
    kind = "oracle" if p.reference else "best" if best else "point"
    tip = f"{p.name}: {100 * p.rate:.1f} % at {money(p.usd)}"
    return (
        f'<circle class="{kind}" cx="{scale.x(p.usd):.1f}" cy="{scale.y(p.rate):.1f}" r="{5 if best else 4}">'
        f"<title>{escape(tip)}</title></circle>"
    )


def _numbers(scale: Scale, points: Sequence[Point], named: Sequence[Point]) -> str:
    """A number beside each named point, placed where it hides no other point or number; the key says the names."""
    taken: list[Box] = [
        (scale.x(p.usd) - 5, scale.y(p.rate) - 5, scale.x(p.usd) + 5, scale.y(p.rate) + 5) for p in points
    ]
    out: list[str] = []
    for number, p in enumerate(named, 1):
        box = _place(scale, p, 7.5 * len(str(number)), taken)
        taken.append(box)
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        if math.dist((x, y), (scale.x(p.usd), scale.y(p.rate))) > 18:
            end = f'x2="{x:.1f}" y2="{y + (6 if y < scale.y(p.rate) else -6):.1f}"'
            out.append(f'<line class="leader" x1="{scale.x(p.usd):.1f}" y1="{scale.y(p.rate):.1f}" {end}/>')
        out.append(f'<text class="number" x="{x:.1f}" y="{y + 4:.1f}" text-anchor="middle">{number}</text>')
    return "".join(out)


def _place(scale: Scale, p: Point, width: float, taken: Sequence[Box]) -> Box:
    """The nearest free box around a point, above it before below; its own place when all are taken."""
    x, y = scale.x(p.usd), scale.y(p.rate)
    for distance in range(12, 110, 4):
        for degrees in (-110, -70, -135, -45, -90, -160, -20, 70, 110, 45, 135):
            middle_x = x + distance * math.cos(math.radians(degrees))
            middle_y = y + distance * math.sin(math.radians(degrees))
            box = (middle_x - width / 2, middle_y - 6, middle_x + width / 2, middle_y + 6)
            inside = box[0] > LEFT and box[2] < WIDTH and box[1] > TOP - 14 and box[3] < HEIGHT - BOTTOM
            if inside and not any(_meet(box, other) for other in taken):
                return box
    return (x - width / 2, y - 18, x + width / 2, y - 6)


def _meet(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _columns(named: Sequence[Point]) -> int:
    """Two columns where every name leaves room for its figures, else one."""
    return 2 if max(len(p.name) for p in named) <= 30 else 1


def _key(named: Sequence[Point]) -> str:
    """The names to the numbers, below the plot, read downwards."""
    height = math.ceil(len(named) / _columns(named))
    out = []
    for i, p in enumerate(named):
        column, row = divmod(i, height)
        x, y = LEFT + column * (WIDTH - LEFT - RIGHT) / 2, HEIGHT + 12 + KEY_LINE * row
        figures = f"{100 * p.rate:.1f} % at {money(p.usd)}" + (" (oracle)" if p.reference else "")
        name = p.name if len(p.name) <= 90 else p.name[:89] + "…"
        out.append(f'<text class="number" x="{x + 14:.0f}" y="{y}" text-anchor="end">{i + 1}</text>')
        out.append(f'<text x="{x + 22:.0f}" y="{y}">{escape(name)} <tspan class="faint">{figures}</tspan></text>')
    return "".join(out)


def _legend(flip: bool) -> str:
    rows = [("front", "Pareto front"), ("hull", "convex hull (mixes of two)")]
    if flip:
        rows.append(("flip", "coin flip, weak or strong"))
    rows.append(("interval", "95 % interval"))
    out, x = [], LEFT
    for kind, text in rows:
        out.append(
            f'<path class="{kind}" d="M{x} 34 L{x + 26} 34"/><text class="faint" x="{x + 32}" y="38">{text}</text>'
        )
        x += 52 + int(6.4 * len(text))
    return "".join(out)
