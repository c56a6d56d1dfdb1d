"""The embedded facts: one CSV per canonical table in `data/reference/`, each row with its source.

With no network at all these are what the pages show. A file that is not what it should be is refused whole, with the
row to mend; a row that breaks a rule of its table is quarantined by the loader, like any other source's.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from datetime import date
from functools import reduce
from pathlib import Path

import polars as pl

from pipelines.refreshing import corrections
from pipelines.source import Ask, CheckFailed, Frames, Piece, Reach, Refused, Source
from pipelines.tables.canonical import TABLES
from pipelines.tables.dictionary import column_names

FOLDER = Path(__file__).parents[2] / "data" / "reference"
LEAST_ROWS: dict[str, int] = json.loads((FOLDER / "verified_rows.json").read_text())
"""Rows each file held when its facts were verified: with fewer, or without the file, it was cut short.

New rows need no change there; a new file gets its line once somebody has verified it, and is read without one too.
"""
FILES = tuple(table for table in TABLES if table in LEAST_ROWS or (FOLDER / f"{table}.csv").exists())

SOURCE = Source(
    id="reference_pack",
    publisher="Crashday",
    dataset="Embedded facts about Oct. 10, 2025 and the tokenized-stock market",
    url="",
    licence="figures with attribution; each row names its source and that source's terms",
    method=(
        "Collected from public sources on 2026-11-22, one CSV row a fact; nothing computed except where a note says so."
    ),
    tables=FILES,
    span="2020-03 to 2026-11",
    resolution="1 s to 1 day bars; published figures by date",
    reach=Reach(first=date(2020, 3, 12)),
    group="embedded",
)

WITH_ZONE = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?Z$"


def plan(ask: Ask) -> Iterable[Piece]:
    return [Piece(table) for table in SOURCE.tables]


def bodies(folder: Path, piece: Piece) -> list[bytes]:
    """What a piece is read from: its CSV, and the corrections where some are to it. Raises FileNotFoundError."""
    body, corrected = ((folder / f"{name}.csv").read_bytes() for name in (piece.name, "corrections"))
    return [body, corrected] if corrections.of_table(piece.name, corrected) else [body]


def parse(bodies: list[bytes], piece: Piece) -> Frames:
    """Read one CSV of the pack, as corrected by a second one. Raises Refused with file, row, rule and remedy."""
    table, file = piece.name, f"{piece.name}.csv"
    schema = TABLES[table].columns()
    wanted = [column for column in column_names(table) if column != "snapshot_id"]
    cells = _cells(bodies[0], file, wanted)
    frame = pl.DataFrame(cells[1:], schema={column: pl.String for column in wanted}, orient="row")
    frame = frame.with_columns(pl.all().replace("", None))
    frame = corrections.corrected(frame, [each for body in bodies[1:] for each in corrections.of_table(table, body)])
    typed = frame.select(_typed(pl.col(column), schema[column].dtype).alias(column) for column in wanted)
    for column in wanted:
        lost = (frame[column].is_not_null() & typed[column].is_null()).arg_true()
        if len(lost):
            raise Refused(*_unreadable(file, int(lost[0]), column, frame[column][int(lost[0])], schema[column].dtype))
    _no_duplicate_keys(typed, file, TABLES[table].primary_key())
    return {table: typed.filter(frame[corrections.KEPT])}


def check(frames: Frames, piece: Piece) -> None:
    """Facts that were verified against the tape when the pack was made; a file cut short or mistyped breaks one."""
    ((table, frame),) = frames.items()
    if frame.height < LEAST_ROWS.get(table, 1):
        raise Refused(
            f"{table}.csv, row {frame.height}",
            f"the file ends here, before its {LEAST_ROWS.get(table, 1):,} verified rows: it was cut short",
            (
                f"Restore it: git checkout data/reference/{table}.csv; where rows were removed on purpose, "
                "lower its number in data/reference/verified_rows.json"
            ),
        )
    for statement, holds in FACTS.get(table, {}).items():
        if not frame.select(holds).item():
            raise CheckFailed(
                f"{table}.csv: {statement}, and it no longer does. Restore it, or mend the row that changed it."
            )


def _series(venue: str, symbol: str, interval: str, kind: str = "trade") -> pl.Expr:
    wanted = {"venue": venue, "symbol": symbol, "interval": interval, "kind": kind}
    return reduce(lambda left, right: left & right, (pl.col(column) == value for column, value in wanted.items()))


def _adl_fills() -> pl.Expr:
    return pl.col("value").filter((pl.col("metric") == "adl_fills") & (pl.col("asset") == "all")).max() == 34_983


def _flow(scope: str) -> pl.Expr:
    return pl.col("scope") == scope


def _dollars(scope: str) -> pl.Expr:
    return pl.col("amount_usd").filter(_flow(scope)).sum().round(2)


FACTS: dict[str, dict[str, pl.Expr]] = {
    "bars": {
        "BTC/USDT:USDT on Binance has its low of 101,516.5": pl.col("low")
        .filter(_series("binance", "BTC/USDT:USDT", "5m"))
        .min()
        == 101_516.5,
        "BTC/USDT:USDT on Binance has three whole days of 5-minute bars": _series(
            "binance", "BTC/USDT:USDT", "5m"
        ).sum()
        == 864,
        "USDE/USDT on Binance has its low of 0.65": pl.col("low").filter(_series("binance", "USDE/USDT", "1m")).min()
        == 0.65,
        "the day ranges cover 1,581 Binance spot markets": (pl.col("interval") == "1d").sum() == 1_581,
    },
    "liquidation_reports": {"Hyperliquid closed 34,983 fills by ADL": _adl_fills()},
    "liquidation_counts": {
        "the study counts 63,637 records": pl.col("liquidated_records").sum() == 63_637,
        "the study counts 34,983 ADL fills": pl.col("adl_fills").sum() == 34_983,
    },
    "liquidation_flows": {
        "Hyperliquid's seconds of ADL hold 34,983 fills": pl.col("events").filter(_flow("hyperliquid-adl-1s")).sum()
        == 34_983,
        "ADL by second adds up to 2,103,111,430.85 USD": _dollars("hyperliquid-adl-1s") == 2_103_111_430.85,
        "ADL by second and coin adds up to the same but for rounding": (
            _dollars("hyperliquid-adl-1s-by-coin") - 2_103_111_430.85
        ).abs()
        < 1,
    },
    "trades": {
        "the ATOM sweep has 71 aggregate trades down to 0.001": (pl.len() == 71) & (pl.col("price").min() == 0.001)
    },
    "venue_volumes": {"the window volumes cover 11 venues": pl.col("venue").n_unique() == 11},
}


def _cells(body: bytes, file: str, wanted: list[str]) -> list[list[str]]:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = body[: error.start].count(b"\n")
        raise Refused(f"{file}, row {row}", "it is not UTF-8", "Save the file as UTF-8.") from None
    if not text.endswith("\n"):
        raise Refused(
            f"{file}, row {text.count(chr(10))}",
            "the last line has no end: the file was cut short",
            f"Restore it: git checkout data/reference/{file}.",
        )
    reader = csv.reader(io.StringIO(text), strict=True)
    cells: list[list[str]] = []
    try:
        cells.extend(reader)
    except csv.Error as error:
        raise Refused(
            f"{file}, row {len(cells)}",
            f"it is not CSV ({error})",
            "Check its quotes, or restore a file cut short.",
        ) from None
    _right_header(cells[0], file, wanted)
    for row, line in enumerate(cells[1:], start=1):
        if len(line) != len(wanted):
            raise Refused(
                f"{file}, row {row}",
                f"{len(line)} cells instead of {len(wanted)}",
                "Check its commas and quotes, or restore a file cut short.",
            )
    return cells


def _right_header(header: list[str], file: str, wanted: list[str]) -> None:
    missing = [column for column in wanted if column not in header]
    unknown = [column for column in header if column not in wanted]
    if missing or unknown or header != wanted:
        differs = (
            "; ".join(
                filter(
                    None,
                    [
                        f"missing: {', '.join(missing)}" if missing else "",
                        f"unknown: {', '.join(unknown)}" if unknown else "",
                    ],
                )
            )
            or "another order"
        )
        raise Refused(f"{file}, header", f"wrong columns ({differs})", f"The header must read: {','.join(wanted)}")


def _typed(cell: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    match dtype:
        case pl.Datetime():
            return (
                pl.when(cell.str.contains(WITH_ZONE))
                .then(cell)
                .str.to_datetime(time_unit="us", time_zone="UTC", strict=False)
            )
        case pl.Boolean():
            return cell.replace_strict({"true": True, "false": False}, default=None, return_dtype=pl.Boolean)
        case _:
            return cell.cast(dtype, strict=False)


def _unreadable(file: str, index: int, column: str, cell: str, dtype: pl.DataType) -> tuple[str, str, str]:
    where = f"{file}, row {index + 1}, column {column}"
    if isinstance(dtype, pl.Datetime):
        return where, f"'{cell}' is not a UTC time with its zone", "Write it as 2025-10-10T21:20:00Z."
    if isinstance(dtype, pl.Boolean):
        return where, f"'{cell}' is not true or false", "Write true or false."
    return (
        where,
        f"'{cell}' is not a number",
        "Write digits with a point, or leave the cell empty where it is not known.",
    )


def _no_duplicate_keys(frame: pl.DataFrame, file: str, key: list[str]) -> None:
    again = frame.select(pl.struct(key).is_duplicated()).to_series().arg_true()
    if len(again):
        first = frame.row(int(again[0]), named=True)
        twins = frame.with_row_index("row").filter(
            pl.struct(key) == pl.struct(pl.lit(first[name], dtype=frame.schema[name]).alias(name) for name in key)
        )
        rows = " and ".join(str(index + 1) for index in twins["row"])
        raise Refused(
            f"{file}, rows {rows}",
            f"the same key twice ({', '.join(f'{name}={first[name]}' for name in key)})",
            "Keep one of them.",
        )
