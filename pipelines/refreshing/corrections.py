"""Errors in what others published or recorded, mended at load: each with its reason, and with what it expects to find.

The files keep the rows as they came. A correction names one row by some of its cells, what one cell of it must still
say, and what is put instead; without a column the row is left out. Once nothing matches any more, upstream has
changed: the load is refused, so that no correction outlives its error.
"""

from __future__ import annotations

import csv
import io
from functools import reduce
from operator import and_

import polars as pl

from pipelines.source import Refused

FILE = "corrections.csv"
KEPT = "kept"
CELLS = ("table_name", "row_key", "expect", "column_name", "value")


def of_table(table: str, body: bytes) -> list[tuple[int, dict[str, str]]]:
    """The corrections of one table with their row numbers in the file. A line that cannot be read is none: the file's
    own load refuses it."""
    try:
        rows = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))
    except (UnicodeDecodeError, csv.Error):
        return []
    whole = [
        (number, row) for number, row in enumerate(rows, start=1) if set(row) >= set(CELLS) and None not in row.values()
    ]
    return [(number, row) for number, row in whole if row["table_name"] == table]


def corrected(frame: pl.DataFrame, corrections: list[tuple[int, dict[str, str]]]) -> pl.DataFrame:
    """The cells of a table, all text, as corrected; `kept` is false in rows to leave out. Raises Refused where a
    correction does not match."""
    frame = frame.with_columns(pl.lit(value=True).alias(KEPT))
    for number, row in corrections:
        here = _holds(frame, row["row_key"], number)
        if (matched := frame.filter(here).height) != 1:
            raise _expired(number, row, f"{matched} rows of {row['table_name']} have {row['row_key']}")
        if not frame.filter(here & _holds(frame, row["expect"], number)).height:
            raise _expired(number, row, f"the row {row['row_key']} no longer says {row['expect']}")
        column, value = (row["column_name"], row["value"] or None) if row["column_name"] else (KEPT, False)
        _known(frame, column, number)
        frame = frame.with_columns(pl.when(here).then(pl.lit(value)).otherwise(column).alias(column))
    return frame


def _holds(frame: pl.DataFrame, cells: str, number: int) -> pl.Expr:
    """Whether a row has all of these cells, written `column=text;column=text`; an empty text is a cell that is not
    known."""
    pairs = [cell.partition("=")[::2] for cell in cells.split(";")]
    for column, _ in pairs:
        _known(frame, column, number)
    return reduce(and_, (pl.col(column).eq_missing(pl.lit(text or None, pl.String)) for column, text in pairs))


def _known(frame: pl.DataFrame, column: str, number: int) -> None:
    if column not in frame.columns:
        raise Refused(f"{FILE}, row {number}", f"the table has no column '{column}'", "Name a column of the table.")


def _expired(number: int, row: dict[str, str], why: str) -> Refused:
    return Refused(
        f"{FILE}, row {number}",
        f"nothing to correct any more ({why})",
        "See what changed in the table; delete the correction if the error is gone.",
    )
