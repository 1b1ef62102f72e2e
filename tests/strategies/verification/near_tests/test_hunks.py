"""The hunks of a patch, each taken back by itself."""

from __future__ import annotations

from strategies.verification.near_tests.hunks import hunks_of

OLD = "".join(f"line {n}\n" for n in range(1, 21))


def test_two_places_are_two_hunks_and_each_is_taken_back_alone() -> None:
    new = OLD.replace("line 2\n", "second\n").replace("line 15\n", "fifteenth\nand more\n")
    first, second = hunks_of({"a.py": OLD}, {"a.py": new})
    assert (first.name, first.lines) == ("a.py:2", (2,))
    assert (second.name, second.lines) == ("a.py:15–16", (15, 16))
    assert first.without == new.replace("second\n", "line 2\n")
    assert second.without == new.replace("fifteenth\nand more\n", "line 15\n")


def test_removed_lines_are_a_hunk_without_lines() -> None:
    (only,) = hunks_of({"a.py": OLD}, {"a.py": OLD.replace("line 5\n", "")})
    assert (only.name, only.lines, only.without) == ("a.py:5", (), OLD)


def test_a_new_file_is_taken_back_as_a_whole_and_a_removed_one_comes_back() -> None:
    new, gone = hunks_of({"gone.py": OLD, "new.py": None}, {"new.py": "x = 1\ny = 2\n", "gone.py": None})[::-1]
    assert (new.name, new.without) == ("new.py:1–2", None)
    assert (gone.name, gone.without) == ("gone.py:1", OLD)


def test_tests_are_left_out_and_documents_are_no_code() -> None:
    found = hunks_of({"README.md": "a\n", "tests/test_a.py": "a\n"}, {"README.md": "b\n", "tests/test_a.py": "b\n"})
    assert [(h.path, h.is_code) for h in found] == [("README.md", False)]
