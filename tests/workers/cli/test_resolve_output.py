"""What the terminal shows of a patch that people are to decide on."""

from __future__ import annotations

from dataclasses import replace

from sandbox.repository.patch import Patch
from strategies.attempt import Attempt, JudgedAttempt
from strategies.resolution import Ending, Resolution
from tests.fakes.verification import asking, passed, rejected
from workers.billing.bill import bill
from workers.cli.local_resolution import LocalResult
from workers.cli.resolve_output import evidence_lines, result_json, result_lines
from workers.jobs.versions import Versions
from workers.solving.solve_request import SolveResult

DIFF = "--- a/a.py\n+++ b/a.py\n+right\n"


def doubtful() -> LocalResult:
    one = JudgedAttempt(Attempt("weak", "repair", Patch({"a.py": b"right"})), rejected("def test_it(): assert f()"))
    resolution = Resolution(Ending.UNSOLVED, (one,), None, Patch(), "every attempt fell short", doubtful=one)
    solved = SolveResult(resolution, Versions("0.1.0", "cascade", "reproduction", {}, {}))
    return LocalResult(resolution, (), "", bill(()), "c0ffee", "cascade", solved, doubtful_diff=DIFF)


def test_the_best_rejected_patch_is_shown_with_the_test_that_it_fails_and_is_not_accepted() -> None:
    result = doubtful()
    lines = "\n".join(result_lines(result))
    assert "doubtful   attempt 1 keeps every old test green" in lines
    assert DIFF.strip() in lines
    assert "def test_it(): assert f()" in lines
    assert result_json(result)["doubtful"] == {"diff": DIFF}
    assert not result.accepted


def test_a_test_that_is_in_doubt_is_said() -> None:
    result = doubtful()
    result = replace(result, resolution=replace(result.resolution, test_doubt="all 2 patches fail it"))
    assert "in doubt   all 2 patches fail it" in result_lines(result)
    assert result_json(result)["test_doubt"] == "all 2 patches fail it"


def test_what_is_asked_and_doubted_and_not_judged_is_listed() -> None:
    asked = evidence_lines(asking("t.py::old").evidence)
    assert "asks       t.py::old" in asked
    assert not [line for line in asked if line.startswith("broken")], "what is asked about is not said twice"
    evidence = replace(passed().evidence, doubts=("a.py: reads the tests",), not_judged=("gone.py",))
    assert "doubt      a.py: reads the tests" in evidence_lines(evidence)
    assert "not judged gone.py" in evidence_lines(evidence)
