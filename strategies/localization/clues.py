"""What an issue's text names outright: stack frames, files, symbols, messages. Pure text, all languages at once."""

from __future__ import annotations

import re
from dataclasses import dataclass

MOST = 400
"""Of each kind at most this many are kept."""
_PATH = r"[\w@+.\-/\\]*[\w\-]+\.[A-Za-z]\w{0,9}"
_FRAMES = (
    re.compile(r'File "(?P<path>[^"\n]{1,300})", line (?P<line>\d+)'),  # Python
    re.compile(rf"\bat (?:[^\n(]{{1,200}} )?\(?(?:file://)?(?P<path>{_PATH}):(?P<line>\d+):\d+\)?"),  # JavaScript
    re.compile(r"\bat (?P<owner>[\w.$]+)\.[\w$<>]+\((?P<path>\w+\.\w+):(?P<line>\d+)\)"),  # Java, Kotlin, Scala
    re.compile(rf"(?P<path>{_PATH}):(?P<line>\d+)"),  # Go, Rust, compilers, grep
    re.compile(rf"(?P<path>{_PATH})(?:#L| line |, line |\()(?P<line>\d+)"),  # GitHub links, prose
)
_FILE = re.compile(rf"(?<![\w/])(?P<path>{_PATH})(?![\w/])")
_TICKS = re.compile(r"`([^`\n]{2,120})`")
_NAME = re.compile(r"[A-Za-z_$][\w$]*(?:(?:\.|::|#)[A-Za-z_$][\w$]*)*")
_SHAPED = re.compile(
    r"\b(?:[A-Z][a-z0-9]+(?:[A-Z][a-z0-9]*)+|[a-z][a-z0-9]*(?:[A-Z][a-z0-9]+)+|_*[A-Za-z][A-Za-z0-9]*_[A-Za-z0-9_]+|[A-Z]\w+Error|[A-Z]\w+Exception|__\w+__)\b"
)
_DOTTED = re.compile(r"\b[A-Za-z_]\w*(?:(?:\.|::)[A-Za-z_]\w*)+\b")
_CALLED = re.compile(r"\b([A-Za-z_]\w{2,})\(")
_QUOTED = re.compile(r"(?<![\w])[\"'“‘]([^\"'\n“”‘’]{8,200})[\"'”’](?![\w])")
_ERROR = re.compile(
    r"^(?:[\w.]*(?:Error|Exception|Warning|panic|FAIL|fatal|error)\b[^:\n]{0,60}):[ \t]+([^\n]{6,300})", re.MULTILINE
)
_VARIABLE = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|<[^>]*>|\{[^}]*\}|\b0x[0-9a-f]+\b|\d+")


@dataclass(frozen=True, slots=True)
class Clues:
    """`frames` are (path as written, line), in the order of the text; `phrases` are fixed parts of messages."""

    frames: tuple[tuple[str, int], ...] = ()
    files: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    dotted: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()


def clues(text: str) -> Clues:
    """Everything that `text` names."""
    frames: dict[tuple[str, int], None] = {}
    for pattern in _FRAMES:
        for m in pattern.finditer(text):
            owner = m.groupdict().get("owner")
            folder = "/".join(owner.split(".")[:-1]) + "/" if owner and "." in owner else ""
            frames[(folder + m["path"].replace("\\", "/"), int(m["line"][:9]))] = None
    files = dict.fromkeys(m["path"].replace("\\", "/") for m in _FILE.finditer(text))
    symbols: dict[str, None] = {}
    dotted: dict[str, None] = {}
    for ticked in _TICKS.findall(text):
        for name in _NAME.findall(ticked):
            symbols[re.split(r"\.|::|#", name)[-1]] = None
    for found in (_SHAPED.findall(text), _CALLED.findall(text)):
        symbols.update(dict.fromkeys(found))
    for name in _DOTTED.findall(text):
        dotted[name.replace("::", ".")] = None
        for part in re.split(r"\.|::", name):
            if len(part) > 2:  # noqa: PLR2004 - i.e., e.g. and file endings are no symbols
                symbols[part] = None
    phrases: dict[str, None] = {}
    for message in [*_ERROR.findall(text), *_QUOTED.findall(text)]:
        for part in _VARIABLE.split(message):
            fixed = part.strip(" .,:;!?()[]")
            if len(fixed) >= 8 and " " in fixed:  # noqa: PLR2004 - shorter ones are everywhere
                phrases[fixed] = None
    return Clues(
        tuple(frames)[:MOST], tuple(files)[:MOST], tuple(symbols)[:MOST], tuple(dotted)[:MOST], tuple(phrases)[:MOST]
    )
