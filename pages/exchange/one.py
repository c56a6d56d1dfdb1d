"""One exchange: its ranks, what it traded and had liquidated on the day, what it said, what it paid, and other crash
days."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from analytics.exchange import profile
from charts.words import utc
from pages.exchange.liquidated import figures_of, liquidated, other_days, quotable, range_words
from pages.exchange.ranking import ranking
from pages.exchange.reported import moments, paid
from pages.exchange.traded import volume
from pages.shared.ask import ask

Row = dict[str, Any]


def show(venue: Row, day: Row) -> None:
    if not _had_closed(venue, day):
        on_the_day(venue, day)
    st.header("Rank and trailing volume", divider="gray")
    ranking(venue)
    st.header("Other crash days", divider="gray")
    other_days(venue, day)


def on_the_day(venue: Row, day: Row) -> None:
    st.header("Liquidations on the day", divider="gray")
    liquidated(venue, day)
    st.header("Traded volume on the day", divider="gray")
    volume(venue, day)
    st.header("What happened and what was said", divider="gray")
    moments(venue, day)
    st.header("Insurance, auto-deleveraging, compensation, losses", divider="gray")
    paid(venue, day)


def _had_closed(venue: Row, day: Row) -> bool:
    """Whether the exchange had closed before the day: then there is nothing that is not known of it."""
    return venue["closed_by"] is not None and venue["closed_by"] <= day["window_start"]


def finding(venue: Row, day: Row) -> str:
    """The exchange and the day in one line: what was liquidated, and its rank, as far as they are known."""
    if _had_closed(venue, day):
        return f"{venue['name']} had closed before {day['title']}"
    quoted = quotable(figures_of(venue).filter(pl.col("crash_day") == day["crash_day"]))
    placed = ask(profile.latest_ranks, venue=venue["venue"]).filter(pl.col("rank").is_not_null())
    ranked = f"rank {placed['rank'][0]} on {utc(placed['as_of'][0], 'day')}" if placed.height else "no rank known"
    return f"{venue['name']}, {day['title']}: {range_words(quoted) or 'liquidations not known'}, {ranked}"
