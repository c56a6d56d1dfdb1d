"""What there is: the sources, the tables, and the tables as files."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import polars as pl
import typer
from rich.table import Table

from pipelines import health
from pipelines.commands.options import Json
from pipelines.commands.output import err, failure_in_a_sentence, out, print_json
from pipelines.config import Settings
from pipelines.generations.readers import opened, reading
from pipelines.source import discover
from pipelines.tables.canonical import TABLES
from pipelines.tables.dictionary import dictionary, summary


def sources(json: Json = False) -> None:
    """List the sources: span, resolution, key, and which days they can give."""
    declared = [module.SOURCE for module in discover().values()]
    if json:
        print_json([asdict(source) for source in declared])
        return
    done = _last_successes(Settings())
    table = Table("source", "what", "span", "resolution", "key", "gives", "last success")
    for source in declared:
        key = f"CRASHDAY_KEY_{source.id.upper()}{' (optional)' * source.key_optional}" if source.key_header else "none"
        table.add_row(
            source.id,
            source.dataset,
            source.span,
            source.resolution,
            key,
            str(source.reach),
            done.get(source.id, "never"),
        )
    out.print(table)


def tables(
    name: Annotated[str | None, typer.Argument(help="A table, for its columns.")] = None, json: Json = False
) -> None:
    """List the canonical tables with their rows, or the columns of one."""
    if name is None:
        _print_tables(json)
    else:
        _refuse_unknown_table(name)
        _print_columns(name, json)


def export(
    folder: Annotated[Path, typer.Argument(help="Folder to write to; made if missing.")],
    table: Annotated[list[str] | None, typer.Option(help="Only this table; may be given again.")] = None,
    parquet: Annotated[bool, typer.Option("--parquet", help="Parquet instead of CSV.")] = False,
) -> None:
    """Write the published tables as CSV or Parquet, with the data dictionary beside them."""
    settings = Settings()
    chosen = table or list(TABLES)
    for name in chosen:
        _refuse_unknown_table(name)
    with failure_in_a_sentence(settings), reading(settings.warehouse_dir) as generation:
        folder.mkdir(parents=True, exist_ok=True)
        with opened(settings.warehouse_dir, generation.generation) as connection:
            for name in chosen:
                frame = connection.sql(f"SELECT * FROM {name}").pl()
                if parquet:
                    frame.write_parquet(folder / f"{name}.parquet")
                else:
                    frame.write_csv(folder / f"{name}.csv", datetime_format="%Y-%m-%dT%H:%M:%S%.fZ")
        pl.DataFrame(list(dictionary())).write_csv(folder / "dictionary.csv")
    out.print(f"Wrote {len(chosen)} tables of generation {generation.generation} and dictionary.csv to {folder}.")


def _print_tables(json: bool) -> None:
    settings = Settings()
    with failure_in_a_sentence(settings), opened(settings.warehouse_dir) as connection:
        counts = {table: connection.sql(f"SELECT count(*) AS n FROM {table}").pl()["n"].item() for table in TABLES}
    if json:
        print_json([{"table": table, "rows": rows, "one row is": summary(table)} for table, rows in counts.items()])
        return
    listing = Table("table", "rows", "one row is")
    for table, rows in counts.items():
        listing.add_row(table, f"{rows:,}", summary(table))
    out.print(listing)


def _print_columns(name: str, json: bool) -> None:
    columns = [row for row in dictionary() if row["table"] == name]
    if json:
        print_json(columns)
        return
    table = Table("column", "type", "unit", "key", "meaning", title=f"{name}: {summary(name)}")
    for row in columns:
        table.add_row(row["column"], row["type"], row["unit"], row["key"], row["meaning"])
    out.print(table)


def _refuse_unknown_table(name: str) -> None:
    if name not in TABLES:
        err.print(f"There is no table '{name}'. Tables: {', '.join(TABLES)}")
        raise typer.Exit(2)


def _last_successes(settings: Settings) -> dict[str, str]:
    return {
        one.source: f"{one.last_success:%Y-%m-%d %H:%M}"
        for one in health.health(settings.data_dir, datetime.now(UTC))
        if one.last_success
    }
