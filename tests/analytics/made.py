"""Warehouses of a test's own making, in memory: for questions whose true answer must be known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import duckdb
import numpy as np
import polars as pl

from analytics.warehouse import Warehouse
from pipelines.tables.canonical import TABLES
from pipelines.tables.dictionary import ddl

START = datetime(2024, 2, 29, 12, tzinfo=UTC)
SOURCE = "made"
LENGTHS = {"1s": 1, "1m": 60}


def warehouse(**tables: pl.DataFrame) -> Warehouse:
    """A warehouse with these rows and nothing else; columns that are not given are null."""
    hub = duckdb.connect(":memory:")
    hub.execute("SET GLOBAL TimeZone='UTC'")
    hub.execute("ATTACH ':memory:' AS g000001")
    hub.execute("USE g000001")
    for table in TABLES:
        hub.execute(ddl(table))
    hub.execute(f"INSERT INTO snapshots BY NAME SELECT '{SOURCE}' AS snapshot_id, '{SOURCE}' AS loader")
    for table, rows in tables.items():
        hub.register("rows", rows.to_arrow())
        hub.execute(f"INSERT INTO {table} BY NAME SELECT * FROM rows")
        hub.unregister("rows")
    return Warehouse(1, "", "", hub)


def bars(
    venue: str,
    close: np.ndarray,
    *,
    interval: str = "1m",
    symbol: str = "BTC/USDT",
    market: str = "spot",
    kind: str = "trade",
    start: datetime = START,
    low: np.ndarray | None = None,
    volume: np.ndarray | None = None,
) -> pl.DataFrame:
    """Bars of one market, each opening where the one before closed; a NaN among the closes is a bar that is missing."""
    places = np.flatnonzero(~np.isnan(close))
    shown = close[places]
    opened = np.concatenate((shown[:1], shown[:-1]))
    volume = np.ones(len(close)) if volume is None else volume
    return pl.DataFrame(
        {
            "venue": venue,
            "market": market,
            "symbol": symbol,
            "kind": kind,
            "interval": interval,
            "ts": [start + timedelta(seconds=LENGTHS[interval] * int(place)) for place in places],
            "source_id": SOURCE,
            "snapshot_id": SOURCE,
            "open": opened,
            "high": np.maximum(opened, shown),
            "low": np.minimum(opened, shown) if low is None else low[places],
            "close": shown,
            "volume_base": volume[places],
            "volume_quote": volume[places] * shown,
            "taker_buy_base": volume[places] * 0.25,
            "trades": np.ones(len(places), np.int64),
        }
    )


def key(
    venue: str, interval: str = "1m", symbol: str = "BTC/USDT", market: str = "spot", kind: str = "trade"
) -> tuple[str, ...]:
    """The key of a series made by `bars`."""
    return venue, market, symbol, kind, interval, SOURCE
