"""Which venue left the composite first, for how long and how far.

How far off and for how long a venue must be to have left is a choice, and another may name another venue: there is a
name only where most of the choices agree.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl

from analytics.market import composite, decimate
from analytics.market.composite import Grid
from analytics.warehouse import Columns, Warehouse

LEFT_PCT, BARS_OFF = 1.0, 3
"""A venue has left where it stands this far off the composite in so many composed bars running."""
LEFT_SETTINGS, BARS_SETTINGS = (0.5, 0.75, 1.0, 1.5, 2.0, 3.0), (2, 3, 5)
AGREE = 14
"""Of the settings of both, so many must name one venue before it is said to have left first."""
HOUR, SAME_MOVES = 3600, 0.3
"""A clock is off where a venue's moves fit the others' an hour apart, with at least this correlation, and not at
once."""
WORDS = {"1s": "seconds", "1m": "minutes"}
MOMENT = pl.Datetime("us", "UTC")
SETTING: Columns = {
    "left_pct": pl.Float64,
    "held": pl.Int64,
    "venue": pl.String,
    "name": pl.String,
    "market": pl.String,
    "symbol": pl.String,
    "left_after": MOMENT,
    "left_by": MOMENT,
    "refusal": pl.String,
    "source_id": pl.String,
}
DEPARTURES: Columns = {
    "venue": pl.String,
    "name": pl.String,
    "market": pl.String,
    "symbol": pl.String,
    "interval": pl.String,
    "prints": pl.Int64,
    "composed": pl.Int64,
    "bars": pl.Int64,
    "left_after": MOMENT,
    "left_by": MOMENT,
    "bars_out": pl.Int64,
    "deepest_pct": pl.Float64,
    "deepest_ts": MOMENT,
    "refusal": pl.String,
    "source_id": pl.String,
}


def order(
    warehouse: Warehouse, markets: tuple[tuple[str, decimate.Key], ...], start: datetime, end: datetime
) -> pl.DataFrame:
    """Which of the chosen markets, `(name of the venue, key)`, left the composite of three or more first, for how long
    and how far.

    Columns: `venue name market symbol interval prints composed bars left_after left_by bars_out deepest_pct
    deepest_ts refusal source_id`, in the order of leaving. A venue left between `left_after`, the last composed bar
    it was not out in, and `left_by`, the first it was; between them there may be bars without a composite. `refusal`
    says on every row why it is not known who was first; other settings that name another are one reason
    (`settings`).
    """
    grid, deviation = _off(warehouse, markets, start, end)
    ordered = _departures(grid, markets, deviation, LEFT_PCT, BARS_OFF)
    refusal = (
        _wrong_clock(grid, [name for name, _ in markets])
        or undecided(ordered)
        or unsteady(_settings(grid, markets, deviation))
    )
    if grid.worthless:
        refusal = (
            f"{grid.worthless} prices of zero or less are among the bars, at which nobody can trade: no order "
            "is computed."
        )
    return ordered.with_columns(refusal=pl.lit(refusal or None, pl.String))


def settings(
    warehouse: Warehouse, markets: tuple[tuple[str, decimate.Key], ...], start: datetime, end: datetime
) -> pl.DataFrame:
    """Which of the markets left first by each of 18 settings, or why that setting cannot tell.

    Columns: `left_pct held venue name market symbol left_after left_by refusal source_id`; a venue has left where it
    stands `left_pct` off for `held` bars. Where a setting cannot tell, no venue is named.
    """
    grid, deviation = _off(warehouse, markets, start, end)
    return _settings(grid, markets, deviation)


def unsteady(rows: pl.DataFrame) -> str:
    """Why no venue can be named from the `settings`: too few of them agree; empty where enough do."""
    named = rows.filter(pl.col("venue").is_not_null())
    counts = named.group_by("name").len().sort("len", "name", descending=[True, False])
    by_bars = named.group_by("name", "held").len()
    leader = counts["name"].first()
    against = by_bars.filter((pl.col("name") != leader) & (pl.col("len") > len(LEFT_SETTINGS) // 2))
    if counts.height and counts["len"][0] >= AGREE and against.is_empty():
        return ""
    said = [f"{row['name']} left first in {row['len']}" for row in counts.iter_rows(named=True)]
    silent = rows.height - named.height
    said += [f"{silent} cannot tell"] if silent else []
    return (
        f"Of {rows.height} settings ({LEFT_SETTINGS[0]:g} to {LEFT_SETTINGS[-1]:g} % off, for "
        f"{', '.join(map(str, BARS_SETTINGS[:-1]))} or {BARS_SETTINGS[-1]} bars) {', '.join(said)}: a name "
        f"needs {AGREE}."
    )


def undecided(left: pl.DataFrame, left_pct: float = LEFT_PCT, bars_off: int = BARS_OFF) -> str:
    """Why it is not known which venue left first (rows of `order`); empty where it is."""
    unit = WORDS.get(left["interval"][0], "bars")
    if left.height < composite.THREE:
        named = " and ".join(left["name"])
        if left.height < composite.TWO:
            return f"Only {named} has prints by {unit[:-1]} here, and one venue has no composite to leave."
        return (
            f"Only {named} have prints by {unit[:-1]} here: the composite of two lies midway between them, so "
            "neither can be said to leave it."
        )
    composed, bars = left["composed"][0], left["bars"][0]
    few = left.row(int(left["prints"].arg_min() or 0), named=True)
    want = (
        f"{few['name']} has a print in {few['prints']:,} of {bars:,} {unit}, so three venues compare in "
        f"{composed:,} of them"
    )
    gone = left.filter(pl.col("left_by").is_not_null())
    if gone.is_empty():
        return f"No venue stood {left_pct:g} % off the composite for {bars_off} {unit}: {want}."
    first = gone.row(0, named=True)
    for other in gone[1:].iter_rows(named=True):
        if other["left_after"] < first["left_by"]:
            return f"Of {first['name']} and {other['name']} it cannot be told which left first: {want}."
    return ""


def _off(
    warehouse: Warehouse, markets: tuple[tuple[str, decimate.Key], ...], start: datetime, end: datetime
) -> tuple[Grid, np.ndarray]:
    grid = composite.grid(warehouse, tuple(key for _, key in markets), start, end)
    return grid, composite.of(grid.price, composite.THREE)[1]


def _settings(grid: Grid, markets: tuple[tuple[str, decimate.Key], ...], deviation: np.ndarray) -> pl.DataFrame:
    rows = []
    for left_pct in LEFT_SETTINGS:
        for bars_off in BARS_SETTINGS:
            ordered = _departures(grid, markets, deviation, left_pct, bars_off)
            refusal = undecided(ordered, left_pct, bars_off)
            row = {"left_pct": left_pct, "held": bars_off, "refusal": refusal or None}
            first = ordered.row(0, named=True)
            names = [name for name in SETTING if name in first and name != "refusal"]
            row |= {"source_id": first["source_id"]} if refusal else {name: first[name] for name in names}
            rows.append({name: row.get(name) for name in SETTING})
    return pl.DataFrame(rows, schema=SETTING)


def _departures(
    grid: Grid, markets: tuple[tuple[str, decimate.Key], ...], deviation: np.ndarray, left_pct: float, bars_off: int
) -> pl.DataFrame:
    rows = [
        {
            "name": name,
            **dict(zip(decimate.KEY, key, strict=True)),
            **_departure(grid, place, deviation[place], left_pct, bars_off),
        }
        for place, (name, key) in enumerate(markets)
    ]
    frame = pl.DataFrame([{column: row.get(column) for column in DEPARTURES} for row in rows], schema=DEPARTURES)
    return frame.sort("left_by", "left_after", "venue", nulls_last=True)


def _wrong_clock(grid: Grid, names: list[str]) -> str:
    """Whose moves fit the others' an hour apart but not at the same time."""
    moves = np.nan_to_num(np.diff(np.log(grid.price), axis=1))
    hour = HOUR // grid.seconds
    if len(names) < composite.TWO or moves.shape[1] <= 2 * hour:
        return ""
    for place, name in enumerate(names):
        own, others = moves[place], np.delete(moves, place, axis=0).mean(axis=0)
        later, earlier = _alike(own[hour:], others[:-hour]), _alike(own[:-hour], others[hour:])
        if max(later, earlier) > max(SAME_MOVES, 2 * _alike(own, others)):
            return (
                f"The moves of {name} fit those of the others an hour "
                f"{'earlier' if later > earlier else 'later'}: its clock seems to be off, so nothing is "
                "compared."
            )
    return ""


def _alike(first: np.ndarray, second: np.ndarray) -> float:
    size = np.sqrt(np.square(first).sum() * np.square(second).sum())
    return float(first @ second / size) if size else 0.0


def _departure(grid: Grid, place: int, deviation: np.ndarray, left_pct: float, bars_off: int) -> dict[str, object]:
    composed = np.flatnonzero(~np.isnan(deviation))
    traded = np.flatnonzero(grid.printed.any(axis=0))
    bars = int(traded[-1] - traded[0]) + 1 if len(traded) else 0
    row: dict[str, object] = {"prints": int(grid.printed[place].sum()), "composed": len(composed), "bars": bars}
    out = np.abs(deviation[composed]) >= left_pct
    runs = np.convolve(out, np.ones(bars_off), "valid") == bars_off if len(out) >= bars_off else np.zeros(0, bool)
    if not runs.any():
        return row
    first, deepest = int(runs.argmax()), composed[np.abs(deviation[composed]).argmax()]
    return {
        **row,
        "left_after": grid.at(composed[first - 1]) if first else grid.start,
        "left_by": grid.at(composed[first]),
        "bars_out": int(out.sum()),
        "deepest_pct": float(deviation[deepest]),
        "deepest_ts": grid.at(deepest),
    }
