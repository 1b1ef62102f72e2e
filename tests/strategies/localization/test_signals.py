from __future__ import annotations

import pytest

from strategies.localization import signals
from strategies.localization.clues import Frame, clues
from strategies.localization.index import index
from tests.fakes.workspace import memory_workspace

FILES: dict[str, str | bytes] = {
    "src/shop/cart.py": "from shop.money import cents\n\n\nclass Cart:\n    def total(self):\n        return cents(self.items)\n",
    "src/shop/money.py": "def cents(amount):\n    raise ValueError('amount must not be negative at all')\n\n\ndef format(x):\n    return x\n",
    "src/shop/main.py": "x = 1\n",
    "src/shop/__init__.py": "",
    "tests/test_money.py": "class Cart:\n    pass\n\n\ndef test_cents():\n    pass\n",
    "tests/helpers/test.py": "x = 1\n",
    "lib/parse-url.js": "export function parse() {}\n",
    "lib/__tests__/parse_url.test.js": "parse()\n",
}
WORKSPACE = memory_workspace(FILES)
KNOWN = index(WORKSPACE)


def test_the_deepest_frame_counts_most_in_each_language() -> None:
    python = 'File "src/shop/cart.py", line 6, in total\n  File "src/shop/money.py", line 2, in cents\n'
    assert [f.path for f in clues(python).frames] == ["src/shop/money.py", "src/shop/cart.py"]
    points = signals.frames(KNOWN, clues(python)).points
    assert points["src/shop/money.py"] > points["src/shop/cart.py"]
    script = "at inner (/app/lib/a.js:3:1)\n    at outer (/app/lib/b.js:9:1)\n"
    assert clues(script).frames == (Frame("/app/lib/a.js", 3, "inner"), Frame("/app/lib/b.js", 9, "outer"))


def test_a_frame_means_the_function_as_it_stands_now_where_its_lines_have_moved() -> None:
    found = signals.frames(KNOWN, clues('File "src/shop/cart.py", line 600, in total\n'))
    assert found.lines["src/shop/cart.py"] == [(5, 6)]
    found = signals.frames(KNOWN, clues('File "src/shop/cart.py", line 600, in gone\n'))
    assert found.lines["src/shop/cart.py"] == [(588, 612)]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('File "/home/me/project/main.py", line 1, in f', "src/shop/main.py"),
        ("I put this into main.py", "src/shop/main.py"),
        ("Run this test.py", "tests/helpers/test.py"),
    ],
)
def test_a_file_of_the_author_is_hardly_a_clue(text: str, path: str) -> None:
    sure = max(signals.files(KNOWN, clues("see src/shop/money.py")).points.values())
    found = clues(text)
    assert signals.files(KNOWN, found).points.get(path, 0) <= sure / 4
    assert signals.frames(KNOWN, found).points.get(path, 0) <= sure / 4


def test_a_path_that_stands_in_the_repository_is_meant_however_it_is_called() -> None:
    assert signals.files(KNOWN, clues("in src/shop/main.py")).points["src/shop/main.py"] == 1.0


def test_a_module_is_the_file_of_its_longest_part() -> None:
    assert signals.files(KNOWN, clues("shop.money.cents fails")).points == {"src/shop/money.py": 0.6}


def test_names_that_every_program_uses_point_nowhere() -> None:
    assert signals.symbols(KNOWN, clues("`format(x)`, `str` and `main`")).points == {}
    assert signals.symbols(KNOWN, clues("`cents(x)`")).points == {"src/shop/money.py": 1.0}


def test_a_test_defines_only_what_no_code_does() -> None:
    assert signals.symbols(KNOWN, clues("`Cart`")).points == {"src/shop/cart.py": 1.0}
    assert signals.symbols(KNOWN, clues("`test_cents`")).points == {"tests/test_money.py": 1.0}


def test_a_message_is_found_by_its_fixed_part() -> None:
    found = signals.phrases(KNOWN, clues("ValueError: amount must not be negative at all"))
    assert found.points == {"src/shop/money.py": 1.0}
    assert found.lines["src/shop/money.py"] == [(1, 14)]


@pytest.mark.parametrize(
    ("test", "code"),
    [("tests/test_money.py", "src/shop/money.py"), ("lib/__tests__/parse_url.test.js", "lib/parse-url.js")],
)
def test_a_test_points_at_what_it_is_named_after(test: str, code: str) -> None:
    assert signals.tested(KNOWN, {test: 0.8}).points == {code: 0.8}


def test_what_the_best_files_import_gets_a_share() -> None:
    found = signals.neighbours(KNOWN, {"src/shop/cart.py": 10.0})
    assert found.points == {"src/shop/money.py": 1.0}
    assert found.reasons["src/shop/money.py"] == ["imported by src/shop/cart.py"]


def test_files_that_a_fix_seldom_changes_keep_a_share() -> None:
    shares = [
        signals.share(path, tests=0.4, prose=0.3, configuration=0.2)
        for path in ("a.py", "tests/a.py", "README.md", "x.toml")
    ]
    assert shares == [1.0, 0.4, 0.3, 0.2]
