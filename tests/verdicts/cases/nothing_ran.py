"""Nothing ran: where no test passes at the base commit, nobody can judge, whatever the patch says."""

from __future__ import annotations

from tests.verdicts.case import Case, failed, right, unjudged, wrong
from tests.verdicts.repositories import CARGO, GO, JEST, MOCHA, NODE, PYTEST, UNITTEST, VITEST, package

BROKEN_IMPORT = PYTEST.having(
    {"tests/test_till.py": "import cash_register\n\n\ndef test_it():\n    assert cash_register\n"}
)
SUBFOLDER = PYTEST.having(
    {
        "tests/test_till.py": "from backend.app import run\n\n\ndef test_run():\n    assert run\n",
        "backend/requirements.txt": "six\n",
    }
)
SETTINGS = PYTEST.having(
    {
        "conftest.py": "import os\n\nSETTINGS = os.environ['TILL_SETTINGS_MODULE']\n",
        "tests/test_till.py": "def test_it():\n    assert True\n",
    }
)
FIXTURES = PYTEST.having({"tests/test_till.py": "def test_a(db):\n    assert db\n\n\ndef test_b(db):\n    assert db\n"})
ONLY_SKIPS = PYTEST.having(
    {"tests/test_till.py": "import pytest\n\n\n@pytest.mark.skip\ndef test_it():\n    assert True\n"}
)
EXIT_CODE = NODE.having({"package.json": package("sh -c 'exit 3'")})
JEST_BROKEN = JEST.having(
    {
        "test/till.test.js": "const nowhere = require('nowhere-to-be-found')\n\ntest('it', () => expect(nowhere).toBe(1))\n"
    }
)
GO_BROKEN = GO.having(
    {"till_test.go": 'package till\n\nimport "testing"\n\nfunc TestIt(t *testing.T) {\n\tNowhere()\n}\n'}
)
CARGO_BROKEN = CARGO.having({"tests/till.rs": "#[test]\nfn it() {\n    till::nowhere();\n}\n"})
PARTLY = PYTEST.having(
    {"tests/test_other.py": "import cash_register\n\n\ndef test_other():\n    assert cash_register\n"}
)
UNSEEN = PYTEST.having(
    {
        "door.py": "def is_open():\n    return True\n",
        "tests/test_door.py": "import not_here\nfrom door import is_open\n\n\ndef test_open():\n    assert not_here and is_open()\n",
    }
)

CASES: tuple[Case, ...] = (
    wrong(
        "the only tests of what it breaks cannot be imported",
        UNSEEN,
        {"door.py": "def is_open():\n    return False\n"},
        unjudged("tests/test_door.py"),
        accept="regression",
    ),
    wrong(
        "the only test file cannot be imported",
        BROKEN_IMPORT,
        {"till.py": "def total(p):\n    return -100\n"},
        unjudged("cash_register"),
        accept="regression",
    ),
    wrong(
        "the package is below another folder",
        SUBFOLDER,
        {"till.py": "def total(p):\n    return p - 100\n"},
        unjudged("backend"),
        accept="regression",
    ),
    wrong(
        "its settings are not there and it raises at import",
        SETTINGS,
        {"till.py": "raise RuntimeError\n"},
        unjudged("TILL_SETTINGS_MODULE"),
        accept="regression",
    ),
    wrong(
        "every test asks for a fixture that nobody has",
        FIXTURES,
        {"till.py": "raise RuntimeError\n"},
        unjudged("fixture 'db' not found"),
        accept="regression",
    ),
    wrong(
        "every test is skipped",
        ONLY_SKIPS,
        {"till.py": "raise RuntimeError\n"},
        unjudged("0 passed, 0 failed, 1 skipped"),
        accept="regression",
    ),
    wrong(
        "the test command always fails",
        EXIT_CODE,
        {"till.js": "throw new Error('no')\n"},
        unjudged("no test passes"),
        accept="regression",
    ),
    wrong(
        "the suite cannot load",
        JEST_BROKEN,
        {"till.js": "throw new Error('no')\n"},
        unjudged("nowhere"),
        accept="regression",
    ),
    wrong(
        "the tests do not build",
        GO_BROKEN,
        GO.edited("till.go", (" items", " things")),
        unjudged("owhere"),
        accept="regression",
    ),
    wrong(
        "the tests do not build",
        CARGO_BROKEN,
        CARGO.edited("src/lib.rs", (" items", " things")),
        unjudged("nowhere"),
        accept="regression",
    ),
    wrong(
        "part of the suite cannot be imported, and the rest breaks",
        PARTLY,
        PARTLY.edited("till.py", (" items", " things")),
        failed("test_label"),
        accept="regression",
    ),
    right("part of the suite cannot be imported at the base either", PARTLY),
    right(
        "there are failures before, in the same file",
        PYTEST.having({"tests/test_old.py": "def test_old():\n    assert 1 == 2\n"}),
    ),
    right(
        "there are failures before",
        UNITTEST.having(
            {
                "tests/test_old.py": "import unittest\n\n\nclass Old(unittest.TestCase):\n    def test_old(self):\n        self.assertEqual(1, 2)\n"
            }
        ),
    ),
    right(
        "there are failures before",
        VITEST.having(
            {"test/old.test.js": "import { expect, test } from 'vitest'\n\ntest('old', () => expect(1).toBe(2))\n"}
        ),
    ),
    right(
        "there are failures before",
        MOCHA.having(
            {"test/old.test.js": "const assert = require('node:assert')\n\nit('is old', () => assert.equal(1, 2))\n"}
        ),
    ),
    right(
        "there are failures before",
        GO.having(
            {"old_test.go": 'package till\n\nimport "testing"\n\nfunc TestOld(t *testing.T) { t.Fatal("old") }\n'}
        ),
    ),
)
