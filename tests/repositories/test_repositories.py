from __future__ import annotations

import io
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.recipe import Environment, Recipe, ReportFormat
from strategies.verification.baseline import Baseline
from tests.repositories.__main__ import folder_facts, known
from tests.repositories.checkout import unpack, workspace_of_archive, workspace_of_folder
from tests.repositories.fact import Fact, fact_of, facts
from tests.repositories.measure import Measured, Own, common_form, compared, matched, own_recipe
from tests.repositories.table import document, lines
from tests.repositories.unittest_lines import passed_by_unittest

FACT = Fact("demo", "python", "pypi", "1.0", "", "2024-05-01", "pytest --junitxml={junit}", setup=("pip install .",))
BLANK = Measured("demo", "python", "", check=False)
RECIPE = Recipe("python", (), "pytest", ReportFormat.JUNIT, "pyproject.toml")
ENVIRONMENT = Environment("k", "folder", "r", RECIPE, 3.0, cached=False)


def baseline(passed: set[str], failed: set[str] = frozenset()) -> Baseline:  # type: ignore[assignment]
    return Baseline(frozenset(passed), frozenset(failed), frozenset(), frozenset(), 1.0)


def test_every_named_repository_has_a_version_a_hash_a_date_and_its_own_command() -> None:
    named = facts()
    assert named
    for fact in named:
        assert fact.version, fact.name
        assert len(fact.sha256) == 64, fact.name
        assert len(fact.date) == 10, fact.name
        assert fact.test, fact.name
        assert "{junit}" in fact.test or fact.report != "junit", fact.name


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"name": "a", "sha": "1"}, "unknown keys sha"),
        ({"name": "a", "language": "python"}, "date, registry, sha256, test, version missing"),
        ({"name": "a", "language": "c", "registry": "x", "version": "1", "sha256": "", "date": "", "test": ""}, "registry 'x'"),
    ],
)  # fmt: skip
def test_a_wrong_entry_of_the_facts_is_named(given: dict[str, str], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        fact_of(dict(given), "python.toml")


def test_one_test_has_one_id_whichever_runner_named_it() -> None:
    assert common_form("tests/a/test_b.py::T::test_c[1/2::x.py]") == "tests.a.test_b.T.test_c[1/2::x.py]"
    assert common_form("tests.a.test_b.T.test_c") == "tests.a.test_b.T.test_c"


def test_an_id_from_another_folder_matches_where_it_is_the_end_of_only_one_of_ours() -> None:
    ours = frozenset({"tests.test_a.T.test_x", "a.test_b.test_y", "b.test_b.test_y"})
    assert matched(frozenset({"test_a.T.test_x", "test_b.test_y", "other"}), ours) == {"test_a.T.test_x"}


def test_a_baseline_is_complete_from_95_of_100_tests_on() -> None:
    own = Own(frozenset(f"t{n}" for n in range(100)))
    enough = compared(BLANK, own, baseline({f"t{n}" for n in range(95)}), ENVIRONMENT, "", "")
    assert enough.complete
    assert (enough.own, enough.common, enough.setup_seconds) == (100, 95, 3.0)
    ids = {f"t{n}" for n in range(94)}
    assert compared(BLANK, own, baseline(ids), ENVIRONMENT, "", "").cause == "tests are not found"
    failing = {f"t{n}" for n in range(94, 100)}
    assert compared(BLANK, own, baseline(ids, failing), ENVIRONMENT, "", "").cause == "tests fail"


def test_without_a_baseline_the_cause_is_kept() -> None:
    found = compared(BLANK, Own(frozenset({"t"})), None, None, "the set-up fails", "pip: no")
    assert (found.complete, found.cause, found.told, found.own) == (False, "the set-up fails", "pip: no", 1)


def test_own_commands_of_python_run_in_an_interpreter_of_their_own_with_the_release_s_version() -> None:
    recipe = own_recipe(replace(FACT, python="3.9"))
    assert "--python 3.9" in recipe.setup[0]
    assert recipe.setup[1].startswith("export SETUPTOOLS_SCM_PRETEND_VERSION=1.0 ")
    assert recipe.setup[1].endswith("; pip install .")


def test_lines_of_unittest_name_what_passed() -> None:
    output = """\
test_a (tests.test_x.T.test_a) ... ok
test_b (tests.test_x.T) ... ok
test_c (tests.test_x.T.test_c)
What it does. ... ok
test_d (tests.test_x.T.test_d) ... FAIL
test_e (tests.test_x.T.test_e) ... skipped 'no'
test_f (tests.test_x.T.test_f) ... printed by the test
ok
test_g (tests.test_x.T.test_g)
Fails. ... ERROR
ok
"""
    assert passed_by_unittest(output) == {f"tests.test_x.T.test_{c}" for c in "abcf"}


def archive(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def test_an_archive_becomes_one_commit_without_what_packaging_added(tmp_path: Path) -> None:
    members = {
        "demo-1.0/PKG-INFO": b"x",
        "demo-1.0/src/demo.egg-info/SOURCES.txt": b"x",
        "demo-1.0/.gitignore": b"*.py\n",
        "demo-1.0/src/demo.py": b"x = 1\n",
    }
    with workspace_of_archive(FACT, archive(tmp_path / "demo.tar.gz", members), tmp_path / "home") as workspace:
        assert [f.path for f in workspace.files()] == [".gitignore", "src/demo.py"]


def test_an_archive_may_not_lead_outside(tmp_path: Path) -> None:
    bad = archive(tmp_path / "bad.tar.gz", {"../outside": b"x"})
    with pytest.raises(tarfile.FilterError):
        unpack(bad, tmp_path / "in")
    assert not (tmp_path / "outside").exists()


def test_a_folder_of_checkouts_is_taken_with_the_facts_that_lie_there(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "a.py").write_text("x = 1\n")
    (tmp_path / "two").mkdir()
    (tmp_path / "facts.toml").write_text('[[repository]]\nname = "two"\ntest = "pytest"\n')
    found = {f.name: f for f, _ in folder_facts(tmp_path)}
    assert (found["one"].test, found["two"].test) == ("", "pytest")
    with workspace_of_folder(tmp_path / "one", tmp_path / "home") as workspace:
        assert [f.path for f in workspace.files()] == ["a.py"]


def test_what_was_measured_is_not_measured_again_until_the_product_changes(tmp_path: Path) -> None:
    calls = []

    def fresh() -> Measured:
        calls.append(1)
        return replace(BLANK, own=len(calls), missing=("t",))

    assert [known(tmp_path, FACT, "p1", fresh, again=False).own for _ in range(2)] == [1, 1]
    assert known(tmp_path, FACT, "p1", fresh, again=True).own == 2
    assert known(tmp_path, FACT, "p2", fresh, again=False).own == 3


def test_trouble_of_ours_is_not_kept_as_a_result(tmp_path: Path) -> None:
    broken = replace(BLANK, cause="the sandbox broke")
    assert known(tmp_path, FACT, "p", lambda: broken, again=False) == broken
    assert known(tmp_path, FACT, "p", lambda: BLANK, again=False) == BLANK


def test_the_table_ends_with_the_rate_and_counts_causes_and_languages() -> None:
    found = [BLANK, replace(BLANK, cause="tests fail"), replace(BLANK, language="go"), replace(BLANK, check=True)]
    told = lines(found)
    assert told[-1] == "complete baselines: 3 of 4 (75 %)"
    assert "python: 1 of 2 (50 %)" in told
    assert "python, kept back: 1 of 1 (100 %)" in told
    assert "cause: tests fail: 1" in told
    assert document(found, "docker").rstrip().endswith("complete baselines: 3 of 4 (75 %)")
