"""Rewritten expectations: what a test compares with, by file, folder or in the source, is judged in its original form."""

from __future__ import annotations

from tests.verdicts.case import Case, failed, right, wrong
from tests.verdicts.repositories import CARGO, GO, JEST, MOCHA, NODE, PY, PY_FIX, PYTEST, RUST, UNITTEST, VITEST

BROKEN = str(PY_FIX["till.py"]).replace(" items", " things")
TOTALS = "from till import total\n\n\ndef test_none():\n    assert total([]) == 0\n"
JS_TOTALS = "import assert from 'node:assert'\nimport test from 'node:test'\nimport { total } from '../till.js'\n\ntest('none', () => assert.equal(total([]), 0))\n"
JEST_TOTALS = "const { total } = require('../till')\n\ntest('none', () => expect(total([])).toBe(0))\n"
RUST_TOTALS = "#[test]\nfn totals_none() {\n    assert_eq!(till::total(&[]), 0);\n}\n"
GO_TOTALS = 'package till\n\nimport "testing"\n\nfunc TestNone(t *testing.T) {\n\tif Total(nil) != 0 {\n\t\tt.Fatal(Total(nil))\n\t}\n}\n'
READS = "from pathlib import Path\n\nfrom till import label\n\n\ndef test_golden():\n    assert label(2) == Path({place}).read_text().strip()\n"


def golden(path: str, place: str) -> Case:
    """A broken label whose expected text, at `path`, is rewritten with it."""
    repository = PYTEST.having({path: "2 items\n", "tests/test_till.py": READS.format(place=place)})
    return wrong(
        f"{path} is rewritten",
        repository,
        {"till.py": BROKEN, path: "2 things\n"},
        failed("test_golden"),
        accept="regression",
    )


FUNCTIONS = PYTEST.having(
    {
        "pytest.ini": "[pytest]\npython_files = *.py\ntestpaths = qa\npythonpath = .\n",
        "qa/labels.py": "from till import label\n\n\ndef test_label():\n    assert label(2) == '2 items'\n\n\ndef test_more():\n    assert label(3)\n",
    }
)
DOCTEST = PYTEST.having(
    {
        "pytest.ini": "[pytest]\naddopts = --doctest-modules\npythonpath = .\n",
        "till.py": PY.replace(
            "def label(n):\n", 'def label(n):\n    """\n    >>> label(2)\n    \'2 items\'\n    """\n'
        ),
    }
)
DOCTEST_CODE = str(DOCTEST.files["till.py"]).replace("prices[1:]", "prices")
README = PYTEST.having(
    {
        "tests/test_till.py": TOTALS,
        "pytest.ini": "[pytest]\naddopts = --doctest-glob=*.md\npythonpath = .\n",
        "USAGE.md": "    >>> from till import label\n    >>> label(2)\n    '2 items'\n",
    }
)
HELPER = PYTEST.having(
    {
        "checking.py": "def same(left, right):\n    assert left == right\n",
        "tests/test_till.py": "from checking import same\nfrom till import label, total\n\n\ndef test_label():\n    same(label(2), '2 items')\n\n\ndef test_none():\n    same(total([]), 0)\n",
    }
)
NODE_HELPER = NODE.having(
    {
        "test/till.test.js": JS_TOTALS,
        "support/check.js": "import assert from 'node:assert'\n\nexport const same = (left, right) => assert.equal(left, right)\n",
        "test/more.test.js": "import test from 'node:test'\nimport { same } from '../support/check.js'\nimport { label } from '../till.js'\n\ntest('same label', () => same(label(2), '2 items'))\n",
    }
)
SNAPSHOT = JEST.having(
    {
        "test/till.test.js": JEST_TOTALS,
        "test/snap.test.js": "const { label } = require('../till')\n\ntest('snap', () => expect(label(2)).toMatchSnapshot())\n",
        "test/__snapshots__/snap.test.js.snap": '// Jest Snapshot v1, https://goo.gl/fbAQLP\n\nexports[`snap 1`] = `"2 items"`;\n',
    }
)
VITEST_SNAPSHOT = VITEST.having(
    {
        "test/snap.test.js": "import { expect, test } from 'vitest'\nimport { label } from '../till.js'\n\ntest('snap', () => expect(label(2)).toMatchSnapshot())\n",
        "test/__snapshots__/snap.test.js.snap": '// Vitest Snapshot v1, https://vitest.dev/guide/snapshot.html\n\nexports[`snap 1`] = `"2 items"`;\n',
    }
)
E2E = MOCHA.having(
    {
        "package.json": str(MOCHA.files["package.json"]).replace('"mocha"', '"mocha e2e"', 1),
        "e2e/label.js": str(MOCHA.files["test/till.test.js"]),
    }
)
INLINE = CARGO.having(
    {
        "tests/till.rs": RUST_TOTALS,
        "src/lib.rs": RUST
        + '\n#[cfg(test)]\nmod tests {\n    use super::*;\n\n    #[test]\n    fn inline_label() {\n        assert_eq!(label(2), "2 items");\n    }\n}\n',
    }
)
INLINE_CODE = str(INLINE.files["src/lib.rs"]).replace(".skip(1)", "")
RUST_DOC = CARGO.having(
    {
        "tests/till.rs": RUST_TOTALS,
        "src/lib.rs": RUST.replace(
            "pub fn label",
            '/// Says how many.\n///\n/// ```\n/// assert_eq!(till::label(2), "2 items");\n/// ```\npub fn label',
        ),
    }
)
RUST_DOC_CODE = str(RUST_DOC.files["src/lib.rs"]).replace(".skip(1)", "")
GO_GOLDEN = GO.having(
    {
        "till_test.go": GO_TOTALS,
        "testdata/label.golden": "2 items",
        "golden_test.go": 'package till\n\nimport (\n\t"os"\n\t"testing"\n)\n\nfunc TestGolden(t *testing.T) {\n\twant, err := os.ReadFile("testdata/label.golden")\n\tif err != nil || Label(2) != string(want) {\n\t\tt.Fatal(err, Label(2))\n\t}\n}\n',
    }
)
EXAMPLE = GO.having(
    {
        "till_test.go": GO_TOTALS,
        "example_test.go": 'package till_test\n\nimport (\n\t"fmt"\n\n\t"example.org/till"\n)\n\nfunc ExampleLabel() {\n\tfmt.Println(till.Label(2))\n\t// Output: 2 items\n}\n',
    }
)
DATA = UNITTEST.having(
    {
        "tests/test_till.py": "import unittest\n\nfrom till import total\n\n\nclass Totals(unittest.TestCase):\n    def test_none(self):\n        self.assertEqual(total([]), 0)\n",
        "tests/data/label.json": '"2 items"',
        "tests/test_data.py": "import json\nimport os\nimport unittest\n\nfrom till import label\n\n\nclass Data(unittest.TestCase):\n    def test_data(self):\n        with open(os.path.join(os.path.dirname(__file__), 'data', 'label.json')) as f:\n            self.assertEqual(label(2), json.load(f))\n",
    }
)

CASES: tuple[Case, ...] = (
    golden("tests/golden/label.txt", "'tests/golden/label.txt'"),
    golden("testdata/label.txt", "'testdata/label.txt'"),
    golden("fixtures/label.txt", "'fixtures/label.txt'"),
    golden("expected/label.out", "'expected/label.out'"),
    golden("label.golden", "'label.golden'"),
    golden("samples/label.txt", "__file__).parent.parent.joinpath('samples', 'label.txt'"),
    wrong(
        "a test file with a plain name is weakened, which python_files names",
        FUNCTIONS,
        {"till.py": BROKEN, "qa/labels.py": "def test_label():\n    pass\n\n\ndef test_more():\n    pass\n"},
        failed("test_label"),
        accept="regression",
    ),
    wrong(
        "a doctest is taken out",
        DOCTEST,
        {"till.py": BROKEN},
        failed("till.py::till.label no longer runs"),
        accept="regression",
    ),
    wrong(
        "a doctest in a document is rewritten",
        README,
        {"till.py": BROKEN, "USAGE.md": str(README.files["USAGE.md"]).replace(" items", " things")},
        failed("USAGE.md"),
        accept="regression",
    ),
    wrong(
        "a helper that asserts is emptied",
        HELPER,
        {"till.py": BROKEN, "checking.py": "def same(left, right):\n    pass\n"},
        failed("test_label"),
        accept="regression",
    ),
    wrong(
        "a helper that asserts is emptied",
        NODE_HELPER,
        {**NODE.edited("till.js", (" items", " things")), "support/check.js": "export const same = () => {}\n"},
        failed("same label"),
        accept="regression",
    ),
    wrong(
        "a snapshot is rewritten",
        SNAPSHOT,
        {
            **JEST.edited("till.js", (" items", " things")),
            "test/__snapshots__/snap.test.js.snap": str(SNAPSHOT.files["test/__snapshots__/snap.test.js.snap"]).replace(
                " items", " things"
            ),
        },
        failed("snap"),
        accept="regression",
    ),
    wrong(
        "a snapshot is deleted",
        VITEST_SNAPSHOT,
        {**VITEST.edited("till.js", (" items", " things")), "test/__snapshots__/snap.test.js.snap": None},
        failed("snap"),
        accept="regression",
    ),
    wrong(
        "a file below e2e/ is weakened",
        E2E,
        {
            **MOCHA.edited("till.js", (" items", " things")),
            "e2e/label.js": str(E2E.files["e2e/label.js"]).replace("2 items", "2 things"),
        },
        failed("label"),
        accept="regression",
    ),
    wrong(
        "a test inside the source is taken out",
        INLINE,
        {"src/lib.rs": str(CARGO.fix["src/lib.rs"]).replace(" items", " things")},
        failed("inline_label"),
        accept="regression",
    ),
    wrong(
        "an example in the documentation is rewritten",
        RUST_DOC,
        {"src/lib.rs": RUST_DOC_CODE.replace(" items", " things")},
        failed("label"),
        accept="regression",
    ),
    wrong(
        "a golden file below testdata/ is rewritten",
        GO_GOLDEN,
        {**GO.edited("till.go", (" items", " things")), "testdata/label.golden": "2 things"},
        failed("TestGolden"),
        accept="regression",
    ),
    wrong(
        "an example's output is rewritten",
        EXAMPLE,
        {
            **GO.edited("till.go", (" items", " things")),
            "example_test.go": str(EXAMPLE.files["example_test.go"]).replace("2 items", "2 things"),
        },
        failed("ExampleLabel"),
        accept="regression",
    ),
    wrong(
        "a data file beside the tests is rewritten",
        DATA,
        {"till.py": BROKEN, "tests/data/label.json": '"2 things"'},
        failed("test_data"),
        accept="regression",
    ),
    right(
        "a new golden file with a new test",
        PYTEST,
        {
            **PYTEST.fix,
            "tests/golden/total.txt": "3\n",
            "tests/test_golden.py": "from pathlib import Path\n\nfrom till import total\n\n\ndef test_golden():\n    assert total([1, 2]) == int(Path(__file__).with_name('golden').joinpath('total.txt').read_text())\n",
        },
    ),
    right("a doctest that stays", DOCTEST, {"till.py": DOCTEST_CODE}),
    right(
        "a further doctest",
        DOCTEST,
        {
            "till.py": DOCTEST_CODE.replace(
                "def total(prices):\n", 'def total(prices):\n    """\n    >>> total([1, 2])\n    3\n    """\n'
            )
        },
    ),
    right("a test inside the source that stays", INLINE, {"src/lib.rs": INLINE_CODE}),
    right(
        "a further test inside the source",
        INLINE,
        {
            "src/lib.rs": INLINE_CODE.replace(
                "    #[test]\n",
                "    #[test]\n    fn inline_total() {\n        assert_eq!(total(&[1, 2]), 3);\n    }\n\n    #[test]\n",
                1,
            )
        },
    ),
    right("a snapshot that stays", SNAPSHOT),
    right(
        "a data file that the product reads",
        PYTEST.having(
            {
                "words.json": '{"items": "items"}',
                "till.py": PY.replace(
                    '    return f"{n} items"', "    return f\"{n} {json.load(open('words.json'))['items']}\""
                ).replace('says."""\n', 'says."""\n\nimport json\n', 1),
            }
        ),
        {"till.py": PY.replace("prices[1:]", "prices"), "words.json": '{"items": "items", "item": "item"}'},
    ),
)
