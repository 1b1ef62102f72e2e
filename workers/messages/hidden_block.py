"""The hidden machine-readable block at the end of a pull request's body: what was done, as JSON in an HTML comment.

Only what Pennyfix itself says goes in, and it cannot end the comment early: `<`, `>`, `&` and `-` are written as
escapes, which JSON reads back unchanged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_OPEN = "<!-- pennyfix-record "
_CLOSE = " -->"
_BLOCK = re.compile(re.escape(_OPEN) + r"([^\n<>]*?)" + re.escape(_CLOSE))
_ESCAPED = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "-": "\\u002d"}


def hide(record: Mapping[str, Any]) -> str:
    """`record` (JSON-able; money as text) as a comment that GitHub does not show."""
    text = json.dumps(record, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return _OPEN + "".join(_ESCAPED.get(character, character) for character in text) + _CLOSE


def find(body: str) -> dict[str, Any] | None:
    """The last record hidden in a text, or None if there is none that can be read."""
    for block in reversed(_BLOCK.findall(body)):
        try:
            record = json.loads(block)
        except ValueError:
            continue
        if isinstance(record, dict):
            return record
    return None
