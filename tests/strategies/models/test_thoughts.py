from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.models.thoughts import SpokenAnswer, without_thoughts

DRAFT = "a.py\n<<<<<<< SEARCH\nx = 1\n=======\nx = 2\n>>>>>>> REPLACE\n"
MEANT = "a.py\n<<<<<<< SEARCH\nx = 1\n=======\nx = 3\n>>>>>>> REPLACE\n"
FRAMES = (
    ("<think>\n", "\n</think>\n\n"),
    ("", "</think>\n"),  # the opening one was part of the prompt
    ("Let me see.\n<think>", "</think>"),
    ("<think>one</think>\nNo, again.\n<think>", "</think>\n"),
    ("<think>nested <think> ", "</think> more </think>"),
    ("<thinking>\n", "\n</thinking>\n"),
    ("<thought>", "</thought>"),
    ("<thoughts>", "</thoughts>"),
    ("<THINK>", "</THINK>"),
    ("<reasoning effort='high'>", "</reasoning>"),
    ("<scratchpad>", "</scratchpad>"),
    ("<reflection>", "</reflection>"),
    ("<seed:think>", "</seed:think>"),
    ("<antThinking>", "</antThinking>"),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
    ("<|begin_of_thought|>\n", "\n<|end_of_thought|>\n\n<|begin_of_solution|>\n"),
    ("<|START_THINKING|>", "<|END_THINKING|><|START_RESPONSE|>"),
    ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    ("analysisWe need to see. ", "assistantfinal\n"),
    ("<|channel>thought\n", "<channel|>"),
    ("<unused94>thought\n", "<unused95>"),
    ("<think>", "</think>\n<answer>\n"),
)


@pytest.mark.parametrize(("opening", "closing"), FRAMES)
def test_what_stands_before_the_last_closing_marker_is_no_answer(opening: str, closing: str) -> None:
    spoken = without_thoughts(f"{opening}{DRAFT}{closing}{MEANT}")
    assert spoken.text.strip() == MEANT.strip()
    assert not spoken.cut_off


@pytest.mark.parametrize("opening", sorted({o for o, _ in FRAMES if o}))
def test_a_thought_that_is_never_closed_leaves_nothing_after_it(opening: str) -> None:
    spoken = without_thoughts(f"{opening}{DRAFT}and then")
    assert DRAFT not in spoken.text
    assert spoken.cut_off


def test_what_was_said_before_an_unclosed_thought_stays() -> None:
    assert without_thoughts(f"{MEANT}<think>or rather\n{DRAFT}") == SpokenAnswer(MEANT, cut_off=True)


def test_a_draft_that_breaks_off_in_a_thought_does_not_hide_its_end() -> None:
    text = f"<think>a.py\n<<<<<<< SEARCH\nx\n=======\nno, wait</think>\n{MEANT}"
    assert without_thoughts(text) == SpokenAnswer(f"\n{MEANT}")


def test_frames_of_the_answer_go_with_the_thoughts() -> None:
    assert without_thoughts(f"<think>a</think><answer>{MEANT}</answer>").text.strip() == MEANT.strip()
    assert without_thoughts("<|channel|>final<|message|>ready<|return|>").text == "ready"


@pytest.mark.parametrize(
    "text",
    [
        "no markers at all",
        "a.py\n<<<<<<< SEARCH\n    </think>\n=======\n    <think>\n>>>>>>> REPLACE\n",
        'The cause: `"</think>"` is not cut.\n' + MEANT,
        'a.py\n<<<<<<< SEARCH\nTAG = "<think>"\n=======\nTAG = "</think>"\n>>>>>>> REPLACE\n',
        "```python\nEND = re.compile(r'</think>')\n```\n" + MEANT,
        "the analysis shows x < y and y > z, [THINKING] not\n" + MEANT,
        "<answer>kept as it is</answer>",
    ],
)
def test_code_about_markers_and_words_that_are_none_are_left_alone(text: str) -> None:
    assert without_thoughts(text) == SpokenAnswer(text)


@given(
    st.lists(st.sampled_from(["<think>", "</think>", "<|channel|>", "final", DRAFT, "`", '"', "\n", "x"]), max_size=9)
)
def test_cutting_twice_cuts_no_more(parts: list[str]) -> None:
    once = without_thoughts("".join(parts))
    assert once.text in "".join(parts) or "answer" in "".join(parts)
    assert without_thoughts(once.text).text == once.text
