"""Answers that mislead whoever reads edits out of them: fences in diffs, illustrations, comments for left-out lines."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.edits.answer import Applied, apply, parse

B = "```"
CODE = "import os\nimport sys\n\n\ndef f(x):\n    return x + 1\n"
FILES = {"src/a.py": CODE, "src/b.py": "import os\n\nprint(os)\n", "src/old.py": "x = 1\n"}


def read(answer: str, files: dict[str, str] | None = None) -> Applied:
    some = FILES if files is None else files
    return apply(parse(answer), some.get, tuple(some))


def block(path: str, search: str, replace: str) -> str:
    head = f"{path}\n" if path else ""
    return f"{head}<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE\n"


FIRST = block("src/a.py", "def f(x):", "def f(x, y):")
FIRST_MADE = CODE.replace("f(x)", "f(x, y)").encode()


@pytest.mark.parametrize("closing", [" ```", "  ```", "   ```  ", "~~~\n ```", ""])
@pytest.mark.parametrize("label", ["diff", "patch", "diff title=x"])
def test_a_diff_ends_with_its_fence_however_that_is_indented(closing: str, label: str) -> None:
    answer = f"src/a.py\n{B}{label}\n@@\n-import sys\n+import re\n{closing}\nDone.\n"
    assert isinstance(read(answer), Applied)
    if closing.startswith(" "):
        assert read(answer).patch.files == {"src/a.py": CODE.replace("sys", "re").encode()}


def test_a_fence_that_is_context_of_a_diff_does_not_end_it() -> None:
    old = "# Use\n\n```bash\npip install x\n```\n\nThen run it.\n"
    answer = f"README.md\n{B}diff\n@@\n {B}bash\n-pip install x\n+pip install y\n {B}\n \n-Then run it.\n+Run it.\n{B}\nDone.\n"
    wanted = old.replace("install x", "install y").replace("Then run", "Run")
    assert read(answer, {"README.md": old}).patch.files == {"README.md": wanted.encode()}


PIECES = [
    *(f"{B}diff", B, f" {B}", f"{B}python", "~~~", "@@", "@@ -1 +1 @@", "--- a/x.py", "+++ b/x.py", "-x = 1", "+x = 2"),
    *(" x", "", "x.py", "<<<<<<< SEARCH", "=======", ">>>>>>> REPLACE", "*** Begin Patch", "*** End Patch"),
    *("*** Update File: x.py", "DELETE x.py", "rename from x", '{"path": "x.py", "old_str": "x"}', "<think>", "</think>"),
]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14))
def test_any_order_of_marks_is_read_to_its_end(pieces: list[str]) -> None:
    assert isinstance(read("\n".join(pieces), {"x.py": "x = 1\n"}), Applied)


ILLUSTRATIONS = [
    f"Verified with `python repro.py`:\n\n{B}\nok\n{B}",
    f"Checked by `repro.py`:\n\n{B}\nok\n{B}",
    f"New behaviour of `df.groupby`:\n\n{B}python\ndf.groupby('a')\n{B}",
    f"Before/after:\n\n{B}\n>>> f(1)\n2\n{B}",
    f"**numpy.random**\n{B}python\nrng = 1\n{B}",
    f"Output of `tools/gen.py`:\n\n{B}json\n{{}}\n{B}",
    f"tools/gen.py\n{B}json\n{{}}\n{B}",
    f"In VB it would be:\n{B}vb.net\nDim x\n{B}",
    f"And in Node:\n{B}node.js\nlet x\n{B}",
    f"Input/output:\n{B}text\n1\n{B}",
]


@pytest.mark.parametrize("shown", ILLUSTRATIONS)
@pytest.mark.parametrize("before", [FIRST, ""])
def test_an_illustration_is_no_new_file(shown: str, before: str) -> None:
    applied = read(f"{before}\n{shown}\n")
    made = {"src/a.py": FIRST_MADE} if before else {}
    if before or "repro.py" not in shown:  # without any edit, lines below a name may be the file
        assert (applied.patch.files, applied.problems) == (made, ())


@pytest.mark.parametrize(
    "shown",
    [
        f"tests/test_new.py\n{B}python\nx = 1\n{B}",
        f"### `tests/test_new.py`\n\n{B}python\nx = 1\n{B}",
        f"{B}python tests/test_new.py\nx = 1\n{B}",
        f"{B}python\n# tests/test_new.py\nx = 1\n{B}",
        f"And a new test in `tests/test_new.py`:\n{B}python\nx = 1\n{B}",
        f"I also added `tests/test_new.py`:\n{B}python\nx = 1\n{B}",
    ],
)
def test_a_new_file_beside_edits_is_still_made(shown: str) -> None:
    assert read(f"{FIRST}\n{shown}\n").patch.files == {"src/a.py": FIRST_MADE, "tests/test_new.py": b"x = 1\n"}


@pytest.mark.parametrize(
    ("name", "content"), [("config/data.json", "{}"), ("bin/run", "#!/bin/sh"), (".eslintrc", "{}"), ("src/tool", "x")]
)
def test_a_file_that_is_written_whole_needs_no_common_ending(name: str, content: str) -> None:
    label = "json" if content == "{}" else ""
    assert read(f"{name}\n{B}{label}\n{content}\n{B}\n").patch.files == {name: f"{content}\n".encode()}


@pytest.mark.parametrize(
    "heading", ["### `src/b.py`", "**src/b.py**", "src/b.py:", "1. `src/b.py`", "## File: src/b.py"]
)
@pytest.mark.parametrize(
    "between",
    [
        "Add the import:",
        "Add the import.\n\nIt is needed by `g`:",
        "- Add the import\n- Nothing else",
        "Guard like the one in src/a.py:",
        f"It holds now:\n\n{B}python\nprint(os)\n{B}\n\nAdd the import:",
    ],
)
@pytest.mark.parametrize("before", [FIRST, ""])
def test_the_heading_over_a_sentence_names_the_file(heading: str, between: str, before: str) -> None:
    fenced = f"{B}python\n{block('', 'import os', 'import os' + chr(10) + 'import re')}{B}\n"
    applied = read(f"{before}\n{heading}\n\n{between}\n\n{fenced}")
    made = {"src/a.py": FIRST_MADE} if before else {}
    assert (applied.problems, applied.patch.files) == (
        (),
        {**made, "src/b.py": b"import os\nimport re\n\nprint(os)\n"},
    )


def test_a_list_of_files_over_a_sentence_names_none() -> None:
    applied = read(f"- src/a.py\n- src/b.py\n\nAdd the import here:\n\n{block('', 'import os', 'import re')}")
    assert not applied.patch
    assert len(applied.problems) == 1


BODY = "def f(x):\n    a = 1\n    b = 2\n    c = 3\n    return a\n"
STAND_INS = [
    *("# code omitted for brevity", "# --- unchanged ---", "# as above", "# leave as is", "# as in the original"),
    *("# (lines 2-4 unchanged)", "pass  # existing code", "# ... resto del código", "# (остальное без изменений)"),
    *("# 既存のコード", "# ditto", "# the assignments", "# [existing implementation]", "# reste du code"),
]  # fmt: skip
JSX = "function A() {\n  const a = 1;\n  const b = 2;\n  return (\n    <div>\n      <p>1</p>\n    </div>\n  );\n}\n"


@pytest.mark.parametrize("remark", STAND_INS)
def test_a_comment_in_place_of_quoted_lines_deletes_none(remark: str) -> None:
    for head in ("def f(x):", "def f(x, y):"):
        applied = read(block("src/a.py", BODY.rstrip("\n"), f"{head}\n    {remark}\n    return a"), {"src/a.py": BODY})
        assert b"c = 3" in (applied.patch.files.get("src/a.py") or b"c = 3")
        assert bool(applied.patch) or applied.problems or head == "def f(x):"


@pytest.mark.parametrize(
    "remark",
    [
        *("{/* ... existing JSX ... */}", "{/* existing JSX */}", "{/* ... */}", "{/* unchanged */}", "/* … */"),
        *("{/* rest of the component */}", "// same hooks as before", "<!-- as before -->"),
    ],
)
def test_a_remark_in_jsx_or_markup_deletes_nothing(remark: str) -> None:
    applied = read(block("a.jsx", JSX.rstrip("\n"), f"function A(props) {{\n  {remark}\n}}"), {"a.jsx": JSX})
    assert (bool(applied.patch), len(applied.problems)) == (False, 1)


@pytest.mark.parametrize(
    "written",
    [
        "def f(x):\n    # nothing is computed here any more, since callers do it\n    return a",
        "def f(x):\n    # one\n    return x",
        "def f(x):\n    return a",
        "def f(x):\n    a = 1\n    b = 2\n    # only two\n    return a",
    ],
)
def test_a_comment_that_explains_is_written(written: str) -> None:
    applied = read(block("src/a.py", BODY.rstrip("\n"), written), {"src/a.py": BODY})
    assert applied.patch.files == {"src/a.py": f"{written}\n".encode()}


def test_a_short_comment_may_take_the_place_of_a_long_one() -> None:
    old = "/*\n long\n text\n*/\nlet a = 1;\n# first\n# second\n# third\nlet b = 2;\n"
    new = "// short\nlet a = 1;\n# all\nlet b = 2;"
    assert read(block("a.js", old.rstrip("\n"), new), {"a.js": old}).patch.files == {"a.js": f"{new}\n".encode()}


WHOLE = "import os\n\n\ndef f(x):\n    y = x + 1\n    log(y)\n    return os.fspath(y)\n"
CHANGED = WHOLE.replace("x + 1", "x + 2")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (WHOLE, CHANGED.partition("\n\n\n")[2]),
        (f"{WHOLE}\n\ndef g():\n    return 1\n", CHANGED),
        (f"{WHOLE}\n\nclass G:\n    pass\n", CHANGED),
        ("from os import fspath\n" + WHOLE.replace("os.fspath", "fspath"), CHANGED.replace("os.fspath", "fspath")),
        ("package a\n\nfunc F() int {\n\ta := 1\n\treturn a\n}\n\nfunc G() int {\n\treturn 2\n}\n",
         "package a\n\nfunc F() int {\n\ta := 3\n\treturn a\n}\n"),
    ],
)  # fmt: skip
def test_a_part_of_a_small_file_is_not_all_of_it(old: str, new: str) -> None:
    applied = read(f"src/a.py\n{B}python\n{new}{B}\n", {"src/a.py": old})
    assert (bool(applied.patch), len(applied.problems)) == (False, 1)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f"import re\n{WHOLE}", CHANGED),
        (f"{WHOLE}\n\ndef g():\n    return 1\n", f"{CHANGED}\n\ndef h():\n    return 1\n"),
        (f"{WHOLE}\n\nprint(f(1))\n", CHANGED),
    ],
)
def test_a_whole_file_may_drop_what_is_unused_or_replaced(old: str, new: str) -> None:
    assert read(f"src/a.py\n{B}python\n{new}{B}\n", {"src/a.py": old}).patch.files == {"src/a.py": new.encode()}


def test_the_same_words_at_two_indentations_are_two_edits() -> None:
    old = "def f(x):\n    raise ValueError(x)\n\n\nclass C:\n    def g(self, x):\n        raise ValueError(x)\n"
    blocks = [block("a.py", f"{i}raise ValueError(x)", f"{i}raise TypeError(x)") for i in ("    ", "        ")]
    assert read("".join(blocks), {"a.py": old}).patch.files == {"a.py": old.replace("Value", "Type").encode()}
    first = read(blocks[0], {"a.py": old})
    now = (first.patch.files["a.py"] or b"").decode()
    second = apply(parse("".join(blocks)), {"a.py": now}.get, ("a.py",), first.made)
    assert second.patch.files == {"a.py": old.replace("Value", "Type").encode()}


@pytest.mark.parametrize(
    ("line", "quoted", "wanted"),
    [
        ("default_timeout = 300", "timeout = 30", "timeout = 60"),
        ("timeout = 300", "timeout = 30", "timeout = 60"),
        ("    return x + 1", "return x", "return y"),
        ("    return value.strip()", "return value", "return other"),
        ("    if first_value and second:", "if first_value", "if other_value"),
    ],
)
def test_a_part_that_cuts_a_word_or_an_expression_is_told(line: str, quoted: str, wanted: str) -> None:
    applied = read(block("a.py", quoted, wanted), {"a.py": f"a = 1\n{line}\n"})
    assert (bool(applied.patch), len(applied.problems)) == (False, 1)


@pytest.mark.parametrize(
    ("line", "quoted", "wanted"),
    [
        ("    value = compute(x)  # slow", "value = compute(x)", "value = compute(y)"),
        ("    if a: return compute(x);", "return compute(x)", "return compute(y)"),
        ("self.timeout = 30", "timeout = 30", "timeout = 60"),
        ("f(first_argument, 1)", "first_argument", "other_argument"),
    ],
)
def test_a_part_of_a_line_that_is_whole_in_itself_is_replaced(line: str, quoted: str, wanted: str) -> None:
    applied = read(block("a.py", quoted, wanted), {"a.py": f"{line}\n"})
    assert applied.patch.files == {"a.py": f"{line.replace(quoted, wanted)}\n".encode()}


@pytest.mark.parametrize("path", ["old/README.md", "config.py", "src/old/README.md"])
def test_only_the_file_that_is_named_exactly_is_deleted(path: str) -> None:
    files = {"README.md": "x\n", "tests/fixtures/config.py": "x = 1\n"}
    for answer in (f"{B}\nDELETE {path}\n{B}", f"*** Begin Patch\n*** Delete File: {path}\n*** End Patch"):
        applied = read(answer, files)
        assert (bool(applied.patch), len(applied.problems)) == (False, 1)
        assert "write all of its path" in applied.problems[0].message


@pytest.mark.parametrize("path", ["src/old.py", "/testbed/src/old.py", "./src/old.py"])
def test_a_deletion_below_an_agents_root_is_exact(path: str) -> None:
    answer = f"*** Begin Patch\n*** Delete File: {path}\n*** End Patch"
    assert read(answer).patch.files == {"src/old.py": None}


DIFF = f"{B}diff\n--- a/src/b.py\n+++ b/src/b.py\n@@ -1 +1,2 @@\n import os\n+import re\n{B}\n"
DIFF_MADE = b"import os\nimport re\n\nprint(os)\n"
DELETION = f"\n{B}\nDELETE src/old.py\n{B}\n"
CALL = (
    '{"command": "str_replace", "path": "src/b.py", "old_str": "import os\\n", "new_str": "import os\\nimport re\\n"}\n'
)
ENVELOPE = "*** Begin Patch\n*** Update File: src/b.py\n@@\n import os\n+import re\n*** End Patch\n"


@pytest.mark.parametrize("other", [DIFF, CALL, ENVELOPE])
def test_two_formats_in_one_answer_are_both_read(other: str) -> None:
    for answer, made in (
        (f"{FIRST}\n{other}", {"src/a.py": FIRST_MADE}),
        (f"{other}\n{FIRST}", {"src/a.py": FIRST_MADE}),
        (f"{other}{DELETION}", {"src/old.py": None}),
        (f"{FIRST}{DELETION}\n{other}", {"src/a.py": FIRST_MADE, "src/old.py": None}),
    ):
        applied = read(answer)
        assert (applied.problems, applied.patch.files) == ((), {**made, "src/b.py": DIFF_MADE})


def test_a_diff_that_shows_the_edits_again_is_no_further_edit() -> None:
    for path in ("src/a.py", "a.py"):
        again = f"All of it:\n{B}diff\n--- a/{path}\n+++ b/{path}\n@@ -5,1 +5,1 @@\n-def f(x):\n+def f(x, y):\n{B}\n"
        applied = read(f"{FIRST}\n{again}")
        assert (applied.problems, applied.patch.files) == ((), {"src/a.py": FIRST_MADE})


XML = {"a.xml": "<f>\n<reason>old</reason>\n</f>\n", "b.xml": "<b>1</b>\n"}
JSX_TAG = {"a.jsx": "return (\n  <Analysis>\n  </Analysis>\n)\n"}


def test_tags_of_thoughts_in_a_patch_are_code() -> None:
    hunk = "-<reason>old</reason>\n+<reason>new</reason>\n"
    new = XML["a.xml"].replace("old", "new").encode()
    both = f"--- a/a.xml\n+++ b/a.xml\n@@ -1,3 +1,3 @@\n <f>\n{hunk} </f>\n--- a/b.xml\n+++ b/b.xml\n@@ -1 +1 @@\n-<b>1</b>\n+<b>2</b>\n"
    applied = read(f"{B}diff\n{both}{B}\n", XML)
    assert applied.patch.files == {"a.xml": new, "b.xml": b"<b>2</b>\n"}
    assert read(f"*** Begin Patch\n*** Update File: a.xml\n@@\n{hunk}*** End Patch\n", XML).patch.files == {
        "a.xml": new
    }
    envelope = "*** Begin Patch\n*** Update File: a.jsx\n@@\n-  <Analysis>\n+  <Analysis>\n+    <p/>\n   </Analysis>\n*** End Patch\n"
    wanted = JSX_TAG["a.jsx"].replace("<Analysis>\n", "<Analysis>\n    <p/>\n", 1).encode()
    assert read(envelope, JSX_TAG).patch.files == {"a.jsx": wanted}


@pytest.mark.parametrize(
    "tag", ["<Analysis>\n  </Analysis>", "<Reasoning />", "<Thought data={x} />", "<thinking>a</thinking>"]
)
def test_tags_of_thoughts_in_a_whole_file_are_code(tag: str) -> None:
    new = f"return (\n  {tag}\n)\n"
    assert read(f"src/New.jsx\n{B}jsx\n{new}{B}\n", {}).patch.files == {"src/New.jsx": new.encode()}


@pytest.mark.parametrize("thought", ["<reflection>All good.</reflection>", "<think>\nDone?\n</think>\nDone."])
@pytest.mark.parametrize("draft", ["", "<think>\n" + block("src/a.py", "import os", "import re") + "</think>\n"])
def test_a_thought_after_the_edits_takes_none_of_them_away(thought: str, draft: str) -> None:
    assert read(f"{draft}{FIRST}\n{thought}\n").patch.files == {"src/a.py": FIRST_MADE}


def test_a_draft_in_a_thought_stays_a_draft_also_in_a_fence_that_is_not_closed() -> None:
    draft = block("src/a.py", "import os", "import re")
    for thought in (
        f"<reasoning>\n{B}python\n{draft}</reasoning>\n",
        f"{draft}<think>Hm.</think>\n",
        f"{draft}</think>\n",
    ):
        answer = f"{thought}src/a.py\n{B}python\n{FIRST}{B}\n"
        assert read(answer).patch.files == {"src/a.py": FIRST_MADE}


def test_a_new_markdown_file_keeps_the_fences_in_it() -> None:
    text = f"# Use\n\n{B}bash\npip install x\n{B}\n\nThen run it.\n"
    for head in (f"docs/use.md\n{B}markdown", f"{B}md docs/use.md"):
        assert read(f"{head}\n{text}{B}\nDone.\n").patch.files == {"docs/use.md": text.encode()}


def test_a_whole_file_below_folders_that_the_repository_has_not_is_the_file_itself() -> None:
    new = CODE.replace("+ 1", "+ 2")
    assert read(f"myproject/src/a.py\n{B}python\n{new}{B}\n").patch.files == {"src/a.py": new.encode()}
    assert list(read(f"other/src/a.py\n{B}python\nx = 1\n{B}\n").patch.files) == ["other/src/a.py"]


def test_an_editors_call_without_new_lines_is_a_deletion_of_lines() -> None:
    calls = (
        '{"command": "str_replace", "path": "src/a.py", "old_str": "def f(x):", "new_str": "def f(x, y):"}\n'
        '{"command": "str_replace", "path": "src/a.py", "old_str": "import sys\\n"}\n'
    )
    made = FIRST_MADE.replace(b"import sys\n", b"")
    assert read(calls).patch.files == {"src/a.py": made}
    assert not read('{"command": "view", "path": "src/a.py", "old_str": "import sys\\n"}').patch


def test_a_list_after_a_diff_without_a_fence_is_no_line_of_it() -> None:
    hunk = "@@ -1,2 +1,2 @@\n-let a = 1\n+let a = 2\n let b = 1\n"
    for after in ("+ Added the right value", "- Removed the wrong one", "+ One\n+ Two"):
        applied = read(f"--- a/a.js\n+++ b/a.js\n{hunk}\n{after}\n", {"a.js": "let a = 1\nlet b = 1\n\n"})
        assert applied.patch.files == {"a.js": b"let a = 2\nlet b = 1\n\n"}


@pytest.mark.parametrize(
    ("search", "replace", "old"),
    [
        (
            "def g(y):\n    q = 1\n    return q",
            "def g(y):\n    q = 2\n    return q + 1",
            "def f(y):\n    q = 2\n    return q + 1\n\n\ndef g(y):\n    r = 1\n    return r\n",
        ),
        (
            "    if a is None:\n        return 0",
            "    if not a:\n        return 0",
            "def f(a):\n    if not a:\n        return 0\n    return a\n\n\ndef g(a):\n    if a == None:\n        return 0\n    return 2 * a\n",
        ),
    ],
)
def test_a_misquoted_edit_is_told_also_where_its_lines_stand_elsewhere(search: str, replace: str, old: str) -> None:
    applied = read(block("src/b.py", search, replace), {"src/b.py": old})
    assert (bool(applied.patch), len(applied.problems)) == (False, 1)
