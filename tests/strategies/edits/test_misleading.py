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
