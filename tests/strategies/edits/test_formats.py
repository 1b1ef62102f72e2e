"""Formats that nobody asked for, and that models write all the same: read rightly, or refused in words."""

from __future__ import annotations

import json

import pytest

from strategies.edits.answer import apply, parse

CODE = "def f(a):\n    if a:\n        return 1\n    return 2\n\n\ndef g(b):\n    return b\n"
CHANGED = CODE.replace("return b", "return 0")
FILES = {"src/a.py": CODE, "old.txt": "gone\n"}


def changed(answer: str) -> dict[str, bytes | None]:
    applied = apply(parse(answer), FILES.get, tuple(FILES))
    assert applied.problems == ()
    return dict(applied.patch.files)


def told(answer: str) -> str:
    applied = apply(parse(answer), FILES.get, tuple(FILES))
    assert not applied.patch
    assert applied.problems
    return applied.problems[0].message


@pytest.mark.parametrize(
    "answer",
    [
        "*** Begin Patch\n*** Update File: src/a.py\n@@ def g(b):\n def g(b):\n-    return b\n+    return 0\n*** End Patch",
        "*** Begin Patch\n*** Update File: src/a.py\n@@\n-    return b\n+    return 0\n*** End of File\n*** End Patch\n",
        '{"path": "src/a.py", "old_str": "    return b\\n", "new_str": "    return 0\\n"}',
        json.dumps({"name": "Edit", "input": {"file_path": "/repo/src/a.py", "old_string": "return b", "new_string": "return 0"}}),
        json.dumps([{"function": {"name": "edit", "arguments": json.dumps({"path": "src/a.py", "search": "    return b", "replace": "    return 0"})}}]),
        '<tool_call>\n{"name": "write_file", "arguments": {"path": "src/a.py", "content": ' + json.dumps(CHANGED) + "}}\n</tool_call>",
        "<edit>\n<path>src/a.py</path>\n<search>\n    return b\n</search>\n<replace>\n    return 0\n</replace>\n</edit>",
        f"<write_to_file>\n<path>src/a.py</path>\n<content>\n{CHANGED}</content>\n</write_to_file>",
        "<apply_diff>\n<path>src/a.py</path>\n<diff>\n<<<<<<< SEARCH\n:start_line:8\n-------\n    return b\n=======\n    return 0\n>>>>>>> REPLACE\n</diff>\n</apply_diff>",
        "```\n<file>src/a.py</file>\n<original>    return b</original>\n<patched>    return 0</patched>\n```",
        "<file>src/a.py</file>\n<original>\nreturn b\n</original>\n<patched>\nreturn 0\n</patched>",
        "src/a.py\n```diff\n@@ ... @@\n def g(b):\n-    return b\n+    return 0\n```",
        "```diff\n--- src/a.py\n+++ src/a.py\n@@ def g(b): @@\ndef g(b):\n-    return b\n+    return 0\n```",
        f"src/a.py\n```python\n{CHANGED}```",
        f"```python:src/a.py\n{CHANGED}```",
        f"```python\n# src/a.py\n{CHANGED}```",
        "```\nsrc/a.py\n<<<<<<< ORIGINAL\n    return b\n=======\n    return 0\n>>>>>>> UPDATED\n```",
        "```\nsrc/a.py\n<<<<<<< SEARCH\n    return b\n=======\n    return 0\n```\n",
    ],
)  # fmt: skip
def test_the_same_edit_in_a_format_of_another_tool(answer: str) -> None:
    assert changed(answer) == {"src/a.py": CHANGED.encode()}


def test_an_envelope_creates_and_deletes() -> None:
    answer = "*** Begin Patch\n*** Add File: new.py\n+x = 1\n+\n+y = 2\n*** Delete File: old.txt\n*** End Patch"
    assert changed(answer) == {"new.py": b"x = 1\n\ny = 2\n", "old.txt": None}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("*** Begin Patch\n*** Update File: src/a.py\n@@\n-    return b\n+    return 0\n", "not closed"),
        ("*** Begin Patch\n@@\n-    return b\n+    return 0\n*** End Patch", "names no file"),
        ("*** Begin Patch\n*** Update File: src/a.py\n*** Move to: b.py\n@@\n-    return b\n+    return 0\n*** End Patch", "renamed"),
        ("*** Begin Patch\n*** Update File: src/a.py\n@@\n+import os\n*** End Patch", "without context"),
        ('{"path": "src/a.py", "old_str": "    return b", "new_str": "    ret', "cannot be read"),
        ('{"command": "insert", "path": "src/a.py", "insert_line": 3, "new_str": "x"}', "line number"),
        ("src/a.py\n```python\ndef g(b):\n    return 0\n```", "not evidently all of it"),
        ("src/a.py\n```python\ndef f(a):\n    # ... existing code ...\n    return 3\n```", "not evidently all of it"),
        ("src/a.py\n<<<<<<< SEARCH\n    return b\n=======\n    return 0\n", "not closed"),
        ("src/a.py\n<<<<<<< SEARCH\n    return b\n    return 0\n>>>>>>> REPLACE\n", "no `=======` line"),
    ],
)  # fmt: skip
def test_what_is_not_whole_or_not_clear_is_told(answer: str, words: str) -> None:
    assert words in told(answer)


@pytest.mark.parametrize(
    "answer",
    [
        "The function in `src/a.py`:\n\n```python\ndef g(b):\n    return b\n```\nis wrong.",
        "```sql\nDELETE old.txt\n```",
        '```json\n{"path": "src/a.py", "line": 3}\n```',
        "Run it:\n```bash\npython src/a.py\n```",
        "`src/a.py`:\n```console\n$ python src/a.py\n```",
    ],
)  # fmt: skip
def test_quotations_and_commands_are_no_edits(answer: str) -> None:
    applied = apply(parse(answer), FILES.get, tuple(FILES))
    assert not applied.patch
    assert not applied.problems


def test_a_deletion_outside_a_fence_or_in_code_is_told_and_not_made() -> None:
    assert "outside a block" in told("We can now\nDELETE old.txt\n")
    assert "stands in code" in told("```python\nprint(1)\nDELETE old.txt\n```")
    assert changed("```\nDELETE old.txt\n```") == {"old.txt": None}


def test_lines_shown_beside_an_edit_are_not_a_second_one() -> None:
    block = "src/a.py\n<<<<<<< SEARCH\n    return b\n=======\n    return 0\n>>>>>>> REPLACE\n"
    assert changed(f"{block}\nAfter that `src/a.py`:\n```python\ndef g(b):\n    return 0\n```") == {
        "src/a.py": CHANGED.encode()
    }


def test_a_whole_file_keeps_the_line_ends_and_the_mark_of_the_old_one() -> None:
    files = {"w.py": "\ufeffa = 1\r\nb = 2\r\nc = 3\r\n"}
    applied = apply(parse("w.py\n```python\na = 1\nb = 5\nc = 3\n```"), files.get, tuple(files))
    assert applied.patch.files == {"w.py": "\ufeffa = 1\r\nb = 5\r\nc = 3\r\n".encode()}


def test_a_pointer_to_lfs_and_a_name_that_windows_refuses_are_told() -> None:
    files = {"a.bin": "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n", "README.md": ""}
    for path, search, words in (
        ("a.bin", "size 3\n", "Git LFS"),
        ("src/aux.py", "", "Windows"),
        ("Readme.md", "", "capitals"),
    ):
        answer = f"{path}\n<<<<<<< SEARCH\n{search}=======\nsize 4\n>>>>>>> REPLACE\n"
        applied = apply(parse(answer), files.get, tuple(files))
        assert not applied.patch
        assert words in applied.problems[0].message
