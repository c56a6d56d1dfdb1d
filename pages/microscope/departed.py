"""Which venue left the composite first, and how far that depends on the rule."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from analytics.market import composite, decimate, departures, dislocation
from charts.words import clock
from pages.shared import words
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.columns import NUMBER, TEXT, TIME

DEPARTURES = {
    "name": TEXT("Venue"),
    "symbol": TEXT("Market"),
    "interval": TEXT("Bars of"),
    "left_after": TIME("Left after", format="HH:mm:ss"),
    "left_by": TIME("by", format="HH:mm:ss"),
    "bars_out": NUMBER("Bars out"),
    "deepest_pct": NUMBER("Furthest, %", format="%.1f"),
    "deepest_ts": TIME("at", format="HH:mm:ss"),
    "prints": NUMBER("Bars with a print", format="localized"),
    "composed": NUMBER("with three venues", format="localized"),
    "bars": NUMBER("of", format="localized"),
}

Markets = tuple[tuple[str, decimate.Key], ...]


def finest_departures(base: str, start: datetime, end: datetime) -> tuple[Markets, pl.DataFrame]:
    """The markets that tell who left first, from one-second bars where there are any, and their departures."""
    seconds = ask(dislocation.markets, base=base, start=start, end=end, interval="1s")
    finest = seconds if seconds.height else ask(dislocation.markets, base=base, start=start, end=end)
    if finest.is_empty():
        return (), finest
    chosen = tuple(zip(finest["name"], decimate.keys(finest), strict=True))
    return chosen, ask(departures.order, markets=chosen, start=start, end=end)


def prints_words(rows: pl.DataFrame) -> str:
    """In how many bars each venue (`analytics.market.departures.order`) printed: a thin one strays without anything
    having broken."""
    if rows.is_empty():
        return ""
    ordered = rows.sort("prints", "name", descending=[True, False]).iter_rows(named=True)
    said = [f"{row['name']} in {row['prints']:,}" for row in ordered]
    return f"Prints: {', '.join(said)} of {rows['bars'][0]:,} bars."


def caveat(rows: pl.DataFrame) -> str:
    """What a named venue's leaving may owe to its being thin, or of another kind, in a clause; empty where neither
    is so."""
    first, others = rows.row(0, named=True), rows[1:]
    said = []
    if first["prints"] < others["prints"].min():
        said.append(f"the thinnest of them, with prints in {first['prints']:,} of {first['bars']:,} bars")
    if first["market"] == "perp" and "perp" not in others["market"].to_list():
        said.append("the only perpetual among them")
    return " and ".join(said)


def left_first(base: str, start: datetime, end: datetime) -> pl.DataFrame:
    """Which venue left first: minute bars are asked only where there are no seconds."""
    return finest_departures(base, start, end)[1]


def order(base: str, start: datetime, end: datetime) -> None:
    chosen, rows = finest_departures(base, start, end)
    if rows.is_empty():
        return
    about = (
        f"{words.span(start, end)}. A venue has left where it stands {departures.LEFT_PCT:g} % off the "
        f"composite of three or more for {departures.BARS_OFF} bars running with one; between “after” and “by”"
    )
    refusal = rows["refusal"][0]
    first = rows.row(0, named=True)
    title = (
        f"Which venue left {base}'s composite first cannot be told"
        if refusal
        else (
            f"{first['name']} {words.market_kind(first)} left {base}'s composite first, between "
            f"{clock(first['left_after'], 'second')} and {clock(first['left_by'], 'second')}"
        )
        + (f": {caveat(rows)}" if caveat(rows) else "")
    )
    card(
        title,
        rows,
        key="departures",
        about=about,
        table=DEPARTURES,
        note=f"{refusal or 'Clocks are the venues’ own.'} {prints_words(rows)}",
    )
    if rows.height >= composite.THREE:
        _settings(chosen, start, end)


def _settings(chosen: Markets, start: datetime, end: datetime) -> None:
    rows = ask(departures.settings, markets=chosen, start=start, end=end)
    named = (
        rows.filter(pl.col("name").is_not_null()).group_by("name").len().sort("len", "name", descending=[True, False])
    )
    said = ", ".join(f"{name} in {count}" for name, count in named.iter_rows())
    card(
        f"First by {rows.height} settings: {said}"
        if said
        else f"None of {rows.height} settings tells which venue left first",
        rows,
        key="departure-settings",
        about=(
            f"{words.span(start, end)}. How far off the composite, and for how many bars running, a venue must "
            f"stand to have left it. A name is given where {departures.AGREE} agree"
        ),
        table={
            "left_pct": NUMBER("Off by, %", format="%.2f"),
            "held": NUMBER("Bars running"),
            "name": TEXT("Left first"),
            "symbol": TEXT("Market"),
            "left_after": TIME("after", format="HH:mm:ss"),
            "left_by": TIME("by", format="HH:mm:ss"),
            "refusal": TEXT("Why this setting cannot tell", width="large"),
        },
    )
