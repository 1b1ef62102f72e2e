"""Where a canary goes, found out by runs of real suites at the base."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.recipe import Recipe
from sandbox.repository.patch import Patch
from sandbox.repository.workspace import Workspace
from sandbox.testing.testrun import NOT_REPORTED, run_tests
from strategies.verification.base_runs import PLACES, places_of
from strategies.verification.baseline import Baseline, NoBaseline, measure
from strategies.verification.runs import TestRuns, beside_chosen
from tests.fakes.folder_backend import FolderBackend, pytest_recipe
from tests.fakes.origin import Origin

GOOD = "def test_{name}():\n    assert True\n"
LEFT_OUT = {
    "conftest.py": "collect_ignore_glob = ['tests/roots/*']\n",
    "tests/roots/test_a.py": "raise SystemExit\n",
    "tests/roots/test_b.py": "raise SystemExit\n",
    "tests/test_here.py": GOOD.format(name="here"),
}
SPY = (
    "def pytest_itemcollected(item):\n    with open({path!r}, 'a') as seen:\n        seen.write(item.nodeid + '\\n')\n"
)
DATA = pytest_recipe("tests/roots")


class Base:
    """A repository at its base commit."""

    def __init__(self, folder: Path, files: dict[str, str]) -> None:
        origin = Origin(folder / "origin")
        origin.commit(files)
        self.workspace: Workspace = origin.workspace(folder / "home")
        self.backend = FolderBackend()

    def runs(self, recipe: Recipe, places: tuple[str, ...] = ()) -> TestRuns:
        environment = self.backend.prepare("scope", recipe, self.workspace.tree(), lambda _: None)
        return TestRuns(self.backend, environment, self.workspace, places)

    def measured(self, recipe: Recipe) -> Baseline:
        runs = self.runs(recipe)
        return measure(runs.open_base, runs.environment)


@pytest.fixture
def base(tmp_path: Path) -> Iterator[type[Base]]:
    made: list[Base] = []

    class Here(Base):
        def __init__(self, files: dict[str, str]) -> None:
            super().__init__(tmp_path / str(len(made)), files)
            made.append(self)

    yield Here
    for one in made:
        assert one.backend.all_closed()
        one.workspace.close()


def test_a_folder_that_the_suite_leaves_out_is_no_place(base) -> None:  # type: ignore[no-untyped-def]
    here = base(LEFT_OUT)
    with here.runs(DATA).open_base() as box:
        assert run_tests(box, DATA, timeout=60, canary=True).reason == NOT_REPORTED
    found = here.measured(DATA)
    assert (found.passed, found.places) == ({"tests/test_here.py::test_here"}, ("tests/test_here.py",))
    judged = here.runs(DATA, found.places).run(Patch(), timeout=60, canary=True)
    assert judged.report is not None
    assert judged.report.ids() == found.ids


def test_a_suite_that_reports_no_canary_anywhere_is_not_believed(base) -> None:  # type: ignore[no-untyped-def]
    hook = "def pytest_collection_modifyitems(items):\n    items[:] = [i for i in items if i.name == 'test_here']\n"
    with pytest.raises(NoBaseline, match="canary not reported"):
        base({"conftest.py": hook, "tests/test_here.py": GOOD.format(name="here")}).measured(pytest_recipe())


def test_every_folder_in_which_a_canary_is_reported_is_a_place(base) -> None:  # type: ignore[no-untyped-def]
    files = {
        "tests/a/test_a.py": GOOD.format(name="a"),
        "tests/b/b_test.py": GOOD.format(name="b"),
        "tests/c/test_c.py": GOOD.format(name="c"),
        "tests/c/conftest.py": "collect_ignore_glob = ['test_*_[0-9]*.py']\n",
    }
    found = base(files).measured(pytest_recipe())
    assert found.places == ("tests/a/test_a.py", "tests/b/b_test.py")
    assert len(found.ids) == 3


def test_a_test_that_looks_at_its_neighbours_keeps_canaries_where_they_were(base) -> None:  # type: ignore[no-untyped-def]
    files = {
        "tests/a/test_a.py": "import pathlib\n\n\ndef test_alone():\n    assert len(list(pathlib.Path(__file__).parent.glob('*.py'))) == 1\n",
        "tests/test_b.py": GOOD.format(name="b"),
    }
    found = base(files).measured(pytest_recipe())
    assert (found.places, found.flaky) == ((), frozenset())
    assert len(found.passed) == 2


def test_the_canary_comes_from_one_of_the_places_by_chance(base, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    files = {f"tests/{n}/test_{n}.py": GOOD.format(name=n) for n in "ab"}
    here = base({**files, "conftest.py": SPY.format(path=str(tmp_path / "seen"))})
    runs = here.runs(pytest_recipe(), ("tests/a/test_a.py", "tests/b/test_b.py"))
    for _ in range(9):  # one place only, one time in 256
        assert runs.run(Patch(), timeout=60, canary=True).report is not None
    canaries = {line for line in (tmp_path / "seen").read_text().splitlines() if line.rsplit("_")[-1].isdigit()}
    assert {line.split("/test_")[0] for line in canaries} == {"tests/a", "tests/b"}


def test_places_are_files_of_passing_tests_one_in_each_folder() -> None:
    passing = [
        "t/a/test_x.py::t1",
        "t/a/test_y.py::t1",
        "t/a/test_y.py::t2",
        "t/b/x_test.py::t",
        "t/c/tests.py::t",
        "x",
    ]
    assert places_of(pytest_recipe(), passing) == ("t/a/test_y.py", "t/b/x_test.py")
    assert len(places_of(pytest_recipe(), [f"t/{n}/test_a.py::t" for n in range(30)])) == PLACES
    assert places_of(replace(pytest_recipe(), runner="unittest"), passing) == ()
    assert places_of(replace(pytest_recipe(), canary=None), passing) == ()


def test_with_chosen_tests_the_canary_is_put_in_their_folders() -> None:
    places = ("t/a/test_a.py", "t/b/test_b.py")
    assert beside_chosen(places, ["t/b/test_new.py::test_it"]) == ("t/b/test_b.py",)
    assert beside_chosen(places, ["elsewhere/test_new.py"]) == places
    assert beside_chosen(places, ()) == places
