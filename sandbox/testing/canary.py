"""The canary: a failing test added to the repository's own. A report that does not show it fail is not trusted.

The code under judgment runs in the same process as the runner and can make it say anything; it cannot know this test
beforehand, because it is named, placed and written differently in every run, of words that any test is made of.
"""

from __future__ import annotations

import posixpath
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sandbox.recipe import Canary
from sandbox.testing.report import TestReport

_WORDS = """
account amount archive balance batch border branch budget bundle cache cart catalog channel chart choice client clock
cluster color column comment config content count cursor customer daily default delta detail device digest discount
document domain draft edge editor element empty entry error event export factor field filter folder format frame
gateway graph group header history image index input invoice item journal label language layout ledger length letter
level limit line list locale margin market matrix member message meter mode month name network node note number object
offset option order output owner packet page panel parcel parser partial path payment period person pixel plan point
policy pool price product profile quantity query queue range rate ratio reader record region report request result
route rounding row rule sample schema score search section series session shape share signal single size slot source
stage state status stock stream string style subject summary symbol table target tax template text theme ticket title
token total track unit update user value vector version view volume weight width window word writer year zone
"""
WORDS = tuple(_WORDS.split())
FAILURES: Mapping[str, tuple[str, ...]] = {
    "py": (
        "assert {a} + {b} == {c}",
        "assert '{word}'.upper() == '{word}'",
        "assert sorted([{c}, {a}]) == [{c}, {a}]",
        "raise ValueError('{word} {a}')",
        "{word} = {a}\n    assert {word} > {c}",
        "assert dict({word}={a}) == dict({word}={c})",
    ),
    "js": (
        "throw new Error('{word} {a}')",
        "if ({a} + {b} !== {c}) throw new RangeError('{word}: {c}')",
        "const {word}s = [{a}, {c}]; if ({word}s[0] < {word}s[1]) throw new TypeError('{word}')",
        "let {word}Of = {a}; if ({word}Of !== {c}) throw new Error(String({word}Of))",
    ),
    "go": (
        't.Fatal("{word} is not {a}")',
        't.Errorf("got %d {word}, want %d", {a}, {c})',
        'if {word}Of := {a}; {word}Of < {c} {{ t.Fatalf("{word} %d", {word}Of) }}',
    ),
    "rs": (
        "assert_eq!({a} + {b}, {c});",
        'panic!("{word} {a}");',
        "let {word}_of = {a}; assert!({word}_of > {c});",
    ),
    "java": (
        'throw new AssertionError("{word} {a}");',
        'throw new IllegalStateException("{word} is not {c}");',
        'int {word}Of = {a}; if ({word}Of < {c}) throw new AssertionError("{word}: " + {word}Of);',
    ),
    "kt": (
        'throw AssertionError("{word} {a}")',
        'throw IllegalStateException("{word} is not {c}")',
    ),
}
"""By file ending, statements that fail: {a} + {b} is less than {c}, {word} is a word of WORDS."""
_SHAPES = (
    re.compile(r"^(?P<before>test_)\w+(?P<after>\.py)$"),
    re.compile(r"^(?P<before>)\w+(?P<after>_test\.py)$"),
)
_ENDINGS = {"mjs": "js", "cjs": "js", "ts": "js", "mts": "js", "cts": "js", "jsx": "js", "tsx": "js"}


@dataclass(frozen=True, slots=True)
class PlantedCanary:
    """A canary with its name and its failure filled in."""

    name: str
    path: str
    content: bytes
    only: str

    @property
    def place(self) -> str:
        """What to remove afterwards: its file, or the folder that is its own."""
        parts = self.path.split("/")
        own = next((n for n, part in enumerate(parts, 1) if self.name in part), len(parts))
        return "/".join(parts[:own])

    def reported(self, report: TestReport) -> bool:
        """Whether the report says that it failed."""
        return any(self.name in i for i in report.failed)

    def removed(self, report: TestReport) -> TestReport:
        """The report without it."""
        results = {i: r for i, r in report.results.items() if self.name not in i and self.path != r.file}
        uncollected = tuple(i for i in report.uncollected if self.name not in i)
        return replace(report, results=results, uncollected=uncollected)


def make_canary(canary: Canary, beside: Sequence[str] = ()) -> PlantedCanary:
    """Choose a name, a place and a failure, which the code under judgment cannot know beforehand.

    The place is `canary.path`, or for pytest the folder of one of `beside`, test files that are known to be collected;
    the name is then shaped like that file's.
    """
    name = "_".join([*(secrets.choice(WORDS) for _ in range(3)), str(secrets.randbelow(9_000) + 1_000)])
    ending = canary.path.rsplit(".", 1)[-1]
    path = canary.path.replace("{name}", name)
    shaped = sorted({p for sample in beside if (p := shape(sample, name))})
    if shaped and ending == "py" and not canary.only:
        path = secrets.choice(shaped)
    content = canary.content.replace("{failure}", _failure(_ENDINGS.get(ending, ending))).replace("{name}", name)
    return PlantedCanary(name, path, content.encode(), canary.only.replace("{name}", name) or path)


def shape(sample: str, name: str) -> str:
    """A path beside the test file `sample` whose name has the same shape; "" when that has none we know."""
    folder, base = posixpath.split(sample)
    found = next((m for pattern in _SHAPES if (m := pattern.match(base))), None)
    return posixpath.join(folder, f"{found['before']}{name}{found['after']}") if found else ""


def _failure(ending: str) -> str:
    a, b = secrets.randbelow(400) + 100, secrets.randbelow(90) + 10
    c = a + b + 1 + secrets.randbelow(50)
    statement = secrets.choice(FAILURES.get(ending, ("",)))
    return statement.format(a=a, b=b, c=c, word=secrets.choice(WORDS))
