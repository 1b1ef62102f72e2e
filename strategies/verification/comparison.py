"""Whether two patches behave alike, and which of them does what the issue asks: by a test that tells them apart.

The test is run with either patch. It needs no validation at the base commit: it does not judge a patch, it only orders
two that the same evidence speaks for (differential testing, McKeeman, Digital Technical Journal 1998).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sandbox.repository.patch import Patch
from sandbox.testing.report import TestOutcome, TestResult
from strategies.issue import Issue
from strategies.judge import Comparison
from strategies.models.asking import ask
from strategies.models.model import Message, ModelError, Prompt
from strategies.prompts.cleaning import shorten
from strategies.prompts.fence import fence
from strategies.prompts.prompt import PromptFolder, digest
from strategies.prompts.sections import ISSUE_PROMPTS, issue_section
from strategies.reproduction.tester import code
from strategies.step import Step
from strategies.tier import Tier

PROMPTS = ("distinguish", "distinguish-retry", "distinguish-not-run", *ISSUE_PROMPTS)
TRIES = 2
DIFF = 6_000

Run = Callable[[Patch, bytes], Sequence[TestResult]]
"""Runs a test file with a patch; its results, empty when it could not be run."""


@dataclass(frozen=True, slots=True)
class ComparisonSetup:
    """What two patches are compared in. `diff` shows a patch as text, `path` is where a test goes."""

    issue: Issue
    path: str
    runner: str
    diff: Callable[[Patch], str]
    run: Run


def compare(
    setup: ComparisonSetup, first: Patch, second: Patch, tier: Tier, say: Callable[[Step], None], prompts: PromptFolder
) -> Comparison:
    """Up to `TRIES` tests by `tier`. Raises OverBudget and SandboxUnavailable; a model that is not there ends it."""
    prompt = prompts.load("distinguish")
    question = prompt.fill(
        issue=issue_section(setup.issue, prompts),
        first=fence("diff", shorten(setup.diff(first), DIFF)),
        second=fence("diff", shorten(setup.diff(second), DIFF)),
        path=setup.path,
        runner=setup.runner,
    )
    messages = [Message("user", question, cache=True)]
    tests = 0
    for _ in range(TRIES):
        try:
            answer = ask(
                tier.model,
                Prompt(
                    tuple(messages), purpose="distinguish", digest=digest(*(prompts.load(name) for name in PROMPTS))
                ),
            )
        except ModelError as error:
            say(Step("distinguish", f"not compared any further: {error}"))
            break
        content = code(answer.text)
        results = [setup.run(p, content) for p in (first, second)] if content.strip() else [(), ()]
        alike, better = weigh(*results)
        if all(results):
            tests += 1
        facts = {"alike": alike, "better": better, "ran": all(bool(r) for r in results)}
        say(Step("distinguish", sentence(alike, better, ran=bool(facts["ran"])), facts))
        if not alike:
            return Comparison(alike=False, better=better, tests=tests)
        output = "\n".join(f"{r.id} {r.outcome}: {r.message[:600]}" for r in results[0])
        output = output or prompts.load("distinguish-not-run").fill()
        retry = prompts.load("distinguish-retry").fill(output=fence("output", output))
        messages += [Message("assistant", answer.text or "(empty)"), Message("user", retry)]
    return Comparison(alike=True, better=None, tests=tests)


def weigh(first: Sequence[TestResult], second: Sequence[TestResult]) -> tuple[bool, int | None]:
    """(alike, better) of two runs of one test file. Runs that did not take place say nothing: alike."""
    if not first or not second:
        return True, None
    one, two = ({r.id: r.outcome for r in results} for results in (first, second))
    if one == two:
        return True, None
    good = [all(o is TestOutcome.PASSED for o in outcomes.values()) for outcomes in (one, two)]
    return False, good.index(True) if good.count(True) == 1 else None


def sentence(alike: bool, better: int | None, *, ran: bool) -> str:
    """The comparison in a sentence."""
    if not ran:
        return "a test to tell two patches apart could not be run"
    if alike:
        return "both patches behave alike in this test"
    return "the patches behave differently" + (
        "" if better is None else f", and the {('first', 'second')[better]} does what the issue asks"
    )
