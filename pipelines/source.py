"""What a source is: it declares itself as data, and says what to ask for, how to read the bytes, and what must hold.

A source is a module in `pipelines/sources/` with a constant `SOURCE` and three functions:

    plan(ask)            -> the pieces to fetch; knows URLs, never fetches
    parse(bodies, piece) -> canonical rows by table from the replies' bytes; pure: no clock, no network, no database
    check(frames, piece) -> raises CheckFailed where a fact of this source does not hold

and, where the source needs them,

    follow(body, request) -> the request for the next page, or None
    fault(body)           -> the error a reply with status 200 carries, or None
    FORMS                 -> the forms of the symbols it can be asked for, where it minds them: BASE/QUOTE,
                             BASE/USD:BASE

There is no registry: whatever stands in the folder is a source.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, cast

import polars as pl

import pipelines.sources

Frames = dict[str, pl.DataFrame]
"""Canonical rows by table name, without `snapshot_id`: the loader knows which bytes they came from."""


class Refused(ValueError):
    """Bytes that cannot be what they should be: says where, which rule, and what to do about it."""

    def __init__(self, where: str, rule: str, remedy: str) -> None:
        super().__init__(f"{where}: {rule}. {remedy}")


class TooLarge(MemoryError):
    """Bytes that would become more than may be held: what they are, how much, and what to do. No source catches it."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}. No reply of this kind is that large; the next refresh asks again.")


@dataclass(frozen=True)
class Fault:
    """An error that came with status 200; `again` says whether asking again later can help (a rate limit)."""

    message: str
    again: bool = False


class CheckFailed(ValueError):
    """A fact that must hold of this source does not."""


@dataclass(frozen=True)
class Reach:
    """Which days a source can give. Where nothing is stated it is not known."""

    first: date | None = None
    """The earliest day it is known to give."""
    last: date | None = None
    """Its last day, where it has ended."""
    days: int | None = None
    """So many days back from today, where it forgets; 0 where it gives only what is now."""

    def covers(self, day: date, today: date) -> bool | None:
        """Whether a day is among them; None where that is not known."""
        if self.days is not None:
            return day > today - timedelta(days=self.days)
        if self.first is None:
            return None
        return self.first <= day and (self.last is None or day <= self.last)

    def __str__(self) -> str:
        if self.days is not None:
            return f"the last {self.days} day{'s' * (self.days > 1)}" if self.days else "now only"
        if self.first is None:
            return "not proven"
        begin = "the launch of each market" if self.first == date.min else f"{self.first}"
        return f"{begin} to {self.last}" if self.last else f"{begin} on"


NOT_KNOWN, NOW, SINCE_LAUNCH = Reach(), Reach(days=0), Reach(first=date.min)
"""A reach nobody has proven; what can be read only as it happens; and all that a market has traded."""


@dataclass(frozen=True)
class Source:
    """What a source says about itself; shown on the Data page and by `python -m pipelines sources`."""

    id: str
    publisher: str
    dataset: str
    url: str
    licence: str
    method: str
    tables: tuple[str, ...]
    span: str
    resolution: str
    reach: Reach = NOT_KNOWN
    group: str = "daily"
    """How often it is worth asking: `fast`, `hourly`, `daily`, or `embedded`."""
    limits: str = ""
    key_header: str | None = None
    """Header that carries the key CRASHDAY_KEY_<ID>; without it the source is skipped and says so."""
    key_optional: bool = False
    """The source answers without the key too, only less often."""
    hosts: tuple[str, ...] = ()
    """Hosts of its archives beside the one that is asked: a redirect may lead there."""
    requests_per_second: float = 5
    max_bytes: int = 64 << 20
    heavy: bool = False
    """Archives of many megabytes: `parse` gets open files in place of bytes,
    and runs for two pieces beside each other."""
    crash_days_only: bool = False
    """Too much for every day: a plain refresh asks it for the crash days of late,
    `--event` or a span for what they name."""
    accumulates: bool = False
    """Each fetch is a piece of its own that overlaps the one before;
    a row that is already there is not loaded twice."""
    default: bool = True
    """Part of a refresh that names no source."""
    live: bool = False
    """Kept by the recorder as it happens: a refresh that finds nothing new means that nobody records."""


@dataclass(frozen=True)
class Ask:
    """What the reader wants: a span, and symbols where not all of them."""

    start: datetime
    end: datetime
    now: datetime
    symbols: tuple[str, ...] = ()
    catch_up: bool = False
    """No span was named: begin earlier where the source has not worked since,
    so that what it was down for is asked for too."""
    inbox: Path | None = None
    """Where files wait that were recorded here and not fetched."""


@dataclass(frozen=True)
class Request:
    """One HTTP request, as data."""

    url: str
    params: Mapping[str, str | int] = field(default_factory=dict)
    body: Mapping[str, object] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    """What `follow` must know and the server is not told, e.g. the moment to stop at."""


@dataclass(frozen=True)
class Piece:
    """The unit that is fetched, loaded and replaced as a whole."""

    name: str
    requests: tuple[Request, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    """What `parse` must know and the bytes do not say, e.g. the symbol."""
    final_at: datetime | None = None
    """From when on the reply cannot change any more: a piece fetched later than that is not asked for again."""
    hashes: tuple[str, ...] = ()
    """The sha256 of each reply, for a source that publishes what it should be."""


class SourceModule(Protocol):
    """The shape of a file in `pipelines/sources/`."""

    SOURCE: Source

    def plan(self, ask: Ask) -> Iterable[Piece]: ...
    def parse(self, bodies: list[Any], piece: Piece) -> Frames: ...
    def check(self, frames: Frames, piece: Piece) -> None: ...


def fault_in(module: object, body: bytes) -> Fault | None:
    """The error a reply with status 200 carries, where the source knows such errors."""
    return module.fault(body) if hasattr(module, "fault") else None


def next_page(module: object, body: bytes, request: Request) -> Request | None:
    """The request for the page after this one, where the source pages by what a reply says."""
    return module.follow(body, request) if hasattr(module, "follow") else None


def discover() -> dict[str, SourceModule]:
    """Every source in the folder, by id."""
    files = sorted(module.name for module in pkgutil.iter_modules(pipelines.sources.__path__) if not module.ispkg)
    return {name: named(name) for name in files}


def named(source: str) -> SourceModule:
    """One source by its id, which is its file's name."""
    return cast(SourceModule, importlib.import_module(f"pipelines.sources.{source}"))
