"""Makes text that a model or a repository wrote harmless inside our comments. Pure.

In prose everything that GitHub would act on is taken apart: markup, HTML, mentions, issue references and
closing words ("fixes #1"), links and images. Token shapes are redacted first. Sizes are capped.
"""

from __future__ import annotations

import html
import re
import unicodedata

from workers.redact import redact

BODY_LIMIT = 65_536
"""Characters of a comment or pull request body (GitHub answers 422 above)."""

_APART = "\u200b"  # zero-width space: people see no difference, GitHub's parser does
_MARKUP = re.compile(r"([\\`*_{}\[\]()!|~])")
_LINE_MARKUP = re.compile(r"^(\s*)([-+=]|\d+[.)])(?=\s|[-+=]*$)", re.MULTILINE)
_HIDDEN = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad]")


def _plain(text: str) -> str:
    text = _HIDDEN.sub("", redact(text)).replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) != "Cc")


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, with a mark where something was left out."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)] + "…"


def prose(text: str, limit: int = 2_000) -> str:
    """Untrusted text as plain prose, over several lines."""
    text = html.escape(cut(_plain(text).strip(), limit), quote=False)
    text = _MARKUP.sub(r"\\\1", text)
    text = _LINE_MARKUP.sub(r"\1\\\2", text)
    text = re.sub(r"([@#])(?=\w)", rf"\1{_APART}", text)
    text = re.sub(r"^(\s*)#", r"\1\\#", text, flags=re.MULTILINE)
    text = re.sub(r"\b(GH)-(?=\d)", rf"\1{_APART}-", text, flags=re.IGNORECASE)
    return text.replace("://", f":{_APART}//").replace("www.", f"www{_APART}.")


def line(text: str, limit: int = 200) -> str:
    """Untrusted text on one line, as in a title or a table cell."""
    return prose(" ".join(_plain(text).split()), limit)


def code(text: str, limit: int = 120) -> str:
    """Untrusted text as a code span on one line, also inside a table."""
    shown = cut(" ".join(_plain(text).split()), limit).replace("|", "¦")
    ticks = "`" * (max((len(run) for run in re.findall(r"`+", shown)), default=0) + 1)
    pad = " " if len(ticks) > 1 else ""
    return f"{ticks}{pad}{shown}{pad}{ticks}" if shown else ""


def block(text: str, limit: int = 4_000, language: str = "") -> str:
    """Untrusted text as a fenced block that it cannot end; the tail is kept, where the error stands."""
    shown = _plain(text).strip("\n")
    if len(shown) > limit:
        shown = "…" + shown[-(limit - 1) :]
    fence = "`" * max(3, max((len(run) for run in re.findall(r"`+", shown)), default=0) + 1)
    return f"{fence}{language}\n{shown}\n{fence}"


def quoted(text: str, limit: int = 2_000) -> str:
    """Untrusted prose as a quotation."""
    return "\n".join(f"> {part}".rstrip() for part in prose(text, limit).splitlines())


def ours(text: str, limit: int = 300) -> str:
    """A sentence of ours that quotes something in `ticks`: the ticks stay, all else is escaped."""
    parts = cut(" ".join(_plain(text).split()), limit).split("`")
    spaced = (re.fullmatch(r"(\s*)(.*?)(\s*)", p) for p in parts)
    return "".join(code(m[0]) if i % 2 else m[1] + prose(m[2]) + m[3] for i, m in enumerate(spaced) if m is not None)
