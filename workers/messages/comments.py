"""What the bot says on an issue, sentence by sentence. Pure; the pull request's text is in `pull_request.py`.

Every ending of a job has a text here, so that no issue is left in silence. Text of models and repositories
passes through `workers.messages.markdown` on its way in.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from workers.billing.bill import Bill, BillRow, Month, bar
from workers.billing.quote import Quote
from workers.config.errors import ConfigProblem
from workers.messages.attempt_view import AttemptView
from workers.messages.markdown import BODY_LIMIT, block, code, cut, line, ours, quoted
from workers.messages.people_decide import (
    QUESTION_STEER_CLOSED,
    PatchQuestion,
    diff_block,
    folded,
    question_lead,
    question_text,
)
from workers.usd import show_estimate, show_usd

COMMANDS = """\
| comment | what it does | who |
|---|---|---|
| `/autofix` | starts work on this issue, as the label does | write access |
| `/autofix retry [strategy]` | tries again, with another strategy if you name one | write access |
| `/autofix stop` | stops what is running | write access |
| `/autofix quote` | estimates what this issue will cost, before anything is spent | write access |
| `/autofix approve` | approves an estimate, so that work starts | write access |
| `/autofix budget` | shows this month's budget | write access |
| `/autofix budget 50` | sets the monthly budget in USD | administrators |
| `/autofix help` | shows this table | write access |"""


def marker(issue: int) -> str:
    """The hidden mark by which the one sticky comment is found again."""
    return f"<!-- pennyfix:sticky:issue-{issue} -->"


def sticky(issue: int, headline: str, steps: Sequence[str], final: str = "", page: str = "") -> str:
    """The sticky comment: a headline, the ending (once there is one), and the steps, collapsed."""
    parts = [marker(issue), f"**{headline}**"]
    if final:
        parts.append(final)
    shown = [f"- {line(s, 300)}" for s in steps[-60:]]
    if len(steps) > len(shown):
        shown.insert(0, f"- … {len(steps) - len(shown)} earlier steps are left out.")
    if shown:
        title = "What was done" if final else "Steps so far"
        parts.append(f"<details><summary>{title} ({len(steps)})</summary>\n\n" + "\n".join(shown) + "\n\n</details>")
    if page:
        parts.append(f"[Details]({page})")
    return fit(parts)


def fit(parts: Sequence[str], limit: int = BODY_LIMIT) -> str:
    """The parts as one body of at most `limit` characters: the longest part but the first gives way."""
    kept = [p for p in parts if p]
    while len(text := "\n\n".join(kept)) > limit:
        widest = max(range(1, len(kept)), key=lambda i: len(kept[i]), default=0)
        over = len(text) - limit
        shorter = len(kept[widest]) - over - 200
        kept[widest] = cut(kept[widest], shorter) + "\n\n</details>" if shorter > 0 else "(too long to show)"
    return text


def sentence(text: str, limit: int = 500) -> str:
    """A reason as a sentence of its own."""
    return capitalized(ours(text, limit))


def capitalized(text: str) -> str:
    """A clause with a capital at its start and a stop at its end; "" stays so. Nothing is escaped."""
    stop = "" if text.endswith((".", "!", "?", "…")) else "."
    return f"{text[:1].upper()}{text[1:]}{stop}" if text else ""


def bill_table(bill: Bill) -> str:
    """The bill as a table, its total and the comparison."""
    if not bill.rows:
        return "No model was called, so this cost nothing."
    rows = [_bill_row(r) for r in bill.rows]
    out = [
        "| tier | model | calls | input | cached | output | USD |\n|---|---|--:|--:|--:|--:|--:|\n" + "\n".join(rows),
        f"**Total: {show_usd(bill.total)}**",
    ]
    if bill.unknown:
        calls = "1 call" if bill.unknown == 1 else f"{bill.unknown} calls"
        out.append(f"\\* The provider didn't say what {calls} used, so the most that can have been charged is counted.")
    if bill.strong_only is not None:
        out.append(f"The strong model alone: {show_usd(bill.strong_only.usd)} ({bill.strong_only.basis}).")
    return "\n\n".join(out)


def _bill_row(r: BillRow) -> str:
    tokens = (r.usage.input_tokens, r.usage.cached_tokens, r.usage.output_tokens)
    counts = " | ".join(f"{t:,}" for t in tokens)
    usd = show_usd(r.usd) + (" *" if r.unknown else "")
    return f"| {line(r.tier, 40)} | {code(r.model, 80)} | {r.calls} | {counts} | {usd} |"


def month_line(month: Month) -> str:
    """The repository's month against its budget."""
    used = month.spent + month.reserved
    return f"This month: {show_usd(used)} of {show_usd(month.cap)} `{bar(used, month.cap)}`"


def attempts_list(rows: Sequence[AttemptView]) -> str:
    """One line for each attempt: who, what became of it, why, and its cost."""
    return "\n".join(f"{r.number}. {_attempt(r)}" for r in rows)


def _attempt(r: AttemptView) -> str:
    paid = f", {show_usd(r.usd)}" if r.usd is not None else ""
    return f"**{line(r.tier, 40)}** ({line(r.solver, 20)}{paid}) {r.outcome}: {line(r.why, 300)}"


def attempts_details(rows: Sequence[AttemptView]) -> str:
    """Each attempt, collapsed: the model's explanation and what the tests said."""
    out = []
    for r in rows:
        summary = f"<details><summary>Attempt {r.number}: {line(r.tier, 40)}, {r.outcome}</summary>"
        parts = [summary, capitalized(line(r.why, 500))]
        if r.strategy_note:
            parts.append(capitalized(line(r.strategy_note, 300)))
        if r.files:
            parts.append("Files: " + ", ".join(code(f, 200) for f in r.files[:30]))
        if r.explanation:
            parts.append("The model's explanation:\n\n" + quoted(r.explanation, 1_500))
        if r.error and r.error != r.why:
            parts.append("What the tests said:\n\n" + block(r.error, 2_000, "text"))
        out.append("\n\n".join([*parts, "</details>"]))
    return "\n\n".join(out)


# -- endings ---------------------------------------------------------------------------------------------------


def opened(pull_url: str, number: int, *, draft: bool) -> str:
    """A pull request is there."""
    kind = "a draft pull request" if draft else "a pull request"
    return f"I opened {kind}: [#{number}]({pull_url})."


def opened_details(evidence: str, reason: str, bill: Bill, month: Month | None) -> str:
    """What stands behind it, and what it cost."""
    cost = f"It cost {show_usd(bill.total)}."
    return "\n\n".join(
        p for p in (f"{evidence} {cost}", sentence(reason, 400), month_line(month) if month else "") if p
    )


def committed(sha: str) -> str:
    """Our pull request has another commit."""
    return f"I added the commit {sha[:12]} to this pull request."


def _nothing_done(*, pull: bool) -> str:
    return "I left this pull request as it is" if pull else "I didn't open a pull request"


def _once_more(*, pull: bool) -> str:
    return "`/autofix` followed by what to do" if pull else "`/autofix retry`"


def declined(
    rows: Sequence[AttemptView],
    bill: Bill,
    month: Month | None,
    reason: str,
    *,
    pull: bool = False,
    doubtful: str = "",
) -> str:
    """Nobody solved it. `pull` is said for a follow-up on our pull request, here and below; `doubtful` shows what
    people may judge better than the test did (the best rejected patch, a doubted test), "" for nothing."""
    nothing = _nothing_done(pull=pull)
    parts = [f"I couldn't find a change that I can stand behind, so {nothing}.", sentence(reason)]
    if rows:
        parts.append("Here is what I tried, and why it fell short:\n\n" + attempts_list(rows))
        parts.append(attempts_details(rows))
    parts.append(doubtful)
    parts.append(bill_table(bill))
    if month is not None:
        parts.append(month_line(month))
    parts.append(
        "It would help to have steps that reproduce the problem, the expected result, or the file to look at. "
        f"Put them in a comment, then comment {_once_more(pull=pull)}."
    )
    return "\n\n".join(p for p in parts if p)


def over_budget(rows: Sequence[AttemptView], bill: Bill, month: Month | None, reason: str, best: str) -> str:
    """The money ended first. `best` says or shows what there is so far, "" for nothing."""
    parts = ["I stopped because the budget doesn't allow another call.", sentence(reason)]
    if rows:
        parts.append("Here is what I tried:\n\n" + attempts_list(rows))
    parts.append(
        best or ("None of this was good enough for a pull request." if rows else "I hadn't made an attempt yet.")
    )
    if rows:
        parts.append(attempts_details(rows))
    parts.append(bill_table(bill))
    if month is not None:
        parts.append(month_line(month))
    parts.append(
        "I'll go on by myself once there is money: when an administrator raises the budget (`/autofix budget 50`, "
        "or `budget:` in `.github/autofix.yml` and then `/autofix retry`), or when the next month begins."
    )
    return "\n\n".join(p for p in parts if p)


def asked_about_tests(
    question: PatchQuestion, diff: str, bill: Bill, month: Month | None, *, pull: bool = False
) -> str:
    """A change resolves the issue and breaks tests that pin what is to change, where no draft is wanted."""
    parts = [
        f"I have a change, but also a question, so {_nothing_done(pull=pull)}. {question_lead(question)}",
        question_text(question),
        folded("The change", diff_block(diff)),
        bill_table(bill),
        month_line(month) if month is not None else "",
        QUESTION_STEER_CLOSED,
    ]
    return "\n\n".join(p for p in parts if p)


def unjudgeable(tried: Sequence[str], log: str, bill: Bill, *, pull: bool = False) -> str:
    """The repository's tests cannot be found or run."""
    nothing = _nothing_done(pull=pull)
    parts = [
        f"I couldn't find or run the tests here. Without them I can't tell a right fix from a wrong one, so {nothing}."
    ]
    if tried:
        parts.append("Here is what I looked at and tried:\n\n" + "\n".join(f"- {line(t, 300)}" for t in tried[:30]))
    if log:
        parts.append("<details><summary>What it printed</summary>\n\n" + block(log, 4_000, "text") + "\n\n</details>")
    parts.append(
        "I know no lines that work. Tell me yours as `setup:` and `test:` in `.github/autofix.yml`: how the tests "
        "are installed (with network) and run (without)."
    )
    cost = f"This cost {show_usd(bill.total)}." if bill.rows else "This cost nothing."
    parts.append(f"Then comment {_once_more(pull=pull)}. {cost}")
    return "\n\n".join(parts)


def set_up_offer(lines: str) -> str:
    """What the set-up model found, for the repository's file; said once."""
    return (
        "A model found how the tests are set up here, and that is remembered. These lines in `.github/autofix.yml` say "
        "the same and were run, if you'd rather decide it yourself:\n\n" + block(lines, 1_000, "yaml")
    )


def question(asked: str, bill: Bill, *, pull: bool = False) -> str:
    """Asking is cheaper than guessing."""
    cost = f"This has cost {show_usd(bill.total)} so far." if bill.rows else "Nothing was spent."
    return (
        f"Before I spend more on this, I need to know something:\n\n{quoted(asked, 2_000)}\n\n"
        f"Please answer in a comment, then comment {_once_more(pull=pull)}. {cost}"
    )


def not_allowed(actor: str, permission: str) -> str:
    """The person who put the label may not spend."""
    return (
        f"{code('@' + actor)} has {permission if permission != 'none' else 'no'} access here. Starting me spends this "
        "repository's money, so it takes write access. Someone who has it can put the label on again or comment "
        "`/autofix`. Nothing was spent."
    )


def bad_configuration(path: str, problems: Sequence[ConfigProblem]) -> str:
    """The repository's file cannot be used."""
    listed = "\n".join(f"- {_problem(p)}" for p in problems[:20])
    return (
        f"I don't understand something in {code(path)}, and I'd rather not guess:\n\n{listed}\n\n"
        "Once it is corrected on the default branch, comment `/autofix retry`. Nothing was spent."
    )


def _problem(p: ConfigProblem) -> str:
    where = f"line {p.line}: " if p.line else ""
    key = f"{code(p.key)} " if p.key else ""
    says = f" (it says {code(p.value)})" if p.value else ""
    allowed = f" Allowed: {line(p.allowed, 400).rstrip('.')}." if p.allowed else ""
    return f"{where}{key}{line(p.message, 300).rstrip('.')}{says}.{allowed} Fix: {ours(p.fix, 300).rstrip('.')}."


def failed(reason: str, details: str) -> str:
    """The job ended on an error. `details` is what the failing service or tool said, untrusted text."""
    shown = "\n\n" + block(details, 1_500, "text") if details else ""
    return f"{sentence(reason)}{shown}\n\nOnce that is solved, comment `/autofix retry`."


def not_published(reason: str, fix: str, said: str, found: str, diff: str, *, pull: bool = False) -> str:
    """A fix that was paid for and that GitHub would not take: what it earned and cost, why, and the change itself."""
    parts = [
        f"I have a fix, but I couldn't publish it: {ours(reason).rstrip('.')}.",
        block(said, 1_500, "text") if said else "",
        found,
        folded("The change", diff_block(diff)) if diff else "",
        " ".join(p for p in (fix, _publish_again(pull=pull)) if p),
    ]
    return "\n\n".join(p for p in parts if p)


def _publish_again(*, pull: bool) -> str:
    if pull:
        return f"Then apply the change, or comment {_once_more(pull=pull)}."
    return (
        "Then comment `/autofix retry`: I'll only publish it, so nothing is paid again. To have it solved anew "
        "instead, name a strategy: `/autofix retry cascade`."
    )


def publishing_again() -> str:
    """A retry where a fix is kept."""
    return "It's in the queue. I have a fix already, so I'll only publish it; nothing is paid again."


def cancelled(reason: str, total: Decimal) -> str:
    """Somebody stopped it."""
    return f"{sentence(reason, 300)} This cost {show_usd(total)}. Comment `/autofix` to start again."


def refused(reason: str, fix: str) -> str:
    """A condition on GitHub's side is not met; nothing was spent."""
    return " ".join(p for p in ("I didn't start:", ours(reason), fix, "Nothing was spent.") if p)


def awaiting_approval(quote: str, threshold: Decimal) -> str:
    """The quote is above what may be spent unasked."""
    return (
        f"{quote}\n\nThat could be more than the {show_usd(threshold)} that I may spend here without asking. "
        "If that is fine, someone with write access can comment `/autofix approve`, and I'll start."
    )


# -- answers to commands ---------------------------------------------------------------------------------------


def help_text(unknown: str = "") -> str:
    """The table of commands; `unknown` is a verb that nobody knows."""
    lead = f"I don't know {code('/autofix ' + unknown, 60)}. " if unknown else ""
    label = "Put the label on an issue, and I'll try to resolve it."
    return f"{lead}{label} You can also start a comment with one of these:\n\n{COMMANDS}"


def may_not(actor: str, needs: str) -> str:
    """A command by someone who may not give it."""
    return f"Sorry, {code('@' + actor)}, that takes {needs}. Nothing was changed."


def queued(strategy: str) -> str:
    """A start or retry was accepted."""
    chosen = f", with the strategy {code(strategy, 40)}" if strategy else ""
    return f"It's in the queue{chosen}. I'll report in the comment that I keep up to date on the issue."


def already_running() -> str:
    """One job for an issue at a time."""
    return "I'm already working on it; the comment that I keep up to date says how far I am. `/autofix stop` stops me."


def unknown_strategy(name: str, known: Sequence[str]) -> str:
    """A strategy that is not in the registry."""
    listed = ", ".join(code(k) for k in known)
    return f"There is no strategy {code(name, 40)}. I know {listed}. Nothing was started."


def stopping(running: bool) -> str:
    """The answer to `/autofix stop`."""
    return (
        "I'm stopping. A model call that is already under way still has to be paid for."
        if running
        else "Nothing is running here."
    )


def approved(started: bool) -> str:
    """The answer to `/autofix approve`."""
    return "Thanks, I'll start now." if started else "Nothing is waiting for approval here."


def budget_shown(month: Month, source: str, forecast: Decimal | None) -> str:
    """The month so far. `source` says who set the budget."""
    ahead = f" At this pace the month will end at {show_estimate(forecast)}." if forecast is not None else ""
    return (
        f"{month_line(month)}\n\nThe budget comes from {ours(source, 200)}.{ahead} An administrator can change it with "
        "`/autofix budget 50`."
    )


def budget_set(before: Decimal, after: Decimal, effective: Decimal, month: Month) -> str:
    """The answer to `/autofix budget USD`."""
    capped = f" The operator's cap is lower, so {show_usd(effective)} applies." if effective < after else ""
    return f"The monthly budget was {show_usd(before)} and is now {show_usd(after)}.{capped}\n\n{month_line(month)}"


def bad_amount(value: str, why: str, fix: str) -> str:
    """An amount that cannot be taken."""
    amount = code(value, 60) or "That"
    return f"{amount} isn't an amount that I can use: {line(why, 200)}. {sentence(fix, 200)} Nothing was changed."


def quote(q: Quote, month: Month) -> str:
    """What it is likely to cost."""
    rows = [
        f"| {line(t.tier, 40)} | {code(t.model, 80)} | {t.attempts} "
        f"| {show_estimate(t.low)} – {show_estimate(t.high)} |"
        for t in q.tiers
    ]
    table = "| tier | model | attempts (at most) | USD each |\n|---|---|--:|--:|\n" + "\n".join(rows)
    return (
        f"**Likely {show_estimate(q.low)} to {show_estimate(q.high)}** ({q.basis}).\n\n{table}\n\n"
        f"{month_line(month)}\n\n"
        "I'll never spend more than the issue's budget. This estimate cost nothing."
    )


def budget_source(source: str, by: str) -> str:
    """Who set the budget that is in force."""
    return {
        "operator": "the operator's default",
        "file": "this repository's `.github/autofix.yml`",
        "setting": f"{by}'s setting",
    }.get(source, source)


def follow_up(what: str) -> str:
    """The answer to instructions on our pull request."""
    return "I'll try it, with a commit on this branch." if what == "queued" else f"I can't start: {line(what, 200)}."


def breaker_out(why: str) -> str:
    """Said once on the pull request."""
    return (
        f"I won't answer further reviews or failing checks here by myself, because {ours(why)}. "
        "If you have write access and want me to go on, comment `/autofix` followed by what to do."
    )


def answered(sha: str) -> str:
    """The answer in the thread of a review's line comment."""
    return f"I changed this in {sha[:12]}. The evidence and the bill in the description are up to date."


def not_mine() -> str:
    """A command on a pull request that is somebody else's."""
    return "This pull request isn't mine, so I'll leave it alone. I work on issues."
