"""One name, two tests: an id says which file, package, crate or suite; what still repeats is compared as often as it ran."""

from __future__ import annotations

from tests.verdicts.case import Case, failed, right, wrong
from tests.verdicts.repositories import CARGO, GO, GO_CODE, JEST, MOCHA, NODE, PYTEST, RUST, UNITTEST, VITEST

NODE_TWO = NODE.having(
    {
        "test/a.test.js": "import assert from 'node:assert'\nimport test from 'node:test'\nimport { label } from '../till.js'\n\ntest('works', () => assert.equal(label(1), '1 items'))\n",
        "test/b.test.js": "import assert from 'node:assert'\nimport test from 'node:test'\n\ntest('works', () => assert.equal(1, 2))\n",
    }
)
NODE_SAME_FILE = NODE.having(
    {
        "test/a.test.js": "import assert from 'node:assert'\nimport test from 'node:test'\nimport { label } from '../till.js'\n\ntest('works', () => assert.equal(1, 2))\ntest('works', () => assert.equal(label(1), '1 items'))\n",
    }
)
CRATES = CARGO.having(
    {
        "Cargo.toml": '[workspace]\nmembers = ["a", "b"]\n',
        "a/Cargo.toml": '[package]\nname = "a"\nversion = "1.0.0"\nedition = "2021"\n',
        "b/Cargo.toml": '[package]\nname = "b"\nversion = "1.0.0"\nedition = "2021"\n',
        "a/src/lib.rs": RUST
        + '\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn it_works() {\n        assert_eq!(super::label(1), "1 items");\n    }\n}\n',
        "b/src/lib.rs": "#[cfg(test)]\nmod tests {\n    #[test]\n    fn it_works() {\n        assert_eq!(1, 2);\n    }\n}\n",
        "b/tests/more.rs": "#[test]\nfn more() {\n    assert_eq!(1, 1);\n}\n",
    }
)
CRATES_LABEL = {"a/src/lib.rs": str(CRATES.files["a/src/lib.rs"]).replace('"{} items"', '"{} things"')}
GO_PACKAGES = GO.having(
    {
        "a/till.go": GO_CODE.replace("package till", "package a"),
        "a/till_test.go": 'package a\n\nimport "testing"\n\nfunc TestIt(t *testing.T) {\n\tif Label(1) != "1 items" {\n\t\tt.Fatal(Label(1))\n\t}\n}\n',
        "b/till_test.go": 'package b\n\nimport "testing"\n\nfunc TestIt(t *testing.T) { t.Fatal("as before") }\n',
    }
)
VITEST_TWO = VITEST.having(
    {
        "test/a.test.js": "import { expect, test } from 'vitest'\nimport { label } from '../till.js'\n\ntest('works', () => expect(label(1)).toBe('1 items'))\n",
        "test/b.test.js": "import { expect, test } from 'vitest'\n\ntest('works', () => expect(1).toBe(2))\n",
    }
)
MOCHA_TWO = MOCHA.having(
    {
        "test/a.test.js": "const assert = require('node:assert')\nconst { label } = require('../till')\n\ndescribe('it', () => { it('works', () => assert.equal(label(1), '1 items')) })\n",
        "test/b.test.js": "const assert = require('node:assert')\n\ndescribe('it', () => { it('works', () => assert.equal(1, 2)) })\n",
    }
)
JEST_TWO = JEST.having(
    {
        "test/a.test.js": "const { label } = require('../till')\n\ntest('works', () => expect(1).toBe(2))\ntest('works', () => expect(label(1)).toBe('1 items'))\n",
    }
)
LONG = "x" * 1100
PYTEST_LONG = PYTEST.having(
    {
        "tests/test_long.py": f"import pytest\nfrom till import label\n\n\n@pytest.mark.parametrize('n', [1, 2], ids=['{LONG}a', '{LONG}b'])\ndef test_long(n):\n    assert n == 1 or label(n) == '1 items'\n",
        "tests/test_more.py": f"import pytest\nfrom till import label\n\n\n@pytest.mark.parametrize('n', [0, 1], ids=['{LONG}a', '{LONG}b'])\ndef test_more(n):\n    assert n and label(n) == '1 items'\n",
    }
)
CLASSES = PYTEST.having(
    {
        "tests/test_classes.py": "from till import label\n\n\nclass TestA:\n    def test_it(self):\n        assert label(1) == '1 items'\n\n\nclass TestB:\n    def test_it(self):\n        assert 1 == 2\n"
    }
)
TWO_FOLDERS = UNITTEST.having(
    {
        "tests/a/__init__.py": "",
        "tests/b/__init__.py": "",
        "tests/a/test_it.py": "import unittest\n\nfrom till import label\n\n\nclass It(unittest.TestCase):\n    def test_it(self):\n        self.assertEqual(label(1), '1 items')\n",
        "tests/b/test_it.py": "import unittest\n\n\nclass It(unittest.TestCase):\n    def test_it(self):\n        self.assertEqual(1, 2)\n",
    }
)
BREAKS = "tests that passed before do not pass"


CASES: tuple[Case, ...] = (
    wrong(
        "the same name in two files, one failing before",
        NODE_TWO,
        NODE.edited("till.js", (" items", " things")),
        failed(BREAKS),
        accept="regression",
    ),
    wrong(
        "the same name twice in one file, one failing before",
        NODE_SAME_FILE,
        NODE.edited("till.js", (" items", " things")),
        failed(BREAKS),
        accept="regression",
    ),
    wrong("the same name in two crates", CRATES, CRATES_LABEL, failed("it_works"), accept="regression"),
    wrong(
        "the same name in two packages",
        GO_PACKAGES,
        {"a/till.go": GO_CODE.replace("package till", "package a").replace(" items", " things")},
        failed("TestIt"),
        accept="regression",
    ),
    wrong(
        "the same name in two files",
        VITEST_TWO,
        VITEST.edited("till.js", (" items", " things")),
        failed("works"),
        accept="regression",
    ),
    wrong(
        "the same names in two files",
        MOCHA_TWO,
        MOCHA.edited("till.js", (" items", " things")),
        failed("works"),
        accept="regression",
    ),
    wrong(
        "the same name twice in one file",
        JEST_TWO,
        JEST.edited("till.js", (" items", " things")),
        failed("works"),
        accept="regression",
    ),
    wrong(
        "names longer than an id may be",
        PYTEST_LONG,
        PYTEST.edited("till.py", (" items", " things")),
        failed("tests/test_more.py::test_more"),
        accept="regression",
    ),
    wrong(
        "the same name in two classes",
        CLASSES,
        PYTEST.edited("till.py", (" items", " things")),
        failed("TestA"),
        accept="regression",
    ),
    wrong(
        "the same module, class and name in two folders",
        TWO_FOLDERS,
        UNITTEST.edited("till.py", (" items", " things")),
        failed("a/test_it"),
        accept="regression",
    ),
    right("the same name in two files", NODE_TWO),
    right(
        "the same name in two crates",
        CRATES,
        {"a/src/lib.rs": str(CRATES.files["a/src/lib.rs"]).replace(".skip(1)", "")},
        accept="regression",
    ),
    right("names longer than an id may be", PYTEST_LONG, accept="regression"),
    right("the same name in two packages", GO_PACKAGES),
)
