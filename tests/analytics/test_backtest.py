"""The back-test: what a complete stream was is compared with what is made of its throttled part."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from datetime import UTC, datetime

import polars as pl
import pytest

from analytics import backtest, event_feeds, throttle
from analytics.warehouse import Warehouse
from benchmarks import throttle as benchmark
from benchmarks.cascades import Bursts, stream
from pipelines.config import Settings
from tests import orders

START, END = datetime(2025, 10, 9, tzinfo=UTC), datetime(2025, 10, 12, tzinfo=UTC)
CASES = [(line.rule, line.orders_a_second, line.bursts) for line in backtest.CALIBRATION]


def test_the_table_covers_the_grid_of_the_benchmark_once() -> None:
    grid = [
        (rule, rate, bursts.name)
        for rule in throttle.RULES
        for rate in benchmark.SECONDS
        for bursts in benchmark.BURSTS
    ]
    assert grid == CASES
    assert {rate for _, rate, _ in grid} >= {10, 10_000}


def test_wherever_ranges_are_given_they_hold_in_85_to_95_percent_of_runs() -> None:
    """Each line up to what chance allows for its number of ranges, and all of them together without that."""
    judged = [line for line in backtest.CALIBRATION if line.estimated >= 30]
    assert len(judged) >= 10
    for line in judged:
        chance = 250 * (0.9 * 0.1 / line.estimated) ** 0.5
        assert line.covered is not None and abs(line.covered - 90) <= max(5, chance), line
    together = sum(line.covered * line.estimated for line in judged) / sum(line.estimated for line in judged)
    assert 88 <= together <= 93
    assert min(line.bound_held for line in backtest.CALIBRATION if line.runs > benchmark.FEW) >= 93


def test_nothing_is_estimated_at_ten_thousand_orders_a_second() -> None:
    full = [line for line in backtest.CALIBRATION if line.orders_a_second == 10_000]
    assert full and all(line.estimated == 0 and line.covered is None for line in full)


def test_a_line_of_the_table_comes_out_again() -> None:
    """Twelve runs of one line: close to what all gave. The benchmark derives the whole table."""
    bursts = benchmark.BURSTS[1]
    scores = [benchmark.one(("last", 30, bursts, benchmark.SIZES[run % 2], benchmark.SEED + run)) for run in range(12)]
    again = benchmark.summary("last", 30, bursts, scores)
    line = next(line for line in backtest.CALIBRATION if line[:3] == again[:3])
    assert again.estimated >= 11 and again.covered >= 75
    assert again.reported == pytest.approx(line.reported, abs=6) and again.bound == pytest.approx(line.bound, abs=8)


def test_the_benchmark_makes_a_line_of_every_case_of_its_grid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "SECONDS", {10: 60})
    lines = list(benchmark.rows(Here(), 2))
    assert [line[:4] for line in lines] == [
        (rule, 10, bursts.name, 2) for rule in throttle.RULES for bursts in benchmark.BURSTS
    ]
    assert benchmark.calibration_table(lines).row_count == len(lines)


def test_a_score_is_in_shares_of_the_true_sum() -> None:
    complete = stream(30, 900, Bursts("of seconds", 0.5, 1), "lognormal", 1)
    scored = backtest.score(complete, "last")
    assert scored is not None and scored.true_usd == pytest.approx(complete["notional_usd"].sum())
    assert (
        0 < scored.reported_share < scored.bound_share <= scored.low_share <= scored.estimate_share <= scored.high_share
    )
    assert scored.covered == (scored.low_share <= 1 <= scored.high_share)
    assert scored.bound_holds == (scored.bound_share <= 1)


def test_a_stream_without_a_sum_has_no_score() -> None:
    assert backtest.score(stream(10, 60, Bursts("none", 0, 1), "pareto", 1).clear(), "last") is None


def test_without_complete_feeds_there_is_nothing_to_try_on(warehouse: Warehouse) -> None:
    assert backtest.complete_feeds(warehouse, START, END).is_empty()
    assert event_feeds.estimates(warehouse, START, END).is_empty()


def test_complete_feeds_are_tried_and_throttled_ones_are_estimated(own: Settings) -> None:
    complete = stream(30, 900, Bursts("of seconds", 0.5, 1), "lognormal", 1)
    orders.put(own, orders.rows(complete, "bybit"), orders.rows(throttle.throttled(complete, "last"), "binance"))
    with orders.leased(own) as warehouse:
        tried = backtest.complete_feeds(warehouse, START, END)
        estimated = event_feeds.estimates(warehouse, START, END)
    assert set(tried["venue"]) == {"bybit"} and tried["rule"].to_list() == ["last", "largest"]
    assert set(estimated["venue"]) == {"binance"} and estimated["rule"].to_list() == ["last", "largest"]
    last = estimated.row(0, named=True)
    assert last["low_usd"] <= complete["notional_usd"].sum() <= last["high_usd"] and last["refusal"] is None
    assert estimated["refusal"][1] is not None and estimated["low_usd"][1] is None
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
