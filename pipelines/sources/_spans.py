"""Spans of time and wanted symbols, as every plan needs them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from pipelines.source import Ask


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


def wanted(symbols: tuple[str, ...], asked: tuple[str, ...]) -> list[str]:
    """Of a source's own list of unified symbols, the asked ones; an asked symbol or base it does not list is added in its form.

    `asked` holds base assets (BTC) or unified symbols (BTC/USDT:USDT). With nothing asked, the whole list. The forms a
    source knows are read off its list: a base asset is tried in each of them.
    """
    if not asked:
        return list(symbols)
    forms = list(dict.fromkeys(symbol.partition("/")[2] for symbol in symbols))
    found: dict[str, None] = {}
    for one in asked:
        base, slash, rest = one.partition("/")
        for form in forms:
            quote, colon, settle = form.partition(":")
            shaped = f"{quote}{colon}{base if settle and settle not in ('USDT', 'USDC', 'USD') else settle}"
            if not slash or rest == shaped:
                found[f"{base}/{shaped}"] = None
    return list(found)
