"""Shares of exchanges by whole and period, places in lists, and which rows are refused."""

from __future__ import annotations

import polars as pl
import pytest

from analytics.exchange import shares
from analytics.warehouse import Warehouse
from charts.exchange.shares import over_time
from pipelines.refreshing.validate import accept
from pipelines.tables.dictionary import frame

TEN = "the ten largest CEXs by spot volume"


def test_each_whole_is_a_scope_of_its_own(warehouse: Warehouse) -> None:
    wholes = shares.wholes(warehouse)
    assert wholes["scope"].is_unique().all() and set(wholes["origin"]) == {"CoinGecko", "CoinDesk Data", "TokenInsight"}
    for scope in wholes["scope"]:
        assert shares.over_time(warehouse, scope)["scope"].unique().to_list() == [scope]


def test_the_ten_largest_of_a_year_come_to_all_of_them(warehouse: Warehouse) -> None:
    year = shares.over_time(warehouse, f"{TEN}|spot|year|CoinGecko").filter(pl.col("venue") != "all")
    assert year.height == 10 and year["share_pct"].sum() == pytest.approx(100, abs=0.6)
    assert year["name"][0] == "Binance" and year["rank"].to_list() == list(range(1, 11))


def test_ftx_stood_fourth_and_third(warehouse: Warehouse) -> None:
    rows = shares.lists(warehouse).filter(pl.col("venue") == "ftx")
    assert rows.select("rank", "ranked_by", pl.col("as_of").dt.year()).rows() == [
        (4, "trust", 2021),
        (3, "score", 2022),
    ]
    assert rows["scope"].n_unique() == 2


def test_a_share_that_may_be_an_amount_is_listed_with_low_confidence_and_not_drawn(warehouse: Warehouse) -> None:
    rows = shares.over_time(warehouse, "all CEXs of CoinDesk Data|open_interest|month end|CoinDesk Data")
    assert rows.filter(venue="binance").select("share_pct", "confidence").row(0) == (18.8, "low")
    assert [trace.name for trace in over_time(rows).data] == ["CME"]


def share(**cells: object) -> pl.DataFrame:
    row = {"venue": "binance", "market": "spot", "period_kind": "year", "share_of": "all", "origin": "somebody"}
    row |= {"share_pct": 40.0, "volume_usd": None, "confidence": "high", "source_id": "crashday"} | cells
    stamp = pl.lit("2025-01-01T00:00:00Z").str.to_datetime(time_zone="UTC")
    other = pl.DataFrame([row | {"venue": "kraken", "share_pct": 10.0}])
    return pl.concat([pl.DataFrame([row], schema_overrides={"share_pct": pl.Float64}), other]).with_columns(
        pl.col("volume_usd").cast(pl.Float64), period_start=stamp, period_end=stamp
    )


@pytest.mark.parametrize(
    ("cells", "rules"),
    [
        ({"share_pct": None}, {"amount_is_there"}),
        ({"share_pct": 101.0}, {"share_pct|max", "shares_make_no_more_than_all"}),
        ({"share_pct": 95.0}, {"shares_make_no_more_than_all"}),
        ({"period_kind": "decade"}, {"period_kind|check__one_of"}),
    ],
)
def test_a_share_that_cannot_be_is_refused(cells: dict[str, object], rules: set[str]) -> None:
    assert accept("venue_shares", share(), "made").good.height == 2
    refused = accept("venue_shares", share(**cells), "made").refused
    assert refused.height and set(refused["rule"]) == rules


def place(**cells: object) -> pl.DataFrame:
    row = {"venue": "ftx", "market": "spot", "as_of_precision": "month", "origin": "CoinGecko", "ranked_by": "trust"}
    row |= {"rank": 4, "confidence": "low", "source_id": "crashday"} | cells
    stamp = pl.lit("2021-09-09T00:00:00Z").str.to_datetime(time_zone="UTC")
    return frame("exchange_ranks", [row]).drop("snapshot_id").with_columns(as_of=stamp)


def test_a_place_in_a_list_without_a_date_says_that_it_is_doubted(warehouse: Warehouse) -> None:
    rows = shares.lists(warehouse).filter(pl.col("as_of").dt.year() < 2023)
    assert rows["confidence"].unique().to_list() == ["low"] and rows["note"].null_count() == 0
    assert accept("exchange_ranks", place(), "made").good.height == 1
    assert accept("exchange_ranks", place(ranked_by=None, confidence=None), "made").good.height == 1
    refused = accept("exchange_ranks", place(confidence=None), "made").refused
    assert refused["rule"].to_list() == ["kept_list_says_its_confidence"]
