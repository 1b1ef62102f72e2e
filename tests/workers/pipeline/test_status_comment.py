"""One sticky comment, edited with restraint, found again after a crash."""

from __future__ import annotations

from collections.abc import Callable

from strategies.step import Step
from tests.fakes.github import FakeGitHub
from workers.github.types import RemoteComment, Unreachable
from workers.messages import comments
from workers.pipeline.status_comment import StatusComment


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Row:
    """A job's row whose lease is never lost."""

    def fence(self) -> None: ...
    def remember_comment(self, comment_id: int) -> None: ...


def status(github: FakeGitHub, clock: Callable[[], float], comment_id: int = 0) -> StatusComment:
    return StatusComment(
        github,
        1,
        Row(),
        comment_id=comment_id,
        monotonic=clock,
    )


def test_it_begins_with_eyes_and_one_comment_with_the_hidden_mark() -> None:
    github = FakeGitHub()
    status(github, Clock()).start("Working on it")
    assert (1, 0, "eyes") in github.reactions
    [comment] = github.comments[1]
    assert comments.marker(1) in comment.body
    assert "Working on it" in comment.body


def test_steps_within_fifteen_seconds_are_one_edit() -> None:
    github, clock = FakeGitHub(), Clock()
    it = status(github, clock)
    it.start("Working on it")
    for number in range(10):
        it.show(Step("attempt", f"step {number}"))
    assert github.writes.count("edit") == 0
    clock.now += 15
    it.refresh()
    assert github.writes.count("edit") == 1
    assert "step 9" in github.comments[1][0].body
    it.refresh()
    assert github.writes.count("edit") == 1


def test_after_a_crash_the_comment_is_found_by_its_mark() -> None:
    github = FakeGitHub()
    status(github, Clock()).start("Working on it")
    status(github, Clock()).end("Done", "It is done.")
    [comment] = github.comments[1]
    assert "It is done." in comment.body


def test_a_mark_in_somebody_elses_comment_is_left_alone() -> None:
    github = FakeGitHub()
    forged = RemoteComment(5, "mallory", "NONE", comments.marker(1), is_bot=False, ours=False)
    github.comments[1] = [forged]
    status(github, Clock()).end("Done", "It is done.")
    assert github.comments[1][0] == forged
    assert len(github.comments[1]) == 2


def test_a_deleted_comment_is_written_again() -> None:
    github = FakeGitHub()
    it = status(github, Clock())
    it.start("Working on it")
    github.comments[1].clear()
    it.end("Done", "It is done.")
    assert len(github.comments[1]) == 1


def test_a_quiet_ending_says_nothing_where_nothing_was_said() -> None:
    github = FakeGitHub()
    status(github, Clock()).end("Stopped", "The label was taken off.", quiet=True)
    assert github.comments == {}


def test_nothing_is_edited_after_the_last_word() -> None:
    github, clock = FakeGitHub(), Clock()
    it = status(github, clock)
    it.start("Working on it")
    it.end("Done", "It is done.")
    it.show(Step("attempt", "late"))
    clock.now += 60
    it.refresh()
    assert "late" not in github.comments[1][0].body


def test_progress_that_cannot_be_shown_does_not_stop_the_work() -> None:
    github, clock = FakeGitHub(), Clock()
    it = status(github, clock)
    it.start("Working on it")

    def away(what: str) -> None:
        raise Unreachable(what)

    github.after = away
    clock.now += 60
    it.show(Step("attempt", "one"))
    github.after = lambda _what: None
    clock.now += 60
    it.refresh()
    assert "one" in github.comments[1][0].body
