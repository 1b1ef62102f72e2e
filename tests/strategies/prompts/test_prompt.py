from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from strategies.prompts.prompt import BUILT_IN, PromptError, PromptFolder, digest, load


def test_every_built_in_prompt_loads_with_its_digest() -> None:
    for name in PromptFolder().names():
        prompt = load(name)
        assert prompt.text
        assert prompt.digest == hashlib.sha256((BUILT_IN / f"{name}.md").read_bytes()).hexdigest()[:12]


def test_an_operators_prompt_wins_and_has_another_digest(tmp_path: Path) -> None:
    (tmp_path / "repair-learned.md").write_text("Before: $attempts costs $$5")
    prompt = load("repair-learned", tmp_path)
    assert prompt.fill(attempts="two") == "Before: two costs $5"
    assert prompt.digest != load("repair-learned").digest
    assert load("shared-opening", tmp_path) == load("shared-opening")


@pytest.mark.parametrize(
    ("text", "words"),
    [("nothing", r"missing \$attempts"), ("$attempts $more", r"unknown \$more"), ("$attempts costs $5", r"`\$\$`")],
)
def test_a_prompt_with_other_placeholders_is_refused_by_name(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "repair-learned.md").write_text(text)
    with pytest.raises(PromptError, match=words) as caught:
        load("repair-learned", tmp_path)
    assert "repair-learned" in str(caught.value)


def test_a_folder_is_checked_whole_and_says_what_it_replaces(tmp_path: Path) -> None:
    assert PromptFolder().check() == ()
    (tmp_path / "repair-learned.md").write_text("Before: $attempts")
    (tmp_path / "README.txt").write_text("notes")
    assert PromptFolder(tmp_path).check() == ("repair-learned",)
    digests = PromptFolder(tmp_path).digests()
    assert {n for n, d in digests.items() if d != load(n).digest} == {"repair-learned"}


def test_a_file_that_replaces_nothing_is_refused_with_the_names_there_are(tmp_path: Path) -> None:
    (tmp_path / "repair-learnt.md").write_text("x")
    with pytest.raises(PromptError, match=r"repair-learnt\.md replaces no prompt; there are: .*repair-learned"):
        PromptFolder(tmp_path).check()
    with pytest.raises(PromptError, match="is not there"):
        PromptFolder(tmp_path / "nowhere").check()


def test_filling_needs_exactly_the_placeholders() -> None:
    with pytest.raises(PromptError, match=r"missing \$attempts; unknown \$tries"):
        load("repair-learned").fill(tries="1")


def test_an_unknown_prompt_is_answered_with_the_known_ones() -> None:
    with pytest.raises(PromptError, match="repair-rules"):
        load("nonsense")


def test_a_dollar_in_a_value_is_only_a_dollar() -> None:
    assert "$HOME" in load("repair-learned").fill(attempts="echo $HOME")


def test_one_digest_stands_for_several_prompts() -> None:
    a, b = load("repair-learned"), load("shared-opening")
    assert digest(a) == a.digest
    assert digest(a, b) != digest(b, a)
