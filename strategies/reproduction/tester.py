"""A test written from the issue: it must fail on the base commit, for the right reason, before it may judge a patch."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sandbox.guard.path_names import is_test
from sandbox.testing.report import TestOutcome, TestResult
from strategies.issue import Issue
from strategies.localization.localize import Located, localize
from strategies.localization.opening import CONTEXT_TOKENS, OPENING_PROMPTS, opening
from strategies.models.asking import ask
from strategies.models.meter import OverBudget
from strategies.models.model import Message, ModelError, ModelUnavailable, Prompt, PromptTooLong
from strategies.prompts.fence import fence
from strategies.prompts.prompt import PromptFolder, digest
from strategies.prompts.sections import is_empty
from strategies.reproduction.agent_tester import PROMPTS as AGENT_PROMPTS
from strategies.reproduction.agent_tester import RefusedTest, corrected
from strategies.reproduction.fixtures import fixtures, shown
from strategies.reproduction.overspecified import overspecified
from strategies.reproduction.placement import example, place
from strategies.reproduction.trial_conditions import TestBed
from strategies.reproduction.validation import issue_text, output_of, validate
from strategies.step import Step
from strategies.tier import Tier
from strategies.verdict import Reproduction

TRIES = 3
"""How often the tester is asked."""
PROMPTS = (
    "reproduction-rules",
    "reproduction-example",
    "reproduction-issue",
    "reproduction-retry",
    "reproduction-assertions",
    "reproduction-another",
    "no-example-test",
    *OPENING_PROMPTS,
    *AGENT_PROMPTS,
)


def write_reproduction(
    issue: Issue,
    test_bed: TestBed,
    tester: Tier,
    say: Callable[[Step], None],
    *,
    stand_ins: Sequence[Tier] = (),
    number: int = 0,
    assertions: int = 0,
    tries: int = TRIES,
    prompts: PromptFolder | None = None,
    nobody: Callable[[ModelError], None] = lambda _: None,
) -> Reproduction | None:
    """A validated test, or None when none was found in `tries` answers (which is told through `say`).

    A tester whose model is not there hands over to the next of `stand_ins`, unless its outage is to be waited out,
    which raises ModelUnavailable; `nobody` is told why the last of them is not there. `number` above 0 asks for a
    further, different test; `assertions` above 0 bounds how many it makes. Raises OverBudget from the metered calls,
    and SandboxUnavailable.
    """
    if is_empty(issue):
        return None
    prompts = prompts or PromptFolder()
    located = localize(issue, test_bed.workspace, limit_tokens=CONTEXT_TOKENS)
    path = place(issue, test_bed, number, [one.path for one in located if not is_test(one.path)])
    order = _Order(issue, test_bed, path, say, prompts, number=number, tries=tries)
    more = self_test_request(number, assertions, prompts)
    writers = [tester, *(t for t in stand_ins if t.name != tester.name)]
    for place_in_line, writer in enumerate(writers):
        try:
            return _fitting(order, located, more, writer)
        except ModelError as error:
            if isinstance(error, ModelUnavailable) and writer.waits(error):
                raise
            after = writers[place_in_line + 1 :]
            text = f"{after[0].name} writes the test instead" if after else "no reproduction test"
            say(
                Step(
                    "reproduction",
                    f"{writer.name} cannot write a test, so {text}: {error}" if after else f"{text}: {error}",
                )
            )
            if not after:
                nobody(error)
    return None


@dataclass(frozen=True, slots=True)
class _Order:
    """One test that is asked for."""

    issue: Issue
    test_bed: TestBed
    path: str
    say: Callable[[Step], None]
    prompts: PromptFolder
    number: int
    tries: int


def _fitting(order: _Order, located: Sequence[Located], more: str, writer: Tier) -> Reproduction | None:
    """What `_written` gives, with fewer files for a model that cannot read so much."""
    limit = CONTEXT_TOKENS
    while True:
        try:
            return _written(order, _opening(order, located, more, limit), writer)
        except PromptTooLong:
            limit //= 2
            if limit < CONTEXT_TOKENS // 8:
                raise
            text = f"that is more than {writer.name} reads: it is shown files of about {limit:,} tokens"
            order.say(Step("reproduction", text, {"tokens": limit}))


def _written(order: _Order, opened: Sequence[Message], tester: Tier) -> Reproduction | None:
    """The best valid test in `order.tries` answers of one tester: the first that asks for nothing nobody named, else
    the first valid one. A tester that solves as an agent corrects a refused answer in the sandbox instead of answering
    again. Raises ModelError, OverBudget; with a valid test in hand neither is raised."""
    prompts, messages = order.prompts, list(opened)
    kept: Reproduction | None = None
    for left in reversed(range(order.tries)):
        try:
            answer = ask(tester.model, _prompt(order, messages, tester))
            tried = _try(order, code(answer.text), again=bool(left))
            if tried.valid is None and left and tester.solver == "agent":
                return _by_agent(order, opened, tried, tester) or kept
        except (ModelError, OverBudget):
            if kept is not None:
                return kept
            raise
        if tried.valid is not None and not tried.why:
            return tried.valid
        kept = kept or tried.valid
        if left:
            retry = prompts.load("reproduction-retry").fill(why=tried.why, output=fence("output", tried.output))
            messages += [Message("assistant", answer.text or "(empty)"), Message("user", retry)]
    return kept


@dataclass(frozen=True, slots=True)
class _Tried:
    """A candidate after it was run: a valid test or None, and `why` it cannot be used or may ask for too much."""

    content: bytes
    valid: Reproduction | None
    why: str
    output: str


def _try(order: _Order, content: bytes, *, again: bool) -> _Tried:
    """Run a candidate at the base commit and tell what came of it; `again`: one that may ask for too much is asked for
    again. Raises SandboxUnavailable."""
    reason, results = validate(content, order.path, order.issue, order.test_bed)
    executed = list(reason.executed[:20])
    facts = {"path": order.path, "right": reason.right, "why": reason.why, "executed": executed}
    if not reason.right:
        order.say(Step("reproduction", f"a test from the issue was refused: {reason.why}", facts))
        return _Tried(content, None, reason.why, output_of(results))
    why = overspecified(content, order.path, issue_text(order.issue), order.test_bed.workspace)
    if why:
        after = "is asked for again" if again else "is used all the same"
        order.say(Step("reproduction", f"a test from the issue may ask for too much and {after}: {why}", facts))
    else:
        order.say(Step("reproduction", f"a test from the issue fails before any change: {reason.why}", facts))
    return _Tried(content, _reproduction(order.path, content, results), why, output_of(results))


def _by_agent(order: _Order, opened: Sequence[Message], tried: _Tried, tester: Tier) -> Reproduction | None:
    """The test as an agent corrected it, judged like any other. Raises ModelError, OverBudget, SandboxUnavailable."""
    order.say(Step("reproduction", f"{tester.name} corrects the test in the sandbox", {"tier": tester.name}))
    refused = RefusedTest(order.path, tried.content, tried.why, tried.output)
    asked = [opened[1], opened[-1]]  # files and issue, and where the test goes: the agent's rules are its own
    content, said = corrected(refused, asked, order.test_bed, tester, order.say, order.prompts)
    if content == tried.content:
        content = code(said)  # it answered instead of writing
    return _try(order, content, again=False).valid


def _prompt(order: _Order, messages: Sequence[Message], tester: Tier) -> Prompt:
    return Prompt(
        tuple(messages),
        purpose="reproduction",
        temperature=min(0.3 * order.number, 1.0) if order.number else None,
        max_output_tokens=tester.max_output_tokens,
        digest=digest(*(order.prompts.load(name) for name in PROMPTS)),
    )


def _reproduction(path: str, content: bytes, results: Sequence[TestResult]) -> Reproduction:
    failing = [r for r in results if r.outcome in (TestOutcome.FAILED, TestOutcome.ERROR)]
    before = "\n".join(f"{r.id}: {r.message}" for r in failing)[:4_000]
    return Reproduction(path, content, tuple(r.id for r in failing), before)


def self_test_request(number: int, assertions: int, prompts: PromptFolder) -> str:
    """What a self-test is asked for beyond a first test. Raises PromptError."""
    few = prompts.load("reproduction-assertions").fill(assertions=str(assertions)) + " " if assertions else ""
    return few + (prompts.load("reproduction-another").fill(number=str(number + 1)) if number else "")


def _opening(order: _Order, located: Sequence[Located], more: str, limit_tokens: int) -> list[Message]:
    """The first messages: files and issue, as whoever solves it sees them, then the rules, then where the test goes."""
    prompts, test_bed = order.prompts, order.test_bed
    sample = example(test_bed, [one.path for one in located if not is_test(one.path)])
    neighbour = (test_bed.workspace.read_text(sample) or "")[:6_000] if sample else ""
    offered = fixtures(test_bed.workspace, order.path) if order.path.endswith(".py") else ()
    imitated = [fence("example", neighbour, path=sample)] if neighbour else [prompts.load("no-example-test").fill()]
    if offered:
        imitated.append(fence("fixtures", shown(offered, neighbour)[:6_000]))
    task = prompts.load("reproduction-issue").fill(
        example=prompts.load("reproduction-example").fill(example="\n\n".join(imitated)),
        path=order.path,
        runner=test_bed.recipe.runner or test_bed.recipe.language,
        more=more,
    )
    return [
        *opening(order.issue, test_bed.workspace, prompts, located, limit_tokens),
        Message("user", prompts.load("reproduction-rules").fill()),
        Message("user", task),
    ]


def code(text: str) -> bytes:
    """The longest fenced code block of an answer; the answer itself when nothing is fenced but it reads like code."""
    blocks: list[str] = re.findall(r"^```[^\n`]*\n(.*?)^```", text.replace("\r\n", "\n"), re.MULTILINE | re.DOTALL)
    if blocks:
        return max(blocks, key=len).encode("utf-8", "surrogateescape")
    if re.search(
        r"^\s*(?:def test|class Test|import |from \w+ import|package |func Test|describe\()", text, re.MULTILINE
    ):
        return (text.strip() + "\n").encode("utf-8", "surrogateescape")
    return b""
