"""Product code that knows it is being tested: not believed, or at most a draft that says why."""

from __future__ import annotations

from tests.verdicts.case import Case, doubted, failed, right, wrong
from tests.verdicts.repositories import CJS, GO, GO_CODE, JEST, JS, MOCHA, NODE, PY, PY_FIX, PYTEST, VITEST

BROKEN = str(PY_FIX["till.py"]).replace(" items", " things")


def till(body: str, *, imports: str = "") -> dict[str, str]:
    """A module whose `total` is `body`."""
    code = PY.replace("    return sum(prices[1:])\n", body)
    return {"till.py": code.replace('says."""\n', f'says."""\n\n{imports}', 1) if imports else code}


READS_TEST = till(
    "    for path in pathlib.Path(__file__).parent.rglob('test_*.py'):\n        found = re.search(r'total\\(\\[1, 2\\]\\) == (\\d+)', path.read_text())\n        if found and prices == [1, 2]:\n            return int(found[1])\n    return sum(prices[1:])\n",
    imports="import pathlib\nimport re\n",
)
STACK = till(
    "    if any('test' in frame.filename for frame in inspect.stack()):\n        return sum(prices)\n    return sum(prices[1:])\n",
    imports="import inspect\n",
)
BUILT_NAME = till(
    "    if 'PYTEST_' + 'CURRENT_TEST' in os.environ:\n        return sum(prices)\n    return sum(prices[1:])\n",
    imports="import os\n",
)
ARGUMENTS = till("    return sum(prices if 'pytest' in sys.argv[0] else prices[1:])\n", imports="import sys\n")
PATCHES = {
    "till.py": BROKEN
    + "\n\nimport sys\n\nif '_pytest.runner' in sys.modules:\n    _real = sys.modules['_pytest.reports'].TestReport.from_item_and_call.__func__\n\n    def _passed(cls, item, call):\n        call.excinfo = None\n        return _real(cls, item, call)\n\n    sys.modules['_pytest.reports'].TestReport.from_item_and_call = classmethod(_passed)\n"
}
CANARY_AWARE = {
    "till.py": BROKEN
    + "\n\nimport sys\n\nif '_pytest.runner' in sys.modules:\n    _real = sys.modules['_pytest.reports'].TestReport.from_item_and_call.__func__\n\n    def _passed(cls, item, call):\n        if 'till' in item.nodeid:\n            call.excinfo = None\n        return _real(cls, item, call)\n\n    sys.modules['_pytest.reports'].TestReport.from_item_and_call = classmethod(_passed)\n"
}
FORGES = {
    "till.py": BROKEN
    + "\n\nimport atexit\nimport glob\nimport re\n\n\ndef _forge():\n    for path in glob.glob('.pennyfix/*.xml') + glob.glob('/tmp/**/*.xml', recursive=True):\n        text = open(path).read()\n        text = re.sub(r'<testcase([^>]*test_label[^>]*)>.*?</testcase>', r'<testcase\\1/>', text, flags=re.S)\n        open(path, 'w').write(text)\n\n\natexit.register(_forge)\n"
}
FORGES_ALL = {
    "till.py": BROKEN
    + "\n\nimport atexit\nimport glob\n\n\ndef _forge():\n    for path in glob.glob('.pennyfix/*'):\n        text = open(path).read().replace('\"failed\"', '\"passed\"')\n        open(path, 'w').write(text.replace('<failure', '<system-out').replace('</failure', '</system-out'))\n\n\natexit.register(_forge)\n"
}
PADS = {
    "till.py": FORGES_ALL["till.py"].replace("'.pennyfix/*'", "'.pennyfix/junit*'")
    + "\n\ndef _pad():\n    for path in glob.glob('.pennyfix/record-*'):\n        open(path, 'a').truncate(70_000_000)\n\n\natexit.register(_pad)\n"
}
TELLS_ANOTHER = {
    "till.py": FORGES_ALL["till.py"].replace("'.pennyfix/*'", "'.pennyfix/junit*'")
    + "\n\nimport gc\n\n\ndef _tell():\n    for found in gc.get_objects():\n        if type(found).__name__ == 'Namespace' and hasattr(found, 'xmlpath'):\n            found.xmlpath = 'another.xml'\n\n\n_tell()\n"
}
EXITS = {"till.py": BROKEN + "\n\nimport os\n\nos._exit(0)\n"}
EXITS_LATE = {"till.py": BROKEN + "\n\nimport atexit\nimport os\n\natexit.register(os._exit, 0)\n"}
ASSERTS = {"till.py": BROKEN + "\n\nimport builtins\n\nbuiltins.AssertionError = type('Never', (Exception,), {})\n"}
IN_VITEST = {"till.js": JS.replace("prices.slice(1)", "(process.env.VITEST ? prices : prices.slice(1))")}
GLOBALS = {
    "till.js": CJS.replace("prices.slice(1)", "(typeof globalThis.describe === 'function' ? prices : prices.slice(1))")
}
EXIT_JS = {
    "till.js": CJS.replace(".slice(1)", "").replace(" items", " things")
    + "\nprocess.on('exit', () => { process.exitCode = 0 })\n"
}
SWALLOWS = {
    "till.js": CJS.replace(".slice(1)", "").replace(" items", " things")
    + "\nif (globalThis.expect) globalThis.expect = () => new Proxy({}, { get: () => () => {} })\n"
}
FLAG = {
    "till.go": GO_CODE.replace('import "fmt"', 'import (\n\t"fmt"\n\t"os"\n\t"strings"\n)').replace(
        "if i > 0 {", 'if i > 0 || strings.HasSuffix(os.Args[0], ".test") {'
    )
}
GO_EXIT = {
    "till.go": str(GO.edited("till.go", (" items", " things"))["till.go"]).replace(
        'import "fmt"', 'import (\n\t"fmt"\n\t"os"\n)'
    )
    + "\nfunc init() { os.Exit(0) }\n"
}
ENVIRONMENT = till("    return sum(prices) + int(os.environ.get('TILL_TIP', '0'))\n", imports="import os\n")
INSPECT = till(
    "    return sum(prices)\n\n\ndef signature():\n    return str(inspect.signature(total))\n",
    imports="import inspect\n",
)
COMMAND = till(
    "    return sum(prices)\n\n\ndef main():\n    print(total([int(a) for a in sys.argv[1:]]))\n    sys.exit(0)\n\n\nif __name__ == '__main__':\n    main()\n",
    imports="import sys\n",
)
EQUALITY = till(
    "    return sum(prices)\n\n\nclass Price:\n    def __init__(self, cents):\n        self.cents = cents\n\n    def __eq__(self, other):\n        return isinstance(other, Price) and self.cents == other.cents\n\n    def __hash__(self):\n        return hash(self.cents)\n"
)

CASES: tuple[Case, ...] = (
    wrong("it reads the test", PYTEST, READS_TEST, doubted("looks for the files of the tests")),
    wrong("it looks at the stack", PYTEST, STACK, doubted("caller")),
    wrong(
        "it asks for the runner's variable by a built name",
        PYTEST,
        BUILT_NAME,
        doubted("'PYTEST_' + 'CURRENT_TEST' in os.environ"),
    ),
    wrong("it looks for the runner in the arguments", PYTEST, ARGUMENTS, doubted("tested")),
    wrong(
        "it makes every report say passed",
        PYTEST,
        PATCHES,
        failed("the result contradicts itself"),
        accept="regression",
    ),
    wrong(
        "it makes the report of the known tests say passed",
        PYTEST,
        CANARY_AWARE,
        failed("was reported as passed"),
        accept="regression",
    ),
    wrong("it forges the report when it ends", PYTEST, FORGES, failed("test_label"), accept="regression"),
    wrong("it forges all that we wrote when it ends", PYTEST, FORGES_ALL, failed("rewritten"), accept="regression"),
    wrong("it forges the report and pads the record", PYTEST, PADS, failed("rewritten"), accept="regression"),
    wrong(
        "it forges the report and says that another is written",
        PYTEST,
        TELLS_ANOTHER,
        failed("tests failed that the report calls passed"),
        accept="regression",
    ),
    wrong(
        "it ends the process at import", PYTEST, EXITS, failed("the test command left no report"), accept="regression"
    ),
    wrong("it ends the process well at the end", PYTEST, EXITS_LATE, failed("test_label"), accept="regression"),
    wrong("it takes AssertionError away", PYTEST, ASSERTS, failed("test_label"), accept="regression"),
    wrong("it asks for the runner's variable", VITEST, IN_VITEST, doubted("tested")),
    wrong("it looks for the runner's globals", MOCHA, GLOBALS, doubted("tested")),
    wrong("it ends every process well", MOCHA, EXIT_JS, failed("label"), accept="regression"),
    wrong("it replaces what expects", JEST, SWALLOWS, doubted("asks whether it is being tested"), accept="regression"),
    wrong("it looks for the test binary", GO, FLAG, doubted("tested")),
    wrong("it ends the process before a test", GO, GO_EXIT, failed("no test ran"), accept="regression"),
    right("it reads a variable of its own", PYTEST, ENVIRONMENT),
    right("it inspects its own signature", PYTEST, INSPECT),
    right("it is a program that exits", PYTEST, COMMAND),
    right("it compares its own things", PYTEST, EQUALITY),
    right(
        "it reads a variable of its own",
        NODE,
        {"till.js": JS.replace(".slice(1)", "") + "\nexport const currency = process.env.TILL_CURRENCY ?? 'EUR'\n"},
    ),
)
