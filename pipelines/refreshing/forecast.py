"""What a refresh would ask for: pieces, requests, minutes, bytes, and what will be missing, with nothing fetched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from statistics import mean

from pipelines.config import Settings
from pipelines.refreshing.failure import in_words
from pipelines.refreshing.plan import missing_key, plan
from pipelines.refreshing.run import Run, begun
from pipelines.refreshing.snapshots import is_final
from pipelines.source import Ask, Piece, Source, SourceModule


@dataclass(frozen=True)
class Forecast:
    """What one source would be asked."""

    source: str
    pieces: int = 0
    here: int = 0
    """Of the pieces, those that are stored and will not change: they are not asked for."""
    requests: int = 0
    """At least: where a reply leads to another page, how many follow is not known before."""
    minutes: float = 0
    """At least, at the pace the source keeps to."""
    megabytes: float | None = None
    """By the pieces of this source that are stored; None where none is."""
    missing: str = ""


def forecast(settings: Settings, modules: list[SourceModule], ask: Ask) -> list[Forecast]:
    """A forecast for each of these sources, in their order. Raises Busy."""
    with begun(settings, None) as run:
        return [_of(run, module, ask) for module in modules]


def _of(run: Run, module: SourceModule, ask: Ask) -> Forecast:
    source = module.SOURCE
    if why := missing_key(run, source):
        return Forecast(source.id, missing=why)
    try:
        pieces = plan(run, module, ask)
    except Exception as error:
        return Forecast(source.id, missing=in_words(error, source, "what to ask it for could not be made out"))
    wanted = list(_wanted(run, source, pieces))
    requests = sum(len(piece.requests) for piece in wanted)
    sizes = [sum(reply.size for reply in entry.replies) for entry in run.store.of([source.id])]
    return Forecast(
        source.id,
        len(pieces),
        len(pieces) - len(wanted),
        requests,
        requests / source.requests_per_second / 60,
        mean(sizes) * len(wanted) / 1e6 if sizes else None,
        out_of_reach(source, ask),
    )


def _wanted(run: Run, source: Source, pieces: list[Piece]) -> Iterator[Piece]:
    for piece in pieces:
        stored = run.store.entries.get((source.id, piece.name))
        if stored is None or not is_final(stored, piece):
            yield piece


def out_of_reach(source: Source, ask: Ask) -> str:
    """What of the asked days the source cannot give, in words; empty where it gives the first and the last of them, or
    where no days were named."""
    if ask.catch_up:
        return ""
    first, last, today = ask.start.date(), (ask.end - timedelta(microseconds=1)).date(), ask.now.date()
    covered = [source.reach.covers(day, today) for day in (first, last)]
    if covered == [True, True]:
        return ""
    if None in covered:
        return "whether it gives these days is not proven"
    return f"it gives {source.reach}: {'nothing' if covered == [False, False] else 'not all'} of these days"
