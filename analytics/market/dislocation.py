"""Which venue left the others: every venue against the composite of all that trade, second by second or bar by bar.

The composite is the median over the eligible venues' last prices. Eligible: traded in dollars or dollar tokens, one
market a venue (spot before perpetual, then the most traded), with a price no older than `FRESH` bars. There must be
three of them; where an asset trades on two only, the composite is their midpoint, so that neither can be said to have
left it.

How far off and for how long a venue must be to have left is a choice, and another may name another venue: there is a
name only where most of the choices agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from analytics import venues
from analytics.market import decimate, prices
from analytics.warehouse import Warehouse

FRESH = {"1s": 10}
"""Bars for which a close stays a venue's price; without an entry only the bar itself."""
LEFT_PCT, HELD = 1.0, 3
"""A venue has left where it stands this far off the composite in so many composed bars running."""
LEFT_SETTINGS, HELD_SETTINGS = (0.5, 0.75, 1.0, 1.5, 2.0, 3.0), (2, 3, 5)
AGREE = 14
"""Of the settings of both, so many must name one venue before it is said to have left first."""
TWO, THREE = 2, 3
HOUR, SAME_MOVES = 3600, 0.3
"""A clock is off where a venue's moves fit the others' an hour apart, with at least this correlation, and not at
once."""
WORDS = {"1s": "seconds", "1m": "minutes"}
MOMENT = pl.Datetime("us", "UTC")
SETTING = {
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
DEPARTURES = {
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


@dataclass(frozen=True)
class Grid:
    """Fresh prices on one clock: `price` is venues × bars, NaN where a venue has none; `printed` where it traded.

    `worthless` counts closes of zero or less, which are no prices.
    """

    start: datetime
    seconds: int
    price: np.ndarray
    printed: np.ndarray
    worthless: int

    def at(self, place: int) -> datetime:
        """When the bar at a place closes."""
        return self.start + timedelta(seconds=self.seconds * (int(place) + 1))


def assets(warehouse: Warehouse, start: datetime, end: datetime) -> pl.DataFrame:
    """The assets that trade on two venues or more at one bar length, the finest and best covered first: `base
    interval venues bars`."""
    known = _eligible(prices.series(warehouse, start, end))
    return (
        known.group_by("base", "interval", "seconds")
        .agg(venues=pl.col("venue").n_unique(), bars=pl.col("bars").sum())
        .filter(pl.col("venues") >= TWO)
        .sort("seconds", "venues", "bars", "base", descending=[False, True, True, False])
        .unique("base", keep="first", maintain_order=True)
        .select("base", "interval", "venues", "bars")
    )


def markets(warehouse: Warehouse, base: str, start: datetime, end: datetime, interval: str = "") -> pl.DataFrame:
    """The eligible markets of an asset, one a venue, at one bar length: the columns of `prices.series` and `name`.

    The bar length is the finest of which two venues' bars span most of the range, unless one is asked for.
    """
    known = _eligible(prices.series(warehouse, start, end)).filter(pl.col("base") == base)
    spans = (pl.col("last_ts") - pl.col("first_ts")).dt.total_seconds() / (end - start).total_seconds()
    wide = known.filter(spans >= prices.LEAST_COVERAGE).group_by("seconds", "interval").agg(venues=pl.len())
    several = wide.filter(pl.col("venues") >= TWO).sort("seconds")
    fallback = (
        known.group_by("seconds", "interval").agg(venues=pl.len()).sort("venues", "seconds", descending=[True, False])
    )
    if not interval:
        interval = (several if several.height else fallback)["interval"].first() or ""
    return venues.named(warehouse, known.filter(pl.col("interval") == interval)).sort("venue")


def deviations(warehouse: Warehouse, chosen: tuple[decimate.Key, ...], start: datetime, end: datetime) -> pl.DataFrame:
    """How far each of the chosen markets stood from the composite, thinned to what a screen shows; no extreme is lost.

    Columns: `venue market symbol interval ts price composite deviation_pct venues source_id`; `ts` is when the price
    stood, `venues` how many had a fresh price. A row without a deviation breaks the line: fewer than three had one
    (two, where only two are chosen), and a composite that venues join and leave would jump by itself.
    """
    grid = _grid(warehouse, chosen, start, end)
    composite, deviation, fresh = _composite(grid.price, max(TWO, min(THREE, len(chosen))))
    kept = [decimate.points(line) for line in deviation]
    place, bar = np.repeat(np.arange(len(chosen)), [len(points) for points in kept]), np.concatenate(kept)
    moment = round(grid.start.timestamp()) * decimate.SECOND
    return (
        pl.DataFrame(
            {
                "place": place,
                "ts": moment + (bar + 1) * grid.seconds * decimate.SECOND,
                "price": grid.price[place, bar],
                "composite": composite[bar],
                "deviation_pct": deviation[place, bar],
                "venues": fresh[bar],
            }
        )
        .with_columns(pl.col("ts").cast(MOMENT), pl.col("price", "composite", "deviation_pct").fill_nan(None))
        .join(_named(chosen), on="place", how="left", maintain_order="left")
        .select(
            "venue", "market", "symbol", "interval", "ts", "price", "composite", "deviation_pct", "venues", "source_id"
        )
    )


def widest(warehouse: Warehouse, chosen: tuple[decimate.Key, ...], start: datetime, end: datetime) -> pl.DataFrame:
    """The row of `deviations` furthest off the composite; of two venues with `apart_pct`, their distance in percent
    of the midpoint, else null."""
    rows = deviations(warehouse, chosen, start, end).filter(pl.col("deviation_pct").is_not_null())
    off = pl.col("deviation_pct").abs()
    return rows.with_columns(apart_pct=2 * off if len(chosen) == TWO else pl.lit(None, pl.Float64)).sort(off).tail(1)


def gap(warehouse: Warehouse, chosen: tuple[decimate.Key, ...], start: datetime, end: datetime) -> pl.DataFrame:
    """How far the first of two markets stood above the second, in percent of their midpoint, thinned as `deviations`
    is.

    Columns: `venue other_venue market other_market symbol other_symbol interval ts price other_price gap_pct
    source_id`; a row without a gap breaks the line. Raises ValueError unless there are two markets.
    """
    if len(chosen) != TWO:
        raise ValueError("A gap lies between two markets.")
    grid = _grid(warehouse, chosen, start, end)
    composite, _, _ = _composite(grid.price, TWO)
    apart = 100 * (grid.price[0] - grid.price[1]) / composite
    bar = decimate.points(apart)
    first, second = (dict(zip(decimate.KEY, key, strict=True)) for key in chosen)
    named = {name: pl.lit(first[name]) for name in ("venue", "market", "symbol", "interval")}
    others = {f"other_{name}": pl.lit(second[name]) for name in ("venue", "market", "symbol")}
    return pl.DataFrame(
        {
            "ts": round(grid.start.timestamp()) * decimate.SECOND + (bar + 1) * grid.seconds * decimate.SECOND,
            "price": grid.price[0, bar],
            "other_price": grid.price[1, bar],
            "gap_pct": apart[bar],
        }
    ).select(
        pl.col("ts").cast(MOMENT),
        pl.col("price", "other_price", "gap_pct").fill_nan(None),
        **named,
        **others,
        source_id=pl.lit(";".join(sorted({first["source_id"], second["source_id"]}))),
    )


def departures(
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
    ordered = _departures(grid, markets, deviation, LEFT_PCT, HELD)
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
        f"{', '.join(map(str, HELD_SETTINGS[:-1]))} or {HELD_SETTINGS[-1]} bars) {', '.join(said)}: a name "
        f"needs {AGREE}."
    )


def _off(
    warehouse: Warehouse, markets: tuple[tuple[str, decimate.Key], ...], start: datetime, end: datetime
) -> tuple[Grid, np.ndarray]:
    grid = _grid(warehouse, tuple(key for _, key in markets), start, end)
    return grid, _composite(grid.price, THREE)[1]


def _settings(grid: Grid, markets: tuple[tuple[str, decimate.Key], ...], deviation: np.ndarray) -> pl.DataFrame:
    rows = []
    for left_pct in LEFT_SETTINGS:
        for held in HELD_SETTINGS:
            ordered = _departures(grid, markets, deviation, left_pct, held)
            refusal = undecided(ordered, left_pct, held)
            row = {"left_pct": left_pct, "held": held, "refusal": refusal or None}
            first = ordered.row(0, named=True)
            names = [name for name in SETTING if name in first and name != "refusal"]
            row |= {"source_id": first["source_id"]} if refusal else {name: first[name] for name in names}
            rows.append({name: row.get(name) for name in SETTING})
    return pl.DataFrame(rows, schema=SETTING)


def _departures(
    grid: Grid, markets: tuple[tuple[str, decimate.Key], ...], deviation: np.ndarray, left_pct: float, held: int
) -> pl.DataFrame:
    rows = [
        {
            "name": name,
            **dict(zip(decimate.KEY, key, strict=True)),
            **_departure(grid, place, deviation[place], left_pct, held),
        }
        for place, (name, key) in enumerate(markets)
    ]
    frame = pl.DataFrame([{column: row.get(column) for column in DEPARTURES} for row in rows], schema=DEPARTURES)
    return frame.sort("left_by", "left_after", "venue", nulls_last=True)


def undecided(left: pl.DataFrame, left_pct: float = LEFT_PCT, held: int = HELD) -> str:
    """Why it is not known which venue left first (`departures`, sorted); empty where it is."""
    unit = WORDS.get(left["interval"][0], "bars")
    if left.height < THREE:
        named = " and ".join(left["name"])
        if left.height < TWO:
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
        return f"No venue stood {left_pct:g} % off the composite for {held} {unit}: {want}."
    first = gone.row(0, named=True)
    for other in gone[1:].iter_rows(named=True):
        if other["left_after"] < first["left_by"]:
            return f"Of {first['name']} and {other['name']} it cannot be told which left first: {want}."
    return ""


def _wrong_clock(grid: Grid, names: list[str]) -> str:
    """Whose moves fit the others' an hour apart but not at the same time."""
    moves = np.nan_to_num(np.diff(np.log(grid.price), axis=1))
    hour = HOUR // grid.seconds
    if len(names) < TWO or moves.shape[1] <= 2 * hour:
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


def _departure(grid: Grid, place: int, deviation: np.ndarray, left_pct: float, held: int) -> dict[str, object]:
    composed = np.flatnonzero(~np.isnan(deviation))
    traded = np.flatnonzero(grid.printed.any(axis=0))
    bars = int(traded[-1] - traded[0]) + 1 if len(traded) else 0
    row: dict[str, object] = {"prints": int(grid.printed[place].sum()), "composed": len(composed), "bars": bars}
    out = np.abs(deviation[composed]) >= left_pct
    runs = np.convolve(out, np.ones(held), "valid") == held if len(out) >= held else np.zeros(0, bool)
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


def _grid(warehouse: Warehouse, chosen: tuple[decimate.Key, ...], start: datetime, end: datetime) -> Grid:
    """Fresh prices of series of one bar length on one clock. Raises ValueError when bar lengths are mixed."""
    if len({key[4] for key in chosen}) != 1:
        raise ValueError("Bars of different lengths have no clock in common.")
    interval = chosen[0][4]
    seconds = prices.SECONDS[interval]
    rows = decimate.closes(warehouse, chosen, start, end)
    begins = int(start.timestamp()) // seconds * seconds
    bars = -((begins - int(end.timestamp())) // seconds)
    place = (rows["second"].to_numpy() + (round(start.timestamp()) - begins)) // seconds
    close = rows["close"].to_numpy()
    price = np.full((len(chosen), bars), np.nan)
    price[rows["place"].to_numpy(), place] = np.where(close > 0, close, np.nan)
    printed = ~np.isnan(price)
    _carry(price, printed, FRESH.get(interval, 1))
    return Grid(datetime.fromtimestamp(begins, start.tzinfo), seconds, price, printed, int((close <= 0).sum()))


def _carry(price: np.ndarray, printed: np.ndarray, fresh: int) -> None:
    """Let each price stand until the next print, for so many bars at most."""
    bars = np.arange(price.shape[1], dtype=np.int32)
    for line, traded in zip(price, printed, strict=True):
        if traded.all():
            continue
        last = np.maximum.accumulate(np.where(traded, bars, -1))
        stands = (last >= 0) & (bars - last < fresh)
        line[stands] = line[last[stands]]


def _composite(price: np.ndarray, least: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The median of the fresh prices where at least so many are, each price's distance from it in percent, and how
    many are fresh."""
    ordered = np.sort(price, axis=0)  # NaN sorts last
    fresh = len(price) - np.isnan(price).sum(axis=0)
    bars = np.arange(price.shape[1])
    lower, upper = ordered[np.maximum(fresh - 1, 0) // 2, bars], ordered[np.minimum(fresh // 2, len(price) - 1), bars]
    composite = np.where(fresh >= least, (lower + upper) / 2, np.nan)
    return composite, 100 * (price / composite - 1), fresh


def _named(chosen: tuple[decimate.Key, ...]) -> pl.DataFrame:
    """The parts of the keys by their place."""
    return pl.DataFrame(chosen, schema=dict.fromkeys(decimate.KEY, pl.String), orient="row").with_columns(
        place=pl.int_range(pl.len(), dtype=pl.Int64)
    )


def _eligible(known: pl.DataFrame) -> pl.DataFrame:
    intraday = known.filter(
        (pl.col("kind") == "trade") & pl.col("quote").is_in(prices.DOLLARS) & (pl.col("seconds") < prices.SECONDS["1d"])
    )
    return intraday.sort(
        pl.col("market") != "spot", "volume_base", "symbol", descending=[False, True, False], nulls_last=True
    ).unique(["base", "venue", "interval"], keep="first", maintain_order=True)
