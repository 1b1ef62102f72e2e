"""Cases of the docket get their exact verdicts, and the last line of the table counts what it says.

A test run judges the first wrong and the first right patch of each class and runner; `make verdicts` judges them all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from strategies.verdict import Evidence, Judged, Verdict
from tests.verdicts.__main__ import summary
from tests.verdicts.case import Case, Expected, asking, doubted, failed, miss, right, unjudged, wrong
from tests.verdicts.docket import all_cases
from tests.verdicts.judging import Judging, Outcome
from tests.verdicts.repositories import PYTEST

LANGUAGES = {"node": "node", "jest": "node", "vitest": "node", "mocha": "node", "go": "go", "cargo": "cargo"}
IN_DOCKER = ("plain", "pytest")


def chosen(cases: Mapping[str, Sequence[Case]]) -> Iterator[tuple[str, Case]]:
    """The class and the case of the first wrong and the first right one of each class and runner."""
    seen = set()
    for kind, found in cases.items():
        for case in found:
            if (place := (kind, case.repository.runner, case.kind)) not in seen:
                seen.add(place)
                yield kind, case


def parameters(*, docker: bool) -> Iterator[object]:
    """Each chosen case with the marks of what it needs; in Docker, only those of one class and one runner."""
    for kind, case in chosen(all_cases()):
        runner = case.repository.runner
        if docker and (kind, runner) != IN_DOCKER:
            continue
        marks = [pytest.mark.network, pytest.mark.docker if docker else pytest.mark.bubblewrap]
        marks += [getattr(pytest.mark, LANGUAGES[runner])] if runner in LANGUAGES else []
        yield pytest.param(case, id=f"{kind}-{runner}-{case.what}", marks=marks)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all the processes of a test run, which share what they prepare."""
    made = tmp_path_factory.getbasetemp()
    return (made.parent if made.name.startswith("popen-") else made) / "verdicts"


@pytest.mark.timeout(600)  # the first case of a repository installs its runner
@pytest.mark.parametrize("case", list(parameters(docker=False)))
def test_each_case_gets_its_verdict(case: Case, folder: Path) -> None:
    outcome = Judging(folder, "bubblewrap").outcome(case)
    assert not outcome.miss, f"{outcome.miss}\n{outcome.verdict.feedback}\n{outcome.verdict.evidence.notes}"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("case", list(parameters(docker=True)))
def test_docker_gives_the_same_verdicts(case: Case, folder: Path) -> None:
    outcome = Judging(folder, "docker").outcome(case)
    assert not outcome.miss, f"{outcome.miss}\n{outcome.verdict.feedback}\n{outcome.verdict.evidence.notes}"


def test_no_two_cases_have_one_name() -> None:
    names = [(kind, c.kind, c.repository.runner, c.what) for kind, cases in all_cases().items() for c in cases]
    assert len(names) == len(set(names))


def test_a_test_run_judges_at_least_sixty_wrong_and_forty_right_ones_of_every_class_and_runner() -> None:
    cases = all_cases()
    kinds = Counter(case.kind for _, case in chosen(cases))
    assert kinds["wrong"] >= 60
    assert kinds["right"] >= 40
    every = {(kind, case.repository.runner) for kind, found in cases.items() for case in found}
    assert {(kind, case.repository.runner) for kind, case in chosen(cases)} == every


PASSED, FAILED, UNJUDGED = (Verdict(j, Evidence(), "the words") for j in Judged)
DOUBTED = Verdict(Judged.PASSED, Evidence(doubts=("till.py reads a test",)))
DOUBTED_FAILURE = Verdict(Judged.FAILED, Evidence(doubts=("till.py reads a test",)), "the words")
ASKING = Verdict(Judged.UNJUDGED, Evidence(asks=("tests/test_till.py::test_label",)))


@pytest.mark.parametrize(
    ("expected", "verdict", "missed"),
    [
        (failed("words"), FAILED, ""),
        (failed("other words"), FAILED, "it does not say 'other words'"),
        (failed("words"), UNJUDGED, "unjudged instead of failed"),
        (failed("words"), DOUBTED_FAILURE, ""),
        (unjudged("words"), UNJUDGED, ""),
        (unjudged("words"), FAILED, "failed instead of unjudged"),
        (doubted("reads a test"), DOUBTED, ""),
        (doubted("reads a test"), PASSED, "doubts: none"),
        (doubted("forges"), DOUBTED, "do not say 'forges'"),
        (asking("test_label"), ASKING, ""),
        (asking("test_label"), UNJUDGED, "asks: none"),
        (unjudged("words"), ASKING, "it does not say 'words'"),
    ],
)
def test_only_the_exact_verdict_is_right(expected: object, verdict: Verdict, missed: str) -> None:
    found = miss(expected, verdict)  # type: ignore[arg-type]  # an Expected, from the table above
    assert missed in found
    assert bool(missed) == bool(found)


@pytest.mark.parametrize("of", [failed, unjudged, doubted, asking])
def test_an_expectation_without_words_is_refused(of: Callable[[str], Expected]) -> None:
    for nothing in ("", " "):
        with pytest.raises(ValueError, match="must name"):
            of(nothing)
    with pytest.raises(ValueError, match="must name"):
        wrong("it", PYTEST, {}, Expected(Judged.PASSED))


def test_a_right_patch_that_is_only_a_draft_is_a_miss() -> None:
    case = right("it", PYTEST)
    assert not miss(case.expected, PASSED)
    assert miss(case.expected, DOUBTED)
    assert miss(case.expected, UNJUDGED)


def test_the_last_line_counts_misses_by_what_the_patch_is() -> None:
    wrongs = wrong("it", PYTEST, {}, failed("words"))
    rights = right("it", PYTEST)
    pairs = [
        (wrongs, FAILED),
        (wrongs, PASSED),
        (wrongs, UNJUDGED),
        (rights, PASSED),
        (rights, FAILED),
        (rights, UNJUDGED),
    ]
    outcomes = [Outcome(case, verdict, miss(case.expected, verdict), 1.0) for case, verdict in pairs]
    assert summary(outcomes) == "wrong accepted: 1 of 3, right rejected: 2 of 3, not judged: 2"
