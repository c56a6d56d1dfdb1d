"""The facts behind three questions everybody asks: who was largest, do two figures compare, and how do two days
compare."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

import polars as pl

from analytics import sql
from analytics.compare import crash_days
from analytics.liquidations import boards, regimes
from analytics.warehouse import Columns, Warehouse

FIGURES: Columns = {
    "board": pl.String,
    "venue": pl.String,
    "total_usd": pl.Float64,
    "source_id": pl.String,
    "window_label": pl.String,
    "origin": pl.String,
    "as_of": pl.Datetime("us", "UTC"),
    "as_of_precision": pl.String,
}
SUBSET: Columns = {
    "venue": pl.String,
    "name": pl.String,
    "first_usd": pl.Float64,
    "second_usd": pl.Float64,
    "times": pl.Float64,
    "completeness": pl.String,
    "established": pl.Boolean,
    "first_window": pl.String,
    "second_window": pl.String,
    "source_id": pl.String,
}


def venues(warehouse: Warehouse, crash_day: str) -> pl.DataFrame:
    """The exchanges a pair may be chosen from: `venue name source_id`, those of the day's fullest board first.

    The first two are the two largest neighbours on the board of which one hides liquidations and the other does not,
    the hiding one first; where there are no such two, the two largest.
    """
    named: list[str] = []
    for board in boards.every(warehouse, crash_day).filter(pl.col("phase") == "crash").head(1)["board"]:
        named = boards.by_exchange(warehouse, board).filter(~pl.col("computed"))["venue"].to_list()
    verdicts = regimes.verdicts(warehouse, tuple(named), *crash_days.window(warehouse, crash_day))
    whole = (verdicts["completeness"] == "complete").to_list()
    for left, right in pairwise(range(len(named))):
        if whole[left] != whole[right]:
            hides, shows = (named[right], named[left]) if whole[left] else (named[left], named[right])
            named = [hides, shows, *(name for name in named if name not in (hides, shows))]
            break
    return warehouse.query(
        """
        SELECT venue, name, source_id
        FROM venues
        WHERE kind IN ('cex', 'dex')
        ORDER BY list_position($named, venue) NULLS LAST, venue NOT IN (SELECT venue FROM feed_regimes), lower(name)
        """,
        named=named,
    )


def counterpart(warehouse: Warehouse, crash_day: str) -> pl.DataFrame:
    """The day to compare with where none is asked for: `crash_day source_id`, one row.

    The latest earlier day with a board that names exchanges and states its total, else the latest such day, else any
    other.
    """
    return warehouse.query(
        f"""
        WITH boarded AS (
            SELECT crash_day
            FROM liquidation_reports
            WHERE metric = 'liquidations' AND asset = 'all' AND side = 'total' AND phase = 'crash'
              AND {sql.ONE_SIDED}
            GROUP BY crash_day, board
            HAVING count(DISTINCT venue) FILTER (venue <> 'all') >= 2 AND count(*) FILTER (venue = 'all') > 0
        )
        SELECT d.crash_day, d.source_id
        FROM crash_days d, (SELECT window_start FROM crash_days WHERE crash_day = $crash_day) own
        WHERE d.crash_day <> $crash_day
        ORDER BY d.crash_day IN (FROM boarded) DESC, d.window_start < own.window_start DESC, d.window_start DESC
        LIMIT 1
        """,
        crash_day=crash_day,
    )


def pair(warehouse: Warehouse, crash_day: str, first: str, second: str) -> pl.DataFrame:
    """Two exchanges on one day: `venue name total_usd board window_label origin as_of as_of_precision completeness feed
    rule established source_id`.

    Both figures are of the fullest board that names both, null where none does. `completeness` is that of the best feed
    of each in the day's window, `unknown` where no feed is described. At most one row an exchange, in the order asked.
    """
    venues, window = (first, second), crash_days.window(warehouse, crash_day)
    verdicts = regimes.verdicts(warehouse, venues, *window)
    feeds = regimes.in_force(warehouse, venues, *window)
    best = feeds.unique("venue", keep="first", maintain_order=True).select("venue", "feed", "rule")
    rows = verdicts.join(best, on="venue", how="left", maintain_order="left")
    figures = _common_board(warehouse, crash_day, venues)
    joined = rows.join(figures, on="venue", how="left", suffix="_board", maintain_order="left")
    return joined.with_columns(
        source_id=pl.concat_str("source_id_board", "source_id", separator=";", ignore_nulls=True)
    ).drop("source_id_board")


def days(warehouse: Warehouse, first: str, second: str) -> pl.DataFrame:
    """The totals of two days (`crash_days.totals`), the first day first: at most two rows."""
    totals = crash_days.totals(warehouse)
    asked = pl.DataFrame({"crash_day": [first, second]})
    return asked.join(totals, on="crash_day", how="inner", maintain_order="left")


def changes_between(warehouse: Warehouse, first: str, second: str) -> pl.DataFrame:
    """The changes of measurement between two days (`regimes.changes`), whichever is the earlier."""
    start, end = _span(warehouse, first, second)
    return regimes.changes(warehouse, start, end)


def subset(warehouse: Warehouse, first: str, second: str) -> pl.DataFrame:
    """The exchanges whose figures of two days were measured in one way, as far as is known, with both figures.

    Columns: `venue name first_usd second_usd times completeness established first_window second_window source_id`;
    `times` is the first over the second. An exchange is in it where the fullest board of each day names it, its best
    feed had the same completeness on both days and did not change between them. Whether the windows agree is told, not
    assumed.
    """
    start, end = _span(warehouse, first, second)
    changed = regimes.changes(warehouse, start, end)["venue"]
    sides = []
    for crash_day in (first, second):
        board = boards.every(warehouse, crash_day).filter(pl.col("phase") == "crash").head(1)
        if board.is_empty():
            return pl.DataFrame(schema=SUBSET)
        rows = boards.by_exchange(warehouse, board["board"][0]).filter(~pl.col("computed"))
        verdicts = regimes.verdicts(warehouse, tuple(rows["venue"]), *crash_days.window(warehouse, crash_day))
        sides.append(
            rows.select("venue", "total_usd", window=pl.lit(board["window_label"][0]), source_id="source_id").join(
                verdicts, on="venue", suffix="_regime", maintain_order="left"
            )
        )
    both = sides[0].join(sides[1], on=["venue", "name", "completeness"], suffix="_second", maintain_order="left")
    return both.filter(~pl.col("venue").is_in(changed.implode())).select(
        "venue",
        "name",
        first_usd="total_usd",
        second_usd="total_usd_second",
        times=pl.col("total_usd") / pl.col("total_usd_second"),
        completeness="completeness",
        established=pl.col("established") & pl.col("established_second"),
        first_window="window",
        second_window="window_second",
        source_id=pl.concat_str("source_id", "source_id_second", "source_id_regime", separator=";", ignore_nulls=True),
    )


def _span(warehouse: Warehouse, first: str, second: str) -> tuple[datetime, datetime]:
    start, end = sorted(crash_days.window(warehouse, crash_day)[0] for crash_day in (first, second))
    return start, end


def _common_board(warehouse: Warehouse, crash_day: str, venues: tuple[str, str]) -> pl.DataFrame:
    """The two exchanges on the fullest board of the crash that names both; no row where none does."""
    for board in boards.every(warehouse, crash_day).filter(pl.col("phase") == "crash").iter_rows(named=True):
        rows = boards.by_exchange(warehouse, board["board"]).filter(pl.col("venue").is_in(venues))
        if rows.height == len(set(venues)):
            told = {name: pl.lit(board[name]) for name in ("window_label", "origin", "as_of", "as_of_precision")}
            return rows.select("board", "venue", "total_usd", "source_id").with_columns(**told)
    return pl.DataFrame(schema=FIGURES)
