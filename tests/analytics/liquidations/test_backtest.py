"""The back-test: what a complete stream was is compared with what is made of its throttled part."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from datetime import UTC, datetime

import polars as pl
import pytest

from analytics.liquidations import backtest, calibration, event_feeds, throttle
from analytics.warehouse import Warehouse
from benchmarks import throttle as benchmark
from benchmarks.cascades import Kind, stream
from pipelines.config import Settings
from tests import orders

START, END = datetime(2025, 10, 9, tzinfo=UTC), datetime(2025, 10, 12, tzinfo=UTC)
CASES = [(line.rule, line.orders_a_second, line.kind) for line in calibration.LINES]
SECONDS = Kind("of seconds", 0.5, 1)


def test_the_table_covers_the_grid_of_the_benchmark_once() -> None:
    grid = [
        (rule, rate, kind.name) for rule in throttle.RULES for rate in benchmark.SECONDS for kind in benchmark.KINDS
    ]
    assert grid == CASES
    assert {rate for _, rate, _ in grid} >= {10, 10_000}


def test_the_grid_holds_what_the_estimators_do_not_assume() -> None:
    kinds = benchmark.KINDS
    assert {kind.first for kind in kinds} >= {1, 5} and {kind.later for kind in kinds} >= {1, 5}
    assert {kind.stamp_ms for kind in kinds} == {1, 10, 100} and 1.2 in {kind.tail for kind in kinds}
    assert max(kind.swings for kind in kinds) > 0 and max(kind.ramp for kind in kinds) > 1


def test_wherever_ranges_are_given_they_hold_in_85_percent_of_runs_or_more() -> None:
    judged = [line for line in calibration.LINES if line.estimated >= calibration.FEWEST]
    assert len(judged) >= 30
    assert calibration.worst().covered == min(line.covered for line in judged) >= 85
    assert min(line.bound_held for line in calibration.LINES) >= 95


def test_nothing_is_estimated_at_ten_thousand_orders_a_second() -> None:
    full = [line for line in calibration.LINES if line.orders_a_second == 10_000]
    assert full and all(line.estimated == 0 and line.covered is None for line in full)


def test_a_line_of_the_table_comes_out_again() -> None:
    """Six runs of the line that is hardest: close to what all gave. The benchmark derives the whole table."""
    (kind,) = [kind for kind in benchmark.KINDS if kind.name == "first order of a quick burst 5 ×"]
    scores = [benchmark.one(("last", 30, kind, benchmark.SEED + run)) for run in range(6)]
    again = benchmark.summary("last", 30, kind, scores)
    line = next(line for line in calibration.LINES if line[:3] == again[:3])
    assert again.estimated >= 4 and again.covered >= 75
    assert again.reported == pytest.approx(line.reported, abs=8) and again.bound == pytest.approx(line.bound, abs=12)


def test_the_benchmark_makes_a_line_of_every_case_of_its_grid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "SECONDS", {10: 60})
    lines = list(benchmark.rows(Here(), 2))
    assert [line[:4] for line in lines] == [
        (rule, 10, kind.name, 2) for rule in throttle.RULES for kind in benchmark.KINDS
    ]
    assert benchmark.table(lines).row_count == len(lines)


def test_a_feed_is_tried_without_telling_which_rule_it_was() -> None:
    """Orders of which the last passed were once given a range of the other rule, 1 % wide and never right."""
    kind = benchmark.KINDS[0]
    for seed in range(4):
        scored = backtest.score(stream(3, 1800, kind, seed), "last")
        assert scored is not None and scored.covered is not False


def test_a_score_is_in_shares_of_the_true_sum() -> None:
    complete = stream(30, 900, SECONDS, 2)
    scored = backtest.score(complete, "last")
    assert scored is not None and scored.true_usd == pytest.approx(complete["notional_usd"].sum())
    assert (
        0 < scored.reported_share < scored.bound_share <= scored.low_share <= scored.estimate_share <= scored.high_share
    )
    assert scored.covered == (scored.low_share <= 1 <= scored.high_share)
    assert scored.bound_holds == (scored.bound_share <= 1)


def test_a_stream_without_a_sum_has_no_score() -> None:
    assert backtest.score(stream(10, 60, SECONDS, 1).clear(), "last") is None


def test_without_complete_feeds_there_is_nothing_to_try_on(warehouse: Warehouse) -> None:
    assert backtest.complete_feeds(warehouse, START, END).is_empty()
    assert event_feeds.estimates(warehouse, START, END).is_empty()


def test_complete_feeds_are_tried_and_throttled_ones_are_estimated(own: Settings) -> None:
    complete = stream(30, 900, SECONDS, 2)
    orders.put(own, orders.rows(complete, "bybit"), orders.rows(throttle.throttled(complete, "last"), "binance"))
    with orders.leased(own) as warehouse:
        tried = backtest.complete_feeds(warehouse, START, END)
        estimated = event_feeds.estimates(warehouse, START, END)
    assert set(tried["venue"]) == {"bybit"} and tried["rule"].to_list() == ["last", "largest"]
    assert estimated.select("venue", "rule").rows() == [("binance", "last")]
    last = estimated.row(0, named=True)
    assert last["low_usd"] <= complete["notional_usd"].sum() <= last["high_usd"] and last["refusal"] is None
    assert tried["true_usd"].to_list() == pytest.approx([complete["notional_usd"].sum()] * 2)
    assert (tried["source_id"].str.len_chars() > 0).all() and not tried.select(pl.col(pl.Float64).is_nan().any()).row(
        0
    )[0]


class Here(Executor):
    """Runs what it is given here and now."""

    def submit(self, fn, /, *args, **kwargs):
        future: Future[object] = Future()
        future.set_result(fn(*args, **kwargs))
        return future
