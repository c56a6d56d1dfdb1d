"""Stock tokens against perpetuals and in pools: what is counted, what stands apart, and which rows are refused."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from analytics.tokenized import against_perpetuals, history, pools
from analytics.warehouse import Warehouse
from pipelines.refreshing.validate import accept


def test_one_percent_of_what_was_traded_were_tokens(warehouse: Warehouse) -> None:
    last, before = against_perpetuals.by_moment(warehouse).iter_rows(named=True)
    assert last["as_of"].date() == datetime(2026, 8, 18, tzinfo=UTC).date()
    assert (round(last["token_pct"], 2), round(before["token_pct"], 2)) == (0.98, 1.02)
    assert (round(last["tokens_usd"] / 1e6), round(last["perpetuals_usd"] / 1e9, 1)) == (209, 21.2)
    assert last["washed_usd"] > 50e6


def test_venues_add_up_to_the_reading_and_what_is_not_classed_is_in_neither(warehouse: Warehouse) -> None:
    last = against_perpetuals.by_moment(warehouse).row(0, named=True)
    places = against_perpetuals.by_place(warehouse, last["as_of"])
    sums = dict(places.group_by("instrument").agg(pl.col("volume_usd").sum()).iter_rows())
    assert sums["token"] == pytest.approx(last["tokens_usd"]) and places["volume_usd"].is_sorted(descending=True)
    assert sums["perpetual"] == pytest.approx(last["perpetuals_usd"])
    every = warehouse.query("SELECT sum(volume_24h_usd) AS usd FROM stock_volumes")["usd"].item()
    assert every > 2 * (sums["token"] + sums["perpetual"])


def test_washed_pools_have_days_of_their_own(warehouse: Warehouse) -> None:
    days = pools.by_day(warehouse)
    assert not days.select("chain", "ts", "washed").is_duplicated().any() and days["scope"].n_unique() == 2
    every = pools.by_pool(warehouse)
    assert every.height == 14 and every.filter("washed").height == 5
    for washed in (False, True):
        of = pl.col("washed") == washed
        assert days.filter(of)["volume_usd"].sum() == pytest.approx(every.filter(of)["volume_usd"].sum())


def test_perpetuals_on_stocks_are_in_no_size_of_the_market(warehouse: Warehouse) -> None:
    rows = history.perpetuals(warehouse)
    assert rows.height == 11 and rows["scope"].n_unique() == 3
    for measure in ("value", "volume", "open interest"):
        assert not set(history.sizes(warehouse, measure)["series"]) & set(rows["series"])


def volume(**cells: object) -> pl.DataFrame:
    row = {"place": "Kraken", "category": "cex_spot", "instrument": "token", "asset_type": "etf", "scope": "polled"}
    row |= {"instruments": 1, "volume_24h_usd": 5.0, "open_interest_usd": None, "confidence": "medium"}
    row |= {"source_id": "crashday"} | cells
    return pl.DataFrame([row]).with_columns(
        as_of=pl.lit("2026-08-18T04:00:00Z").str.to_datetime(time_zone="UTC"),
        open_interest_usd=pl.col("open_interest_usd").cast(pl.Float64),
    )


@pytest.mark.parametrize(
    ("cells", "rule"),
    [
        ({"open_interest_usd": 3.0}, "token_has_no_open_interest"),
        ({"instrument": "perpetual"}, "instrument_fits_category"),
        ({"volume_24h_usd": -1.0}, "volume_24h_usd|min"),
        ({"scope": ""}, "scope|min_length"),
    ],
)
def test_a_volume_that_cannot_be_is_refused(cells: dict[str, object], rule: str) -> None:
    assert accept("stock_volumes", volume(), "made").good.height == 1
    accepted = accept("stock_volumes", volume(**cells), "made")
    assert accepted.good.is_empty() and accepted.refused["rule"].to_list() == [rule]


def pool_day(**cells: object) -> pl.DataFrame:
    row = {"pool": "p", "token": "TSLAx", "chain": "solana", "dex": "orca", "open": 2.0, "high": 3.0, "low": 1.0}
    row |= {"close": 2.0, "volume_usd": 5.0, "washed": False, "part_of_day": False, "confidence": "medium"}
    row |= {"source_id": "crashday"} | cells
    return pl.DataFrame([row]).with_columns(ts=pl.lit("2026-05-01T00:00:00Z").str.to_datetime(time_zone="UTC"))


@pytest.mark.parametrize(
    ("cells", "rule"),
    [({"washed": True}, "washed_volume_is_doubted"), ({"close": 4.0}, "prices_in_order")],
)
def test_a_pool_day_that_cannot_be_is_refused(cells: dict[str, object], rule: str) -> None:
    assert accept("pool_days", pool_day(), "made").good.height == 1
    assert accept("pool_days", pool_day(**cells), "made").refused["rule"].to_list() == [rule]
