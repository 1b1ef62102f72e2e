"""One case: a small repository, a patch, and the verdict that it must get.

Adding one is a call of `wrong` or `right` in a file of `cases/`; CONTRIBUTING.md shows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from sandbox.repository.patch import Patch
from strategies.judge import Accept
from strategies.verdict import Judged, Verdict

Runner = Literal["pytest", "unittest", "node", "jest", "vitest", "mocha", "go", "cargo"]
Change = Mapping[str, str | bytes | None]
"""New contents by path; None deletes."""


@dataclass(frozen=True, slots=True)
class Repository:
    """A small repository with one mistake. `issue` is its report (title, body), `test` what a good tester answers.

    `fix` are the files that resolve the issue. `command` is the `test:` line of its `.github/autofix.yml`, if any.
    """

    name: str
    runner: Runner
    files: Mapping[str, str | bytes]
    fix: Change
    test: str
    issue: tuple[str, str]
    command: str | None = None

    def having(self, files: Mapping[str, str | bytes], *, command: str | None = None) -> Repository:
        """The same repository with further or other files, and perhaps with a `test:` of its own."""
        return replace(self, files={**self.files, **files}, command=command or self.command)

    def edited(self, path: str, *swaps: tuple[str, str]) -> Change:
        """The fix, with text replaced in `path` as the fix leaves it. Raises ValueError for text that is not there."""
        found = self.fix.get(path, self.files.get(path))
        text = found.decode() if isinstance(found, bytes) else found or ""
        for old, new in swaps:
            if old not in text:
                raise ValueError(f"{path} of {self.name} does not hold {old!r}")
            text = text.replace(old, new)
        return {**self.fix, path: text}


@dataclass(frozen=True, slots=True)
class Expected:
    """A verdict. `because` is a part of its words; `doubts` and `asks` are parts of what makes it only a draft."""

    judged: Judged
    because: str = ""
    doubts: str = ""
    asks: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """`change` is applied to `repository`; `accept` is the evidence asked for; `kind` what the patch really is."""

    kind: Literal["wrong", "right"]
    what: str
    repository: Repository
    change: Change
    expected: Expected
    accept: Accept = "reproduction"
    test: str | None = None

    @property
    def answer(self) -> str:
        """What the tester answers."""
        return self.repository.test if self.test is None else self.test

    @property
    def patch(self) -> Patch:
        return Patch({p: c.encode() if isinstance(c, str) else c for p, c in self.change.items()})


def wrong(
    what: str,
    repository: Repository,
    change: Change,
    expected: Expected,
    *,
    accept: Accept = "reproduction",
    test: str | None = None,
) -> Case:
    """A patch that must not be accepted. Raises ValueError for an expectation that any verdict of its kind meets."""
    _words(expected.because + expected.doubts + expected.asks)
    return Case("wrong", what, repository, change, expected, accept, test)


def right(
    what: str,
    repository: Repository,
    change: Change | None = None,
    *,
    accept: Accept = "reproduction",
    test: str | None = None,
    expected: Expected | None = None,
) -> Case:
    """A patch that must be accepted: the repository's own fix, unless another is given."""
    passed = expected or Expected(Judged.PASSED)
    return Case("right", what, repository, repository.fix if change is None else change, passed, accept, test)


def failed(because: str) -> Expected:
    """Executed evidence, or a rule, speaks against it. Raises ValueError for no words."""
    return Expected(Judged.FAILED, _words(because))


def unjudged(because: str) -> Expected:
    """Nobody can tell. Raises ValueError for no words."""
    return Expected(Judged.UNJUDGED, _words(because))


def doubted(doubts: str) -> Expected:
    """It earned the evidence, and is only offered as a draft that says why. Raises ValueError for no words."""
    return Expected(Judged.PASSED, doubts=_words(doubts))


def asking(asks: str) -> Expected:
    """It breaks tests that pin what the issue wants changed: people are asked. Raises ValueError for no words."""
    return Expected(Judged.UNJUDGED, asks=_words(asks))


def _words(part: str) -> str:
    """What a verdict must say: every verdict says nothing at all."""
    if not part.strip():
        raise ValueError("a case must name a part of what its verdict says")
    return part


def miss(expected: Expected, verdict: Verdict) -> str:
    """How a verdict differs from what it must be; "" when it does not."""
    evidence = verdict.evidence
    if verdict.judged is not expected.judged:
        return f"{verdict.judged} instead of {expected.judged}"
    said = "\n".join((verdict.feedback, *evidence.notes))
    if expected.because.lower() not in said.lower():
        return f"{verdict.judged}, but it does not say {expected.because!r}"
    doubts = evidence.doubts if verdict.judged is Judged.PASSED else ()  # beside a failure they change nothing
    for name, part, found in (("doubts", expected.doubts, doubts), ("asks", expected.asks, evidence.asks)):
        if bool(part) != bool(found):
            return f"{verdict.judged}, {name}: {'; '.join(found) or 'none'}"
        if not any(part.lower() in one.lower() for one in found or ("",)):
            return f"{verdict.judged}, but its {name} do not say {part!r}: {'; '.join(found)}"
    return ""
