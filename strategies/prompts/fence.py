"""Delimiters around untrusted text, so that a model can tell data from what we say.

The delimiter holds a digest of the very text it encloses: nobody who writes the text can close it early
(they would need a text that contains its own hash), and it stays the same from call to call, so that
provider caches hit.
"""

from __future__ import annotations

import hashlib
import re

from strategies.models.chat_format import readable


def fence(kind: str, text: str, **attributes: str) -> str:
    """`text` between `<kind id="…">` and `</kind id="…">`, its undecodable bytes shown as U+FFFD."""
    shown = readable(text)
    mark = hashlib.sha256(f"{kind}\0{shown}".encode()).hexdigest()[:10]
    extra = "".join(f' {name}="{_attribute(value)}"' for name, value in attributes.items())
    return f'<{kind} id="{mark}"{extra}>\n{shown}{"" if shown.endswith(chr(10)) else chr(10)}</{kind} id="{mark}">'


def _attribute(value: str) -> str:
    return re.sub(r'["<>\r\n]', "_", readable(value))
