"""Generated answers: the parts of real ones in any order, cut anywhere. None may crash, or edit outside a block."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from strategies.edits.answer import Applied, apply, parse

SEED = 2_000
FILES = {
    "a.py": "import os\n\n\ndef f(a):\n    if a:\n        return 1\n    return 2\n",
    "docs/my file.md": "# Title\n\nThe text.\n\nMore of it.\n",
    "BUILD": "deps = []\nname = 'a'\n",
    "data.json": '{\n  "a": 1\n}\n',
    "win.txt": "one\r\ntwo\r\nthree\r\n",
}
QUOTED = (
    "    return 2\n",
    "import os\n",
    "The text.\n",
    "deps = []\n",
    '  "a": 1\n',
    "two\n",
    "missing\n",
    "",
    "...\n",
)
WRITTEN = (
    "    return 3\n",
    "import sys\n",
    "Other text.\n",
    "deps = ['b']\n",
    '  "a": 2\n',
    "zwei\n",
    "",
    "# same as before\n",
)
HEADERS = (
    "a.py",
    "docs/my file.md",
    "BUILD",
    "data.json",
    "win.txt",
    "Pipfile",
    "c.py",
    "/repo/a.py",
    "Next:",
    "In `a.py`:",
    "",
)
PROSE = (
    "The cause is in f.",
    "DELETE a.py",
    "a.py",
    "return 2 becomes return 3",
    "- return 2",
    "+ return 3",
    "=======",
    "```python\nreturn 3\n```",
    "import os → import sys",
    "{'a': 1}",
    "<think>",
    "</think>",
    "@@ -1 +1 @@",
    "\u202e\ufffd\ud800",
)


@dataclass(frozen=True, slots=True)
class RandomAnswer:
    """`is_prose`: no part of it is a block, whatever it talks about."""

    text: str
    is_prose: bool


def _block(chance: random.Random) -> str:
    header, search, replace = chance.choice(HEADERS), chance.choice(QUOTED), chance.choice(WRITTEN)
    opening = chance.choice(("<<<<<<< SEARCH", "<<<<<<< SEARCH", "<<<<<<<", "<<<<<<< HEAD", "------- SEARCH"))
    closing = chance.choice((">>>>>>> REPLACE", ">>>>>>> REPLACE", ">>>>>>>", "+++++++ REPLACE"))
    return f"{header}\n{opening}\n{search}=======\n{replace}{closing}\n"


def _diff(chance: random.Random) -> str:
    path, search, replace = chance.choice(HEADERS), chance.choice(QUOTED), chance.choice(WRITTEN)
    signed = "".join(f"-{x}\n" for x in search.splitlines()) + "".join(f"+{x}\n" for x in replace.splitlines())
    if chance.random() < 0.5:
        return f"*** Begin Patch\n*** Update File: {path}\n@@\n{signed}*** End Patch\n"
    return f"```diff\n--- a/{path}\n+++ b/{path}\n@@ -1 +1 @@\n{signed}```\n"


def _call(chance: random.Random) -> str:
    path, search, replace = (repr(chance.choice(some))[1:-1] for some in (HEADERS, QUOTED, WRITTEN))
    return f'{{"command": "str_replace", "path": "{path}", "old_str": "{search}", "new_str": "{replace}"}}\n'


def generate(count: int, seed: int = SEED) -> Iterator[RandomAnswer]:
    """`count` answers; a third of them hold no block at all."""
    chance = random.Random(seed)
    for number in range(count):
        is_prose = number % 3 == 0
        parts = [chance.choice(PROSE) + "\n" for _ in range(chance.randrange(1, 6))]
        if not is_prose:
            parts += [chance.choice((_block, _block, _diff, _call))(chance) for _ in range(chance.randrange(1, 4))]
            chance.shuffle(parts)
        text = "".join(f"```\n{part}```\n" if chance.random() < 0.3 and not is_prose else part for part in parts)
        if not is_prose and chance.random() < 0.3:
            text = text[: chance.randrange(len(text) + 1)]
        if chance.random() < 0.1:
            text = text.replace("\n", "\r\n")
        yield RandomAnswer(text, is_prose)


def outside_a_block(answer: RandomAnswer) -> bool:
    """Whether applying `answer` changes what no block of it says. Raises whatever the reader raises."""
    applied = apply(parse(answer.text), FILES.get, tuple(FILES))
    if not applied.patch:
        return False
    return answer.is_prose or any(not _was_asked(path, applied, answer.text) for path in applied.patch.paths)


def _was_asked(path: str, applied: Applied, text: str) -> bool:
    """Whether each new line of a file stands in the answer as one that a block writes, and the file is named there."""
    content = applied.patch.files[path]
    if content is None:
        return "DELETE " + path in text and "```" in text
    old = {line.strip() for line in FILES.get(path, "").splitlines()}
    fresh = [
        line.strip() for line in content.decode("utf-8", "surrogateescape").splitlines() if line.strip() not in old
    ]
    signs = ("=======", "\n+", "new_str", "```")
    return (
        path in text
        and all(line.replace("'", "\\'") in text or line in text for line in fresh)
        and any(s in text for s in signs)
    )
