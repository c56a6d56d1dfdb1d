"""plan → fetch → store bytes → read → validate → load → publish, for many sources, once.

Only what is missing or has changed is fetched. A piece that fails is named with its cause; everything else is loaded,
nothing of the failing piece is, and the next refresh fetches just that piece.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from pipelines.config import Settings
from pipelines.generations.notes import Generation
from pipelines.refreshing.failure import in_words
from pipelines.refreshing.fetch import fetch_all
from pipelines.refreshing.fingerprint import fingerprint
from pipelines.refreshing.load import load
from pipelines.refreshing.origin import origin_of
from pipelines.refreshing.outcome import Outcome
from pipelines.refreshing.plan import client, missing_key, plan
from pipelines.refreshing.publish import publish
from pipelines.refreshing.read import read_all
from pipelines.refreshing.reference import load_reference
from pipelines.refreshing.run import Run, Watch, alone, begun
from pipelines.refreshing.snapshots import Entry
from pipelines.refreshing.validate import validate
from pipelines.source import Ask, Frames, SourceModule


def refresh(
    settings: Settings, modules: list[SourceModule], ask: Ask, watch: Watch | None = None
) -> tuple[Generation | None, list[Outcome]]:
    """Fetch what is missing or changed of these sources and publish once. Raises Busy."""
    with begun(settings, watch) as run:
        fetched = (refresh_source(run, module, ask) for module in modules)
        outcomes = _ended(run, chain([load_reference(run)], _reread(run, modules), fetched))
        return publish(run, outcomes), outcomes


def rebuild(settings: Settings, watch: Watch | None = None) -> tuple[Generation | None, list[Outcome]]:
    """Build everything anew from the embedded facts and the stored bytes alone, without network. Raises Busy."""
    with begun(settings, watch, empty=True) as run:
        stored = (_stored(run, module) for module in run.fetched_before())
        outcomes = _ended(run, chain([load_reference(run)], stored))
        return publish(run, outcomes), outcomes


def refresh_source(run: Run, module: SourceModule, ask: Ask) -> Outcome:
    """The way of one source into the draft: plan → fetch → store bytes → read → validate → load."""
    with alone(module.SOURCE) as outcome:
        if why := missing_key(run, module.SOURCE):
            outcome.skipped(why)
        else:
            pieces = plan(run, module, ask)
            _take_in(run, module, fetch_all(run, module, pieces, client(run, module.SOURCE), outcome), outcome)
    return outcome


def _take_in(run: Run, module: SourceModule, entries: Iterable[Entry], outcome: Outcome) -> None:
    """read → validate → load, a piece at a time; the index of stored bytes notes what became of it."""
    for entry, rows in read_all(run, module, entries):
        loaded_before = outcome.rows_loaded
        problem = rows if isinstance(rows, str) or rows is None else _loaded(run, module, entry, rows, outcome)
        if problem:
            outcome.failed(f"{module.SOURCE.id} {entry.piece.name}: {problem}")
        run.store.note(entry, problem)
        run.watch.loaded(module.SOURCE.id, outcome.rows_loaded - loaded_before)


def _loaded(run: Run, module: SourceModule, entry: Entry, rows: Frames, outcome: Outcome) -> str | None:
    """Put a piece into the draft; or say why it could not be, and leave the draft without any of it."""
    origin = origin_of(run.settings, entry)
    try:
        load(run.draft, module, origin, validate(module, origin, rows), outcome)
    except BaseException as error:
        return f"{in_words(error, module.SOURCE)} Nothing of it was loaded; the next refresh fetches it again."
    return None


def _reread(run: Run, modules: list[SourceModule]) -> Iterator[Outcome]:
    """Load what is stored but not in the draft as the present code reads it: after a change of parser or of tables, or
    a kill."""
    for module in run.fetched_before():
        there = run.draft.rows(
            "SELECT piece, parser, snapshot_id FROM snapshots WHERE loader = $loader", loader=module.SOURCE.id
        )
        if any(parser != fingerprint(module) for parser in there["parser"]):
            run.draft.forget(there["snapshot_id"].to_list())
        elif {entry.piece.name for entry in run.store.of([module.SOURCE.id])} <= set(there["piece"]):
            continue
        outcome = _stored(run, module)
        if module not in modules:
            yield outcome


def _stored(run: Run, module: SourceModule) -> Outcome:
    """The way of a source's stored bytes into the draft: read → validate → load."""
    with alone(module.SOURCE) as outcome:
        entries = run.store.of([module.SOURCE.id])
        run.watch.planned(module.SOURCE.id, len(entries))
        _take_in(run, module, entries, outcome)
    return outcome


def _ended(run: Run, outcomes: Iterable[Outcome]) -> list[Outcome]:
    """All outcomes, each shown as it ends."""
    ended = []
    for outcome in outcomes:
        run.watch.ended(outcome)
        ended.append(outcome)
    return ended
