"""The straight line on real parts: a GitHub over HTTP, git over HTTP, a real sandbox, real test runs; only models are scripted.

The demo's project and scripts are used: one issue the weak model solves, one that escalates, one nobody solves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select

from deploy.demo.setup import AUTOFIX_YML, TIGHT_BUDGET
from tests.fakes.pipeline_world import NAME, Killed, World, open_world
from workers.db.tables import JobRow, StepRow
from workers.deliveries import inbox
from workers.jobs import queue
from workers.jobs.commands import Cancel, Instruct, Observe, Start
from workers.jobs.job import State
from workers.messages.job_record import find
from workers.pipeline import labels
from workers.pipeline.runner import run
from workers.pipeline.slash_commands import run_command

pytestmark = pytest.mark.slow


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path) as it:
        yield it


def test_the_weak_model_solves_it_and_the_pull_request_shows_evidence_and_bill(world: World) -> None:
    world.add(**{".github__pull_request_template.md": "## Description\n\n## Checklist\n\n- [ ] signed\n"})
    number = world.open("weight")
    job_id = world.label(number)
    assert run(world.deps, job_id) is State.OPENED, world.said(number)
    [pull] = world.github.pulls(NAME)
    assert pull.body.startswith("## Description\n\nFixes #")
    assert "- [ ] signed" in pull.body
    record = find(pull.body)
    assert record is not None
    assert record["attempts"][-1]["tier"] == "weak"
    assert "reproduction" in record["evidence"]["rungs"]
    assert record["evidence"]["after"]["new"] >= 1
    assert Decimal(record["total_usd"]) > 0
    assert Decimal(record["strong_only_usd"]) > Decimal(record["total_usd"])
    assert world.labels(number) == {labels.OPENED}
    assert f"[#{pull.number}]" in world.said(number)
    changed = world.github.read(NAME, record["evidence"]["reproduction"], f"autofix/issue-{number}")
    assert b"def test" in changed


def test_an_issue_beyond_the_weak_model_escalates(world: World) -> None:
    world.add()
    number = world.open("arrival")
    assert run(world.deps, world.label(number)) is State.OPENED, world.said(number)
    [pull] = world.github.pulls(NAME)
    record = find(pull.body)
    assert record is not None
    assert record["attempts"][-1]["tier"] == "strong"
    assert "| strong |" in pull.body


def test_what_nobody_solves_ends_in_an_honest_comment(world: World) -> None:
    world.add()
    number = world.open("split")
    assert run(world.deps, world.label(number)) is State.DECLINED
    assert world.github.pulls(NAME) == []
    said = world.said(number)
    assert "1. **weak**" in said
    assert "**strong**" in said
    assert "**Total: $" in said
    assert world.labels(number) == {labels.NEEDS_HUMAN}


def test_a_budget_that_ends_first_is_told_and_goes_on_after_a_raise(world: World) -> None:
    world.add(**{".github__autofix.yml": AUTOFIX_YML + TIGHT_BUDGET})
    number = world.open("tracking")
    job_id = world.label(number)
    assert run(world.deps, job_id) is State.OVER_BUDGET, world.said(number)
    assert world.labels(number) == {labels.OVER_BUDGET}
    assert "1. **weak**" in world.said(number)
    with world.database.read() as session:
        row = session.get(JobRow, job_id)
        assert row is not None
        assert row.needed is not None
        assert row.needed > 0


def test_a_repository_whose_tests_cannot_be_found_is_told_what_was_looked_for(world: World) -> None:
    world.github.add_repository(NAME, {"notes.txt": "only words\n"}, people={"ada": "write"})
    number = world.github.open_issue(NAME, "It is wrong", "very", by="ada")
    assert run(world.deps, world.label(number)) is State.DECLINED
    said = world.said(number)
    assert "there is no Python file" in said
    assert "setup: " not in said  # lines that nobody ran are not offered
    assert "This cost nothing." in said


def test_an_actor_who_may_not_spend_is_told_so(world: World) -> None:
    world.add()
    number = world.open("weight")
    assert run(world.deps, world.label(number, by="bob")) is State.DECLINED
    assert "write access" in world.said(number)
    assert world.github.pulls(NAME) == []


def test_a_broken_file_is_reported_with_its_line(world: World) -> None:
    world.add(**{".github__autofix.yml": "label: autofix\nstrategie: cascade\n"})
    number = world.open("weight")
    assert run(world.deps, world.label(number)) is State.DECLINED
    assert "line 2: `strategie` is not a known key" in world.said(number)


def test_a_label_taken_off_in_mid_run_stops_it(world: World) -> None:
    world.add()
    number = world.open("weight")
    job_id = world.label(number)

    def unlabel(line: int) -> None:
        if line == 9:
            world.github.unlabel(NAME, number, "autofix", by="ada")
            world.deliver(Cancel(world.place(number), "ada", "the label was removed"))

    assert run(replace(world.deps, at_line=unlabel), job_id) is State.CANCELLED
    assert world.github.pulls(NAME) == []
    assert "The label was removed." in world.said(number)
    assert world.labels(number) == set()


def test_a_delivery_that_comes_twice_and_two_labels_at_once_make_one_job(world: World) -> None:
    world.add()
    number = world.open("weight")
    world.github.label(NAME, number, "autofix", by="ada")
    start = Start(world.place(number), "ada", "autofix")
    first = world.deliver(start, "one")
    assert world.deliver(start, "one").duplicate
    assert world.deliver(start, "two").job_id == first.job_id
    assert first.job_id is not None
    assert run(world.deps, first.job_id) is State.OPENED
    assert world.deliver(start, "one").duplicate
    assert run(world.deps, first.job_id) is None
    assert len(world.github.pulls(NAME)) == 1


@pytest.mark.timeout(600)
def test_a_worker_killed_at_any_line_is_resumed_and_nothing_is_published_twice(world: World) -> None:
    world.add()
    for opened, line in enumerate(range(4, 12), 1):  # one repository: its environment is prepared once
        number = world.open("weight")
        job_id = world.label(number)
        struck: list[int] = []

        def kill(here: int, line: int = line, struck: list[int] = struck) -> None:
            if here == line and not struck:
                struck.append(here)
                raise Killed

        deps = replace(world.deps, at_line=kill)
        with pytest.raises(Killed):
            run(deps, job_id)
        assert world.job(job_id).state in (State.QUEUED, State.RUNNING)
        world.after_a_while()
        assert run(deps, job_id) is State.OPENED, f"killed at line {line}: {world.said(number)}"
        assert len(world.github.pulls(NAME)) == opened
        assert world.said(number).count("I opened") == 1
        assert world.labels(number) == {labels.OPENED}


def instruct(world: World, number: int, text: str, by: str) -> str:
    """A comment is written, delivered, and obeyed."""
    from webhook.slash_command import parse

    remark = world.github.comment(NAME, number, text, by=by)
    said = parse(text, on_pull_request=False)
    assert said is not None
    world.deliver(Instruct(world.place(number), by, said[0], said[1], remark.id), f"comment-{remark.id}")
    return run_command(world.deps, f"comment-{remark.id}")


@pytest.fixture
def answered(world: World) -> Callable[[str, str], str]:
    """(text, author) → the bot's answer on a fresh issue."""
    world.add()
    number = world.open("weight")

    def ask(text: str, by: str) -> str:
        instruct(world, number, text, by)
        comments = world.github.issue(NAME, number).comments
        return comments[-1].body if "pennyfix:answer" in comments[-1].body else ""

    return ask


def test_a_command_starts_a_job_and_puts_the_label_on(world: World) -> None:
    world.add()
    number = world.open("weight")
    instruct(world, number, "/autofix", "ada")
    assert "autofix" in world.github.issue(NAME, number).labels
    with world.database.read() as session:
        job = queue.active(session, world.github.repository(NAME).id, number)
    assert job is not None
    assert run(world.deps, job.id) is State.OPENED


def test_a_command_carried_out_twice_is_answered_once(world: World) -> None:
    world.add()
    number = world.open("weight")
    remark = world.github.comment(NAME, number, "/autofix help", by="ada")
    command = Instruct(world.place(number), "ada", "help", "", remark.id)
    for guid in ("a", "b"):
        world.deliver(command, guid)
        run_command(world.deps, guid)
    answers = [r for r in world.github.issue(NAME, number).comments if "pennyfix:answer" in r.body]
    assert len(answers) == 1


def test_a_stranger_cannot_make_the_bot_talk(answered: Callable[[str, str], str]) -> None:
    assert answered("/autofix help", "eve") == ""
    assert answered("/autofix", "bob") == ""


@pytest.mark.parametrize(
    ("text", "by", "says"),
    [
        ("/autofix retry nonsense", "ada", "There is no strategy `nonsense`"),
        ("/autofix stop", "ada", "Nothing is running here."),
        ("/autofix approve", "ada", "Nothing is waiting for approval"),
        ("/autofix dance", "ada", "I don't know `/autofix dance`"),
        ("/autofix budget", "ada", "This month: $0.00 of $5.00"),
        ("/autofix budget 3", "ada", "administrator rights"),
        ("/autofix budget 3", "root", "is now $3.00"),
        ("/autofix budget -3", "root", "Nothing was changed"),
        ("/autofix budget 12 €", "root", "US dollars only"),
        ("/autofix budget NaN", "root", "Nothing was changed"),
        ("/autofix quote", "ada", "**Likely $"),
    ],
)
def test_every_command_is_answered(answered: Callable[[str, str], str], text: str, by: str, says: str) -> None:
    assert says in answered(text, by)


def test_a_merged_pull_request_changes_the_next_decision(world: World) -> None:
    world.add()
    first = world.label(world.open("weight"))
    assert run(world.deps, first) is State.OPENED
    merged = Observe(world.place(1), "ada", "merged", f"autofix/issue-{world.job(first).issue}")
    with world.database.begin() as session:
        inbox.record(
            session, guid="m", event="pull_request", action="closed", body_digest="", command=merged, now=world.clock()
        )
    assert run_command(world.deps, "m") == "remembered: merged"
    second = world.label(world.open("arrival"))
    run(world.deps, second)
    assert _first_chance(world, second) > _first_chance(world, first)


def _first_chance(world: World, job_id: int) -> float:
    """The weak model's chance in the job's first decision."""
    with world.database.read() as session:
        query = select(StepRow.facts).where(StepRow.job_id == job_id, StepRow.kind == "decision").order_by(StepRow.id)
        facts = session.scalars(query).first()
    assert facts is not None
    return next(float(o["q"]) for o in facts["options"] if o["tier"] == "weak")
