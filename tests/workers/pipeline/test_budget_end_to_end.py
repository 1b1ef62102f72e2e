"""The budget as people meet it on GitHub: the issue of its own, the two alerts, and jobs that go on after a raise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.demo.github.state import DemoIssue
from deploy.demo.setup import AUTOFIX_YML, PENNYFIX_TOML
from tests.fakes.pipeline_world import NAME, World, open_world, spent
from workers.jobs.job import State
from workers.messages.budget_issue import TITLE
from workers.pipeline import labels

pytestmark = pytest.mark.slow

ROOMY = PENNYFIX_TOML.replace("repository_monthly_usd = 5", "repository_monthly_usd = 50").replace(
    "\nmonthly_usd = 20\n", "\nmonthly_usd = 200\n"
)
TIGHT = {".github__autofix.yml": AUTOFIX_YML + "budget: {monthly_usd: 0.02}\n"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path, ROOMY) as it:
        yield it


def budget_issue(world: World) -> DemoIssue | None:
    found = [it for it in world.github.repository(NAME).issues.values() if it.title == TITLE]
    assert len(found) <= 1, "opened once"
    return found[0] if found else None


def labeled(world: World, script: str) -> int:
    number = world.open(script)
    world.github.label(NAME, number, "autofix", by="ada")
    return number


def alerts(issue: DemoIssue) -> list[str]:
    return [r.body for r in issue.comments if "pennyfix:budget:" in r.body]


def test_a_job_inside_its_budget_opens_no_issue(world: World) -> None:
    world.add()
    labeled(world, "weight")
    assert world.go() == [State.OPENED]
    assert budget_issue(world) is None


def test_the_end_of_the_month_is_told_once_and_a_raise_lets_all_go_on_oldest_first(world: World) -> None:
    world.add(**TIGHT)
    first, second = labeled(world, "tracking"), labeled(world, "tracking")
    assert world.go() == [State.OVER_BUDGET, State.OVER_BUDGET], world.said(first)
    issue = budget_issue(world)
    assert issue is not None
    [alert] = alerts(issue)
    assert "is used up" in alert
    assert f"Waiting for money: #{first}, #{second}." in issue.body
    assert f"| #{first} | " in issue.body
    assert "of $0.02**" in issue.body
    assert world.labels(first) == world.labels(second) == {labels.OVER_BUDGET}
    world.github.comment(NAME, issue.number, "/autofix budget 50", by="root")
    states = world.go()
    ended = [world.latest(n).state for n in (first, second)]
    assert states == ended
    assert ended[0] is State.OPENED, world.said(first)
    assert State.OVER_BUDGET not in ended
    assert "is now $50.00" in world.comments(issue.number)[-1]
    assert "of $50.00**" in issue.body
    assert "Waiting for money" not in issue.body
    assert len(alerts(issue)) == 1


def test_four_fifths_are_told_once(world: World) -> None:
    world.add()
    labeled(world, "weight")
    world.go()
    near = str((spent(world) / 85 * 100).quantize(spent(world)))
    other = world.open("split")
    for _ in range(2):
        world.github.comment(NAME, other, f"/autofix budget {near}", by="root")
        world.go()
    issue = budget_issue(world)
    assert issue is not None
    [alert] = alerts(issue)
    assert alert.startswith("<!-- pennyfix:budget:")
    assert "80 % of the budget" in alert
    world.github.comment(NAME, other, "/autofix budget 40", by="ada")
    world.go()
    assert f"of ${near}**" in issue.body


def test_a_budget_issue_that_somebody_deleted_is_opened_again_at_the_next_word(world: World) -> None:
    world.add(**TIGHT)
    labeled(world, "tracking")
    world.go()
    gone = budget_issue(world)
    assert gone is not None
    world.github.admin.delete_issue(NAME, gone.number)
    labeled(world, "tracking")
    world.go()
    again = budget_issue(world)
    assert again is not None
    assert again.number != gone.number
    assert alerts(again) == []


@pytest.fixture
def asking(tmp_path: Path) -> Iterator[World]:
    """Whatever may cost more than a thousandth of a dollar waits for approval."""
    with open_world(
        tmp_path, PENNYFIX_TOML.replace("issue_usd = 1\n", "issue_usd = 1\nquote_above_usd = 0.001\n")
    ) as it:
        yield it


def test_a_dear_issue_waits_with_a_quote_until_somebody_who_may_spend_approves(asking: World) -> None:
    asking.add()
    number = labeled(asking, "weight")
    assert asking.go() == [State.DECLINED]
    said = asking.said(number)
    assert "**Likely $" in said
    assert "| strong | `openai/demo-strong` |" in said
    assert "`/autofix approve`" in said
    assert spent(asking) == 0
    asking.github.comment(NAME, number, "/autofix approve", by="bob")
    assert asking.go() == []
    asking.github.comment(NAME, number, "/autofix approve", by="ada")
    assert asking.go() == [State.OPENED], asking.said(number)
    assert spent(asking) > 0
    assert "Thanks, I'll start now." in asking.comments(number)[-1]
    asking.github.comment(NAME, number, "/autofix approve", by="ada")
    assert asking.go() == []
    assert "Nothing is waiting for approval here." in asking.comments(number)[-1]


def test_the_repositorys_own_threshold_asks_too(world: World) -> None:
    world.add(**{".github__autofix.yml": AUTOFIX_YML + "quote_above_usd: 0.001\n"})
    number = labeled(world, "weight")
    assert world.go() == [State.DECLINED]
    assert "more than the $0.001 that I may spend here without asking" in world.said(number)
    assert spent(world) == 0
