"""Words several pages share, and text from outside made safe to show."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import polars as pl

from charts.terms import trust
from charts.words import clock, each, utc

MARKETS = {
    "spot": "spot",
    "perp": "perpetual",
    "pool": "pool",
    "future": "future",
    "coin-margined": "coin-margined perpetual",
}
REORDERS, REORDERED = "[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]", "\ufffd"
"""Characters nobody sees that turn the order of those around them: with them a name could be read as another's."""
LENGTHS = {"1s": "second", "1m": "minute", "5m": "five minutes", "15m": "quarter of an hour", "1h": "hour"}


def safe(text: object) -> str:
    """Text from outside as plain words in markdown: no links, no formulas, no markup."""
    shown = re.sub(REORDERS, REORDERED, str(text))
    # An address becomes a link also where it is escaped; a word joiner, which nobody sees, keeps it from being one.
    unlinked = re.sub(r"(?<=www)(?=\.)|(?<=:)(?=//)|(?<=@)", "\u2060", shown, flags=re.IGNORECASE)
    return re.sub(r"([\\`*_{}\[\]()<>#+!|$~:])", r"\\\1", unlinked)


def market(kind: str) -> str:
    """The kind of market in a sentence."""
    return MARKETS.get(kind, kind)


def market_kind(row: dict[str, Any]) -> str:
    """The kind of a market (`market`, `symbol`) in a sentence: perpetuals settled in the coin itself are others than
    those settled in
    dollars."""
    base, settled = row["symbol"].partition("/")[0], row["symbol"].partition(":")[2]
    return "coin-margined perpetual" if base == settled else market(row["market"])


def price(value: float | None) -> str:
    """A price with all the digits its market prints, `101,516.5` or `0.000001`."""
    if value is None:
        return "not known"
    if 0 < abs(value) < 0.001:
        return f"{value:.10f}".rstrip("0")
    return f"{value:,.8g}"


def amount(value: float) -> str:
    """A quantity of a coin, without a fraction from 100 on."""
    return f"{value:,.0f}" if value >= 100 else f"{value:,.4g}"


def signed(rate: float) -> str:
    """A small rate with its sign, `−0.0141`."""
    return f"{rate:.4f}".replace("-", "−")


def day_and_clock(moment: datetime) -> str:
    """A time with its day and without the year, where the day matters: `Oct 11, 00:00`."""
    return f"{moment:%b} {moment.day}, {clock(moment)}"


def span(start: datetime, end: datetime) -> str:
    """A range in words; the date once where one is enough."""
    if start.date() == end.date():
        return f"{start:%b} {start.day}, {clock(start)}–{clock(end)} UTC"
    return f"{start:%b} {start.day}, {clock(start)} to {end:%b} {end.day}, {clock(end)} UTC"


def not_fetched(what: str, crash_day: str) -> str:
    """Why a part is empty, and what to do about it."""
    return f"No {what} of this day are in the warehouse. Fetch them: python -m pipelines refresh --event {crash_day}"


def outside(what: str, first: datetime, last: datetime) -> str:
    """Why a part is empty in the chosen range: where its data lie."""
    return f"{what} lie between {utc(first, 'second')} and {utc(last, 'second')}. Choose a range that reaches them."


def dated(rows: pl.DataFrame, moment: str = "ts", precision: str = "precision") -> pl.DataFrame:
    """The rows with `when`: each one's time in words, at the precision it is known."""
    return rows.with_columns(when=each(utc, rows, moment, precision))


def worded(rows: pl.DataFrame, moment: str = "as_of", precision: str = "as_of_precision") -> pl.DataFrame:
    """The rows of published figures with `read`, the time of reading, and `trust` in words, as tables show them."""
    stated = [column for column in ("confidence", "second_hand") if column in rows.columns]
    timed = rows.with_columns(pl.col(precision).fill_null("unknown"))
    return rows.with_columns(read=each(utc, timed, moment, precision), trust=each(trust, rows, *stated))
