from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.repository.patch import Patch
from sandbox.testing.report import TestOutcome, TestReport, TestResult
from strategies.study.tasks.hidden import missing, patch_from
from strategies.study.tasks.planting import plant
from strategies.study.tasks.repositories import recipe_of, workspace_of
from strategies.study.tasks.task import Hidden, Task, TaskError
from tests.fakes.origin import Origin

DIFF = """\
diff --git a/tests/test_a.py b/tests/test_a.py
--- a/tests/test_a.py
+++ b/tests/test_a.py
@@ -1,2 +1,2 @@
 def test_a():
-    assert 1
+    assert 2
diff --git a/tests/test_b.py b/tests/test_b.py
new file mode 100644
--- /dev/null
+++ b/tests/test_b.py
@@ -0,0 +1 @@
+b = 1
"""


def report(**outcomes: str) -> TestReport:
    found = {k.replace("__", "::"): TestOutcome(v) for k, v in outcomes.items()}
    return TestReport({i: TestResult(i, o) for i, o in found.items()})


def test_a_diff_becomes_whole_files(tmp_path: Path) -> None:
    files = {"tests/test_a.py": b"def test_a():\n    assert 1\n", "x.py": b""}
    with plant(tmp_path, "small", files) as workspace:
        assert patch_from(DIFF, workspace).files == {
            "tests/test_a.py": b"def test_a():\n    assert 2\n",
            "tests/test_b.py": b"b = 1\n",
        }


def test_a_diff_that_does_not_fit_is_an_error_that_says_so(tmp_path: Path) -> None:
    with (
        plant(tmp_path, "small", {"tests/test_a.py": b"other\n"}) as workspace,
        pytest.raises(TaskError, match="do not apply"),
    ):
        patch_from(DIFF, workspace)


def test_every_named_test_must_have_passed() -> None:
    hidden = Hidden("", ("t::a", "t::gone"), ("t::b", "t::skipped"))
    found = report(t__a="passed", t__b="failed", t__skipped="skipped")
    assert missing(found, hidden) == ("t::gone", "t::b", "t::skipped")


def test_a_test_may_be_named_by_the_tail_of_its_id() -> None:
    hidden = Hidden("", ("test_x", "test_y"))
    found = report(a__test_x="passed", a__test_y="passed", b__test_y="failed")
    assert missing(found, hidden) == ("test_y",)


def test_a_repository_by_path_at_a_commit_no_branch_leads_to(tmp_path: Path) -> None:
    (tmp_path / "origins" / "ada").mkdir(parents=True)
    origin = Origin(tmp_path / "origins" / "ada" / "sums")
    first = origin.commit({"a.py": "a = 1\n"})
    second = origin.commit({"a.py": "a = 2\n"})
    origin.git("reset", "-q", "--hard", first)
    origin.git("config", "uploadpack.allowAnySHA1InWant", "true")
    task = Task("t", "t", "", Hidden(Patch(), ("x",)), repo="ada/sums", base_commit=second)
    with workspace_of(task, tmp_path / "home", f"{tmp_path}/origins/{{repo}}") as workspace:
        assert workspace.read("a.py") == b"a = 2\n"


def test_a_task_that_says_how_it_is_installed_is_installed_so(tmp_path: Path) -> None:
    task = Task("t", "t", "", Hidden(Patch(), ("x",)), files={"tests/test_a.py": b""}, language="python")
    with workspace_of(task, tmp_path) as workspace:
        bare = recipe_of(task, workspace)
        told = recipe_of(replace(task, setup=("pip install numpy",), test="pytest -q tests"), workspace)
    assert bare is not None
    assert told is not None
    assert not [line for line in bare.setup if "pip" in line]
    assert "pip install numpy" in told.setup
    assert told.test.startswith("pytest -q tests")
