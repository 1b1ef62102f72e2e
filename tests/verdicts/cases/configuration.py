"""Configuration by another spelling: whatever decides which tests run, and how, is as it was at the base commit."""

from __future__ import annotations

from collections.abc import Mapping

from tests.verdicts.case import Case, Repository, failed, right, wrong
from tests.verdicts.repositories import (
    CJS,
    GO,
    JEST,
    JS,
    MOCHA,
    NODE,
    PY_FIX,
    PYTEST,
    package,
)

BROKEN = str(PY_FIX["till.py"]).replace(" items", " things")
JS_BROKEN = JS.replace(".slice(1)", "").replace(" items", " things")
CJS_BROKEN = CJS.replace(".slice(1)", "").replace(" items", " things")
EVIL = {
    "evil.py": "def pytest_collection_modifyitems(items):\n    items[:] = [i for i in items if i.name != 'test_label']\n"
}
ASKED = PYTEST.having({}, command="python -m pytest -q --junitxml={junit}")
LABEL = failed("test_label")


def spelled(what: str, files: Mapping[str, str], repository: Repository = PYTEST) -> Case:
    """A broken label, hidden from pytest by configuration under `files`."""
    return wrong(
        f"pytest configured by {what}", repository, {"till.py": BROKEN, **EVIL, **files}, LABEL, accept="regression"
    )


PYPROJECT = PYTEST.having({"pyproject.toml": "[tool.black]\nline-length = 100\n"})
SHELL = PYTEST.having({"run-tests.sh": "set -e\npython -m pytest -q\n"}, command="sh run-tests.sh")
MAKE = PYTEST.having(
    {"Makefile": "include test.mk\n", "test.mk": "test:\n\tpython -m pytest -q\n"}, command="make test"
)
TOX = PYTEST.having({"tox.ini": "[tox]\nenvlist = py\n[pytest]\naddopts = -q\n"})
TEST_UNIT = NODE.having(
    {
        "package.json": package("npm run test:unit", module=True).replace(
            '"scripts": {', '"scripts": {\n    "test:unit": "node --test test/",'
        )
    }
)
JEST_BLOCK = JEST.having(
    {
        "package.json": package(
            "jest", devDependencies={"jest": "29.7.0"}, jest={"moduleNameMapper": {"^never$": "x"}, "verbose": True}
        )
    }
)
PATHS = "  testPathIgnorePatterns: ['till.test'],\n"
SETUP_JEST = "module.exports = async () => {\n  globalThis.test = () => {}\n}\n"

CASES: tuple[Case, ...] = (
    spelled("a dotted key below [tool]", {"pyproject.toml": '[tool]\npytest.ini_options.addopts = "-p evil"\n'}),
    spelled(
        "a header with spaces", {"pyproject.toml": '[ tool . pytest . ini_options ]\naddopts = "-p evil"\n'}, PYPROJECT
    ),
    spelled("quoted keys", {"pyproject.toml": '["tool"."pytest".\'ini_options\']\naddopts = "-p evil"\n'}, ASKED),
    spelled("an inline table", {"pyproject.toml": 'tool = {pytest = {ini_options = {addopts = "-p evil"}}}\n'}, ASKED),
    spelled("[tool.pytest]", {"pyproject.toml": '[tool.pytest]\naddopts = ["-p", "evil"]\n'}, ASKED),
    spelled("pytest.toml", {"pytest.toml": '[pytest]\naddopts = ["-p", "evil"]\n'}, ASKED),
    spelled(".pytest.ini", {".pytest.ini": "[pytest]\naddopts = -p evil\n"}, ASKED),
    spelled(
        "setup.cfg with carriage returns",
        {"setup.cfg": "[metadata]\r\nname = till\r\n[tool:pytest]\r\naddopts = -p evil\r\n"},
        ASKED,
    ),
    spelled("tox.ini with carriage returns alone", {"tox.ini": "[pytest]\raddopts = -p evil\r"}, ASKED),
    spelled(
        "tox.ini, with an indented word", {"tox.ini": "[tox]\nenvlist = py\n[pytest]\naddopts = -q\n  -p evil\n"}, TOX
    ),
    spelled("a conftest.py in a new folder above the tests", {"tests/conftest.py": EVIL["evil.py"]}),
    wrong(
        "the script `test` is rewritten",
        NODE,
        {"till.js": JS_BROKEN, "package.json": package("true", module=True)},
        failed("label"),
        accept="regression",
    ),
    wrong(
        "the script `test:unit` is rewritten",
        TEST_UNIT,
        {
            "till.js": JS_BROKEN,
            "package.json": package("npm run test:unit", module=True).replace(
                '"scripts": {', '"scripts": {\n    "test:unit": "true",'
            ),
        },
        failed(""),
        accept="regression",
    ),
    wrong(
        ".mocharc.json is new",
        MOCHA,
        {"till.js": CJS_BROKEN, ".mocharc.json": '{"grep": "totals"}\n'},
        failed("label"),
        accept="regression",
    ),
    wrong(
        "mocha's block in package.json is new",
        MOCHA,
        {
            "till.js": CJS_BROKEN,
            "package.json": package("mocha", devDependencies={"mocha": "10.8.2"}, mocha={"grep": "totals"}),
        },
        failed("label"),
        accept="regression",
    ),
    wrong(
        "a TestMain is new",
        GO,
        {
            **GO.edited("till.go", (" items", " things")),
            "main_test.go": 'package till\n\nimport (\n\t"os"\n\t"testing"\n)\n\nfunc TestMain(m *testing.M) {\n\tm.Run()\n\tos.Exit(0)\n}\n',
        },
        failed(""),
        accept="regression",
    ),
    right(
        "another part of pyproject.toml",
        PYPROJECT,
        {**PYTEST.fix, "pyproject.toml": "[tool.black]\nline-length = 88\n"},
    ),
    right("the suite is run by a script", SHELL, accept="regression"),
)
