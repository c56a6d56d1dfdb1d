"""How numbers and times are worded, the same in titles, tables and hover texts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import polars as pl

FORMATS = {
    "microsecond": "%b %-d, %Y %H:%M:%S.%f UTC",
    "second": "%b %-d, %Y %H:%M:%S UTC",
    "minute": "%b %-d, %Y %H:%M UTC",
    "window": "around %b %-d, %Y %H:%M UTC",
    "hour": "%b %-d, %Y, about %H:%M UTC",
    "day": "%b %-d, %Y",
    "month": "%B %Y",
    "season": "mid-%Y",
    "year": "%Y",
}


def usd(value: float | None) -> str:
    """A money amount to three significant digits, four below 20: `$19.31 bn`, `$203 m`; `not known` for None."""
    if value is None:
        return "not known"
    sign, size = ("−" if value < 0 else ""), abs(value)
    for scale, unit in ((1e12, " tn"), (1e9, " bn"), (1e6, " m"), (1e3, " k")):
        if size >= 0.9995 * scale:
            return f"{sign}${_significant(size / scale)}{unit}"
    return f"{sign}${_significant(size)}"


def usd_range(low: float, high: float) -> str:
    """An estimate or several readings by both ends, `$30–40 bn`; a single amount where they agree."""
    if low == high:
        return usd(low)
    (first, _, unit), second = usd(low).partition(" "), usd(high)
    return f"{first}–{second.removeprefix('$')}" if unit and second.endswith(f" {unit}") else f"{usd(low)} to {second}"


def number(value: float | None, digits: int = 4) -> str:
    """A plain number with thousands separators and at most `digits` significant digits below 1,000."""
    if value is None:
        return "not known"
    return (
        f"{value:,.0f}"
        if abs(value) >= 1000 and value == round(value)
        else f"{value:,.1f}"
        if abs(value) >= 1000
        else f"{value:.{digits}g}"
    )


def percent(value: float | None, digits: int = 1) -> str:
    return "not known" if value is None else f"{value:.{digits}f} %".replace("-", "−")


def utc(moment: datetime | None, precision: str = "minute") -> str:
    """A time at the precision it is known: never more."""
    if moment is None or precision == "unknown":
        return "time not stated"
    return moment.strftime(FORMATS[precision])


def clock(moment: datetime, precision: str = "minute") -> str:
    """The time of day alone, where the date is clear."""
    return moment.strftime({"second": "%H:%M:%S", "microsecond": "%H:%M:%S.%f"}.get(precision, "%H:%M"))


def each(worded: Callable[..., str | None], rows: pl.DataFrame, *columns: str) -> pl.Series:
    """What a wording says of every row, given these columns.

    Never inside a Polars expression: there a Python function waits for the interpreter's lock while it holds a thread
    of Polars, and another page's thread may hold that lock while it waits for Polars.
    The server then stands still for good.
    """
    return pl.Series([worded(*row) for row in rows.select(columns).iter_rows()], dtype=pl.String)


def _significant(value: float) -> str:
    return (
        f"{value:.0f}"
        if value >= 100
        else f"{value:.1f}".removesuffix(".0")
        if value >= 20
        else f"{value:.2f}".rstrip("0").rstrip(".")
    )
