"""Existing tests that pin the very behaviour that an issue wants changed: a patch that breaks them asks. Pure.

Of real issues, up to one in six changes what old tests pin. A patch that earns the reproduction and breaks a few such
tests is neither right nor wrong by executed evidence, so people decide, and see what they decide on.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from sandbox.testing.report import TestOutcome, TestResult
from strategies.verdict import Judged, Reproduction, Rung, Verdict

FEW = 3
"""So many broken tests are a few in any suite."""
SHARE = 100
"""In a large suite, one of so many passing tests may be broken."""
LONGEST = 30
"""Lines of one test that are quoted."""

_KIND = re.compile(r"\b([A-Z]\w*(?:Error|Exception|Failure|Warning))\b")
_ASSERTION_KINDS = frozenset(
    {"AssertionError", "AssertionFailedError", "AssertionFailure", "ComparisonFailure", "JestAssertionError"}
)
_EXPECTATION = re.compile(
    r"^assert\b|DID NOT RAISE|ERR_ASSERTION|expect\(|\bexpected\b.*|assertion .*failed|\.go:\d+: ",
    re.IGNORECASE | re.MULTILINE,
)
_CRASH = re.compile(r"^panic: |SIGSEGV|Segmentation fault|stack overflow|called `(?:Option|Result)::", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class PinnableChange:
    """What a patch changes, as far as it tells which tests pin it.

    `near` are the test files that it concerns (empty where nobody can tell), `subject` the names of code that the issue
    is about (`subject_of`), `issue` its text, and `code_of` gives a test's code at the base commit, "" for unknown.
    """

    near: Collection[str]
    subject: Collection[str]
    issue: str
    code_of: Callable[[TestResult], str]


def pinned(broken: Sequence[str], results: Mapping[str, TestResult], passing: int, change: PinnableChange) -> bool:
    """Whether broken tests are few, each by a failed expectation, and of the very behaviour that the issue is about.

    `broken` are ids of tests that passed before, of which `passing` did; one without a failing result (it vanished, or
    is skipped) never asks.
    """
    if not broken or len(broken) > max(FEW, passing // SHARE) or 2 * len(broken) > passing:
        return False
    found = [results[i] for i in broken if i in results]
    if len(found) < len(broken) or any(r.outcome is not TestOutcome.FAILED for r in found):
        return False
    if change.near and not all(any(r.file == path or r.id.startswith(path) for path in change.near) for r in found):
        return False
    subject = set(change.subject)
    return all(is_expectation(r.message, change.issue) and subject & words(change.code_of(r)) for r in found)


_COMMON = frozenset(
    # what code of any kind says: keywords of the usual languages, Python's built-in names, and words of tests
    {*keyword.kwlist, *dir(builtins), "self", "cls", "const", "let", "var", "function", "func", "require", "export",
     "default", "module", "exports", "new", "this", "null", "undefined", "true", "false", "public", "private", "static",
     "void", "final", "int", "string", "package", "struct", "impl", "pub", "use", "mod", "mut", "match", "test",
     "tests", "expect", "equal", "strictEqual", "deepEqual", "describe", "testing", "assertEqual", "assertEquals",
     "pytest", "unittest", "expected", "result", "value", "name", "data"}
)  # fmt: skip


def words(text: str) -> frozenset[str]:
    """The identifiers of a text that are not common to any code."""
    return frozenset(re.findall(r"[A-Za-z_]\w{2,}", text)) - _COMMON


def subject_of(test: str, issue: str, changed: str) -> frozenset[str]:
    """The names that an issue is about: those that the test written from it uses and the `changed` files hold, narrowed
    to those that the issue itself names where it names any."""
    both = words(test) & words(changed)
    return both & words(issue) or both


def is_expectation(message: str, issue: str = "") -> bool:
    """Whether a failure is a failed expectation, and not a crash: the code answered, and with something else.

    An exception that the `issue` names is an answer, too.
    """
    if not message.strip():
        return False  # nothing is known of it
    if _CRASH.search(message):
        return False
    told = [line[1:].strip() for line in message.splitlines() if re.match(r"E\s", line)]
    if not told and "Traceback (most recent call last)" in message:  # what it raised stands behind the indented places
        told = [line for line in message.splitlines() if line[:1].strip() and not line.startswith("Traceback")]
    text = "\n".join(told) or message  # pytest marks what happened by `E`; the rest is source code
    if "DID NOT RAISE" in text:
        return True
    kinds = _KIND.findall(text)
    if kinds and not (_EXPECTATION.match(text.lstrip()) and told):
        return kinds[0] in _ASSERTION_KINDS or bool(re.search(rf"\b{kinds[0]}\b", issue))
    return _EXPECTATION.search(text) is not None


def ask(verdict: Verdict, reproduction: Reproduction) -> Verdict:
    """The question that a patch asks which earned the reproduction and broke pinned tests: people decide."""
    evidence = verdict.evidence
    earned = replace(
        evidence,
        rungs=(evidence.rungs | {Rung.BUILDS, Rung.REPRODUCTION}) - {Rung.REGRESSION},
        reproduction=replace(reproduction, after="", passes=True),
        asks=evidence.broken,
    )
    return Verdict(Judged.UNJUDGED, earned, verdict.feedback)


@dataclass(frozen=True, slots=True)
class PinnedTest:
    """A test that a patch asks about. `path` and `code` are "" where they could not be found."""

    id: str
    path: str
    code: str


def quoted(ids: Sequence[str], paths: Collection[str], read: Mapping[str, str]) -> tuple[PinnedTest, ...]:
    """The tests with their code at the base commit. `paths` are the repository's files, of which `read` has the text of
    those that may hold one of the tests (`holding`)."""
    found = []
    for test in ids:
        path = file_of(test, paths)
        found.append(PinnedTest(test, path, code_of(test, read.get(path, ""))))
    return tuple(found)


def file_of(test: str, paths: Collection[str]) -> str:
    """The file that a test's id begins with; "" when the id names none."""
    return max((p for p in paths if test == p or re.match(re.escape(p) + r"\W", test)), key=len, default="")


def code_of(test: str, text: str) -> str:
    """The lines of one test in its file's text: from the line that names it to the next one that is not indented more
    deeply; "" when it is not found. Works for languages that indent."""
    name = re.sub(r"\[.*\]$", "", test.rstrip(")(")).split("::")[-1].split(" > ")[-1].split("/")[-1].strip()
    lines = text.split("\n")
    named = re.compile(rf"(?<![\w.]){re.escape(name)}(?!\w)")
    starts = [i for i, line in enumerate(lines) if named.search(line)] if name else []
    start = next((i for i in starts if re.search(r"\b(?:def|func|fn|it|test|void|fun)\b", lines[i])), None)
    if start is None:
        return ""
    depth = _indent(lines[start])
    end = start + 1
    while end < len(lines) and (not lines[end].strip() or _indent(lines[end]) > depth):
        end += 1
    if end < len(lines) and lines[end].strip()[:1] in ("}", ")"):  # what closes it
        end += 1
    shown = [line.rstrip() for line in lines[start:end]]
    while shown and not shown[-1]:
        shown.pop()
    shown = [line[depth:] for line in shown]
    return "\n".join(shown if len(shown) <= LONGEST else [*shown[:LONGEST], "…"])


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def updates_them(restored: Collection[str], tests: Collection[PinnedTest]) -> bool:
    """Whether the existing test files that a patch edits are exactly those that hold the tests it asks about."""
    return bool(tests) and set(restored) == {t.path for t in tests}
