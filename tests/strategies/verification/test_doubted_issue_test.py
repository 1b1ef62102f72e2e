"""A test that every patch of several families fails is doubted aloud, and only such a one."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from sandbox.repository.patch import Patch
from strategies.attempt import Attempt, JudgedAttempt
from strategies.models.in_memory_meter import CapMeter
from strategies.models.meter import Metered
from strategies.tier import Tier
from strategies.verdict import Judged, Reproduction, Verdict
from strategies.verification.doubted_issue_test import doubt_aloud, doubt_of, families_rejected, got_past, noted
from tests.fakes.model import ScriptedModel
from tests.fakes.verification import failed, passed, rejected, unjudged


def tier(name: str, model: str, family: str = "") -> Tier:
    return Tier(name, Metered(ScriptedModel([], name=model), CapMeter(Decimal(1)), name), family=family)


TIERS = (tier("weak", "deepseek/flash"), tier("strong", "anthropic/claude-opus"), tier("twin", "x/y", "claude"))


def tried(name: str, verdict: Verdict | None = None, text: str = "") -> JudgedAttempt:
    patch = Patch({"a.py": (text or name).encode()})
    return JudgedAttempt(Attempt(name, "repair", patch), verdict or rejected())


def test_patches_of_two_families_that_all_fail_it_raise_the_doubt() -> None:
    history = [tried("weak"), tried("weak", text="again"), tried("strong")]
    assert families_rejected(history, TIERS) == ("claude", "deepseek")
    assert doubt_aloud(history, TIERS).startswith(
        "all 3 patches, by models of 2 families (claude, deepseek), fail the test from the issue, so the test itself"
    )


def test_two_models_of_one_family_raise_none() -> None:
    assert doubt_aloud([tried("strong"), tried("twin")], TIERS) == ""
    assert doubt_aloud([tried("weak"), tried("weak", text="again")], TIERS) == ""


def test_one_patch_that_passes_it_takes_the_doubt_away() -> None:
    history = [tried("weak"), tried("strong")]
    good = replace(passed().evidence, reproduction=Reproduction("t.py", b"t", ("t",), "", passes=True))
    assert doubt_aloud([*history, tried("weak", Verdict(Judged.FAILED, good), "more")], TIERS) == ""


def test_one_patch_that_went_on_to_break_old_tests_takes_it_away_too() -> None:
    broke = replace(failed().evidence, broken=("tests/test_old.py::test_old",))
    past = tried("weak", Verdict(Judged.FAILED, broke), "more")
    assert got_past(past)
    assert doubt_aloud([tried("weak"), tried("strong"), past], TIERS) == ""


def test_what_no_test_judged_says_nothing() -> None:
    nothing = JudgedAttempt(Attempt("weak", "repair", Patch(), error="no edit"), failed())
    history = [tried("weak"), nothing, tried("weak", failed(), "refused"), tried("strong"), tried("twin", unjudged())]
    assert families_rejected(history, TIERS) == ("claude", "deepseek")
    assert not got_past(nothing)


def test_further_tests_that_agree_are_told_and_people_decide() -> None:
    assert "a further test rejects them as well" in doubt_of(("a", "b"), 2, 1)
    assert "2 further tests reject them as well" in doubt_of(("a", "b"), 2, 2)
    assert doubt_of(("a",), 2, 2) == ""


def test_the_doubt_stands_among_the_notes_of_what_is_shown() -> None:
    shown = noted(tried("weak"), "in doubt")
    assert shown.verdict.evidence.notes == ("in doubt",)
    assert shown.verdict.judged is Judged.FAILED
