"""Lines that stand for lines left out: `...`, `# ... existing code ...`, `# (same as before)`. Pure lines.

They are put back where only one passage of the file can be meant, and refused otherwise; never written into a file.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Sequence

_COMMENT = r"(?:#+|//+|\{?/\*+|<!--|\{#|--|;+|%+|\"{3}|\*)?"
_DOTS = re.compile(rf"^\s*{_COMMENT}\s*[\[(<{{]?\s*(?:\.{{3,}}|…)\s*[\])>}}]?\s*(?:\*/\}}?|-->|#\}}|\"{{3}})?\s*$")
_WORD = (
    r"existing|rest|unchanged|remain\w*|same|omitted|previous\w*|before|above|earlier|original\w*|other|continu\w*"
    r"|as[ -]is|no changes?|not changed|skip\w*|snip\w*|truncat\w*|elided|abbreviated"
    r"|code|keep|etc|implementation|body|stays?|here"
)
_DOTTED = re.compile(
    rf"^\s*{_COMMENT}\s*[\[(<{{]?\s*(?:\.{{3,}}|…).*\b(?:{_WORD})\b"
    rf"|^\s*{_COMMENT}\s*[\[(<{{]?.*\b(?:{_WORD})\b.*(?:\.{{3,}}|…)\s*[\])>}}]?\s*"
    r"(?:\*/\}?|-->|#\})?\s*$",
    re.IGNORECASE,
)
_TOLD = (
    r"(?:\s+(?:is|are|remains?|stays?|as|goes|code|here|omitted|unchanged|the|same|before|below|above|follows|continues"
    r"|exactly|it|was))*\W*"
)
_SAID = re.compile(
    rf"^(?:(?:the\s+)?(?:rest|remainder)(?:\s+of\s+.{{1,60}}?)?{_TOLD}"
    rf"|(?:the\s+)?(?:same|unchanged|as before|no changes?|omitted|snip(?:ped)?|skipped|truncated|etc)\.?{_TOLD}"
    r"|(?:the\s+)?(?:rest|remaining|existing|original|other|previous|same)\s+(?:of\s+)?(?:the\s+)?(?:\w+\s+){0,3}?"
    r"(?:code|function\w*|methods?|class|body|file|implementation|logic|lines?|imports?|contents?|definitions?|tests?"
    rf"|fields?|statements?|cases?|arguments?|checks?){_TOLD}"
    r"|(?:[\w']+\s+){0,5}(?:remains?|stays?|is|are|left|kept)\s+(?:the\s+same|unchanged|as\s+(?:is|before|it\s+was))\W*"
    r"|(?:keep|leave)\s+.{0,60}\b(?:as[ -]is|as it was|unchanged|the same|code|as before|here)\W*"
    r"|(?:[\w']+\s+){0,3}(?:code|lines?|body|implementation|logic|details|parts?|methods?|functions?|imports?|tests?|cases)"
    r"\s+(?:omitted|elided|skipped|cut|left\s+out|shortened)(?:\s+here)?\W*|.{0,60}\bfor\s+brevity\W*"
    r"|(?:leave|keep)\s+(?:as[ -]is|as it was|unchanged)\W*"
    r"|(?:as|like)\s+(?:above|below|before|previously|is|it\s+was|in\s+(?:the\s+)?(?:original|existing|current|old)\b.{0,20})\W*"
    r"|same\s+(?:\w+\s+){1,3}as\s+(?:above|before|previously|now|in\s+the\s+original|the\s+original)\W*"
    r"|lines?\s+\d+\s*(?:[-–—]|to|through)\s*\d+(?:\s+(?:are|remain|stay|is|the))*\s+(?:unchanged|same|omitted|as\s+before)\W*"
    r"|(?:continue|unchanged|same)\s+(?:with|as|from|code|lines?)\b.*)$",
    re.IGNORECASE,
)
_REMARK = re.compile(
    r"^(?:pass\s+#+|#+(?!include|define|if|endif|else|pragma|\[|!)|//+|\{?/\*+|<!--|\{#|--(?=\s|$)|;+|%+|\*(?=\s|$))"
    r"\s*(?P<words>.*?)\s*(?:\*/\}?|-->|#\})?$"
)
"""A line that is nothing but a comment, in the signs of common languages (`{/* … */}` is JSX); or `pass` with one."""
SENTENCE = 7
"""From as many words on a comment explains something, instead of standing for the lines that it replaces."""
_OPENS_TEXT = ("/*", "{/*", "<!--", "'''", '"""', 'r"""')
_IMPORT = re.compile(
    r"(?:import|from|use|using|package|require|#\s*include|(?:const|let|var)\s.*=\s*require)\b", re.IGNORECASE
)
_DEFINITION = re.compile(
    r"(?:(?:export|default|public|private|protected|internal|static|final|abstract|async|pub|unsafe|inline)\s+)*"
    r"(?:def|class|func|fn|function\*?|const|let|var|val|type|interface|struct|enum|trait|impl|mod|module|object|record)"
    r"\s+(?:\([^)]*\)\s*)?(?P<name>\w+)"
)
"""What stands at the top level of a file, unindented, in common languages."""
_STUBS = (":", ",", "(", "[", '"""', "'''")
"""How a line ends after which `...` is Python."""
_FRAMED = re.compile(r"^[\[(<{].*[\])>}]$")


def is_elision(line: str) -> bool:
    """Whether `line` says, in a comment or between brackets, that lines were left out."""
    if _DOTS.match(line):
        return True
    text = line.strip()
    comment = _REMARK.match(text)
    words = (comment["words"] if comment else text).strip()
    framed = bool(_FRAMED.match(words))
    if not comment and not framed:
        return False
    return bool(_DOTTED.match(line)) or bool(
        _SAID.match(words.strip("[](){}<>.…-=~*_ ")) and (comment or _is_prose(words))
    )


def _is_prose(words: str) -> bool:
    return bool(re.fullmatch(r"[\[(<{][A-Za-z ,.'…-]+[\])>}]", words))


def put_back(
    lines: Sequence[str], search: Sequence[str], replace: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Both parts with the file's lines in place of what `search` leaves out; None unless only one passage fits and
    `replace` leaves out the same."""
    parts = _split(search)
    gaps = len(parts) - 1
    if not gaps or sum(1 for line in replace if is_elision(line)) != gaps or not all(parts):
        return None
    seen = [line.rstrip() for line in lines]
    at, found, left_out = 0, [], []
    for number, part in enumerate(parts):
        places = _places(seen, [line.rstrip() for line in part], at)
        if len(places) != 1:
            return None
        if number:
            left_out.append(list(lines[at : places[0]]))
        at = places[0] + len(part)
        found.append(tuple(lines[places[0] : at]))
    whole: list[str] = list(found[0])
    for gap, passage in zip(left_out, found[1:], strict=True):
        whole += [*gap, *passage]
    source = iter(left_out)
    written: list[str] = []
    for line in replace:
        written += next(source) if is_elision(line) else [line]
    return tuple(whole), tuple(written)


def write_out(search: Sequence[str], replace: Sequence[str], *, python: bool) -> tuple[str, ...] | str:
    """`replace` with the quoted lines in place of what it leaves out; or the line that cannot be told, for the model.

    A line that the quotation holds itself is no elision, and bare dots may be Python.
    """
    own = Counter(line.strip() for line in search)
    count = Counter(line.strip() for line in replace)
    written = {line.strip() for line in replace}
    dropped = sum(1 for line in own if line and line not in written)
    result: list[str] = []
    for place, line in enumerate(replace):
        if not is_elision(line) or count[line.strip()] <= own[line.strip()]:
            result.append(line)
            continue
        span = _between(search, replace, place)
        before = next((one for one in reversed(replace[:place]) if one.strip()), "").rstrip()
        if line.strip() == "..." and python and not own["..."] and (before.endswith(_STUBS) or not dropped):
            if dropped > 3 or (span and span[1] - span[0] > 2):  # noqa: PLR2004 - a stub for a real body: who can tell
                return line.strip()
            result.append(line)
        elif span is None or span[0] >= span[1]:
            return line.strip()
        else:
            result += search[span[0] : span[1]]
    return tuple(result)


def stand_in(search: Sequence[str], written: Sequence[str], *, comment_signs: bool) -> str:
    """The fresh comment, before no fresh code, that `written` has in place of two quoted lines or more, so that it may
    stand for them, in whatever words or language; or "". One as long as a sentence is believed to say why they go.

    `comment_signs`: the signs of comments mean that in this file; else (`#` may be a heading) only `<!--` does.
    """
    own, there = [line.strip() for line in search], [line.strip() for line in written]
    steps = difflib.SequenceMatcher(None, own, there, autojunk=False).get_opcodes()
    for step, i1, i2, j1, j2 in steps:
        gone = [line for line in own[i1:i2] if line and line not in there and not _REMARK.match(line)]
        fresh = [line for line in there[j1:j2] if line]
        remarks = [found for found in map(_REMARK.match, fresh) if found and (comment_signs or found[0][:4] == "<!--")]
        if any(line.startswith(_OPENS_TEXT) for line in own[i1:i2][:1]):
            continue  # a shorter comment for a longer one
        if step == "replace" and len(remarks) == 1 and fresh[-1] == remarks[0][0] and len(gone) > len(fresh):
            words = remarks[0]["words"]
            if len(words.split()) < SENTENCE and re.search(r"[^\W\d_]|\.{3}|…", words):
                return fresh[-1]
    return ""


def _between(search: Sequence[str], replace: Sequence[str], place: int) -> tuple[int, int] | None:
    """The quoted lines between those that stand right before and right after `place` in the replacement, or up to
    the end where nothing stands there; None unless both are found once."""
    above, below = list(reversed(replace[:place])), list(replace[place + 1 :])
    before = next((line for line in above if line.strip()), None)
    after = next((line for line in below if line.strip()), None)
    quoted = [line.rstrip() for line in search]
    start = 0 if before is None else _only(quoted, before.rstrip())
    stop = len(quoted) if after is None else _only(quoted, after.rstrip())
    if start is None or stop is None or (before is None and after is None):
        return None
    start += before is not None
    for line in above[
        : above.index(before) if before is not None else len(above)
    ]:  # blank lines that are written need no place
        if start >= len(quoted) or quoted[start] != line.strip():
            return None
        start += 1
    for line in below[: below.index(after) if after is not None else len(below)]:
        if stop <= start or quoted[stop - 1] != line.strip():
            return None
        stop -= 1
    if after is None and quoted[start:] and not any(quoted[start:]):
        return None
    others = [line.rstrip() for line in replace if line.strip()]
    repeated = any(line and line in others for line in quoted[start:stop])
    return None if start > stop or (repeated and not _short_repeats(quoted[start:stop], others)) else (start, stop)


def _short_repeats(gap: Sequence[str], others: Sequence[str]) -> bool:
    """Whether what is written on both sides of the gap and in it is nothing but brackets and the like."""
    return all(not re.search(r"\w{4}", line) for line in gap if line and line in others)


def _only(lines: Sequence[str], wanted: str) -> int | None:
    places = [i for i, line in enumerate(lines) if line == wanted]
    return places[0] if len(places) == 1 else None


def _split(lines: Sequence[str]) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for line in lines:
        if is_elision(line):
            parts.append([])
        else:
            parts[-1].append(line)
    return parts


def _places(lines: Sequence[str], part: Sequence[str], start: int) -> list[int]:
    size = len(part)
    return [i for i in range(start, len(lines) - size + 1) if list(lines[i : i + size]) == list(part)]


def is_whole(old: Sequence[str], new: Sequence[str]) -> bool:
    """Whether `new` can be taken for all of the file that is `old` now: most lines are there, also near both ends."""
    if any(is_elision(line) and line not in old and line.strip() != "..." for line in new):
        return False
    some, other = [x.rstrip() for x in old if x.strip()], [x.rstrip() for x in new if x.strip()]
    if not some:
        return True
    blocks = [b for b in difflib.SequenceMatcher(None, some, other, autojunk=False).get_matching_blocks() if b.size]
    kept = sum(b.size for b in blocks)
    if not blocks or kept * 2 < len(some) or (kept * 5 < len(some) * 4 and len(some) - kept > 25):  # noqa: PLR2004 - lines
        return False
    edge = max(3, len(some) // 10)
    first, last = blocks[0], blocks[-1]
    head, tail = some[: first.a], some[last.a + last.size :]
    return len(head) <= edge and len(tail) <= edge and not _vanished([*head, *tail], some, other)


def _vanished(dropped: Sequence[str], old: Sequence[str], new: Sequence[str]) -> bool:
    """Whether something at the top level of a file is `dropped` at one of its ends without being replaced: an import
    that is still used, or a definition that no fresh one stands in for."""
    words = set(re.findall(r"\w+", "\n".join(new)))
    bound = {name for line in new if _IMPORT.match(line) for name in re.findall(r"\w+", line)}
    imported = {
        name for line in dropped if _IMPORT.match(line) for name in re.findall(r"\w+", line.rpartition("import")[2])
    }
    if imported & words - bound:
        return True
    before, after = _defined(old), _defined(new)
    lost = [name for name in _defined(dropped) if name not in words]
    return len(lost) > sum(1 for name in after if name not in before)


def _defined(lines: Sequence[str]) -> list[str]:
    return [found["name"] for found in map(_DEFINITION.match, lines) if found]
