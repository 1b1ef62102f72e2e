"""What points at files: each signal gives every file 0.0 to about 1.0, with the reason and the lines it means."""

from __future__ import annotations

import math
import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from strategies.localization.bm25 import Ranking, parts, words
from strategies.localization.clues import Clues, Frame
from strategies.localization.file_kinds import is_configuration, is_prose, is_test
from strategies.localization.index import Index
from strategies.localization.passages import best_passage
from strategies.localization.symbols import imports

COMMON = 12
"""A symbol, phrase or file name that stands in more files than this points nowhere."""
AROUND = 12
"""Lines shown around a line that is pointed at."""
MOST_NAMED = 150
"""Files whose definitions are compared."""
MOST_READ = 60
"""Files whose passages are looked at."""
LEXICAL = 200
"""Files that the words of an issue reach at most."""
DAMPED = 0.25
"""What is left of a clue that may as well mean a file of the issue's author."""
_EXAMPLE = re.compile(
    r"^(?:(?:test|tests|main|app|index|example|examples|foo|bar|baz|repro|reproduce|script|demo|sample|my\w*|hello|temp|tmp"
    r"|setup|conf|config|conftest|__init__|settings|run|t|a|b|x)\d*|test_?\w*)\.\w+$",
    re.IGNORECASE,
)
_TEST_NAME = re.compile(r"^(?:test_|spec_)|(?:_test|_spec|\.test|\.spec|Tests?|IT|TestCase)$")


@dataclass(slots=True)
class Signal:
    """Points, reasons and 1-based line ranges by path."""

    points: dict[str, float] = field(default_factory=dict)
    reasons: dict[str, list[str]] = field(default_factory=dict)
    lines: dict[str, list[tuple[int, int]]] = field(default_factory=dict)

    def add(self, path: str, points: float, reason: str, lines: Iterable[tuple[int, int]] = ()) -> None:
        """Add to what points at `path`."""
        self.points[path] = self.points.get(path, 0.0) + points
        reasons = self.reasons.setdefault(path, [])
        if reason and reason not in reasons:
            reasons.append(reason)
        self.lines.setdefault(path, []).extend(lines)

    def scaled(self) -> Signal:
        """The same, with 1.0 for the first."""
        top = max(self.points.values(), default=0.0)
        self.points = {path: points / top for path, points in self.points.items()} if top else {}
        return self


def matches(known: Index, written: str) -> tuple[list[str], bool]:
    """Repository files that a written path means (the longest common tail wins), and whether a folder agreed or the
    path stands in the repository as written."""
    candidates = known.by_name.get(posixpath.basename(written), [])
    want = written.removeprefix("./").strip("/").split("/")

    def shared(path: str) -> int:
        n = 0
        for a, b in zip(reversed(path.split("/")), reversed(want), strict=False):
            if a != b:
                break
            n += 1
        return n

    best = max((shared(p) for p in candidates), default=0)
    found = [p for p in candidates if shared(p) == best]
    return found, best > 1 or "/".join(want) in known.known


def frames(known: Index, found: Clues) -> Signal:
    """Stack frames and references to lines: the deepest frame counts most."""
    signal = Signal()
    place = 0
    for frame in found.frames:
        paths, sure = matches(known, frame.path)
        if not 0 < len(paths) <= COMMON:
            continue
        for path in paths:
            points = (1.0 if sure else DAMPED) / len(paths) / (1 + place / 4)
            lines = [(max(frame.line - AROUND, 1), frame.line + AROUND)] if sure else []
            signal.add(
                path,
                points,
                f"line {frame.line} in a stack trace or reference",
                _enclosing(known, path, frame) or lines,
            )
        place += 1
    return signal


def _enclosing(known: Index, path: str, frame: Frame) -> list[tuple[int, int]]:
    """The function that a frame names, as it stands in this commit: the traced version's lines may be others."""
    facts = known.facts.get(path)
    named = [d for d in facts.definitions if d.name == frame.function and d.block] if facts and frame.function else []
    return [(d.first, d.last) for d in named[:3]]


def files(known: Index, found: Clues) -> Signal:
    """Files and modules that are named."""
    signal = Signal()
    for written in found.files:
        paths, sure = matches(known, written)
        vague = not sure and ("/" in written or bool(_EXAMPLE.match(written)))
        for path in paths if len(paths) <= COMMON else ():
            points = (1.0 if sure else 0.6) * (DAMPED if vague else 1.0)
            signal.add(path, points / len(paths), f"named as {written}")
    for name in found.dotted:
        path = _module(known, name)
        if path:
            signal.add(path, 0.6, f"module {name}")
    return signal


def _module(known: Index, name: str) -> str:
    """The file of the longest leading part of a dotted name, "" when there is none."""
    split = name.split(".")
    for size in range(len(split), 0, -1):
        tail = "/".join(split[:size])
        for path in (
            f"{tail}.py",
            f"src/{tail}.py",
            f"lib/{tail}.py",
            f"{tail}/__init__.py",
            f"src/{tail}/__init__.py",
        ):
            if path in known.known and (size > 1 or not path.endswith("__init__.py")):
                return path
    return ""


def symbols(known: Index, found: Clues) -> Signal:
    """Definitions of what is named: the fewer files define it, the more each counts. Tests define only for tests."""
    signal = Signal()
    for name in found.symbols:
        places = known.defining(name)
        if len(places) > 1:
            places = {p: d for p, d in places.items() if not is_test(p)} or places
        if not 0 < len(places) <= COMMON:
            continue
        for path, defined in places.items():
            blocks = [(d.first, d.last) for d in defined if d.block and not d.container]
            heads = [(d.first, min(d.last, d.first + 2 * AROUND)) for d in defined if d.container]
            values = [(max(d.first - 3, 1), d.last + 3) for d in defined if not d.block]
            weight = 1.0 if blocks or heads else 0.5
            signal.add(path, weight / len(places), f"defines {name}", [*blocks[:5], *heads[:5], *values[:3]])
    return signal


def phrases(known: Index, found: Clues) -> Signal:
    """Fixed parts of messages, found as they stand."""
    signal = Signal()
    for phrase in found.phrases[:40]:
        hits = [(path, at) for path in _holding(known, phrase) if (at := known.text(path).find(phrase)) >= 0]
        for path, at in hits if len(hits) <= COMMON else ():
            line = known.text(path).count("\n", 0, at) + 1
            signal.add(path, 1.0 / len(hits), f"holds “{phrase[:60]}”", [(max(line - AROUND, 1), line + AROUND)])
    return signal


def _holding(known: Index, phrase: str) -> list[str]:
    """The files that hold the rarest word of `phrase`, its first and last word left out if it has more."""
    spoken = phrase.split()
    spoken = spoken[1:-1] or spoken
    holding = [known.ranking.holding(word.strip(".,:;!?()[]").lower()) for word in spoken]
    rarest = min(filter(None, holding), key=len, default=())
    return [path for path, _ in rarest[: 4 * MOST_READ]]


def lexical(known: Index, wanted: Mapping[str, float]) -> Signal:
    """Words shared with the issue."""
    signal = Signal()
    scores = known.ranking.scores(wanted)
    for path in sorted(scores, key=lambda p: (-scores[p], p))[:LEXICAL]:
        signal.add(path, scores[path], "shares words with the issue")
    return signal.scaled()


def paths(known: Index, wanted: Mapping[str, float]) -> Signal:
    """Words shared with a file's path."""
    signal = Signal()
    spoken = {path: words(path.replace("/", " ").replace(".", " ")) for path in known.facts}
    for path, score in Ranking(spoken).scores(wanted).items():
        signal.add(path, score, "its path shares words with the issue")
    return signal.scaled()


def names(known: Index, wanted: Mapping[str, float], candidates: Sequence[str]) -> Signal:
    """Words shared with the names that each candidate defines."""
    signal = Signal()
    held: dict[str, Counter[str]] = {}
    for path in [path for path in candidates if path in known.facts][:MOST_NAMED]:
        held[path] = Counter(part for one in known.facts[path].definitions for part in parts(one.name))
    for path, score in Ranking(held).scores(wanted).items():
        signal.add(path, score, "its definitions share words with the issue")
    return signal.scaled()


def passages(known: Index, wanted: Mapping[str, float], candidates: Iterable[str]) -> Signal:
    """The passage of each candidate that holds most of the issue's rare words."""
    signal = Signal()
    weights = {word: known.ranking.rarity(word) * weight for word, weight in wanted.items()}
    for path in list(candidates)[:MOST_READ]:
        best = best_passage(known.text(path), weights)
        if best is not None:
            signal.add(path, best.score, f"lines {best.first} to {best.last} share many words with the issue")
    return signal.scaled()


def tested(known: Index, ranked: Mapping[str, float]) -> Signal:
    """Code that the best-matching tests are named after."""
    signal = Signal()
    tests = sorted((p for p in ranked if is_test(p)), key=lambda p: (-ranked[p], p))[:10]
    for test in tests:
        stem = posixpath.splitext(posixpath.basename(test))[0]
        bare = _TEST_NAME.sub("", _TEST_NAME.sub("", stem))
        if not bare:
            continue
        suffix = posixpath.splitext(test)[1]
        named = [
            p
            for name in dict.fromkeys((f"{bare}{suffix}", f"_{bare}{suffix}", f"{bare.replace('_', '-')}{suffix}"))
            for p in known.by_name.get(name, ())
            if not is_test(p)
        ]
        if not named:
            named = [p for p in _folder_named(known, bare) if not is_test(p)]
        if 0 < len(named) <= COMMON:
            for path in named:
                signal.add(path, ranked[test] / math.sqrt(len(named)), f"tested by {test}")
    return signal


def _folder_named(known: Index, bare: str) -> list[str]:
    return [p for p in known.paths if f"/{bare}/" in f"/{p}" and p in known.facts and not is_prose(p)][: COMMON + 1]


def neighbours(known: Index, ranked: Mapping[str, float], best: int = 6) -> Signal:
    """What the best files import, in shares of the points of the file that imports it."""
    signal = Signal()
    top = max(ranked.values(), default=0.0) or 1.0
    for path in sorted(ranked, key=lambda p: (-ranked[p], p))[:best]:
        if path not in known.facts or is_prose(path):
            continue
        targets = [t for t in imports(path, known.text(path), known.known) if t in known.facts and not is_test(t)]
        for target in targets[:30]:
            signal.add(target, ranked[path] / top / math.sqrt(len(targets)), f"imported by {path}")
    return signal


def share(path: str, *, tests: float, prose: float, configuration: float) -> float:
    """What is left of a score for what a fix seldom changes."""
    if is_test(path):
        return tests
    if is_prose(path):
        return prose
    return configuration if is_configuration(path) else 1.0


def told(known: Index, points: Mapping[str, float], reason: str) -> Signal:
    """What the history tells (path → 0.0 to 1.0), as far as the files are still there; without a reason where "" is."""
    signal = Signal()
    for path, value in points.items():
        if path in known.facts:
            signal.add(path, value, reason)
    return signal.scaled()
