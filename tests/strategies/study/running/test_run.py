"""A study really run: scripted models, real sandboxes, small tasks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from sandbox.backend import Backend
from sandbox.backends import BackendOptions, choose
from sandbox.errors import SandboxUnavailable
from sandbox.repository.patch import Patch
from strategies.models.meter import Meter
from strategies.strategy import Role
from strategies.study.running.record import FILE, read_records
from strategies.study.running.run import JOURNAL, OpenTiers, StudyPlan, StudyProgress, run_study
from strategies.study.running.scripted import ScriptedModel, scripted_tiers
from strategies.study.tasks.corpus import ScriptedTask, load_corpus
from strategies.study.tasks.repositories import workspace_of
from strategies.study.tasks.task import TaskError
from strategies.tier import Tier

ALL = {s.task.id: s for s in load_corpus()}
Making = Callable[..., StudyPlan]


class Seen:
    """Every model that was made, so that a test can read what was asked."""

    def __init__(self, scripted: Sequence[ScriptedTask]) -> None:
        self.scripts = [s.script for s in scripted]
        self.models: list[ScriptedModel] = []

    def __call__(self, meter: Meter) -> tuple[tuple[Tier, ...], Mapping[Role, Tier]]:
        tiers, roles = scripted_tiers(self.scripts, meter)
        self.models += [t.model.model for t in tiers]  # type: ignore[misc]  # scripted tiers hold scripted models
        return tiers, roles

    @property
    def prompts(self) -> list[str]:
        return [p for m in self.models for p in m.prompts]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def backend(home: Path) -> Backend:
    return choose("process", BackendOptions(home=home))


@pytest.fixture
def planned(home: Path, backend: Backend, tmp_path: Path) -> Making:
    def make(tasks: str, strategies: str, tiers: OpenTiers | None = None, **changes: object) -> StudyPlan:
        chosen = [ALL[name] for name in tasks.split()]
        plan = StudyPlan(
            tasks=[s.task for s in chosen],
            strategies=strategies.split(),
            tiers=tiers or Seen(chosen),
            backend=backend,
            home=home,
            out=tmp_path / "out",
            version="1.2.3",
            max_usd=Decimal(5),
            issue_usd=Decimal(1),
        )
        return replace(plan, **changes)  # type: ignore[arg-type]  # the fields' own names and types

    return make


def test_a_study_says_what_was_resolved_by_whom_for_how_much(planned: Making) -> None:
    told: list[StudyProgress] = []
    ran = run_study(planned("roman-nines invoice-cents", "weak strong", parallel=2), told.append)
    assert not ran.capped
    assert (ran.progress.done, ran.progress.total, ran.progress.resolved) == (4, 4, 3)
    assert [p.done for p in told] == [0, 1, 2, 3, 4]
    records = {(r.task, r.strategy): r for r in read_records(planned("roman-nines", "weak").out)}
    assert records["invoice-cents", "weak"].resolved is False
    assert records["invoice-cents", "strong"].resolved is True
    row = records["invoice-cents", "strong"].row
    assert row["ending"] == "accepted"
    assert row["verdict"]["rungs"][-1] == "reproduction"
    assert {c["purpose"] for c in row["calls"]} == {"repair", "reproduction"}
    assert sum(Decimal(c["usd"]) for c in row["calls"]) == Decimal(row["usd"]) > 0
    assert ran.progress.spent == sum(r.usd or 0 for r in records.values())


def test_a_record_says_what_exactly_produced_it(planned: Making) -> None:
    plan = planned("roman-nines", "cascade")
    run_study(plan)
    setting = read_records(plan.out)[0].setting
    assert setting["pennyfix"] == "1.2.3"
    assert setting["parameters"]["class"] == "Cascade"
    assert [t["model"] for t in setting["tiers"]] == ["scripted/weak", "scripted/strong"]
    assert setting["tiers"][1]["price"]["output"] == "20"
    assert len(setting["prompts"]["repair-rules"]) == 12
    assert len(setting["base_commit"]) == 40


def test_hidden_tests_are_never_visible_to_a_strategy(planned: Making, home: Path) -> None:
    task = ALL["invoice-cents"].task
    seen = Seen([ALL["invoice-cents"]])
    strategies = "cascade plan strong-router"
    run_study(planned("invoice-cents", strategies, seen))
    assert isinstance(task.hidden.tests, Patch)
    with workspace_of(task, home) as workspace:
        assert not {f.path for f in workspace.files()} & set(task.hidden.tests.files)
    secrets = [*task.hidden.fail_to_pass, *task.hidden.tests.files, "assert monthly([]) == (0, 0, 0)"]
    assert len(seen.prompts) > 5
    for prompt in seen.prompts:
        assert task.title in prompt
        assert not [s for s in secrets if s in prompt]


def test_what_is_recorded_is_not_run_again(planned: Making) -> None:
    plan = planned("roman-nines", "weak")
    run_study(plan)
    seen = Seen([ALL["roman-nines"]])
    ran = run_study(planned("roman-nines", "weak strong", seen))
    assert ran.progress.done == 2
    assert all("strong" in m.name or not m.prompts for m in seen.models)
    assert len(read_records(plan.out)) == 2


def test_a_kill_in_the_middle_of_a_line_loses_that_issue_only(planned: Making) -> None:
    plan = planned("roman-nines", "weak strong")
    run_study(plan)
    path = plan.out / FILE
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1][:50])
    assert len(read_records(plan.out)) == 1
    assert run_study(planned("roman-nines", "weak strong")).progress.done == 2
    assert {r.strategy for r in read_records(plan.out)} == {"weak", "strong"}
    path.write_bytes(lines[0][:50])
    assert run_study(planned("roman-nines", "weak")).progress.done == 1


def test_the_cap_ends_a_study_cleanly_and_more_money_goes_on(planned: Making) -> None:
    plan = planned("roman-nines letter-wrap", "weak strong", max_usd=Decimal("0.02"))
    ran = run_study(plan)
    assert ran.capped
    assert ("roman-nines", "strong") in ran.missing
    assert ran.progress.spent <= Decimal("0.02")
    before = len(read_records(plan.out))
    assert before + len(ran.missing) == 4
    ran = run_study(planned("roman-nines letter-wrap", "weak strong"))
    assert not ran.capped
    assert ran.progress.done == 4
    journal = [json.loads(x) for x in (plan.out / JOURNAL).read_text().splitlines()]
    assert sum(Decimal(x["usd"]) for x in journal if "settled" in x) == ran.progress.spent


def test_another_setting_needs_another_folder(planned: Making) -> None:
    run_study(planned("roman-nines", "weak"))
    with pytest.raises(TaskError, match="another folder with --out"):
        run_study(planned("roman-nines", "weak", version="1.2.4"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"strategies": ["weka"]}, "strategy 'weka' is not known; allowed are cascade"),
        ({"max_usd": Decimal(0)}, "allowed is more than 0"),
        ({"tasks": []}, "nothing to run"),
        ({"mirrors": "https://example.org/x"}, "allowed is a URL or an absolute path with"),
    ],
)
def test_a_plan_that_cannot_be_run_is_refused(planned: Making, changes: dict[str, object], words: str) -> None:
    with pytest.raises(TaskError, match=words):
        run_study(replace(planned("roman-nines", "weak"), **changes))  # type: ignore[arg-type]  # names and types are Plan's


class Broken:
    """A backend whose sandboxes are gone."""

    name = "broken"

    def prepare(self, *_: object) -> None:
        raise SandboxUnavailable("the engine is gone")

    open = prepare


def test_a_broken_sandbox_is_no_verdict_and_is_tried_again(planned: Making) -> None:
    plan = planned("frost-alarm", "weak", backend=Broken())
    run_study(plan)
    (record,) = read_records(plan.out)
    assert record.resolved is None
    assert record.row["hidden"]["why"] == "the engine is gone"
    assert run_study(planned("frost-alarm", "weak")).progress.resolved == 1
    assert read_records(plan.out)[0].resolved is True


def test_hidden_tests_that_do_not_fit_cost_nothing(planned: Making) -> None:
    task = ALL["roman-nines"].task
    diff = "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-a\n+b\n"
    other = replace(task, hidden=replace(task.hidden, tests=diff))
    plan = replace(planned("roman-nines", "weak"), tasks=[other])
    ran = run_study(plan)
    (record,) = read_records(plan.out)
    assert record.resolved is None
    assert "the hidden tests do not apply" in record.row["hidden"]["why"]
    assert ran.progress.spent == 0


def test_an_error_in_one_issue_keeps_what_is_paid_for_in_the_others(planned: Making) -> None:
    seen = Seen([ALL["roman-nines"]])
    made: list[int] = []

    def tiers(meter: Meter) -> tuple[tuple[Tier, ...], Mapping[Role, Tier]]:
        made.append(1)
        if len(made) == 3:  # the first look, the first issue, then this
            raise RuntimeError("a mistake of ours")
        return seen(meter)

    plan = planned("roman-nines", "weak strong", tiers=tiers, parallel=2)
    with pytest.raises(RuntimeError, match="a mistake of ours"):
        run_study(plan)
    assert [r.strategy for r in read_records(plan.out)] == ["weak"]
