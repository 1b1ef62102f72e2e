"""The test files near a patch: by name, by imports, and as many as fit into the time."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.repository.patch import Patch
from strategies.verification.near_tests.affected_tests import affected, within
from tests.fakes.origin import Origin

FILES = {
    "shop/__init__.py": "",
    "shop/till.py": "def total(prices):\n    return sum(prices)\n",
    "shop/receipt.py": "from .till import total\n",
    "tests/test_till.py": "from shop.till import total\n",
    "tests/test_receipt.py": "from shop import receipt\n",
    "tests/test_other.py": "import os\n",
    "tests/conftest.py": "from shop.till import total\n",
    "web/src/cart.ts": "export const add = 1;\n",
    "web/src/index.ts": "export { add } from './cart';\n",
    "web/test/basket.test.ts": "import { add } from '../src/cart.js';\n",
    "web/test/all.test.ts": "const { add } = require('../src');\n",
    "web/test/none.test.ts": "import x from 'react';\n",
    "money/money.go": "package money\n",
    "money/sum_test.go": "package money\n",
    "bank/bank_test.go": 'package bank\n\nimport (\n\t"testing"\n\n\t"example.org/shop/money"\n)\n',
    "other/other_test.go": 'package other\n\nimport "testing"\n',
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("shop/till.py", ("tests/test_till.py", "tests/test_receipt.py")),
        ("web/src/cart.ts", ("web/test/basket.test.ts", "web/test/all.test.ts")),
        ("money/money.go", ("bank/bank_test.go", "money/sum_test.go")),
        ("README.md", ()),
    ],
)
def test_the_nearest_come_first(tmp_path: Path, path: str, expected: tuple[str, ...]) -> None:
    origin = Origin(tmp_path / "origin")
    origin.commit(FILES)
    with origin.workspace(tmp_path / "home") as workspace:
        assert affected(Patch({path: b"changed\n"}), workspace) == expected


def test_only_what_the_suite_runs_and_fits_is_chosen_the_nearest_first() -> None:
    files = {"a": 1.0, "b": 5.0, "c": 1.0, "d": 1.0}
    assert within(("data", "a", "b", "c", "d"), files, 2.5) == ("a", "c")
    assert within(("d", "c"), files, 10.0) == ("d", "c")
