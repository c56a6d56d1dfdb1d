"""How far coins fell and came back, by venue; jumps; the mark price; depth; and funds after hours."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from analytics.market import depth_of_day, funds, jumps, mark_shield, prices, quotes_apart, recovery
from charts.market import depth_of_day as depth_steps
from charts.market import jumps as jump_bars
from charts.market import quotes_apart as quote_dots
from charts.market import recovery as falls
from charts.terms import listed
from charts.words import clock, number, percent, usd
from pages.shared import words
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.columns import NUMBER, TEXT

SHIELD = {
    "name": TEXT("Venue"),
    "symbol": TEXT("Market"),
    "interval": TEXT("Bars of"),
    "low": NUMBER("Lowest trade", format="%.8g"),
    "mark_low": NUMBER("Lowest mark", format="%.8g"),
    "above_pct": NUMBER("Mark above, %", format="%.3f"),
}
FUNDS = {
    "base_asset": TEXT("Fund"),
    "extreme": TEXT("What"),
    "value": NUMBER("USD", format="%.2f"),
    "when": TEXT("When"),
    "change_pct": NUMBER("From the first, %", format="%.1f"),
    "confidence": TEXT("Confidence"),
    "note": TEXT("Note", width="large"),
}
MOST_DEPTH = "BTC"
"""The asset whose book the depth card shows: only its perpetual is read every four hours."""


def show(day: dict[str, Any], start: datetime, end: datetime) -> None:
    at = day["t0"] or day["focus_start"]
    midnight = day["focus_start"].replace(hour=0, minute=0, second=0, microsecond=0)
    whole = {"start": midnight, "end": midnight + timedelta(days=1)}
    _falls(at, start, end)
    _jumps(start, end)
    left, right = st.columns(2)
    with left:
        _quotes(whole)
    with right:
        _depth(day)
    left, right = st.columns(2)
    with left:
        _shield(start, end)
    with right:
        _funds(whole)


def _falls(at: datetime, start: datetime, end: datetime) -> None:
    venues = ask(recovery.by_venue, at=at, start=start, end=end) if start < at < end else pl.DataFrame()
    title = "How far coins fell, by venue"
    if venues.height:
        first, last = venues.row(0, named=True), venues.row(-1, named=True)
        title = (
            f"Half of {first['coins']} coins fell {percent(first['median_drop_pct'], 0)} or more on {first['name']} "
            f"{words.market(first['market'])}; of {last['coins']} on {last['name']} {words.market(last['market'])}, "
            f"{percent(last['median_drop_pct'], 0)}"
        )
    card(
        title,
        venues,
        partial(falls.falls, venues) if venues.height else None,
        key="recovery",
        about=f"Lowest price and last close against the last close before {clock(at)} UTC. {words.span(start, end)}",
        alt="; ".join(
            f"{row['name']} {row['market']}: median {percent(-row['median_drop_pct'])}, later {percent(row['end_pct'])}"
            for row in venues.iter_rows(named=True)
        ),
        note=" ".join(
            f"{row['name']} {words.market(row['market'])}: {row['regained']} of {row['coins']} coins regained half, in "
            f"{number(row['half_minutes'])} minutes at the median."
            for row in venues.iter_rows(named=True)
        )
        + " The markets embedded here were recorded for their deep lows: they are no sample of a venue.",
        empty=f"No minute bars of several coins lie around {clock(at)} UTC in this range.",
    )


def _jumps(start: datetime, end: datetime) -> None:
    bitcoin = ask(prices.bitcoin, start=start, end=end)
    market = tuple(bitcoin.row(0, named=True)[column] for column in prices.LINE) if bitcoin.height else None
    minutes = ask(jumps.by_minute, market=market, start=start, end=end) if market else pl.DataFrame()
    title = "Which minutes of Bitcoin were jumps"
    if minutes.height:
        found = minutes.filter("jump")["ts"].to_list()
        title = f"{len(found)} minutes of Bitcoin were jumps: {listed([clock(ts) for ts in found])}"
    card(
        title,
        minutes,
        partial(jump_bars.by_minute, minutes, start, end) if minutes.height else None,
        key="jumps",
        about=(
            f"{minutes['symbol'][0]} on {minutes['venue'][0].capitalize()}. Change of a minute over the usual move of "
            "the minutes before, the least of three windows (15, 20 and 30 minutes). UTC"
            if minutes.height
            else words.span(start, end)
        ),
        alt="Columns a minute; those above the dotted line are jumps.",
        note=(
            "Test of Lee and Mykland (2008). A minute counts only where all three windows agree; the first half hour "
            "has nothing before it to judge by. Of ranges without any jump up to one in ten shows a minute over the "
            "line, so one alone proves little."
        ),
        empty="The test needs half an hour of minute bars of Bitcoin in the chosen range.",
    )


def _quotes(whole: dict[str, datetime]) -> None:
    markets = ask(quotes_apart.lows, **whole)
    title = "One coin in several dollar tokens"
    if markets.height:
        coin = markets.filter(rank=1)
        lows = [f"{words.price(row['low'])} {row['quote']}" for row in coin.iter_rows(named=True)]
        title = f"{coin['base'][0]} printed {lows[0]} on {coin['name'][0]}, and never less than {listed(lows[1:])}"
    card(
        title,
        markets,
        partial(quote_dots.dots, markets) if markets.height else None,
        key="quotes-apart",
        about="Coins whose dollar markets on one venue were furthest apart: low of the day against its high. UTC day",
        alt="; ".join(f"{row['symbol']} {percent(-row['drop_pct'])}" for row in markets.head(6).iter_rows(named=True)),
        note="The lows of a day need not be of one moment.",
        empty="No day ranges of a coin in several dollar tokens are known for this day.",
    )


def _depth(day: dict[str, Any]) -> None:
    rows = ask(depth_of_day.by_step, base=MOST_DEPTH, start=day["window_start"], end=day["window_end"])
    perpetual = rows.filter(market="perp")
    title = "What was left in the book"
    if perpetual.height:
        least, most = (perpetual.sort("bid_usd").row(place, named=True) for place in (0, -1))
        title = (
            f"{least['name']}'s bids of {least['symbol']} within {least['band_pct']:g} %: {usd(most['bid_usd'])} at "
            f"their most, {usd(least['bid_usd'])} at their least, in the step of {words.day_and_clock(least['ts'])}"
        )
    card(
        title,
        perpetual,
        partial(depth_steps.steps, perpetual) if perpetual.height else None,
        key="depth-of-day",
        about="Bids and asks, steps of four hours, quoted from a vendor. The whole day, whatever range is chosen. UTC",
        alt="Two step lines, bids and asks.",
        note=(
            "Four hours are too coarse for the crash itself. Whether a step is a snapshot or a mean is not documented."
        ),
        empty=f"No steps of {MOST_DEPTH}'s book are known for this day.",
    )


def _shield(start: datetime, end: datetime) -> None:
    rows = ask(mark_shield.lows, start=start, end=end)
    title = "Mark price against last price"
    if rows.height:
        first = rows.row(0, named=True)
        title = (
            f"The mark price of {first['symbol']} on {first['name']} stayed {percent(first['above_pct'], 2)} above its "
            "lowest trade"
        )
    card(
        title,
        rows,
        key="mark-shield",
        about=f"Lowest of both in the same bars. {words.span(start, end)}",
        table=SHIELD,
        note="Positions are judged by the mark: one whose limit lay between the two was traded through, not judged.",
        empty="No market has marks and trades in bars of one length in this range.",
    )


def _funds(whole: dict[str, datetime]) -> None:
    rows = ask(funds.after_hours, **whole)
    title = "Funds after hours"
    if rows.height:
        deepest = rows.sort("change_pct").row(0, named=True)
        title = f"After hours in New York {deepest['base_asset']} fell {percent(-deepest['change_pct'])}"
    card(
        title,
        words.dated(rows) if rows.height else rows,
        key="funds",
        about="Single prints, read from a chart by others: no series. USD, UTC",
        table=FUNDS,
        empty="No print of a fund is known for this day.",
    )
