"""Sweeps found by a rule among single trades."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from analytics.market import sweep
from analytics.warehouse import Warehouse
from tests.analytics import made

FOCUS = datetime(2025, 10, 10, 20, 30, tzinfo=UTC), datetime(2025, 10, 10, 22, 30, tzinfo=UTC)
HOUR = made.START, made.START + timedelta(hours=1)


def tape(
    prices: list[float], sides: str | list[str] = "sell", venue: str = "binance", microseconds: int = 0
) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "venue": venue,
            "market": "spot",
            "symbol": "ATOM/USDT",
            "trade_id": [str(98 + place) for place in range(len(prices))],
            "ts": [made.START + timedelta(microseconds=microseconds)] * len(prices),
            "price": prices,
            "quantity_base": 1.0,
            "taker_side": sides,
            "source_id": "tape",
        }
    )


def test_the_rule_finds_the_atom_sweep(warehouse: Warehouse) -> None:
    found = sweep.by_rule(warehouse, *FOCUS)
    assert found.height == 1
    (row,) = found.iter_rows(named=True)
    assert (row["symbol"], row["trades"], row["first_price"], row["last_price"]) == (
        "ATOM/USDT",
        71,
        1.688,
        0.001,
    )
    assert (row["taker_side"], round(row["walk_pct"], 2), row["quantity_base"]) == ("sell", -99.94, 9_695.33)
    assert row["ts"].microsecond == 689_043
    assert sweep.tapes(warehouse, *FOCUS)["trades"].to_list() == [71]


def test_a_sweep_is_one_sided_long_enough_and_ends_at_its_extreme() -> None:
    down, up = list(np.linspace(10, 8, 12)), list(np.linspace(10, 12, 12))
    rows = [
        tape(down),
        tape(up, "buy", microseconds=1),
        tape(up, "sell", microseconds=2),
        tape(down, ["sell", "buy"] * 6, microseconds=3),
        tape(down[:9], microseconds=4),
        tape(list(np.linspace(10, 9.6, 12)), microseconds=5),
        tape([*down, 9.0], microseconds=6),
    ]
    warehouse = made.warehouse(trades=pl.concat(rows))
    found = sweep.by_rule(warehouse, *HOUR)
    assert found.select("taker_side", "ts").rows() == [
        ("sell", made.START),
        ("buy", made.START + timedelta(microseconds=1)),
    ]
    assert found["walk_pct"].to_list() == pytest.approx([-20, 20])
    assert sweep.by_rule(warehouse, *HOUR, walk_pct=3).height == 3
    assert sweep.by_rule(warehouse, *HOUR, prints=13).is_empty()


def test_the_value_of_a_sweep_holds_at_prices_of_billionths_of_a_dollar() -> None:
    prices = [3e-9, *[2.5e-9] * 10, 2e-9]
    warehouse = made.warehouse(trades=tape(prices).with_columns(quantity_base=pl.lit(1e6)))
    (row,) = sweep.by_rule(warehouse, *HOUR).iter_rows(named=True)
    assert row["value_quote"] == pytest.approx(0.03)
    (stamp,) = sweep.stamps(warehouse, *HOUR).iter_rows(named=True)
    assert stamp["vwap"] == pytest.approx(2.5e-9)
