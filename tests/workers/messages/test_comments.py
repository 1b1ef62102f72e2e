"""What the bot says, word for word: each text is compared with a file in `golden/`.

After a wanted change: PENNYFIX_TEST_GOLDEN=write python -m pytest tests/workers/messages/test_comments.py, then read the diff.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from sandbox.repository.patch import Patch
from strategies.attempt import Attempt, JudgedAttempt
from strategies.models.meter import Charge
from strategies.models.price import Price
from strategies.models.usage import Usage
from strategies.resolution import Ending, Resolution
from strategies.verdict import Counts, Evidence, Judged, Reproduction, Rung, Verdict
from strategies.verification.doubted_issue_test import doubt_of
from strategies.verification.pinned_tests import PinnedTest
from workers.billing.bill import Bill, Month, bill
from workers.billing.quote import QuotedTier, quote
from workers.config.errors import ConfigProblem
from workers.jobs.versions import Versions
from workers.messages import comments, people_decide, pull_request
from workers.messages.job_record import find, job_record
from workers.messages.judged_attempts import views_of_judged
from workers.messages.markdown import BODY_LIMIT
from workers.messages.people_decide import PatchQuestion
from workers.messages.pull_request import PullFacts

GOLDEN = Path(__file__).parent / "golden"
WEAK = Price(Decimal("0.10"), Decimal("0.50"), Decimal("0.01"))
STRONG = Price(Decimal(4), Decimal(20), Decimal("0.20"))
MONTH = Month(Decimal("3.21"), Decimal(20))
EVIL = "Thanks @octocat, fixes #7 ![x](https://evil.example/p.png) <img src=x> -->\n# Heading\n| a | b |"


def charge(
    tier: str, attempt: int, usage: Usage, price: Price, *, purpose: str = "repair", known: bool = True
) -> Charge:
    model = {"weak": "anthropic/claude-haiku-5-5", "strong": "anthropic/claude-opus-5-5"}[tier]
    usd = price.cost(usage) if known else None
    return Charge(tier, model, purpose, attempt, usage, usd, Decimal("0.05"), price, 2.5)


CHARGES = (
    charge("weak", 0, Usage(8_000, 0, 900), WEAK, purpose="reproduction"),
    charge("weak", 1, Usage(21_000, 0, 1_400), WEAK),
    charge("weak", 2, Usage(22_500, 20_000, 1_600), WEAK),
    charge("strong", 3, Usage(30_000, 0, 2_000), STRONG),
)
TEST = Reproduction(
    "tests/test_rounding.py", b"def test(): ...\n", ("tests/test_rounding.py::test",), "assert 1.0 == 1.01", passes=True
)
FAILED = JudgedAttempt(
    Attempt("weak", "repair", Patch({"parcel/money.py": b"a"}), diagnosis=EVIL, note="first attempt, score 0.4"),
    Verdict(
        Judged.FAILED,
        Evidence(
            frozenset({Rung.APPLIES, Rung.BUILDS}),
            Counts(41, 2, 1),
            Counts(39, 4, 1),
            broken=("tests/test_a.py::test_one", "tests/test_a.py::test_two"),
        ),
        "FAILED tests/test_a.py::test_one - ``` AssertionError @octocat",
    ),
)
UNUSABLE = JudgedAttempt(
    Attempt("weak", "repair", Patch(), error="the answer held no edit that could be applied"),
    Verdict(Judged.FAILED, Evidence()),
)
PASSED = JudgedAttempt(
    Attempt("strong", "repair", Patch({"parcel/money.py": b"b"}), diagnosis="Decimal is quantized too early."),
    Verdict(
        Judged.PASSED,
        Evidence(
            frozenset({Rung.APPLIES, Rung.BUILDS, Rung.REGRESSION, Rung.REPRODUCTION}),
            Counts(41, 2, 1),
            Counts(43, 1, 1, 1),
            fixed=("tests/test_money.py::test_total",),
            flaky=("tests/test_net.py::test_slow",),
            restored=("tests/test_money.py",),
            reproduction=TEST,
            notes=("The patch touches conftest.py; judged with the original.",),
        ),
    ),
)
ALL = (FAILED, UNUSABLE, PASSED)
ROWS = views_of_judged(ALL, CHARGES)
ACCOUNT = bill(CHARGES, ("strong", "anthropic/claude-opus-5-5", STRONG), 3)


def facts(ending: Ending = Ending.ACCEPTED, template: str = "") -> PullFacts:
    resolution = Resolution(ending, ALL, PASSED, PASSED.attempt.patch, "attempt 3 earned it")
    versions = Versions("0.1.0", "cascade", "reproduction", {"weak": {"model": "m"}}, {"repair": "0123456789ab"})
    record = job_record(job=5, issue=12, base_commit="c0ffee", versions=versions, resolution=resolution, bill=ACCOUNT)
    return PullFacts(
        issue=12,
        issue_title="Rounding is wrong for @ada",
        ending=ending,
        asked=Rung.REPRODUCTION,
        reason="the test written from the issue was not accepted",
        evidence=PASSED.verdict.evidence,
        diagnosis=PASSED.attempt.diagnosis,
        rows=ROWS,
        bill=ACCOUNT,
        month=MONTH,
        record=record,
        template=template,
        page="https://fix.example.org/jobs/5",
    )


DOUBTED = replace(
    PASSED.verdict.evidence,
    doubts=tuple(f"parcel/money.py: reads the runner's environment variable @ada ({n})" for n in range(12)),
    not_judged=("tests/test_gone.py",),
)
PINNED = PinnedTest(
    "tests/test_money.py::test_cut", "tests/test_money.py", "def test_cut():\n    assert cut(1.015) == 1"
)
ASKS = replace(
    PASSED.verdict.evidence,
    rungs=frozenset({Rung.APPLIES, Rung.BUILDS, Rung.REPRODUCTION}),
    asks=("tests/test_money.py::test_cut", "a test @ada"),
    broken=("tests/test_money.py::test_cut", "a test @ada"),
)
QUESTION = PatchQuestion(
    (PINNED, PinnedTest("a test @ada", "", "")), "E   assert 1.02 == 1\n``` @octocat", ("tests/test_money.py",), True
)
ONE_QUESTION = PatchQuestion((PINNED,), "E   assert 1.02 == 1")
FAILS = replace(
    TEST,
    content=b"def test():\n    assert cut(1.015) == 1.01  # @octocat\n",
    after="E   assert 1.02 == 1.01",
    passes=False,
)
REJECTED = Evidence(
    frozenset({Rung.APPLIES, Rung.BUILDS, Rung.REGRESSION}), Counts(41, 2, 1), Counts(41, 2, 1), reproduction=FAILS
)
DIFF = "--- a/parcel/money.py\n+++ b/parcel/money.py\n@@ -1 +1 @@\n-a\n+b  # ``` @octocat\n"
TEMPLATE = "## Description\n\n<!-- what and why -->\n\n## Checklist\n\n- [ ] I have signed the CLA\n"
PROBLEMS = (
    ConfigProblem(3, "budgit", "is not a known key", "write `budget`", "{}", "label, budget, strategy"),
    ConfigProblem(7, "accept", "cannot have this value", "write `accept: reproduction`", "'@all'", "reproduction, any"),
)
QUOTED = (
    QuotedTier("weak", "anthropic/claude-haiku-5-5", WEAK, 2, False, 16_000),
    QuotedTier("strong", "anthropic/claude-opus-5-5", STRONG, 1, False, 16_000),
)

SAID: dict[str, Callable[[], str]] = {
    "pull_request": lambda: pull_request.body(facts()),
    "pull_request_draft": lambda: pull_request.body(facts(Ending.UNVERIFIED)),
    "pull_request_doubts": lambda: pull_request.body(replace(facts(Ending.DOUBTED), evidence=DOUBTED)),
    "pull_request_question": lambda: pull_request.body(replace(facts(Ending.ASKS), evidence=ASKS, question=QUESTION)),
    "pull_request_doubtful": lambda: pull_request.body(replace(facts(Ending.UNSOLVED), evidence=REJECTED)),
    "declined_in_doubt": lambda: comments.declined(
        ROWS[:2],
        bill(CHARGES[:3]),
        MONTH,
        "every attempt fell short",
        doubtful=people_decide.test_doubt_text(doubt_of(("claude", "deepseek"), 3)),
    ),
    "declined_doubtful": lambda: comments.declined(
        ROWS[:2],
        bill(CHARGES[:3]),
        MONTH,
        "every attempt fell short",
        doubtful=people_decide.doubtful_text(2, DIFF, FAILS),
    ),
    "asked_about_tests": lambda: comments.asked_about_tests(ONE_QUESTION, DIFF, bill(CHARGES[:3]), MONTH),
    "pull_request_template": lambda: pull_request.body(facts(template=TEMPLATE)),
    "commit_message": lambda: pull_request.commit_message(12, "Rounding is wrong for @ada", 5, PASSED.verdict.evidence),
    "sticky_working": lambda: comments.sticky(12, "Working on it", ["Checking out main", EVIL]),
    "sticky_opened": lambda: comments.sticky(
        12,
        "Opened a pull request",
        ["Checking out main"],
        f"{comments.opened('https://github.example/o/r/pull/13', 13, draft=False)} "
        + comments.opened_details(pull_request.summary(PASSED.verdict.evidence), "", ACCOUNT, MONTH),
        "https://fix.example.org/jobs/5",
    ),
    "declined": lambda: comments.declined(ROWS[:2], bill(CHARGES[:3]), MONTH, "every attempt fell short"),
    "over_budget": lambda: comments.over_budget(
        ROWS[:1], bill(CHARGES[:2]), MONTH, "the issue budget of $1 has $0.02 left; this call may need $0.05", ""
    ),
    "over_budget_before_any_call": lambda: comments.over_budget(
        (), Bill((), Decimal(0)), MONTH, "no money is left", ""
    ),
    "unjudgeable": lambda: comments.unjudgeable(("python: no test file was found",), "ERROR @all", bill(())),
    "unjudgeable_after_a_failed_set_up": lambda: comments.unjudgeable(
        (
            "python, by uv.lock: the set-up failed (error: command 'gcc' failed)",
            "missing: the program gcc is not in the sandbox",
        ),
        "",
        bill(()),
    ),
    "not_allowed": lambda: comments.not_allowed("mallory", "read"),
    "bad_configuration": lambda: comments.bad_configuration(".github/autofix.yml", PROBLEMS),
    "failed": lambda: comments.failed("the model's provider refused.", "invalid x-api-key sk-ant-REDACTME0123456789"),
    "cancelled": lambda: comments.cancelled("the label was removed.", Decimal("0.0123")),
    "refused": lambda: comments.refused("the branch `autofix/issue-12` holds commits that are not mine.", "Rename it."),
    "question": lambda: comments.question("Should @ada's totals round half up? <b>", bill(CHARGES[:1])),
    "quote": lambda: comments.awaiting_approval(comments.quote(quote(QUOTED, QUOTED[0], 800), MONTH), Decimal("0.20")),
    "help": comments.help_text,
    "help_unknown": lambda: comments.help_text("dance @all"),
    "budget_shown": lambda: comments.budget_shown(MONTH, comments.budget_source("file", ""), Decimal("7.50")),
    "budget_set": lambda: comments.budget_set(
        Decimal(20), Decimal(80), Decimal(50), Month(Decimal("3.21"), Decimal(50))
    ),
    "bad_amount": lambda: comments.bad_amount("12 €", "budgets are in US dollars only", "write it like 50 or 12.50"),
    "may_not": lambda: comments.may_not("bob", "administrator rights in this repository"),
}


@pytest.mark.parametrize("name", sorted(SAID))
def test_a_text_is_word_for_word_what_was_agreed(name: str) -> None:
    path = GOLDEN / f"{name}.md"
    said = SAID[name]() + "\n"
    if os.environ.get("PENNYFIX_TEST_GOLDEN") == "write":
        path.write_text(said, encoding="utf-8")
    assert said == path.read_text(encoding="utf-8")


def test_every_golden_file_belongs_to_a_text() -> None:
    assert {p.stem for p in GOLDEN.glob("*.md")} == set(SAID)


@pytest.mark.parametrize("name", sorted(SAID))
def test_no_text_mentions_anybody_or_shows_an_image_or_a_secret(name: str) -> None:
    said = re.sub(r"(`+)(?:(?!\1).)*\1", "", SAID[name](), flags=re.DOTALL)  # code notifies nobody
    assert not re.search(r"@\w", said)
    assert "![" not in said.replace("\\!", "").replace("\\[", "")
    assert "<img" not in said
    assert "sk-ant" not in SAID[name]()


def test_the_only_closing_word_is_ours() -> None:
    body = pull_request.body(facts())
    assert re.findall(r"(?i)\b(?:fix(?:e[sd])?|close[sd]?|resolve[sd]?)\s+#\d+", body) == ["Fixes #12"]


def test_the_hidden_record_can_be_read_back() -> None:
    record = find(pull_request.body(facts()))
    assert record is not None
    assert record["total_usd"] == str(ACCOUNT.total)
    assert record["attempts"][2]["judged"] == "passed"
    assert record["prompts"] == {"repair": "0123456789ab"}


def test_a_body_of_endless_attempts_stays_below_githubs_limit_and_keeps_its_record() -> None:
    row = ROWS[0]
    many = [row] * 400
    given = facts()
    body = pull_request.body(PullFacts(**{**{f: getattr(given, f) for f in given.__slots__}, "rows": many}))
    assert len(body) <= BODY_LIMIT
    assert body.startswith("Fixes #12")
    assert find(body) is not None


def test_a_comment_of_endless_steps_stays_below_githubs_limit() -> None:
    said = comments.sticky(1, "Working on it", ["x" * 5_000] * 5_000, "final words " * 9_000)
    assert len(said) <= BODY_LIMIT
    assert said.startswith(comments.marker(1))


def test_a_long_diff_keeps_its_head_and_says_how_much_is_left_out() -> None:
    shown = people_decide.diff_block("--- a/x\n+++ b/x\n" + "+one more line\n" * 2_000)
    assert shown.startswith("```diff\n--- a/x\n")
    assert "… and 1202 more lines, which the page of this job shows." in shown
    assert len(shown) < people_decide.DIFF_LIMIT + 200


def test_endless_questions_are_shortened() -> None:
    text = people_decide.question_text(PatchQuestion((PINNED,) * 40, "x" * 50_000))
    assert "… and 30 more." in text
    assert len(text) < 30_000
