"""Auto-deleveraging by second: sums so far, coins, and the price winners were closed at."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from analytics.warehouse import Warehouse
from analytics.who_paid import adl_rebound, adl_seconds

START, END = datetime(2025, 10, 10, 20, 30, tzinfo=UTC), datetime(2025, 10, 10, 22, 30, tzinfo=UTC)


def test_the_sum_so_far_ends_at_the_total(warehouse: Warehouse) -> None:
    seconds = adl_seconds.by_second(warehouse, START, END)
    assert seconds["so_far_usd"].is_sorted() and seconds["so_far_usd"][-1] == 2_103_111_430.85
    assert seconds["so_far_usd"][0] == seconds["amount_usd"][0] and seconds["scope"].n_unique() == 1


def test_coins_and_the_rest_add_up_to_all_coins(warehouse: Warehouse) -> None:
    coins = adl_seconds.by_coin(warehouse, START, END)
    assert coins["amount_usd"].sum() == pytest.approx(2_103_111_430.85, abs=0.5)
    assert coins["coin"].n_unique() == adl_seconds.MOST_COINS + 1
    order = coins.unique("coin", keep="first", maintain_order=True)["coin"].to_list()
    assert order[:3] == ["BTC", "ETH", "SOL"] and order[-1] == "others"
    assert not coins.select("coin", "ts").is_duplicated().any()


def test_the_range_is_summed_in_one_row(warehouse: Warehouse) -> None:
    row = adl_seconds.largest(warehouse, START, END).row(0, named=True)
    assert (row["seconds"], row["coins"], row["fills"], row["total_usd"]) == (100, 162, 34_983, 2_103_111_430.85)
    assert row["top_three_usd"] == pytest.approx(386_611_700.06 + 296.2e6 + 234.1e6, rel=1e-3)
    assert row["top_three_pct"] == pytest.approx(43.6, abs=0.05)


def test_a_range_without_adl_has_no_row(warehouse: Warehouse) -> None:
    quiet = datetime(2025, 10, 10, 21, 15, tzinfo=UTC)
    for question in (adl_seconds.by_second, adl_seconds.by_coin, adl_seconds.largest):
        assert question(warehouse, START, quiet).is_empty()


def test_winners_were_closed_below_where_the_coin_traded_an_hour_later(warehouse: Warehouse) -> None:
    coins = adl_rebound.by_coin(warehouse, START, END)
    bitcoin = coins.row(by_predicate=pl.col("asset") == "BTC", named=True)
    assert bitcoin["adl_price"] == pytest.approx(620_890_947.73 / 5832.3903)
    assert bitcoin["after_price"] == pytest.approx(112_345, abs=50) and bitcoin["markets"] == 5
    assert coins.height == 25 and (coins["rebound_pct"] > 0).all()


def test_a_range_that_ends_within_the_adl_has_no_price_after_it(warehouse: Warehouse) -> None:
    assert adl_rebound.by_coin(warehouse, START, datetime(2025, 10, 10, 21, 20, tzinfo=UTC)).is_empty()
