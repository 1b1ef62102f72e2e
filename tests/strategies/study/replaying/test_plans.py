"""Plans of the self-test cascade: recorded once, replayed as often as wanted, chosen on some tasks, measured on others."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from strategies.methods.self_test_cascade import SKIP
from strategies.study.replaying.plans import plans, replay_plan, search_plans
from strategies.study.reporting.plan_report import plans_json, plans_page, plans_sentences
from strategies.study.running.plan_record import TaskRun, TierRun, load_runs
from strategies.study.tasks.task import TaskError

YES, NO = True, False


def task(name: str, *, weak_right: bool, agree: bool) -> TaskRun:
    """Weak: three answers, the second is the one that tests prefer. Strong: always right, no test valid."""
    passes = ((NO, NO, NO), (YES, YES, agree), (YES, NO, NO))
    weak = TierRun(
        "weak",
        ((0.01, NO), (0.01, weak_right), (0.01, NO)),
        {2: ((0.002, YES), (0.002, YES), (0.002, YES))},
        {2: passes},
    )
    strong = TierRun("strong", ((0.5, YES),) * 3, {2: ((0.1, NO),) * 3}, {2: ((NO, NO, NO),) * 3})
    return TaskRun(name, (weak, strong))


def paid(right: bool, usd: object) -> object:
    """What a replay gives, the dollars compared as floats are."""
    return (right, usd)


def test_k_0_is_the_first_answer_and_its_price() -> None:
    assert replay_plan(task("a", weak_right=YES, agree=YES), (0, 0), 2, 0.5) == paid(NO, pytest.approx(0.01))
    assert replay_plan(task("a", weak_right=YES, agree=YES), (SKIP, 0), 2, 0.5) == paid(YES, pytest.approx(0.5))


def test_the_score_of_the_best_cell_decides_and_escalation_adds_its_price() -> None:
    one = task("a", weak_right=YES, agree=NO)
    # best cell: answer 1 (passes 2 tests) x test 0 (2 answers pass) = 4 of 9
    assert replay_plan(one, (3, 0), 2, 0.4) == paid(YES, pytest.approx(0.036))
    assert replay_plan(one, (3, 0), 2, 0.5) == paid(YES, pytest.approx(0.536))


def test_theta_1_escalates_unless_all_agree() -> None:
    wrong = task("a", weak_right=NO, agree=YES)
    assert replay_plan(wrong, (3, 0), 2, 1.0) == paid(YES, pytest.approx(0.536))
    assert replay_plan(wrong, (3, 0), 2, 0.6) == paid(NO, pytest.approx(0.036))


def test_without_a_valid_test_the_last_tier_is_taken_as_it_is() -> None:
    assert replay_plan(task("a", weak_right=NO, agree=NO), (SKIP, 3), 2, 0.1) == paid(YES, pytest.approx(1.8))


def test_fewer_answers_are_the_first_ones() -> None:
    assert replay_plan(task("a", weak_right=YES, agree=YES), (1, SKIP), 2, 0.1) == paid(NO, pytest.approx(0.012))


def test_every_plan_is_counted_once() -> None:
    runs = [task("a", weak_right=YES, agree=YES)]
    # k of each tier: skip, 0, 1, 3; without tests 3 plans (all skipped is none), with tests 12 x 1 size x 10 thresholds
    assert len(plans(runs)) == 3 + 12 * 10


def test_the_search_agrees_with_replaying_by_hand_and_reports_held_out_tasks() -> None:
    runs = [task(f"t{i}", weak_right=i % 2 == 0, agree=i % 2 == 0) for i in range(20)]
    found = search_plans(runs)
    assert (found.training, found.held) == (6, 14)
    assert found.searched == len(plans(runs))
    best = max(found.front, key=lambda p: (p.rate.value, -p.usd.value))
    assert best.rate.value == 1.0
    assert best.usd.value < 0.5, "cheaper than the strong model alone, and as good"
    assert {p.name for p in found.front if p.reference} == {"weak k=0", "strong k=0"}
    assert "plans were replayed" in plans_sentences(found)[0]
    assert plans_json(found)["held_out_tasks"] == 14
    assert plans_page(found).count("<svg") == 1


def test_too_few_tasks_are_refused() -> None:
    with pytest.raises(TaskError, match="3 recorded tasks; a search needs 4 or more"):
        search_plans([task(f"t{i}", weak_right=YES, agree=YES) for i in range(3)])


def test_a_folder_without_a_recording_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="--record-plans"):
        load_runs(tmp_path)


@pytest.mark.slow
def test_a_recording_by_the_command_line_can_be_loaded_and_says_what_comes_next(tmp_path: Path) -> None:
    main = "from pennyfix import main; main()"
    argv = ["study", "run", "--corpus", "--record-plans", "1", "--sandbox", "process", "--only", "csv-quotes"]
    done = subprocess.run(
        [sys.executable, "-c", main, *argv, "--out", str(tmp_path / "plans")],
        env=os.environ | {"PENNYFIX_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        timeout=150,
        check=True,
    )
    assert "pennyfix study replay" in done.stdout
    (run,) = load_runs(tmp_path / "plans")
    assert [t.name for t in run.tiers] == ["weak", "strong"]
    for tier in run.tiers:
        assert len(tier.answers) == 1
        assert set(tier.tests) == set(tier.passes) == {2, 4}
        assert all(usd > 0 for usd, _ in tier.answers)
    assert run.tiers[1].answers[0][1], "the strong script is right on this task"
