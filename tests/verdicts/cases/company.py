"""Whose doing it is: tests made dependent on their company, trouble of nobody's, and repositories that show nothing."""

from __future__ import annotations

from tests.verdicts.case import Case, Repository, failed, right, unjudged, wrong
from tests.verdicts.repositories import GO, NODE, PYTEST

CARTS = "from till import cart\n\n\ndef test_{name}():\n    assert cart('{item}') == ['{item}']\n"
CART = "\n\ndef cart(item, to=None):\n    to = [] if to is None else to\n    to.append(item)\n    return to\n"
SHARED = "\n\ndef cart(item, to=[]):\n    to.append(item)\n    return to\n"


def with_cart(cart: str) -> str:
    """The till as it is, with a cart beside it."""
    return str(PYTEST.files["till.py"]) + cart


WITH_CART = Repository(
    "till-cart",
    "pytest",
    {
        **PYTEST.files,
        "till.py": with_cart(CART),
        "tests/test_a_cart.py": CARTS.format(name="one", item="a"),
        "tests/test_b_cart.py": CARTS.format(name="other", item="b"),
    },
    {"till.py": with_cart(CART).replace("prices[1:]", "prices")},
    PYTEST.test,
    PYTEST.issue,
)
FLAKY = PYTEST.having(
    {
        "tests/test_flaky.py": "import os\n\n\ndef test_moody():\n    assert os.urandom(1)[0] < 128\n",
    }
)
RANDOM_IDS = PYTEST.having(
    {
        "tests/test_ids.py": (
            "import secrets\n\nimport pytest\n\n\n"
            "@pytest.mark.parametrize('n', [1], ids=['k' + secrets.token_hex(4)])\ndef test_known_failure(n):\n"
            "    assert n == 2\n"
        ),
    }
)
NOTHING_PASSES = PYTEST.having(
    {
        "tests/test_till.py": "import not_here\n\n\ndef test_label():\n    assert not_here\n",
    }
)
NODE_FAILS = NODE.having(
    {
        "test/till.test.js": "import test from 'node:test'\ntest('label', () => { throw new Error('no') })\n",
    }
)

CASES: tuple[Case, ...] = (
    right("the fix beside a cart", WITH_CART),
    wrong(
        "a shared default breaks a test only in the company of another",
        WITH_CART,
        {"till.py": with_cart(SHARED).replace("prices[1:]", "prices")},
        failed("tests/test_b_cart.py"),
    ),
    right("the fix beside a test that fails half of the time", FLAKY),
    right("the fix beside a failing test whose id is random", RANDOM_IDS),
    wrong(
        "it ends the process in a function that the issue's test does not call",
        PYTEST,
        PYTEST.edited("till.py", ('return f"{n} items"', "import os\n    os._exit(0)")),
        failed("with the patch the test suite could not be run"),
    ),
    wrong(
        "it kills its own process in a function that the issue's test does not call",
        NODE,
        NODE.edited("till.js", ("return `${n} items`", "process.kill(process.pid, 'SIGKILL')")),
        failed("with the patch"),
    ),
    wrong(
        "it panics in a goroutine of another function",
        GO,
        GO.edited("till.go", ("\treturn fmt", '\tgo panic("no")\n\tselect {}\n\treturn fmt')),
        failed("with the patch"),
    ),
    wrong(
        "nothing passes before, and it breaks everything",
        NOTHING_PASSES,
        {"till.py": "raise RuntimeError\n"},
        unjudged("No module named 'not_here'"),
        accept="regression",
    ),
    right("nothing passes before the fix", NOTHING_PASSES, expected=unjudged("No module named 'not_here'")),
    wrong(
        "nothing passes before, and it breaks everything",
        NODE_FAILS,
        {"till.js": "throw new Error('broken')\n"},
        unjudged("no test passes before any change"),
        accept="regression",
    ),
)
