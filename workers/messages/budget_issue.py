"""The "Pennyfix: budget" issue as text: the month, its bar, a table by issue, and the two alerts. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from workers.billing.bill import Month, bar
from workers.billing.spending_reports import SpendingLine
from workers.messages.markdown import ours
from workers.usd import show_usd

TITLE = "Pennyfix: budget"
MARK = "<!-- pennyfix:budget -->"
ROWS = 50


@dataclass(frozen=True, slots=True)
class BudgetFacts:
    """What the issue says. `month` is "2026-11"; `source` who set the budget; `waiting` are issues without money."""

    month: str
    money: Month
    forecast: Decimal
    source: str
    issues: Sequence[SpendingLine]
    waiting: Sequence[int]


def alert_mark(month: str, mark: int) -> str:
    """The hidden mark of an alert's comment."""
    return f"<!-- pennyfix:budget:{month}:{mark} -->"


def body(f: BudgetFacts) -> str:
    """The issue's text."""
    used = f.money.spent + f.money.reserved
    parts = [
        MARK,
        f"**{f.month}: {show_usd(used)} of {show_usd(f.money.cap)}** `{bar(used, f.money.cap)}`",
        f"At this pace the month will end at {show_usd(f.forecast)}. The budget comes from {ours(f.source, 200)}.",
    ]
    if f.waiting:
        listed = ", ".join(f"#{n}" for n in f.waiting[:ROWS])
        parts.append(f"Waiting for money: {listed}. I'll go on with them by myself, oldest first.")
    if f.issues:
        parts.append("| issue | calls | USD |\n|---|--:|--:|\n" + "\n".join(_row(line) for line in f.issues[:ROWS]))
    if len(f.issues) > ROWS:
        parts.append(f"… and {len(f.issues) - ROWS} more issues, each of which cost less than these.")
    parts.append(HOW)
    parts.append("I keep this issue up to date. You can close it; I won't open a second one.")
    return "\n\n".join(parts)


HOW = (
    "An administrator can change the budget with `/autofix budget 50` in a comment, here or on any issue, or with "
    "`budget: {monthly_usd: 50}` in `.github/autofix.yml`. Months are calendar months in UTC."
)


def _row(line: SpendingLine) -> str:
    issue = "before the App was installed again" if line.of[0] in ("0", "") else f"#{line.of[0]}"
    at_most = " at most" if line.unknown else ""
    return f"| {issue} | {line.calls} | {show_usd(line.usd)}{at_most} |"


def alert(mark: int, f: BudgetFacts) -> str:
    """The one comment when 80 or 100 percent are reached."""
    used = f"{show_usd(f.money.spent)} of {show_usd(f.money.cap)} has been spent"
    if mark < 100:  # noqa: PLR2004 - percent
        text = (
            f"{mark} % of the budget for {f.month} is used: {used}. "
            f"At this pace the month will end at {show_usd(f.forecast)}."
        )
    else:
        text = (
            f"The budget for {f.month} is used up: {used}, and what is left is not enough for another call. "
            "Issues that need more will wait. I'll go on with them by myself when the budget is raised, or "
            "when the next month begins."
        )
    return f"{alert_mark(f.month, mark)}\n{text} {HOW}"
