"""A test written from the issue: it must fail on the base commit, for the right reason, before it may judge a patch."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.backend import Sandbox
from sandbox.recipe import Recipe
from sandbox.repository.workspace import Workspace
from sandbox.testing.report import TestOutcome, TestReport, TestResult
from sandbox.testing.testrun import run_tests
from sandbox.testing.tests_guard import is_test
from strategies.issue import Issue
from strategies.localization.localize import localize
from strategies.localization.pack import pack
from strategies.models.asking import ask
from strategies.models.model import Message, ModelError, Prompt
from strategies.prompts.fence import fence
from strategies.prompts.prompt import PromptFolder, digest
from strategies.prompts.sections import ISSUE_PROMPTS, is_empty, issue_section
from strategies.step import Step
from strategies.tier import Tier
from strategies.verdict import Reproduction
from strategies.verification.failure_reason import Reason, right_reason

TRIES = 3
CONTEXT_TOKENS = 12_000
SECONDS = 120.0
"""How often the tester is asked, how much of the code it sees, and how long its test may run."""
STUB, IMITABLE = 80, 1_500
"""Bytes of a test file too small to imitate, and of one that shows the style without costing much."""
PROMPTS = (
    "reproduction-system",
    "reproduction-files",
    "reproduction-issue",
    "reproduction-retry",
    "reproduction-assertions",
    "reproduction-another",
    "no-located-file",
    "no-example-test",
    *ISSUE_PROMPTS,
)


@dataclass(frozen=True, slots=True)
class TestBed:
    """What a reproduction test is validated in. `open_base` gives a fresh sandbox at the base commit."""

    recipe: Recipe
    workspace: Workspace
    open_base: Callable[[], Sandbox]
    existing: frozenset[str]


def write_reproduction(
    issue: Issue,
    test_bed: TestBed,
    tester: Tier,
    say: Callable[[Step], None],
    *,
    number: int = 0,
    assertions: int = 0,
    tries: int = TRIES,
    prompts: PromptFolder | None = None,
) -> Reproduction | None:
    """A validated test, or None when the tester found none in `tries` answers (which is told through `say`).

    `number` above 0 asks for a further, different one; `assertions` above 0 bounds how many it makes.
    Raises OverBudget from the metered calls and SandboxUnavailable; a model that is not there gives None.
    """
    if is_empty(issue):
        return None
    prompts = prompts or PromptFolder()
    path = place(issue, test_bed, number)
    messages = opening(issue, test_bed, path, prompts, self_test_request(number, assertions, prompts))
    for left in reversed(range(tries)):
        prompt = Prompt(
            tuple(messages),
            purpose="reproduction",
            temperature=min(0.3 * number, 1.0) if number else None,
            max_output_tokens=tester.max_output_tokens,
            digest=digest(*(prompts.load(name) for name in PROMPTS)),
        )
        try:
            answer = ask(tester.model, prompt)
        except ModelError as error:
            say(Step("reproduction", f"no reproduction test: {error}"))
            return None
        content = code(answer.text)
        reason, results = validate(content, path, issue, test_bed)
        facts = {"path": path, "right": reason.right, "why": reason.why}
        if reason.right:
            say(Step("reproduction", f"a test from the issue fails before any change: {reason.why}", facts))
            before = "\n".join(f"{r.id}: {r.message}" for r in results)[:4_000]
            return Reproduction(path, content, tuple(r.id for r in results), before)
        say(Step("reproduction", f"a test from the issue was refused: {reason.why}", facts))
        if left:
            retry = prompts.load("reproduction-retry").fill(why=reason.why, output=fence("output", output_of(results)))
            messages += [Message("assistant", answer.text or "(empty)"), Message("user", retry)]
    return None


def validate(content: bytes, path: str, issue: Issue, test_bed: TestBed) -> tuple[Reason, tuple[TestResult, ...]]:
    """Run a candidate at the base commit and say whether it fails there for the right reason.

    Raises SandboxUnavailable.
    """
    if not content.strip():
        return Reason(False, "the answer holds no code block"), ()
    with test_bed.open_base() as sandbox:
        sandbox.write({path: content})
        only = (selector(test_bed.recipe, path),) if test_bed.recipe.test_only else ()
        run = run_tests(sandbox, test_bed.recipe, only=only, timeout=SECONDS)
    if run.report is None:
        return Reason(False, f"it could not be run: {run.reason[:1_500]}"), ()
    results = own(run.report, path, test_bed.existing)
    text = f"{issue.title}\n{issue.body}\n{issue.instructions}\n" + "\n".join(c.body for c in issue.comments)
    return right_reason(results, text, path), results


def own(report: TestReport, path: str, existing: frozenset[str]) -> tuple[TestResult, ...]:
    """The results that belong to a new test file: by its path where the runner tells, else every new id."""
    mine = [r for r in report.results.values() if r.file == path or r.id.startswith(path)]
    return tuple(mine or [r for i, r in sorted(report.results.items()) if i not in existing])


def selector(recipe: Recipe, path: str) -> str:
    """How the runner is told to run one test file."""
    if recipe.runner == "go":
        return "./" + posixpath.dirname(path)
    if recipe.runner in ("maven", "gradle"):
        return posixpath.basename(path).rsplit(".", 1)[0]
    return path


def self_test_request(number: int, assertions: int, prompts: PromptFolder) -> str:
    """What a self-test is asked for beyond a first test. Raises PromptError."""
    few = prompts.load("reproduction-assertions").fill(assertions=str(assertions)) + " " if assertions else ""
    return few + (prompts.load("reproduction-another").fill(number=str(number + 1)) if number else "")


def place(issue: Issue, test_bed: TestBed, number: int = 0) -> str:
    """A free path for a new test, beside and named like the repository's own tests."""
    known = {f.path for f in test_bed.workspace.files()}
    mark = (str(issue.number) if issue.number else "here") + (f"_{number + 1}" if number else "")
    for extra in ("", "_b", "_c", "_d"):
        path = named_like(example(test_bed), f"{mark}{extra}", test_bed.recipe)
        if path not in known:
            return path
    return path


def named_like(sample: str, mark: str, recipe: Recipe) -> str:
    """A file name for issue `mark` after the pattern of an existing test file's name."""
    folder, name = posixpath.split(sample)
    folder = folder or recipe.test_folder
    if name.endswith(".py") or recipe.runner == "pytest":
        name = f"issue_{mark}_test.py" if name.endswith("_test.py") else f"test_issue_{mark}.py"
    elif name.endswith("_test.go"):
        name = f"issue_{mark}_test.go"
    elif name.endswith((".java", ".kt")):
        name = f"Issue{mark.title().replace('_', '')}Test.{name.rsplit('.', 1)[1]}"
    elif name.endswith(".rs"):
        folder, name = "tests", f"issue_{mark}.rs"
    elif found := re.search(r"([.-](?:test|spec)\.[cm]?[jt]sx?)$", name):
        name = f"issue-{mark}{found[1]}"
    else:
        stem, dot, ending = name.partition(".")
        name = f"{stem or 'test'}-issue-{mark}{dot}{ending}"
    return posixpath.join(folder, name)


def example(test_bed: TestBed) -> str:
    """An existing test file to write like: in the test folder, of middle size; "" when there is none."""
    tests = [f for f in test_bed.workspace.files() if is_test(f.path) and f.mode.startswith("100") and f.size > STUB]
    ending = {"python": ".py", "go": ".go", "rust": ".rs", "java": ".java"}.get(test_bed.recipe.language, "")
    tests = [f for f in tests if f.path.endswith(ending) and not f.path.endswith(("conftest.py", "__init__.py"))]
    if not tests:
        return ""
    inside = [f for f in tests if f.path.startswith(test_bed.recipe.test_folder)] or tests
    return min(inside, key=lambda f: (abs(f.size - IMITABLE), f.path)).path


def opening(issue: Issue, test_bed: TestBed, path: str, prompts: PromptFolder, more: str = "") -> list[Message]:
    """The first messages: rules, files (stable, cacheable), then the issue and where the test goes."""
    located = localize(issue, test_bed.workspace, limit_tokens=CONTEXT_TOKENS)
    sample = example(test_bed)
    shown = (test_bed.workspace.read_text(sample) or "")[:6_000] if sample else ""
    files = prompts.load("reproduction-files").fill(
        files=pack(located, test_bed.workspace, CONTEXT_TOKENS) or prompts.load("no-located-file").fill(),
        example=fence("example", shown, path=sample) if shown else prompts.load("no-example-test").fill(),
    )
    task = prompts.load("reproduction-issue").fill(
        issue=issue_section(issue, prompts),
        path=path,
        runner=test_bed.recipe.runner or test_bed.recipe.language,
        more=more,
    )
    return [
        Message("system", prompts.load("reproduction-system").fill()),
        Message("user", files, cache=True),
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


def output_of(results: tuple[TestResult, ...]) -> str:
    """The output of a candidate's run, for the retry."""
    return "\n".join(f"{r.id} {r.outcome}\n{r.message}" for r in results)[:3_000] or "(nothing)"


def passes(report: TestReport, reproduction: Reproduction, existing: frozenset[str]) -> tuple[bool, str]:
    """Whether every test of the reproduction that failed before is there and passes now, and what it says."""
    results = {r.id: r for r in own(report, reproduction.path, existing)}
    wrong = [i for i in reproduction.ids if i not in results or results[i].outcome is not TestOutcome.PASSED]
    told = "\n".join(f"{i}: {results[i].message if i in results else 'did not run'}" for i in wrong)
    return not wrong, told[:4_000]
