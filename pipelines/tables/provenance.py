"""Where rows come from, and what became of them on the way."""

from __future__ import annotations

import dataframely as dy

from pipelines.tables.fields import Traced, choice, count, flag, moment, text


class Sources(dy.Schema):
    """Who a row comes from: publisher, page, licence, and how it was checked."""

    source_id = text("Identifier", primary_key=True, min_length=1)
    publisher = text("Publisher")
    dataset = text("Dataset or page")
    url = text("Where the publisher shows it", nullable=True)
    read_from = text("Where it was read, if elsewhere", nullable=True)
    licence = text("Terms of use", nullable=True)
    checked = text("How it was checked", nullable=True)
    kind = choice("Measured series, or published figure", "series", "published")
    linkable = flag("False for copy sites and unpublished notes: named as text, never linked")
    snapshot_id = text("The bytes it was read from; key of `snapshots`", min_length=1)


class Snapshots(dy.Schema):
    """Bytes that were loaded: what was asked for, where they came from, and their sha256."""

    snapshot_id = text("Identifier of this piece with these bytes", primary_key=True)
    loader = text("Source that planned and parsed them")
    piece = text("What was asked for")
    url = text("Where the bytes came from; a path for files of the repository")
    sha256 = text(
        "sha256 of the bytes; of the list of sha256 where a piece has several replies", min_length=64, max_length=64
    )
    bytes = count("Size", "bytes", min=0)
    fetched_at = moment("When they were fetched; when they were loaded for files of the repository")
    rows_loaded = count("Rows loaded from them", "rows", min=0)
    rows_refused = count("Rows sent to quarantine", "rows", min=0)
    rows_doubled = count("Exact duplicates dropped", "rows", min=0)
    parser = text("Fingerprint of the code that read them: another parser reads them again")


class Runs(dy.Schema):
    """What a build or refresh did for one source, as known when the generation was published."""

    run_id = text("Identifier", primary_key=True)
    loader = text("Source", primary_key=True)
    started_at = moment("Start")
    finished_at = moment("End")
    outcome = choice("What became of it", "loaded", "unchanged", "failed", "skipped")
    rows_loaded = count("Rows loaded", "rows", min=0)
    rows_refused = count("Rows sent to quarantine", "rows", min=0)
    error = text("Cause, where it failed", nullable=True)


class Quarantine(dy.Schema):
    """A row that was refused: the rule it broke, and the row as it came."""

    snapshot_id = text("The bytes it was read from; key of `snapshots`")
    table_name = text("Table it was meant for")
    row_number = count("Row in the file, 1 is the first below the header", "row")
    rule = text("Rule it broke")
    row_json = text("The row as it was parsed")


class Corrections(Traced):
    """An error in an embedded row, mended at load; the file keeps the row as it came."""

    table_name = text("The table the row is of", primary_key=True)
    row_key = text("Cells that name the one row, `column=text` separated by `;`", primary_key=True)
    expect = text("What one cell must still say, `column=text`; else the load is refused", primary_key=True)
    column_name = text("The column that is mended; empty where the whole row is left out", nullable=True)
    value = text("What it says instead; empty where it is not known", nullable=True)
    reason = text("Why", min_length=1)
