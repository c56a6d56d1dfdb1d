"""The command line: build, status, sources, tables, export, rollback.

Exit codes: 0 done, 1 failed (what was published stays), 2 wrong use.
"""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import duckdb
import orjson
import polars as pl
import typer
from rich.console import Console
from rich.table import Table

from pipelines import build as building
from pipelines import warehouse
from pipelines.config import Settings
from pipelines.dictionary import dictionary, summary
from pipelines.source import discover
from pipelines.tables import TABLES

app = typer.Typer(
    help="Crashday's pipelines: from public bytes to a published warehouse.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


@app.command()
def build(json: Json = False) -> None:
    """Build the warehouse from the embedded facts in data/reference/. Loads only what changed; publishes once."""
    settings = Settings()
    began = time.perf_counter()
    try:
        generation, outcomes = building.build(settings)
    except warehouse.Busy as busy:
        err.print(str(busy))
        raise typer.Exit(0) from None
    failed = any(outcome.outcome == "failed" for outcome in outcomes)
    published = warehouse.current(settings.warehouse_dir)
    if json:
        _print_json(
            {
                "published": published and asdict(published),
                "new": generation is not None,
                "sources": [asdict(outcome) for outcome in outcomes],
            }
        )
        raise typer.Exit(int(failed))
    for outcome in outcomes:
        _print_outcome(outcome)
    if generation:
        out.print(
            f"Published generation {generation.generation} in {time.perf_counter() - began:.1f} s, content {generation.content_hash[:12]}."
        )
    elif failed:
        out.print(f"Nothing was published. {_still(published)}")
    else:
        out.print(f"Nothing changed. {_still(published)}")
    raise typer.Exit(int(failed))


@app.command()
def status(json: Json = False) -> None:
    """Tell which generation is published, how old it is, and which are kept."""
    settings = Settings()
    published = _published(settings)
    whole = warehouse.file_sha256(settings.warehouse_dir / published.file) == published.sha256
    kept = warehouse.generations(settings.warehouse_dir)
    if json:
        _print_json({**asdict(published), "whole": whole, "kept": kept})
    else:
        out.print(
            f"Generation {published.generation}, built {published.built_at}, content {published.content_hash[:12]}"
        )
        out.print(
            f"File {settings.warehouse_dir / published.file}: {'whole' if whole else 'DAMAGED, its sha256 differs; roll back or build again'}"
        )
        out.print(f"Kept: {', '.join(map(str, kept))}")
    raise typer.Exit(int(not whole))


@app.command()
def sources(json: Json = False) -> None:
    """List the sources: span, resolution, key, and whether they reach Oct. 10, 2025."""
    declared = [module.SOURCE for module in discover().values()]
    if json:
        _print_json([asdict(source) for source in declared])
        return
    table = Table("source", "publisher", "dataset", "span", "resolution", "key", "reaches Oct. 2025")
    for source in declared:
        reaches = {True: "yes", False: "no", None: "not proven"}[source.reaches_oct_2025]
        table.add_row(
            source.id,
            source.publisher,
            source.dataset,
            source.span,
            source.resolution,
            "needed" if source.key_needed else "none",
            reaches,
        )
    out.print(table)


@app.command()
def tables(
    name: Annotated[str | None, typer.Argument(help="A table, for its columns.")] = None, json: Json = False
) -> None:
    """List the canonical tables with their rows, or the columns of one."""
    if name is not None:
        _known_table(name)
        columns = [row for row in dictionary() if row["table"] == name]
        if json:
            _print_json(columns)
            return
        table = Table("column", "type", "unit", "key", "meaning", title=f"{name}: {summary(name)}")
        for row in columns:
            table.add_row(row["column"], row["type"], row["unit"], row["key"], row["meaning"])
        out.print(table)
        return
    settings = Settings()
    published = _published(settings)
    with duckdb.connect(str(settings.warehouse_dir / published.file), read_only=True) as connection:
        counts = {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES}
    if json:
        _print_json([{"table": table, "rows": rows, "one row is": summary(table)} for table, rows in counts.items()])
        return
    listing = Table("table", "rows", "one row is")
    for table, rows in counts.items():
        listing.add_row(table, f"{rows:,}", summary(table))
    out.print(listing)


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="Folder to write to; made if missing.")],
    table: Annotated[list[str] | None, typer.Option(help="Only this table; may be given again.")] = None,
    parquet: Annotated[bool, typer.Option("--parquet", help="Parquet instead of CSV.")] = False,
) -> None:
    """Write the published tables as CSV or Parquet, with the data dictionary beside them."""
    settings = Settings()
    published = _published(settings)
    chosen = table or list(TABLES)
    for name in chosen:
        _known_table(name)
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(settings.warehouse_dir / published.file), read_only=True) as connection:
        connection.execute("SET GLOBAL TimeZone='UTC'")
        for name in chosen:
            frame = connection.sql(f"SELECT * FROM {name}").pl()
            if parquet:
                frame.write_parquet(folder / f"{name}.parquet")
            else:
                frame.write_csv(folder / f"{name}.csv", datetime_format="%Y-%m-%dT%H:%M:%S%.fZ")
    pl.DataFrame(list(dictionary())).write_csv(folder / "dictionary.csv")
    out.print(f"Wrote {len(chosen)} tables of generation {published.generation} and dictionary.csv to {folder}.")


@app.command()
def rollback(
    generation: Annotated[
        int | None, typer.Argument(help="A kept generation; by default the one before the published one.")
    ] = None,
) -> None:
    """Point the readers back to an earlier generation."""
    settings = Settings()
    try:
        with warehouse.exclusive(settings.warehouse_dir):
            chosen = warehouse.rollback(settings.warehouse_dir, generation)
    except (ValueError, warehouse.Busy) as error:
        err.print(str(error))
        raise typer.Exit(1) from None
    out.print(f"Generation {chosen.generation} (built {chosen.built_at}) is published again.")


def _print_outcome(outcome: building.Outcome) -> None:
    doubled = f", {outcome.rows_doubled:,} exact duplicates dropped" if outcome.rows_doubled else ""
    out.print(
        f"{outcome.loader}: {outcome.outcome}, {outcome.rows_loaded:,} rows loaded, {outcome.rows_refused:,} refused{doubled}"
    )
    for line in outcome.refusals[:20]:
        out.print(f"  refused {line}")
    if len(outcome.refusals) > 20:
        out.print(f"  … and {len(outcome.refusals) - 20} more, all in the table quarantine")
    if outcome.error:
        err.print(outcome.error)


def _still(published: warehouse.Generation | None) -> str:
    return (
        f"Generation {published.generation}, built {published.built_at}, stays published."
        if published
        else "No generation is published yet."
    )


def _published(settings: Settings) -> warehouse.Generation:
    published = warehouse.current(settings.warehouse_dir)
    if published is None:
        err.print("Nothing is published yet. Run: python -m pipelines build")
        raise typer.Exit(1)
    return published


def _known_table(name: str) -> None:
    if name not in TABLES:
        err.print(f"There is no table '{name}'. Tables: {', '.join(TABLES)}")
        raise typer.Exit(2)


def _print_json(value: object) -> None:
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n")
