"""What `pennyfix doctor`, `budget` and `jobs` print: tables for people, and plain values for `--json`.

It decides nothing. Text that models or people on GitHub wrote is printed without its markup and control characters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from workers.billing.budget_reports import BudgetLine
from workers.billing.spending_reports import SpendingLine
from workers.doctor.check import CheckOutcome, DoctorCheck
from workers.jobs.job import State
from workers.messages.attempt_view import attempt_json
from workers.usd import show_estimate, show_usd
from workers.views.job_report import JobLine, JobReport, ModelCall

MARKS: dict[CheckOutcome, tuple[str, str]] = {
    CheckOutcome.OK: ("ok", "green"),
    CheckOutcome.WARN: ("warn", "yellow"),
    CheckOutcome.FAIL: ("FAIL", "bold red"),
    CheckOutcome.SKIPPED: ("-", "dim"),
}
COLOURS: dict[State, str] = {
    State.QUEUED: "cyan",
    State.RUNNING: "bold cyan",
    State.OPENED: "green",
    State.DECLINED: "yellow",
    State.FAILED: "red",
    State.CANCELLED: "dim",
    State.OVER_BUDGET: "magenta",
}
SOURCES: dict[str, str] = {
    "operator": "the operator's limit",
    "file": ".github/autofix.yml",
    "setting": "set by",
}
BAR = 20


def plain(text: str, longest: int = 2_000) -> Text:
    """Untrusted text: no markup is read, control characters (escape sequences of terminals) are left out."""
    printable = "".join(c for c in text if c in "\n\t" or (c.isprintable() and c != "\x7f"))
    return Text(printable if len(printable) <= longest else printable[: longest - 1] + "…")


def bar(used: Decimal, whole: Decimal, width: int = BAR) -> Text:
    """How much of the whole is used; yellow from 80 %, red from 100 %."""
    share = Decimal(1) if whole <= 0 else min(used / whole, Decimal(1))
    filled = int((share * width).to_integral_value())
    colour = "red" if share >= 1 else "yellow" if share >= Decimal("0.8") else "green"
    return Text.assemble(("█" * filled, colour), ("░" * (width - filled), "dim"))


# -- doctor ----------------------------------------------------------------------------------------------------


def print_check(console: Console, check: DoctorCheck) -> None:
    """One line, and under it the line that fixes it."""
    mark, style = MARKS[check.outcome]
    console.print(Text.assemble((f"{mark:>5} ", style), (f" {check.name}", "bold"), ("  ", ""), plain(check.detail)))
    if check.fix and check.outcome is not CheckOutcome.OK:
        console.print(Text.assemble(("       fix: ", "bold"), plain(check.fix)))


def print_verdict(console: Console, checks: Sequence[DoctorCheck]) -> None:
    """The last line: how many checks failed, need a look, passed and were skipped."""
    count = {outcome: sum(c.outcome is outcome for c in checks) for outcome in CheckOutcome}
    failed, warned, passed, skipped = (
        count[o] for o in (CheckOutcome.FAIL, CheckOutcome.WARN, CheckOutcome.OK, CheckOutcome.SKIPPED)
    )
    parts = [f"{failed or 'no'} check{'' if failed == 1 else 's'} failed"]
    if warned:
        parts.append(f"{warned} need{'s' if warned == 1 else ''} a look")
    parts.append(f"{passed} passed")
    if skipped:
        parts.append(f"{skipped} {'was' if skipped == 1 else 'were'} skipped")
    sentence = ", ".join(parts)
    console.print(f"\n{sentence[0].upper()}{sentence[1:]}.", style="red" if failed else "green")


# -- budget ----------------------------------------------------------------------------------------------------


def print_budgets(console: Console, lines: Sequence[BudgetLine]) -> None:
    """A table of all repositories and their month."""
    if not lines:
        console.print("No repository is known yet. Install the App, then label an issue.")
        return
    table = Table("repository", "month", "", "spent", "budget", "forecast", "from", box=box.SIMPLE_HEAD)
    for column in (3, 4, 5):
        table.columns[column].justify = "right"
    for line in lines:
        table.add_row(
            plain(line.repository), line.month, bar(line.spent + line.reserved, line.budget), show_usd(line.spent),
            show_usd(line.budget), show_estimate(line.forecast), plain(source(line)),
        )  # fmt: skip
    console.print(table)


def print_budget(
    console: Console, line: BudgetLine, by_model: Sequence[SpendingLine], by_issue: Sequence[SpendingLine]
) -> None:
    """One repository's month: bar, forecast, then spending by tier and model and by issue."""
    used = line.spent + line.reserved
    console.print(Text.assemble((line.repository, "bold"), f"  {line.month} (UTC)"))
    console.print(
        Text.assemble("  ", bar(used, line.budget, 40), f"  {show_usd(line.spent)} of {show_usd(line.budget)}")
    )
    running = f", {show_usd(line.reserved)} set aside by running calls" if line.reserved else ""
    console.print(f"  left {show_usd(line.left)}{running}; forecast for the month {show_estimate(line.forecast)}")
    bounded = (
        f" ({show_usd(line.asked)} was asked for, the operator's limit is lower)" if line.budget < line.asked else ""
    )
    console.print(f"  from {source(line)}{bounded}; one issue at most {show_usd(line.issue_budget)}", markup=False)
    if by_model:
        console.print(_spending("tier and model", by_model, " "))
    if by_issue:
        console.print(_spending("issue", by_issue[:10], "", "#"))


def source(line: BudgetLine) -> str:
    """Who set the budget: the operator's limit, the repository's file, or a person by hand."""
    return f"{SOURCES[line.source]} {line.by}".strip()


def budget_json(line: BudgetLine) -> dict[str, Any]:
    """A budget as plain values for JSON; amounts are USD, printed as text."""
    return {**asdict(line), "left": line.left}


def _spending(head: str, lines: Iterable[SpendingLine], joint: str, before: str = "") -> Table:
    table = Table(head, "calls", "input", "cached", "output", "USD", box=box.SIMPLE_HEAD)
    for column in table.columns[1:]:
        column.justify = "right"
    for line in lines:
        table.add_row(
            plain(before + joint.join(line.of)), str(line.calls), f"{line.input_tokens:,}", f"{line.cached_tokens:,}",
            f"{line.output_tokens:,}", show_usd(line.usd),
        )  # fmt: skip
    return table


# -- jobs ------------------------------------------------------------------------------------------------------


def print_jobs(console: Console, lines: Sequence[JobLine]) -> None:
    """A table of jobs, newest first."""
    if not lines:
        console.print("No job matches. Label an issue, and its job shows up here.")
        return
    table = Table("job", "issue", "state", "pull request", "USD", "asked by", "since", "why", box=box.SIMPLE_HEAD)
    table.columns[0].justify = table.columns[4].justify = "right"
    for line in lines:
        job = line.job
        table.add_row(
            str(job.id), plain(f"{job.repository}#{job.issue}"), Text(job.state.value, COLOURS[job.state]),
            f"#{job.pull_request}" if job.pull_request else "", show_usd(line.usd), plain(job.actor),
            when(job.created_at), plain(job.reason, 60),
        )  # fmt: skip
    console.print(table)


def job_line_json(line: JobLine) -> dict[str, Any]:
    """A job with its cost in USD, as plain values for JSON."""
    return {**asdict(line.job), "usd": line.usd}


def print_job(console: Console, report: JobReport, *, diffs: bool = True) -> None:
    """What exactly produced this patch: versions, attempts, every call."""
    job = report.job
    console.print(
        Text.assemble((f"job {job.id}", "bold"), "  ", plain(f"{job.repository}#{job.issue}"), "  ",
                      (job.state.value, COLOURS[job.state]), f"  {show_usd(report.usd)}")
    )  # fmt: skip
    facts = {
        "kind": job.kind.value,
        "asked by": job.actor,
        "asked for": when(job.created_at),
        "ended": when(job.finished_at) if job.finished_at else "",
        "why": job.reason,
        "base commit": job.base_commit,
        "branch": job.branch,
        "pull request": f"#{job.pull_request}" if job.pull_request else "",
        "runs": str(job.attempts),
    }
    for name, value in facts.items():
        if value:
            console.print(Text.assemble((f"  {name:13}", "dim"), plain(value)))
    print_versions(console, report)
    for attempt in report.attempts:
        title = f"attempt {attempt.number}: {attempt.tier}, {attempt.solver}, {attempt.outcome} ({attempt.rung})"
        more = [attempt.model, show_usd(attempt.usd) if attempt.usd is not None else "", *(["chosen"] * attempt.chosen)]
        console.print(Text.assemble((title, "bold"), plain("".join(f", {m}" for m in more if m))))
        for text in (attempt.why, attempt.note, attempt.error if attempt.error != attempt.why else ""):
            if text:
                console.print(Padding(plain(text, 600), (0, 0, 0, 2)))
        if diffs and attempt.diff:
            console.print(Panel(Syntax(plain(attempt.diff, 8_000).plain, "diff", word_wrap=True), box=box.MINIMAL))
    if report.calls:
        console.print(_calls(report.calls))


def print_versions(console: Console, report: JobReport) -> None:
    """Strategy, tiers with their models and prices, prompt digests, Pennyfix's version."""
    ran = report.versions
    if ran is None:
        console.print("  No model was asked yet, so nothing is recorded of what ran.", style="dim")
        return
    console.print(Text.assemble("what ran: ", (f"Pennyfix {ran['pennyfix']}", "bold"), f", strategy {ran['strategy']}",
                                f", accept {ran['accept']}"))  # fmt: skip
    own = listed(ran.get("parameters", {}))
    roles = listed(ran.get("roles", {}))
    for what, text in (("strategy", own), ("roles", roles)):
        if text:
            console.print(plain(f"  {what}: {text}", 1_000))
    prices = prices_of(report.calls)
    for name, tier in ran["tiers"].items():
        parameters = listed({k: v for k, v in tier.items() if k not in ("model", "price")})
        console.print(plain(f"  {name}: {tier['model']} ({parameters}){prices.get(name) or priced(tier)}"))
    prompts = ", ".join(f"{name} {str(digest)[:12]}" for name, digest in ran["prompts"].items())
    console.print(Padding(plain(f"prompts: {prompts}", 4_000), (0, 0, 0, 2)))


def listed(values: Mapping[str, Any]) -> str:
    """Names with their values, separated by commas; those that are not set are left out."""
    return ", ".join(f"{name} {value}" for name, value in values.items() if value not in (None, "", {}))


def priced(tier: Mapping[str, Any]) -> str:
    """The prices of a tier that was not called."""
    price = tier.get("price") or {}
    return f"; USD per million tokens: {price['input']} in, {price['output']} out, not called" if price else ""


def prices_of(calls: Iterable[ModelCall]) -> Mapping[str, str]:
    """By tier, the prices that were in force when it was called."""
    found: dict[str, list[str]] = {}
    for call in calls:
        if not call.price:
            continue
        price = f"{call.price.get('input')} in, {call.price.get('output')} out"
        if "cached_input" in call.price:
            price += f", {call.price['cached_input']} cached"
        if price not in found.setdefault(call.tier, []):
            found[call.tier].append(price)
    return {tier: f"; USD per million tokens: {' | '.join(prices)}" for tier, prices in found.items()}


def _calls(calls: Iterable[ModelCall]) -> Table:
    table = Table("call", "tier", "for", "attempt", "input", "cached", "output", "seconds", "USD", box=box.SIMPLE_HEAD)
    for column in table.columns[3:]:
        column.justify = "right"
    for call in calls:
        cost = show_usd(call.usd) if call.usd is not None else f"unknown, at most {show_usd(call.worst_usd)}"
        table.add_row(
            f"{call.at:%H:%M:%S}", plain(call.tier), plain(call.purpose), str(call.attempt or ""),
            f"{call.input_tokens:,}", f"{call.cached_tokens:,}", f"{call.output_tokens:,}", f"{call.seconds:.1f}", cost,
        )  # fmt: skip
    return table


def job_json(report: JobReport) -> dict[str, Any]:
    """The whole report as plain values for JSON; amounts are USD, printed as text."""
    return {
        **asdict(report.job),
        "usd": report.usd,
        "versions": report.versions,
        "steps": [{"at": at, "text": text} for at, text in report.steps],
        "attempts_made": [attempt_json(attempt) for attempt in report.attempts],
        "calls": [asdict(call) for call in report.calls],
    }


def when(at: datetime) -> str:
    """A time in UTC, to the minute."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"
