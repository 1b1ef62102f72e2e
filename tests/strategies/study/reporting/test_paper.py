"""The paper's table gives the Pareto members computed from it, and the pictures say what the figures say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from defusedxml import ElementTree

from strategies.study.replaying.outcomes import OutcomesError
from strategies.study.reporting.chart import chart
from strategies.study.reporting.paper import Pair, load_paper
from strategies.study.reporting.paper_report import paper_page
from strategies.study.reporting.pareto import Point, above_coin_flip, coin_flip, front, hull

SHARED = Path(__file__).resolve().parents[5] / "shared" / "data" / "strong-weak-paper-table.csv"
with_table = pytest.mark.skipif(not SHARED.exists(), reason="the paper's table is not beside the checkout")

MEMBERS = {
    ("gpt-4o-mini", "qwen2.5-coder-7b"): ["Prompt Reduction", "Strong LM Single Attempt", "Base Strong"],
    ("o3-mini", "gpt-4o-mini"): [
        "Repo Structure",
        "Base Weak",
        "Repo Summary",
        "Weak Router",
        "Strong LM Single Attempt",
        "Strong LM First",
        "Base Strong",
    ],
    ("o3-mini", "qwen2.5-coder-14b"): [
        "Base Weak",
        "Weak LM First",
        "Strong LM Single Attempt",
        "Strong LM First",
        "Base Strong",
    ],
    ("o3-mini", "qwen2.5-coder-32b"): [
        "Repo Structure",
        "Base Weak",
        "Few Shot Examples (1 Shot Random)",
        "Strong LM Single Attempt",
        "Strong LM First",
        "Base Strong",
    ],
    ("o3-mini", "qwen2.5-coder-7b"): [
        "Base Weak",
        "Repo Structure",
        "Weak Router",
        "Weak LM First",
        "Strong LM Single Attempt",
        "Base Strong",
    ],
    ("o4-mini", "gpt-4o-mini"): [
        "Repo Structure",
        "Base Weak",
        "Few Shot Examples (1 Shot Similarity)",
        "Weak Router",
        "Strong LM Single Attempt",
        "Strong LM First",
        "Base Strong",
    ],
}


@pytest.fixture(scope="module")
def pairs() -> tuple[Pair, ...]:
    return load_paper(SHARED)


@with_table
def test_each_pair_has_its_pareto_members(pairs: tuple[Pair, ...]) -> None:
    assert {(p.strong, p.weak): [m.name for m in p.front] for p in pairs} == MEMBERS


@with_table
def test_strong_first_beats_the_coin_flip_in_every_o_model_pair(pairs: tuple[Pair, ...]) -> None:
    gains = {
        (p.strong, p.weak): above_coin_flip(p.named("Strong LM First"), p.named("Base Weak"), p.named("Base Strong"))
        for p in pairs
        if p.strong != "gpt-4o-mini"
    }
    assert len(gains) == 5
    assert all(g is not None and 4.0 < g < 9.2 for g in gains.values()), gains


@with_table
def test_the_page_holds_every_pair_and_loads_nothing(pairs: tuple[Pair, ...]) -> None:
    html = paper_page(pairs)
    assert html.count("<svg") == 6
    assert "<script" not in html
    assert not re.search(r'(src|href)="(?!#)', html)
    for p in pairs:
        assert f"{p.strong} + {p.weak}" in html


def points() -> list[Point]:
    return [
        Point("weak", 1, 0.2),
        Point("bad", 2, 0.1),
        Point("mid", 3, 0.3),
        Point("good", 4, 0.6, 0.5, 0.7),
        Point("strong", 9, 0.7),
        Point("peek", 1, 0.9, reference=True),
    ]


def test_the_front_leaves_out_what_is_dominated_and_what_nobody_can_choose() -> None:
    assert [p.name for p in front(points())] == ["weak", "mid", "good", "strong"]


def test_the_hull_leaves_out_what_a_mix_of_two_beats() -> None:
    assert [p.name for p in hull(points())] == ["weak", "good", "strong"]


def test_of_two_equal_points_one_is_on_the_front() -> None:
    assert len(front([Point("a", 1, 0.5), Point("b", 1, 0.5)])) == 1


def test_the_coin_flip_is_a_straight_line_between_the_two() -> None:
    weak, strong = Point("w", 1, 0.2), Point("s", 9, 0.6)
    assert coin_flip(weak, strong, 5) == pytest.approx(0.4)
    assert coin_flip(weak, strong, 0.5) is None


def test_a_chart_is_well_formed_and_marks_the_front() -> None:
    svg = chart(points(), title="A <b> & c", cost_label="USD", flip=(points()[0], points()[4]))
    root = ElementTree.fromstring(svg)
    circles = [e for e in root.iter() if e.tag.endswith("circle")]
    assert [c.get("class") for c in circles].count("best") == 4
    assert [c.get("class") for c in circles].count("oracle") == 1
    assert "A <b>" not in svg


def test_numbers_in_a_crowded_chart_do_not_cover_each_other() -> None:
    crowd = [Point(f"m{i}", 1 + i / 100, 0.5 + i / 400) for i in range(25)]
    root = ElementTree.fromstring(chart(crowd, title="crowd", cost_label="USD"))
    at = [
        (float(e.get("x", 0)), float(e.get("y", 0)))
        for e in root.iter()
        if e.get("class") == "number" and e.get("text-anchor") == "middle"
    ]
    assert len(at) == 25
    overlaps = [(a, b) for i, a in enumerate(at) for b in at[:i] if abs(a[0] - b[0]) < 7 and abs(a[1] - b[1]) < 11]
    assert overlaps == []


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("s,w,Plan,1.2,3", "resolution_rate is '1.2'; allowed is a number from 0 to 1"),
        ("s,w,Plan,0.2,x", "cost_usd_300"),
    ],
)
def test_a_bad_cell_of_the_table_is_named(tmp_path: Path, row: str, words: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"strong,weak,method,resolution_rate,cost_usd_300_issues\n{row}\n")
    with pytest.raises(OutcomesError, match=words):
        load_paper(path)
