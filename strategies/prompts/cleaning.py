"""What a stranger wrote, before a model sees it: nothing invisible, nothing endless, code kept as it is.

Removed outside code: HTML comments, Markdown's invisible link definitions, images (their text is not shown to people
either; `[image]` says that there was one), zero-width, bidirectional and tag characters, control characters. Inside
code they are shown as escapes instead, because an issue may be about them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from strategies.issue import Comment, Issue, IssueImage

TITLE = 300
BODY = 40_000
COMMENT = 8_000
COMMENTS = 30
INSTRUCTIONS = 8_000
LONGEST = 200_000
"""Caps, in characters; the middle of what is longer is left out, with a note. GitHub's own limit is 65,536."""

INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
)
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_APART = re.compile(
    r"(?P<code>(?<!`)(?P<ticks>`{1,8})(?!`)[^\n]{1,500}?(?<!`)(?P=ticks)(?!`))|<!--.*?(?:-->|\Z)", re.DOTALL
)
_HIDDEN_LINK = re.compile(r"^ {0,3}\[[^\]\n]*\]:[ \t]*(?:#|<>)[^\n]*$", re.MULTILINE)
_ALT = r"!\[(?P<alt>(?:[^\[\]]|\[[^\[\]\n]{0,200}\]){0,500})\]"
_TARGET = r"\((?:[^()\n]|\([^()\n]{0,300}\)){0,4000}\)|\[(?P<label>[^\[\]\n]{0,200})\]|(?![\[(])"
_IMAGE = re.compile(rf"{_ALT}(?P<target>{_TARGET})")
"""Markdown's three forms: with its address, with a label, and its text as the label."""
_DEFINED = re.compile(r"^ {0,3}\[([^\[\]\n]{1,200})\]:[ \t]*\S", re.MULTILINE)
_MEDIA = re.compile(
    r"<(?:img|image|video|object|embed|svg)\b[^<>]{0,4000}>"
    r"|^[ \t]*https://(?:github\.com/user-attachments/assets|(?:private-)?user-images\.githubusercontent\.com)/\S+"
    r"[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
"""HTML's, and the address of an attachment on a line of its own, which GitHub shows as what it holds."""
_AROUND = re.compile(r"</(?:video|object|svg)\s*>|</?(?:picture|source)\b[^<>]{0,4000}>", re.IGNORECASE)
_DATA = re.compile(r"\bdata:image/[\w.+-]{1,40};base64,[A-Za-z0-9+/=]+")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")


def clean(text: str, limit: int = BODY) -> str:
    """`text` without what people cannot see, at most about `limit` characters."""
    text = shorten(text, LONGEST)
    text = _ANSI.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    labels = frozenset(label.casefold() for label in _DEFINED.findall(text))
    text = "".join(_code(part) if code else _prose(part, labels) for code, part in _parts(text))
    text = re.sub(r"\n{4,}", "\n\n\n", text).strip()
    return shorten(text, limit)


def shorten(text: str, limit: int) -> str:
    """At most about `limit` characters: the middle is replaced by a note that says how much is missing."""
    if len(text) <= limit:
        return text
    head, tail = limit * 2 // 3, limit // 3
    return f"{text[:head]}\n[… {len(text) - head - tail:,} characters left out …]\n{text[-tail:] if tail else ''}"


def clean_issue(
    title: str,
    body: str,
    comments: Iterable[tuple[str, str]] = (),
    *,
    number: int = 0,
    repository: str = "",
    instructions: str = "",
    images: tuple[IssueImage, ...] = (),
) -> Issue:
    """An issue ready for a model. `comments` are (author, text); the last `COMMENTS` non-empty ones are kept."""
    kept = [Comment(author, cleaned) for author, text in comments if (cleaned := clean(text, COMMENT))]
    return Issue(
        number=number,
        title=" ".join(clean(title, TITLE).split()),
        body=clean(body, BODY),
        comments=tuple(kept[-COMMENTS:]),
        repository=repository,
        instructions=clean(instructions, INSTRUCTIONS),
        images=images,
    )


def _parts(text: str) -> list[tuple[bool, str]]:
    """(is code, text) pieces: fenced blocks apart from the rest. A fence inside an HTML comment is no fence."""
    parts: list[tuple[bool, str]] = []
    lines = text.splitlines(keepends=True) if text.isascii() else re.findall(r"[^\n]*\n|[^\n]+", text)
    held: list[str] = []
    mark, hidden = "", False
    for line in lines:
        found = _FENCE.match(line)
        if mark:
            held.append(line)
            if found and found[1].startswith(mark) and not line.strip().strip(mark[0]):
                parts.append((True, "".join(held)))
                held, mark = [], ""
        elif found and not hidden:
            parts.append((False, "".join(held)))
            held, mark = [line], found[1]
        else:
            held.append(line)
            opened, closed = line.rfind("<!--"), line.rfind("-->")
            hidden = opened > closed or (hidden and closed < 0)
    parts.append((bool(mark), "".join(held)))
    return parts


def _code(text: str) -> str:
    return INVISIBLE.sub(lambda m: f"\\u{{{ord(m[0]):x}}}", text)


def _prose(text: str, labels: frozenset[str]) -> str:
    pieces: list[str] = []
    at = 0
    for found in _APART.finditer(text):
        pieces += [_visible(text[at : found.start()], labels), _code(found[0]) if found["code"] else ""]
        at = found.end()
    return "".join([*pieces, _visible(text[at:], labels)])


def _visible(text: str, labels: frozenset[str]) -> str:
    """Prose as people see it; where they see a picture, the text says that there is one. `labels` are defined."""
    text = _DATA.sub("data:image", _HIDDEN_LINK.sub("", text))

    def image(found: re.Match[str]) -> str:
        if found["target"].startswith("("):
            return "[image]"
        return "[image]" if (found["label"] or found["alt"]).casefold() in labels else found[0]

    return INVISIBLE.sub("", _AROUND.sub("", _MEDIA.sub("[image]", _IMAGE.sub(image, text))))
