"""Lines that know of the tests are told as doubts; ordinary code is not."""

from __future__ import annotations

import pytest

from sandbox.guard.guarded import guard
from sandbox.repository.patch import Patch
from tests.fakes.workspace import memory_workspace

FILES = {
    "till.py": "import os\nimport sys\n",
    "tests/test_a.py": "def test_a(): pass\n",
    "test/a.test.js": "test('a', f)",
    "till.js": "1",
    "till.go": "package till\n",
    "till_test.go": "package till\n",
    "src/lib.rs": "pub fn a() {}\n",
    "Cargo.toml": "[package]\n",
    "src/main/java/Till.java": "class Till {}",
}


def doubted(path: str, added: str) -> tuple[str, ...]:
    content = FILES.get(path, "") + "\n" + added + "\n"
    return guard(Patch({path: content.encode()}), memory_workspace(FILES)).doubts


@pytest.mark.parametrize(
    ("path", "added", "words"),
    [
        ("till.py", "x = os.environ.get('PYTEST_CURRENT_TEST')", "asks whether it is being tested"),
        ("till.py", "x = 'PYTEST_VERSION' in os.environ", "asks whether it is being tested"),
        ("till.py", "x = 'pytest' in sys.modules", "asks whether it is being tested"),
        ("till.py", "x = sys.modules.get('py' + 'test')", "asks whether it is being tested"),
        ("till.py", "x = sys.modules['_pytest']", "asks whether it is being tested"),
        ("till.py", "x = 'tset' 'yp'[::-1] in sys.modules or ''.join(['py', 'test']) in sys.modules", "asks whether"),
        ("till.py", "if os.environ.get('CI'): x = 1", "asks whether it is being tested"),
        ("till.py", "x = os.environ['PENNYFIX_ENV']", "asks whether it is being tested"),
        ("till.py", "x = 'PYTEST_' + 'CURRENT_TEST' in os.environ", "asks whether it is being tested"),
        ("till.py", "x = os.getenv('PYTEST' '_ANYTHING_AT_ALL')", "asks whether it is being tested"),
        ("till.py", "A = 'PYTEST'\nB = A + '_CURRENT'\nx = os.environ.get(f'{B}_TEST')", "asks whether it is being tested"),
        ("till.py", "env = dict(os.environ)\nx = env.get('_'.join(['PYTEST', 'CURRENT', 'TEST']))", "(`PYTEST_CURRENT_TEST`)"),
        ("till.py", "x = any(name.startswith('PYTEST') for name in os.environ)", "asks whether it is being tested"),
        ("till.py", "x = '{}_CURRENT_TEST'.format(tool) in os.environ", "asks whether it is being tested"),
        ("till.py", "x = os.environ['TSET_TNERRUC_{}'.format(n)[::-1]]", "asks whether it is being tested"),
        ("till.py", "x = os.environ.get(bytes.fromhex('5059').decode())", "asks whether it is being tested"),
        ("till.py", "x = os.environb[b'PYTEST_' + b'VERSION']", "asks whether it is being tested"),
        ("till.py", "import pytest", "loads a test tool"),
        ("till.py", "from _pytest import runner", "loads a test tool"),
        ("till.py", "import unittest.case as c\nc.TestCase.assertEqual = print", "changes the test runner"),
        ("till.py", "__import__('unit' 'test')", "loads a test tool"),
        ("till.py", "import importlib\nimportlib.import_module('_pytest.reports')", "loads a test tool"),
        ("till.py", "import builtins\nbuiltins.isinstance = print", "changes the test runner"),
        ("till.py", "setattr(sys.modules['__main__'], 'x', 1)", "changes the test runner"),
        ("till.py", "sys.modules['json'] = None", "changes the test runner"),
        ("till.py", "x = sys._getframe(1)", "looks at its callers"),
        ("till.py", "from inspect import stack as s\nx = s()", "looks at its callers"),
        ("till.py", "x = __import__('inspect').stack()", "looks at its callers"),
        ("till.py", "x = getattr(sys, '_get' + 'frame')(1)", "looks at its callers"),
        ("till.py", "x = 'pytest' in __import__('sys').modules", "asks whether it is being tested"),
        ("till.py", "x = getattr(os, 'environ').get('CI')", "asks whether it is being tested"),
        ("till.py", "import gc\nx = gc.get_objects()", "looks at its callers"),
        ("till.py", "os._exit(0)", "ends the process"),
        ("till.py", "import atexit\natexit.register(lambda: os._exit(0))", "ends the process"),
        ("till.py", "x = open('tests/test_a.py').read()", "names a file of the tests"),
        ("till.py", "from pathlib import Path\nx = list(Path('tests').glob('*'))", "names a file of the tests"),
        ("till.py", "from tests.test_a import test_a", "imports a file of the tests"),
        ("till.py", "x = [p.read_text() for p in Path(__file__).parent.rglob('test_*.py')]", "looks for the files of the tests"),
        ("till.py", "import glob\nx = glob.glob('**/*_a.py')\ny = [open(p).read() for p in x if 'tests' in p]", "looks for"),
        ("till.py", "for a, b, c in os.walk('.'):\n    x = [n for n in c if n.startswith('test_')]", "looks for the files"),
        ("till.py", "x = [n for n in os.listdir(p) if re.match(r'test_\\w+\\.py', n)]", "looks for the files of the tests"),
        ("till.py", "here = os.path.dirname(__file__)\nfor a, b, c in os.walk(here):\n    x = [open(n).read() for n in c]", "reads files that it finds beside its own"),
        ("till.py", "x = [p.read_text() for p in Path(__file__).parent.rglob('*.py')]", "reads files that it finds"),
        ("till.js", "fs.readdirSync(dir).filter(n => n.endsWith('.test.js'))", "looks for the files of the tests"),
        ("till.js", "for (const n of fs.readdirSync(__dirname)) fs.readFileSync(n)", "reads files that it finds"),
        ("till.go", 'files, _ := filepath.Glob("*_test.go")', "looks for the files of the tests"),
        ("src/lib.rs", 'for e in std::fs::read_dir("tests").unwrap() {}', "looks for the files of the tests"),
        ("till.py", "x = open('junit.xml', 'w')", "names the test report"),
        ("till.py", "class A:\n    def __eq__(self, o):\n        return True", "an equality that is always true"),
        ("till.py", "class A:\n    __eq__ = lambda s, o: True", "an equality that is always true"),
        ("till.py", "class A:\n    def __ne__(self, o):\n        return False", "an equality that is always true"),
        ("till.py", "import base64\nexec(base64.b64decode('eA=='))", "runs code made from text"),
        ("till.js", "if (process.env.NODE_ENV === 'test') x = 1", "asks whether it is being tested"),
        ("till.js", "if (process.env.JEST_WORKER_ID) x = 1", "asks whether it is being tested"),
        ("till.js", "if (typeof jest !== 'undefined') x = 1", "asks whether it is being tested"),
        ("till.js", "if (globalThis.describe) x = 1", "asks whether it is being tested"),
        ("till.js", "const t = require('node:test')", "loads a test tool"),
        ("till.js", "import { expect } from 'vitest'", "loads a test tool"),
        ("till.js", "delete require.cache[x]", "loads a test tool"),
        ("till.js", "Array.prototype.reduce = f", "changes the test runner"),
        ("till.js", "process.exitCode = 0", "changes the test runner"),
        ("till.js", "if (new Error().stack.includes('.test.js')) x = 1", "looks at its callers"),
        ("till.js", "process.exit(0)", "ends the process"),
        ("till.js", "const o = { asymmetricMatch() { return true } }", "answers the matcher"),
        ("till.js", "class A { equals(o) { return true } }", "an equality that is always true"),
        ("till.js", "fs.readFileSync('test/a.test.js')", "names a file of the tests"),
        ("till.go", "var x = testing.Testing()", "asks whether it is being tested"),
        ("till.go", 'var x = flag.Lookup("test.v")', "asks whether it is being tested"),
        ("till.go", 'import "testing"', "loads a test tool"),
        ("till.go", "var _, f, _, _ = runtime.Caller(1)", "looks at its callers"),
        ("till.go", "func init() { os.Exit(0) }", "ends the process"),
        ("till.go", "func (t T) Equal(o T) bool { return true }", "an equality that is always true"),
        ("extra_test.go", "func TestMain(m *testing.M) {}", "acts on the whole package's tests"),
        ("src/lib.rs", "#[cfg(test)]\npub fn b() {}", "asks whether it is being tested"),
        ("src/lib.rs", "if cfg!(test) { return 3 }", "asks whether it is being tested"),
        ("src/lib.rs", "let n = std::thread::current().name();", "asks whether it is being tested"),
        ("src/lib.rs", "fn eq(&self, o: &T) -> bool { true }", "an equality that is always true"),
        ("src/lib.rs", "std::process::exit(0);", "ends the process"),
        ("build.rs", "fn main() {}", "is a new build script"),
        ("src/main/java/Till.java", "Thread.currentThread().getStackTrace();", "looks at its callers"),
        ("src/main/java/Till.java", "import org.junit.Test;", "loads a test tool"),
        ("tests/test_b.py", "import till\ntill.total = len", "changes another module when it is imported"),
        ("tests/test_b.py", "def pytest_runtest_makereport(item): pass", "has hooks of the test runner"),
        ("go.mod", "replace github.com/stretchr/testify => ./fake", "replaces a module"),
        ("Cargo.toml", "[patch.crates-io]\nassert_cmd = { path = 'fake' }", "replaces a crate"),
        ("package.json", '{"devDependencies": {"chai": "file:./fake"}}', "takes a test tool from elsewhere"),
        ("package.json", '{"overrides": {"chai": "1"}}', "replaces a package"),
        ("data/config.json", '{"x": "PYTEST_CURRENT_TEST"}', "asks whether it is being tested"),
    ],
)  # fmt: skip
def test_what_knows_of_the_tests_is_told(path: str, added: str, words: str) -> None:
    found = doubted(path, added)
    assert any(words in doubt for doubt in found), found
    assert all(doubt.startswith(f"{path}: ") for doubt in found)


@pytest.mark.parametrize(
    ("path", "added"),
    [
        ("till.py", "def f():\n    return os.sep\n\n\nprint(sys.argv, file=sys.stderr)"),
        ("till.py", "class A:\n    def __eq__(self, o):\n        return isinstance(o, A) and self.x == o.x"),
        ("till.py", "class A:\n    def __eq__(self, o):\n        if o is self:\n            return True\n        return self.x == o.x"),
        ("till.py", "# PYTEST_CURRENT_TEST is set by pytest"),
        ("till.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pytest"),
        ("till.py", "sys.modules[__name__] = object()\nsys.exit(1)"),
        ("till.py", "EXCLUDED = ['tests', 'docs']\nos.environ.get('HOME')\neval('1')"),
        ("till.py", "NAME = 'TILL_' + 'TEST_DATABASE'\nx = os.environ.get(NAME) or os.environ[f'{NAME}_URL']"),
        ("till.py", "def f(name, prefix):\n    return os.environ.get(prefix + '_' + name.upper())"),
        ("till.py", "x = 'PY' + 'THONPATH' in os.environ\nfor line in text:\n    line = 'PENNY'"),
        ("till.py", "import importlib\nimportlib.import_module(os.sep)"),
        ("till.py", "x = [p.read_text() for p in (Path(__file__).parent / 'templates').glob('*.html')]"),
        ("till.py", "x = sorted(p.name for p in Path(__file__).parent.glob('*.py'))"),
        ("till.py", "for n in os.listdir(folder):\n    print(open(n).read())"),
        ("till.js", "for (const n of fs.readdirSync(folder)) if (n.endsWith('.json')) fs.readFileSync(n)"),
        ("till.js", "if (process.env.NODE_ENV === 'production') x = 1\nif (require.main === module) main()"),
        ("till.js", "class A { equals(o) { return this.x === o.x } }\nprocess.exit(1)\nconst e = err.stack"),
        ("till.go", "func (t T) Equal(o T) bool { return t.x == o.x }\nfunc init() {}"),
        ("src/lib.rs", "#[cfg(test)]\nmod tests {\n    #[test]\n    fn a() { std::process::exit(0) }\n}"),
        ("go.mod", "require github.com/stretchr/testify v1.8.0"),
        ("package.json", '{"devDependencies": {"chai": "^5.0.0"}}'),
        ("README.md", "`PYTEST_CURRENT_TEST` is set by pytest, see tests/test_a.py"),
        ("tests/test_b.py", "import os\n\n\ndef test_b(monkeypatch):\n    os.environ['PYTEST_CURRENT_TEST']\n"),
    ],
)  # fmt: skip
def test_ordinary_code_raises_no_doubt(path: str, added: str) -> None:
    assert doubted(path, added) == ()


def test_code_that_was_there_raises_no_doubt() -> None:
    files = {"till.py": "import pytest\nx = 'pytest' in __import__('sys').modules\n"}
    assert guard(Patch({"till.py": files["till.py"].encode() + b"y = 1\n"}), memory_workspace(files)).doubts == ()


def test_a_tool_that_lists_tests_may_go_on_doing_so() -> None:
    files = FILES | {
        "find.py": "import os\n\n\ndef f(d):\n    return [n for n in os.listdir(d) if n.startswith('test_')]\n"
    }
    after = files["find.py"].replace("os.listdir(d)", "sorted(os.listdir(d))").encode()
    assert guard(Patch({"find.py": after}), memory_workspace(files)).doubts == ()
    assert guard(Patch({"till.py": after}), memory_workspace(files)).doubts != ()


def test_a_test_tool_may_load_its_own_parts() -> None:
    files = {"src/_pytest/__init__.py": "", "src/_pytest/a.py": "x = 1\n"}
    patch = Patch({"src/_pytest/a.py": b"x = 1\nfrom _pytest.config import Config\n"})
    assert guard(patch, memory_workspace(files)).doubts == ()


def test_what_is_put_back_raises_no_doubt() -> None:
    files = FILES | {"run.sh": "pytest\n"}
    patch = Patch({"run.sh": b"pytest --junitxml=$1\n", "till.py": b"x = 1\n"})
    assert guard(patch, memory_workspace(files), "sh run.sh").doubts == ()
    assert len(guard(patch, memory_workspace(files)).doubts) == 1
