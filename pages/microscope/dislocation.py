"""Dislocation: every venue against the composite, who left it first, and a market against its sibling."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

import polars as pl

from analytics.market import composite, decimate, departures, dislocation
from charts.market import dislocation as chart
from charts.words import clock
from pages.microscope.basis import both_prices
from pages.microscope.departed import finest_departures, order, prints_words
from pages.microscope.gaps import lowest_prints
from pages.shared import words
from pages.shared.ask import ask
from pages.shared.card import card

RULE = (
    "Composite: the median of at least three venues with a fresh price (two where no more trade it), one "
    "market each, spot before perpetual, dollars and dollar tokens alike; "
    f"a print stays fresh for {composite.FRESH['1s']} s among seconds, for its own bar otherwise"
)


def show(day: dict[str, Any], start: datetime, end: datetime, base: str) -> None:
    markets = ask(dislocation.markets, base=base, start=start, end=end)
    _deviations(base, markets, start, end)
    order(base, start, end)
    both_prices(base, start, end)
    lowest_prints(base, start, end)


def _deviations(base: str, markets: pl.DataFrame, start: datetime, end: datetime) -> None:
    about = f"{words.span(start, end)}. {RULE}. Percent; dotted: {departures.LEFT_PCT:g} % off"
    if markets.height < composite.TWO:
        _no_composite(base, about, _one_venue(base, markets, start, end))
        return
    rows = ask(dislocation.deviations, chosen=decimate.keys(markets), start=start, end=end)
    known = rows.filter(pl.col("deviation_pct").is_not_null())
    names = dict(markets.select("venue", "name").iter_rows())
    if known.is_empty():
        never = f"{' and '.join(names.values())} never have a fresh price at the same time here"
        _no_composite(base, about, f"{never}: either their prints or their clocks lie apart.")
        return
    widest = ask(dislocation.widest, chosen=decimate.keys(markets), start=start, end=end).row(0, named=True)
    if markets.height == composite.TWO:
        _gap(base, markets, names, widest, start, end)
        return
    when = clock(widest["ts"], "second")
    side = "below" if widest["deviation_pct"] < 0 else "above"
    title = (
        f"{base} on {names[widest['venue']]} {words.market_kind(widest)} stood "
        f"{abs(widest['deviation_pct']):.1f} % {side} "
        f"the composite of {widest['venues']} at {when}"
    )
    gap = "A gap: fewer than three venues with a fresh price."
    card(
        title,
        rows,
        partial(chart.deviations, rows, names, departures.LEFT_PCT, start, end),
        key="deviations",
        about=about,
        alt=(
            f"Lines of {base} by venue, percent from the composite; widest {widest['deviation_pct']:.1f} % on "
            f"{names[widest['venue']]}."
        ),
        note=f"{gap} A dollar token can leave the dollar itself, and a perpetual its spot.",
    )


def _no_composite(base: str, about: str, why: str) -> None:
    card(f"{base} against the composite", pl.DataFrame(), key="deviations", about=about, empty=why)


def _one_venue(base: str, markets: pl.DataFrame, start: datetime, end: datetime) -> str:
    others = ", ".join(ask(dislocation.assets, start=start, end=end)["base"])
    here = (
        f"{base} has bars of one venue only in this range"
        if markets.height
        else f"{base} has no comparable bars in this range"
    )
    return f"{here}: a composite needs two." + (f" These have them: {others}." if others else "")


def _gap(
    base: str, markets: pl.DataFrame, names: dict[str, str], widest: dict[str, Any], start: datetime, end: datetime
) -> None:
    """Two venues: what lies between them, for neither stands off a composite of both."""
    rows = ask(dislocation.gap, chosen=decimate.keys(markets), start=start, end=end)
    kinds = [f"{row['name']} ({words.market_kind(row)})" for row in markets.iter_rows(named=True)]
    title = (
        f"{base} on {kinds[0]} and {kinds[1]} stood {widest['apart_pct']:.1f} % apart at "
        f"{clock(widest['ts'], 'second')}"
    )
    card(
        title,
        rows,
        partial(chart.gap, rows, names, start, end),
        key="deviations",
        about=(
            f"{words.span(start, end)}. The price of the one less that of the other, percent of their midpoint; "
            "dollars and dollar tokens alike"
        ),
        alt=title,
        note=(
            "With two venues nothing tells which of them left. A break: one of them has no fresh price. "
            f"{prints_words(finest_departures(base, start, end)[1])}"
        ),
    )
