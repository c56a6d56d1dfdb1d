"""Fewer points that lose nothing: merged bars and thinned lines beside what they were made from."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.market import decimate
from tests.analytics import made

CLOSES = 100 + np.cumsum(np.random.default_rng(1).normal(size=7200))
END = made.START + timedelta(hours=2)


@given(st.integers(0, 10_000), st.integers(1_001, 30_000), st.integers(4, 1_000))
def test_a_thinned_line_keeps_its_ends_and_its_extremes(seed: int, length: int, most: int) -> None:
    line = np.random.default_rng(seed).standard_cauchy(length)
    kept = decimate.points(line, most)
    assert (np.diff(kept) > 0).all() and len(kept) <= most + 2
    assert (kept[0], kept[-1]) == (0, length - 1)
    assert {int(line.argmin()), int(line.argmax())} <= set(kept.tolist())


@given(st.integers(0, 10_000))
def test_every_stretch_keeps_its_own_extremes(seed: int) -> None:
    line = np.random.default_rng(seed).standard_cauchy(10_000)
    kept = set(decimate.points(line, 100).tolist())
    for begins in range(0, 10_000, 200):
        stretch = line[begins : begins + 200]
        assert {begins + int(stretch.argmin()), begins + int(stretch.argmax())} <= kept


def test_a_short_line_is_left_as_it_is() -> None:
    assert decimate.points(np.arange(1000.0)).tolist() == list(range(1000))


def test_gaps_that_can_be_seen_stay_and_their_neighbours_lose_no_extreme() -> None:
    line = np.sin(np.arange(20_000) / 500)
    line[5_000:8_000] = np.nan
    line[12_345] = 9
    kept = decimate.points(line)
    assert 5_000 in kept and 12_345 in kept
    assert np.isnan(line[kept]).sum() == 1
    assert len(decimate.points(np.full(5_000, np.nan))) <= 3


def test_merged_bars_hold_what_their_bars_hold() -> None:
    close = CLOSES.copy()
    close[600:1200] = np.nan
    bars = made.bars("binance", close, interval="1s", volume=np.random.default_rng(2).gamma(1, 1, 7200))
    warehouse = made.warehouse(bars=bars)
    merged = decimate.bars(warehouse, (made.key("binance", "1s"),), made.START, END, most=150)
    expected = (
        bars.sort("ts")
        .group_by_dynamic("ts", every="60s")
        .agg(
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            *(pl.col(column).sum() for column in ("volume_base", "volume_quote", "taker_buy_base")),
        )
    )
    assert merged["ts"].to_list() == expected["ts"].to_list() and merged.height == 110
    for column in ("open", "high", "low", "close", "volume_base", "volume_quote", "taker_buy_base"):
        assert merged[column].to_list() == pytest.approx(expected[column].to_list(), rel=1e-6)
    assert (merged["close_at"] - merged["ts"]).unique().to_list() == [timedelta(seconds=60)]


def test_a_volume_that_is_partly_unknown_is_unknown() -> None:
    bars = made.bars("binance", CLOSES[:120], interval="1s")
    bars = bars.with_columns(volume_base=pl.when(pl.int_range(pl.len()) != 70).then("volume_base"))
    merged = decimate.bars(made.warehouse(bars=bars), (made.key("binance", "1s"),), made.START, END, most=120)
    assert [volume is None for volume in merged["volume_base"]] == [False, True]


def test_several_series_keep_their_own_length_and_source() -> None:
    seconds = made.bars("coinbase", CLOSES[:600], interval="1s")
    minutes = made.bars("binance", CLOSES[:10])
    other = minutes.with_columns(source_id=pl.lit("another"), close=pl.lit(1.0))
    warehouse = made.warehouse(bars=pl.concat([seconds, minutes, other]))
    paths = decimate.paths(warehouse, (made.key("binance"), made.key("coinbase", "1s")), made.START, END, most=7200)
    assert paths.group_by("venue").len().sort("venue").rows() == [("binance", 10), ("coinbase", 600)]
    assert paths["source_id"].unique().to_list() == [made.SOURCE] and paths["close"].min() > 1


def test_the_length_of_merged_bars_follows_the_range() -> None:
    assert decimate.step(made.START, made.START + timedelta(minutes=20)) == 1
    assert decimate.step(made.START, made.START + timedelta(days=1)) == 60
    assert decimate.step(made.START, made.START + timedelta(days=3), 120) == 3600
    assert all(86_400 % step == 0 for step in decimate.STEPS)
