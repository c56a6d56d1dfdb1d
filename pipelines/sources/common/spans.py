"""Spans of time and wanted symbols, as every plan needs them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import polars as pl

from pipelines.source import Ask, CheckFailed, Piece
from pipelines.sources.common.symbols import Symbol

SPOT = "BASE/QUOTE"


def utc_days(ask: Ask) -> Iterator[date]:
    """The UTC days the span touches."""
    day = ask.start.astimezone(UTC).date()
    while midnight(day) < ask.end:
        yield day
        day += timedelta(days=1)


def past_days(ask: Ask) -> list[date]:
    """The UTC days the span touches that are over: an archive has no file of today."""
    return [day for day in utc_days(ask) if midnight(day) + timedelta(days=1) <= ask.now]


def utc_months(ask: Ask) -> list[date]:
    """The first days of the UTC months the span touches."""
    return sorted({day.replace(day=1) for day in utc_days(ask)})


def windows(start: datetime, end: datetime, length: timedelta) -> Iterator[tuple[datetime, datetime]]:
    """The span in consecutive half-open windows of at most `length`."""
    while start < end:
        yield start, min(start + length, end)
        start += length


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def milliseconds(moment: datetime) -> int:
    return int(moment.timestamp()) * 1000


def wanted(symbols: tuple[str, ...], asked: tuple[str, ...], forms: tuple[str, ...]) -> list[str]:
    """Of a source's own list of unified symbols, what is asked for; with nothing asked, the whole list.

    `asked` holds base assets (BTC), each tried in the forms of the list, and unified symbols (BTC/USDC, BTC/USD:BTC),
    which pass as they are where they have one of `forms`: BASE/QUOTE, BASE/USDT:USDT, BASE/USD:BASE.
    """
    if not asked:
        return list(symbols)
    found: dict[str, None] = {}
    for one in asked:
        name, slash, rest = one.partition("/")
        base = spelled(name, tuple(Symbol.of(symbol).base for symbol in symbols))
        if slash:
            full = f"{base}/{spelled(rest)}"
            found |= dict.fromkeys([full] if any(_has(full, form) for form in forms) else [])
        else:
            found |= dict.fromkeys(_form(symbol).replace("BASE", base) for symbol in symbols)
    return list(found)


def bases(assets: tuple[str, ...], asked: tuple[str, ...]) -> tuple[str, ...]:
    """The base assets of what is asked for; with nothing asked, the source's own list."""
    names = [spelled(Symbol.of(symbol).base, assets) for symbol in asked]
    return tuple(dict.fromkeys(names)) or assets


def spelled(name: str, known: tuple[str, ...] = ()) -> str:
    """A name as the source writes it (tslax -> TSLAx); of one it does not list, small letters alone mean capitals."""
    same = (one for one in known if one.casefold() == name.casefold())
    return next(same, name.upper() if name.islower() else name)


def _form(symbol: str) -> str:
    """BTC/USDT -> BASE/USDT, BTC/USD:BTC -> BASE/USD:BASE."""
    base, quote, settle = Symbol.of(symbol)
    return str(Symbol("BASE", quote, "BASE" if settle == base else settle))


def _has(symbol: str, form: str) -> bool:
    return ":" not in symbol if form == SPOT else _form(symbol) == form


def of_day(times: pl.Series, piece: Piece, what: str) -> None:
    """Raises CheckFailed where a row is of another day than the piece: then the venue did not keep to what it was
    asked."""
    if (times.dt.strftime("%Y-%m-%d") != piece.facts["day"]).any():
        raise CheckFailed(
            f"{piece.facts.get('file', piece.name)} holds {what} of another day: its times may have changed unit, or "
            "the venue did not keep to the span it was asked for."
        )
