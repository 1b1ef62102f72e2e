"""What an issue's text names outright: stack frames, files, symbols, messages. Pure text, all languages at once."""

from __future__ import annotations

import builtins
import re
from dataclasses import dataclass

MOST = 400
"""Of each kind at most this many are kept."""
SHORT = 2
"""Letters of a name that is a variable in somebody's example."""
MOST_FUNCTIONS = 6
"""Functions of the deepest frames that count as named."""
_PATH = r"[\w@+.\-/\\]*[\w\-]+\.[A-Za-z]\w{0,9}"
_FRAMES = (
    re.compile(r'File "(?P<path>[^"\n]{1,300})", line (?P<line>\d+)(?:, in (?P<function>\w+))?'),  # Python
    re.compile(
        rf"\bat (?:(?:[^\n( ]{{0,200}}\.)?(?P<function>[\w$]+) )?\(?(?:file://)?(?P<path>{_PATH}):(?P<line>\d+):\d+\)?"
    ),  # JavaScript
    re.compile(
        r"\bat (?P<owner>[\w.$]+)\.(?P<function>[\w$<>]+)\((?P<path>\w+\.\w+):(?P<line>\d+)\)"
    ),  # Java, Kotlin, Scala
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


_EVERYWHERE = """
Object Array String Number Boolean Map Set Promise Date JSON Math Symbol RegExp Function Integer Long Double List Vec
Option Result Some None Ok Err Box self this cls args kwargs True False null undefined console log print println main
foo bar baz example numpy pandas pytest unittest assert import return class
"""
_BUILT_IN = frozenset(dir(builtins)) | frozenset(_EVERYWHERE.split())
"""Names that every program uses: that an issue names one says nothing about who defines the same."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One place of a stack trace, or a line that is referred to; `function` "" when it is not named."""

    path: str
    line: int
    function: str = ""


@dataclass(frozen=True, slots=True)
class Clues:
    """`frames` are the deepest first; `phrases` are fixed parts of messages."""

    frames: tuple[Frame, ...] = ()
    files: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    dotted: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()


def clues(text: str) -> Clues:
    """Everything that `text` names."""
    frames = _frames(text)
    files = dict.fromkeys(m["path"].replace("\\", "/") for m in _FILE.finditer(text))
    symbols: dict[str, None] = {}
    dotted: dict[str, None] = {}
    for ticked in _TICKS.findall(text):
        for name in _NAME.findall(ticked):
            symbols[re.split(r"\.|::|#", name)[-1]] = None
    symbols.update(dict.fromkeys(frame.function for frame in frames[:MOST_FUNCTIONS] if frame.function))
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
    names = tuple(name for name in symbols if len(name) > SHORT and name not in _BUILT_IN)
    return Clues(frames[:MOST], tuple(files)[:MOST], names[:MOST], tuple(dotted)[:MOST], tuple(phrases)[:MOST])


def _frames(text: str) -> tuple[Frame, ...]:
    """Every frame once, the deepest first: Python prints it last, the others first."""
    found: list[tuple[bool, int, Frame]] = []
    seen: dict[int, list[str]] = {}
    for place, pattern in enumerate(_FRAMES):
        for m in pattern.finditer(text):
            named = m.groupdict()
            owner = named.get("owner") or ""
            folder = "/".join(owner.split(".")[:-1]) + "/" if "." in owner else ""
            frame = Frame(folder + m["path"].replace("\\", "/"), int(m["line"][:9]), named.get("function") or "")
            alike = seen.setdefault(frame.line, [])
            if not any(path.endswith(frame.path) for path in alike):
                alike.append(frame.path)
                found.append((place > 0, m.start() if place else -m.start(), frame))
    return tuple(frame for _, _, frame in sorted(found, key=lambda one: one[:2]))
