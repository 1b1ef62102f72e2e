from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from defusedxml import ElementTree

from webhook.pages.charts import bar, days, nice, shares


def parsed(svg: str) -> Any:
    return ElementTree.fromstring(svg)


@pytest.mark.parametrize(
    ("most", "end"),
    [("0", "1"), ("0.0031", "0.004"), ("0.9", "1"), ("1", "1"), ("2.3", "3"), ("50.01", "60"), ("999", "1000")],
)
def test_an_axis_ends_on_a_round_number_that_holds_everything(most: str, end: str) -> None:
    assert nice(Decimal(most)) == Decimal(end)


def test_bars_stack_without_overlap_and_end_on_the_ground_line() -> None:
    svg = parsed(days([("1", {"weak": Decimal(1), "strong": Decimal(2)})], ["strong", "weak"], "t"))
    low, high = ((Decimal(r.attrib["y"]), Decimal(r.attrib["height"])) for r in svg.iter("rect"))
    assert abs(low[0] + low[1] - 196) <= Decimal("0.2")
    assert abs(high[0] + high[1] - low[0]) < Decimal("0.3")
    assert abs(low[1] - 2 * high[1]) < Decimal("0.5")


def test_names_and_titles_are_escaped() -> None:
    name = "<b>\"x'&"
    for svg in (
        days([(name, {name: Decimal(1)})], [name], name),
        bar(Decimal(1), Decimal(0), Decimal(2), name),
        shares([(name, Decimal(1))], name),
    ):
        root = parsed(svg)
        assert root.attrib["aria-label"] == name
        assert not list(root.iter("b"))


@pytest.mark.parametrize(
    ("used", "held", "whole", "state", "solid", "light"),
    [
        ("0", "0", "10", "fine", "0", "0"),
        ("5", "1", "10", "fine", "100", "20"),
        ("8", "0", "10", "near", "160", "0"),
        ("10", "0", "10", "full", "200", "0"),
        ("12", "3", "10", "full", "200", "0"),
        ("9", "9", "10", "near", "180", "20"),
        ("0", "0", "0", "full", "0", "0"),
        ("1", "0", "0", "full", "200", "0"),
    ],
)
def test_a_bar_is_never_longer_than_its_track(
    used: str, held: str, whole: str, state: str, solid: str, light: str
) -> None:
    _, first, second = parsed(bar(Decimal(used), Decimal(held), Decimal(whole), "t")).iter("rect")
    assert (first.attrib["class"], first.attrib["width"], second.attrib["width"]) == (state, solid, light)


def test_nothing_is_drawn_of_nothing() -> None:
    assert not list(parsed(days([("1", {})], [], "t")).iter("rect"))
    assert [r.attrib["width"] for r in parsed(shares([("a", Decimal(0))], "t")).iter("rect")] == ["0"]
