"""Read, not run: whether a test's text uses anything of the repository, and whether it could ever pass."""

from __future__ import annotations

import pytest

from strategies.reproduction.repository_use import cannot_pass, failing_line, python_uses, uses_repository
from tests.fakes.workspace import memory_workspace

PYTHON = ("src/till/__init__.py", "src/till/sums.py", "fast/_sums.pyx", "tests/test_a.py")


@pytest.mark.parametrize(
    ("text", "used"),
    [
        ("from till import total\ndef test_x():\n    assert total([1]) == 1\n", True),
        ("import till.sums as s\ndef test_x():\n    assert s.total([1]) == 1\n", True),
        ("import fast\ndef test_x():\n    assert fast.total([1]) == 1\n", True),
        ("from . import helper\ndef test_x():\n    assert helper.total([1]) == 1\n", True),
        ("import till\ndef test_x():\n    assert 1 + 1 == 3\n", False),
        ("import json\ndef test_x():\n    assert json.loads('1') == 2\n", False),
        ("from till import total\ndef total(p):\n    return 0\ndef test_x():\n    assert total([1]) == 1\n", False),
        ("from till import total\ntotal = len\ndef test_x():\n    assert total([1]) == 3\n", False),
        ("def test_x(:\n", False),
    ],
)
def test_python_must_use_what_it_imports_from_the_repository(text: str, used: bool) -> None:
    assert python_uses(text, PYTHON) is used


def test_what_stands_after_the_failing_line_was_not_used() -> None:
    text = "import till\ndef test_x():\n    x = 5\n    assert x == 6\n    till.total([1])\n"
    assert not python_uses(text, PYTHON, line=4)
    assert python_uses(text, PYTHON, line=5)
    helper = "import till\ndef test_x():\n    assert run() == 3\n\ndef run():\n    return till.total([1])\n"
    assert python_uses(helper, PYTHON, line=3), "a helper may stand below the test"


def test_a_fixture_of_the_repository_is_the_repositorys_code() -> None:
    files = {
        "conftest.py": "import pytest\n@pytest.fixture(name='sale')\ndef make():\n    return 1\n",
        "till.py": "",
        "tests/test_a.py": "",
    }
    workspace = memory_workspace(files)
    path = "tests/test_new.py"
    assert uses_repository(b"def test_x(sale):\n    assert sale.rate == 2\n", path, workspace)
    assert not uses_repository(b"def test_x(tmp_path):\n    assert tmp_path == 2\n", path, workspace)
    assert not uses_repository(b"def test_x(sale):\n    assert 1 == 2\n", path, workspace)


FILES = {
    "package.json": '{"name": "@shop/till", "dependencies": {"lodash": "1"}, "devDependencies": {"vitest": "1"}}',
    "src/till.ts": "",
    "src/lib/index.js": "",
    "go.mod": "module example.com/shop\n",
    "sum.go": "package shop\n\nfunc Total(p []int) int { return 0 }\n\ntype Till struct{}\n",
    "Cargo.toml": '[package]\nname = "shop-till"\n',
    "src/main/java/org/shop/Till.java": "",
}


@pytest.mark.parametrize(
    ("path", "text", "used"),
    [
        (
            "test/a.test.ts",
            "import { total } from '../src/till'\ntest('x', () => { expect(total([1])).toBe(2) })",
            True,
        ),
        ("test/a.test.js", "const { total } = require('../src/lib')\ntest('x', () => total())", True),
        ("test/a.test.js", "import till from '@shop/till'\ntest('x', () => till())", True),
        ("test/a.test.js", "import { total } from '@/till'\ntest('x', () => total())", True),
        ("test/a.test.js", "import { total as sum } from '#lib'\ntest('x', () => sum())", True),
        ("test/a.test.js", "const till = await import('../src/till.js')\ntest('x', () => till.total())", True),
        ("test/a.test.js", "import { total } from '../src/till'\ntest('x', () => { expect(1).toBe(2) })", False),
        ("test/a.test.js", "const a = require('assert'), { t } = require('../src/till')\ntest('x', () => t())", True),
        ("test/a.test.js", "const a = require('assert'), { t } = require('../src/till')\ntest('x', () => a(0))", False),
        ("test/a.test.js", "test('x', () => require('../src/till').total())", True),
        ("test/a.test.js", "import '../src/till'\ntest('x', () => { expect(1).toBe(2) })", False),
        ("test/a.test.js", "import _ from 'lodash'\ntest('x', () => _.sum())", False),
        ("test/a.test.js", "import test from 'node:test'\ntest('x', () => { throw new Error() })", False),
        ("test/a.test.js", "import { sum } from './nothing'\ntest('x', () => sum())", False),
        ("a_test.go", 'package shop\nfunc TestX(t *testing.T) { if Total(nil) != 1 { t.Fatal("no") } }', True),
        (
            "a_test.go",
            'package shop_test\nimport "example.com/shop"\nfunc TestX(t *testing.T) { shop.Total(nil) }',
            True,
        ),
        ("a_test.go", 'package shop\nfunc TestX(t *testing.T) { t.Fatal("Total is wrong") }', False),
        ("tests/a.rs", "use shop_till::total;\n#[test]\nfn x() { assert_eq!(total(&[1]), 2) }", True),
        ("tests/a.rs", "#[test]\nfn x() { assert_eq!(shop_till::total(&[1]), 2) }", True),
        ("tests/a.rs", '#[test]\nfn x() { Command::new(env!("CARGO_BIN_EXE_shop")); }', True),
        ("tests/a.rs", "#[test]\nfn x() { assert_eq!(1, 2) }", False),
        ("src/test/java/ATest.java", "class ATest { @Test void x() { assertEquals(1, new Till().total()); } }", True),
        ("src/test/java/ATest.java", 'class ATest { @Test void x() { fail("Till"); } }', False),
        ("test/a.rb", "anything", None),
    ],
)
def test_each_language_is_read_in_its_own_way(path: str, text: str, used: bool | None) -> None:
    assert uses_repository(text.encode(), path, memory_workspace(FILES)) is used


@pytest.mark.parametrize(
    ("body", "lost"),
    [
        ("assert False", True),
        ("total([1])\n    assert 0, 'no'", True),
        ("assert not True", True),
        ("assert 1 == 2", True),
        ("assert 1 == 1\n    assert total([1]) == 2", False),
        ("try:\n        total(None)\n    except ValueError:\n        return\n    assert False", False),
        ("if total([1]) == 1:\n        return\n    assert False", False),
        ("if not total:\n        pytest.skip('x')\n    assert False", False),
        ("for x in total([1]):\n        assert False", False),
        ("assert total([1]) == 2", False),
    ],
)
def test_a_constant_that_is_always_reached_can_never_pass(body: str, lost: bool) -> None:
    text = f"def test_x():\n    {body}\n"
    assert bool(cannot_pass(text.encode(), "tests/test_a.py")) is lost


def test_other_languages_and_broken_files_are_not_spoken_of() -> None:
    assert cannot_pass(b"assert False", "a.test.js") == ""
    assert cannot_pass(b"def test_x(:", "a.py") == ""


def test_the_failing_line_is_the_last_one_in_the_tests_own_file() -> None:
    message = "tests/test_a.py:3: \n    till.total()\ntill.py:9: ValueError\ntests/test_a.py:7: AssertionError"
    assert failing_line(message, "tests/test_a.py") == 7
    assert failing_line('File "/x/tests/test_a.py", line 12, in test_x', "tests/test_a.py") == 12
    assert failing_line("till.py:9: ValueError", "tests/test_a.py") == 0
