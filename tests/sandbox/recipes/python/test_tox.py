from __future__ import annotations

import pytest

from sandbox.recipes.ci_workflow import Hints
from sandbox.recipes.python.commands import documented, parse
from sandbox.recipes.python.tox import SITE, applies, chosen, expanded, tox_environment
from tests.fakes.workspace import memory_workspace

TOX = r"""
[tox]
envlist =
    lint, docs
    {py311, py312}-django52,  # two
    py3{12-13}-django{60,main}-{a,b}
[base]
deps =
    responses
[testenv]
deps =
    {[base]deps}
    -r{toxinidir}/requirements/test.txt
    django52: Django>=5.2,<6.0
    django60: Django>=6.0,<6.1
    djangomain: https://example.org/main.tar.gz
    !b: only-a
extras = tests
changedir = {toxinidir}/sub
setenv =
    X = {env:MISSING:default}
    PYTHONPATH = {toxinidir}
commands =
    coverage run -m pytest --doctest-modules \
        {envsitepackagesdir}/pkg {posargs:{toxinidir}/tests}
[testenv:py313-django60-a]
deps =
    {[testenv]deps}
    special
"""


def test_factors_multiply_and_ranges_are_counted() -> None:
    assert expanded("py3{9-11}-{a,b}, docs") == [
        *(f"py3{n}-{x}" for n in (9, 10, 11) for x in "ab"),
        "docs",
    ]
    assert expanded("{py311, py312}-x  # no\npy") == ["py311-x", "py312-x", "py"]


@pytest.mark.parametrize(
    ("condition", "name", "expected"),
    [("a", "py-a", True), ("a-!b", "py-a-b", False), ("x,a", "py-a", True), ("py3{9,10}", "py310", True), ("!a", "a", False)],
)  # fmt: skip
def test_a_line_belongs_to_the_environments_with_its_factors(condition: str, name: str, expected: bool) -> None:
    assert applies(condition, name.split("-")) is expected


def test_the_environment_with_the_newest_python_and_no_distant_package_is_chosen() -> None:
    assert chosen(["lint", "py39", "py311", "docs"]) == "py311"
    assert chosen(["py311-a", "py312-main"], unreachable=["py312-main"]) == "py311-a"
    assert chosen(["lint", "docs", "mypy"]) == ""


def test_the_environment_that_runs_the_tests_is_resolved() -> None:
    found = tox_environment(memory_workspace({"tox.ini": TOX}))
    assert found is not None
    assert found.name == "py313-django60-a"
    assert found.deps == ("responses", "-r./requirements/test.txt", "Django>=6.0,<6.1", "only-a", "special")
    assert (found.extras, found.folder) == (("tests",), "sub")
    assert dict(found.variables) == {"X": "default", "PYTHONPATH": "."}
    assert found.commands == (f"coverage run -m pytest --doctest-modules {SITE}/pkg ./tests",)


def test_toml_is_read_as_well() -> None:
    text = """
[tool.tox]
env_list = ["py3.13", "style"]
[tool.tox.env_run_base]
dependency_groups = ["tests"]
commands = [["pytest", "-v", "--basetemp={env_tmp_dir}", {replace = "posargs", default = ["unit"], extend = true}]]
"""
    found = tox_environment(memory_workspace({"pyproject.toml": text}))
    assert found is not None
    assert found.groups == ("tests",)
    command = parse(found.commands[0], found.source)
    assert command is not None
    assert (command.kind, command.places) == ("pytest", ("unit",))


@pytest.mark.parametrize(
    "text",
    ["[tox]\nenvlist = {a{b\n[testenv]\ndeps = {[testenv]deps}\n", "[testenv]\ncommands = {posargs:{posargs:x}\n"],
)
def test_what_refers_to_itself_or_is_malformed_ends(text: str) -> None:
    assert tox_environment(memory_workspace({"tox.ini": text})) is not None


@pytest.mark.parametrize(
    ("line", "kind", "options", "places"),
    [
        ("pytest", "pytest", (), ()),
        ("python -W error -m pytest -n auto --cov=x tests", "pytest", (), ("tests",)),
        ("coverage run --source=x -m pytest -k 'not slow' ./tests/", "pytest", ("-k", "not slow"), ("tests",)),
        ("py.test --doctest-glob=README.rst --tb short", "pytest", ("--doctest-glob=README.rst",), ()),
        ("uv run --group dev pytest -m unit --cov-report xml", "pytest", ("-m", "unit"), ()),
        ("poetry run python -m unittest discover -v tests", "unittest", (), ("-m", "unittest", "discover", "tests")),
        ("coverage run --parallel-mode --source a ./runtests.py --testrunner x.XMLTestRunner", "unittest", (), ("runtests.py",)),
        ("python manage.py test app", "unittest", (), ("manage.py", "test", "app")),
        ("DJANGO_SETTINGS_MODULE=t.s python -m django test t", "unittest", (), ("-m", "django", "test", "t")),
        ("python -bb -m tornado.test", "unittest", (), ("-m", "tornado.test")),
        ("pytest --pyargs toolz", "pytest", (), (f"{SITE}/toolz",)),
        ("pytest ${{ matrix.args }} tests", "pytest", (), ("tests",)),
        ("make deps && pytest tests | tee log", "pytest", (), ("tests",)),
    ],
)  # fmt: skip
def test_a_documented_command_is_taken_apart(
    line: str, kind: str, options: tuple[str, ...], places: tuple[str, ...]
) -> None:
    found = parse(line, "here")
    assert found is not None
    assert (found.kind, found.options, found.places) == (kind, options, places)


@pytest.mark.parametrize(
    "line", ["flake8 tests", "mypy", "pip install pytest", "python setup.py sdist", "echo 'unbalanced", ""]
)
def test_what_runs_no_test_is_no_test_command(line: str) -> None:
    assert parse(line, "here") is None


def test_variables_and_folders_of_a_command_are_kept_where_they_are_plain() -> None:
    found = parse("cd sub && A=1 B=$HOME DJANGO_SETTINGS_MODULE=x.y pytest", "here")
    assert found is not None
    assert (found.folder, found.settings) == ("sub", "x.y")
    assert dict(found.variables) == {"A": "1", "DJANGO_SETTINGS_MODULE": "x.y"}


def test_every_place_where_commands_are_documented_is_read() -> None:
    files = {
        "noxfile.py": "session.run('pytest', '--doctest-modules', *session.posargs)\n",
        "Makefile": "test: deps\n\t@$(PYTHON) -m unittest discover \\\n\t  -s t\n\nlint:\n\tflake8\n",
        "pyproject.toml": "[tool.pdm.scripts]\ntest = 'pytest a'\n[tool.hatch.envs.default.scripts]\ntest = 'pytest {args:b}'\n",
    }
    found = documented(memory_workspace(files), None, Hints())
    assert [(c.source, c.kind, c.places) for c in found] == [
        ("noxfile.py", "pytest", ()),
        ("pyproject.toml", "pytest", ("a",)),
        ("pyproject.toml", "pytest", ("b",)),
        ("Makefile", "unittest", ("-m", "unittest", "discover", "-s", "t")),
    ]
