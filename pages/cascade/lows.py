"""The lowest print of every market of the day."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from analytics.market import lows
from charts.market import lows as chart
from charts.words import percent, utc
from pages.shared import words
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.choose import say_unusable
from pages.shared.columns import CHECK, NUMBER, TEXT

MARKETS = {
    "rank": NUMBER("Rank"),
    "symbol": TEXT("Market"),
    "name": TEXT("Venue"),
    "high": NUMBER("High", format="%.8g"),
    "low": NUMBER("Low", format="%.8g"),
    "drop_pct": NUMBER("Drop, %", format="%.3f"),
    "thin": CHECK("Thin print"),
    "peers_drop_pct": NUMBER("Peers' drop, %", format="%.2f"),
    "compared_with": TEXT("Peers are"),
    "peers": NUMBER("Peers"),
}

SHOWN = 20


def show(day: dict[str, Any], start: datetime, end: datetime) -> None:
    midnight = day["focus_start"].replace(hour=0, minute=0, second=0, microsecond=0)
    whole = {"start": midnight, "end": midnight + timedelta(days=1)}
    quotes = ask(lows.quotes, **whole)
    if quotes.is_empty():
        card(
            "Lowest prints by market",
            quotes,
            key="lows",
            about=utc(midnight, "day"),
            empty=words.not_fetched("day ranges by market", day["crash_day"]),
        )
        return
    quote = _quote(quotes)
    markets = ask(lows.markets, quote=quote, **whole)
    about = (
        f"{utc(midnight, 'day')}, the whole UTC day, whatever range is chosen: a day range has no minutes. Drop = 1 "
        "− day's low / day's high; the high may come after the low"
    )
    left, right = st.columns([2, 3])
    with left:
        _deepest(markets, quote, about)
    with right:
        _all(
            markets,
            quote,
            f"{about}. {quotes['markets'].sum():,} markets in all quote currencies. Search with the magnifier above "
            "the table",
        )


def _deepest(markets: pl.DataFrame, quote: str, about: str) -> None:
    deepest, solid = markets.head(SHOWN), markets.filter(~pl.col("thin"))
    first = (solid if solid.height else markets).row(0, named=True)
    card(
        (
            f"The deepest low that its peers share: {first['symbol']} at {words.price(first['low'])}, "
            f"{percent(first['drop_pct'])} below the day's high ({_peers(first)})"
        ),
        deepest,
        partial(chart.deepest, deepest),
        key="lows",
        about=f"The {deepest.height} deepest of {markets.height} {quote} markets. {about}",
        alt="Bars: " + ", ".join(f"{row['symbol']} {row['drop_pct']:.1f} %" for row in deepest.iter_rows(named=True)),
    )


def _all(markets: pl.DataFrame, quote: str, about: str) -> None:
    thin, free = markets.filter("thin"), markets.filter(~pl.col("pegged"))
    half = free.select(pl.median("drop_pct")).item()
    card(
        (f"Half of {free.height} {quote} markets had a low {percent(half)} or more below their high of the day"),
        markets,
        key="lows-table",
        about=about,
        table=MARKETS,
        note=(
            f"{markets.height - free.height} markets of pegged coins and national currencies are left out of "
            f"the half. {thin.height} thin: such a market kept less than {lows.THIN:.0%} of the part of its "
            f"high that its median peer kept. Peers are the coin's other markets, or all {quote} markets where "
            "it has no other. A thin print was traded, but it was not the coin's price."
        ),
    )


def _peers(row: dict[str, Any]) -> str:
    """How many markets a low was compared with: one of the same exchange is little."""
    if row["compared_with"] != lows.OTHER_MARKETS:
        return "compared with all markets of the quote"
    return f"{row['peers']} other market{'' if row['peers'] == 1 else 's'} of the coin, on the same exchange"


def _quote(quotes: pl.DataFrame) -> str:
    known = quotes["quote"].to_list()
    say_unusable("quote", known, "quote currency")
    return st.selectbox(
        "Quote currency",
        known,
        key="quote",
        bind="query-params",
        persist_state="page",
        width=220,
    )
