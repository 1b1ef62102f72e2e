"""The recorded outcomes give the figures that FACTS states, and bad input is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from strategies.study.replaying.outcomes import OutcomesError, RecordedOutcomes, load_outcomes
from strategies.study.replaying.replay import Rates, RecordedTests, oracle, replay
from strategies.study.replaying.search import ChainSearchOptions, search_chains

SHARED = Path(__file__).resolve().parents[5] / "shared" / "data" / "openhands-index-verified.dev.csv"
CHAIN = ("DeepSeek-V4-Pro", "MiniMax-M3", "claude-opus-4-8")

with_recorded_file = pytest.mark.skipif(not SHARED.exists(), reason="the recorded outcomes are not beside the checkout")


@pytest.fixture(scope="module")
def recorded() -> RecordedOutcomes:
    return load_outcomes(SHARED)


def small(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "outcomes.csv"
    path.write_text("instance_id,model,resolved,cost_usd,test_valid,test_cost_usd\n" + "\n".join(lines) + "\n")
    return path


def three(tmp_path: Path) -> RecordedOutcomes:
    return load_outcomes(
        small(
            tmp_path,
            "a,cheap,1,0.10,1,0.01",
            "b,cheap,0,0.10,1,0.01",
            "c,cheap,0,0.10,0,0.01",
            "a,dear,1,1.00,,",
            "b,dear,1,1.00,,",
            "c,dear,0,,,",
        )
    )


@with_recorded_file
@pytest.mark.parametrize(("rates", "percent", "usd"), [(Rates(), 88.2, 0.299), (Rates(0.1, 0.1), 85.1, 0.285)])
def test_the_chain_of_three_earns_what_was_published(
    recorded: RecordedOutcomes, rates: Rates, percent: float, usd: float
) -> None:
    result = replay(recorded, CHAIN, rates)
    assert round(100 * result.rate, 1) == percent
    assert round(result.usd_per_issue, 3) == usd


@with_recorded_file
def test_opus_alone_is_the_reference(recorded: RecordedOutcomes) -> None:
    result = replay(recorded, CHAIN[-1:], Rates())
    assert round(100 * result.rate, 1) == 82.1
    assert round(result.usd_per_issue, 3) == 0.683


@with_recorded_file
def test_the_oracle_router_without_the_newest_model_is_the_published_bound(recorded: RecordedOutcomes) -> None:
    result = oracle(recorded, [m for m in recorded.models if m != "claude-fable-5"])
    assert round(100 * result.rate, 1) == 95.5
    assert round(result.usd_per_issue, 3) == 0.137


@with_recorded_file
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_search_matches_the_strong_model_at_under_45_percent_of_its_cost_on_held_out_folds(
    recorded: RecordedOutcomes, seed: int
) -> None:
    found = search_chains(recorded, Rates(0.1, 0.1), ChainSearchOptions("claude-opus-4-8", seed=seed))
    held = found.held_out
    assert held is not None
    assert found.searched == 34 + 34 * 33 + 34 * 33 * 32
    assert held.rate.value >= held.strong_rate
    assert held.cost_share.value <= 0.45
    assert held.cost_share.low < held.cost_share.value < held.cost_share.high


def test_every_issue_is_counted_by_hand(tmp_path: Path) -> None:
    result = replay(three(tmp_path), ("cheap", "dear"), Rates(false_accept=0.5, false_reject=0.2))
    assert result.solved == pytest.approx([0.8 + 0.2, 0.5, 0.0])
    assert result.usd == pytest.approx([0.10 + 0.2, 0.10 + 0.5, 0.10 + 0.5])


def test_an_unknown_cost_is_the_models_mean_and_not_zero(tmp_path: Path) -> None:
    assert three(tmp_path).known_cost()[1] == pytest.approx([1.0, 1.0, 1.0])


def test_recorded_tests_decide_rightly_only_where_they_were_valid(tmp_path: Path) -> None:
    outcomes = three(tmp_path)
    result = replay(outcomes, ("cheap", "dear"), RecordedTests.of(outcomes, "cheap"))
    assert result.solved == pytest.approx([1.0, 1.0, 0.0])
    assert result.usd == pytest.approx([0.11, 1.11, 1.11])
    trusting = replay(outcomes, ("cheap", "dear"), RecordedTests.of(outcomes, "cheap", otherwise=1.0))
    assert trusting.usd == pytest.approx([0.11, 1.11, 0.11])


def test_the_search_agrees_with_replaying_each_chain(tmp_path: Path) -> None:
    outcomes, rates = three(tmp_path), Rates(0.3, 0.1)
    found = search_chains(outcomes, rates, ChainSearchOptions("dear", folds=3))
    assert found.searched == 4
    for chain in found.front:
        result = replay(outcomes, chain.models, rates)
        assert (chain.rate, chain.usd) == pytest.approx((result.rate, result.usd_per_issue))


def test_a_chain_nobody_resolves_has_no_cost_per_resolved_issue(tmp_path: Path) -> None:
    outcomes = load_outcomes(small(tmp_path, "a,m,0,0.5,,"))
    assert replay(outcomes, ("m",), Rates()).usd_per_resolved is None


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a,m,2,0.1,,", r"outcomes.csv:2: resolved is '2'; allowed are 1, 0 and empty"),
        ("a,m,1,-0.1,,", r"cost_usd is '-0.1'; allowed is a number of US dollars, 0 or more"),
        ("a,m,1,NaN,,", r"cost_usd is 'NaN'"),
        ("a,m,1,€1,,", r"cost_usd is '€1'"),
        ("a,m,1,0.1,yes,", r"test_valid is 'yes'"),
    ],
)
def test_a_bad_cell_is_named_with_its_line(tmp_path: Path, line: str, words: str) -> None:
    with pytest.raises(OutcomesError, match=words):
        load_outcomes(small(tmp_path, line))


def test_a_model_missing_an_issue_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutcomesError, match="model 'n' has no row for issue 'b'"):
        load_outcomes(small(tmp_path, "a,m,1,0.1,,", "b,m,1,0.1,,", "a,n,1,0.1,,"))


def test_an_unknown_model_is_answered_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(OutcomesError, match="did you mean cheap"):
        replay(three(tmp_path), ("chep",), Rates())


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_a_rate_outside_zero_to_one_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="allowed is a rate from 0 to 1"):
        Rates(false_accept=value)


def test_an_empty_chain_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the chain is empty"):
        replay(three(tmp_path), (), Rates())


def test_intervals_contain_their_value_and_narrow_with_more_issues() -> None:
    from strategies.study.interval import mean_interval, paired_ratio, wilson

    coin = np.tile([0.0, 1.0], 50)
    few, many = mean_interval(coin[:20]), mean_interval(np.tile(coin, 4))
    assert few.low < 0.5 < few.high
    assert many.high - many.low < few.high - few.low
    assert paired_ratio(coin * 2, coin).low == pytest.approx(2.0)
    assert wilson(0, 10).low == 0.0
    assert wilson(0, 10).high == pytest.approx(0.2775, abs=1e-4)
