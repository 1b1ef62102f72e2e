"""How a block's two parts are read that models have dedented, numbered, escaped or shortened."""

from __future__ import annotations

import pytest

from strategies.edits.answer import Applied, apply, parse

METHOD = "class A:\n    def f(self, x):\n        if x:\n            return 1\n        return 2\n\n    def g(self):\n        return self.f(0)\n"


def read(files: dict[str, str], path: str, search: str, replace: str) -> Applied:
    answer = f"{path}\n<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n"
    return apply(parse(answer), files.get, tuple(files))


def becomes(old: str, search: str, replace: str, path: str = "a.py") -> str:
    applied = read({path: old}, path, search, replace)
    assert applied.problems == ()
    return str((applied.patch.files[path] or b"").decode())


def told(old: str, search: str, replace: str, path: str = "a.py") -> str:
    applied = read({path: old}, path, search, replace)
    assert not applied.patch
    return applied.problems[0].message


@pytest.mark.parametrize(
    ("search", "replace"),
    [
        ("if x:\n            return 1\n        return 2\n", "if x:\n            return 3\n        return 2\n"),
        ("if x:\n            return 1\n", "if x:\n            return 3\n"),
        ("        if x:\n            return 1\n", "if x:\n    return 3\n"),
        ("if x:\n    return 1\n", "if x:\n    return 3\n"),
        ("if x:\n    return 1\n", "        if x:\n            return 3\n"),
        ("                if x:\n                    return 1\n", "        if x:\n            return 3\n"),
        ("\tif x:\n\t\treturn 1\n", "\tif x:\n\t\treturn 3\n"),
        ("    return 1\nreturn 2\n", "    return 3\nreturn 2\n"),
        ("return 1\n", "return 3\n"),
        ("    4|             return 1\n", "    4|             return 3\n"),
        ("4:             return 1\n", "            return 3\n"),
        ("     4\t            return 1\n", "     4\t            return 3\n"),
        ("```python\n            return 1\n```\n", "```python\n            return 3\n```\n"),
        ("-            return 1\n         return 2\n", "+            return 3\n         return 2\n"),
        ("        if x:\n\n            return 1\n", "        if x:\n            return 3\n"),
        ("        if x:\n        ...\n        return 2\n\n    def g(self):\n", None),
    ],
)  # fmt: skip
def test_a_slip_in_both_parts_or_one_is_read_as_it_was_meant(search: str, replace: str | None) -> None:
    if replace is None:
        replace = search.replace("def g(self)", "def g(self, y)")
        assert becomes(METHOD, search, replace) == METHOD.replace("def g(self)", "def g(self, y)")
    else:
        assert becomes(METHOD, search, replace) == METHOD.replace("return 1", "return 3")


def test_what_wraps_dedented_lines_is_indented_as_the_file_is() -> None:
    wrapped = METHOD.replace(
        "        return 2\n", "        try:\n            return 2\n        finally:\n            pass\n"
    )
    assert becomes(METHOD, "return 2\n", "try:\n    return 2\nfinally:\n    pass\n") == wrapped


def test_blanks_at_the_end_of_every_written_line_are_the_writers_own() -> None:
    assert (
        becomes("def f():\n    a()\n", "    a()\n", "    a(1)  \n  \n    b()  \n") == "def f():\n    a(1)\n\n    b()\n"
    )
    assert becomes("def f():\n    a()\n", "    a()\n", "    a(1)  \n    b()\n") == "def f():\n    a(1)  \n    b()\n"
    assert becomes("Some text.\n", "Some text.\n", "One  \nTwo  \n", "a.md") == "One  \nTwo  \n"


def test_a_replacement_that_stands_further_in_with_all_that_stays_is_moved_back_or_told() -> None:
    search, replace = "    if a:\n        b()\n", "        if a:\n            c()\n"
    assert becomes(f"def f():\n{search}    d()\n", search, replace) == "def f():\n    if a:\n        c()\n    d()\n"
    assert "indentation" in told(f"function f() {{\n{search}}}\n", search, replace, "a.js")


def test_where_two_indentations_would_parse_nobody_guesses() -> None:
    assert "indentation" in told("a:\n  b: 1\n  c: 2\n", "  c: 2\n", "c: 3\n", "a.yml")
    assert "indentation" in told("if a:\n    b()\n    c()\nd()\n", "    c()\n", "e()\n")


def test_an_edit_that_would_no_longer_parse_is_taken_back_and_told() -> None:
    message = told(METHOD, "        return 2\n", "        return (2\n")
    assert "no longer parses" in message
    assert becomes("def f(:\n    a = 1\n", "    a = 1\n", "    a = (2\n") == "def f(:\n    a = (2\n"


@pytest.mark.parametrize(
    ("search", "replace"),
    [
        ("    if a &lt; b and c:\n", "    if a &lt;= b and c:\n"),
        ("    if a &amp;lt; b and c:\n", "    if a &amp;lt;= b and c:\n"),
        ("    if a < b and c:\n        d = 1\n", "    if a &lt;= b and c:\n        d = 1\n"),
        ("\u00a0\u00a0\u00a0\u00a0if a < b and c:\n", "\u00a0\u00a0\u00a0\u00a0if a <= b and c:\n"),
    ],
)
def test_escaped_characters_are_read_as_what_they_stand_for(search: str, replace: str) -> None:
    old = "def f(a, b, c):\n    if a < b and c:\n        d = 1\n"
    assert becomes(old, search, replace) == old.replace("<", "<=")


def test_entities_and_typographic_quotes_that_are_meant_stay() -> None:
    old = 'def escape(text):\n    return text.replace(">", "&gt;")\n'
    assert (
        becomes(old, old, old.replace('text.replace(">"', 'text.replace("<", "&lt;").replace(">"')).count("&lt;") == 1
    )
    assert becomes("Old text.\n", "Old text.\n", "“New” text &amp; more.\n", "a.md") == "“New” text &amp; more.\n"
    assert "HTML" in told("x = 'a'\n", "x = 'a'\n", "x = 'a &gt; b'\n")


@pytest.mark.parametrize(
    "sign",
    [
        "# (same as before)",
        "# ... existing code ...",
        "# rest unchanged",
        "[unchanged]",
        "# … remaining code stays the same",
    ],
)
def test_lines_that_stand_for_others_are_put_back_or_told(sign: str) -> None:
    old = "def f():\n    a()\n    b()\n    c()\n    d()\n    e()\n"
    search, replace = old, f"def f():\n    a()\n    {sign}\n    e()\n    more()\n"
    assert becomes(old, search, replace) == old + "    more()\n"
    assert "leaves lines out" in told(old, search, f"def f():\n    first()\n    {sign}\n    last()\n")


@pytest.mark.parametrize(
    "comment",
    [
        "# keep the other arguments for callers",
        "# The rest is handled by the caller",
        "# existing users rely on it",
        "# as before, but sorted",
    ],
)
def test_an_ordinary_comment_is_no_elision(comment: str) -> None:
    assert comment in becomes("def f():\n    a()\n", "    a()\n", f"    {comment}\n    a(1)\n")


def test_a_deletion_that_is_quoted_wrongly_is_not_taken_for_done() -> None:
    old = "import io\nimport os\nimport sys\n\nx = 1\n"
    assert "does not stand" in told(old, "import io\nimport oz\nimport os\nimport sys\n", "import os\nimport sys\n")


def test_a_line_that_was_remembered_wrongly_may_stay_but_not_be_replaced() -> None:
    body = "".join(f"    value_{n} = compute(first_argument, {n})\n" for n in range(20))
    quoted = body.replace("compute(first_argument, 7)", "compute(first_argument,7)")
    assert "value_7 = None" not in told(
        f"s = 1\n{body}", quoted, quoted.replace("compute(first_argument,7)", "None"), "a.txt"
    )


def test_the_same_block_twice_is_one_edit_also_when_it_comes_again_later() -> None:
    block = "a.py\n<<<<<<< SEARCH\nimport os\n=======\nimport os\nimport sys\n>>>>>>> REPLACE\n"
    files = {"a.py": "import os\n"}
    first = apply(parse(block * 2), files.get, tuple(files))
    assert first.patch.files == {"a.py": b"import os\nimport sys\n"}
    again = apply(parse(block), {"a.py": "import os\nimport sys\n"}.get, ("a.py",), first.made)
    assert (bool(again.patch), again.problems) == (False, ())


def test_a_blank_line_that_only_one_part_has_is_told_where_the_file_has_it() -> None:
    assert "blank line" in told("a = 1\n\nb = 2\n", "a = 1\n", "a = 3\n\n")
    assert becomes("a = 1\nb = 2\n", "a = 1\n", "a = 3\n\n") == "a = 3\n\nb = 2\n"


def test_a_long_quotation_of_the_same_line_over_and_over_is_answered_at_once() -> None:
    message = told("  foo();\n" * 3_000, "  foo();\n...\n" * 400, "bar();\n", "a.js")
    assert "leaves lines out" in message
