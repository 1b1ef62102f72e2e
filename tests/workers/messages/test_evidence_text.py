"""What the evidence says of a patch's lines, places and small mistakes."""

from __future__ import annotations

from strategies.verdict import Evidence, Necessity
from workers.messages.pull_request import evidence_text


def test_what_near_tests_see_is_shown_with_what_they_do_not_see() -> None:
    seen = Necessity(
        lines=4,
        executed=3,
        unexecuted=("till.py:9",),
        hunks=3,
        needed=1,
        untried=1,
        unneeded=("till.py:7", "README.md:1"),
        documents=1,
        mutants=3,
        killed=2,
        survivors=("till.py:2: a < b → a <= b",),
    )
    text = evidence_text(Evidence(necessity=seen))
    assert "- 3 of 4 changed lines of code were executed by a passing test.\n" in text
    assert "- Changed lines that no passing test near them executed: `till.py:9`.\n" in text
    assert "- 1 of 3 changed places in code are needed: taken back alone, a test fails (1 not tried within" in text
    assert "- Changed places that no test near them needs: `till.py:7`, `README.md:1`.\n" in text
    assert "- 2 of 3 small mistakes put into the changed lines were noticed.\n" in text
    assert "- Not noticed: `till.py:2: a < b → a <= b`." in text


def test_what_was_not_measured_is_not_claimed() -> None:
    assert "changed lines" not in evidence_text(Evidence(necessity=Necessity(hunks=1, needed=1)))
    assert "changed" not in evidence_text(Evidence())
