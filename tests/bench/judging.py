"""What judging one right patch costs: runs of the suite and seconds, beside running the suite once.

A repository whose suite takes ten seconds, a fix, and the test from its issue; each run in a fresh folder. Beside it
stands the flow of before the further rungs: the test from the issue alone, the affected tests, the whole suite once.
"""

from __future__ import annotations

import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from sandbox.repository.patch import Patch
from strategies.issue import Issue
from strategies.models.in_memory_meter import CapMeter
from strategies.models.meter import Metered
from strategies.reproduction.placement import selector
from strategies.study.tasks.planting import plant
from strategies.tier import Tier
from strategies.verdict import Judged
from strategies.verification.admissible import admissible
from strategies.verification.near_tests.affected_tests import affected
from strategies.verification.request import VerificationRequest
from strategies.verification.verification import SLOW_SUITE, Verification
from tests.bench.row import Row
from tests.fakes.folder_backend import FolderBackend, pytest_recipe
from tests.fakes.model import ScriptedModel

FILES = 20
SECONDS = 10.0
TILL = "def total(prices):\n    return sum(prices[1:])\n\n\ndef label(n):\n    return f'{n} items'\n"
TEST = "from till import label\n\n\ndef test_label():\n    assert label(2) == '2 items'\n"
ANSWER = "```python\nfrom till import total\n\n\ndef test_first_price_counts():\n    assert total([1, 2]) == 3\n```"
ISSUE = Issue(7, "total() forgets the first price", "`total([1, 2])` gives 2, it should be 3.")
FIX = Patch({"till.py": TILL.replace("prices[1:]", "prices").encode()})
AIM = 1.3


def repository() -> dict[str, bytes]:
    """A suite of ten seconds in many files, one of them near the code."""
    slow = f"import time\n\n\ndef test_slow():\n    time.sleep({SECONDS / FILES})\n"
    files = {f"tests/test_other_{n:02}.py": slow for n in range(FILES)}
    files |= {"till.py": TILL, "conftest.py": "", "tests/test_till.py": TEST}
    return {path: text.encode() for path, text in files.items()}


def before(verification: Verification) -> tuple[float, int]:
    """Seconds and runs of the flow without further rungs, on the same machine at the same time."""
    runs = verification.runs
    (test,) = verification.issue_tests.reproductions
    began = time.perf_counter()
    _, judged, _ = admissible(FIX, runs.workspace, ())
    judged = judged.merge(Patch({test.path: test.content}))
    timeout = verification.baseline.timeout
    first = [runs.run(judged, only=(selector(runs.recipe, test.path),), timeout=timeout, canary=True)]
    if verification.baseline.seconds > SLOW_SUITE:
        first.append(runs.run(judged, only=affected(judged, runs.workspace), timeout=timeout, canary=True))
    first.append(runs.run(judged, timeout=timeout, canary=True))
    assert all(r.report is not None for r in first)
    return time.perf_counter() - began, len(first)


def run() -> list[Row]:
    with TemporaryDirectory() as home:
        backend = FolderBackend()
        tester = Tier("weak", Metered(ScriptedModel([ANSWER]), CapMeter(Decimal(5)), "weak"))
        with plant(Path(home), "judging", repository()) as workspace:
            request = VerificationRequest(
                backend,
                "bench",
                pytest_recipe(),
                workspace,
                ISSUE,
                tester=tester,
                accept="reproduction",
                say=lambda _: None,
            )
            verification = Verification.start(request)
            verification.baseline = replace(verification.baseline, seconds=max(SLOW_SUITE + 0.1, SECONDS))
            peer, peer_runs = before(verification)
            opened, began = backend.opened, time.perf_counter()
            verdict = verification.judge(FIX)
            ours, sandboxes = time.perf_counter() - began, backend.opened - opened
        assert verdict.judged is Judged.PASSED, verdict.feedback
        asked = verdict.evidence.necessity
    detail = f", {asked.mutants} mutants, {asked.seconds:.1f} s of it" if asked is not None else ""
    return [
        Row(
            f"judging one patch, {SECONDS:.0f} s suite: {sandboxes} sandboxes{detail}",
            round(ours, 1),
            "s",
            peer=f"without the further rungs: {peer_runs} sandboxes, {peer:.1f} s",
            ratio=ours / peer,
            aim=f"<= {AIM} x",
            ok=ours <= AIM * peer,
        )
    ]


if __name__ == "__main__":
    for row in run():
        print(row)
