"""Embedded facts that are not what they should be are refused with file, row, rule and remedy, and nothing is
published."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from typer.testing import CliRunner

from analytics.data import export
from analytics.warehouse import Warehouse
from pipelines.commands.cli import app
from pipelines.config import ROOT, Settings
from pipelines.generations import draft as publishing
from pipelines.source import Piece, Refused
from pipelines.sources import reference_pack
from pipelines.tables.dictionary import column_names

REFERENCE = ROOT / "data" / "reference"
TABLES, LEAST = reference_pack.SOURCE.tables, reference_pack.LEAST_ROWS
Damage = Callable[[bytes], bytes | None]


def cell(row: int, column: str, value: str) -> Damage:
    """Write a value into one cell; row 1 is the first below the header."""

    def change(body: bytes) -> bytes:
        rows = list(csv.reader(io.StringIO(body.decode())))
        rows[row][rows[0].index(column)] = value
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        return text.getvalue().encode()

    return change


def first_line_again(body: bytes) -> bytes:
    return body + body.splitlines(keepends=True)[1]


def cut_to(table: str, rows: int) -> Damage:
    return lambda body: b"".join(body.splitlines(keepends=True)[: rows + 1])


def rows_of(table: str) -> int:
    return pl.read_csv(REFERENCE / f"{table}.csv", infer_schema=False).height


BROKEN: dict[str, tuple[str, Damage, str]] = {
    "wrong column": (
        "crash_days",
        lambda body: body.replace(b"title", b"titel", 1),
        (
            r"crash_days\.csv, header: wrong columns \(missing: title; unknown: titel\)\. The "
            r"header must read: crash_day,title,"
        ),
    ),
    "columns in another order": (
        "venues",
        lambda body: body.replace(b"venue,name", b"name,venue", 1),
        r"venues\.csv, header: wrong columns \(another order\)\. The header must read: venue,name,",
    ),
    "not a number": (
        "funding_rates",
        cell(3, "funding_rate", "0,01%"),
        r"funding_rates\.csv, row 3, column funding_rate: '0,01%' is not a number\. Write digits with a point",
    ),
    "duplicate key": (
        "venues",
        first_line_again,
        rf"venues\.csv, rows 1 and {rows_of('venues') + 1}: the same key twice \(venue=\w+\)\. Keep one of them",
    ),
    "time without zone": (
        "events",
        cell(4, "ts", "2025-10-10T21:20:00"),
        (
            r"events\.csv, row 4, column ts: '2025-10-10T21:20:00' is not a UTC time with its "
            r"zone\. Write it as 2025-10-10T21:20:00Z"
        ),
    ),
    "no time with a zone at all": (
        "crash_days",
        lambda body: body.replace(b":00Z", b":00"),
        r"crash_days\.csv, row 1, column window_start: '[\d-]+T00:00:00' is not a UTC time with its zone",
    ),
    "time that does not exist": (
        "events",
        cell(4, "ts", "2025-02-30T21:20:00Z"),
        r"events\.csv, row 4, column ts: '2025-02-30T21:20:00Z' is not a UTC time",
    ),
    "neither true nor false": (
        "sources",
        cell(2, "linkable", "[/yes]"),
        r"sources\.csv, row 2, column linkable: '\[/yes\]' is not true or false\. Write true or false",
    ),
    "cut in the middle of a line": (
        "bars",
        lambda body: body[:-20],
        (
            rf"bars\.csv, row {rows_of('bars')}: the last line has no end: the file was cut short\. "
            r"Restore it: git checkout data/reference/bars\.csv"
        ),
    ),
    "cut at the end of a line": (
        "bars",
        cut_to("bars", rows_of("bars") - 1),
        (
            rf"bars\.csv, row {LEAST['bars'] - 1}: the file ends here, .* it was cut short\. "
            r"Restore it: git checkout data/reference/bars\.csv"
        ),
    ),
    "a quote that is never closed": (
        "venues",
        lambda body: body + b'"aster\n',
        rf"venues\.csv, row {rows_of('venues') + 1}: it is not CSV \(.*\)\. Check its quotes",
    ),
    "too few cells": (
        "venues",
        lambda body: body + b"aster\n",
        rf"venues\.csv, row {rows_of('venues') + 1}: 1 cells instead of \d+\. Check its commas",
    ),
    "not UTF-8": (
        "events",
        lambda body: body.replace(b"\n", b"\n\xe9", 2),
        r"events\.csv, row 1: it is not UTF-8\. Save the file as UTF-8",
    ),
    "empty": (
        "depegs",
        lambda body: b"",
        r"depegs\.csv, row 0: .* Restore it: git checkout data/reference/depegs\.csv",
    ),
    "missing": (
        "trades",
        lambda body: None,
        r"trades\.csv is missing\. Restore it: git checkout data/reference/trades\.csv",
    ),
    "a verified fact that no longer holds": (
        "trades",
        lambda body: body.replace(b",0.001,", b",0.002,"),
        r"trades\.csv: the ATOM sweep has 71 aggregate trades down to 0\.001, and it no longer does\. Restore it",
    ),
}


def change(path: Path, damage: Damage) -> None:
    before = path.read_bytes()
    after = damage(before)
    assert after != before
    if after is None:
        path.unlink()
    else:
        path.write_bytes(after)


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_refused_and_what_was_published_stays(own: Settings, case: str) -> None:
    table, damage, says = BROKEN[case]
    change(own.reference_dir / f"{table}.csv", damage)
    before = (own.warehouse_dir / "current.json").read_bytes()
    result = CliRunner().invoke(app, ["build"])
    assert result.exit_code == 1
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert re.search(says, result.stderr), result.stderr
    assert "Nothing was published. Generation 1" in result.stdout
    assert (own.warehouse_dir / "current.json").read_bytes() == before
    assert publishing.generations(own.warehouse_dir) == [1]


def test_every_broken_file_is_named_at_once(own: Settings) -> None:
    change(own.reference_dir / "events.csv", cell(1, "ts", "yesterday"))
    change(own.reference_dir / "depegs.csv", lambda body: None)
    result = CliRunner().invoke(app, ["build"])
    assert "events.csv, row 1, column ts" in result.stderr
    assert "depegs.csv is missing" in result.stderr


@pytest.mark.parametrize("table", TABLES)
def test_a_file_cut_short_at_the_end_of_a_line_is_refused(table: str) -> None:
    assert rows_of(table) >= LEAST[table]
    body = cut_to(table, LEAST[table] - 1)((REFERENCE / f"{table}.csv").read_bytes())
    assert body is not None
    with pytest.raises(Refused, match=rf"{table}\.csv, row \d+: the file ends here"):
        reference_pack.check(reference_pack.parse([body], Piece(table)), Piece(table))


def test_a_row_that_breaks_a_rule_is_quarantined_and_the_rest_published(own: Settings) -> None:
    change(own.reference_dir / "events.csv", cell(2, "confidence", "certain"))
    result = CliRunner().invoke(app, ["build"])
    assert result.exit_code == 0, result.output
    assert "1 refused" in result.stdout
    assert "refused events, events row 2: breaks `confidence|check__one_of`" in result.stdout
    published = publishing.current(own.warehouse_dir)
    assert published is not None and published.generation == 2
    with duckdb.connect(str(own.warehouse_dir / published.file), read_only=True) as connection:
        kept = connection.execute("SELECT table_name, row_number, rule, row_json FROM quarantine").fetchall()
        rows = connection.execute("SELECT count(*) FROM events").fetchone()
    assert [row[:3] for row in kept] == [("events", 2, "confidence|check__one_of")]
    assert '"confidence":"certain"' in kept[0][3]
    assert rows == (rows_of("events") - 1,)


def test_a_mended_file_empties_its_quarantine(own: Settings) -> None:
    path = own.reference_dir / "events.csv"
    mended = path.read_bytes()
    change(path, cell(2, "confidence", "certain"))
    CliRunner().invoke(app, ["build"])
    path.write_bytes(mended)
    CliRunner().invoke(app, ["build"])
    published = publishing.current(own.warehouse_dir)
    assert published is not None and published.generation == 3
    with duckdb.connect(str(own.warehouse_dir / published.file), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM quarantine").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (rows_of("events"),)


def test_a_byte_order_mark_and_windows_line_ends_are_read_as_excel_writes_them() -> None:
    body = (REFERENCE / "venues.csv").read_bytes()
    excel = b"\xef\xbb\xbf" + body.replace(b"\n", b"\r\n")
    assert_frame_equal(
        reference_pack.parse([excel], Piece("venues"))["venues"],
        reference_pack.parse([body], Piece("venues"))["venues"],
    )


@pytest.mark.parametrize("table", TABLES)
def test_facts_come_out_of_the_warehouse_as_they_went_in(warehouse: Warehouse, table: str) -> None:
    embedded = reference_pack.parse(reference_pack.bodies(REFERENCE, Piece(table)), Piece(table))[table]
    exported = export.rows(warehouse, table, {}).drop("snapshot_id")
    reread = reference_pack.parse([export.csv(exported)], Piece(table))[table]
    columns = [column for column in column_names(table) if column != "snapshot_id"]
    assert_frame_equal(reread.select(columns).sort(columns), embedded.sort(columns))
