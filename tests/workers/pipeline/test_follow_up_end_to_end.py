"""Follow-ups on real parts: reviews, failing checks and instructions on our pull request, as the stand-in tells of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from tests.fakes.pipeline_world import NAME, World, open_world, spent
from workers.jobs.job import State
from workers.messages.job_record import find
from workers.pipeline import labels
from workers.pipeline.breaker import Breaker
from workers.pipeline.slash_commands import run_command
from workers.usd import show_usd

pytestmark = pytest.mark.slow

BETTER = """\
The name `parts` says nothing, so it is `words` now.

```
parcel/weight.py
<<<<<<< SEARCH
    parts = text.lower().split()
    if len(parts) != 2 or parts[1] not in UNITS:
=======
    words = text.lower().split()
    if len(words) != 2 or words[1] not in UNITS:
>>>>>>> REPLACE
<<<<<<< SEARCH
    grams = round(float(parts[0]) * UNITS[parts[1]])
=======
    grams = round(float(words[0]) * UNITS[words[1]])
>>>>>>> REPLACE
```
"""
WORSE = """\
Nobody needs the unit.

```
parcel/weight.py
<<<<<<< SEARCH
    grams = round(float(parts[0]) * UNITS[parts[1]])
=======
    grams = round(float(parts[0]))
>>>>>>> REPLACE
```
"""
ASKED = "Call it words"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path) as it:
        yield it


def opened(world: World) -> int:
    """A pull request of ours for the issue of this number, by label alone."""
    world.add()
    number = world.open("weight")
    world.github.label(NAME, number, "autofix", by="ada")
    assert world.go() == [State.OPENED]
    return number


def answers(world: World, when: str, text: str) -> None:
    """What every model says once a prompt holds `when`."""
    world.says = lambda _model, prompt: text if when in prompt else None


def review(world: World, body: str = "Almost.", by: str = "ada") -> None:
    line = ("parcel/weight.py", 8, ASKED)
    world.github.review(NAME, world.pull().number, "CHANGES_REQUESTED", body, by=by, lines=[line])


def test_a_review_becomes_a_commit_on_the_branch_an_answer_in_its_thread_and_a_bill_of_both(world: World) -> None:
    number = opened(world)
    first = world.pull()
    assert first.pull is not None
    before, head = spent(world), first.pull.head_sha
    answers(world, ASKED, BETTER)
    review(world)
    assert world.go() == [State.OPENED], world.said(world.pull().number)
    pull = world.pull()
    assert pull.pull is not None
    assert world.github.repository(NAME).objects.commit(pull.pull.head_sha).parents == (head,)
    assert b"words = text" in world.github.read(NAME, "parcel/weight.py", f"autofix/issue-{number}")
    [asked, answered] = pull.pull.comments
    assert answered.reply_to == asked.id
    assert pull.pull.head_sha[:12] in answered.body
    assert before < spent(world)
    assert f"**Total: {show_usd(spent(world))}**" in pull.body
    assert "The newest commit answers a review." in pull.body
    record = find(pull.body)
    assert record is not None
    assert record["job"] == world.latest(number).id
    assert f"I added the commit {pull.pull.head_sha[:12]}" in world.said(pull.number)
    assert "I opened a pull request" in world.said(number)
    assert world.labels(number) == {labels.OPENED}
    assert world.go() == []


def test_a_follow_up_that_fails_says_so_on_the_pull_request_and_changes_neither_branch_nor_label(world: World) -> None:
    number = opened(world)
    before = world.pull()
    assert before.pull is not None
    head, body = before.pull.head_sha, before.body
    answers(world, ASKED, WORSE)
    review(world)
    assert world.go() == [State.DECLINED]
    pull = world.pull()
    assert pull.pull is not None
    assert (pull.pull.head_sha, pull.body) == (head, body)
    assert "I left this pull request as it is." in world.said(pull.number)
    assert "I opened a pull request" in world.said(number)
    assert world.labels(number) == {labels.OPENED}
    assert len(pull.pull.comments) == 1


def test_a_review_by_somebody_who_may_not_spend_starts_nothing(world: World) -> None:
    opened(world)
    review(world, by="bob")
    assert world.go() == []


def test_failing_checks_are_read_and_repaired_once_for_each_commit(world: World) -> None:
    number = opened(world)
    branch = f"autofix/issue-{number}"
    answers(world, "E501: too long", BETTER)
    world.github.admin.check(NAME, branch, "failure", name="lint", summary="parcel/weight.py:8 E501: too long")
    world.github.admin.check(NAME, branch, "failure", name="types", summary="error: no")
    assert world.go() == [State.OPENED]
    pull = world.pull()
    assert "The newest commit answers failing checks." in pull.body
    assert b"words = text" in world.github.read(NAME, "parcel/weight.py", branch)
    answers(world, "E501: too long", WORSE)
    for _ in range(2):
        world.github.admin.check(NAME, branch, "failure", name="lint", summary="parcel/weight.py:8 E501: too long")
        world.go()
    assert world.latest(number).state is State.DECLINED
    with_job = world.latest(number).id
    world.github.admin.check(NAME, branch, "failure", name="lint", summary="again")
    assert world.go() == []
    assert world.latest(number).id == with_job


def test_checks_of_a_commit_that_is_not_the_newest_cost_nothing(world: World) -> None:
    number = opened(world)
    before = spent(world)
    branch = f"autofix/issue-{number}"
    world.github.admin.check(NAME, branch, "failure", name="lint", summary="no")
    world.github.repository(NAME).checks[-1].fields["conclusion"] = "success"  # run again meanwhile
    assert world.go() == [State.CANCELLED]
    assert spent(world) == before
    assert world.labels(number) == {labels.OPENED}


def test_instructions_in_a_comment_are_followed(world: World) -> None:
    number = opened(world)
    answers(world, ASKED, BETTER)
    world.github.comment(NAME, world.pull().number, f"/autofix {ASKED} please", by="ada")
    assert world.go() == [State.OPENED]
    assert b"words = text" in world.github.read(NAME, "parcel/weight.py", f"autofix/issue-{number}")
    assert any("I'll try it" in said for said in world.comments(world.pull().number))
    assert "The newest commit does what a comment asked for." in world.pull().body


def test_a_push_by_somebody_else_in_mid_run_makes_the_follow_up_start_from_it(world: World) -> None:
    number = opened(world)
    answers(world, ASKED, BETTER)
    review(world)
    github, branch = world.github, f"refs/heads/autofix/issue-{number}"
    pushed: list[str] = []

    def push(line: int) -> None:
        if line == 10 and not pushed:
            own = github.repository(NAME).objects
            tip = own.ref(branch)
            assert tip is not None
            tree = own.add_tree([("NOTES.md", "100644", own.add_blob(b"mine\n"))], own.commit(tip).tree)
            who = own.commit(tip).author
            sha = own.add_commit(tree, [tip], "Mine\n", who, who)
            own.set_ref(branch, sha)
            pushed.append(sha)
            pull = world.pull().pull
            assert pull is not None
            pull.head_sha = sha

    world.deps = replace(world.deps, at_line=push)
    assert world.go() == [State.QUEUED]
    world.after_a_while()
    job = world.latest(number)
    world.woken.append(job.id)
    assert world.go() == [State.OPENED], world.said(world.pull().number)
    pull = world.pull().pull
    assert pull is not None
    assert github.repository(NAME).objects.commit(pull.head_sha).parents == tuple(pushed)


def test_a_merge_is_remembered_and_ends_what_runs(world: World) -> None:
    number = opened(world)
    answers(world, ASKED, BETTER)
    review(world)
    world.github.merge(NAME, world.pull().number, by="ada")
    assert world.go() in ([], [State.CANCELLED], [None])
    assert world.latest(number).state is State.CANCELLED
    assert Decimal(0) < spent(world)


def test_the_breaker_ends_a_ping_pong_says_so_once_and_a_person_goes_on(world: World) -> None:
    number = opened(world)
    world.deps = replace(world.deps, breaker=Breaker(rounds=1))
    answers(world, ASKED, BETTER)
    review(world)
    assert world.go() == [State.OPENED]
    branch = f"autofix/issue-{number}"
    review(world)
    world.github.admin.check(NAME, branch, "failure", name="lint", summary="no")
    assert world.go() == []
    [said] = world.comments(world.pull().number)
    assert "the breaker tripped after 1 round." in said
    answers(world, "back to parts", BETTER.replace("words", "bits").replace("parts", "words"))
    world.github.comment(NAME, world.pull().number, "/autofix back to parts", by="ada")
    assert world.go() == [State.OPENED], world.said(world.pull().number)
    assert b"bits = text" in world.github.read(NAME, "parcel/weight.py", branch)


def test_the_breaker_counts_money_too(world: World) -> None:
    opened(world)
    world.deps = replace(world.deps, breaker=Breaker(rounds=9, usd=Decimal("0.0001")))
    answers(world, ASKED, BETTER)
    review(world)
    assert world.go() == [State.OPENED]
    review(world)
    assert world.go() == []
    assert "the breaker tripped after $0.00" in world.comments(world.pull().number)[0]


def test_a_review_during_a_job_is_heard_after_it(world: World) -> None:
    number = opened(world)
    answers(world, ASKED, BETTER)
    review(world)
    asked: list[int] = []

    def again(line: int) -> None:
        if line == 9 and not asked:
            asked.append(line)
            review(world, "And the name of the test.")
            before = world.woken.copy()
            world.receive()
            assert world.woken == before

    world.deps = replace(world.deps, at_line=again)
    assert world.go() == [State.OPENED]
    first = world.latest(number).id
    world.after_a_while()
    for guid in world.waiting:
        run_command(world.deps, guid)
    world.go()
    assert world.latest(number).id > first
