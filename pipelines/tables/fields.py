"""The kinds of columns the canonical tables are made of, and the columns many of them share."""

from __future__ import annotations

from typing import Any

import dataframely as dy
import polars as pl

CONFIDENCE = ("high", "medium", "low")
PRECISION = ("microsecond", "second", "minute", "window", "hour", "day", "month", "season", "year", "unknown")
MARKETS = ("spot", "perp", "future", "option", "futures", "index", "pool", "fund", "unknown")


def text(meaning: str, **options: Any) -> dy.String:
    return dy.String(description=meaning, **options)


def choice(meaning: str, *values: str, **options: Any) -> dy.String:
    """A text column that may only hold one of `values`; the rule that guards it is called `one_of`."""
    known = list(values)
    return dy.String(
        description=meaning,
        check={"one_of": lambda column: column.is_in(known)},
        metadata={"values": values},
        **options,
    )


def number(meaning: str, unit: str, **options: Any) -> dy.Float64:
    return dy.Float64(description=meaning, metadata={"unit": unit}, **options)


def count(meaning: str, unit: str, **options: Any) -> dy.Int64:
    return dy.Int64(description=meaning, metadata={"unit": unit}, **options)


def moment(meaning: str, **options: Any) -> dy.Datetime:
    return dy.Datetime(time_zone="UTC", time_unit="us", description=meaning, metadata={"unit": "UTC"}, **options)


def flag(meaning: str, **options: Any) -> dy.Bool:
    return dy.Bool(description=meaning, **options)


class Traced(dy.Schema):
    """What every row carries: who says so, and the bytes it was read from."""

    source_id = text("Who states this row; key of `sources`", min_length=1)
    snapshot_id = text("The bytes it was read from; key of `snapshots`", min_length=1)


class Published(Traced):
    """A figure somebody published: its board (who counted what, over which window,
    as of when) is part of its identity."""

    metric = text("What is measured", primary_key=True, min_length=1)
    value = number("The figure; null where the publication has words only", "see `unit`", nullable=True)
    unit = text("Unit of `value`", nullable=True)
    board = text(
        "Origin, universe, window and as-of in one key: only figures of one board may be compared or summed",
        primary_key=True,
    )
    window_label = text("The window as the publication words it", nullable=True)
    window_start = moment("Start of the window, where stated", nullable=True)
    window_end = moment("End of the window, where stated", nullable=True)
    as_of = moment("When the figure was read or published", nullable=True)
    as_of_precision = choice("How exactly `as_of` is known", *PRECISION)
    origin = text("Who produced the number", nullable=True)
    universe = text("Which venues or accounts the number covers", nullable=True)
    confidence = choice("How far the reading can be trusted", *CONFIDENCE)
    second_hand = flag("True where the page was not opened and another document quoted it")
    note = text("What a reader must know before quoting it", nullable=True)

    @dy.rule()
    def window_in_order(cls) -> pl.Expr:
        return pl.col("window_start") <= pl.col("window_end")
