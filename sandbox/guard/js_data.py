"""JavaScript's object literals, JSON with comments and JSON5, read as data. Nothing is executed.

What is no data (a call, a function, a variable) stays as its own text, so two readings can still be compared.
"""

from __future__ import annotations

import re

_SPACE = re.compile(r"(?:\s+|//[^\n\r]*|/\*.*?\*/)+", re.DOTALL)
_NAME = re.compile(r"[\w$-]+")
_NUMBER = re.compile(r"-?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|0x[\da-fA-F]+)(?![\w$])")
_EXPORTED = re.compile(r"(?:export\s+default|module\.exports\s*=)\s*")
_WRAPPER = re.compile(r"(?:[\w$.]+\s*\(\s*|\(?\s*\([^()]*\)\s*=>\s*\(\s*)")
_WORDS: dict[str, object] = {"true": True, "false": False, "null": None}
_CLOSES = {"{": "}", "[": "]", "(": ")"}
DEPTH = 60


class NotData(ValueError):
    """The text is no object literal."""


def parse_js_data(text: str) -> object:
    """A value (object, array, string, number) from the start of `text`. Raises NotData."""
    reader = _LiteralReader(text.removeprefix("\ufeff"))
    value = reader.value(0)
    reader.space()
    if reader.at < len(reader.text):
        raise NotData(f"unexpected text at {reader.at}")
    return value


def exported_data(text: str) -> dict[str, object]:
    """The object that a configuration module exports, wrappers such as `defineConfig(…)` taken off; {} if none."""
    for found in _EXPORTED.finditer(text):
        rest = text[found.end() :]
        while wrapped := _WRAPPER.match(rest):
            rest = rest[wrapped.end() :]
        if name := re.match(r"([A-Za-z_$][\w$]*)\s*(?:[;,)]|$|\n|satisfies|as)", rest):
            made = re.search(rf"\b(?:const|let|var)\s+{re.escape(name[1])}\b[^=]*=\s*", text)
            rest = text[made.end() :] if made else ""
            while wrapped := _WRAPPER.match(rest):
                rest = rest[wrapped.end() :]
        try:
            value = _LiteralReader(rest).value(0)
        except NotData:
            continue
        if isinstance(value, dict):
            return value
    return {}


class _LiteralReader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def space(self) -> None:
        if found := _SPACE.match(self.text, self.at):
            self.at = found.end()

    def value(self, depth: int) -> object:
        if depth > DEPTH:
            raise NotData("nested too deeply")
        self.space()
        c = self.text[self.at : self.at + 1]
        if not c:
            raise NotData("unexpected end")
        start = self.at
        if c == "{":
            found: object = self.mapping(depth)
        elif c == "[":
            found = self.array(depth)
        elif c in "'\"`":
            found = self.string()
        elif c == "/":
            found = self.regex()
        elif number := _NUMBER.match(self.text, self.at):
            self.at = number.end()
            found = float(number[0]) if re.fullmatch(r"-?[\d.]+(?:[eE][+-]?\d+)?", number[0]) else number[0]
        else:
            word = _NAME.match(self.text, self.at)
            if word is None or word[0] not in _WORDS:
                return self.other(start)
            self.at = word.end()
            found = _WORDS[word[0]]
        self.space()
        if self.text[self.at : self.at + 1] not in (",", "}", "]", ")", ";", ":", "") and depth:
            return self.other(start)
        return found

    def mapping(self, depth: int) -> dict[str, object]:
        out: dict[str, object] = {}
        self.at += 1
        while True:
            self.space()
            c = self.text[self.at : self.at + 1]
            if c == "}":
                self.at += 1
                return out
            if c == ",":
                self.at += 1
                continue
            start = self.at
            key = self.string() if c in ("'", '"') else self.name()
            self.space()
            if key is not None and self.text[self.at : self.at + 1] == ":":
                self.at += 1
                out[key] = self.value(depth + 1)
            else:  # a method, a spread or a shorthand
                out[f"…{len(out)}"] = self.other(start)

    def name(self) -> str | None:
        found = _NAME.match(self.text, self.at)
        if found:
            self.at = found.end()
        return found[0] if found else None

    def array(self, depth: int) -> list[object]:
        out: list[object] = []
        self.at += 1
        while True:
            self.space()
            c = self.text[self.at : self.at + 1]
            if c == "]":
                self.at += 1
                return out
            if c == ",":
                self.at += 1
                continue
            out.append(self.value(depth + 1))

    def string(self) -> str:
        quote = self.text[self.at]
        out: list[str] = []
        self.at += 1
        while True:
            c = self.text[self.at : self.at + 1]
            if not c:
                raise NotData("a string does not end")
            self.at += 1
            if c == quote:
                return "".join(out)
            if c == "\\":
                out.append(self.escape())
            else:
                out.append(c)

    def escape(self) -> str:
        c = self.text[self.at : self.at + 1]
        self.at += 1
        digits = {"u": 4, "x": 2}.get(c, 0)
        if digits and re.fullmatch(rf"[\da-fA-F]{{{digits}}}", code := self.text[self.at : self.at + digits]):
            self.at += digits
            return chr(int(code, 16))
        return {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "\n": ""}.get(c, c)

    def regex(self) -> object:
        found = re.compile(r"/((?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n])+)/[a-z]*").match(self.text, self.at)
        if found is None:
            raise NotData(f"unexpected `/` at {self.at}")
        self.at = found.end()
        return found[1]

    def other(self, start: int) -> str:
        """The text of what is no data: up to the comma or bracket that ends it."""
        self.at = start
        open_brackets: list[str] = []
        while self.at < len(self.text):
            c = self.text[self.at]
            if found := _SPACE.match(self.text, self.at):
                self.at = found.end()
            elif c in "'\"`":
                self.string()
            elif c in _CLOSES:
                open_brackets.append(_CLOSES[c])
                self.at += 1
            elif open_brackets and c == open_brackets[-1]:
                open_brackets.pop()
                self.at += 1
            elif not open_brackets and c in ",}];)":
                break
            else:
                self.at += 1
        if self.at == start:
            raise NotData(f"unexpected {self.text[start : start + 1]!r} at {start}")
        return " ".join(_SPACE.sub(" ", self.text[start : self.at]).split())
