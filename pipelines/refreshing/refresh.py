"""plan → fetch → store bytes → parse → check → load → publish, for many sources, once.

Only what is missing or has changed is fetched. A piece that fails is named with its cause; everything else is loaded,
nothing of the failing piece is, and the next refresh fetches just that piece.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Protocol

import polars as pl

from pipelines import detect
from pipelines import health as watch_log
from pipelines.config import Settings
from pipelines.generations.draft import Draft, Generation, exclusive
from pipelines.refreshing import load
from pipelines.refreshing.failure import in_words, stops_all
from pipelines.refreshing.fetch import fetch, is_final
from pipelines.refreshing.http import Client, FetchFailed, NotAsked
from pipelines.refreshing.in_order import in_order
from pipelines.refreshing.load import Origin, Outcome
from pipelines.refreshing.read import Found, read
from pipelines.refreshing.redirects import split
from pipelines.refreshing.snapshots import Entry, Store
from pipelines.source import Ask, Frames, Piece, Source, SourceModule, discover, named

FETCH_THREADS = 4
AHEAD = 4
"""Pieces that may be fetched or parsed ahead of the one being loaded: bounds memory and disk."""

LANES = 2
"""Heavy pieces parsed beside each other, where there is a core for each: one keeps more than a core busy, and takes
some 150 MB."""

LONGEST_CATCH_UP = 32
"""Days."""
NAMED = 20
"""Failed pieces a message names; of more it gives the number."""

Load = tuple[Entry, Found | None]


class Watch(Protocol):
    """Who wants to see the progress."""

    def planned(self, source: str, pieces: int) -> None: ...
    def received(self, source: str, size: int) -> None: ...
    def loaded(self, source: str, rows: int) -> None: ...
    def ended(self, outcome: Outcome) -> None: ...


class Unwatched:
    """Nobody looks."""

    def planned(self, source: str, pieces: int) -> None: ...
    def received(self, source: str, size: int) -> None: ...
    def loaded(self, source: str, rows: int) -> None: ...
    def ended(self, outcome: Outcome) -> None: ...


@dataclass
class Run:
    """What one refresh works with."""

    settings: Settings
    store: Store
    draft: Draft
    watch: Watch


def refresh(
    settings: Settings, modules: list[SourceModule], ask: Ask, watch: Watch | None = None
) -> tuple[Generation | None, list[Outcome]]:
    """Fetch what is missing or changed of these sources and publish once. Raises Busy."""
    with exclusive(settings.warehouse_dir), Draft(settings.warehouse_dir) as draft:
        run = Run(settings, Store(settings.snapshot_dir), draft, watch or Unwatched())
        shutil.rmtree(settings.snapshot_dir / "partial", ignore_errors=True)
        outcomes = _ended(
            run, chain([_embedded(run)], _reread(run, modules), (_source(run, one, ask) for one in modules))
        )
        return _publish(run, outcomes), outcomes


def rebuild(settings: Settings, watch: Watch | None = None) -> tuple[Generation | None, list[Outcome]]:
    """Build everything anew from the embedded facts and the stored bytes alone, without network. Raises Busy."""
    with exclusive(settings.warehouse_dir), Draft(settings.warehouse_dir, empty=True) as draft:
        run = Run(settings, Store(settings.snapshot_dir), draft, watch or Unwatched())
        outcomes = _ended(run, chain([_embedded(run)], (_stored(run, module) for module in _fetched(run))))
        return _publish(run, outcomes), outcomes


def _ended(run: Run, outcomes: Iterable[Outcome]) -> list[Outcome]:
    """All outcomes, each shown as it ends."""
    ended = []
    for outcome in outcomes:
        run.watch.ended(outcome)
        ended.append(outcome)
    return ended


def _publish(run: Run, outcomes: list[Outcome]) -> Generation | None:
    """Publish what was loaded, and only then note what worked: a source whose rows nobody can see has not."""
    outcomes += _proposed(run)
    generation = load.finish(run.draft, run.settings, outcomes)
    watch_log.note(run.settings.data_dir, outcomes)
    return generation


def _proposed(run: Run) -> list[Outcome]:
    """Look for new crash days in what was loaded; an outcome where that fails, which stops no publication."""
    outcome = load.start("detection", datetime.now(UTC))
    try:
        with run.draft.whole():
            detect.propose(run.draft, run.settings.detect)
    except BaseException as error:
        if stops_all(error):
            raise
        why = f"No new crash days could be looked for ({type(error).__name__})"
        outcome.failed(f"{why}; those proposed before stay, and all else goes on.")
        outcome.finished_at = datetime.now(UTC)
        run.watch.ended(outcome)
    return [outcome] if outcome.error else []


def _embedded(run: Run) -> Outcome:
    outcome = load.start("reference_pack", datetime.now(UTC))
    load.load_reference(run.draft, run.settings.reference_dir, outcome)
    outcome.finished_at = datetime.now(UTC)
    return outcome


def _fetched(run: Run) -> list[SourceModule]:
    """The sources that have stored bytes."""
    stored = {entry.source for entry in run.store.entries.values()}
    return [module for source, module in discover().items() if source in stored]


def _reread(run: Run, modules: list[SourceModule]) -> Iterator[Outcome]:
    """Load what is stored but not in the draft as the present code reads it: after a change of parser or of tables, or
    a kill."""
    for module in _fetched(run):
        held = run.draft.rows(
            "SELECT piece, parser, snapshot_id FROM snapshots WHERE loader = $loader", loader=module.SOURCE.id
        )
        if not (held["parser"] == load.fingerprint(module)).all():
            run.draft.forget(held["snapshot_id"].to_list())
        elif {entry.piece.name for entry in run.store.of([module.SOURCE.id])} <= set(held["piece"]):
            continue
        outcome = _stored(run, module)
        if module not in modules:
            yield outcome


def _stored(run: Run, module: SourceModule) -> Outcome:
    outcome = load.start(module.SOURCE.id, datetime.now(UTC))
    with _alone(module.SOURCE, outcome):
        entries = run.store.of([module.SOURCE.id])
        run.watch.planned(module.SOURCE.id, len(entries))
        _load_all(run, module, iter(entries), outcome)
    return outcome


def _source(run: Run, module: SourceModule, ask: Ask) -> Outcome:
    source = module.SOURCE
    outcome = load.start(source.id, datetime.now(UTC))
    key = run.settings.key.get(source.id)
    if source.key_header and not key and not source.key_optional:
        outcome.skipped(
            f"{source.id} needs a key. Get one at {source.url} and set CRASHDAY_KEY_{source.id.upper()}; "
            "the other sources go on without it."
        )
        return outcome
    with _alone(source, outcome):
        planned = list({piece.name: piece for one in _asks(run, source, ask) for piece in module.plan(one)}.values())
        run.watch.planned(source.id, len(planned))
        client = Client(
            source,
            run.settings.snapshot_dir / "partial",
            run.settings.url.get(source.id),
            key,
            run.settings.backoff_seconds,
            inbox=run.settings.inbox_dir if source.live else None,
        )
        _load_all(run, module, _fetch_all(run, module, planned, client, outcome), outcome)
    return outcome


@contextmanager
def _alone(source: Source, outcome: Outcome) -> Iterator[None]:
    """Around all that is done for one source: what it raises is its own failure, and the time it ended is noted."""
    try:
        yield
    except BaseException as error:
        why = in_words(error, source, "what to ask it for, or what came, could not be made out")
        outcome.failed(f"{source.id}: {why} Its other pieces were left; the other sources go on.")
    outcome.finished_at = datetime.now(UTC)


def _asks(run: Run, source: Source, ask: Ask) -> Iterator[Ask]:
    """What to ask this source for. Where no span is named: from the days before it last worked, or for the crash days
    of late."""
    ask = replace(ask, inbox=run.settings.inbox_dir)
    if not ask.catch_up:
        yield ask
    elif source.crash_days_only and not ask.symbols:
        since = ask.now - timedelta(days=LONGEST_CATCH_UP)
        days = run.draft.rows(
            "SELECT window_start, window_end FROM crash_days "
            "WHERE window_end > $since AND window_start < $now ORDER BY window_start",
            since=since,
            now=ask.now,
        )
        for start, end in days.iter_rows():
            yield replace(ask, start=start, end=min(end, ask.now))
    else:
        last = watch_log.since(run.settings.data_dir, source.id)
        days = min((ask.now.date() - last.date()).days, LONGEST_CATCH_UP) if last else 0
        yield replace(ask, start=ask.start - timedelta(days=max(0, days)))


def _fetch_all(
    run: Run, module: SourceModule, planned: list[Piece], client: Client, outcome: Outcome
) -> Iterator[Entry]:
    """The pieces that are missing or have changed, in the order of the plan; failures go to the outcome."""

    def one(piece: Piece) -> Entry | FetchFailed:
        known = run.store.known(module.SOURCE.id, piece.name)
        if known is not None and is_final(known, piece):
            return known
        if known is not None and module.SOURCE.accumulates:
            piece = _beside(run, piece, module)
        try:
            return fetch(module, piece, client, run.store, lambda size: run.watch.received(module.SOURCE.id, size))
        except FetchFailed as failure:
            return failure

    failures: list[FetchFailed] = []
    with ThreadPoolExecutor(FETCH_THREADS) as pool:
        for result in in_order(pool.submit, one, planned, AHEAD):
            if isinstance(result, FetchFailed):
                failures.append(result)
                run.watch.loaded(module.SOURCE.id, 0)
            else:
                yield result
    for line in _lines(failures):
        outcome.failed(f"{module.SOURCE.id}: {line}")


def _lines(failures: list[FetchFailed]) -> list[str]:
    """A line for each thing that went wrong, however many pieces it went wrong with; what was not asked for ends the
    last."""
    alike: dict[str, list[FetchFailed]] = {}
    for failure in failures:
        if not isinstance(failure, NotAsked):
            alike.setdefault(failure.why, []).append(failure)
    lines = [_in_one_line(same) for same in alike.values()]
    if left := [failure for failure in failures if isinstance(failure, NotAsked)]:
        reasons = " and ".join(dict.fromkeys(failure.why for failure in left))
        rest = f"{len(left):,} {'more ' if lines else ''}pieces were {reasons}. The next refresh asks for them."
        lines[-1:] = [f"{lines[-1]} {rest}" if lines else rest]
    return lines


def _in_one_line(failures: list[FetchFailed]) -> str:
    """One cause, once: an unknown symbol has a piece for each day and kind of price."""
    first, *others = failures
    said = f"{first.piece}: {first}" if first.piece and first.piece != first.url else str(first)
    paths = ", ".join(one.piece or split(one.url).path for one in others[:NAMED])
    more = f" and {len(others) - NAMED:,} more" if len(others) > NAMED else ""
    return f"{said} The same goes for {paths}{more}." if others else said


def _beside(run: Run, piece: Piece, module: SourceModule) -> Piece:
    """The piece under a name nobody has: two fetches in the same minute, or after the clock was set back, both stay."""
    number = 2
    while (module.SOURCE.id, f"{piece.name}+{number}") in run.store.entries:
        number += 1
    return replace(piece, name=f"{piece.name}+{number}")


def _load_all(run: Run, module: SourceModule, entries: Iterator[Entry], outcome: Outcome) -> None:
    for entry, found in _parsed(run, module, entries):
        before = outcome.rows_loaded
        problem = found if isinstance(found, str) else None
        if found is not None and not problem:
            problem = _loaded(run, module, entry, found, outcome)
        if problem:
            outcome.failed(f"{module.SOURCE.id} {entry.piece.name}: {problem}")
        known = run.store.known(entry.source, entry.piece.name)
        if (
            problem
            or known is None
            or known.replies != entry.replies
            or (is_final(entry, entry.piece) and not is_final(known, entry.piece))
        ):
            run.store.record(replace(entry, problem=problem))
        run.watch.loaded(module.SOURCE.id, outcome.rows_loaded - before)


def _loaded(run: Run, module: SourceModule, entry: Entry, frames: Frames, outcome: Outcome) -> str | None:
    """Put a piece into the draft; or say why it could not be, and leave the draft without any of it."""
    try:
        load.load_piece(run.draft, module, origin_of(run, entry), frames, outcome)
    except BaseException as error:
        return f"{in_words(error, module.SOURCE)} Nothing of it was loaded; the next refresh fetches it again."
    return None


def _parsed(run: Run, module: SourceModule, entries: Iterator[Entry]) -> Iterator[Load]:
    """Entries with their rows, None where the draft already holds them; heavy ones are parsed beside each other."""

    def one(job: tuple[Entry, bool, bool]) -> Load:
        entry, held, stored = job
        return entry, None if held else read(module, entry, run.store.folder, stored)

    there = load.held(run.draft, module)
    jobs = ((entry, load.is_loaded(there, module, origin_of(run, entry)), _is_stored(run, entry)) for entry in entries)
    if not module.SOURCE.heavy:
        yield from map(one, jobs)
        return
    with ThreadPoolExecutor(min(LANES, pl.thread_pool_size())) as pool:
        yield from in_order(pool.submit, one, jobs, AHEAD)


def _is_stored(run: Run, entry: Entry) -> bool:
    """Whether any of its replies was there before this run (one that was not modified is not sent again); else all
    were hashed a moment ago."""
    known = run.store.entries.get((entry.source, entry.piece.name))
    return known is not None and any(reply in known.replies for reply in entry.replies)


def origin_of(run: Run, entry: Entry) -> Origin:
    """What a stored piece's rows are traced to."""
    return Origin(
        entry.source,
        entry.piece.name,
        _public_address(run, entry),
        entry.sha256,
        sum(reply.size for reply in entry.replies),
        entry.fetched_at,
    )


def _public_address(run: Run, entry: Entry) -> str:
    """Where its bytes are from; the source itself where that is a folder here, or a mirror's address, as the index
    noted it until December 2026."""
    there, mirror = split(entry.replies[0].url), split(run.settings.url.get(entry.source, ""))
    is_public = there.scheme in ("http", "https") and "@" not in there.netloc and there.hostname != mirror.hostname
    return entry.replies[0].url if is_public else named(entry.source).SOURCE.url
