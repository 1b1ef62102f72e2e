"""What a model thought aloud is no part of its answer: thoughts are cut off before anybody reads edits out of it.

Many servers hand thoughts over inside the text, each model family between markers of its own, often with the opening
one missing (it was part of the prompt) or the closing one missing (the answer was cut off). So everything up to the
last closing marker goes, and so does everything after an opening one that is never closed.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

_TAG = (
    r"(?:[a-z]{1,12}:)?(?:think(?:ing)?|thoughts?|reason(?:ing)?|analysis|reflection|scratch_?pad|cot|antthinking"
    r"|inner_monologue)"
)
_OPEN = re.compile(
    rf"<{_TAG}(?:\s[^<>\n]{{0,200}})?>"
    r"|\[THINK\]|\[THOUGHTS?\]|\[REASONING\]"  # Magistral writes these
    r"|◁think▷"  # Kimi
    r"|<[|｜]?(?:begin_of_thought|start_?thinking|think_?start|begin[_▁]of[_▁]think(?:ing)?|think(?:ing)?)[|｜]>"
    r"|<\|(?:channel|start)\|?>\s*(?:assistant\s*)?(?:<\|channel\|>\s*)?(?:analysis|commentary|thought|thinking)\b[^<\n]{0,80}"
    r"|<unused94>",  # Gemma's
    re.IGNORECASE,
)
_CLOSE = re.compile(
    rf"</{_TAG}\s*>"
    r"|\[/THINK\]|\[/THOUGHTS?\]|\[/REASONING\]"
    r"|◁/think▷"
    r"|<[|｜]?(?:end_of_thought|end_?thinking|think_?end|end[_▁]of[_▁]think(?:ing)?|/think(?:ing)?)[|｜]>"
    r"|<\|channel\|?>\s*(?:final|response|answer)\b[^<\n]{0,40}(?:<\|message\|>)?"
    r"|<channel\|>"
    r"|<unused95>"
    r"|(?-i:assistantfinal(?![a-z]))",  # gpt-oss, its special tokens dropped
    re.IGNORECASE,
)
_BARE_CHANNEL = re.compile(r"\s*analysis(?=[A-Z])")  # gpt-oss likewise: `analysisWe need to …`
_SOLUTION = re.compile(
    r"<\|?(?:/?answer|/?final_answer|/?response|begin_of_solution|end_of_solution|start_response|end_response)\|?>"
    r"|<\|(?:end|return|message|im_end|eot_id|endoftext)\|>|<[|｜]end▁of▁sentence[|｜]>"
    r"|◁/?answer▷",
    re.IGNORECASE,
)
_SEARCH = re.compile(r"[<\-]{5,9} ?(?:SEARCH|ORIGINAL|HEAD)\b", re.IGNORECASE)
_REPLACE = re.compile(r"[>+]{5,9} ?(?:REPLACE|UPDATED)\b", re.IGNORECASE)

_ENVELOPE = re.compile(
    r"^[ \t]*\*\*\* Begin Patch[ \t]*\r?\n"
    r"(?P<body>(?:(?![ \t]*\*\*\* (?:Begin|End) Patch).*\n)*)[ \t]*\*\*\* End Patch",
    re.MULTILINE,
)
_DIFF_FENCE = re.compile(
    r"^```(?:u?diff|patch)[^\n`]*\n(?P<body>(?:(?!```).*\n)*?)```[ \t]*\r?$", re.MULTILINE | re.IGNORECASE
)
_FENCE = re.compile(r"^[ \t]*(?P<mark>`{3,}|~{3,})[^`]*$")
_ANY_TAG = re.compile(rf"<(/?)({_TAG})(?:\s[^<>\n]{{0,200}})?>", re.IGNORECASE)
AFTERTHOUGHTS = 5
"""So many thoughts behind the edits are taken away by themselves."""


@dataclass(frozen=True, slots=True)
class SpokenAnswer:
    """An answer without its thoughts. `cut_off` says that one was never closed, so that all after it is gone."""

    text: str
    cut_off: bool = False


def without_thoughts(text: str) -> SpokenAnswer:
    """The part of `text` that is meant as the answer.

    A marker that is quoted on its line, or stands inside a complete search/replace block, patch or diff, or whose pair
    stands in the same fence, is somebody's code about such markers and no marker. A thought that follows the edits
    takes only itself away.
    """
    if not any(sign in text for sign in "<[◁") and not _BARE_CHANNEL.match(text):
        return SpokenAnswer(text)
    for _ in range(AFTERTHOUGHTS):
        code = _complete_blocks(text) + _patches(text)
        paired = _paired(text)
        closing = [found for found in _CLOSE.finditer(text) if _is_marker(text, found, code, paired)]
        opening_marks = [found for found in _OPEN.finditer(text) if _is_marker(text, found, code, paired)]
        afterthought = _afterthought(text, code, closing, opening_marks)
        if not afterthought:
            break
        text = text[: afterthought[0]] + text[afterthought[1] :]
    start = closing[-1].end() if closing else 0
    opening = next((found for found in opening_marks if found.start() >= start), None)
    bare = _BARE_CHANNEL.match(text) if not start else None
    stop = 0 if bare else opening.start() if opening else len(text)
    answer = text[start:stop]
    if start or stop < len(text):
        answer = _without_frame(answer)
    return SpokenAnswer(answer, cut_off=stop < len(text))


def _is_marker(text: str, found: re.Match[str], code: list[tuple[int, int]], paired: set[int]) -> bool:
    at = found.start()
    if any(start < at < stop for start, stop in code) or found[0].endswith("/>"):
        return False
    if at in paired:
        return False
    line_start = text.rfind("\n", 0, at) + 1
    line_end = text.find("\n", found.end())
    before, after = text[line_start:at], text[found.end() : line_end if line_end >= 0 else len(text)]
    return not any(before.count(quote) % 2 and quote in after for quote in "`\"'")


def _complete_blocks(text: str) -> list[tuple[int, int]]:
    """Where search/replace blocks begin and end; one that another opening or nothing follows is not complete."""
    events = sorted(
        [(m.start(), True) for m in _line_starts(text, _SEARCH)]
        + [(m.end(), False) for m in _line_starts(text, _REPLACE)]
    )
    blocks = []
    for (start, opens), (stop, still_opens) in itertools.pairwise(events):
        if opens and not still_opens:
            blocks.append((start, stop))
    return blocks


def _patches(text: str) -> list[tuple[int, int]]:
    """Where closed `apply_patch` envelopes and fences with nothing but a diff in them stand."""
    envelopes = [m.span() for m in _ENVELOPE.finditer(text) if _is_diff(m["body"], "+- @*")]
    return envelopes + [m.span() for m in _DIFF_FENCE.finditer(text) if _is_diff(m["body"], "+- @\\di")]


def _is_diff(body: str, signs: str) -> bool:
    return all(not line.strip() or line[0] in signs for line in body.split("\n"))


def _fences(text: str) -> list[tuple[int, int]]:
    """Where each closed fence begins and ends."""
    found, at, mark, start = [], 0, "", 0
    for line in text.split("\n"):
        fence = _FENCE.match(line)
        if fence and not mark:
            mark, start = fence["mark"], at
        elif fence and line.strip() == mark:
            found.append((start, at))
            mark = ""
        at += len(line) + 1
    return found


def _paired(text: str) -> set[int]:
    """Where tags like those of thoughts stand in a fence that holds the other one of the pair, too."""
    found: set[int] = set()
    for start, stop in _fences(text):
        tags = [(m.start(), m[1] == "/", m[2].lower()) for m in _ANY_TAG.finditer(text, start, stop)]
        first_open = {name: at for at, closes, name in reversed(tags) if not closes}
        last_close = {name: at for at, closes, name in tags if closes}
        found |= {at for at, closes, name in tags if closes and first_open.get(name, at) < at}
        found |= {at for at, closes, name in tags if not closes and last_close.get(name, at) > at}
    return found


def _afterthought(
    text: str, code: list[tuple[int, int]], closing: list[re.Match[str]], openings: list[re.Match[str]]
) -> tuple[int, int] | None:
    """Where the last thought stands, if it opens after the last edit and no fence comes after it; else None."""
    if not closing or not code:
        return None
    before = closing[-2].end() if len(closing) > 1 else 0
    last = max(stop for _, stop in code)
    opening = next((found for found in openings if before <= found.start() < closing[-1].start()), None)
    rest = text[closing[-1].end() :]
    if opening is None or opening.start() < last or any(_FENCE.match(line) for line in rest.split("\n")):
        return None
    return opening.start(), closing[-1].end()


def _line_starts(text: str, pattern: re.Pattern[str]) -> list[re.Match[str]]:
    return [m for m in pattern.finditer(text) if not text[text.rfind("\n", 0, m.start()) + 1 : m.start()].strip()]


def _without_frame(answer: str) -> str:
    """`answer` without the markers that some families put around what they say after thinking, at its two ends."""
    while (found := _SOLUTION.match(answer.lstrip())) is not None:
        answer = answer.lstrip()[found.end() :]
    while True:
        ends = [m for m in _SOLUTION.finditer(answer.rstrip()) if m.end() == len(answer.rstrip())]
        if not ends:
            return answer
        answer = answer[: ends[0].start()]
