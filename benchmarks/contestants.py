"""The contestants of the ingest benchmark; each imports what it needs first and returns the work that is timed.

`python -m benchmarks.contestants NAME ZIP DATA_DIR BASE DAYS` prints seconds,
and peak MB of this process and its children.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

Work = Callable[[], object]


def floor(archive: str) -> Work:
    """`zipfile` inflates to memory, Polars reads all columns; nothing is added up or stored."""
    import zipfile

    import polars as pl

    def work() -> object:
        with zipfile.ZipFile(archive) as packed:
            return pl.read_csv(packed.read(packed.namelist()[0]))

    return work


def isal_floor(archive: str) -> Work:
    """The same, inflated by isal."""
    import polars as pl

    inflate = _isal()
    return lambda: pl.read_csv(inflate(archive))


def ours(data_dir: str, base: str, days: str) -> Work:
    """Loopback HTTP, snapshot, checksum, exact 1-second bars, new generation, published."""
    from pipelines.config import Settings
    from pipelines.refreshing.refresh import refresh
    from pipelines.source import Ask, discover

    start = datetime(2025, 10, 10, tzinfo=UTC)
    ask = Ask(start, start + timedelta(days=int(days)), datetime.now(UTC), ("BTC/USDT:USDT",))
    module = discover()["binance_trades"]
    settings = Settings(data_dir=Path(data_dir), url={"binance_trades": base})

    def work() -> object:
        generation, outcomes = refresh(settings, [module], ask)
        if generation is None or outcomes[-1].outcome != "loaded":
            raise RuntimeError(outcomes[-1].error)
        return generation

    return work


def pandas(archive: str) -> Work:
    """pandas' own reading of the zip, grouped to bars."""
    import pandas as pd

    return lambda: _pandas_bars(pd.read_csv(archive))


def pandas_isal(archive: str) -> Work:
    """pandas given our inflated bytes."""
    import io

    import pandas as pd

    inflate = _isal()
    return lambda: _pandas_bars(pd.read_csv(io.BytesIO(inflate(archive))))


def duckdb(archive: str) -> Work:
    """Unzipped to disk, DuckDB's sniffed `read_csv`, grouped to bars in a table."""
    import tempfile
    import zipfile

    import duckdb as engine

    def work() -> None:
        with (
            tempfile.TemporaryDirectory() as folder,
            zipfile.ZipFile(archive) as packed,
            engine.connect(f"{folder}/bars.duckdb") as connection,
        ):
            file = packed.extract(packed.namelist()[0], folder)
            connection.execute(
                f"""
                CREATE TABLE bars AS
                SELECT transact_time // 1000 AS second,
                       arg_min(price, agg_trade_id) AS open, max(price) AS high, min(price) AS low,
                       arg_max(price, agg_trade_id) AS close, sum(quantity) AS base, sum(price * quantity) AS quote
                FROM read_csv('{file}')
                GROUP BY 1
                """
            )

    return work


def _isal() -> Callable[[str], bytes]:
    from pipelines.sources.common.archives import TAPE, csv_blocks

    def inflate(archive: str) -> bytes:
        with Path(archive).open("rb") as file:
            return b"".join(csv_blocks(file, archive, TAPE))

    return inflate


def _pandas_bars(trades: object) -> object:
    seconds = trades["transact_time"] // 1000
    columns = {
        "open": ("price", "first"),
        "high": ("price", "max"),
        "low": ("price", "min"),
        "close": ("price", "last"),
        "base": ("quantity", "sum"),
        "quote": ("quote", "sum"),
    }
    return trades.assign(quote=trades["price"] * trades["quantity"]).groupby(seconds).agg(**columns)


def _own_peak() -> float:
    """Peak MB since this program began; `ru_maxrss` would carry the parent's peak over."""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024


CONTESTANTS = {
    "floor": floor,
    "isal floor": isal_floor,
    "ours": ours,
    "pandas": pandas,
    "pandas isal": pandas_isal,
    "duckdb": duckdb,
}

if __name__ == "__main__":
    name, archive, data_dir, base, days = sys.argv[1:]
    work = ours(data_dir, base, days) if name == "ours" else CONTESTANTS[name](archive)
    began = time.perf_counter()
    work()
    seconds = time.perf_counter() - began
    print(json.dumps([seconds, _own_peak(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024]))
