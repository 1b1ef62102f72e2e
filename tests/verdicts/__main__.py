"""`python -m tests.verdicts [PART …]`: judges all cases, or those whose name holds every PART, and prints a table.

The last line is `wrong accepted: 0 of N, right rejected: 0 of M, not judged: K`; the exit code is 1 when any case did
not get its exact verdict. A wrong patch counts as accepted when it passed without the doubts or questions that its case
demands; a right one as rejected when it did not get its verdict; K counts every case that nobody could judge.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from strategies.verdict import Judged
from tests.verdicts.case import Case
from tests.verdicts.docket import all_cases
from tests.verdicts.judging import Judging, Outcome

BACKENDS = ("bubblewrap", "docker", "process")


@contextmanager
def folder_of(kept: Path | None) -> Iterator[Path]:
    """`kept`, or a folder for this run alone."""
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept.resolve()
    else:
        with tempfile.TemporaryDirectory(prefix="verdicts-") as made:
            yield Path(made)


def row(kind: str, outcome: Outcome) -> str:
    """One line of the table, and a second one for a verdict that is not the expected one."""
    case, verdict = outcome.case, outcome.verdict
    mark = "MISS" if outcome.miss else "ok"
    evidence = verdict.evidence
    drafted = " (asks)" if evidence.asks else " (doubts)" if evidence.doubts else ""
    line = (
        f"{mark:4}  {case.kind:5}  {case.repository.runner:8}  {verdict.judged + drafted:16}  {outcome.seconds:5.1f} s"
        f"  {kind}: {case.what}"
    )
    if not outcome.miss:
        return line
    words = " ".join("; ".join((verdict.feedback, *evidence.notes)).split())[:400]
    return f"{line}\n      {outcome.miss}; it says: {words}"


def summary(outcomes: Sequence[Outcome]) -> str:
    """The last line."""
    kinds = {kind: [o for o in outcomes if o.case.kind == kind] for kind in ("wrong", "right")}
    accepted = sum(bool(o.miss) and o.verdict.judged is Judged.PASSED for o in kinds["wrong"])
    rejected = sum(bool(o.miss) for o in kinds["right"])
    not_judged = sum(o.verdict.judged is Judged.UNJUDGED for o in outcomes)
    return (
        f"wrong accepted: {accepted} of {len(kinds['wrong'])}, right rejected: {rejected} of {len(kinds['right'])}, "
        f"not judged: {not_judged}"
    )


def main(arguments: Sequence[str]) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.verdicts", description=(__doc__ or "").split("\n\n", 1)[0])
    parser.add_argument("parts", nargs="*", help="only cases whose name holds all of these (class, runner, words)")
    parser.add_argument("--sandbox", choices=BACKENDS, default="bubblewrap")
    parser.add_argument("--keep", type=Path, help="a folder that keeps environments from run to run")
    parser.add_argument("--parallel", type=int, default=2, help="cases judged at the same time (2)")
    chosen = parser.parse_args(arguments)
    logging.disable(logging.WARNING)
    cases = [
        (kind, case)
        for kind, found in all_cases().items()
        for case in found
        if all(part in f"{kind} {case.kind} {case.repository.runner} {case.what}" for part in chosen.parts)
    ]
    started = time.monotonic()
    outcomes: list[Outcome] = []
    with folder_of(chosen.keep) as folder, ThreadPoolExecutor(chosen.parallel) as pool:
        judging = Judging(folder, chosen.sandbox)

        def judge(one: tuple[str, Case]) -> Outcome:
            return judging.outcome(one[1])

        for (kind, _), outcome in zip(cases, pool.map(judge, cases), strict=True):
            outcomes.append(outcome)
            print(row(kind, outcome), flush=True)
    print(f"{len(outcomes)} cases, {sum(bool(o.miss) for o in outcomes)} missed, {time.monotonic() - started:.0f} s")
    print(summary(outcomes))
    return int(any(o.miss for o in outcomes))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
