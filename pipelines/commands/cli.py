"""The command line: build, refresh, schedule, record, status, sources, tables, export, rollback, pin, unpin.

Exit codes: 0 done, 1 failed (what was published stays), 2 wrong use, 3 partly:
something was loaded and something failed.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import duckdb
import orjson
import polars as pl
import typer
from rich.console import Console
from rich.table import Table

from pipelines import condition, detect
from pipelines import health as watching
from pipelines import schedule as scheduling
from pipelines.children import die_with_parent as end_with_parent
from pipelines.commands import asking
from pipelines.commands.progress import Bars
from pipelines.config import SCHEDULE, Settings
from pipelines.generations import draft, notes
from pipelines.generations.mounts import locks_end_here
from pipelines.generations.readers import GenerationGone, NoWarehouse, opened, reading
from pipelines.recording import recorder as recording
from pipelines.recording import streams
from pipelines.refreshing import build as building
from pipelines.refreshing import refresh as refreshing
from pipelines.refreshing.load import UNPUBLISHED, Outcome
from pipelines.source import discover
from pipelines.sources import reference_pack
from pipelines.tables.canonical import TABLES
from pipelines.tables.dictionary import dictionary, summary

app = typer.Typer(
    help="Crashday's pipelines: from public bytes to a published warehouse.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
out = Console(highlight=False, markup=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)

DISK_FAULTS = (OSError, duckdb.OperationalError, duckdb.FatalException)
"""What a disk that is full or broken makes of a build, wherever it is met: in a copy, a load or a checkpoint."""

NAMED = 10
"""Pieces a message names; of more it gives the number."""

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


@app.command()
def build(json: Json = False) -> None:
    """Build the warehouse from the embedded facts in data/reference/. Loads only what changed; publishes once."""
    settings = Settings()
    began = time.perf_counter()
    _print_damage(settings)
    try:
        generation, outcomes = building.build(settings)
    except draft.Busy as busy:
        err.print(str(busy))
        raise typer.Exit(0) from None
    except DISK_FAULTS as error:
        raise _stopped(settings, error) from None
    if not json:
        for outcome in outcomes:
            _print_outcome(outcome)
    _report(settings, generation, outcomes, began, json)


@app.command()
def refresh(
    source: Annotated[
        list[str] | None, typer.Option(help="Only this source; may be given again. See `sources`.")
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            help=(
                "First moment, ISO with zone, e.g. 2025-10-10T00:00Z. By default two whole UTC days ago, "
                "or since the source last worked."
            )
        ),
    ] = None,
    end: Annotated[str | None, typer.Option(help="End, not included; now by default.")] = None,
    symbol: Annotated[
        list[str] | None, typer.Option(help="Base asset (BTC) or symbol (BTC/USDT:USDT); may be given again.")
    ] = None,
    event: Annotated[str | None, typer.Option(help="A crash day, for its window: oct-10-2025.")] = None,
    group: Annotated[
        str | None, typer.Option(help="Only sources worth asking this often: fast, hourly, daily.")
    ] = None,
    offline: Annotated[
        bool,
        typer.Option("--offline", help="Rebuild everything from the embedded facts and the stored bytes; no network."),
    ] = False,
    die_with_parent: Annotated[bool, typer.Option("--die-with-parent", hidden=True)] = False,
    json: Json = False,
) -> None:
    """Fetch what is missing or has changed at the sources, load it, publish once."""
    settings = Settings()
    began = time.perf_counter()
    show = _print_nothing if json else _print_outcome
    if die_with_parent:
        end_with_parent()
    if kind := locks_end_here(settings.data_dir):
        err.print(
            f"{settings.data_dir} lies on {kind}, where a lock holds on this machine only: refresh it from one machine."
        )
    _print_damage(settings)
    try:
        if offline:
            if source or start or end or symbol or event or group:
                raise typer.BadParameter("--offline rebuilds everything that is stored; give it alone.")
            _refuse_to_lose(condition.pieces_without_bytes(settings))
            with Bars(err, show) as bars:
                generation, outcomes = refreshing.rebuild(settings, bars)
        else:
            modules = asking.chosen(settings, source, group)
            before, days = (
                watching.health(settings.data_dir, datetime.now(UTC)),
                detect.proposed(settings.warehouse_dir),
            )
            ask = asking.ask(settings, start, end, event, symbol)
            asking.known_symbols(modules, ask)
            with Bars(err, show) as bars:
                # A group nobody uses here (nothing is recorded, say) is no reason to draft a generation.
                generation, outcomes = refreshing.refresh(settings, modules, ask, bars) if modules else (None, [])
    except draft.Busy as busy:
        err.print(str(busy))
        raise typer.Exit(0) from None
    except DISK_FAULTS as error:
        raise _stopped(settings, error) from None
    if not offline:
        news = watching.news(before, watching.health(settings.data_dir, datetime.now(UTC)))
        found = detect.proposed(settings.warehouse_dir)
        news += [f"A crash day is proposed: {day}. {note}" for day, note in found.items() if day not in days]
        _tell(settings, news)
    _report(settings, generation, outcomes, began, json, keys_wanted=bool(source))


@app.command()
def schedule(
    once: Annotated[
        bool, typer.Option("--once", help="Refresh what is due by now and end: for cron, a timer or a workflow.")
    ] = False,
    die_with_parent: Annotated[bool, typer.Option("--die-with-parent", hidden=True)] = False,
) -> None:
    """Refresh by the clock until stopped: a cron expression per source group, missed runs caught up once."""
    if die_with_parent:
        end_with_parent()
    settings = Settings()
    try:
        triggers = {group: scheduling.trigger(settings, group) for group in SCHEDULE}
    except ValueError as error:
        raise typer.BadParameter(f"A cron expression in CRASHDAY_SCHEDULE_… cannot be read: {error}") from None
    for group, due in triggers.items():
        last = scheduling.last_run(settings, group, datetime.now(UTC))
        out.print(f"{group}: {due}, last ran {f'{last:%Y-%m-%d %H:%M} UTC' if last else 'never'}")
    if once:
        raise typer.Exit(scheduling.once(settings))
    scheduling.run(settings)


@app.command()
def record(
    venue: Annotated[list[str] | None, typer.Option(help="Only this venue; may be given again.")] = None,
) -> None:
    """Keep the live liquidation feeds until stopped (SIGTERM, Ctrl-C); a refresh loads what was kept."""
    known = streams.discover()
    for name in venue or []:
        if name not in known:
            raise typer.BadParameter(f"There is no recorded venue '{name}'. Venues: {', '.join(known)}")
    chosen = [known[name] for name in dict.fromkeys(venue or known)]
    asyncio.run(recording.record(Settings(), chosen, lambda words: err.print(f"{datetime.now(UTC):%H:%M:%S} {words}")))


@app.command()
def status(json: Json = False) -> None:
    """Tell which generation is published, how old it is, and which are kept."""
    settings = Settings()
    _print_damage(settings)
    published = _published(settings)
    whole = draft.is_whole(settings.warehouse_dir, published)
    kept, pinned = draft.generations(settings.warehouse_dir), sorted(notes.pinned(settings.warehouse_dir))
    if json:
        _print_json({**asdict(published), "whole": whole, "kept": kept, "pinned": pinned})
    else:
        out.print(
            f"Generation {published.generation}, built {published.built_at}, content {published.content_hash[:12]}"
        )
        out.print(
            f"File {settings.warehouse_dir / published.file}: "
            f"{'whole' if whole else 'DAMAGED, not what was published; roll back or build again'}"
        )
        out.print(f"Kept: {', '.join(map(str, kept))}")
        if pinned:
            out.print(f"Pinned: {', '.join(map(str, pinned))}")
    raise typer.Exit(int(not whole))


@app.command()
def sources(json: Json = False) -> None:
    """List the sources: span, resolution, key, and whether they reach Oct. 10, 2025."""
    declared = [module.SOURCE for module in discover().values()]
    if json:
        _print_json([asdict(source) for source in declared])
        return
    done = _last_successes(Settings())
    table = Table("source", "what", "span", "resolution", "key", "reaches Oct. 2025", "last success")
    for source in declared:
        reaches = {True: "yes", False: "no", None: "not proven"}[source.reaches_oct_2025]
        key = f"CRASHDAY_KEY_{source.id.upper()}{' (optional)' * source.key_optional}" if source.key_header else "none"
        table.add_row(
            source.id, source.dataset, source.span, source.resolution, key, reaches, done.get(source.id, "never")
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
    with _in_a_sentence(settings), opened(settings.warehouse_dir) as connection:
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
    chosen = table or list(TABLES)
    for name in chosen:
        _known_table(name)
    with _in_a_sentence(settings), reading(settings.warehouse_dir) as generation:
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


@app.command()
def rollback(
    generation: Annotated[
        int | None, typer.Argument(help="A kept generation; by default the one before the published one.")
    ] = None,
) -> None:
    """Point the readers back to an earlier generation."""
    settings = Settings()
    _print_damage(settings)
    with _in_a_sentence(settings), draft.exclusive(settings.warehouse_dir):
        chosen = draft.rollback(settings.warehouse_dir, generation)
    out.print(f"Generation {chosen.generation} (built {chosen.built_at}) is published again.")


@app.command()
def pin(
    generation: Annotated[int | None, typer.Argument(help="A kept generation; the published one by default.")] = None,
) -> None:
    """Keep a generation until it is unpinned, so that links to it stay good."""
    settings = Settings()
    number = _published(settings).generation if generation is None else generation
    _change_pins(settings, notes.pin, number)
    out.print(f"Generation {number} is kept until it is unpinned.")


@app.command()
def unpin(generation: Annotated[int, typer.Argument(help="A pinned generation.")]) -> None:
    """Let a pinned generation go the way of the others."""
    _change_pins(Settings(), notes.unpin, generation)
    out.print(f"Generation {generation} is kept no longer than others.")


def _change_pins(settings: Settings, change: Callable[[Path, int], None], number: int) -> None:
    _print_damage(settings)
    with _in_a_sentence(settings), draft.exclusive(settings.warehouse_dir):
        change(settings.warehouse_dir, number)


@contextmanager
def _in_a_sentence(settings: Settings) -> Iterator[None]:
    """What cannot be done with the warehouse as it is, or with its disk, ends the command with the reason."""
    try:
        yield
    except (ValueError, draft.Busy, NoWarehouse, GenerationGone) as error:
        err.print(str(error))
        raise typer.Exit(1) from None
    except DISK_FAULTS as error:
        err.print(f"Not done: {error}. What is published in {settings.data_dir} stays as it was.")
        raise typer.Exit(1) from None


def _refuse_to_lose(pieces: list[str]) -> None:
    if pieces:
        more = f" and {len(pieces) - NAMED:,} more" if len(pieces) > NAMED else ""
        err.print(
            f"Not rebuilt: the stored bytes of {', '.join(pieces[:NAMED])}{more} are not known any more, and what is "
            "published would lose their rows. Refresh these first, or go on without a rebuild."
        )
        raise typer.Exit(1)


def _print_damage(settings: Settings) -> None:
    for sentence in [*condition.damage(settings), *condition.index_damage(settings)]:
        err.print(sentence)


def _stopped(settings: Settings, error: Exception) -> typer.Exit:
    words = (
        f"Stopped: {error}. Free some space or mend {settings.data_dir}, then run the same command again; "
        "what is published stays as it was."
    )
    err.print(words)
    _tell(settings, [words])
    return typer.Exit(1)


def _tell(settings: Settings, news: list[str]) -> None:
    if problem := watching.tell(settings.webhook_url, news):
        err.print(problem)


def _report(
    settings: Settings,
    generation: draft.Generation | None,
    outcomes: list[Outcome],
    began: float,
    json: bool,
    keys_wanted: bool = False,
) -> None:
    published = draft.current(settings.warehouse_dir)
    code = _exit_code(outcomes, keys_wanted)
    if json:
        _print_json(
            {
                "published": published and asdict(published),
                "new": generation is not None,
                "sources": [asdict(outcome) for outcome in outcomes],
            }
        )
        raise typer.Exit(code)
    for outcome in outcomes:
        if outcome.error and UNPUBLISHED in outcome.error:
            err.print(f"{outcome.loader}: {UNPUBLISHED}")
    if generation:
        out.print(
            f"Published generation {generation.generation} in {time.perf_counter() - began:.1f} s, content "
            f"{generation.content_hash[:12]}."
        )
    elif code:
        out.print(f"Nothing was published. {_still(published)}")
    else:
        out.print(f"Nothing changed. {_still(published)}")
    raise typer.Exit(code)


def _exit_code(outcomes: list[Outcome], keys_wanted: bool) -> int:
    """0 done, 1 failed, PARTLY. Embedded facts are never part of it: where one is refused, nothing is published."""
    bad = {"failed", "skipped"} if keys_wanted else {"failed"}
    failed = {outcome.loader for outcome in outcomes if outcome.outcome in bad}
    if not failed:
        return 0
    loaded = {outcome.loader for outcome in outcomes if outcome.rows_loaded}
    return scheduling.PARTLY if loaded - {reference_pack.SOURCE.id} and reference_pack.SOURCE.id not in failed else 1


def _print_outcome(outcome: Outcome) -> None:
    """One line, and one for each thing that went wrong; where nothing else happened, those alone."""
    doubled = f", {outcome.rows_doubled:,} exact duplicates dropped" if outcome.rows_doubled else ""
    if outcome.rows_loaded or outcome.rows_refused or not outcome.error:
        word = "partly loaded" if outcome.rows_loaded and outcome.error else outcome.outcome
        out.print(
            f"{outcome.loader}: {word}, {outcome.rows_loaded:,} rows loaded, {outcome.rows_refused:,} refused{doubled}"
        )
    for line in outcome.refusals[:20]:
        out.print(f"  refused {line}")
    if len(outcome.refusals) > 20:
        out.print(f"  … and {len(outcome.refusals) - 20} more, all in the table quarantine")
    if outcome.error:
        err.print(outcome.error)


def _print_nothing(_: Outcome) -> None:
    """The JSON at the end says it."""


def _still(published: draft.Generation | None) -> str:
    return (
        f"Generation {published.generation}, built {published.built_at}, stays published."
        if published
        else "No generation is published yet."
    )


def _published(settings: Settings) -> draft.Generation:
    published = draft.current(settings.warehouse_dir)
    if published is None:
        err.print("Nothing is published yet. Run: python -m pipelines build")
        raise typer.Exit(1)
    return published


def _last_successes(settings: Settings) -> dict[str, str]:
    return {
        one.source: f"{one.last_success:%Y-%m-%d %H:%M}"
        for one in watching.health(settings.data_dir, datetime.now(UTC))
        if one.last_success
    }


def _known_table(name: str) -> None:
    if name not in TABLES:
        err.print(f"There is no table '{name}'. Tables: {', '.join(TABLES)}")
        raise typer.Exit(2)


def _print_json(value: object) -> None:
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n")
