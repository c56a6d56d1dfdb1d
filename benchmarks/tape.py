"""A format-true tape: a zipped day of Binance USD-M aggregate trades, generated for benchmarks and tests only."""

from __future__ import annotations

import hashlib
import io
import sys
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import polars as pl

COLUMNS = ("agg_trade_id", "price", "quantity", "first_trade_id", "last_trade_id", "transact_time", "is_buyer_maker")


def agg_trades(rows: int, day: date = date(2025, 10, 10), seed: int = 10) -> pl.DataFrame:
    """`rows` aggregate trades of one UTC day with bursts,
    a random walk in ticks of 0.1 and quantities in steps of 0.001."""
    generator = np.random.default_rng(seed)
    start = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
    bursts = generator.gamma(0.6, size=86_400)
    seconds = np.sort(generator.choice(86_400, size=rows, p=bursts / bursts.sum()))
    times = np.sort(start + seconds * 1000 + generator.integers(0, 1000, rows))
    price = 1_150_000 + np.cumsum(generator.integers(-3, 4, rows))
    count = generator.geometric(0.6, rows)
    last = np.cumsum(count) + 6_000_000_000
    return pl.DataFrame(
        {
            "agg_trade_id": 2_900_000_000 + np.arange(rows),
            "price": np.clip(price, 100_000, None) / 10,
            "quantity": np.clip(np.round(generator.pareto(1.1, rows) * 60), 1, 900_000) / 1000,
            "first_trade_id": last - count + 1,
            "last_trade_id": last,
            "transact_time": times,
            "is_buyer_maker": generator.random(rows) < 0.53,
        }
    )


def zipped(trades: pl.DataFrame, name: str) -> tuple[bytes, bytes]:
    """The archive as Binance Vision publishes it, and its CHECKSUM file."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        archive.writestr(f"{name}.csv", trades.write_csv())
    body = packed.getvalue()
    return body, f"{hashlib.sha256(body).hexdigest()}  {name}.zip\n".encode()


if __name__ == "__main__":
    folder, rows, day = Path(sys.argv[1]), int(sys.argv[2]), date.fromisoformat(sys.argv[3])
    name = f"BTCUSDT-aggTrades-{day}"
    for suffix, content in zip((".zip", ".zip.CHECKSUM"), zipped(agg_trades(rows, day), name), strict=True):
        (folder / f"{name}{suffix}").write_bytes(content)
