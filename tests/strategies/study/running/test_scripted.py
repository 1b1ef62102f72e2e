from __future__ import annotations

from decimal import Decimal

import pytest

from strategies.models.in_memory_meter import CapMeter
from strategies.models.meter import OverBudget
from strategies.models.model import Message, Prompt, Purpose
from strategies.study.running.scripted import BLOCK, UNKNOWN, ScriptedModel, common_prefix_length, scripted_tiers
from strategies.study.tasks.corpus import TaskScript, load_corpus

SCRIPT = TaskScript(
    "Sums are wrong", {"weak": ("first", "second"), "strong": ("best",)}, "def test_sum(): ...\n", "How?", "The cause."
)


def prompt(purpose: Purpose, *texts: str, most: int | None = None) -> Prompt:
    return Prompt(tuple(Message("user", t) for t in texts), purpose, max_output_tokens=most)


def weak() -> ScriptedModel:
    return ScriptedModel("weak", [SCRIPT])


def test_answers_come_in_order_and_the_last_one_stays() -> None:
    model = weak()
    asked = prompt("repair", "Sums are wrong")
    assert [model.complete(asked).text for _ in range(3)] == ["first", "second", "second"]


@pytest.mark.parametrize(
    ("purpose", "words"),
    [
        ("reproduction", "def test_sum"),
        ("plan", "The cause."),
        ("issue-qa", "The cause."),
        ("judge", "order: 1"),
        ("summary", "package"),
        ("reduction", "[]"),
    ],
)
def test_every_purpose_has_an_answer_of_its_kind(purpose: Purpose, words: str) -> None:
    assert words in weak().complete(prompt(purpose, "files", "Sums are wrong")).text


def test_only_the_strong_router_sees_that_a_question_is_needed() -> None:
    asked = prompt("route", "Sums are wrong")
    assert '"tier": "ask"' in ScriptedModel("strong", [SCRIPT]).complete(asked).text
    assert '"tier": "strong"' in weak().complete(asked).text


def test_an_issue_without_a_script_is_not_guessed() -> None:
    assert weak().complete(prompt("repair", "something else")).text == UNKNOWN


def test_usage_counts_the_cached_beginning_in_whole_blocks() -> None:
    model = weak()
    files = "f" * 4 * 3 * BLOCK
    first = model.complete(prompt("repair", files, "Sums are wrong")).usage
    second = model.complete(prompt("repair", files, "Sums are wrong, again")).usage
    assert first is not None
    assert second is not None
    assert first.cached_tokens == 0
    assert second.cached_tokens == 3 * BLOCK
    assert first.input_tokens == model.count(prompt("repair", files, "Sums are wrong"))


def test_an_answer_that_is_too_long_is_cut_and_says_so() -> None:
    done = weak().complete(prompt("repair", "Sums are wrong", most=1))
    assert (done.text, done.finish) == ("firs", "length")


def test_the_money_is_metered() -> None:
    meter = CapMeter(Decimal("0.001"))
    (cheap, dear), roles = scripted_tiers([SCRIPT], meter)
    cheap.model.complete(prompt("repair", "Sums are wrong", most=100))
    with pytest.raises(OverBudget):
        dear.model.complete(prompt("repair", "Sums are wrong", most=100))
    assert [c.tier for c in meter.charges] == ["weak"]
    assert meter.spent > 0
    assert roles["tester"].name == "weak"


def test_titles_tell_the_tasks_apart() -> None:
    titles = [s.script.title for s in load_corpus()]
    assert not [t for t in titles for other in titles if t != other and t in other]


def test_the_common_beginning() -> None:
    assert [
        common_prefix_length("abc", "abd"),
        common_prefix_length("", "x"),
        common_prefix_length("same", "same"),
        common_prefix_length("x", "y"),
    ] == [2, 0, 4, 0]
