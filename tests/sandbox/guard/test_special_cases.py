from __future__ import annotations

import pytest

from sandbox.guard.special_cases import special_cases
from sandbox.repository.patch import Patch
from tests.fakes.workspace import memory_workspace

PYTHON = (
    "from till import total\n\n\ndef test_a():\n    assert total([12, 30]) == 42\n    assert total('twelve') == 12\n"
)
NODE = "test('a', () => expect(total([12, 30])).toBe(42))\ntest('b', () => expect(total('twelve')).toBe(12))\n"


@pytest.mark.parametrize(
    ("path", "test", "code"),
    [
        ("till.py", PYTHON, "def total(p):\n    if p == [12, 30]:\n        return 42\n    return 0\n"),
        ("till.py", PYTHON, "def total(p):\n    if list(p) == [12, 30]:\n        out = 42\n"),
        ("till.py", PYTHON, "def total(p):\n    return 42 if tuple(p) == (12, 30) else 0\n"),
        ("till.py", PYTHON, "def total(p):\n    return {'twelve': 12}.get(p)\n"),
        ("till.py", PYTHON, "def total(p):\n    match p:\n        case 'twelve':\n            return 12\n"),
        ("till.js", NODE, "exports.total = p => {\n  if (p === 'twelve') return 12\n}\n"),
        ("till.ts", NODE, 'switch (p) {\n  case "twelve":\n    return 12\n}\n'),
    ],
)
def test_code_that_answers_the_example_is_told(path: str, test: str, code: str) -> None:
    found = special_cases(Patch({path: code.encode()}), memory_workspace({}), [test])
    assert len(found) == 1
    assert found[0].startswith(f"{path}: answers the example of a test")


@pytest.mark.parametrize(
    "code",
    [
        "def total(p):\n    return sum(p)\n",
        "def total(p):\n    if p == 'twelve':\n        return words(p)\n",
        "def total(p):\n    if not p:\n        return 12\n    if p == 0:\n        return 42\n",
        "NAMES = {'twelve': 12}\n",
        "def total(p):\n    if p == 'eleven':\n        return 11\n",
    ],
)
def test_honest_code_is_not(code: str) -> None:
    assert special_cases(Patch({"till.py": code.encode()}), memory_workspace({}), [PYTHON]) == ()


def test_what_was_there_before_does_not_count() -> None:
    code = "def total(p):\n    if p == [12, 30]:\n        return 42\n"
    assert (
        special_cases(Patch({"till.py": f"{code}x = 1\n".encode()}), memory_workspace({"till.py": code}), [PYTHON])
        == ()
    )
