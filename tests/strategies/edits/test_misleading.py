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
