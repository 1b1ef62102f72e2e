"""Which file a block is about: never that of the block before by mistake."""

from __future__ import annotations

import unicodedata

import pytest

from strategies.edits.answer import apply, parse

SAME = "x = 1\n"


def block(head: str, search: str = SAME, replace: str = "x = 9\n") -> str:
    return f"{head}\n<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n"


FIRST = block("a.py", "y = 2\n", "y = 3\n")


@pytest.mark.parametrize(
    "name",
    [
        "docs/my file.md",
        "BUILD",
        "Pipfile",
        "Vagrantfile",
        "my notes.txt",
        "Some Folder/Read Me",
        "justfile",
        "[id].tsx",
    ],
)
@pytest.mark.parametrize("dress", ["{}", "`{}`", "**{}**", "### {}", "File: {}", "{}:", "<path>{}</path>"])
def test_a_known_file_right_above_a_block_wins(name: str, dress: str) -> None:
    files = {"a.py": f"{SAME}y = 2\n", name: SAME}
    for paths in (tuple(files), ()):
        applied = apply(parse(f"{FIRST}\n{block(dress.format(name))}"), files.get, paths)
        assert (applied.patch.files, applied.problems) == ({"a.py": b"x = 1\ny = 3\n", name: b"x = 9\n"}, ())


@pytest.mark.parametrize(
    "header",
    [
        *(
            "docs/my file.md",
            "BUILD",
            "Pipfile",
            "Vagrantfile",
            "Some Folder/Read Me",
            "the settings",
            "src\\other mod",
        ),
        *("Now the settings module:", "The test has to change, too:", "In `b.py` as in `c.py`:", "In `missing.py`:"),
    ],
)
def test_what_cannot_be_read_above_a_block_is_told_and_nothing_is_guessed(header: str) -> None:
    files = {"a.py": f"{SAME}y = 2\n", "b.py": SAME, "c.py": SAME}
    applied = apply(parse(f"{FIRST}\n{block(header)}"), files.get, tuple(files))
    assert applied.patch.files == {"a.py": b"x = 1\ny = 3\n"}
    assert len(applied.problems) == 1


@pytest.mark.parametrize(
    "words",
    [
        "",
        "And also the first line:",
        "Then:",
        "**Change 2**",
        "2.",
        "Next, the caller has to know it.",
        "In the same file:",
    ],
)
def test_words_between_two_blocks_leave_the_file_as_it_was(words: str) -> None:
    files = {"a.py": f"{SAME}y = 2\n", "b.py": SAME}
    applied = apply(parse(f"{FIRST}\n{block(words)}"), files.get, tuple(files))
    assert (applied.patch.files, applied.problems) == ({"a.py": b"x = 9\ny = 3\n"}, ())


def test_a_sentence_may_name_the_one_file() -> None:
    files = {"a.py": f"{SAME}y = 2\n", "src/b.py": SAME}
    for sentence in ("And in `src/b.py` we need:", "The file src/b.py needs the same:", "In `b.py`:"):
        applied = apply(parse(f"{FIRST}\n{block(sentence)}"), files.get, tuple(files))
        assert applied.patch.files["src/b.py"] == b"x = 9\n"


@pytest.mark.parametrize(
    "prefix", ["/testbed/", "/repo/", "a/", "./", "/workspace/project/", "/home/me/code/", "project/", "/"]
)
def test_folders_before_the_repository_are_taken_off(prefix: str) -> None:
    applied = apply(parse(block(f"{prefix}src/b.py")), {"src/b.py": SAME}.get, ("src/b.py", "b.py"))
    assert applied.patch.files == {"src/b.py": b"x = 9\n"}


@pytest.mark.parametrize("path", ["docs/b.py", "/etc/b.py", "/usr/lib/b.py", "/proc/b.py"])
def test_a_file_in_another_folder_is_not_the_one_in_the_root(path: str) -> None:
    applied = apply(parse(block(path)), {"b.py": SAME, "docs/c.py": ""}.get, ("b.py", "docs/c.py"))
    assert not applied.patch
    assert applied.problems


def test_a_new_file_below_an_agents_root_is_new_in_the_repository() -> None:
    applied = apply(parse(block("/testbed/src/new.py", "", SAME)), lambda _: None, ("src/b.py",))
    assert applied.patch.files == {"src/new.py": SAME.encode()}


def test_accents_compare_however_they_are_composed_and_are_shown_where_they_matter() -> None:
    composed = "docs/café.md"
    apart = unicodedata.normalize("NFD", composed)
    for real, written in ((composed, apart), (apart, composed)):
        applied = apply(parse(block(written)), {real: SAME}.get, (real,))
        assert applied.patch.files == {real: b"x = 9\n"}
    told = apply(parse(block("other/café.md")), {apart: SAME}.get, (apart,)).problems[0].message
    assert "cafe\\u{301}.md" in told
