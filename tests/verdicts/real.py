"""`python -m tests.verdicts.real [NAME==OLD..NEW …]`: judges what real maintainers changed, and what they did not.

The base is a release of a real package, the reference patch is what the next release changed outside its tests, and
what the tester answers are the next release's own tests: of those that changed, one file that fails before and passes
after. With `--history DIR`, bases and references are commits that fix something, the newest of each repository in DIR:
one issue each, where a release holds many. The reference must be accepted at level `reproduction`; with one of its changes taken back, or turned round, so
that an independent run of the same tests fails, it must not be. Sources come from the registry, by pip in a sandbox.

The last line gives both rates, and the wall time of environments, baselines and judging, in seconds. The exit code is 1
when a reference was not accepted, or a mutated one was.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import itertools
import logging
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path

from sandbox.backend import Backend
from sandbox.backends import BackendOptions, choose
from sandbox.errors import MirrorError, PatchRejected, PreparationFailed, SandboxUnavailable
from sandbox.guard.path_names import is_test
from sandbox.recipes.discovery import discover
from sandbox.repository.mirror import Mirror
from sandbox.repository.patch import Patch
from sandbox.repository.patch_rules import violations
from sandbox.repository.workspace import Workspace
from sandbox.testing.report import TestReport
from sandbox.testing.testrun import run_tests
from strategies.issue import Issue
from strategies.models.in_memory_meter import CapMeter
from strategies.models.meter import Metered
from strategies.reproduction.validation import passes
from strategies.step import Step
from strategies.tier import Tier
from strategies.verdict import Judged, Reproduction, Verdict
from strategies.verification.baseline import NoBaseline
from strategies.verification.request import VerificationRequest
from strategies.verification.verification import Verification
from tests.bench.localize_history import fixes
from tests.fakes.model import ScriptedModel
from tests.repositories.checkout import workspace_of_archive
from tests.repositories.fact import Fact
from tests.repositories.registries import NotFetched, fetch
from tests.verdicts.__main__ import BACKENDS, folder_of

PAIRS = (
    "sqlparse==0.5.0..0.5.1",
    "tomlkit==0.12.4..0.12.5",
    "marshmallow==3.21.1..3.21.2",
    "more-itertools==10.2.0..10.3.0",
    "cachetools==5.3.3..5.4.0",
    "itsdangerous==2.1.2..2.2.0",
    "click==8.1.6..8.1.7",
    "flask==3.0.0..3.0.1",
    "werkzeug==3.0.1..3.0.2",
    "jinja2==3.1.3..3.1.4",
    "natsort==8.3.1..8.4.0",
)
MUTANTS = 4
SECONDS = 300.0
ISSUE_CHARACTERS = 8_000
NEWS = ("change", "news", "history", "release")
TURNED = {"==": "!=", "<=": ">", ">=": "<", " and ": " or ", "True": "False", " is not ": " is ", " + ": " - "}


@dataclass(slots=True)
class Tally:
    """What came of all pairs. `spent` are seconds by phase."""

    references: int = 0
    accepted: int = 0
    asked: int = 0
    mutants: int = 0
    let_through: int = 0
    spent: dict[str, float] = field(default_factory=lambda: dict.fromkeys(("environment", "baseline", "judging"), 0.0))

    def line(self) -> str:
        """The last line."""
        spent = ", ".join(f"{phase} {seconds:.0f} s" for phase, seconds in self.spent.items())
        return (
            f"references accepted: {self.accepted} of {self.references} (asked about: {self.asked}), "
            f"mutated references accepted: {self.let_through} of {self.mutants}; {spent}"
        )


@dataclass(frozen=True, slots=True)
class Change:
    """What the newer release did: outside its tests, in its test files, and in its own words."""

    product: Patch
    tests: Mapping[str, bytes]
    words: str


def change_between(old: Workspace, new: Workspace) -> Change:
    """The reference patch and the tests that changed, those that changed most first."""
    before, after = ({f.path: f for f in w.files() if f.mode.startswith("100")} for w in (old, new))
    differing = {p for p in before.keys() | after.keys() if oid(before.get(p)) != oid(after.get(p))}
    product = {p: new.read(p) if p in after else None for p in differing if not is_test(p)}
    tests = {p: new.read(p) for p in differing & after.keys() if is_test(p) and p.endswith(".py")}
    news = [p for p in product if any(word in p.lower() for word in NEWS) and p.endswith((".rst", ".md", ".txt"))]
    words = "\n".join(line for p in news for line in added(old.read_text(p) or "", new.read_text(p) or ""))
    ordered = sorted(tests, key=lambda p: -len(added(old.read_text(p) or "", new.read_text(p) or "")))
    return Change(Patch(product), {p: tests[p] for p in ordered if "conftest" not in p}, words[:ISSUE_CHARACTERS])


def oid(file: object) -> str | None:
    """A tracked file's object id; None for a file that is not there."""
    return getattr(file, "oid", None)


def added(old: str, new: str) -> list[str]:
    """Lines that are only in `new`."""
    return [x[2:] for x in difflib.ndiff(old.splitlines(), new.splitlines()) if x.startswith("+ ")]


def mutants(old: Workspace, reference: Patch) -> Iterator[Patch]:
    """The reference with one of its changes taken back, then with one operator in what it adds turned round."""
    for path, content in sorted(reference.files.items()):
        before = old.read_text(path)
        if not path.endswith(".py") or content is None:
            continue
        was, now = (
            (before or "").splitlines(keepends=True),
            content.decode("utf-8", "replace").splitlines(keepends=True),
        )
        for kind, i, j, k, m in difflib.SequenceMatcher(None, was, now, autojunk=False).get_opcodes():
            if kind == "equal":
                continue
            changed = "".join(now[k:m])
            turned = next(((a, b) for a, b in TURNED.items() if a in changed), None)
            for other in ("".join(was[i:j]), changed.replace(*turned, 1) if turned else None):
                text = None if other is None else "".join([*now[:k], other, *now[m:]])
                if text is not None and parses(text) and text.encode() != content:
                    yield reference.merge(Patch({path: text.encode()}))


def parses(text: str) -> bool:
    """Whether it is Python: what does not parse would be no trial."""
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


def test_name(identity: str) -> str:
    """The function's name in a pytest id."""
    return identity.split("[", 1)[0].rsplit("::", 1)[-1]


def without(text: str, names: Collection[str]) -> str:
    """A test file without the functions of these names."""
    lines = text.splitlines(keepends=True)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name in names:
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            indent = lines[first - 1][: len(lines[first - 1]) - len(lines[first - 1].lstrip())]
            lines[first - 1 : node.end_lineno] = [f"{indent}pass\n", *[""] * ((node.end_lineno or first) - first)]
    return "".join(lines)


@dataclass(frozen=True, slots=True)
class Fix:
    """What a maintainer did: `name` for people, `key` of its environments, the trees before and after, and in which
    words ("": those of the change log)."""

    name: str
    key: str
    old: Callable[[], Workspace]
    new: Callable[[], Workspace]
    words: str = ""


def of_releases(pair: str, backend: Backend, home: Path) -> Fix:
    """`NAME==OLD..NEW`, two releases on PyPI. Their trees raise NotFetched."""
    name, _, versions = pair.partition("==")
    old, _, new = versions.partition("..")
    facts = [Fact(name, "python", "pypi", version, "", "2024-01-01", "") for version in (old, new)]
    before, after = (lambda f=f: workspace_of_archive(f, fetch(f, home, backend), home) for f in facts)
    return Fix(pair, facts[0].key, before, after)


def of_history(path: Path, home: Path, most: int) -> Iterator[Fix]:
    """The newest `most` commits of a repository that look like a fix of Python code with a test. Raises MirrorError."""
    mirror = Mirror.of_local(home, path)
    found = fixes(mirror, mirror.resolve("HEAD"))
    python = (one for one in found if all(source.endswith(".py") for source in one[3]))
    for commit, base, message, _ in itertools.islice(python, most):
        yield Fix(
            f"{path.name} {commit[:10]}",
            f"{path.name}-{base[:10]}",
            partial(mirror.workspace, base),
            partial(mirror.workspace, commit),
            message,
        )


class Trial:
    """One fix."""

    def __init__(self, fix: Fix, backend: Backend, folder: Path, tally: Tally) -> None:
        self.fix, self.backend, self.folder, self.tally = fix, backend, folder, tally
        self.pair = fix.name

    def run(self) -> None:
        """Judge the reference and up to four mutants of it, and print one line each."""
        with self.fix.old() as old, self.fix.new() as new:
            change = change_between(old, new)
            if not change.tests or not change.product:
                print(f"{self.pair}: no test changed between the two", flush=True)
                return
            verification = self._start(old, change)
            if verification is None:
                return
            started = time.monotonic()
            verdict = verification.judge(change.product)
            self.tally.spent["judging"] += time.monotonic() - started
            test = verdict.evidence.reproduction
            self.tally.references += 1
            self.tally.accepted += verdict.judged is Judged.PASSED
            self.tally.asked += bool(verdict.evidence.asks)
            self._say("reference", verdict)
            if verdict.judged is Judged.PASSED and test is not None:
                self._mutants(verification, old, change, test)

    def _start(self, old: Workspace, change: Change) -> Verification | None:
        recipe, looked = discover(old, setup=None, test=None, image=None)
        if recipe is None:
            print(f"{self.pair}: {'; '.join(looked)}", flush=True)
            return None
        answers: list[str] = []
        asked = itertools.count()
        model = ScriptedModel(lambda _: answers[next(asked) % len(answers)])
        tester = Tier("weak", Metered(model, CapMeter(Decimal(1000)), "weak"))
        title, _, body = (self.fix.words or f"{self.pair}\n{change.words or 'See the tests.'}").partition("\n")
        issue = Issue(1, title, body)
        clock = [time.monotonic()]

        def say(step: Step) -> None:
            if step.kind == "environment":
                clock.append(time.monotonic())

        request = VerificationRequest(
            self.backend, f"real-{self.fix.key}", recipe, old, issue, tester=tester, accept="reproduction", say=say,
            memory=self.folder / "memory",
        )  # fmt: skip
        try:
            verification = Verification.start(request)
        except (PreparationFailed, NoBaseline) as error:
            print(f"{self.pair}: its release before cannot be tested: {str(error)[:300]}", flush=True)
            return None
        self.tally.spent["environment"] += clock[-1] - clock[0]
        self.tally.spent["baseline"] += time.monotonic() - clock[-1]
        for path, content in change.tests.items():
            if chosen := self._fail_to_pass(verification, change.product, path, content):
                answers.append(f"```python\n{chosen}\n```")
        if not answers:
            print(f"{self.pair}: none of its changed tests fails before and passes after", flush=True)
            return None
        return verification

    def _fail_to_pass(self, verification: Verification, reference: Patch, path: str, content: bytes) -> str:
        """A newer test file without the tests that fail after the reference too; "" when none of the rest fails before."""
        own = Patch({path: content})
        after, before = (self._report(verification, patch, path) for patch in (reference.merge(own), own))
        if after is None or not after.passed:
            return ""
        if before is not None and not (before.uncollected or after.passed & before.failed):  # ids may differ by chance
            return ""
        return without(content.decode("utf-8", "replace"), {test_name(i) for i in after.failed})

    def _report(self, verification: Verification, patch: Patch, path: str) -> TestReport | None:
        """A plain run of one test file with this patch, by none of our rules; None where it does not fit or run."""
        try:
            tree = verification.runs.workspace.tree(patch)
        except PatchRejected:
            return None
        with self.backend.open(verification.runs.environment, tree) as box:
            return run_tests(box, verification.runs.recipe, only=(path,), timeout=SECONDS).report

    def _mutants(self, verification: Verification, old: Workspace, change: Change, test: Reproduction) -> None:
        """Those that the tests themselves, run without any of our rules, tell from the reference."""
        found = 0
        for mutant in mutants(old, change.product):
            if found == MUTANTS:
                return
            if self._tests_pass(verification, mutant, test):
                continue
            found += 1
            started = time.monotonic()
            verdict = verification.judge(mutant)
            self.tally.spent["judging"] += time.monotonic() - started
            self.tally.mutants += 1
            self.tally.let_through += verdict.judged is Judged.PASSED
            self._say("mutant", verdict)

    def _tests_pass(self, verification: Verification, patch: Patch, test: Reproduction) -> bool:
        """Whether a plain run of the test file passes with this patch; a patch that does not fit is no trial."""
        if violations(patch):
            return True
        report = self._report(verification, patch.merge(Patch({test.path: test.content})), test.path)
        return report is not None and passes(report, test, verification.baseline.ids)[0]

    def _say(self, what: str, verdict: Verdict) -> None:
        words = " ".join(verdict.feedback.split())[:160]
        drafted = f" asks {len(verdict.evidence.asks)}" if verdict.evidence.asks else ""
        doubted = f" doubts: {'; '.join(verdict.evidence.doubts)[:120]}" if verdict.evidence.doubts else ""
        print(f"{self.pair} {what}: {verdict.judged}{drafted}{doubted} {words}", flush=True)


def main(arguments: Sequence[str]) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.verdicts.real", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("pairs", nargs="*", help="NAME==OLD..NEW, two releases on PyPI")
    parser.add_argument("--history", type=Path, action="append", default=[], help="a folder of git repositories")
    parser.add_argument("--most", type=int, default=3, help="commits of one repository (3)")
    parser.add_argument("--sandbox", choices=BACKENDS, default="bubblewrap")
    parser.add_argument("--keep", type=Path, help="a folder that keeps sources and environments from run to run")
    chosen = parser.parse_args(arguments)
    logging.disable(logging.WARNING)
    tally = Tally()
    with folder_of(chosen.keep) as folder:
        backend = choose(chosen.sandbox, BackendOptions(home=folder / "home"))
        home = folder / "home"
        pairs = chosen.pairs or ([] if chosen.history else PAIRS)
        repositories = [p for places in chosen.history for p in sorted(places.iterdir()) if p.is_dir()]
        named = (of_releases(pair, backend, home) for pair in pairs)
        for fix in itertools.chain(named, *(of_history(p, home, chosen.most) for p in repositories)):
            try:
                Trial(fix, backend, folder, tally).run()
            except (NotFetched, MirrorError, SandboxUnavailable, PreparationFailed) as error:
                print(f"{fix.name}: {str(error)[:300]}", flush=True)
    print(tally.line())
    return int(tally.accepted < tally.references or tally.let_through > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
