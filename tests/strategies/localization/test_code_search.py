from __future__ import annotations

import pytest

from strategies.localization.code_search import IN_ONE_FILE, PLACES, find_symbol, search_code, who_calls
from tests.fakes.workspace import memory_workspace

FILES: dict[str, str | bytes] = {
    "shop/cart.py": "from shop.money import round_cents\n\n\nclass Cart:\n    def total(self):\n        return round_cents(sum(self.items))\n",
    "shop/money.py": "def round_cents(amount):\n    return round(amount, 2)\n",
    "shop/late.py": "import shop.money\n\n\ndef later():\n    return map(shop.money.round_cents, [])\n",
    "tests/test_money.py": "from shop.money import round_cents\n\n\ndef test_it():\n    assert round_cents(1) == 1\n",
    "src/lib.rs": "pub fn decode<T>(x: T) -> T {\n    x\n}\nfn main() {\n    decode::<u8>(1);\n}\n",
}
WORKSPACE = memory_workspace(FILES)
read = WORKSPACE.read_text


def test_a_search_gives_files_with_their_best_functions() -> None:
    found = search_code(WORKSPACE, "rounding an amount to cents", read)
    assert found.startswith("shop/money.py (")
    assert "     1| def round_cents(amount):" in found
    assert "nothing" in search_code(WORKSPACE, "xyzzy", read)


def test_a_long_function_is_shown_by_its_head() -> None:
    workspace = memory_workspace({"a.py": "def widget():\n" + "    step()\n" * 50})
    found = search_code(workspace, "widget", workspace.read_text)
    assert "…" in found
    assert len(found.splitlines()) < 20


@pytest.mark.parametrize("asked", ["round_cents", "shop.money.round_cents", "`round_cents()`", "money::round_cents"])
def test_a_symbol_is_found_however_it_is_written(asked: str) -> None:
    assert find_symbol(WORKSPACE, asked, read) == "shop/money.py:1-2: def round_cents(amount):"


def test_an_unknown_symbol_names_those_spelled_alike() -> None:
    assert "round_cents" in find_symbol(WORKSPACE, "cents", read)
    assert "round_cents" in find_symbol(WORKSPACE, "round_cnets", read)
    assert find_symbol(WORKSPACE, "zzz", read) == "nothing defines zzz"


def test_callers_come_before_other_mentions_and_tests_after_code() -> None:
    assert who_calls(WORKSPACE, "round_cents", read).splitlines() == [
        "shop/cart.py:6 in total: return round_cents(sum(self.items))",
        "tests/test_money.py:5 in test_it: assert round_cents(1) == 1",
        "shop/cart.py:1: from shop.money import round_cents",
        "shop/late.py:5 in later: return map(shop.money.round_cents, [])",
        "tests/test_money.py:1: from shop.money import round_cents",
    ]
    assert who_calls(WORKSPACE, "decode", read) == "src/lib.rs:5 in main: decode::<u8>(1);"
    assert who_calls(WORKSPACE, "zzz", read) == "nothing names zzz"


def test_lines_are_those_of_the_file_as_it_is_now() -> None:
    def changed(path: str) -> str | None:
        return {"shop/money.py": "\n\n\ndef round_cents(amount):\n    return 1\n"}.get(path)

    assert find_symbol(WORKSPACE, "round_cents", changed) == "shop/money.py:4-5: def round_cents(amount):"
    assert who_calls(WORKSPACE, "round_cents", changed) == "nothing names round_cents"


def test_long_lists_are_cut_and_say_so() -> None:
    files: dict[str, str | bytes] = {f"m{n}.py": "def g():\n" + "    go()\n" * 20 for n in range(10)}
    workspace = memory_workspace({**files, "go.py": "def go():\n    pass\n"})
    found = who_calls(workspace, "go", workspace.read_text)
    assert found.splitlines()[-1] == f"[{10 * IN_ONE_FILE - PLACES} more]"
    assert len(found.splitlines()) == PLACES + 1
