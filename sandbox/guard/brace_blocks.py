"""Blocks in braces of code in C's family, found without a grammar: strings and comments are told from code."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z))|(?P<raw>\br(?P<hashes>\#*)".*?"(?P=hashes))|"""
    r"""(?P<string>"(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`|'(?:\\.|[^'\\\n])*'(?!\w))""",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """`text[start:end]` runs from the header's start to the closing brace; `body` is after the first one."""

    header: str
    start: int
    body: int
    end: int


def masked(text: str, *, comments_only: bool = False) -> str:
    """The text with comments (and strings) overwritten by spaces; every position and line stays where it is."""

    def blank(found: re.Match[str]) -> str:
        if comments_only and found["comment"] is None:
            return found[0]
        return re.sub(r"[^\n]", " ", found[0])

    return _TOKEN.sub(blank, text)


def without_comments(text: str) -> str:
    """The text with its comments overwritten by spaces."""
    return masked(text, comments_only=True)


def code_blocks(text: str) -> tuple[CodeBlock, ...]:
    """Every block in braces, in the order of their starts; a brace that never closes gives none."""
    plain = masked(text)
    found: list[CodeBlock] = []
    stack: list[tuple[int, int, int]] = []
    begin = parentheses = 0
    for at, c in enumerate(plain):
        if c in "([":
            parentheses += 1
        elif c in ")]":
            parentheses = max(0, parentheses - 1)
        elif c == "{":
            start = begin + len(plain[begin:at]) - len(plain[begin:at].lstrip())
            stack.append((start, at, parentheses))
            begin, parentheses = at + 1, 0
        elif c == "}":
            if stack:
                start, opening, parentheses = stack.pop()
                found.append(CodeBlock(text[start:opening], start, opening + 1, at + 1))
            begin = at + 1
        elif parentheses == 0 and (c in ";," or (c == "\n" and _ended(plain[begin:at]))):
            begin = at + 1
    return tuple(sorted(found, key=lambda b: b.start))


def _ended(line: str) -> bool:
    """Whether a line break after this ends a statement: not after an attribute, an annotation or a parameter list."""
    return bool(line.strip()) and not line.rstrip().endswith((")", "]"))
