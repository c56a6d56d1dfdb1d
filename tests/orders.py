"""Single liquidations for tests: a warehouse of a test's own with rows that a feed might have sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import polars as pl

from analytics.warehouse import Hub, Warehouse
from pipelines.config import Settings
from pipelines.generations import draft as publishing
from pipelines.tables.dictionary import column_names

FEEDS = {
    "binance": "forceOrder (USD-M)",
    "bybit": "allLiquidation",
    "deribit": "trades",
    "hyperliquid": "hyperliquid-fills (SQD Portal)",
}


def rows(orders: pl.DataFrame, venue: str, mechanism: str = "liquidation", side: str = "long") -> pl.DataFrame:
    """Orders (`symbol ts notional_usd`) as rows of the table, sold at a price of 100 through the venue's feed."""
    return orders.with_columns(
        venue=pl.lit(venue),
        market=pl.lit("perp"),
        event_id=pl.concat_str(pl.lit(mechanism), pl.int_range(pl.len()).cast(pl.String), separator="-"),
        liquidated_side=pl.col("liquidated_side") if "liquidated_side" in orders.columns else pl.lit(side),
        price=pl.lit(100.0),
        price_kind=pl.lit("bankruptcy" if venue == "bybit" else "fill"),
        quantity_base=pl.col("notional_usd") / 100,
        mechanism=pl.lit(mechanism),
        feed=pl.lit(FEEDS[venue]),
        source_id=pl.lit("crashday"),
        snapshot_id=pl.lit("test"),
    ).select(column_names("liquidations"))


def put(settings: Settings, *frames: pl.DataFrame, table: str = "liquidations") -> None:
    """Write rows of a table into the published file of a test's own warehouse."""
    published = publishing.current(settings.warehouse_dir)
    assert published is not None
    with duckdb.connect(str(settings.warehouse_dir / published.file)) as connection:
        for frame in frames:
            connection.register("given", frame.to_arrow())
            connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM given")
            connection.unregister("given")


@contextmanager
def leased(settings: Settings) -> Iterator[Warehouse]:
    with Hub(settings.warehouse_dir).lease() as warehouse:
        yield warehouse
