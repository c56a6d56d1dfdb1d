"""Liquidity: why no order book is drawn, and what it took to move the price instead."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import polars as pl
import streamlit as st

from analytics import book_faults, impact, venue_reports
from charts import impact as chart
from charts import theme
from charts.words import clock, number, usd
from pages import _cascade_words as words
from pages._microscope_controls import chosen_market
from pages._parts import ask, card

NUMBER, TEXT, TIME = st.column_config.NumberColumn, st.column_config.TextColumn, st.column_config.DatetimeColumn


def show(day: dict[str, Any], start: datetime, end: datetime, base: str) -> None:
    st.info(
        "No order book is drawn: no archive of one that can be trusted is in the warehouse. Snapshots are refused by rule when a book is inverted "
        "(bids dearer than asks), shrinks outwards (a wider band holds less than the narrower one it contains), or is frozen (a band repeats "
        f"{book_faults.FROZEN} snapshots running while others change); from {100 * book_faults.MOST_FAULTY:g} % such snapshots on, the whole series is.",
        icon=":material/block:",
    )
    chosen = chosen_market(ask(impact.markets, base=base, start=start, end=end), "tape", "Impact on")
    if chosen is None:
        card(
            "Impact",
            pl.DataFrame(),
            key="impact",
            about=words.span(start, end),
            empty=f"No market of {base} with volume has bars in this range.",
        )
    else:
        _impact(day, *chosen, start, end)
    _published(day)


def _impact(day: dict[str, Any], market: dict[str, Any], key: tuple[str, ...], start: datetime, end: datetime) -> None:
    rows = ask(impact.windows, key=key, start=start, end=end)
    known = rows.filter(pl.col("impact_pct").is_not_null())
    about = f"{words.span(start, end)}. {market['symbol']} on {market['name']}: mean absolute return of its {words.LENGTHS[market['interval']]} bars over the money traded in them (Amihud 2002)"
    if known.is_empty():
        card(
            "Impact, in place of depth",
            known,
            key="impact",
            about=about,
            empty=f"No window has {impact.LEAST_BARS} bars with volume in this range.",
        )
        return
    since = day["t0"] or day["focus_start"]
    worst = ask(impact.against_before, key=key, start=start, end=end, before=since)
    title = "In place of depth: what it took to move the price"
    if worst.height:
        row = worst.row(0, named=True)
        title = f"In place of depth: {usd(row['per_usd'])} moved {market['name']} {market['symbol']} by {number(row['impact_pct'], 2)} % in {clock(row['ts'])}–{clock(row['until'])}"
        title += f", {number(row['times'], 2)} times the usual window before {clock(since)}" if row["times"] else ""
    card(
        title,
        rows,
        chart.windows(rows, theme.venue_colour(market["venue"]), start, end),
        key="impact",
        about=about,
        alt=title,
        note="A fallback, not depth: impact is small where much is traded, also while the price falls far, and large where little is. Compare windows of one market only.",
    )


def _published(day: dict[str, Any]) -> None:
    rows = ask(venue_reports.of_topics, crash_day=day["crash_day"], topics=("liquidity",))
    card(
        "What was published about depth",
        rows,
        key="liquidity-published",
        about="As published; definitions differ from row to row and do not compare",
        table={
            "metric": TEXT("Figure"),
            "value": NUMBER("Value", format="localized"),
            "unit": TEXT("Unit"),
            "value_text": TEXT("In words"),
            "origin": TEXT("Number by"),
            "confidence": TEXT("Confidence"),
            "note": TEXT("Note", width="large"),
        },
        empty="Nothing published about this day's order books is listed.",
    )
