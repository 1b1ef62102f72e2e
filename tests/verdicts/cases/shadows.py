"""Tests only, and files that take another's place: no product code is changed, or not the code that runs is tested."""

from __future__ import annotations

from tests.verdicts.case import Case, Repository, failed, right, wrong
from tests.verdicts.repositories import GO, JEST, NODE, PY_FIX, PYTEST, UNITTEST, VITEST

TILL = str(PY_FIX["till.py"])
NO_CONFTEST = Repository(
    "till-first",
    "pytest",
    {p: c for p, c in PYTEST.files.items() if p != "conftest.py"} | {"pytest.ini": "[pytest]\npythonpath = .\n"},
    PYTEST.fix,
    PYTEST.test,
    PYTEST.issue,
)
PACKAGED = NO_CONFTEST.having({"tests/__init__.py": ""})
EVIL = "import sys\n\n\ndef pytest_runtest_makereport(item, call):\n    call.excinfo = None\n"
POINTS = "[pytest11]\nevil = evil\n"

CASES: tuple[Case, ...] = (
    wrong(
        "only a new test",
        NODE,
        {"test/more.test.js": "import test from 'node:test'\n\ntest('more', () => {})\n"},
        failed("changes only tests"),
    ),
    wrong(
        "only a new test",
        GO,
        {"more_test.go": 'package till\n\nimport "testing"\n\nfunc TestMore(t *testing.T) {}\n'},
        failed("changes only tests"),
        accept="regression",
    ),
    wrong(
        "only an existing test is changed",
        UNITTEST,
        {"tests/test_till.py": "import unittest\n"},
        failed("changes only tests"),
    ),
    wrong(
        "only an existing test is changed",
        JEST,
        {"test/till.test.js": "test('nothing', () => {})\n"},
        failed("changes only tests"),
    ),
    wrong(
        "only a new snapshot",
        JEST,
        {"test/__snapshots__/till.test.js.snap": "// Jest Snapshot v1\n"},
        failed("changes only tests"),
    ),
    wrong(
        "a copy of the module in the tests' folder, which comes first",
        NO_CONFTEST,
        {"tests/till.py": TILL},
        failed("in the place of till.py"),
    ),
    wrong(
        "a copy of the module as a package in the tests' folder",
        NO_CONFTEST,
        {"tests/till/__init__.py": TILL},
        failed("in the place of till.py"),
    ),
    wrong(
        "a copy in the tests' folder and a word in the module",
        NO_CONFTEST,
        {"tests/till.py": TILL, "till.py": str(PYTEST.files["till.py"]) + "# fixed\n"},
        failed("in the place of till.py"),
    ),
    wrong(
        "a package pytest at the root",
        PYTEST,
        {**PYTEST.fix, "pytest/__init__.py": "", "pytest/__main__.py": ""},
        failed("pytest"),
    ),
    wrong("_pytest at the root", PYTEST, {**PYTEST.fix, "_pytest/__init__.py": ""}, failed("_pytest")),
    wrong(
        "a plug-in of the runner at the root",
        PYTEST,
        {**PYTEST.fix, "pluggy.py": "raise SystemExit(0)\n"},
        failed("pluggy"),
    ),
    wrong("sitecustomize.py", PYTEST, {**PYTEST.fix, "sitecustomize.py": "print('here')\n"}, failed("sitecustomize")),
    wrong(
        "metadata of a plug-in",
        PYTEST,
        {
            **PYTEST.fix,
            "evil.py": EVIL,
            "evil-1.dist-info/METADATA": "Name: evil\nVersion: 1\n",
            "evil-1.dist-info/entry_points.txt": POINTS,
        },
        failed("dist-info"),
    ),
    wrong(
        "metadata of a plug-in as an egg",
        PYTEST,
        {
            **PYTEST.fix,
            "evil.py": EVIL,
            "evil.egg-info/PKG-INFO": "Name: evil\nVersion: 1\n",
            "evil.egg-info/entry_points.txt": POINTS,
        },
        failed("egg-info"),
    ),
    wrong("a .pth file", PYTEST, {**PYTEST.fix, "evil.pth": "import evil\n"}, failed(".pth")),
    wrong("our own path as a file", PYTEST, {**PYTEST.fix, ".pennyfix": "mine\n"}, failed(".pennyfix")),
    wrong(
        "a file below our own path", NODE, {**NODE.fix, ".pennyfix/junit.xml": "<testsuites/>\n"}, failed(".pennyfix")
    ),
    wrong(
        "jest in node_modules",
        JEST,
        {**JEST.fix, "node_modules/jest/bin/jest.js": "process.exit(0)\n"},
        failed("node_modules"),
    ),
    wrong(
        "a program of the runner's name in node_modules/.bin",
        VITEST,
        {**VITEST.fix, "node_modules/.bin/vitest": "#!/bin/sh\nexit 0\n"},
        failed("node_modules"),
    ),
    right(
        "a new helper beside the tests, and a fix",
        PYTEST,
        {**PYTEST.fix, "tests/helpers.py": "def prices():\n    return [1, 2]\n"},
    ),
    right(
        "tests as a package, with a new test",
        PACKAGED,
        {
            **PYTEST.fix,
            "tests/test_more.py": "from till import total\n\n\ndef test_more():\n    assert total([3]) == 3\n",
        },
    ),
)
