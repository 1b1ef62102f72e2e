"""Where the test from the issue is put, what it is worth, and what an issue may ask of old tests."""

from __future__ import annotations

from tests.verdicts.case import Case, asking, failed, right, unjudged, wrong
from tests.verdicts.repositories import JEST, NODE, PY, PYTEST, UNITTEST

DATA = "def test_looks_like_one():\n    assert 0, 'this is data'\n" + "# data\n" * 205
ROOTS = PYTEST.having(
    {
        "pytest.ini": "[pytest]\nnorecursedirs = roots\npythonpath = .\n",
        "tests/roots/test-a/test_a.py": DATA,
        "tests/roots/test-b/test_b.py": DATA,
        "tests/roots/test-c/test_c.py": DATA,
        "tests/roots/test_d.py": DATA,
    }
)
IGNORED = PYTEST.having(
    {
        "conftest.py": "collect_ignore_glob = ['tests/example_scripts/*']\n",
        "tests/example_scripts/test_one.py": DATA,
        "tests/example_scripts/test_two.py": DATA,
        "tests/example_scripts/test_three.py": DATA,
    }
)
NAMED = PYTEST.having({}, command="python -m pytest -q --junitxml={junit} tests/test_till.py")
PINNED = PYTEST.having(
    {
        "tests/test_till.py": "from till import label, total\n\n\ndef test_label():\n    assert label(2) == '2 items'\n\n\ndef test_none():\n    assert total([]) == 0\n\n\ndef test_number():\n    assert isinstance(total([4, 5]), int)\n\n\ndef test_the_first_price_is_free():\n    assert total([1, 2]) == 2\n"
    }
)
UPDATED = str(PINNED.files["tests/test_till.py"]).replace("total([1, 2]) == 2", "total([1, 2]) == 3")
MEANINGLESS = "```python\ndef test_x():\n    assert False\n```"
ELSEWHERE = "```python\nimport json\n\n\ndef test_total():\n    assert json.loads('3') == 4\n```"
PASSING = "```python\nfrom till import label\n\n\ndef test_label_is_text():\n    assert isinstance(label(1), str)\n```"

CASES: tuple[Case, ...] = (
    right("data files that look like tests, in folders that are not collected", ROOTS),
    right("a folder that conftest.py leaves out holds most files named like tests", IGNORED),
    right("a command that names its test files", NAMED),
    right("an old test pins what the issue wants changed", PINNED, expected=asking("test_the_first_price_is_free")),
    right(
        "the patch updates exactly the tests that pin it",
        PINNED,
        {**PYTEST.fix, "tests/test_till.py": UPDATED},
        expected=asking("test_the_first_price_is_free"),
    ),
    wrong(
        "it breaks old tests and leaves the issue",
        PINNED,
        {"till.py": PY.replace("prices[1:]", "prices[2:]")},
        failed("test_first_price_counts"),
    ),
    wrong("the test from the issue asserts nothing", PYTEST, PYTEST.fix, unjudged("no valid test"), test=MEANINGLESS),
    wrong("the test from the issue asks another module", PYTEST, PYTEST.fix, unjudged("no valid test"), test=ELSEWHERE),
    wrong("the test from the issue passes before", PYTEST, PYTEST.fix, unjudged("no valid test"), test=PASSING),
    wrong(
        "the test from the issue asserts nothing",
        NODE,
        NODE.fix,
        unjudged("no valid test"),
        test="```js\nimport assert from 'node:assert'\nimport test from 'node:test'\n\ntest('x', () => assert.ok(false))\n```",
    ),
    right(
        "tests in folders of their own",
        PYTEST.having(
            {
                "tests/unit/test_unit.py": "from till import label\n\n\ndef test_unit():\n    assert label(1)\n",
                "tests/data/test_data.txt": "data\n",
            }
        ),
    ),
    right(
        "tests in a package",
        UNITTEST.having(
            {
                "tests/unit/__init__.py": "",
                "tests/unit/test_unit.py": "import unittest\n\nfrom till import label\n\n\nclass Unit(unittest.TestCase):\n    def test_unit(self):\n        self.assertTrue(label(1))\n",
            }
        ),
    ),
    right(
        "tests beside the code",
        JEST.having(
            {
                "till.test.js": str(JEST.files["test/till.test.js"]).replace("../till", "./till"),
                "test/till.test.js": "test('nothing', () => {})\n",
            }
        ),
        {"till.js": str(JEST.fix["till.js"])},
        accept="regression",
    ),
)
