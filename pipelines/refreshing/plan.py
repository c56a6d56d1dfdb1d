"""What to ask a source for, and with what: its pieces over the span, and its way to the network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from pipelines import health
from pipelines.refreshing.http import Client
from pipelines.refreshing.run import Run
from pipelines.source import Ask, Piece, Source, SourceModule

LONGEST_CATCH_UP_DAYS = 32
"""How far back a refresh without a span goes for a source that has not worked: one that was down for longer is asked
by hand, since it may have moved."""


def plan(run: Run, module: SourceModule, ask: Ask) -> list[Piece]:
    """The pieces of a source, each once, in the order they are loaded in."""
    pieces = {piece.name: piece for one in _asks(run, module.SOURCE, ask) for piece in module.plan(one)}
    run.watch.planned(module.SOURCE.id, len(pieces))
    return list(pieces.values())


def missing_key(run: Run, source: Source) -> str | None:
    """What to do about the key that a source cannot be asked without; None where there is one, or none is needed."""
    if not source.key_header or source.key_optional or run.settings.key.get(source.id):
        return None
    return (
        f"{source.id} needs a key. Get one at {source.url} and set CRASHDAY_KEY_{source.id.upper()}; "
        "the other sources go on without it."
    )


def client(run: Run, source: Source) -> Client:
    """The source's way to the network, by what is set for it: a mirror, a key, the recorder's inbox."""
    settings = run.settings
    return Client(
        source,
        settings.snapshot_dir / "partial",
        settings.url.get(source.id),
        settings.key.get(source.id),
        settings.backoff_seconds,
        inbox=settings.inbox_dir if source.live else None,
    )


def _asks(run: Run, source: Source, ask: Ask) -> Iterator[Ask]:
    """What to ask this source for. Where no span is named: from the days before it last worked, or for the crash days
    of late."""
    ask = replace(ask, inbox=run.settings.inbox_dir)
    if not ask.catch_up:
        yield ask
    elif source.crash_days_only and not ask.symbols:
        since = ask.now - timedelta(days=LONGEST_CATCH_UP_DAYS)
        days = run.draft.rows(
            "SELECT window_start, window_end FROM crash_days "
            "WHERE window_end > $since AND window_start < $now ORDER BY window_start",
            since=since,
            now=ask.now,
        )
        for start, end in days.iter_rows():
            yield replace(ask, start=start, end=min(end, ask.now))
    else:
        last = health.since(run.settings.data_dir, source.id)
        days_lost = min((ask.now.date() - last.date()).days, LONGEST_CATCH_UP_DAYS) if last else 0
        yield replace(ask, start=ask.start - timedelta(days=max(0, days_lost)))
