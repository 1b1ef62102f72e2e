"""Verdicts by really running tests: what is wrong is caught, what cannot be known is not called wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from decimal import Decimal
from pathlib import Path

import pytest

from sandbox.errors import SandboxUnavailable
from sandbox.repository.patch import Patch
from sandbox.repository.workspace import Workspace
from strategies.issue import Issue
from strategies.judge import Accept
from strategies.models.in_memory_meter import CapMeter
from strategies.models.meter import Metered
from strategies.step import Step
from strategies.tier import Tier
from strategies.verdict import Judged, Reproduction, Rung
from strategies.verification.baseline import Baseline, NoBaseline
from strategies.verification.request import VerificationRequest
from strategies.verification.verification import Verification
from strategies.verification.without_tests import WithoutTests
from tests.fakes.folder_backend import FolderBackend, pytest_recipe
from tests.fakes.model import Answer, ScriptedModel
from tests.fakes.origin import Origin

FILES = {
    "till.py": "def total(prices):\n    return sum(prices[1:])\n\n\ndef label(n):\n    return f'{n} items'\n",
    "tests/test_till.py": (
        "from till import label, total\n\n\ndef test_label():\n    assert label(2) == '2 items'\n\n\n"
        "def test_total_of_none():\n    assert total([]) == 0\n"
    ),
    "conftest.py": "",
}
ISSUE = Issue(7, "total() forgets the first price", "`total([1, 2])` gives 2, it should be 3.")
FIX = Patch({"till.py": FILES["till.py"].replace("prices[1:]", "prices").encode()})
TEST = "```python\nfrom till import total\n\n\ndef test_first_price_counts():\n    assert total([1, 2]) == 3\n```"

Start = Callable[..., Verification]


class Bed:
    """One repository, its workspace and a backend."""

    def __init__(self, folder: Path, files: dict[str, str]) -> None:
        origin = Origin(folder / "origin")
        origin.commit(files)
        self.workspace: Workspace = origin.workspace(folder / "home")
        self.backend = FolderBackend()
        self.steps: list[Step] = []
        self.memory = folder / "memory"
        self.model = ScriptedModel([])

    def start(
        self, *answers: Answer, accept: Accept = "reproduction", deny: tuple[str, ...] = (), tests: int = 1
    ) -> Verification:
        self.model = ScriptedModel(list(answers))
        tester = Tier("weak", Metered(self.model, CapMeter(Decimal(5)), "weak"))
        return Verification.start(
            VerificationRequest(
                self.backend,
                "repository-1",
                pytest_recipe(),
                self.workspace,
                ISSUE,
                tester=tester,
                accept=accept,
                deny=deny,
                say=self.steps.append,
                memory=self.memory,
                tests=tests,
            )
        )


@pytest.fixture
def bed(tmp_path: Path) -> Iterator[Bed]:
    made = Bed(tmp_path, FILES)
    yield made
    assert made.backend.all_closed(), "a sandbox was left open"
    made.workspace.close()


def test_a_right_patch_earns_reproduction_with_its_numbers(bed: Bed) -> None:
    verdict = bed.start(TEST).judge(FIX)
    assert verdict.judged is Judged.PASSED
    evidence = verdict.evidence
    assert evidence.rungs == {Rung.APPLIES, Rung.BUILDS, Rung.REGRESSION, Rung.REPRODUCTION}
    assert evidence.before is not None
    assert evidence.after is not None
    assert (evidence.before.passed, evidence.after.passed, evidence.after.new) == (2, 3, 1)
    assert evidence.reproduction is not None
    assert evidence.reproduction.passes
    assert evidence.reproduction.path == "tests/test_issue_7.py"
    assert "assert 2 == 3" in evidence.reproduction.before


def test_a_patch_that_keeps_tests_green_but_leaves_the_issue_fails(bed: Bed) -> None:
    verdict = bed.start(TEST).judge(Patch({"till.py": FILES["till.py"].replace("items", "items ").encode()[:-1]}))
    assert verdict.judged is Judged.FAILED
    assert "A test written from the issue still fails" in verdict.feedback
    assert "test_first_price_counts" in verdict.feedback


def test_a_regression_is_caught_and_its_message_handed_on(bed: Bed) -> None:
    broken = FIX.files["till.py"]
    assert broken is not None
    verdict = bed.start(TEST).judge(Patch({"till.py": broken.replace(b"items'", b"things'")}))
    assert verdict.judged is Judged.FAILED
    assert verdict.evidence.broken == ("tests/test_till.py::test_label",)
    assert "2 things" in verdict.feedback


def test_a_test_that_vanishes_counts_as_broken(tmp_path: Path) -> None:
    files = FILES | {
        "tests/test_many.py": "import pytest, till\n\n\n@pytest.mark.parametrize('n', getattr(till, 'CASES', [1, 2]))\n"
        "def test_case(n):\n    assert n\n"
    }
    bed = Bed(tmp_path, files)
    content = FIX.files["till.py"]
    assert content is not None
    verdict = bed.start(accept="regression").judge(Patch({"till.py": content + b"\n\nCASES = [1]\n"}))
    assert verdict.judged is Judged.FAILED
    assert verdict.evidence.broken == ("tests/test_many.py::test_case[2]",)
    assert "no longer runs" in verdict.feedback


def test_a_new_skip_counts_as_broken(tmp_path: Path) -> None:
    files = FILES | {
        "tests/test_skip.py": "import pytest, till\n\n\n"
        "@pytest.mark.skipif(hasattr(till, 'OFF'), reason='off')\ndef test_it():\n    assert True\n"
    }
    bed = Bed(tmp_path, files)
    content = FIX.files["till.py"]
    assert content is not None
    verdict = bed.start(accept="regression").judge(Patch({"till.py": content + b"\n\nOFF = True\n"}))
    assert verdict.judged is Judged.FAILED
    assert "is skipped now" in verdict.feedback


def test_a_forged_clean_exit_is_not_believed(bed: Bed) -> None:
    content = FIX.files["till.py"]
    assert content is not None
    verdict = bed.start(TEST).judge(Patch({"till.py": content + b"\nimport os\nos._exit(0)\n"}))
    assert verdict.judged is Judged.FAILED
    assert "could not be run" in verdict.feedback
    assert any("ends the process" in doubt for doubt in verdict.evidence.doubts)


FORGED = b"""

import sys

if "_pytest.runner" in sys.modules:
    _real = sys.modules["_pytest.reports"].TestReport.from_item_and_call.__func__

    def _always_passed(cls, item, call):
        call.excinfo = None
        return _real(cls, item, call)

    sys.modules["_pytest.reports"].TestReport.from_item_and_call = classmethod(_always_passed)
"""
"""Code that makes every test of its process look passed, from its import on."""


def forging(content: bytes | None) -> Patch:
    assert content is not None
    return Patch({"till.py": content + FORGED})


def test_a_suite_that_is_made_to_look_passed_is_not_believed(bed: Bed) -> None:
    verdict = bed.start(accept="regression").judge(forging(FILES["till.py"].replace("items", "things").encode()))
    assert verdict.judged is Judged.FAILED
    assert verdict.feedback.startswith("With the patch the test suite could not be run or believed")
    assert Rung.REGRESSION not in verdict.evidence.rungs


def test_a_reproduction_test_that_is_made_to_look_passed_is_not_believed(bed: Bed) -> None:
    verification = bed.start(TEST)
    assert len(verification.issue_tests.reproductions) == 1
    opened = bed.backend.opened
    verdict = verification.judge(forging(FILES["till.py"].encode()))
    assert verdict.judged is Judged.FAILED
    assert verdict.feedback.startswith("With the patch the tests could not be run")
    assert bed.backend.opened == opened + 3, "twice with the patch, once without; and the suite is not run for it"


def test_a_vote_that_is_made_to_look_passed_is_not_believed(bed: Bed) -> None:
    verification = bed.start(TEST, expects("total([4, 5])", 9), expects("total([2, 3])", 5), tests=3)
    assert len(verification.issue_tests.reproductions) == 3
    opened = bed.backend.opened
    verdict = verification.judge(forging(FILES["till.py"].encode()))
    assert verdict.judged is Judged.FAILED
    assert verdict.feedback.startswith("With the patch the tests could not be run")
    assert bed.backend.opened == opened + 3


class Hasty(Baseline):
    """A baseline whose suite may take ten seconds only, so that a hang is seen soon."""

    @property
    def timeout(self) -> float:
        return 10.0


def hasty(verification: Verification) -> Verification:
    before = verification.baseline
    verification.baseline = Hasty(**{f.name: getattr(before, f.name) for f in fields(before)})
    return verification


def test_a_suite_that_hangs_with_the_patch_only_fails_it(bed: Bed) -> None:
    content = FILES["till.py"].replace("    return f'{n} items'", "    while n:\n        pass")
    verdict = hasty(bed.start(accept="regression")).judge(Patch({"till.py": content.encode()}))
    assert verdict.judged is Judged.FAILED
    assert verdict.feedback.startswith("With the patch the test suite could not be run")
    assert "longer than 10 s" in verdict.feedback


def test_a_suite_that_hangs_without_the_patch_as_well_is_not_judged(tmp_path: Path) -> None:
    flag = tmp_path / "load"
    slow = f"import pathlib, time\n\n\ndef test_slow():\n    time.sleep(60 * pathlib.Path({str(flag)!r}).exists())\n"
    bed = Bed(tmp_path, FILES | {"tests/test_slow.py": slow})
    verification = hasty(bed.start(accept="regression"))
    flag.touch()
    verdict = verification.judge(FIX)
    assert verdict.judged is Judged.UNJUDGED
    assert "nor without it (the tests took longer than 10 s)" in verdict.feedback
    bed.workspace.close()


def test_a_test_file_that_the_patch_keeps_from_being_collected_is_named(bed: Bed) -> None:
    verdict = bed.start(accept="regression").judge(Patch({"till.py": b"def total(prices):\n    return sum(prices)\n"}))
    assert verdict.judged is Judged.FAILED
    assert "could not collect tests/test_till.py" in verdict.feedback
    assert "cannot import name 'label'" in verdict.feedback


def test_a_failing_test_that_the_patch_adds_fails_the_patch(bed: Bed) -> None:
    added = Patch({"tests/test_added.py": b"def test_added():\n    assert 1 == 2, 'one is not two'\n"})
    verdict = bed.start(accept="regression").judge(FIX.merge(added))
    assert verdict.judged is Judged.FAILED
    assert verdict.evidence.broken == ("tests/test_added.py::test_added",)
    assert "a test that the patch adds fails" in verdict.feedback
    assert "one is not two" in verdict.feedback


def test_in_a_slow_suite_a_broken_affected_test_settles_it_without_the_rest(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    unrelated = f"def test_unrelated():\n    with open({str(runs)!r}, 'a') as f:\n        f.write('x')\n"
    bed = Bed(tmp_path, FILES | {"tests/test_other.py": unrelated})
    verification = bed.start(accept="regression")
    verification.baseline = replace(verification.baseline, seconds=11.0)  # as of a suite that takes so long
    before = runs.read_text()
    verdict = verification.judge(Patch({"till.py": FILES["till.py"].replace("items", "things").encode()}))
    assert verdict.judged is Judged.FAILED
    assert verdict.evidence.broken == ("tests/test_till.py::test_label",)
    assert runs.read_text() == before, "the whole suite was run although an affected test is broken"


def test_in_a_slow_suite_the_whole_of_it_is_still_the_gate(tmp_path: Path) -> None:
    far = "import pathlib\n\n\ndef test_far():\n    assert 'things' not in pathlib.Path('till.py').read_text()\n"
    bed = Bed(tmp_path, FILES | {"tests/test_far.py": far})
    verification = bed.start(accept="regression")
    verification.baseline = replace(verification.baseline, seconds=11.0)
    content = FILES["till.py"] + "\n\nOTHER = 'things'\n"
    verdict = verification.judge(Patch({"till.py": content.encode()}))
    assert verdict.judged is Judged.FAILED
    assert verdict.evidence.broken == ("tests/test_far.py::test_far",)


def test_a_weakened_test_is_judged_in_its_original_form(bed: Bed) -> None:
    content = FIX.files["till.py"]
    assert content is not None
    patch = Patch(
        {"till.py": content.replace(b"items'", b"things'"), "tests/test_till.py": b"def test_label(): pass\n"}
    )
    verdict = bed.start(TEST).judge(patch)
    assert verdict.judged is Judged.FAILED
    assert verdict.evidence.restored == ("tests/test_till.py",)
    assert verdict.evidence.broken == ("tests/test_till.py::test_label",)


def test_a_patch_of_existing_tests_alone_is_refused(bed: Bed) -> None:
    verdict = bed.start().judge(Patch({"tests/test_till.py": b""}))
    assert verdict.judged is Judged.FAILED
    assert "changes only tests" in verdict.feedback


@pytest.mark.parametrize("path", [".github/workflows/x.yml", "../up.py", ".git/config", "migrations/0001.py"])
def test_a_path_no_patch_may_touch_is_named(bed: Bed, path: str) -> None:
    verdict = bed.start(deny=("migrations/**",)).judge(Patch({path: b"x"}))
    assert verdict.judged is Judged.FAILED
    assert path in verdict.feedback
    assert verdict.evidence.rungs == frozenset()


def test_a_file_that_no_longer_parses_costs_no_test_run(bed: Bed) -> None:
    verification = bed.start()
    before = bed.backend.opened
    verdict = verification.judge(Patch({"till.py": b"def total(:\n"}))
    assert verdict.judged is Judged.FAILED
    assert "does not parse" in verdict.feedback
    assert bed.backend.opened == before


def test_a_flaky_test_is_quarantined_and_listed(tmp_path: Path) -> None:
    counter = tmp_path / "runs"
    files = FILES | {
        "tests/test_flaky.py": (
            f"import pathlib\nP = pathlib.Path({str(counter)!r})\n\n\ndef test_moody():\n"
            "    n = len(P.read_text()) if P.exists() else 0\n    P.write_text('x' * (n + 1))\n    assert n % 2\n"
        )
    }
    bed = Bed(tmp_path, files)
    verdict = bed.start(TEST).judge(FIX)
    assert verdict.judged is Judged.PASSED
    assert "tests/test_flaky.py::test_moody" in verdict.evidence.flaky


def test_a_failure_that_does_not_repeat_is_flaky_and_not_a_regression(tmp_path: Path) -> None:
    counter = tmp_path / "runs"
    files = FILES | {
        "tests/test_flaky.py": (
            f"import pathlib\nP = pathlib.Path({str(counter)!r})\n\n\ndef test_once():\n"
            "    n = len(P.read_text()) if P.exists() else 0\n    P.write_text('x' * (n + 1))\n    assert n != 2\n"
        )
    }
    bed = Bed(tmp_path, files)
    verdict = bed.start(accept="regression").judge(FIX)
    assert verdict.judged is Judged.PASSED
    assert verdict.evidence.flaky == ("tests/test_flaky.py::test_once",)
    assert "too seldom in further runs" in verdict.evidence.doubts[0]


def counting(path: Path, wrong: str) -> Patch:
    """The fix, with a label that is wrong in the runs n (from 0) of which `wrong` is true."""
    content = FIX.files["till.py"]
    assert content is not None
    count = (
        f"import pathlib\nP = pathlib.Path({str(path)!r})\nn = len(P.read_text()) if P.exists() else 0\n"
        f"P.write_text('x' * (n + 1))\nWRONG = {wrong}\n\n\n"
    )
    return Patch({"till.py": count.encode() + content.replace(b"items'", b"items' + 's' * WRONG")})


def quick(verification: Verification) -> Verification:
    """Of a suite so quick that the nearest tests are run again as often as they may be."""
    verification.baseline = replace(verification.baseline, seconds=0.2)
    return verification


def test_what_a_patch_breaks_in_every_other_run_is_seen_after_a_gate_that_passed(bed: Bed, tmp_path: Path) -> None:
    verdict = quick(bed.start(accept="regression")).judge(counting(tmp_path / "runs", "n % 2 == 1"))
    assert verdict.judged is Judged.FAILED
    assert verdict.evidence.broken == ("tests/test_till.py::test_label",)
    assert verdict.evidence.after is not None
    assert verdict.evidence.after.failed == 0, "the whole suite passed"


def test_what_fails_in_one_further_run_only_is_doubted(bed: Bed, tmp_path: Path) -> None:
    verdict = quick(bed.start(accept="regression")).judge(counting(tmp_path / "runs", "n == 2"))
    assert verdict.judged is Judged.PASSED
    assert "tests/test_till.py::test_label failed, but too seldom" in verdict.evidence.doubts[0]


def test_a_test_from_the_issue_that_passes_only_sometimes_is_doubted(bed: Bed, tmp_path: Path) -> None:
    patch = counting(tmp_path / "runs", "n > 1")  # by itself, in the whole suite, then in the first further run
    content = patch.files["till.py"]
    assert content is not None
    content = content.replace(b"' + 's' * WRONG", b"'").replace(b"sum(prices)", b"sum(prices) + WRONG * len(prices)")
    verdict = quick(bed.start(TEST)).judge(Patch({"till.py": content}))
    assert verdict.judged is Judged.PASSED
    assert "passes only sometimes" in verdict.evidence.doubts[0]


def test_a_test_that_fails_at_the_base_as_seldom_speaks_against_nothing(tmp_path: Path) -> None:
    counter = tmp_path / "runs"  # the base runs it twice, the gate is the third run, the fourth is a further one
    flaky = (
        f"import pathlib\nimport till\nP = pathlib.Path({str(counter)!r})\n\n\ndef test_moody():\n"
        "    n = len(P.read_text()) if P.exists() else 0\n    P.write_text('x' * (n + 1))\n    assert n % 4 != 3\n"
    )
    bed = Bed(tmp_path, FILES | {"tests/test_flaky.py": flaky})
    verdict = quick(bed.start(accept="regression")).judge(FIX)
    assert len(counter.read_text()) > 4
    assert (verdict.judged, verdict.evidence.doubts) == (Judged.PASSED, ())
    assert verdict.evidence.flaky == ("tests/test_flaky.py::test_moody",)
    bed.workspace.close()


def test_without_a_valid_reproduction_the_patch_is_not_judged(bed: Bed) -> None:
    passes = "```python\ndef test_nothing():\n    assert True\n```"
    missing = "```python\nfrom till import grand_total\n\n\ndef test_x():\n    assert grand_total\n```"
    verdict = bed.start(passes, missing, "no code at all").judge(FIX)
    assert verdict.judged is Judged.UNJUDGED
    assert Rung.REGRESSION in verdict.evidence.rungs
    told = [s.text for s in bed.steps if s.kind == "reproduction"]
    assert "passes before any change" in told[0]
    assert "grand_total" in told[1]
    assert "no code block" in told[2]
    assert len(bed.model.prompts) == 3
    assert "passes before any change" in bed.model.prompts[1].messages[-1].content


def test_the_reproduction_is_written_once_for_all_attempts(bed: Bed) -> None:
    verification = bed.start(TEST)
    verification.judge(Patch({"till.py": b"def total(p):\n    return 0\n"}))
    assert verification.judge(FIX).judged is Judged.PASSED
    assert len(bed.model.prompts) == 1


def test_the_same_patch_is_judged_once(bed: Bed) -> None:
    verification = bed.start(TEST)
    first = verification.judge(FIX)
    opened = bed.backend.opened
    assert verification.judge(Patch(dict(FIX.files))) is first
    assert bed.backend.opened == opened


def test_accepting_anything_runs_nothing(bed: Bed) -> None:
    verification = bed.start(accept="any")
    opened = bed.backend.opened
    assert verification.judge(FIX).judged is Judged.PASSED
    assert bed.backend.opened == opened


def test_a_sandbox_that_breaks_once_is_tried_again(bed: Bed) -> None:
    verification = bed.start(accept="regression")
    bed.backend.lose = 1
    assert verification.judge(FIX).judged is Judged.PASSED


def test_a_sandbox_that_stays_broken_is_never_a_failed_patch(bed: Bed) -> None:
    verification = bed.start(accept="regression")
    bed.backend.lose = 9
    with pytest.raises(SandboxUnavailable):
        verification.judge(FIX)


def test_the_baseline_is_kept_for_the_next_job_of_the_same_commit(bed: Bed) -> None:
    bed.start()
    opened = bed.backend.opened
    again = bed.start()
    assert bed.backend.opened == opened
    assert again.baseline.counts.passed == 2


def test_a_suite_that_cannot_be_believed_gives_no_baseline(tmp_path: Path) -> None:
    bed = Bed(tmp_path, FILES | {"tests/test_end.py": "import os\n\n\ndef test_end():\n    os._exit(0)\n"})
    with pytest.raises(NoBaseline, match="left no report"):
        bed.start()


def test_without_tests_nothing_is_passed(bed: Bed) -> None:
    verification = WithoutTests(bed.workspace, "reproduction", ())
    assert verification.judge(FIX).judged is Judged.UNJUDGED
    assert verification.judge(Patch({".git/x": b""})).judged is Judged.FAILED
    assert not verification.can_judge


def test_two_patches_are_really_run_against_a_test_that_tells_them_apart(bed: Bed) -> None:
    verification = bed.start(TEST, accept="regression")
    other = Patch({"till.py": FILES["till.py"].replace("prices[1:]", "prices[:1]").encode()})
    assert verification.request.tester is not None
    told = verification.compare(other, FIX, verification.request.tester)
    assert (told.alike, told.better, told.tests) == (False, 1, 1)
    assert "-    return sum(prices[1:])" in bed.model.prompts[0].messages[0].content


def expects(call: str, value: int) -> str:
    """A test that fails at the base commit, rightly or wrongly."""
    return f"```python\nfrom till import total\n\n\ndef test_total():\n    assert {call} == {value}\n```"


def test_most_of_several_tests_must_pass_and_the_one_shown_is_one_that_does(bed: Bed) -> None:
    verdict = bed.start(expects("total([1, 2])", 30), TEST, expects("total([4, 5])", 9), tests=3).judge(FIX)
    assert verdict.judged is Judged.PASSED
    test = verdict.evidence.reproduction
    assert test is not None
    assert (test.passes, b"test_first_price_counts" in test.content) == (True, True)
    assert "2 passed and 1 failed of 3 tests written from the issue, which vote" in verdict.evidence.notes
    bed.model.done()


def test_a_patch_that_most_tests_speak_against_has_failed(bed: Bed) -> None:
    verification = bed.start(expects("total([1, 2])", 30), expects("total([4, 5])", 90), TEST, tests=3)
    verdict = verification.judge(FIX)
    assert verdict.judged is Judged.FAILED
    assert "Most tests written from the issue still fail" in verdict.feedback
    assert verdict.evidence.reproduction is not None
    assert not verdict.evidence.reproduction.passes


def test_of_two_valid_tests_only_the_first_counts(bed: Bed) -> None:
    passing = expects("total([])", 0)  # does not fail at the base commit: it is no valid test
    verdict = bed.start(TEST, expects("total([1, 2])", 30), passing, tests=3).judge(FIX)
    assert verdict.judged is Judged.PASSED
    assert verdict.evidence.notes == ()


def test_of_two_valid_tests_the_one_that_a_plausible_patch_passes_counts(bed: Bed) -> None:
    verification = bed.start(expects("total([1, 2])", 30), TEST, "no code", tests=3)
    assert len(verification.issue_tests.reproductions) == 2
    wrong = verification.judge(FIX)
    assert wrong.judged is Judged.FAILED, "as long as nothing tells them apart, the first counts"
    assert wrong.evidence.reproduction is not None
    assert b"== 30" in wrong.evidence.reproduction.content
    assert Rung.REGRESSION in verification.judge_by_suite(FIX).evidence.rungs
    content = FIX.files["till.py"]
    assert content is not None
    right = verification.judge(Patch({"till.py": content + b"\n\n# in full\n"}))
    assert right.judged is Judged.PASSED
    assert right.evidence.reproduction is not None
    assert b"test_first_price_counts" in right.evidence.reproduction.content


def test_of_several_that_pass_the_one_that_agrees_most_with_the_others_is_shown(bed: Bed) -> None:
    answers = (expects("total([7, 0])", 7), TEST, expects("total([1, 2, 0])", 3))
    verification = bed.start(*answers, tests=3)
    constant = Patch({"till.py": FILES["till.py"].replace("sum(prices[1:])", "3 if prices else 0").encode()})
    assert verification.judge(constant).judged is Judged.PASSED
    verdict = verification.judge(FIX)
    assert verdict.judged is Judged.PASSED
    assert verdict.evidence.reproduction is not None
    assert b"test_first_price_counts" in verdict.evidence.reproduction.content, "the first one disagreed with both"


def further(bed: Bed, verification: Verification, *answers: str) -> list[Reproduction]:
    """Further tests by a tier of their own."""
    model = ScriptedModel(list(answers))
    tier = Tier("strong", Metered(model, CapMeter(Decimal(5)), "strong"))
    tests = [verification.write_test(tier, number, 0) for number, _ in enumerate(answers, 1)]
    assert bed.steps
    return [t for t in tests if t is not None]


def test_further_tests_overrule_one_that_is_wrong_and_judge_what_comes_later(bed: Bed) -> None:
    verification = bed.start(expects("total([1, 2])", 30))
    first = verification.judge(FIX)
    assert first.judged is Judged.FAILED
    tests = further(bed, verification, TEST, expects("total([4, 5])", 9))
    assert [verification.passes(FIX, t) for t in tests] == [True, True]
    verification.vote_with(tests)
    again = verification.judge(FIX)
    assert again.judged is Judged.PASSED
    assert again.evidence.reproduction is not None
    assert again.evidence.reproduction.content == tests[0].content, "one that passes is published"
    later = verification.judge(Patch({"till.py": FILES["till.py"].replace("prices[1:]", "prices[:1]").encode()}))
    assert later.judged is Judged.FAILED
    assert "Most tests written from the issue still fail" in later.feedback


def test_a_vote_speaks_again_of_what_the_first_test_let_through(bed: Bed) -> None:
    verification = bed.start(TEST)
    assert verification.test_usd == 0
    constant = Patch({"till.py": FILES["till.py"].replace("sum(prices[1:])", "3 if prices else 0").encode()})
    assert verification.judge(constant).judged is Judged.PASSED
    assert verification.test_usd > 0, "what the first test cost"
    verification.vote_with(further(bed, verification, expects("total([2, 4])", 6), expects("total([4, 5])", 9)))
    outvoted = verification.judge(constant)
    assert outvoted.judged is Judged.FAILED
    assert "1 passed and 2 failed of 3 tests written from the issue, which vote" in outvoted.evidence.notes


def test_a_test_that_nobody_can_run_says_neither_yes_nor_no(bed: Bed) -> None:
    verification = bed.start()
    ends = Reproduction("tests/test_ends.py", b"import os\n\nos._exit(0)\n", ("tests/test_ends.py::test_x",), "")
    assert verification.passes(FIX, ends) is None
    broken = Reproduction("tests/test_new.py", b"def test_x():\n    assert 0\n", ("tests/test_new.py::test_x",), "")
    assert verification.passes(FIX, broken) is False
    assert verification.passes(forging(FILES["till.py"].encode()), broken) is False
    assert verification.passes(Patch({".git/config": b"x"}), ends) is False


AMONG = "from till import total\n\n\ndef test_first_price_counts():\n    assert total([1, 2]) == 3\n"


@pytest.mark.parametrize(
    ("company", "change", "judged", "said"),
    [
        pytest.param(
            "import os\n\nos.environ['TILL'] = 'closed'\n\n\ndef test_a():\n    assert True\n",
            FIX,
            Judged.PASSED,
            "where others do not leave things as they were",
            id="a test that has nothing to do with the patch",
        ),
        pytest.param(
            "import till\n\ntill.total = lambda prices: 0\n\n\ndef test_a():\n    assert True\n",
            FIX,
            Judged.UNJUDGED,
            "nobody can tell whose doing it is",
            id="one that replaces what the patch mends",
        ),
        pytest.param(
            "import till\n\n\ndef test_a():\n    assert till.total([7]) >= 0\n",
            Patch({"till.py": FILES["till.py"].replace("sum(prices[1:])", "_add(prices)").encode() + b"\n\n_all = []\n\n\ndef _add(prices):\n    _all.extend(prices)\n    return sum(_all) if prices else 0\n"}),
            Judged.FAILED,
            "A test written from the issue still fails",
            id="one that shows what the patch keeps",
        ),
    ],
)  # fmt: skip
def test_a_test_that_passes_alone_and_fails_among_others(
    company: str, change: Patch, judged: Judged, said: str, tmp_path: Path
) -> None:
    asks = "import os\n\n\ndef closed():\n    return 'TILL' in os.environ\n"
    bed = Bed(tmp_path, FILES | {"tests/test_a_company.py": company, "door.py": asks})
    answer = AMONG.replace("\n\n\ndef", "\nfrom door import closed\n\n\ndef").replace("== 3", "== 3 and not closed()")
    verdict = bed.start(f"```python\n{answer}```").judge(change)
    assert verdict.judged is judged
    assert said in "\n".join((verdict.feedback, *verdict.evidence.notes))
    bed.workspace.close()


def test_the_repositorys_own_tests_are_asked_alone(bed: Bed) -> None:
    verification = bed.start(expects("total([1, 2])", 30))
    assert verification.judge(FIX).judged is Judged.FAILED
    green = verification.judge_by_suite(FIX)
    assert Rung.REGRESSION in green.evidence.rungs
    assert green.evidence.reproduction is None
    content = FIX.files["till.py"]
    assert content is not None
    broken = verification.judge_by_suite(Patch({"till.py": content.replace(b"items'", b"things'")}))
    assert Rung.REGRESSION not in broken.evidence.rungs
    assert verification.judge_by_suite(Patch({".git/config": b"x"})).judged is Judged.FAILED


PINS = FILES | {
    "tests/test_old.py": "from till import total\n\n\ndef test_the_first_is_left_out():\n    assert total([1, 2]) == 2\n",
    "tests/test_more.py": "import till\n\n\ndef test_more():\n    assert till.label(1)\n",
}


def test_a_patch_that_breaks_what_the_issue_wants_changed_asks(tmp_path: Path) -> None:
    bed = Bed(tmp_path, PINS)
    verdict = bed.start(TEST).judge(FIX)
    assert verdict.judged is Judged.UNJUDGED
    assert verdict.evidence.asks == ("tests/test_old.py::test_the_first_is_left_out",)
    assert Rung.REPRODUCTION in verdict.evidence.rungs
    assert Rung.REGRESSION not in verdict.evidence.rungs
    assert "assert 3 == 2" in verdict.feedback
    bed.workspace.close()


def test_a_patch_that_breaks_them_by_a_crash_or_leaves_the_issue_does_not_ask(tmp_path: Path) -> None:
    bed = Bed(tmp_path, PINS)
    verification = bed.start(TEST)
    crash = FILES["till.py"].replace("    return sum(prices[1:])", "    return sum(p.net for p in prices)")
    leaves = FILES["till.py"].replace("prices[1:]", "prices[2:]")
    for text in (crash, leaves):
        assert verification.judge(Patch({"till.py": text.encode()})).judged is Judged.FAILED
    assert bed.start(accept="regression").judge(FIX).judged is Judged.FAILED, "without a reproduction nothing asks"
    bed.workspace.close()


def test_in_a_slow_suite_a_pinned_test_is_asked_about_after_the_whole_of_it(tmp_path: Path) -> None:
    bed = Bed(tmp_path, PINS)
    verification = bed.start(TEST)
    verification.baseline = replace(verification.baseline, seconds=11.0)
    verdict = verification.judge(FIX)
    assert verdict.judged is Judged.UNJUDGED
    assert verdict.evidence.after is not None, "the whole suite was run"
    bed.workspace.close()
