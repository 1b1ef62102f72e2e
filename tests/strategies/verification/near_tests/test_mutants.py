"""Mistakes put into lines: which, where, and only what still parses."""

from __future__ import annotations

import pytest

from strategies.verification.near_tests.mutants import mutants_of


@pytest.mark.parametrize(
    ("path", "line", "expected"),
    [
        ("a.py", "if a == b and not c:", ["if a != b and not c:", "if a == b or not c:", "if a == b and c:"]),
        ("a.py", "while a < 10: pass", ["while a <= 10: pass", "while a < 0: pass"]),
        ("a.py", "return total", ["return None"]),
        ("a.py", "x = [0, True]", ["x = [0, False]", "x = [1, True]"]),
        ("a.js", "return a === b && c", ["return a !== b && c", "return a === b || c", "return undefined"]),
        ("a.go", "return a * b", ["return a + b"]),
        ("a.py", "# a == b", []),
        ("a.py", "x = 'a == b'", []),
        ("a.py", "def f(a):", []),
    ],
)
def test_one_mistake_at_a_time(path: str, line: str, expected: list[str]) -> None:
    body = f"def f(a, b, c, total):\n    {line}\n" if path.endswith(".py") and line[0] in "riwx" else f"{line}\n"
    if line.endswith(":"):
        body += "        pass\n" if body.startswith("def f(a, b") else "    pass\n"
    number = 2 if body.startswith("def f(a, b") else 1
    assert [m.after.strip() for m in mutants_of(path, body, [number], 9)] == expected


def test_each_line_has_a_mutant_before_one_has_two() -> None:
    text = "a = b == c and d\ne = f == g and h\n"
    found = mutants_of("a.py", text, [1, 2], 3)
    assert [m.line for m in found] == [1, 2, 1]
    assert found[0].content == "a = b != c and d\ne = f == g and h\n"
    assert found[0].name == "a.py:1: a = b == c and d → a = b != c and d"
