"""Makes what test runners print readable: bytes that are no text, and characters that no report may hold.

A name with a colour code or one Latin-1 byte in a message is the repository's business, and no reason to believe
nothing of a whole run. What is repaired stays visible, so that two tests do not become one.
"""

from __future__ import annotations

import re
import sys

_COLOUR = re.compile(r"(?:\x1b|#x1B)\[[0-?]*[ -/]*[@-~]")  # ECMA-48, 5.4: control sequences, also as pytest writes them
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_DECLARATION = re.compile(r"\A\s*<\?xml\b[^>]*\?>")
_ENCODING = re.compile(rb"""\A\s*<\?xml\b[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_ILLEGAL = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2: Char
_REFERENCE = re.compile(r"&#(?:x([0-9a-fA-F]{1,8})|([0-9]{1,10}));")
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def printable(text: str) -> str:
    """`text` without colour codes, and with control characters and lone surrogates written out (`#x1B`).

    Lines and tabs stay. What comes out can be stored, sent and shown anywhere.
    """
    text = _COLOUR.sub("", text).replace("\r\n", "\n")
    return _UNPRINTABLE.sub(lambda found: f"#x{ord(found[0]):02X}", text)


def decoded(content: bytes) -> str:
    r"""UTF-8 text; each byte that is none is written out (`\xe9`)."""
    return content.decode("utf-8", "backslashreplace")


def repaired_xml(content: bytes) -> bytes:
    """An XML document as UTF-8 without its declaration, in which every character is one that XML allows.

    What stands before its first tag is dropped. A document type is left in place for the reader to refuse.
    Raises LookupError for an encoding that is not known.
    """
    start = max(content.find(b"<"), 0)
    mark = next((name for lead, name in _MARKS if content.startswith(lead)), "")
    if mark:
        text = content.decode(mark, "backslashreplace")
    else:
        found = _ENCODING.search(content[start : start + 200])
        text = content[start:].decode(found[1].decode() if found else "utf-8", "backslashreplace")
    text = _DECLARATION.sub("", text)
    text = _ILLEGAL.sub(lambda c: f"#x{ord(c[0]):02X}", text)
    return _REFERENCE.sub(_legal, text).encode()


def _legal(reference: re.Match[str]) -> str:
    number = int(reference[1], 16) if reference[1] else int(reference[2])
    legal = number <= sys.maxunicode and not _ILLEGAL.match(chr(number))
    return reference[0] if legal else f"#x{number:02X}"
