from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from sandbox.recipe import Recipe, ReportFormat
from sandbox.recipes.ci_workflow import read_hints
from sandbox.recipes.discovery import LANGUAGES, SOURCES, discover, set_up_ladder
from sandbox.recipes.python.version import MINORS, Python, allowed_by
from sandbox.repository.workspace import Workspace
from tests.fakes.origin import Origin

TEST = {"tests/test_a.py": "def test_a(): pass\n"}
Opened = Callable[[Mapping[str, str]], Workspace]


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    def open_(files: Mapping[str, str]) -> Workspace:
        number = len(list(tmp_path.iterdir()))
        origin = Origin(tmp_path / f"repo{number}")
        origin.commit(files)
        return origin.workspace(tmp_path / f"home{number}")

    return open_


def recipe_of(workspace: Workspace, setup: list[str] | None = None, test: str | None = None) -> Recipe:
    recipe, tried = discover(workspace, setup=setup, test=test, image=None)
    assert recipe is not None, tried
    for line in (*recipe.setup, recipe.test):
        assert subprocess.run(["sh", "-n", "-c", line.replace("{junit}", "x")], check=False).returncode == 0, line
    return recipe


def test_a_plain_python_repository_gets_pytest_and_a_canary(opened: Opened) -> None:
    recipe = recipe_of(opened(TEST))
    assert (recipe.language, recipe.runner, recipe.report) == ("python", "pytest", ReportFormat.JUNIT)
    assert recipe.test_folder == "tests"
    assert recipe.canary is not None
    assert recipe.canary.path == "tests/test_{name}.py"
    assert "uv venv" in recipe.setup[0]
    assert "pip install --quiet pytest" in recipe.setup[-1]
    assert recipe.test_only == recipe.test + " {tests}"


@pytest.mark.parametrize(
    ("files", "line", "source"),
    [
        ({"uv.lock": "", "pyproject.toml": '[project]\nname="x"\n[dependency-groups]\ndev=["a"]\ndocs=["b"]\n'}, '--inexact --python "$PENNYFIX_ENV/bin/python" --group dev', "uv.lock"),
        ({"uv.lock": "", "pyproject.toml": '[project]\nname="x"\n[project.optional-dependencies]\ntest=["a"]\n'}, "--extra test", "uv.lock"),
        ({"poetry.lock": "", "pyproject.toml": "[tool.poetry.group.test.dependencies]\na='1'\n"}, "install --no-interaction --quiet --with test", "poetry.lock"),
        ({"Pipfile": "", "Pipfile.lock": "{}"}, "sync --dev", "Pipfile.lock"),
        ({"requirements.txt": "a\n"}, "-r requirements.txt", "requirements.txt"),
        ({"requirements-dev.txt": "a\n"}, "-r requirements-dev.txt", "requirements-dev.txt"),
        ({"requirements/test.txt": "a\n"}, "-r requirements/test.txt", "requirements/test.txt"),
        ({"dev-requirements.txt": "a\n"}, "-r dev-requirements.txt", "dev-requirements.txt"),
        ({"tests/requirements.txt": "a\n"}, "-r tests/requirements.txt", "tests/requirements.txt"),
        ({"pyproject.toml": '[project]\nname="x"\n[project.optional-dependencies]\ntest=["a"]\ndev=["b"]\ndocs=["c"]\n'}, "--editable '.[test]'", "pyproject.toml"),
        ({"pyproject.toml": '[project]\nname="x"\n[dependency-groups]\ntest=["a>1", {include-group="more"}]\nmore=["b"]\n'}, "'a>1' b", "pyproject.toml"),
        ({"setup.cfg": "[metadata]\nname = x\n[options.extras_require]\ntesting =\n    a\n"}, "--editable '.[testing]'", "setup.cfg"),
        ({"setup.py": "setup(extras_require={'tests': ['a'], 'docs': []})"}, "--editable '.[tests]'", "setup.py"),
        ({"setup.py": "setup()", "tox.ini": "[testenv]\ndeps =\n    mock\n    -r more.txt\n    {env:X}\n"}, "install --quiet mock", "setup.py"),
        ({"setup.py": "setup()", "noxfile.py": "session.install('attrs', 'hypothesis')"}, "attrs hypothesis", "setup.py"),
        ({"pytest.ini": "[pytest]\naddopts = --cov=x -n auto\nasyncio_mode = auto\n"}, "pip install --quiet pytest-cov", ""),
        ({"pytest.ini": "[pytest]\nrequired_plugins = pytest-mock>=3 pytest-env\n"}, "pip install --quiet pytest-mock", ""),
    ],
)  # fmt: skip
def test_python_manifests_decide_the_set_up(files: dict[str, str], line: str, source: str, opened: Opened) -> None:
    recipe = recipe_of(opened({**TEST, **files}))
    assert any(line in s for s in recipe.setup), recipe.setup
    assert source in recipe.source
    assert set(files) <= set(recipe.inputs), "what decides the environment is among its inputs"


def test_documentation_extras_are_left_out_and_nothing_is_installed_as_a_copy(opened: Opened) -> None:
    pyproject = '[project]\nname="x"\n[project.optional-dependencies]\ndocs=["c"]\n'
    setup = " ".join(recipe_of(opened({**TEST, "pyproject.toml": pyproject})).setup)
    assert "docs" not in setup
    assert "--editable ." in setup


def test_a_version_from_git_tags_is_pretended(opened: Opened) -> None:
    pyproject = '[project]\nname="My.Pkg"\ndynamic=["version"]\n[build-system]\nrequires=["setuptools_scm"]\n'
    setup = " ".join(recipe_of(opened({**TEST, "pyproject.toml": pyproject})).setup)
    assert "SETUPTOOLS_SCM_PRETEND_VERSION_FOR_MY_PKG=99.0.0" in setup


@pytest.mark.parametrize(
    ("specifier", "first", "last"),
    [
        (">=3.9", "3.9", MINORS[-1]),
        (">=3.9,<3.12", "3.9", "3.11"),
        ("~=3.10", "3.10", MINORS[-1]),
        ("==3.11.*", "3.11", "3.11"),
        (">=3.9.2,<=3.11", "3.9", "3.11"),
        ("<4", "3.6", MINORS[-1]),
        ("nonsense", "3.6", MINORS[-1]),
        ("^3.10", "3.10", MINORS[-1]),
        ("!=3.6.*,!=3.7.*", "3.8", MINORS[-1]),
    ],
)
def test_requires_python_allows_minor_versions(specifier: str, first: str, last: str) -> None:
    allowed = allowed_by(specifier)
    assert (allowed[0], allowed[-1]) == (first, last)


@pytest.mark.parametrize("wanted", ["", "3.5"])
def test_without_a_fitting_interpreter_the_set_up_says_so(wanted: str, tmp_path: Path) -> None:
    (tmp_path / "python3").write_text("#!/bin/sh\necho 3.4\n")
    (tmp_path / "python3").chmod(0o755)
    line = Python(wanted, ("3.98", "3.99"), ()).venv()
    done = subprocess.run(
        ["/bin/sh", "-c", line], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "the sandbox has 3.4" in done.stderr
    assert "`image:`" in done.stderr, "the backticks are a person's, and run nothing"
    assert "not found" not in done.stderr


@pytest.mark.parametrize(
    ("files", "part"),
    [
        ({".python-version": "3.10.4\n"}, "--python 3.10 "),
        ({".tool-versions": "nodejs 20\npython 3.9.1\n"}, "--python 3.9 "),
        ({"pyproject.toml": '[project]\nname="x"\nrequires-python=">=3.8,<3.11"\n'}, "'>=3.8,<3.11'"),
        ({"setup.py": "setup(python_requires='>=3.7')"}, "'>=3.7'"),
        ({"pyproject.toml": '[tool.poetry.dependencies]\npython = "^3.9"\n'}, "'>=3.9'"),
    ],
)
def test_the_interpreter_is_the_repositorys(files: dict[str, str], part: str, opened: Opened) -> None:
    assert part in recipe_of(opened({**TEST, **files})).setup[0]


@pytest.mark.parametrize(
    ("files", "folder", "name"),
    [
        ({"pkg/tests/test_a.py": "", "pkg/tests/test_b.py": "", "test_c.py": ""}, "pkg/tests", "test_{name}.py"),
        ({"a_test.py": ""}, "", "test_{name}.py"),
        ({"pytest.ini": "[pytest]\npython_files = check_*.py\n", "checks/check_a.py": ""}, "checks", "check_{name}.py"),
        ({"pytest.ini": "[pytest]\ntestpaths = unit\n", "unit/test_a.py": "", "x/test_b.py": "", "x/test_c.py": ""}, "unit", "test_{name}.py"),
        ({"pytest.ini": "[pytest]\npython_files = *_test.py\n", "a_test.py": ""}, "", "{name}_test.py"),
        ({"pytest.ini": "[pytest]\npython_files = tests.py\n", "app/tests.py": ""}, "app", None),
        ({"pytest.ini": "[pytest]\naddopts = -m unit\n", "test_a.py": ""}, "", None),
    ],
)  # fmt: skip
def test_the_place_of_tests_is_found(files: dict[str, str], folder: str, name: str | None, opened: Opened) -> None:
    recipe = recipe_of(opened(files))
    assert recipe.test_folder == folder
    path = recipe.canary.path if recipe.canary else None
    assert path == (f"{folder}/{name}".lstrip("/") if name else None)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("pytest.ini", "[pytest]\naddopts = --cov"),
        ("pytest.toml", "[pytest]\naddopts = ['--cov']"),
        ("pyproject.toml", "[tool.pytest.ini_options]\naddopts = '--cov'"),
        ("pyproject.toml", "[tool.pytest]\naddopts = ['--cov']"),
        ("tox.ini", "[pytest]\naddopts = --cov"),
        ("setup.cfg", "[tool:pytest]\naddopts = --cov"),
        ("tests/pytest.ini", "[pytest]\naddopts = --cov"),
    ],
)
def test_pytests_configuration_is_the_one_at_the_root(path: str, text: str, opened: Opened) -> None:
    recipe = recipe_of(opened({**TEST, path: text}))
    assert f"-c {path} --rootdir=." in recipe.test
    assert "--no-cov" in recipe.test
    assert path in recipe.inputs


def test_django_is_tested_with_its_settings(opened: Opened) -> None:
    recipe = recipe_of(
        opened({"manage.py": "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site.settings')", "app/tests.py": ""})
    )
    assert recipe.test.startswith("DJANGO_SETTINGS_MODULE=site.settings ")
    assert any("pytest-django" in line for line in recipe.setup)


CI = """\
on: push
jobs:
  lint: {steps: [{run: pip install nothing-of-this}]}
  test:
    strategy: {matrix: {python: ["3.9", "3.11", pypy3]}}
    steps:
      - uses: actions/setup-python@v5
        with: {python-version: "${{ matrix.python }}"}
      - run: |
          python -m pip install -U pip
          pip install -r ci/reqs.txt
          pip install ".[extra]" responses
          pip install ${{ matrix.django }}
          pip install x; rm -rf /
      - run: pytest
"""


def test_the_ci_workflow_gives_versions_and_pip_arguments(opened: Opened) -> None:
    hints = read_hints(opened({".github/workflows/tests.yml": CI, ".github/workflows/bad.yml": "a: [", **TEST}))
    assert hints.python == ("3.9", "3.11")
    assert hints.installs == ("-r ci/reqs.txt", "'.[extra]' responses")
    recipe = recipe_of(opened({".github/workflows/tests.yml": CI, "ci/reqs.txt": "", "setup.py": "setup()", **TEST}))
    assert any("-r ci/reqs.txt" in line for line in recipe.setup)
    assert any("--editable '.[extra]' responses" in line for line in recipe.setup)
    assert ".github/workflows/tests.yml" in recipe.inputs


COPILOT = (
    "jobs: {copilot-setup-steps: {steps: [{uses: actions/checkout@v4}, {run: pip install -e .}, {run: make assets}]}}"
)


def rungs_of(workspace: Workspace) -> dict[str, Recipe]:
    """The first recipe of every rung, by the rung's name, in their order."""
    ladder = set_up_ladder(workspace, setup=None, test=None, image=None)
    return {rung.name: next(rung.proposals([])) for rung in ladder.rungs}


def test_set_up_steps_for_other_agents_come_after_convention(opened: Opened) -> None:
    path = ".github/workflows/copilot-setup-steps.yml"
    workspace = opened({**TEST, "requirements.txt": "a\n", path: COPILOT})
    assert "make assets" not in recipe_of(workspace).setup
    found = rungs_of(workspace)
    assert list(found) == ["Python by convention", path]
    recipe = found[path]
    assert recipe.setup[1:3] == ("pip install -e .", "make assets")
    assert "uv venv" in recipe.setup[0]
    assert "pytest" in recipe.setup[-1]
    assert recipe.source == path
    assert recipe.source in recipe.inputs


def test_steps_that_cannot_run_in_a_sandbox_are_passed_over_and_said(opened: Opened) -> None:
    path = ".github/workflows/copilot-setup-steps.yml"
    workspace = opened({**TEST, path: COPILOT.replace("make assets", "sudo apt-get install x")})
    assert list(rungs_of(workspace)) == ["Python by convention"]
    assert any("sudo" in sentence for sentence in set_up_ladder(workspace, setup=None, test=None, image=None).looked)


@pytest.mark.parametrize(
    "command", ['"make deps"', '["make", "deps"]', '{"one": "make deps"}'], ids=["line", "list", "by name"]
)
def test_a_devcontainer_with_comments_gives_its_post_create_command(command: str, opened: Opened) -> None:
    text = f'{{ // a "comment"\n "image": "x//y:3", /* more */ "postCreateCommand": {command},\n}}'
    found = rungs_of(opened({**TEST, ".devcontainer/devcontainer.json": text}))
    assert "make deps" in found[".devcontainer/devcontainer.json"].setup


def test_a_devcontainer_that_names_neither_image_nor_features_is_passed_over(opened: Opened) -> None:
    workspace = opened({**TEST, ".devcontainer/devcontainer.json": '{"postCreateCommand": "make deps"}'})
    assert list(rungs_of(workspace)) == ["Python by convention"]
    looked = set_up_ladder(workspace, setup=None, test=None, image=None).looked
    assert any("neither image nor features" in sentence for sentence in looked)


def test_what_our_file_says_is_the_only_rung(opened: Opened) -> None:
    ladder = set_up_ladder(opened({**TEST, "package.json": "{}"}), setup=["make deps"], test=None, image=None)
    assert [rung.name for rung in ladder.rungs] == [".github/autofix.yml"]
    assert ladder.configured


def test_our_file_outranks_everything(opened: Opened) -> None:
    files = {**TEST, ".github/workflows/copilot-setup-steps.yml": COPILOT}
    recipe = recipe_of(opened(files), ["pip install mine"], "pytest -q tests")
    assert recipe.setup[1] == "pip install mine"
    assert "make assets" not in recipe.setup
    assert recipe.test.startswith("pytest -q tests ")
    assert "--junitxml={junit}" in recipe.test
    assert recipe.test_only is not None
    assert recipe.command("r.xml", ["tests/test_a.py"]).endswith("--junitxml=r.xml tests/test_a.py")
    assert recipe.canary is not None
    assert recipe.source == ".github/autofix.yml"


@pytest.mark.parametrize(
    ("test", "report", "runner", "only", "canary"),
    [
        ("pytest -k 'a and b' --junitxml={junit}", ReportFormat.JUNIT, "pytest", True, False),
        ("python -m pytest -m 'not slow'", ReportFormat.JUNIT, "pytest", True, True),
        ("pytest other", ReportFormat.JUNIT, "pytest", True, True),
        ("pytest tests/test_a.py", ReportFormat.JUNIT, "pytest", True, False),
        ("cd tests && pytest --junitxml={junit}", ReportFormat.JUNIT, "pytest", True, True),
        ("make test JUNIT={junit}", ReportFormat.JUNIT, "", False, False),
        ("make test", ReportFormat.EXIT_CODE, "", False, False),
        ("go test ./...", ReportFormat.GO_JSON, "go", False, False),
        ("cargo test", ReportFormat.CARGO, "cargo", False, False),
        ("mvn verify", ReportFormat.SUREFIRE, "maven", False, False),
        ("pytest 'unbalanced", ReportFormat.JUNIT, "pytest", True, True),
    ],
)
def test_a_given_command_is_understood_as_far_as_possible(
    test: str, report: ReportFormat, runner: str, only: bool, canary: bool, opened: Opened
) -> None:
    recipe, _ = discover(opened({**TEST, "other/x.py": ""}), setup=None, test=test, image="img")
    assert recipe is not None
    assert (recipe.report, recipe.runner) == (report, runner)
    assert (recipe.test_only is not None, recipe.canary is not None) == (only, canary)
    assert recipe.image == "img"


def test_a_given_command_is_enough_without_any_convention(opened: Opened) -> None:
    recipe = recipe_of(opened({"README.md": "x"}), ["make deps"], "make check")
    assert recipe == Recipe("other", ("make deps",), "make check", ReportFormat.EXIT_CODE, ".github/autofix.yml")


def test_the_language_with_most_source_is_asked_first(opened: Opened) -> None:
    package = json.dumps({"scripts": {"test": "node --test"}})
    both = {**TEST, "package.json": package, "src/a.js": "x" * 1000}
    assert recipe_of(opened(both)).language == "javascript"
    assert recipe_of(opened({**both, "pkg/a.py": "x" * 2000})).language == "python"


def test_nothing_found_says_what_was_tried(opened: Opened) -> None:
    workspace = opened({"main.py": "x = 1\n", "package.json": "{broken", "setup.py": "setup()"})
    recipe, tried = discover(workspace, setup=None, test=None, image=None)
    assert recipe is None
    assert len(tried) == len(LANGUAGES) + 1
    assert tried[-1].startswith("task files: ")
    assert tried[0] == "Python: no file is named like a test (tests.py, test*.py, *_tests.py, *test.py)"


@pytest.mark.parametrize(
    "files",
    [
        {"pyproject.toml": "[broken"},
        {"setup.cfg": "no section"},
        {"tox.ini": "[testenv\n"},
        {"pyproject.toml": "[project]\nrequires-python = 3\n[tool]\npytest = 1\n"},
        {"package.json": "[1]"},
        {"Cargo.toml": "["},
        {".github/workflows/ci.yml": "jobs: [1, 2]"},
        {
            ".github/workflows/ci.yml": "jobs: {a: {steps: 1, strategy: x}, b: {steps: [{uses: setup-python, with: x}, {run: pytest}]}}"
        },
        {".devcontainer/devcontainer.json": "[" * 5000},
    ],
)
def test_malformed_files_do_not_stop_discovery(files: dict[str, str], opened: Opened) -> None:
    assert recipe_of(opened({**TEST, **files})).language == "python"


def test_every_language_names_its_sources() -> None:
    assert set(LANGUAGES) == set(SOURCES)
