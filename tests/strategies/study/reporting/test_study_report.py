from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from strategies.study.interval import money
from strategies.study.reporting.compare import compare, comparison_sentences, differences, select
from strategies.study.reporting.figures import figures
from strategies.study.reporting.guidelines import by_budget, caution
from strategies.study.reporting.pareto import Point, front
from strategies.study.reporting.rendering import render_study
from strategies.study.reporting.study_report import (
    Study,
    endings,
    guidelines,
    per_task,
    study_json,
    study_page,
    svg,
    table,
)
from strategies.study.running.record import FILE, Records, StudyRecord, read_records
from strategies.study.tasks.task import TaskError

SETTING = {
    "pennyfix": "1.0",
    "tiers": [
        {"tier": "weak", "model": "m/small", "solver": "repair", "attempts": 2, "price": {"input": "1", "output": "5"}}
    ],
    "prompts": {"repair-rules": "aaaaaaaaaaaa"},
    "parameters": {"class": "Single", "rank": 0},
}
N = 20


def row(task: str, strategy: str, resolved: bool | None, usd: str | None, **setting: object) -> dict[str, object]:
    return {
        "instance_id": task,
        "strategy": strategy,
        "resolved": resolved,
        "usd": usd,
        "setting": {**SETTING, **setting},
        "ending": "accepted" if resolved is not None else "unjudged",
        "calls": [{}, {}],
    }


def record(*fields: object, **setting: object) -> StudyRecord:
    made = row(*fields, **setting)  # type: ignore[arg-type]  # passed through
    usd = None if made["usd"] is None else Decimal(str(made["usd"]))
    return StudyRecord(str(made["instance_id"]), str(made["strategy"]), made["resolved"], usd, made["setting"], made)  # type: ignore[arg-type]  # built above


def study() -> list[StudyRecord]:
    """Weak resolves the first half for 1 cent; strong all but two for 10; cascade all that strong does for 5."""
    out = []
    for n in range(N):
        task = f"t{n:02}"
        out.append(record(task, "weak", n < N // 2, "0.01"))
        out.append(record(task, "strong", n < N - 2, "0.10"))
        out.append(record(task, "cascade", n < N - 2, "0.05", parameters={"class": "Cascade"}))
    return out


def test_rates_costs_and_dollars_per_resolved_issue() -> None:
    found = figures(study())
    weak = found.named("weak")
    assert weak is not None
    assert weak.rate.value == 0.5
    assert weak.rate.low < 0.5 < weak.rate.high
    assert weak.cost.value == pytest.approx(0.01)
    assert weak.usd_per_resolved == pytest.approx(0.02)


def test_references_stand_beside() -> None:
    names = {r.name: r for r in figures(study()).references}
    assert names["strong alone: strong"].rate.value == 0.9
    assert names["best single: strong"].usd_per_resolved == pytest.approx(0.10 * N / 18)
    oracle = names["oracle router over single models"]
    assert oracle.rate.value == 0.9
    assert oracle.usd.sum() == pytest.approx(10 * 0.01 + 8 * 0.10 + 2 * 0.01)
    assert all(r.reference for r in names.values())


def test_only_common_judged_tasks_count_and_it_is_said() -> None:
    records = [*study(), record("extra", "weak", True, "0.01"), record("t99", "strong", None, "0.01")]
    found = figures(records)
    assert len(found.tasks) == N
    assert found.left_out == 2
    assert "2 tasks are left out" in table(Study.of(records)).caption


def test_an_unknown_cost_is_not_zero_and_it_is_said() -> None:
    records = [*study(), record("t00", "cascade", True, None)]
    found = figures(records).named("cascade")
    assert found is not None
    assert found.unknown == 1
    assert found.cost.value == pytest.approx(0.05)
    assert "1 costs are unknown" in table(Study.of(records)).caption


def test_no_common_task_is_an_error_that_counts() -> None:
    with pytest.raises(TaskError, match="weak 1, strong 1"):
        figures([record("a", "weak", True, "1"), record("b", "strong", True, "1")])


def test_guidelines_carry_their_figures_and_say_what_is_missing() -> None:
    words = " ".join(guidelines(Study.of(study())))
    assert "cascade at $0.050 an issue, 50% of what strong costs" in words
    assert "Better than a coin flip between weak and strong at equal spend: cascade" in words
    assert "add `best-of-n` to --strategies" in words
    assert "20 tasks are few" in words


def test_the_page_is_self_contained_and_escaped() -> None:
    records = [*study(), *(record(f"t{n:02}", "<b>", True, "0.2") for n in range(N))]
    page = study_page(Study.of(records))
    assert "<b>" not in page
    assert "&lt;b&gt;" in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "oracle over all strategies" in page


def test_the_picture_stands_alone() -> None:
    picture = svg(Study.of(study()), alone=True)
    assert picture.startswith("<svg ")
    assert "cascade 90.0 % at $0.050" in picture


def test_false_accepts_are_counted() -> None:
    rows = {r[0]: r for r in endings(Study.of(study())).rows}
    assert rows["cascade"][1:] == ("20 accepted", "2 of 20", "2.0")


def test_json_holds_the_same_figures() -> None:
    found = json.loads(json.dumps(study_json(Study.of(study()))))
    assert found["front"] == ["weak", "cascade"]
    assert found["rows"][0]["rate"]["value"] == 0.5


def test_a_comparison_is_paired() -> None:
    records = study()
    c = compare(
        [r for r in records if r.strategy == "cascade"],
        [r for r in records if r.strategy == "strong"],
        ("cascade", "strong"),
    )
    assert c.rate.value == c.rate.low == c.rate.high == 0  # the same issues, so there is nothing to be unsure about
    assert c.cost is not None
    assert c.cost.value == pytest.approx(0.5)
    words = " ".join(comparison_sentences(c))
    assert "the interval includes zero: these tasks cannot tell them apart" in words
    assert ("parameters.class", "Cascade", "Single") in c.differs


def test_who_alone_resolved_what() -> None:
    records = study()
    c = compare(
        [r for r in records if r.strategy == "weak"], [r for r in records if r.strategy == "strong"], ("weak", "strong")
    )
    assert c.only_a == ()
    assert c.only_b == tuple(f"t{n}" for n in range(10, 18))
    assert c.rate.high < 0


def test_differences_are_named_to_the_last_dot() -> None:
    a = {"pennyfix": "1.0", "tiers": [{"model": "x", "price": {"input": "1"}}], "prompts": {"p": "1"}}
    b = {"pennyfix": "1.1", "tiers": [{"model": "x", "price": {"input": "2"}}], "prompts": {"p": "1", "q": "2"}}
    assert differences(a, b) == (
        ("pennyfix", "1.0", "1.1"),
        ("prompts.q", "(none)", "2"),
        ("tiers.0.price.input", "1", "2"),
    )


def write(folder: Path, records: list[StudyRecord]) -> Path:
    kept = Records(folder)
    for r in records:
        kept.append(r.row)
    kept.close()
    return folder


def test_two_folders_are_two_versions(tmp_path: Path) -> None:
    old = write(tmp_path / "old", study())
    newer = [record(r.task, r.strategy, True, "0.02", pennyfix="2.0") for r in study()]
    new = write(tmp_path / "new", newer)
    found = render_study(None, (f"{new}:cascade", f"{old}:cascade"))
    words = " ".join(found.sentences)
    assert "100.0 %" in words
    assert ("pennyfix", "2.0", "1.0") in found.tables[0].rows
    assert found.page.startswith("<!doctype html>")


def test_an_unknown_selection_names_what_there_is(tmp_path: Path) -> None:
    folder = write(tmp_path / "x", study())
    with pytest.raises(TaskError, match="no records of 'plan'; there are: cascade, strong, weak"):
        select("plan", folder)
    with pytest.raises(TaskError, match="write FOLDER:STRATEGY"):
        select("plan", None)


def test_records_survive_a_cut_line_and_the_last_of_a_pair_counts(tmp_path: Path) -> None:
    folder = write(tmp_path, [record("a", "weak", None, "0.01"), record("b", "weak", True, "0.01")])
    path = folder / FILE
    path.write_bytes(path.read_bytes()[:-20])
    write(folder, [record("a", "weak", True, "0.03")])
    assert {(r.task, r.resolved) for r in read_records(folder)} == {("a", True)}
    assert read_records(folder)[0].usd == Decimal("0.03")


def test_a_folder_without_records_says_where_they_come_from(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="pennyfix study run"):
        read_records(tmp_path)


def test_budgets_are_advised_up_to_the_dearest_of_the_front() -> None:
    front = [Point("a", 0.01, 0.2), Point("b", 0.02, 0.3), Point("c", 0.5, 0.4)]
    words = by_budget(front, "an issue")
    assert [w.split(":")[0] for w in words] == ["From $0.010 an issue", "From $0.020 an issue", "From $0.500 an issue"]


def test_small_amounts_stay_readable() -> None:
    assert [money(x) for x in (0.683, 0.0, 0.0029, 0.00031, 12.0)] == [
        "$0.683",
        "$0.000",
        "$0.0029",
        "$0.00031",
        "$12.000",
    ]


def test_the_hull_is_called_a_mix_of_both_models_only_where_it_is() -> None:
    weak, strong, other = Point("weak", 1, 0.2), Point("strong", 3, 0.6), Point("other", 2, 0.6)
    words = "The convex hull is the line between the two models"
    assert words in " ".join(caution([weak, strong], weak, strong))
    assert words not in " ".join(caution([weak, strong, other], weak, strong))


def test_of_equals_the_first_is_named() -> None:
    assert [p.name for p in front([Point("weak", 1, 0.5), Point("a", 1, 0.5)])] == ["weak"]


def test_many_strategies_are_named_in_words_instead_of_columns() -> None:
    records = [record(f"t{n}", f"s{k}", k > n, "0.1") for n in range(3) for k in range(8)]
    rows = {r[0]: r[1:] for r in per_task(Study.of(records)).rows}
    assert rows["t0"] == ("7 of 8", "s1, s2, s3, s4, s5, s6, s7")
    assert len(per_task(Study.of(study())).head) == 4
