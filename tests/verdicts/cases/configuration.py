"""Configuration by another spelling: whatever decides which tests run, and how, is as it was at the base commit."""

from __future__ import annotations

from collections.abc import Mapping

from tests.verdicts.case import Case, Repository, doubted, failed, right, wrong
from tests.verdicts.repositories import (
    CARGO,
    CARGO_TOML,
    CJS,
    GO,
    JEST,
    JS,
    MOCHA,
    NODE,
    PY_FIX,
    PYTEST,
    VITEST,
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
SELF_IMPORT = NODE.having(
    {
        "package.json": package("node --test test/*.test.js", module=True, imports={"#till": "./till.js"}),
        "test/till.test.js": str(NODE.files["test/till.test.js"]).replace("../till.js", "#till"),
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
        "conftest.py becomes a package",
        ASKED,
        {"till.py": BROKEN, "conftest/__init__.py": EVIL["evil.py"]},
        failed("conftest"),
        accept="regression",
    ),
    wrong(
        "a GNUmakefile comes before the Makefile",
        MAKE,
        {"till.py": BROKEN, "GNUmakefile": "test:\n\ttrue\n"},
        LABEL,
        accept="regression",
    ),
    wrong(
        "a file of the target's name, so that make has nothing to do",
        MAKE,
        {"till.py": BROKEN, "test": "made\n"},
        LABEL,
        accept="regression",
    ),
    wrong(
        "a package.json beside the tests says what they import",
        SELF_IMPORT,
        {"till.js": JS_BROKEN, "test/package.json": '{"imports": {"#till": "./kept.js"}}', "test/kept.js": JS},
        failed("label"),
        accept="regression",
    ),
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
        failed("test/till.test.js::label"),
        accept="regression",
    ),
    wrong(
        "jest's block is changed after its first brace",
        JEST_BLOCK,
        {
            "till.js": CJS_BROKEN,
            "package.json": package(
                "jest",
                devDependencies={"jest": "29.7.0"},
                jest={"moduleNameMapper": {"^never$": "x"}, "testPathIgnorePatterns": ["till.test"]},
            ),
        },
        failed("label"),
        accept="regression",
    ),
    wrong(
        "jest.config.js is new",
        JEST,
        {"till.js": CJS_BROKEN, "jest.config.js": "module.exports = {\n" + PATHS + "}\n"},
        failed("label"),
        accept="regression",
    ),
    wrong(
        "jest.setup.js is new, and package.json names it",
        JEST,
        {
            "till.js": CJS_BROKEN,
            "jest.setup.js": SETUP_JEST,
            "package.json": package(
                "jest", devDependencies={"jest": "29.7.0"}, jest={"setupFiles": ["./jest.setup.js"]}
            ),
        },
        failed("label"),
        accept="regression",
    ),
    wrong(
        "vitest.config.mts is new",
        VITEST,
        {"till.js": JS_BROKEN, "vitest.config.mts": "export default { test: { exclude: ['test/till.test.js'] } }\n"},
        failed("label"),
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
        "Cargo.toml switches a test off",
        CARGO,
        {
            "src/lib.rs": CARGO.edited("src/lib.rs", (" items", " things"))["src/lib.rs"],
            "Cargo.toml": CARGO_TOML + '\n[[test]]\nname = "till"\npath = "tests/till.rs"\ntest = false\n',
        },
        failed("labels"),
        accept="regression",
    ),
    wrong(
        "build.rs is new and sets a flag where no release is built",
        CARGO,
        {
            "src/lib.rs": str(CARGO.fix["src/lib.rs"]).replace(
                '    format!("{} items", n)', '    format!("{} {}", n, if cfg!(debug) { "items" } else { "things" })'
            ),
            "build.rs": 'fn main() {\n    if std::env::var("PROFILE").as_deref() == Ok("debug") {\n        println!("cargo:rustc-cfg=debug");\n    }\n}\n',
        },
        doubted("is a new build script"),
        accept="regression",
    ),
    wrong(
        "a TestMain is new",
        GO,
        {
            **GO.edited("till.go", (" items", " things")),
            "main_test.go": 'package till\n\nimport (\n\t"os"\n\t"testing"\n)\n\nfunc TestMain(m *testing.M) {\n\tm.Run()\n\tos.Exit(0)\n}\n',
        },
        failed("TestLabel"),
        accept="regression",
    ),
    right(
        "another part of pyproject.toml",
        PYPROJECT,
        {**PYTEST.fix, "pyproject.toml": "[tool.black]\nline-length = 88\n"},
    ),
    right(
        "another part of package.json",
        JEST_BLOCK,
        {
            **JEST.fix,
            "package.json": package(
                "jest",
                description="a till",
                devDependencies={"jest": "29.7.0"},
                jest={"moduleNameMapper": {"^never$": "x"}, "verbose": True},
            ),
        },
    ),
    right("the version in Cargo.toml", CARGO, {**CARGO.fix, "Cargo.toml": CARGO_TOML.replace("1.0.0", "1.0.1")}),
    right("the suite is run by a script", SHELL, accept="regression"),
)
