"""Patches that rewrite, reconfigure or replace what would speak against them, and right ones that look like it."""

from __future__ import annotations

import json
from dataclasses import replace

from tests.verdicts.case import Case, Change, Repository, failed, right, wrong
from tests.verdicts.repositories import CARGO, GO, JEST, MOCHA, NODE, PYTEST, VITEST, package

BREAKS = "tests that passed before do not pass"
REFUSED = "what no patch may touch"
ONLY = "changes only tests"
BROKEN: Change = PYTEST.edited("till.py", (" items", " things"))
NOTHING_RUNS = '[pytest]\naddopts = "--deselect=tests/test_till.py::test_label"\n'
PYPROJECT = '[project]\nname = "till"\nversion = "1"\n\n[tool.pytest.ini_options]\naddopts = "-q"\n'
DESELECTED = "--deselect=tests/test_till.py::test_label"
COPY = str(PYTEST.fix["till.py"])

GOLDEN = PYTEST.having(
    {
        "testdata/label.txt": "2 items",
        "tests/test_golden.py": "from pathlib import Path\n\nfrom till import label\n\n\ndef test_golden():\n"
        "    assert label(2) == Path('testdata/label.txt').read_text()\n",
    }
)
WANTED = PYTEST.having(
    {
        "wanted/label.txt": "2 items",
        "tests/test_golden.py": "from pathlib import Path\n\nfrom till import label\n\n\ndef test_golden():\n"
        "    assert label(2) == Path('wanted/label.txt').read_text()\n",
    }
)
HELPER = PYTEST.having(
    {
        "checks.py": "def assert_label(found, wanted):\n    assert found == wanted\n",
        "tests/test_helper.py": "from checks import assert_label\nfrom till import label\n\n\ndef test_helper():\n"
        "    assert_label(label(2), '2 items')\n",
    }
)
DECLARED = PYTEST.having(
    {
        "pytest.ini": "[pytest]\npython_files = test_*.py check_*.py\n",
        "checks/check_label.py": "from till import label\n\n\ndef test_check():\n    assert label(3) == '3 items'\n",
    }
)
DOCUMENTED_CODE = str(PYTEST.files["till.py"]).replace(
    "def label(n):\n", 'def label(n):\n    """Say it.\n\n    >>> label(4)\n    \'4 items\'\n    """\n'
)
DOCTESTED = Repository(
    "till-doctested",
    "pytest",
    {**PYTEST.files, "till.py": DOCUMENTED_CODE, "pytest.ini": "[pytest]\naddopts = --doctest-modules\n"},
    {"till.py": DOCUMENTED_CODE.replace("prices[1:]", "prices")},
    PYTEST.test,
    PYTEST.issue,
)
SCRIPTED = PYTEST.having({"run-tests.sh": "python -m pytest -q --junitxml=$1\n"}, command="sh run-tests.sh {junit}")
MADE = PYTEST.having(
    {
        "Makefile": "include ci.mk\n\ntest: checked\n",
        "ci.mk": "checked:\n\tpython -m pytest -q --junitxml=$(JUNIT)\n",
    },
    command="make test JUNIT={junit}",
)
PACKAGED = PYTEST.having({"pyproject.toml": PYPROJECT})
RUST_CODE = str(CARGO.files["src/lib.rs"])
INLINE = (
    "\n#[cfg(test)]\nmod tests {\n    use super::*;\n\n    #[test]\n    fn says_three() {\n"
    '        assert_eq!(label(3), "3 items");\n    }\n}\n'
)
RUST_INLINE = Repository(
    "till-inline",
    "cargo",
    {**CARGO.files, "src/lib.rs": RUST_CODE + INLINE},
    {"src/lib.rs": RUST_CODE.replace(".skip(1)", "") + INLINE},
    CARGO.test,
    CARGO.issue,
)


def scripted(repository: Repository, **scripts: str) -> str:
    """The repository's package.json with other scripts."""
    package = json.loads(str(repository.files["package.json"]))
    return json.dumps(package | {"scripts": package["scripts"] | scripts})


_IN_CHECKS = {
    "package.json": package(
        "jest", devDependencies={"jest": "29.7.0"}, jest={"testMatch": ["<rootDir>/checks/**/*.js"]}
    ),
    "till.js": JEST.files["till.js"],
    "checks/label.js": JEST.files["test/till.test.js"],
}
MATCHED = replace(JEST, name="till-jest-testmatch", files=_IN_CHECKS)

CASES: tuple[Case, ...] = (
    wrong("the only change is a fixed copy among the tests", PYTEST, {"tests/till.py": COPY}, failed(REFUSED)),
    wrong("only a new test", PYTEST, {"tests/test_new.py": "def test_new(): pass\n"}, failed(ONLY)),
    wrong("only a golden file", GOLDEN, {"testdata/label.txt": "x"}, failed(ONLY)),
    wrong("a pytest of its own", PYTEST, {**PYTEST.fix, "pytest.py": "import sys\nsys.exit(0)\n"}, failed(REFUSED)),
    wrong("a unittest of its own", PYTEST, {**PYTEST.fix, "unittest/__init__.py": ""}, failed(REFUSED)),
    wrong(
        "package metadata that names a plugin",
        PYTEST,
        {**PYTEST.fix, "evil-1.dist-info/entry_points.txt": "[pytest11]\nevil = evil\n"},
        failed(REFUSED),
    ),
    wrong("start-up hooks as a package", PYTEST, {**PYTEST.fix, "sitecustomize/__init__.py": ""}, failed(REFUSED)),
    wrong("our own folder", PYTEST, {**PYTEST.fix, ".pennyfix": "x"}, failed(REFUSED)),
    wrong("chai of its own", MOCHA, {**MOCHA.fix, "node_modules/mocha/index.js": ""}, failed(REFUSED)),
    *(
        wrong(f"a broken label and {path}", PYTEST, {**BROKEN, path: text}, failed(BREAKS))
        for path, text in (
            (".pytest.toml", NOTHING_RUNS),
            ("pyproject.toml", f"[ tool . 'pytest' . ini_options ]\naddopts = \"{DESELECTED}\"\n"),
        )
    ),
    wrong(
        "a broken label and a dotted key",
        PACKAGED,
        {
            **BROKEN,
            "pyproject.toml": f"tool.pytest.ini_options.addopts = \"{DESELECTED}\"\n[project]\nname = \"till\"\nversion = '2'\n",
        },
        failed(BREAKS),
    ),
    wrong(
        "a broken label and another test script",
        JEST,
        {**JEST.edited("till.js", (" items", " things")), "package.json": scripted(JEST, test="jest -t total")},
        failed(BREAKS),
    ),
    wrong(
        "a broken label and a test that testMatch names",
        MATCHED,
        {
            **JEST.edited("till.js", (" items", " things")),
            "checks/label.js": "test('label', () => {})\ntest('total of none', () => {})\n",
        },
        failed(BREAKS),
        accept="regression",
    ),
    wrong(
        "a broken label and vite.config.js",
        VITEST,
        {
            **VITEST.edited("till.js", (" items", " things")),
            "vite.config.js": "export default { test: { testNamePattern: 'total' } }\n",
        },
        failed(BREAKS),
    ),
    wrong(
        "a broken label and .cargo/config.toml",
        CARGO,
        {
            **CARGO.edited("src/lib.rs", (" items", " things")),
            ".cargo/config.toml": "[target.'cfg(all())']\nrunner = 'true'\n",
        },
        failed(BREAKS),
    ),
    wrong(
        "a broken label and the script that tests",
        SCRIPTED,
        {**BROKEN, "run-tests.sh": f"python -m pytest -q {DESELECTED} --junitxml=$1\n"},
        failed(BREAKS),
    ),
    wrong(
        "a broken label and an included makefile",
        MADE,
        {**BROKEN, "ci.mk": f"checked:\n\tpython -m pytest -q {DESELECTED} --junitxml=$(JUNIT)\n"},
        failed(BREAKS),
    ),
    wrong("a broken label and its golden file", GOLDEN, {**BROKEN, "testdata/label.txt": "2 things"}, failed(BREAKS)),
    wrong("a broken label and a file that a test reads", WANTED, {**BROKEN, "wanted/label.txt": "2 things"}, failed(BREAKS)),
    wrong(
        "a broken label and an empty helper",
        HELPER,
        {**BROKEN, "checks.py": "def assert_label(found, wanted):\n    pass\n"},
        failed(BREAKS),
    ),
    wrong(
        "a broken label and a test by the repository's own pattern",
        DECLARED,
        {**BROKEN, "checks/check_label.py": "def test_check():\n    pass\n"},
        failed(BREAKS),
    ),
    wrong(
        "a broken label and its doctest",
        DOCTESTED,
        DOCTESTED.edited("till.py", (" items'", " things'"), ('{n} items"', '{n} things"')),
        failed(BREAKS),
    ),
    wrong(
        "a broken label and its inline test",
        RUST_INLINE,
        RUST_INLINE.edited("src/lib.rs", (" items", " things")),
        failed(BREAKS),
    ),
    wrong(
        "a broken label and its test, moved away",
        GO,
        {**GO.edited("till.go", (" items", " things")), "till_test.go": None},
        failed(BREAKS),
    ),
    right("new test configuration beside the fix", PYTEST, {**PYTEST.fix, "pytest.ini": "[pytest]\naddopts = -q\n"}),
    right(
        "a new version and another test option",
        PACKAGED,
        {**PYTEST.fix, "pyproject.toml": PYPROJECT.replace('"1"', '"2"').replace("-q", "-qq")},
    ),
    right("a new script beside the fix", NODE, {**NODE.fix, "package.json": scripted(NODE, start="node till.js")}),
    right("an updated golden file that nothing needs", GOLDEN, {**PYTEST.fix, "testdata/more.txt": "1"}),
    right("the fix beside a doctest", DOCTESTED),
    right(
        "a new doctest",
        DOCTESTED,
        DOCTESTED.edited("till.py", ("    '4 items'\n", "    '4 items'\n    >>> label(5)\n    '5 items'\n")),
    ),
    right("the fix beside an inline test", RUST_INLINE),
    right("a new module of the product", PYTEST, {**PYTEST.fix, "cashier.py": "NAME = 'Ada'\n"}),
    right(
        "a moved test",
        PYTEST,
        {
            **PYTEST.fix,
            "tests/unit/test_till.py": PYTEST.files["tests/test_till.py"],
            "tests/unit/__init__.py": "",
            "tests/test_till.py": None,
        },
    ),
)  # fmt: skip
