"""Tests only, and files that take another's place: no product code is changed, or not the code that runs is tested."""

from __future__ import annotations

from tests.verdicts.case import Case, Repository, failed, wrong
from tests.verdicts.repositories import NODE, PY_FIX, PYTEST

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
        failed("test"),
    ),
    wrong(
        "a file below our own path", NODE, {**NODE.fix, ".pennyfix/junit.xml": "<testsuites/>\n"}, failed(".pennyfix")
    ),
)
