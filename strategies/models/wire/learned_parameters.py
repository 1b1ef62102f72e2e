"""What a provider's refusal says of a request's parameters, so that the next request is one that it takes. Pure.

A name such as `azure/my-deployment` or `openai/mine` does not say what stands behind it: a model that wants
`max_completion_tokens`, takes no temperature, or knows other efforts says so in a 400. Nothing was charged for that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
LEAST_ROOM = 256
"""Tokens of output that an answer needs at least: with less room than that the prompt is too long."""

_OUTPUT = re.compile(
    r"max_?(?:completion_?|output_?|new_?)?tokens|num_predict|(?:completion|output|maximum|max) tokens", re.IGNORECASE
)
_NUMBER = re.compile(r"(?<![\w.-])\d[\d,_]*(?![\w-])")
_PROMPT = re.compile(
    r"(\d[\d,]*)\s*(?:tokens\s*)?in (?:the|your) (?:messages|prompt|input)"
    r"|(\d[\d,]*)\s*`?(?:inputs?|prompt)`? tokens|prompt tokens \((\d[\d,]*)\)"
    r"|(?:prompt|request|input) (?:contains|has)(?: at least)? (\d[\d,]*)"
    r"|context (?:limit|length|window):? (\d[\d,]*) \+",
    re.IGNORECASE,
)
_CONTEXT = re.compile(
    r"context (?:length|window|limit|size)(?: is| of|:)?(?: \d[\d,]* \+ \d[\d,]* >)?(?: only)? (\d[\d,]*)",
    re.IGNORECASE,
)
_SUM = re.compile(
    r"(?:inputs?|prompt)\W{1,3}(?:tokens?\b|length\b)?[^.]{0,20}?(?:\+|\band\b|\bplus\b)\W{0,3}"
    r"max_?(?:new_|output_|completion_)?tokens"
    r".{0,40}?(?:<=|exceeds?|at most|less than or equal to|larger than|greater than|over)\D{0,20}(\d[\d,]*)",
    re.IGNORECASE | re.DOTALL,
)
"""A limit of prompt and answer together, as TGI has it."""
_NAME = re.compile(r"(?=[\w./:@-]*\d)(?=[\w./:@-]*[a-z])[\w.:@]+(?:[-/][\w.:@]+)+", re.IGNORECASE)
"""A model's name, as far as it can be told: words and digits with hyphens, which may sound like a parameter."""
_QUOTED_NAME = re.compile(r"""[`'"][\w.:@]+(?:[-/][\w.:@]+)+[`'"]""")
_ABOUT_NAME = re.compile(
    r"\bmodel\b\W{0,6}(?:is |was )?(?:not (?:found|available|supported(?! (?:with|for|when|in)))|does ?n[o']t exist)"
    r"|\bmodel\b\W{0,6}does not exist|no such model|unknown model|invalid model",
    re.IGNORECASE,
)
_LEAST = re.compile(
    r"(?:at least|>=|must be (?:greater|more|larger) than(?: or equal to)?|minimum(?: value)?(?: of| is)?)"
    r"\W{0,3}\d[\d,]*"
    r"|\b(?:got|received|actual)\W{1,3}(?:\w+=)?\d[\d,]*",
    re.IGNORECASE,
)
"""Numbers that are no upper limit: a lower one, and what was sent."""
_ELSEWHERE = re.compile(r"\bafford\b|more credits|budget_?tokens", re.IGNORECASE)
"""The output's limit against an account's credit or the thoughts' budget: the model's own limit is another."""
_EXCLUSIVE = re.compile(r"exclusive|(?:lower|less|smaller) than \W{0,3}\d", re.IGNORECASE)
_INSTEAD = re.compile(r"max_completion_tokens\W{0,3} instead|use \W{0,3}max_completion_tokens", re.IGNORECASE)
_LEGACY = re.compile(r"max_completion_tokens", re.IGNORECASE)
_SAMPLING = re.compile(r"\btemperature\b|top_p", re.IGNORECASE)
_EFFORT = re.compile(r"reasoning[_. ]?effort|\breasoning\b|\bthinking|\beffort\b|output_config", re.IGNORECASE)
_ALLOWED = re.compile(
    r"(?:supported|valid|allowed|permitted|accepted|possible|one of|must be|should be|expected|choose)(.*)",
    re.IGNORECASE | re.DOTALL,
)
_SYSTEM = re.compile(
    r"(?:system|developer)\W{0,3}(?: role| message| prompt| instruction)?s?\b.{0,60}(?:not|n't|un)\s?"
    r"(?:supported|allowed|enabled|support|permitted)"
    r"|(?:not|n't|un)\s?support(?:ed|s)?\W.{0,40}\b(?:system|developer)\b|only user and assistant roles",
    re.IGNORECASE,
)
_STREAM_OPTIONS = re.compile(r"stream_?options|include_usage", re.IGNORECASE)
_STREAM = re.compile(r"\bstream(?:ing)?\b", re.IGNORECASE)
_MARKS = re.compile(r"cache_?(?:control|point)", re.IGNORECASE)
_IMAGES = re.compile(
    r"\bimage|\bvision\b|multi-?modal|unsupported content|content\W.{0,40}must be a string", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Sent:
    """What a request held: its output limit in tokens, and which of the other parameters."""

    output: int
    temperature: bool = False
    effort: str = ""
    stream: bool = False
    system: bool = False
    marks: bool = False
    images: bool = False


@dataclass(frozen=True, slots=True)
class Habits:
    """How a model is asked. `output_name` is what its limit is called (`extra:max_tokens` goes around the library's own
    renaming), `most_output` the most it takes; `effort` None leaves the operator's as it is, "" leaves it out."""

    output_name: str = "max_tokens"
    most_output: int | None = None
    temperature: bool = True
    effort: str | None = None
    stream: bool = True
    system: bool = True
    marks: bool = True
    images: bool = True


def learn(habits: Habits, sent: Sent, said: str) -> tuple[Habits, str] | None:
    """The habits after a refusal in the words `said`, and a sentence on what is done from now on; None where it says
    nothing that would help."""
    said = _QUOTED_NAME.sub(" ", _NAME.sub(" ", said))
    if _ABOUT_NAME.search(said):
        return None
    if sent.images and _IMAGES.search(said):
        return replace(habits, images=False), "it is shown no images"
    found = _output(habits, sent, said) or _sampling(habits, sent, said)
    if found is not None:
        return found
    if sent.stream and _STREAM_OPTIONS.search(said):
        return replace(habits, stream=False), "its answers are not streamed, as no usage comes with them"
    if sent.marks and _MARKS.search(said):
        return replace(habits, marks=False), "nothing is marked for its cache"
    if sent.system and _SYSTEM.search(said):
        return replace(habits, system=False), "it takes no system message, so the user's begins with it"
    if sent.effort and _EFFORT.search(said):
        effort = _nearest(sent.effort, said)
        return replace(habits, effort=effort), f"its reasoning effort is {effort or 'left to it'}"
    if sent.stream and _STREAM.search(said):
        return replace(habits, stream=False), "its answers are not streamed"
    if sent.images:  # whatever else it says: the text says that there is an image, and is enough to go on
        return replace(habits, images=False), "it is shown no images"
    return None


def room_for_output(sent: Sent, said: str) -> int | None:
    """Tokens that are left for the answer to this very prompt, where the refusal says that both together are too many;
    0 where there is too little. None: it does not say so."""
    context, prompt = _CONTEXT.search(said) or _SUM.search(said), _PROMPT.search(said)
    if context is None or prompt is None or (not _OUTPUT.search(said) and "completion" not in said):
        return None
    taken = next(group for group in prompt.groups() if group)
    room = _whole(context[1]) - _whole(taken) - 16
    if room >= sent.output:
        return None
    return room if room >= LEAST_ROOM else 0


def _output(habits: Habits, sent: Sent, said: str) -> tuple[Habits, str] | None:
    if _INSTEAD.search(said) and habits.output_name == "max_tokens":
        return replace(habits, output_name="max_completion_tokens"), "its limit is sent as max_completion_tokens"
    if not _OUTPUT.search(said) or any(other.search(said) for other in (_CONTEXT, _SUM, _ELSEWHERE)):
        return None
    limits = [n for text in _NUMBER.findall(_LEAST.sub(" ", said)) if LEAST_ROOM <= (n := _whole(text)) < sent.output]
    if limits:
        most = max(limits) - bool(_EXCLUSIVE.search(said))
        return replace(habits, most_output=most), f"it writes at most {most:,} tokens"
    if _LEGACY.search(said) and habits.output_name != "extra:max_tokens":
        return replace(habits, output_name="extra:max_tokens"), "its limit is sent as max_tokens"
    return None


def _sampling(habits: Habits, sent: Sent, said: str) -> tuple[Habits, str] | None:
    if sent.temperature and _SAMPLING.search(said):
        return replace(habits, temperature=False), "it is asked without a temperature"
    return None


def _nearest(wanted: str, said: str) -> str:
    """The effort nearest to `wanted` of those that the refusal offers; "" if it offers none."""
    offer = _ALLOWED.search(said)
    words = set(re.findall(r"(?<!\w)[a-z]+(?!\w)", offer[1].lower())) if offer else set()
    offered = [effort for effort in EFFORTS if effort in words and effort != wanted]
    place = EFFORTS.index(wanted) if wanted in EFFORTS else EFFORTS.index("medium")
    return min(offered, key=lambda effort: abs(EFFORTS.index(effort) - place), default="")


def _whole(text: str) -> int:
    return int(re.sub(r"\D", "", text))


def as_mapping(habits: Habits) -> Mapping[str, object]:
    """What differs from how models are usually asked, for the record."""
    usual = Habits()
    return {name: getattr(habits, name) for name in Habits.__slots__ if getattr(habits, name) != getattr(usual, name)}
