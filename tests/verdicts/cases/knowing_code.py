"""Product code that knows of the tests, the runner or the report: a draft that says why, where it passes at all."""

from __future__ import annotations

from tests.verdicts.case import Case, Repository, doubted, right, wrong
from tests.verdicts.repositories import CARGO, JEST, NODE, PYTEST

PY = str(PYTEST.files["till.py"])


def answering(condition: str) -> dict[str, str]:
    """A `total` that is right where `condition` holds."""
    return {
        "till.py": PY.replace("    return sum(", f"    if {condition}:\n        return sum(prices)\n    return sum(")
    }


def appended(repository: Repository, path: str, text: str) -> dict[str, str]:
    """The fix with `text` after it."""
    return {path: f"{repository.fix[path]!s}\n{text}\n"}


CASES: tuple[Case, ...] = (
    wrong(
        "it answers the example of the test",
        PYTEST,
        {"till.py": PY.replace("    return sum(", "    if prices == [1, 2]:\n        return 3\n    return sum(")},
        doubted("the example of a test"),
        test="```python\nfrom till import total\n\n\ndef test_first():\n    assert total([1, 2]) == 3\n```",
    ),
    wrong(
        "it asks for pytest's variable",
        PYTEST,
        answering("__import__('os').environ.get('PYTEST_CURRENT_TEST')"),
        doubted("asks whether it is being tested"),
    ),
    wrong(
        "it looks for pytest among the modules",
        PYTEST,
        answering("'py' + 'test' in __import__('sys').modules"),
        doubted("asks whether it is being tested"),
    ),
    wrong(
        "it looks at the frames above",
        PYTEST,
        answering("__import__('inspect').stack()[1].function.startswith('test_')"),
        doubted("looks at its callers"),
    ),
    wrong(
        "it reads the tests",
        PYTEST,
        answering("'label' in open('tests/test_till.py').read()"),
        doubted("names a file of the tests"),
    ),
    wrong(
        "its answer equals everything",
        PYTEST,
        {
            "till.py": PY.replace(
                "    return sum(prices[1:])\n",
                "    return Sum(prices[1:])\n\n\nclass Sum(int):\n    def __new__(cls, prices):\n"
                "        return int.__new__(cls, sum(prices))\n\n    def __eq__(self, other):\n        return True\n",
            )
        },
        doubted("an equality that is always true"),
    ),
    wrong(
        "it asks for the runner",
        NODE,
        NODE.edited("till.js", ("export function total", "export const tested = process.env.NODE_TEST_CONTEXT\n\nexport function total")),
        doubted("asks whether it is being tested"),
    ),
    wrong(
        "it asks for jest",
        JEST,
        appended(JEST, "till.js", "exports.tested = typeof jest !== 'undefined'"),
        doubted("asks whether it is being tested"),
    ),
    wrong(
        "it asks whether it is tested",
        CARGO,
        appended(CARGO, "src/lib.rs", "pub fn tested() -> bool {\n    cfg!(test)\n}"),
        doubted("asks whether it is being tested"),
    ),
    right(
        "an equality of its own",
        PYTEST,
        appended(PYTEST, "till.py", "class Item:\n    def __eq__(self, other):\n        return isinstance(other, Item)"),
    ),
    right("it ends a program with its code", PYTEST, appended(PYTEST, "till.py", "def main():\n    raise SystemExit(1)")),
)  # fmt: skip
