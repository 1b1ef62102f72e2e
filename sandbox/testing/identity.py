"""What names a test: the same in every run of the same code, and never the same for two tests.

A report is untrusted text, and runners take names from the repository: they hold addresses and times of this run, are
longer than a page, or are given twice. Pure functions make ids of them that two runs can be compared by.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sandbox.testing.readable_output import printable
from sandbox.testing.report import ReportUnreadable, TestOutcome, TestReport, TestResult

TESTS = 200_000
ID_CHARS = 1_000
MASK = "…"
REPEAT = " (repeat {number})"

BEST = (TestOutcome.PASSED, TestOutcome.SKIPPED, TestOutcome.FAILED, TestOutcome.ERROR)

_VOLATILE = re.compile(
    r"(?<= at )0x[0-9a-fA-F]+"  # <Price object at 0x…>, of any interpreter
    r"|\b0x(?:7[ef]|5[56]|ffff)[0-9a-f]{8,10}\b"  # addresses of 64-bit Linux: stack, libraries, heap
    r"|\b(?:139|140)\d{12}\b"  # the same in decimal: id()
    r"|\b[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b"  # RFC 9562
    r"|\b[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}\b"  # the same without hyphens: uuid4().hex
    r"|(?<=/)tmp[a-z0-9_]{8}(?![a-z0-9_])|(?<=/)tmp\.[A-Za-z0-9]{6,10}\b"  # tempfile, mktemp
    r"|(?<=/)pytest-of-\w+/pytest-\d+"
)
_DATE = re.compile(
    r"(?<!\d)(?P<year>20\d\d)(?P<dash>[-/]?)(?P<month>\d\d)(?P=dash)(?P<day>\d\d)"
    r"(?:[T _-]?\d\d:?\d\d(?::?\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?(?!\d)"
)
_EPOCH = re.compile(r"(?<![\w.])(?P<seconds>\d{10})(?:\.\d+|\d{3}|\d{6}|\d{9})?(?![\w.])")
_DAY = timedelta(days=1)


def masked(text: str, now: datetime) -> str:
    """`text` with what belongs to one run replaced by "…": addresses, random UUIDs, temporary folders, and times.

    Only a time within a day of `now` is one of this run: another date in a name is the repository's own.
    """
    text = _VOLATILE.sub(MASK, text)
    text = _DATE.sub(lambda found: MASK if _is_date_near(found, now) else found[0], text)
    near = _DAY.total_seconds()
    return _EPOCH.sub(lambda found: MASK if abs(int(found["seconds"]) - now.timestamp()) < near else found[0], text)


def _is_date_near(found: re.Match[str], now: datetime) -> bool:
    try:
        day = datetime(int(found["year"]), int(found["month"]), int(found["day"]), tzinfo=UTC)
    except ValueError:
        return False
    return abs(day - now.replace(hour=0, minute=0, second=0, microsecond=0)) <= _DAY


def shortened(text: str) -> str:
    """At most ID_CHARS characters; of a longer text, a digest of the whole takes the place of its end."""
    if len(text) <= ID_CHARS:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{text[: ID_CHARS - len(digest) - 1]}~{digest}"


def stable_id(text: str, now: datetime) -> str:
    """The id for what a runner calls a test: printable, masked, on one line, and no longer than ID_CHARS."""
    return shortened(masked(" ".join(printable(text).split("\n")), now))


def family(identity: str) -> str:
    """The id without its parameters, its repetition and its mask: what its members share when their names are random.

    Two runs of the same code show which families change their members: those cannot be compared id by id.
    """
    identity = re.sub(r" \(repeat \d+\)'*$", "", identity)
    head, bracket, _ = identity.partition("[")
    return head if bracket and "::" in head else identity


def selectable(identity: str) -> str:
    """What to ask a runner for to have this test run: the id itself, or its family where the id is not the name."""
    own = MASK in identity or len(identity) >= ID_CHARS or re.search(r" \(repeat \d+\)'*$", identity)
    return family(identity) if own else identity


def collect(
    results: Iterable[TestResult],
    *,
    uncollected: Iterable[str] = (),
    doubled: bool = False,
    now: datetime | None = None,
) -> TestReport:
    """One report, by stable id. Tests of one name are numbered, the best outcome first: the multiset is compared.

    With `doubled` an id that comes twice is one test that was reported twice (pytest: the call, then the teardown),
    and keeps its worst outcome; so does what is no test but a whole file. Raises ReportUnreadable for too many.
    """
    now = now or datetime.now(UTC)
    groups: dict[str, list[TestResult]] = {}
    for count, result in enumerate(results):
        if count >= TESTS:
            raise ReportUnreadable(f"the report has more than {TESTS} tests")
        group = groups.setdefault(result.id, [])
        if group and (doubled or result.id == result.file):
            group[0] = max(group[0], result, key=lambda r: BEST.index(r.outcome))
        else:
            group.append(result)
    named: dict[str, list[TestResult]] = {}
    for name, group in groups.items():
        named.setdefault(stable_id(name, now), []).extend(group)
    missing = {stable_id(name, now) for name in uncollected}
    missing |= {i for i, group in named.items() if any(r.file == r.id and r.outcome in BEST[2:] for r in group)}
    return TestReport(_numbered(named), tuple(sorted(missing)))


def _numbered(named: dict[str, list[TestResult]]) -> dict[str, TestResult]:
    found: dict[str, TestResult] = {}
    for name, group in named.items():
        for number, result in enumerate(_best_first(group), 1):
            key = name if number == 1 else name + REPEAT.format(number=number)
            while number > 1 and (key in named or key in found):
                key += "'"
            found[key] = replace(result, id=key, message=printable(result.message), file=printable(result.file))
    return found


def _best_first(group: Sequence[TestResult]) -> Sequence[TestResult]:
    return sorted(group, key=lambda r: BEST.index(r.outcome)) if len(group) > 1 else group
