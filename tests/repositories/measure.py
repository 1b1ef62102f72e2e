"""One repository: its own test command and our baseline in the same image, without network, compared by test id."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from sandbox.backend import Backend
from sandbox.errors import PreparationFailed, SandboxUnavailable
from sandbox.layout import OWN_FOLDER
from sandbox.recipe import Environment, Recipe, ReportFormat
from sandbox.recipes.discovery import set_up_ladder
from sandbox.repository.workspace import Workspace
from sandbox.result import Ended
from sandbox.testing.report import ReportUnreadable
from sandbox.testing.testrun import read_report
from strategies.verification.baseline import Baseline, NoBaseline, kept, measure
from strategies.verification.setup_ladder import NothingWorks, SetupClimb
from tests.repositories.fact import Fact
from tests.repositories.unittest_lines import passed_by_unittest

SCOPE = "repositories"
OWN_SECONDS = 1800.0
SHARE = 0.95
"""Of the tests that pass by the repository's own command, the part that must pass in our baseline."""
SHOWN = 6


@dataclass(frozen=True, slots=True)
class Measured:
    """What became of one repository. `own` counts the tests that pass by its own command, `common` those of them that
    pass in our baseline too. `cause` is "" when the baseline is complete, else a few words that are counted; `told` is
    for people. Times are seconds."""

    name: str
    language: str
    kind: str
    check: bool
    own: int = 0
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    common: int = 0
    cause: str = ""
    told: str = ""
    source: str = ""
    setup_seconds: float = 0.0
    suite_seconds: float = 0.0
    missing: tuple[str, ...] = field(default=())

    @property
    def complete(self) -> bool:
        return not self.cause


@dataclass(frozen=True, slots=True)
class Own:
    """The ids (in one common form) that pass by the repository's own command; `problem` when it could not be run."""

    passed: frozenset[str]
    problem: str = ""
    seconds: float = 0.0


def common_form(test: str) -> str:
    """One test's id whichever runner named it: a path and `::`, or a dotted name."""
    place, _, rest = test.partition("[")
    plain = re.sub(r"\.(?:py|pyi)(?=::|$)", "", place).replace("/", ".").replace("::", ".")
    return f"{plain}[{rest}" if rest else plain


def own_recipe(fact: Fact) -> Recipe:
    """The recipe that the facts tell: the repository's own set-up and test commands."""
    setup = list(fact.setup)
    if fact.language == "python":
        version = f"export SETUPTOOLS_SCM_PRETEND_VERSION={fact.version} PBR_VERSION={fact.version}"
        python = fact.python or "python3"
        setup = [f'uv venv --quiet --seed --allow-existing "$PENNYFIX_ENV" --python {python}', *setup]
        setup = [f"{version} PDM_BUILD_SCM_VERSION={fact.version}; {line}" for line in setup]
    report = ReportFormat.EXIT_CODE if fact.report == "unittest" else ReportFormat(fact.report)
    return Recipe(fact.language, tuple(setup), fact.test, report, "the facts")


def run_own(fact: Fact, workspace: Workspace, backend: Backend, say: Callable[[str], None]) -> Own:
    """Run the repository's own command once, without network. Raises SandboxUnavailable."""
    recipe = own_recipe(fact)
    try:
        environment = backend.prepare(f"{SCOPE}-own", recipe, workspace.tree(), say)
    except PreparationFailed as error:
        return Own(frozenset(), f"{error}: {error.log.strip()[-600:]}")
    junit = f"{OWN_FOLDER}/own.xml"
    with backend.open(environment, workspace.tree()) as box:
        box.write({f"{OWN_FOLDER}/.gitignore": b"*\n"})
        command = recipe.command(f"{box.root}/{junit}")
        # as our runs have it: where tests are made from a set, their ids tell its order
        result = box.run(["sh", "-c", command], timeout=OWN_SECONDS, env={"PYTHONHASHSEED": "0"})
        if result.ended is not Ended.EXIT:
            return Own(frozenset(), f"its own command ended by {result.ended.value}")
        if fact.report == "unittest":
            passed = passed_by_unittest(result.text)
        else:
            try:
                passed = read_report(box, recipe, result, junit).passed
            except (FileNotFoundError, ReportUnreadable, ValueError) as error:
                return Own(frozenset(), f"its own command left no report: {error}; {result.text.strip()[-600:]}")
    if not passed:
        return Own(frozenset(), f"by its own command no test passed: {result.text.strip()[-600:]}")
    return Own(frozenset(map(common_form, passed)), seconds=result.seconds)


def kept_own(fact: Fact, workspace: Workspace, backend: Backend, home: Path, say: Callable[[str], None]) -> Own:
    """The same, from the state folder when this image has run it already."""
    path = home / f"{fact.key}-{fact.digest}.json"
    if path.is_file():
        known = json.loads(path.read_text(encoding="utf-8"))
        return Own(frozenset(known["passed"]), known["problem"], known["seconds"])
    own = run_own(fact, workspace, backend, say)
    if not own.problem:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({**asdict(own), "passed": sorted(own.passed)}), encoding="utf-8")
    return own


def measured(fact: Fact, workspace: Workspace, backend: Backend, home: Path, say: Callable[[str], None]) -> Measured:
    """Both runs and their comparison; without a command in the facts, our baseline is compared with all it ran.

    `home` keeps what own commands said in this image. A sandbox that breaks is said so: not the repository's fault.
    """
    blank = Measured(fact.name, fact.language, fact.kind, fact.check)
    try:
        if not fact.test:
            ours = _ours(workspace, backend, say)
            return compared(
                blank,
                Own(frozenset(map(common_form, ours[0].passed | ours[0].failed)) if ours[0] else frozenset()),
                *ours,
            )
        own = kept_own(fact, workspace, backend, home, say)
        if own.problem:
            return with_cause(blank, "its own command fails here", own.problem)
        return compared(blank, own, *_ours(workspace, backend, say))
    except SandboxUnavailable as error:
        return with_cause(blank, "the sandbox broke", str(error))


def _ours(
    workspace: Workspace, backend: Backend, say: Callable[[str], None]
) -> tuple[Baseline | None, Environment | None, str, str]:
    """Baseline, environment, cause and what is told; as a job does it, without a word of configuration."""
    ladder = set_up_ladder(workspace, setup=None, test=None, image=None)
    if not ladder.rungs:
        return None, None, "no test is found", "; ".join(ladder.looked)
    with tempfile.TemporaryDirectory(prefix="pennyfix-memory-") as memory:
        climb = SetupClimb(backend, SCOPE, workspace, lambda step: say(step.text), Path(memory))
        try:
            recipe = climb.climb(ladder).recipe
            environment = backend.prepare(SCOPE, recipe, workspace.tree(), say)
            found = kept(
                Path(memory),
                environment,
                workspace.base,
                lambda: measure(lambda: backend.open(environment, workspace.tree()), environment),
            )
        except NothingWorks as error:
            cause = "the suite cannot be believed" if any(t.set_up for t in error.trials) else "the set-up fails"
            return None, None, cause, f"{error}: {error.log.strip()[-1200:]}"[-2500:]
        except NoBaseline as error:
            return None, None, "the suite cannot be believed", str(error)[-1500:]
    return found, environment, "", ""


def compared(
    blank: Measured, own: Own, base: Baseline | None, env: Environment | None, cause: str, told: str
) -> Measured:
    """The comparison; "complete" where at least 95 of 100 tests that pass by the own command pass in the baseline."""
    found = replace(blank, own=len(own.passed), source=env.recipe.source if env else "")
    if base is None:
        return with_cause(found, cause, told)
    ours = frozenset(map(common_form, base.passed))
    both = matched(own.passed, ours)
    missing = sorted(own.passed - both)
    found = replace(
        found,
        passed=len(base.passed),
        failed=len(base.failed),
        skipped=len(base.skipped),
        common=len(both),
        setup_seconds=round(env.seconds if env else 0.0, 1),
        suite_seconds=round(base.seconds, 1),
        missing=tuple(missing[:SHOWN]),
    )
    if len(both) >= SHARE * len(own.passed):
        return found
    failing = matched(own.passed, frozenset(map(common_form, base.failed)))
    cause = "tests fail" if len(failing) * 2 > len(missing) else "tests are not found"
    return with_cause(found, cause, f"{len(missing)} of {len(own.passed)} are missing, among them {missing[:SHOWN]}")


def matched(own: frozenset[str], ours: frozenset[str]) -> frozenset[str]:
    """The ids of `own` that are among `ours`, also where one runner names a test from another folder.

    A unittest run below `tests` says `test_a.T.test_x` where pytest says `tests.test_a.T.test_x`: such an id matches when
    it is the end of exactly one of ours.
    """
    ends: dict[str, int] = {}
    for test in ours:
        head, _, rest = test.partition("[")
        parts = head.split(".")
        for start in range(1, len(parts)):
            end = ".".join(parts[start:]) + (f"[{rest}" if rest else "")
            ends[end] = ends.get(end, 0) + 1
    return frozenset(test for test in own if test in ours or ends.get(test) == 1)


def with_cause(found: Measured, cause: str, told: str) -> Measured:
    """The same, not complete."""
    return replace(found, cause=cause, told=told)
