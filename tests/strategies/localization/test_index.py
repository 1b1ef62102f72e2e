from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import cast

import pytest

from strategies.localization.facts_store import FILE, SPARE, keep_facts, known_facts
from strategies.localization.file_facts import FileFacts
from strategies.localization.index import index
from tests.fakes.workspace import MemoryWorkspace, memory_workspace

FILES: dict[str, str | bytes] = {
    "cart.py": "class Cart:\n    def total(self):\n        return sum(self.items)\n",
    "tests/test_cart.py": "def test_total():\n    total = 3\n    assert total\n",
    "docs/cart.md": "class Cart:\n    total = 1\n",
    "logo.png": b"\0\1",
}


def facts(text: str = "def total():\n    return 1\n") -> FileFacts:
    return FileFacts.read("a.py", text)


def test_a_blob_is_read_once_for_all_workspaces_of_a_mirror(tmp_path: Path) -> None:
    first, second = memory_workspace(FILES, tmp_path), memory_workspace({**FILES, "new.py": "x = 1\n"}, tmp_path)
    index(first)
    again = index(second)
    assert cast("MemoryWorkspace", second).reads == 1
    assert again.defining("Cart")["cart.py"] == index(first).defining("Cart")["cart.py"]
    assert again.ranking.scores({"cart": 1.0}).keys() == {"cart.py", "tests/test_cart.py", "docs/cart.md"}


def test_kept_facts_are_what_was_read(tmp_path: Path) -> None:
    read = facts("class A:\n    def f(self):\n        return naïve_name\n")
    keep_facts(tmp_path, {"1.py": read}, ["1.py"])
    kept = known_facts(tmp_path, ["1.py", "2.py"])
    assert kept.keys() == {"1.py"}
    assert kept["1.py"].word_counts() == read.word_counts()
    assert kept["1.py"].definitions == read.definitions
    assert kept["1.py"].length == read.length


@pytest.mark.parametrize("content", [b"no database at all", b"SQLite format 3\0" + b"\1" * 4096])
def test_a_broken_store_is_made_again(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    assert known_facts(tmp_path, ["1.py"]) == {}
    keep_facts(tmp_path, {"1.py": facts()}, ["1.py"])
    assert known_facts(tmp_path, ["1.py"]).keys() == {"1.py"}


def test_a_store_of_another_version_is_emptied(tmp_path: Path) -> None:
    keep_facts(tmp_path, {"1.py": facts()}, ["1.py"])
    store = sqlite3.connect(tmp_path / FILE)
    store.execute("PRAGMA user_version = 9999")
    store.commit()
    store.close()
    assert known_facts(tmp_path, ["1.py"]) == {}


def test_a_store_that_somebody_holds_is_left_alone(tmp_path: Path) -> None:
    keep_facts(tmp_path, {"1.py": facts()}, ["1.py"])
    other = sqlite3.connect(tmp_path / FILE)
    other.execute("BEGIN EXCLUSIVE")
    assert known_facts(tmp_path, ["1.py"], wait=0) == {}
    other.rollback()
    other.close()
    assert known_facts(tmp_path, ["1.py"]).keys() == {"1.py"}


def test_a_folder_that_is_not_there_costs_only_time(tmp_path: Path) -> None:
    keep_facts(tmp_path / "gone", {"1.py": facts()}, ["1.py"])
    assert known_facts(tmp_path / "gone", ["1.py"]) == {}


def test_blobs_of_old_commits_are_forgotten_when_they_are_many(tmp_path: Path) -> None:
    old = {f"{n}.py": facts() for n in range(SPARE + 1)}
    keep_facts(tmp_path, old, old)
    keep_facts(tmp_path, {"now.py": facts()}, ["0.py", "now.py"])
    assert len(known_facts(tmp_path, [*old, "now.py"])) == SPARE + 2
    keep_facts(tmp_path, {}, ["now.py"])
    assert known_facts(tmp_path, [*old, "now.py"]).keys() == {"now.py"}


def test_prose_and_locals_define_nothing() -> None:
    known = index(memory_workspace(FILES))
    assert known.defining("Cart").keys() == {"cart.py"}
    assert known.defining("total").keys() == {"cart.py"}


@pytest.mark.parametrize("name", ["_private", "__call__", "$private", "new", "all", "Plain"])
def test_a_name_is_found_whatever_it_starts_with_and_however_common_its_word_is(name: str) -> None:
    files: dict[str, str | bytes] = {
        "a.py": "class Plain:\n    def __call__(self):\n        pass\n\n    def new(self):\n        pass\n",
        "b.py": "def _private():\n    pass\n\n\ndef all():\n    pass\n",
        "c.js": "export const $private = 1;\n",
    }
    workspace = memory_workspace(files)
    assert len(index(workspace).defining(name)) == 1
    assert index(workspace).defining(name.upper() + "x") == {}


def test_many_repetitions_count_alike_whether_read_or_kept(tmp_path: Path) -> None:
    read = facts("word " * 1_000)
    keep_facts(tmp_path, {"1.py": read}, ["1.py"])
    assert known_facts(tmp_path, ["1.py"])["1.py"].word_counts() == read.word_counts()
