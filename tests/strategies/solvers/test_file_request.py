from __future__ import annotations

import pytest

from strategies.issue import Issue
from strategies.prompts.prompt import PromptFolder
from strategies.solvers.file_request import MOST, requested, shown
from tests.fakes.workspace import memory_workspace

FILES: dict[str, str | bytes] = {
    "shop/cart.py": "class Cart:\n    def total(self):\n        return 1\n",
    "shop/big.py": "".join(f"def function_{n}(x):\n    return x + {n}\n\n\n" for n in range(400)),
    "web/cart.py": "x = 1\n",
    "blob.bin": b"\0\1",
}
ISSUE = Issue(1, "total is wrong", "")


@pytest.mark.parametrize(
    ("answer", "asked"),
    [
        ("SHOW shop/cart.py", ("shop/cart.py",)),
        ("I need more.\n\n- SHOW `shop/cart.py`\n- SHOW: total\n", ("shop/cart.py", "total")),
        ("```\nSHOW shop/cart.py\nSHOW shop/cart.py\n```", ("shop/cart.py",)),
        ("**SHOW shop/cart.py**\n1. SHOW Cart.total()", ("shop/cart.py", "Cart.total()")),
        ("Show me shop/cart.py. I would SHOW it.\nSHOWN x\nSHOW", ()),
        ("\n".join(f"SHOW f{n}.py" for n in range(9)), tuple(f"f{n}.py" for n in range(MOST))),
        ("", ()),
    ],
)
def test_lines_that_ask_are_read(answer: str, asked: tuple[str, ...]) -> None:
    assert requested(answer) == asked


def test_what_is_asked_for_is_shown_and_what_is_not_there_is_named() -> None:
    told = shown(("shop/cart.py", "function_300", "nowhere.py"), ISSUE, memory_workspace(FILES), 2_000, PromptFolder())
    assert str(FILES["shop/cart.py"]) in told
    assert "def function_300(x):\n    return x + 300\n" in told
    assert "nothing in the repository is called nowhere.py" in told
    assert len(told) < 9_000


@pytest.mark.parametrize("asked", ["shop/big.py:function_250", "shop.big.function_250", "function_250()"])
def test_a_function_of_a_big_file_is_shown(asked: str) -> None:
    assert "return x + 250\n" in shown((asked,), ISSUE, memory_workspace(FILES), 1_000, PromptFolder())


def test_a_name_that_several_files_have_shows_all_of_them() -> None:
    told = shown(("cart.py",), ISSUE, memory_workspace(FILES), 2_000, PromptFolder())
    assert 'path="shop/cart.py"' in told
    assert 'path="web/cart.py"' in told


def test_a_binary_file_is_not_there() -> None:
    assert "is called blob.bin" in shown(("blob.bin",), ISSUE, memory_workspace(FILES), 2_000, PromptFolder())
