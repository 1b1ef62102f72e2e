"""What executed tests cannot decide alone, on real parts: one test that is wrong, pinned tests, and doubts.

The demo's project is used, with a weak and a strong model that know the right patch for its first issue; what is wrong
is the test from the issue, an old test, or how the patch came by its success.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.demo.models import purpose_of
from deploy.demo.setup import AUTOFIX_YML
from tests.fakes.pipeline_world import NAME, World, open_world
from workers.jobs.job import State
from workers.messages.job_record import find
from workers.pipeline import labels
from workers.pipeline.runner import run

pytestmark = pytest.mark.slow

DRAFTS = AUTOFIX_YML.replace("unverified: decline", "unverified: draft")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path) as it:
        it.says = Answers()
        yield it


class Answers:
    """What the models say before their scripts: `tests` from the issue in order, and a `patch`. `asked` says who was."""

    def __init__(self, *tests: str, patch: str = "") -> None:
        self.tests, self.patch = tests, patch
        self.asked: list[str] = []

    def __call__(self, model: str, prompt: str) -> str | None:
        purpose = purpose_of(prompt)
        self.asked.append(f"{model.rpartition('-')[2]} {purpose}")
        if purpose != "reproduction":
            return self.patch or None
        number = next((n for n in range(2, 9) if f"This is test {n}:" in prompt), 1)
        if number > len(self.tests):
            return None
        return f"```python\nfrom parcel.weight import parse_weight, show_weight\n\n\n{self.tests[number - 1]}```\n"


def expects(text: str, grams: int, more: str = "") -> str:
    return f"def test_upper_case():\n    assert parse_weight({text!r}) == {grams}{more}\n"


OVER_SPECIFIED = expects("1.5 KG", 1500, "\n    assert show_weight(1500) == '1.5 KG'")


def test_a_right_patch_that_one_wrong_test_rejected_is_published_by_the_vote(world: World) -> None:
    says = world.says = Answers(OVER_SPECIFIED, expects("1.5 KG", 1500), expects("750 G", 750))
    world.add()
    number = world.open("weight")
    assert run(world.deps, world.label(number)) is State.OPENED, world.said(number)
    pull = world.pull()
    assert pull.pull is not None
    assert not pull.pull.draft
    words = "2 passed and 0 failed of 3 tests written from the issue, which vote; 1 more could change nothing"
    assert words in pull.body  # the wrong test is the least believed, so it votes last
    record = find(pull.body)
    assert record is not None
    assert [a["judged"] for a in record["attempts"]].count("passed") == 1
    published = world.github.read(NAME, record["evidence"]["reproduction"], f"autofix/issue-{number}")
    assert b"show_weight(1500)" not in published, "the test that was outvoted is not published"
    assert [a for a in says.asked if a.endswith("repair")][-1] == "strong repair"


def test_what_every_test_rejects_is_shown_in_the_comment_and_never_pushed(world: World) -> None:
    world.says = Answers(OVER_SPECIFIED, expects("2 KG", 1999), expects("3 KG", 2999))
    world.add()
    number = world.open("weight")
    assert run(world.deps, world.label(number)) is State.DECLINED
    assert world.github.pulls(NAME) == []
    said = world.said(number)
    assert "keeps every test green that passed before and fails only the test that I wrote" in said
    assert "+    parts = text.lower().split()" in said
    assert "show_weight(1500) == '1.5 KG'" in said
    assert world.labels(number) == {labels.NEEDS_HUMAN}


def test_a_repository_may_have_it_as_a_draft_that_counts_for_nothing(world: World) -> None:
    world.says = Answers(OVER_SPECIFIED, expects("2 KG", 1999), expects("3 KG", 2999))
    world.add(**{".github__autofix.yml": AUTOFIX_YML + "doubtful: draft\n"})
    number = world.open("weight")
    assert run(world.deps, world.label(number)) is State.DECLINED
    pull = world.pull()
    assert pull.pull is not None
    assert pull.pull.draft
    assert "doubtful draft" in pull.body
    assert world.labels(number) == {labels.NEEDS_HUMAN}
    assert world.latest(number).state is State.DECLINED
    assert b"text.lower()" in world.github.read(NAME, "parcel/weight.py", f"autofix/issue-{number}")


PINS = (
    "import pytest\n\nfrom parcel.weight import parse_weight\n\n\ndef test_units_are_lower_case():\n"
    "    with pytest.raises(ValueError):\n        parse_weight('1 KG')\n"
)
EDITS = (
    "The old test pins what the issue wants changed.\n\n```\nparcel/weight.py\n<<<<<<< SEARCH\n"
    "    parts = text.split()\n=======\n    parts = text.lower().split()\n>>>>>>> REPLACE\n```\n\n"
    "```\ntests/test_pins.py\n<<<<<<< SEARCH\n    with pytest.raises(ValueError):\n        parse_weight('1 KG')\n=======\n"
    "    assert parse_weight('1 KG') == 1000\n>>>>>>> REPLACE\n```\n"
)


def test_a_patch_that_breaks_what_the_issue_wants_changed_asks_before_the_strong_model_is_paid(world: World) -> None:
    says = world.says = Answers(patch=EDITS)
    world.add(**{".github__autofix.yml": DRAFTS, "tests__test_pins.py": PINS})
    number = world.open("weight")
    assert run(world.deps, world.label(number)) is State.OPENED, world.said(number)
    pull = world.pull()
    assert pull.pull is not None
    assert pull.pull.draft
    assert "**This is a draft with a question.**" in pull.body
    assert "test_units_are_lower_case" in pull.body
    assert "    with pytest.raises(ValueError):\n        parse_weight('1 KG')" in pull.body
    assert "updates exactly these tests itself" in pull.body
    assert b"== 1000" in world.github.read(NAME, "tests/test_pins.py", f"autofix/issue-{number}")
    assert "strong repair" not in says.asked
    assert world.labels(number) == {labels.NEEDS_HUMAN}


CHEATS = (
    "Weights in capital letters.\n\n```\nparcel/weight.py\n<<<<<<< SEARCH\n    parts = text.split()\n=======\n"
    "    import os\n\n    parts = text.lower().split()\n    if os.environ.get('PYTEST_CURRENT_TEST'):\n"
    "        parts = parts[:2]\n"
    ">>>>>>> REPLACE\n```\n"
)


def test_a_patch_that_looks_for_the_test_runner_is_a_draft_that_says_so(world: World) -> None:
    world.says = Answers(patch=CHEATS)
    world.add()
    number = world.open("weight")
    assert run(world.deps, world.label(number)) is State.OPENED, world.said(number)
    pull = world.pull()
    assert pull.pull is not None
    assert pull.pull.draft
    assert "but there are doubts" in pull.body
    assert "> - parcel/weight.py: " in pull.body
    assert "Opened a draft to be read first" in world.said(number)
