"""The pull request as text: title, commit message, and the body a reviewer reads. Pure.

Order of the body: what it is, the evidence, the bill, how to steer, the attempts (collapsed), the record (hidden).
A template of the repository is kept: our words go under its first heading that asks for a description.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from strategies.resolution import Ending
from strategies.verdict import Counts, Evidence, Necessity, Rung
from workers.billing.bill import Bill, Month
from workers.messages.attempt_view import AttemptView
from workers.messages.comments import attempts_details, bill_table, capitalized, fit, month_line, sentence
from workers.messages.job_record import hidden
from workers.messages.markdown import BODY_LIMIT, block, code, cut, line, quoted
from workers.messages.people_decide import (
    QUESTION_STEER,
    PatchQuestion,
    doubts_text,
    failing_test,
    question_lead,
    question_text,
)
from workers.messages.plain_title import plain_title
from workers.usd import show_usd

TITLE_LIMIT = 200
TRAILER = "Pennyfix-Job"
CAUSES = {
    "review": "answers a review",
    "checks": "answers failing checks",
    "instructions": "does what a comment asked for",
}
_ASKS = re.compile(
    r"^#{1,6}\s.*\b(description|summary|what|changes?|overview|proposed)\b.*$", re.IGNORECASE | re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class PullFacts:
    """Everything the body is made of. `asked` is the rung that the repository asks for.

    `cause` is what a follow-up answers ("review", "checks" or "instructions"), "" for the first commit. `question` is
    what a draft asks about existing tests. A draft whose `ending` is UNSOLVED is a rejected patch, shown in doubt.
    """

    issue: int
    issue_title: str
    ending: Ending
    asked: Rung
    reason: str
    evidence: Evidence
    diagnosis: str
    rows: Sequence[AttemptView]
    bill: Bill
    month: Month | None
    record: Mapping[str, Any]
    template: str = ""
    page: str = ""
    cause: str = ""
    question: PatchQuestion | None = None


def title(issue_title: str, issue: int) -> str:
    """The pull request's title: the issue's own words, of which nothing acts on GitHub."""
    return cut(f"Fix #{issue}: {plain_title(issue_title) or f'issue {issue}'}", TITLE_LIMIT)


def commit_message(issue: int, issue_title: str, job: int, evidence: Evidence) -> str:
    """Subject, how it was checked, and the trailers by which a branch of ours is recognised."""
    return f"{cut(title(issue_title, issue), 72)}\n\n{summary(evidence)}\n\n{TRAILER}: {job}\nPennyfix-Issue: {issue}\n"


def is_ours(message: str, issue: int) -> bool:
    """Whether a commit message carries our trailer for this issue."""
    lines = message.splitlines()
    return f"Pennyfix-Issue: {issue}" in lines and any(part.startswith(f"{TRAILER}: ") for part in lines)


def summary(evidence: Evidence) -> str:
    """One or two sentences on what was earned."""
    said = []
    if Rung.REPRODUCTION in evidence.rungs:
        said.append("A test written from the issue fails before this change and passes after it.")
    elif evidence.reproduction is not None and not evidence.reproduction.passes:
        said.append("The test written from the issue fails with this change.")
    if evidence.asks:
        tests = "1 existing test" if len(evidence.asks) == 1 else f"{len(evidence.asks)} existing tests"
        said.append(f"It changes what {tests} expected, which people are to decide about.")
    if Rung.REGRESSION in evidence.rungs and evidence.after is not None:
        said.append(f"No test that passed before fails now ({evidence.after.passed} pass).")
    if not said:
        said.append("No test that was run vouches for this change.")
    return " ".join(said)


def body(facts: PullFacts) -> str:
    """The body, below GitHub's limit."""
    lead = [f"Fixes #{facts.issue}"]
    if facts.ending is not Ending.ACCEPTED:
        lead.append(_draft_because(facts))
    if facts.cause:
        lead.append(
            f"The newest commit {CAUSES[facts.cause]}. The evidence below is for that commit, the bill for all."
        )
    if facts.diagnosis:
        lead.append("The model's explanation:\n\n" + quoted(facts.diagnosis, 3_000))
    block_of_record = hidden(facts.record)
    parts = [
        into_template(facts.template, "\n\n".join(lead)),
        _to_decide(facts),
        "## Evidence\n\n" + evidence_text(facts.evidence, facts.question.published if facts.question else ()),
        "## Bill\n\n" + "\n\n".join([bill_table(facts.bill), *([month_line(facts.month)] if facts.month else [])]),
        "## How to steer\n\n" + steer(facts.page),
    ]
    if facts.rows:
        cost = f", {show_usd(facts.bill.total)} in all" if facts.bill.rows else ""
        parts.append(
            f"<details><summary>All attempts ({len(facts.rows)}{cost})</summary>\n\n"
            + attempts_details(facts.rows)
            + "\n\n</details>"
        )
    room = BODY_LIMIT - len(block_of_record) - 2
    text = fit(parts, room)
    return f"{text}\n\n{block_of_record}"


def _draft_because(facts: PullFacts) -> str:
    """Why it is a draft, in front of everything else."""
    match facts.ending:
        case Ending.DOUBTED:
            why = "**This is a draft: it earned the evidence that this repository asks for, but there are doubts.**"
            return _alert("WARNING", f"{why}\n\n{doubts_text(facts.evidence)}")
        case Ending.ASKS if facts.question is not None:
            return _alert("IMPORTANT", f"**This is a draft with a question.** {question_lead(facts.question)}")
        case Ending.UNSOLVED:
            why = "**This is a doubtful draft: the test that I wrote from the issue fails with it.** "
            more = (
                "No test that passed before fails, so it may be the new test that is wrong; but most such patches are "
                "wrong themselves. It doesn't count as resolved, and nobody was asked to review it."
            )
            return _alert("WARNING", why + more)
        case _:
            why = (
                "**This is a draft: it is not verified to the level that this repository asks for "
                f"({facts.asked.name.lower()}).** {sentence(facts.reason, 400)}"
            )
            return _alert("WARNING", why)


def _alert(kind: str, text: str) -> str:
    return "\n".join(f"> {part}".rstrip() for part in (f"[!{kind}]", *text.split("\n")))


def _to_decide(facts: PullFacts) -> str:
    """The section that people decide by, "" where there is nothing to decide."""
    if facts.question is not None:
        return f"## Tests to decide about\n\n{question_text(facts.question)}\n\n{QUESTION_STEER}"
    test = facts.evidence.reproduction
    if facts.ending is Ending.UNSOLVED and test is not None:
        return "## The test in doubt\n\n" + failing_test(test)
    return ""


def into_template(template: str, words: str) -> str:
    """Our words under the template's heading that asks for them; above the template when none does."""
    template = cut(template.replace("\r\n", "\n").strip(), 15_000)
    if not template:
        return words
    found = _ASKS.search(template)
    if found is None:
        return f"{words}\n\n{template}"
    return f"{template[: found.end()]}\n\n{words}\n{template[found.end() :]}"


def _row(name: str, counts: Counts | None, *, new: bool) -> str:
    if counts is None:
        return f"| {name} | not run | not run | not run | not run |"
    return f"| {name} | {counts.passed} | {counts.failed} | {counts.skipped} | {counts.new if new else '–'} |"


def evidence_text(evidence: Evidence, published: Collection[str] = ()) -> str:
    """The before/after table and what stands behind it. `published` are existing test files that the patch edits and
    that are published with it, though they were judged in their original form."""
    out = [
        "| tests | passed | failed | skipped | new |\n|---|--:|--:|--:|--:|\n"
        + _row("before", evidence.before, new=False)
        + "\n"
        + _row("after", evidence.after, new=True)
    ]
    points = []
    test = evidence.reproduction
    if test is not None:
        state = "passes after it" if test.passes else "**still fails after it**"
        points.append(f"Test written from the issue: {code(test.path, 200)} fails before this change and {state}.")
    points += _named("Fixed", evidence.fixed)
    points += _named("**Passed before, and to be decided about**", evidence.asks)
    points += _named("**Broken**", [i for i in evidence.broken if i not in evidence.asks])
    points += _named("Flaky before this change, so not counted", evidence.flaky)
    points += _named(
        "Existing tests that the attempt changed; they were run, and are left here, in their original form",
        [path for path in evidence.restored if path not in published],
    )
    points += _named("Not judged, because they could not be collected before this change either", evidence.not_judged)
    points += _necessity(evidence.necessity) if evidence.necessity is not None else []
    if evidence.agreement is not None:
        points.append(f"Agreement with the model's own tests: {evidence.agreement:.0%}.")
    points += [capitalized(line(n, 300)) for n in evidence.notes[:10]]
    if points:
        out.append("\n".join(f"- {p}" for p in points))
    if test is not None and test.before:
        said = block(test.before, 1_500, "text")
        out.append(f"<details><summary>What the new test said before</summary>\n\n{said}\n\n</details>")
    return "\n\n".join(out)


def _necessity(seen: Necessity) -> list[str]:
    """What the nearest tests see of the patch: lines, hunks, mutants, each with what they do not see."""
    points = []
    if seen.executed is not None:
        points.append(f"{seen.executed} of {seen.lines} changed lines of code were executed by a passing test.")
        points += _named("Changed lines that no passing test near them executed", seen.unexecuted)
    tried = f" ({seen.untried} not tried within the time)" if seen.untried else ""
    points.append(
        f"{seen.needed} of {seen.hunks} changed places in code are needed: taken back alone, a test fails{tried}."
    )
    points += _named("Changed places that no test near them needs", seen.unneeded)
    if seen.mutants:
        points.append(f"{seen.killed} of {seen.mutants} small mistakes put into the changed lines were noticed.")
        points += _named("Not noticed", seen.survivors)
    return points


def _named(what: str, ids: Sequence[str]) -> list[str]:
    if not ids:
        return []
    more = f" and {len(ids) - 10} more" if len(ids) > 10 else ""  # noqa: PLR2004 - ten are shown
    return [f"{what}: " + ", ".join(code(i, 160) for i in ids[:10]) + more + "."]


def steer(page: str) -> str:
    """What a reviewer can do."""
    text = (
        "Request changes in a review, or comment `/autofix` followed by what to do differently, and I'll answer with a "
        "commit on this branch, within the same budget. `/autofix stop` stops me, and `/autofix help` lists the rest. "
        "To start over, close this pull request and comment `/autofix retry` on the issue. You can push to this branch "
        "too: I never overwrite commits that aren't mine."
    )
    return f"{text} [See every call and step]({page})." if page else text
