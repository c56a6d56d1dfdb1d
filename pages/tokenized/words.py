"""Words the sections of the tokenized-stocks page share."""

from __future__ import annotations

import polars as pl

from charts.words import each, number, utc

SAID_POINTS = 20


def in_words(metric: str) -> str:
    return metric.replace("_", " ")


def dated(rows: pl.DataFrame, column: str = "as_of", precision: str = "as_of_precision") -> pl.DataFrame:
    """With a column `when`: the date in words, no finer than it is known."""
    return rows.with_columns(
        when=each(
            lambda moment, exactly: "not known" if moment is None else utc(moment, exactly), rows, column, precision
        )
    )


def points_in_words(points: pl.DataFrame) -> str:
    """What a chart of readings shows, in words: the last points one by one, the others counted."""
    said = [
        (
            f"{row['subject']} "
            f"{number(row['low'])}{'' if row['low'] == row['high'] else ' to ' + number(row['high'])} {row['unit']} "
            f"({utc(row['as_of'], row['as_of_precision'])}, {row['origin']})"
        )
        for row in points.tail(SAID_POINTS).iter_rows(named=True)
    ]
    return f"{points.height} dated points; the last are: " + "; ".join(said)
