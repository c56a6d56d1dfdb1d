"""The microscope's charts on a full day of one-second bars of ten venues (864,000 rows, generated):
`python -m benchmarks.microscope`.

Printed: the time until a chart's data is ready, straight from the warehouse with nothing cached; the size of the
figure; and whether the lowest and highest value are still on it.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import duckdb
import numpy as np
import plotly.graph_objects as go
import polars as pl

from analytics.market import decimate, departures, dislocation, first_movers, impact, phases, playback, volume_profile
from analytics.warehouse import Warehouse
from charts.market import dislocation as dislocation_chart
from charts.market import impact as impact_chart
from charts.market import lead_lag as lead_lag_chart
from charts.market import phases as phases_chart
from charts.market import replay as replay_chart
from charts.market import volume_profile as profile_chart
from pipelines.tables.canonical import TABLES
from pipelines.tables.dictionary import ddl

START = datetime(2024, 2, 29, tzinfo=UTC)
END, T0 = START + timedelta(days=1), START + timedelta(hours=12)
SECONDS, VENUES, ROUNDS = 86_400, 10, 11
BASE = "BENCH"
MOST_MS, MOST_BYTES = 50, 300_000


@dataclass(frozen=True)
class Chart:
    """A chart of the page: the question it asks, how it is drawn,
    and the extremes its lines must hold (None where it is no line)."""

    name: str
    ask: Callable[[], pl.DataFrame]
    draw: Callable[[pl.DataFrame], go.Figure]
    extremes: tuple[float, float] | None = None


def day_of_seconds(venues: int = VENUES, seed: int = 10) -> pl.DataFrame:
    """One-second bars of a day on so many venues: calm, a crash of a tenth within minutes at noon,
    and a slow way back."""
    random = np.random.default_rng(seed)
    common = np.cumsum(random.normal(0, 2e-5, SECONDS)) + _crash()
    moments = pl.datetime_range(START, END, "1s", closed="left", eager=True, time_unit="us")
    frames = []
    for place in range(venues):
        close = 50_000 * np.exp(common + random.normal(0, 1e-4, SECONDS))
        reach = np.abs(random.normal(0, 1e-4, (2, SECONDS)))
        volume = random.gamma(0.5, 2, SECONDS) * np.where(_crash() < -0.01, 20, 1)
        frames.append(
            pl.DataFrame(
                {
                    "venue": f"venue{place}",
                    "market": "spot",
                    "symbol": f"{BASE}/USDT",
                    "kind": "trade",
                    "interval": "1s",
                    "ts": moments,
                    "source_id": "generated",
                    "snapshot_id": "generated",
                    "open": close,
                    "high": close * (1 + reach[0]),
                    "low": close * (1 - reach[1]),
                    "close": close,
                    "volume_base": volume,
                    "volume_quote": volume * close,
                    "taker_buy_base": volume * 0.4,
                    "trades": np.ones(SECONDS, np.int64),
                }
            )
        )
    return pl.concat(frames)


def warehouse_of(bars: pl.DataFrame, folder: Path) -> Warehouse:
    """A warehouse file with these bars and nothing else, attached read-only as a generation is."""
    path = folder / "generated.duckdb"
    writer = duckdb.connect(str(path))
    for table in TABLES:
        writer.execute(ddl(table))
    writer.register("generated", bars.to_arrow())
    writer.execute("INSERT INTO bars BY NAME SELECT * FROM generated")
    writer.execute("INSERT INTO snapshots BY NAME SELECT 'generated' AS snapshot_id, 'generated' AS loader")
    writer.close()
    hub = duckdb.connect(":memory:")
    hub.execute("SET GLOBAL TimeZone='UTC'")
    hub.execute(f"ATTACH '{path}' AS g000001 (READ_ONLY)")
    return Warehouse(1, "", "", hub)


def charts(warehouse: Warehouse) -> Iterator[Chart]:
    """Every chart of the page that is drawn from bars, over the whole day."""
    markets = dislocation.markets(warehouse, BASE, START, END)
    chosen = decimate.keys(markets)
    span = {"start": START, "end": END}
    names = dict(markets.select("venue", "name").iter_rows())
    yield Chart(
        "prices by venue",
        lambda: decimate.paths(warehouse, chosen, START, END),
        _lows,
        _of(warehouse, "min(low), max(high)"),
    )
    yield Chart(
        "deviations from the composite",
        lambda: dislocation.deviations(warehouse, chosen, START, END),
        lambda rows: dislocation_chart.deviations(rows, names, departures.LEFT_PCT, START, END),
        _deviations(warehouse),
    )
    yield Chart(
        "replay",
        lambda: playback.track(warehouse, chosen, START, END, T0),
        lambda rows: replay_chart.falls(rows, playback.fills(warehouse, START, END), START, END, T0),
    )
    yield Chart(
        "phases",
        lambda: phases.measured(warehouse, chosen[0], START, END),
        lambda rows: _phases(warehouse, chosen[0], rows),
    )
    yield Chart(
        "impact",
        lambda: impact.windows(warehouse, chosen[0], **span),
        lambda rows: impact_chart.windows(rows, "#0b6bcb", START, END),
    )
    yield Chart(
        "volume by price", lambda: volume_profile.by_price(warehouse, chosen[0], **span), profile_chart.by_price
    )
    pair = tuple((key[0], key) for key in chosen[:2])
    hour = {"start": T0, "end": T0 + timedelta(hours=1)}
    yield Chart(
        "who moved first, an hour", lambda: first_movers.estimates(warehouse, pair, **hour), lead_lag_chart.leads
    )


def values(figure: go.Figure) -> np.ndarray:
    """All that the lines of a figure show."""
    return np.concatenate([np.asarray(line.y, float) for line in figure.data if line.y is not None])


def _crash() -> np.ndarray:
    second = np.arange(SECONDS)
    return np.interp(second, [43_200, 44_400, 44_900, 45_000, 50_000], [0, -0.01, -0.1, -0.11, -0.05])


def _of(warehouse: Warehouse, columns: str) -> tuple[float, float]:
    return warehouse.query(f"SELECT {columns} FROM bars").row(0)


def _deviations(warehouse: Warehouse) -> tuple[float, float]:
    return warehouse.query(
        """
        WITH composite AS (SELECT ts, median(close) AS middle FROM bars GROUP BY ts)
        SELECT min(100 * (close / middle - 1)), max(100 * (close / middle - 1))
        FROM bars
        JOIN composite USING (ts)
        """
    ).row(0)


def _lows(rows: pl.DataFrame) -> go.Figure:
    from charts.lines import gridded

    figure = go.Figure()
    for line in rows.partition_by("venue", maintain_order=True):
        length = (line["close_at"][0] - line["ts"][0]).total_seconds()
        for column in ("low", "high"):
            figure.add_scatter(**gridded(line["ts"], line[column], length), mode="lines")
    return figure


def _phases(warehouse: Warehouse, key: decimate.Key, bars: pl.DataFrame) -> go.Figure:
    found = phases.by_rule(warehouse, key, START, END)
    return phases_chart.by_rule(bars, found, phases.published(warehouse, "none"), START, END)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="crashday-bench-") as folder:
        bars = day_of_seconds()
        warehouse = warehouse_of(bars, Path(folder))
        print(
            f"{bars.height:,} one-second bars of {VENUES} venues; median of {ROUNDS}, "
            f"limits {MOST_MS} ms and {MOST_BYTES / 1000:.0f} kB"
        )
        for chart in charts(warehouse):
            seconds = []
            for _ in range(ROUNDS):
                began = time.perf_counter()
                rows = chart.ask()
                seconds.append(time.perf_counter() - began)
            figure = chart.draw(rows)
            kept = ""
            if chart.extremes:
                shown = values(figure)
                kept = (
                    "both extremes kept"
                    if np.allclose((np.nanmin(shown), np.nanmax(shown)), chart.extremes, rtol=1e-6)
                    else "AN EXTREME IS LOST"
                )
            print(
                f"{chart.name:32}{1000 * median(seconds):7.1f} ms "
                f"(least {1000 * min(seconds):.1f}){len(figure.to_json()) / 1000:8.1f} kB  {kept}"
            )


if __name__ == "__main__":
    main()
