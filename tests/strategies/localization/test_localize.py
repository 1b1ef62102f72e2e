from __future__ import annotations

import random
import time

import pytest

from strategies.issue import Issue
from strategies.localization.clues import Frame, clues
from strategies.localization.index import index
from strategies.localization.localize import localize, rank
from strategies.localization.pack import outline, pack
from strategies.prompts.cleaning import clean_issue
from tests.fakes.workspace import memory_workspace

FILES: dict[str, str | bytes] = {
    "README.md": "A shop. Discount, cart, invoice, discount, cart.\n" * 3,
    "src/shop/cart.py": "from shop.money import round_cents\n\n\nclass ShoppingCart:\n    def total_price(self):\n        return round_cents(sum(self.items))\n",
    "src/shop/money.py": "def round_cents(amount):\n    if amount < 0:\n        raise ValueError(f'amount must not be negative: {amount}')\n    return round(amount, 2)\n",
    "src/shop/mail.py": "def send(to):\n    connect(to)\n",
    "src/shop/__init__.py": "",
    "tests/test_cart.py": "from shop.cart import ShoppingCart\n\n\ndef test_total_price():\n    assert ShoppingCart().total_price() == 0\n",
    "web/app.js": "import { price } from './price';\nexport function showPrice() { return price(); }\n",
    "web/price.js": "export const price = () => 1;\n",
    "cmd/main.go": "package main\n\nfunc main() {\n\tRun()\n}\n",
    "src/main/java/org/acme/Parser.java": "package org.acme;\n\npublic class Parser {\n    public void parse(String text) {\n    }\n}\n",
    "src/lib.rs": "pub fn decode_frame(x: u8) -> u8 {\n    x\n}\n",
    "logo.png": b"\x89PNG\0\0",
}


def first(title: str, body: str = "") -> str:
    return localize(Issue(1, title, body), memory_workspace(FILES), limit_tokens=20_000)[0].path


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (
            'Traceback:\n  File "/usr/lib/python3/site-packages/shop/money.py", line 3, in round_cents',
            "src/shop/money.py",
        ),
        ("TypeError: x\n    at showPrice (/home/u/web/app.js:2:10)", "web/app.js"),
        ("goroutine 1 [running]:\nmain.main()\n\t/build/cmd/main.go:4 +0x1d", "cmd/main.go"),
        ("Exception in thread main\n\tat org.acme.Parser.parse(Parser.java:4)", "src/main/java/org/acme/Parser.java"),
        ("thread 'main' panicked at src/lib.rs:2:5:\nindex out of bounds", "src/lib.rs"),
        ("`total_price` is wrong", "src/shop/cart.py"),
        ("ShoppingCart sums wrongly", "src/shop/cart.py"),
        ("It says `ValueError: amount must not be negative: -3`", "src/shop/money.py"),
        ("shop.mail.send never connects", "src/shop/mail.py"),
        ("see web/price.js", "web/price.js"),
        ("the price.js file", "web/price.js"),
        ("mails are not sent, it does not connect to the mail server", "src/shop/mail.py"),
    ],
)
def test_what_an_issue_names_comes_first(body: str, path: str) -> None:
    assert first("It breaks", body) == path


def test_a_file_says_why_it_is_there_and_which_lines_matter() -> None:
    (located, *_) = rank(Issue(1, "x", 'File "src/shop/money.py", line 3'), memory_workspace(FILES))
    assert "line 3 in a stack trace or reference" in located.reasons
    assert located.lines == ((1, 15),)


def test_imported_files_come_along() -> None:
    located = localize(Issue(1, "x", "`total_price` is wrong"), memory_workspace(FILES), limit_tokens=20_000)
    money = next(one for one in located if one.path == "src/shop/money.py")
    assert "imported by src/shop/cart.py" in money.reasons


def test_tests_and_prose_rank_below_the_code_they_speak_of() -> None:
    paths = [
        x.path for x in localize(Issue(1, "cart total discount", ""), memory_workspace(FILES), limit_tokens=20_000)
    ]
    assert paths.index("src/shop/cart.py") < paths.index("README.md")
    assert paths.index("src/shop/cart.py") < paths.index("tests/test_cart.py")


def test_the_same_question_has_the_same_answer() -> None:
    issue = Issue(1, "cart total", "round cents, price")
    a = localize(issue, memory_workspace(FILES), limit_tokens=20_000)
    assert a == localize(issue, memory_workspace(dict(reversed(FILES.items()))), limit_tokens=20_000)


def test_an_issue_that_matches_nothing_locates_nothing() -> None:
    assert localize(Issue(1, "zzz", ""), memory_workspace(FILES), limit_tokens=20_000) == ()


def test_java_frames_keep_their_package() -> None:
    assert clues("at org.acme.Parser.parse(Parser.java:4)").frames == (Frame("org/acme/Parser.java", 4, "parse"),)


def test_a_packed_file_stands_verbatim_in_path_order() -> None:
    workspace = memory_workspace(FILES)
    located = localize(Issue(1, "x", "`total_price` and `round_cents`"), workspace, limit_tokens=20_000)
    text = pack(located, workspace, 20_000)
    assert FILES["src/shop/cart.py"] in text  # type: ignore[operator]  # both are text
    assert text.index("cart.py") < text.index('path="src/shop/money.py"')
    assert pack(tuple(reversed(located)), workspace, 20_000) == text


def test_a_big_file_is_cut_to_the_lines_that_matter() -> None:
    body = "".join(f"def function_{n}(x):\n    return x + {n}\n\n\n" for n in range(3000))
    workspace = memory_workspace({"big.py": body, "other.py": "x = 1\n"})
    located = localize(Issue(1, "x", "`function_1500` is off by one"), workspace, limit_tokens=3_000)
    text = pack(located, workspace, 3_000)
    assert "def function_1500(x):\n    return x + 1500\n" in text
    assert "function_2900(" not in text
    assert len(text) < 10_000


def test_undecodable_files_are_packed_readably() -> None:
    workspace = memory_workspace({"a.py": b"# caf\xe9 total\r\nx = 1\r\n"})
    located = localize(Issue(1, "x", "a.py total"), workspace, limit_tokens=1_000)
    assert "# caf\ufffd total\nx = 1\n" in pack(located, workspace, 1_000)


def test_an_outline_of_a_large_repository_names_folders() -> None:
    workspace = memory_workspace({f"pkg{n % 7}/m{n}.py": "" for n in range(700)})
    assert "pkg3/ (100 files)" in outline(workspace)
    assert len(outline(workspace).splitlines()) == 7


def test_a_thousand_files_are_ranked_from_an_index_that_is_made_once() -> None:
    rng = random.Random(1)
    vocabulary = [
        f"{a}_{b}" for a in ("load", "save", "parse", "find", "merge") for b in (f"thing{n}" for n in range(400))
    ]
    files: dict[str, str | bytes] = {
        f"src/p{n % 20}/m{n}.py": "".join(
            f"def {rng.choice(vocabulary)}(a, b):\n    return {rng.choice(vocabulary)}(a) + {rng.choice(vocabulary)}(b)\n\n"
            for _ in range(60)
        )
        for n in range(1000)
    }
    workspace = memory_workspace(files)
    issue = clean_issue("`parse_thing17` loses things", "When I merge_thing3 and load_thing5 it breaks. " * 30)
    assert localize(issue, workspace, limit_tokens=20_000)
    made = index(workspace)
    assert localize(issue, workspace, limit_tokens=20_000)
    assert index(workspace) is made


def test_a_megabyte_of_issue_is_no_problem() -> None:
    hostile = "<!--" * 1000 + "`" * 5000 + "a.b.c.d " * 60_000 + "(" * 100_000 + "x_" * 100_000 + " 'it says " * 20_000
    issue = clean_issue("long", hostile)
    started = time.perf_counter()
    localize(issue, memory_workspace(FILES), limit_tokens=20_000)
    clues(hostile[:200_000])
    assert time.perf_counter() - started < 120  # hours, were a pattern to backtrack
