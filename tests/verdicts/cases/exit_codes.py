"""The canary explains no exit code but its own: what also fails a session counts, unless it failed at the base too."""

from __future__ import annotations

from tests.verdicts.case import Case, failed, right, wrong
from tests.verdicts.repositories import GO, JEST, MOCHA, NODE, PYTEST, VITEST, package

REJECTED = "\nsetTimeout(() => Promise.reject(new Error('nobody catches this')), 0)\n"
PLUGIN = PYTEST.having(
    {
        "conftest.py": "import till\n\n\ndef pytest_sessionfinish(session):\n    if not till.CLOSED:\n        session.exitstatus = 1\n",
        "till.py": str(PYTEST.files["till.py"]) + "\n\nCLOSED = True\n",
    }
)
PLUGIN_CODE = str(PLUGIN.files["till.py"]).replace("prices[1:]", "prices")
TERMINAL = PYTEST.having(
    {
        "conftest.py": "import pytest\nimport till\n\n\n@pytest.hookimpl(trylast=True)\ndef pytest_sessionfinish(session):\n    if till.LEFT_OPEN:\n        pytest.exit('files were left open', returncode=1)\n",
        "till.py": str(PYTEST.files["till.py"]) + "\n\nLEFT_OPEN = []\n",
    }
)
COVERED = JEST.having(
    {
        "package.json": package(
            "jest --coverage",
            devDependencies={"jest": "29.7.0"},
            jest={"collectCoverage": True, "coverageThreshold": {"global": {"functions": 90}}},
        )
    }
)
UNUSED = "\n".join(f"function unused{n}() {{\n  return {n}\n}}" for n in range(9))
COVERED_CODE = str(JEST.fix["till.js"]).replace("module.exports", f"{UNUSED}\nmodule.exports")
FAILING_BEFORE = VITEST.having(
    {
        "test/old.test.js": "import { test } from 'vitest'\n\ntest('old', () => {})\nsetTimeout(() => Promise.reject(new Error('as ever')), 0)\n"
    }
)
GO_LEAKS = GO.having(
    {
        "main_test.go": 'package till\n\nimport (\n\t"fmt"\n\t"os"\n\t"testing"\n)\n\nfunc TestMain(m *testing.M) {\n\tcode := m.Run()\n\tif code == 0 && Open > 0 {\n\t\tfmt.Println("tills were left open")\n\t\tcode = 1\n\t}\n\tos.Exit(code)\n}\n',
        "open.go": "package till\n\n// Open is how many tills are open.\nvar Open int\n",
    }
)

CASES: tuple[Case, ...] = (
    wrong(
        "TestMain finds something left open",
        GO_LEAKS,
        GO_LEAKS.edited("till.go", ("\treturn fmt", "\tOpen++\n\treturn fmt")),
        failed("tills were left open"),
        accept="regression",
    ),
    right("TestMain finds nothing left open", GO_LEAKS),
    wrong(
        "a promise is rejected that nobody catches",
        VITEST,
        {"till.js": str(VITEST.fix["till.js"]) + REJECTED},
        failed("outside of any test"),
        accept="regression",
    ),
    wrong(
        "a promise is rejected that nobody catches, beside a reproduction",
        VITEST,
        {"till.js": str(VITEST.fix["till.js"]) + REJECTED},
        failed("outside of any test"),
    ),
    wrong(
        "a promise is rejected that nobody catches",
        NODE,
        {"till.js": str(NODE.fix["till.js"]) + REJECTED},
        failed("fail after its test had ended"),
        accept="regression",
    ),
    wrong(
        "a promise is rejected that nobody catches",
        MOCHA,
        {"till.js": str(MOCHA.fix["till.js"]) + REJECTED},
        failed("rejected that nobody caught"),
        accept="regression",
    ),
    wrong(
        "a suite is added that cannot load",
        JEST,
        {**JEST.fix, "test/more.test.js": "require('./nowhere')\ntest('more', () => {})\n"},
        failed("more.test.js"),
        accept="regression",
    ),
    wrong(
        "a suite is added that cannot load",
        VITEST,
        {**VITEST.fix, "test/more.test.js": "import './nowhere.js'\n"},
        failed("more.test.js"),
        accept="regression",
    ),
    wrong(
        "a suite is added that cannot load",
        MOCHA,
        {**MOCHA.fix, "test/more.test.js": "require('./nowhere')\n"},
        failed("Cannot find module './nowhere'"),
        accept="regression",
    ),
    wrong(
        "a suite is added that cannot load",
        NODE,
        {**NODE.fix, "test/more.test.js": "import './nowhere.js'\n"},
        failed("test/more.test.js"),
        accept="regression",
    ),
    wrong(
        "a test file is added that cannot be imported",
        PYTEST,
        {**PYTEST.fix, "tests/test_more.py": "import nowhere_at_all\n"},
        failed("test_more.py"),
        accept="regression",
    ),
    wrong(
        "the session is failed by a plugin",
        PLUGIN,
        {"till.py": PLUGIN_CODE.replace("CLOSED = True", "CLOSED = False")},
        failed("a plugin or a threshold failed it"),
        accept="regression",
    ),
    wrong(
        "the session is ended by a plugin",
        TERMINAL,
        {
            "till.py": str(TERMINAL.files["till.py"])
            .replace("prices[1:]", "prices")
            .replace("LEFT_OPEN = []", "LEFT_OPEN = ['till']")
        },
        failed("a plugin or a threshold failed it"),
        accept="regression",
    ),
    wrong(
        "a coverage threshold is not met any more",
        COVERED,
        {"till.js": COVERED_CODE},
        failed("threshold"),
        accept="regression",
    ),
    right("a coverage threshold is met", COVERED, accept="regression"),
    right("a promise is rejected at the base as well", FAILING_BEFORE, accept="regression"),
    right("the session ends well with a plugin", PLUGIN, {"till.py": PLUGIN_CODE}, accept="regression"),
)
