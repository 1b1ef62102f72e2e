"""Made flaky: a test that was stable and fails in some company, or in some runs, is broken and not flaky."""

from __future__ import annotations

from tests.verdicts.case import Case, failed, right, wrong
from tests.verdicts.repositories import GO, JEST, NODE, PY, PYTEST, UNITTEST

CART = PY + "\n\ndef add(item, to=None):\n    to = [] if to is None else to\n    to.append(item)\n    return to\n"
SHARED = (
    CART.replace("prices[1:]", "prices").replace("to=None", "to=[]").replace("    to = [] if to is None else to\n", "")
)
CART_TESTS = {
    "till.py": CART,
    "tests/test_a_cart.py": "from till import add\n\n\ndef test_one():\n    assert add(1)[-1] == 1\n",
    "tests/test_b_cart.py": "from till import add\n\n\ndef test_other():\n    assert add(2) == [2]\n",
}
COMPANY = PYTEST.having(CART_TESTS)
CACHED = (
    PY.replace("prices[1:]", "prices")
    + "\n\n_seen = {}\n\n\ndef remember(key, value):\n    return _seen.setdefault(key, value)\n"
)
MEMORY = PYTEST.having(
    {
        "till.py": PY + "\n\ndef remember(key, value):\n    return value\n",
        "tests/test_a.py": "from till import remember\n\n\ndef test_a():\n    assert remember('till', 1) == 1\n",
        "tests/test_z.py": "from till import remember\n\n\ndef test_z():\n    assert remember('till', 2) == 2\n",
    }
)
UNIT_COMPANY = UNITTEST.having(
    {
        "till.py": CART,
        "tests/test_cart.py": "import unittest\n\nfrom till import add\n\n\nclass Cart(unittest.TestCase):\n    def test_a(self):\n        self.assertEqual(add(1)[-1], 1)\n\n    def test_b(self):\n        self.assertEqual(add(2), [2])\n",
    }
)
FLAKY_BEFORE = PYTEST.having(
    {"tests/test_luck.py": "import random\n\n\ndef test_luck():\n    assert random.SystemRandom().random() > 0.5\n"}
)
ALTERNATES = "import time\n\n\ndef test_clock():\n    assert time.time_ns() // 1000 % 2\n"
GO_SHARED = GO.having(
    {
        "cart.go": "package till\n\n// Add puts an item into a fresh cart.\nfunc Add(item int) []int {\n\tvar cart []int\n\treturn append(cart, item)\n}\n",
        "cart_test.go": 'package till\n\nimport "testing"\n\nfunc TestCartA(t *testing.T) {\n\tif got := Add(1); got[len(got)-1] != 1 {\n\t\tt.Fatal(got)\n\t}\n}\n\nfunc TestCartB(t *testing.T) {\n\tif len(Add(2)) != 1 {\n\t\tt.Fatal("not alone")\n\t}\n}\n',
    }
)
JEST_SHARED = JEST.having(
    {
        "cart.js": "function add(item, to) {\n  to = to || []\n  to.push(item)\n  return to\n}\n\nmodule.exports = { add }\n",
        "test/cart.test.js": "const { add } = require('../cart')\n\ntest('one', () => expect(add(1)).toContain(1))\ntest('other', () => expect(add(2)).toEqual([2]))\n",
    }
)


def sometimes(share: str) -> str:
    """A fix whose label is wrong in this share of the processes."""
    code = PY.replace("prices[1:]", "prices").replace(
        'return f"{n} items"', 'return f"{n} items" if _RIGHT else f"{n} things"'
    )
    return code.replace('says."""\n', f'says."""\n\nimport os\n\n_RIGHT = os.urandom(1)[0] >= 256 * {share}\n', 1)


CASES: tuple[Case, ...] = (
    wrong(
        "a default that is shared by all calls", COMPANY, {"till.py": SHARED}, failed("test_other"), accept="regression"
    ),
    wrong("a cache that outlives one test", MEMORY, {"till.py": CACHED}, failed("test_z"), accept="regression"),
    wrong(
        "a default that is shared inside one class",
        UNIT_COMPANY,
        {"till.py": SHARED},
        failed("test_b"),
        accept="regression",
    ),
    wrong(
        "a label that is wrong in nearly every process",
        PYTEST,
        {"till.py": sometimes("0.95")},
        failed("test_label"),
        accept="regression",
    ),
    wrong(
        "a cart that is shared by all calls",
        GO_SHARED,
        {
            "cart.go": "package till\n\nvar cart []int\n\n// Add puts an item into the cart.\nfunc Add(item int) []int {\n\tcart = append(cart, item)\n\treturn cart\n}\n"
        },
        failed("TestCartB"),
        accept="regression",
    ),
    wrong(
        "a cart that is shared by all calls",
        JEST_SHARED,
        {
            "cart.js": "const cart = []\n\nfunction add(item, to = cart) {\n  to.push(item)\n  return to\n}\n\nmodule.exports = { add }\n"
        },
        failed("other"),
        accept="regression",
    ),
    right("a test that is flaky at the base", FLAKY_BEFORE),
    right(
        "a test that goes by the clock at the base",
        PYTEST.having({"tests/test_clock.py": ALTERNATES}),
        accept="regression",
    ),
    right(
        "a test that is flaky at the base",
        NODE.having(
            {
                "test/luck.test.js": "import assert from 'node:assert'\nimport test from 'node:test'\n\ntest('luck', () => assert.ok(Math.random() > 0.5))\n"
            }
        ),
        accept="regression",
    ),
    right("a cart of its own for every call", COMPANY, {"till.py": CART.replace("prices[1:]", "prices")}),
)
