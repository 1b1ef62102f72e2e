from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from strategies.edits.answer import Create, Delete, Replace, apply, parse

BLOCK = "{path}\n<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n"


def block(path: str, search: str, replace: str) -> str:
    return BLOCK.format(path=path, search=search, replace=replace)


def reader(files: dict[str, str]) -> Callable[[str], str | None]:
    return files.get


def after(files: dict[str, str], answer: str) -> dict[str, str | None]:
    applied = apply(parse(answer), reader(files), tuple(files))
    assert applied.problems == ()
    return {p: None if c is None else c.decode("utf-8", "surrogateescape") for p, c in applied.patch.files.items()}


def problem(files: dict[str, str], answer: str) -> str:
    applied = apply(parse(answer), reader(files), tuple(files))
    assert not applied.patch
    (one,) = applied.problems
    return one.message


CODE = "def f(a):\n    if a:\n        return 1\n    return 2\n\n\ndef g(b):\n    return b\n"


def test_one_answer_holds_several_edits_a_new_file_and_a_deletion() -> None:
    answer = (
        "The cause is f.\n\n```python\n"
        + block("a.py", "        return 1\n", "        return 3\n")
        + "```\nand\n```\n"
        + block("./b/new.py", "", "x = 1\n")
        + "```\n"
        + block("a.py", "    return b\n", "    return -b\n")
        + "```\nDELETE old.txt\n```\n"
    )
    edits = parse(answer)
    assert edits.prose == "The cause is f.\n\nand"
    files = {"a.py": CODE, "old.txt": "gone\n"}
    expected = CODE.replace("return 1", "return 3").replace("return b", "return -b")
    assert after(files, answer) == {"a.py": expected, "b/new.py": "x = 1\n", "old.txt": None}


@pytest.mark.parametrize(
    "name", ["a.py", "./a.py", "`a.py`", "**a.py**", "### a.py", "File: a.py", "'a.py':", "### File: `./a.py`:"]
)
def test_a_decorated_file_name_is_read(name: str) -> None:
    assert after({"a.py": CODE}, block(name, "    return b\n", "    return 0\n"))["a.py"] is not None


@pytest.mark.parametrize(
    "answer",
    [
        "```python a.py\n<<<<<<< SEARCH\n    return b\n=======\n    return 0\n>>>>>>> REPLACE\n```",
        "a.py\n```python\n<<<<<<< SEARCH\n    return b\n=======\n    return 0\n>>>>>>> REPLACE\n```",
        "<<<<<<< SEARCH a.py\n    return b\n=======\n    return 0\n>>>>>>> REPLACE",
        "a.py\r\n<<<<<<< SEARCH\r\n    return b\r\n=======\r\n    return 0\r\n>>>>>>> REPLACE\r\n",
        "a.py\n<<<<<< SEARCH\n    return b\n======\n    return 0\n>>>>>> REPLACE",
        "--- a/a.py\n+++ b/a.py\n@@ -6,3 +6,3 @@\n \n def g(b):\n-    return b\n+    return 0\n",
        "```diff\ndiff --git a/a.py b/a.py\nindex 1..2 100644\n--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@ def\n\n def g(b):\n-    return b\n+    return 0\n```\n",
    ],
)
def test_the_same_edit_in_another_dress(answer: str) -> None:
    assert after({"a.py": CODE}, answer) == {"a.py": CODE.replace("return b", "return 0")}


def test_a_diff_creates_deletes_and_picks_among_equal_places_by_its_line_number() -> None:
    files = {"a.py": "x\nsame\nx\nsame\n", "old.py": "1\n"}
    answer = (
        "--- /dev/null\n+++ b/new.py\n@@ -0,0 +1,2 @@\n+one\n+two\n"
        "--- a/old.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-1\n"
        "--- a/a.py\n+++ b/a.py\n@@ -3,2 +3,2 @@\n x\n-same\n+other\n"
    )
    assert after(files, answer) == {"new.py": "one\ntwo\n", "old.py": None, "a.py": "x\nsame\nx\nother\n"}


def test_a_passage_that_stands_twice_is_never_replaced_and_its_lines_are_named() -> None:
    message = problem({"a.py": "x = 1\ny = 2\nx = 1\n"}, block("a.py", "x = 1\n", "x = 3\n"))
    assert "2 places (lines 1, 3)" in message


def test_the_first_line_of_a_file_can_be_edited_and_its_byte_order_mark_stays() -> None:
    files = {"a.py": "\ufeffimport os\nx = 1\n"}
    assert after(files, block("a.py", "import os\n", "import sys\n")) == {"a.py": "\ufeffimport sys\nx = 1\n"}


def test_windows_line_ends_stay() -> None:
    files = {"a.py": "a\r\nb\r\nc\r\n"}
    assert after(files, block("a.py", "b\n", "b1\nb2\n")) == {"a.py": "a\r\nb1\r\nb2\r\nc\r\n"}


def test_a_missing_final_newline_stays_missing() -> None:
    assert after({"a.txt": "a\nlast"}, block("a.txt", "last\n", "end\n")) == {"a.txt": "a\nend"}


def test_undecodable_bytes_survive_even_on_the_changed_line() -> None:
    text = b"# caf\xe9\nname = 'caf\xe9'\n".decode("utf-8", "surrogateescape")
    answer = block("a.py", "# caf\ufffd\nname = 'caf\ufffd'\n", "# caf\ufffd\ntitle = 'caf\ufffd'\n")
    applied = apply(parse(answer), reader({"a.py": text}))
    assert applied.patch.files == {"a.py": b"# caf\xe9\ntitle = 'caf\xe9'\n"}


def test_a_differently_indented_quotation_is_fitted_to_the_file() -> None:
    files = {"a.py": "class A:\n    def f(self):\n        if x:\n            return 1\n        return 2\n"}
    answer = block("a.py", "if x:\n    return 1\n", "if x:\n    log()\n    return 3\n")
    assert after(files, answer) == {
        "a.py": "class A:\n    def f(self):\n        if x:\n            log()\n            return 3\n        return 2\n"
    }


def test_spaces_quoted_for_tabs_become_tabs() -> None:
    files = {"m.go": "func f() {\n\tif x {\n\t\ty()\n\t}\n}\n"}
    answer = block(
        "m.go", "    if x {\n        y()\n    }\n", "    if x {\n        for {\n            z()\n        }\n    }\n"
    )
    assert after(files, answer) == {"m.go": "func f() {\n\tif x {\n\t\tfor {\n\t\t\tz()\n\t\t}\n\t}\n}\n"}


def test_trailing_white_space_of_untouched_lines_stays() -> None:
    files = {"a.py": "a = 1   \nb = 2\n"}
    assert after(files, block("a.py", "a = 1\nb = 2\n", "a = 1\nb = 3\n")) == {"a.py": "a = 1   \nb = 3\n"}


def test_a_nearly_identical_long_passage_is_used_and_only_the_intended_line_changes() -> None:
    body = "".join(f"    value_{n} = compute(first_argument, {n})\n" for n in range(20))
    quoted = body.replace("compute(first_argument, 7)", "compute(first_argument,7)")
    changed = quoted.replace("value_12 = compute(first_argument, 12)", "value_12 = None")
    result = after({"a.py": "start\n" + body + "end\n"}, block("a.py", quoted, changed))
    assert result == {"a.py": "start\n" + body.replace("compute(first_argument, 12)", "None") + "end\n"}


def test_a_misquotation_is_explained_with_the_nearest_lines() -> None:
    message = problem({"a.py": CODE}, block("a.py", "def g(c):\n    return c + 1\n", "x\n"))
    assert "does not stand in the file" in message
    assert "    7| def g(b):" in message


@pytest.mark.parametrize("dots", ["...\n", "    # ... rest of the function\n"])
def test_left_out_lines_are_refused(dots: str) -> None:
    assert "leaves lines out" in problem({"a.py": CODE}, block("a.py", "def f(a):\n" + dots + "    return 2\n", "x\n"))
    replaced = block(
        "a.py", "    if a:\n        return 1\n    return 2\n", "    if a:\n    # ... existing code\n    return 5\n"
    )
    assert "leaves lines out" in problem({"a.py": CODE}, replaced)


def test_an_ellipsis_that_is_code_is_allowed() -> None:
    assert after({"a.pyi": "def f(): 1\n"}, block("a.pyi", "def f(): 1\n", "def f():\n    ...\n"))


def test_a_wrong_folder_is_corrected_when_only_one_file_can_be_meant() -> None:
    files = {"src/pkg/a.py": CODE, "src/pkg/b.py": ""}
    assert list(after(files, block("pkg/a.py", "    return b\n", "    return 0\n"))) == ["src/pkg/a.py"]


def test_a_wrong_name_is_answered_with_the_nearest() -> None:
    assert "did you mean src/models.py" in problem({"src/models.py": CODE}, block("src/model.py", "x\n", "y\n"))


@pytest.mark.parametrize("path", ["/etc/passwd", "../x.py", "a/../../b.py", "C:/x.py"])
def test_a_path_outside_the_repository_is_refused(path: str) -> None:
    assert apply(parse(block(path, "", "x\n")), reader({})).problems


def test_an_existing_file_is_not_overwritten_by_a_new_one_unless_deleted_first() -> None:
    assert "exists already" in problem({"a.py": CODE}, block("a.py", "", "new\n"))
    assert after({"a.py": CODE}, "```\nDELETE a.py\n" + block("a.py", "", "new = 1\n") + "```") == {"a.py": "new = 1\n"}


def test_edits_build_on_each_other_and_what_fails_does_not_take_the_rest_along() -> None:
    answer = block("a.py", "a\n", "b\n") + block("a.py", "missing\n", "x\n") + block("a.py", "b\n", "c\n")
    applied = apply(parse(answer), reader({"a.py": "a\nz\n"}))
    assert applied.patch.files == {"a.py": b"c\nz\n"}
    assert [p.path for p in applied.problems] == ["a.py"]


def test_an_edit_that_was_made_before_is_no_problem_but_one_line_found_elsewhere_is_no_proof() -> None:
    files = {"a.py": "def f():\n    log()\n    return normalized(result)\n"}
    again = block("a.py", "def f():\n    return 1\n", "def f():\n    log()\n    return normalized(result)\n")
    applied = apply(parse(again), reader(files))
    assert (bool(applied.patch), applied.problems) == (False, ())
    assert "already" in applied.notes[0]
    assert "does not stand" in problem(
        files, block("a.py", "    return other(thing)\n", "    return normalized(result)\n")
    )


def test_a_file_with_lines_of_equals_signs_can_be_edited() -> None:
    files = {"doc.rst": "Title\n=======\ntext\n"}
    answer = block("doc.rst", "Title\n=======\ntext\n", "Title\n=======\nother\n")
    assert after(files, answer) == {"doc.rst": "Title\n=======\nother\n"}


def test_an_unclosed_block_is_reported() -> None:
    assert "not closed" in parse("a.py\n<<<<<<< SEARCH\nx\n=======\ny\n").problems[0].message


def test_prose_about_sql_and_http_is_no_deletion() -> None:
    assert parse("DELETE FROM users\nDELETE /api/users/1.json\nDELETE nothing at all\n").items == ()


def test_a_drafted_edit_in_a_thought_is_not_applied() -> None:
    draft, meant = block("a.py", "    return b\n", "    return 9\n"), block("a.py", "    return b\n", "    return 0\n")
    for thought in (f"<think>{draft}</think>", f"{draft}</think>", f"Hm. <thought>\n{draft}</thought>\n"):
        assert after({"a.py": CODE}, thought + meant) == {"a.py": CODE.replace("return b", "return 0")}
    assert "never closes" in problem({"a.py": CODE}, f"<think>\n{draft}")


def test_a_binary_file_is_named_as_such() -> None:
    applied = apply(parse(block("logo.png", "x\n", "y\n")), lambda _: None, ("logo.png",))
    assert "binary" in applied.problems[0].message


def test_parsing_gives_the_words_of_the_edit() -> None:
    assert parse(block("a.py", "x\n", "y\n")).items == (Replace("a.py", "x\n", "y\n"),)
    assert parse(block("a.py", "", "y\n")).items == (Create("a.py", "y\n"),)
    assert parse("```\nDELETE a.py\n```").items == (Delete("a.py"),)


LINE = st.text(st.characters(codec="utf-8", exclude_characters="\n\r\ufffd"), max_size=12)
MARKERS = ("<<<<<", ">>>>>", "=====", "DELETE", "```", "~~~")


@settings(max_examples=200, deadline=None)
@given(
    lines=st.lists(LINE, min_size=1, max_size=15),
    fresh=st.lists(LINE, max_size=4),
    ending=st.sampled_from(["\n", "\r\n"]),
    final=st.booleans(),
    pick=st.tuples(st.integers(0, 14), st.integers(1, 5)),
)
def test_any_unique_passage_of_any_file_is_replaced_exactly(
    lines: list[str], fresh: list[str], ending: str, final: bool, pick: tuple[int, int]
) -> None:
    assume(not any(m in line for line in lines + fresh for m in MARKERS) and not lines[0].startswith("\ufeff"))
    start, size = min(pick[0], len(lines) - 1), pick[1]
    passage = lines[start : start + size]
    assume(any(line.strip() for line in passage) and passage != fresh)
    assume(final or (lines[-1] != "" and len(lines) > 1))
    assume(not fresh or not fresh[0].startswith("\ufeff"))
    assume(not passage[0].startswith("\ufeff"))
    text = ending.join(lines) + (ending if final else "")
    places = [i for i in range(len(lines) - len(passage) + 1) if lines[i : i + len(passage)] == passage]
    answer = block("a.txt", "".join(p + "\n" for p in passage), "".join(f + "\n" for f in fresh))
    applied = apply(parse(answer), reader({"a.txt": text}))
    if len(places) > 1:
        assert not applied.patch
        assert "places" in applied.problems[0].message
        return
    assume(not any("..." in f or "…" in f for f in fresh))
    result = lines[:start] + fresh + lines[start + size :]
    whole = ending.join(result) + (ending if final and result else "")
    assert applied.problems == ()
    assert applied.patch.files["a.txt"] == whole.encode()


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300))
def test_no_answer_breaks_the_parser(text: str) -> None:
    for answer in (text, block("a.py", text, text), "--- a/a\n+++ b/a\n@@\n" + text):
        apply(parse(answer), reader({"a.py": text}), ("a.py",))
