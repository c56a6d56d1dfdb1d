"""Replay: what every panel showed as of one second, and the chart that plays on from there."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from analytics.market import decimate, depegs, playback, prices, replay, timeline
from analytics.warehouse import GenerationGone, NoWarehouse
from charts.market import replay as chart
from charts.words import clock, percent, usd, utc
from pages.microscope.controls import chosen_at
from pages.shared import words
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.columns import NUMBER, TEXT, TIME
from pages.shared.words import safe
from web.turns import TURNS

STOPPED = "Stopped"
SPEEDS = {STOPPED: 0, "10 s": 10, "1 min": 60, "5 min": 300}
TICK = 1.0
LATEST = 8


def show(day: dict[str, Any], start: datetime, end: datetime, base: str) -> None:
    drawn = st.container()
    speed = st.segmented_control(
        "Numbers and tables move on by, each second",
        list(SPEEDS),
        default=STOPPED,
        required=True,
        key="speed",
        help="The chart plays by its own buttons; this moves the moment, the tables and the link.",
    )
    st.session_state["ticking"] = False
    # While it plays, only the panel runs again: the chart keeps its zoom. Otherwise the slider moves chart and panel.
    panel = st.fragment(TURNS.bounded(_playing), run_every=TICK) if SPEEDS[speed] else _panel
    panel(day, start, end, base, SPEEDS[speed])
    with drawn:
        _chart(day, start, end, base, st.session_state["at"])


def _playing(*view: Any) -> None:
    """The panel as a fragment. The shell does not stand around it: it says itself that the data cannot be read."""
    try:
        _panel(*view)
    except (NoWarehouse, GenerationGone) as damaged:
        st.error(safe(damaged), icon=":material/broken_image:")


def _panel(day: dict[str, Any], start: datetime, end: datetime, base: str, step: int) -> None:
    if step and st.session_state.get("ticking"):
        st.session_state["at"] = min(st.session_state["at"] + timedelta(seconds=step), end)
        if st.session_state["at"] == end:
            st.session_state["speed"] = STOPPED
            st.rerun(scope="app")
    st.session_state["ticking"] = True
    at = chosen_at(start, end, _low(day, start, end))
    since, reference = day["window_start"], day["t0"] or day["focus_start"]
    _markets(base, since, at, reference)
    left, right = st.columns([3, 2])
    with left:
        _pegs(day, since, at)
        _moments(day, since, at)
    with right:
        _deleveraging(day, at)
        _liquidations(day, at)
        _funding(base, since, at)
        _open_interest(base, since, at)


def _low(day: dict[str, Any], start: datetime, end: datetime) -> datetime:
    """The end of the bar of Bitcoin's low in the range, or of the range: where the scrubber stands at first."""
    low = ask(playback.low, start=start, end=end)
    return low["low_until"][0] if low.height else end


def _chart(day: dict[str, Any], start: datetime, end: datetime, base: str, at: datetime) -> None:
    reference = day["t0"] or day["focus_start"]
    known = ask(playback.markets, base=base, start=start, end=end)
    track = ask(playback.track, chosen=decimate.keys(known), start=start, end=end, reference=reference)
    fills = ask(playback.fills, start=start, end=end)
    fills = fills.filter(pl.col("venue") == fills["venue"][0]) if fills.height else fills
    fallen = ask(replay.markets, base=base, start=day["window_start"], at=at, reference=reference)
    fallen = fallen.filter((pl.col("kind") == "trade") & (pl.col("lowest_pct") < 0))
    title = f"{base} by {clock(at, 'second')}"
    if fallen.height and at > reference:
        deepest = fallen.row(0, named=True)
        title += (
            f": down as far as {percent(-deepest['lowest_pct'])}, on {deepest['name']} "
            f"{words.market(deepest['market'])}"
        )
    sources = ";".join(fills["source_id"].unique()) if fills.height else None
    card(
        title,
        track.with_columns(pl.concat_str("source_id", pl.lit(sources, pl.String), separator=";", ignore_nulls=True)),
        partial(chart.falls, track, fills, start, end, at) if track.height else None,
        key="replay",
        about=(
            f"{words.span(start, end)}. Closes in percent of each market's price at {utc(reference)}. Grey: after "
            f"{clock(at, 'second')}. The chart's buttons play on from there in your browser"
        )
        + ("; below, auto-deleveraging fills, one side, added up" if fills.height else ""),
        alt=f"Lines of {base} by market, veiled after {utc(at, 'second')}.",
        note=(
            "Lows lie between the closes and stand in the table, as does a market whose bars are too long for a "
            "line over this range."
        ),
        empty=(
            f"No market of {base} has bars short enough for a line over this range and a price in the hour before "
            f"{utc(reference)}."
        ),
    )


def _markets(base: str, since: datetime, at: datetime, reference: datetime) -> None:
    rows = ask(replay.markets, base=base, start=since, at=at, reference=reference)
    traded = rows.filter((pl.col("kind") == "trade") & pl.col("quote").is_in(prices.DOLLARS))
    title = f"{base} as of {clock(at, 'second')}"
    if traded.height:
        low = traded.sort("lowest", nulls_last=True).row(0, named=True)
        title = (
            f"Lowest print of {base} so far: {words.price(low['lowest'])} {low['quote']} on {low['name']} "
            f"{words.market(low['market'])}"
        )
    card(
        title,
        rows,
        key="replay-markets",
        about=(
            f"As of {utc(at, 'second')}, from bars closed by then. Percent of the price at {utc(reference)}. Age: "
            "seconds since the last close. A market that printed nothing while the asset was lowest has no low"
        ),
        table={
            "name": TEXT("Venue"),
            "symbol": TEXT("Market"),
            "market": TEXT("Kind"),
            "kind": TEXT("Price"),
            "price": NUMBER("Last", format="%.8g"),
            "age_seconds": NUMBER("Age, s", format="localized"),
            "drawdown_pct": NUMBER("From T0, %", format="%.2f"),
            "lowest": NUMBER("Lowest so far", format="%.8g"),
            "lowest_pct": NUMBER("Lowest, %", format="%.2f"),
            "lowest_until": TIME("by", format="MMM D, HH:mm:ss"),
            "interval": TEXT("Bars of"),
        },
        empty=f"No bar of {base} had closed by then.",
    )


def _pegs(day: dict[str, Any], since: datetime, at: datetime) -> None:
    known = ask(depegs.assets, start=day["window_start"], end=day["window_end"])
    rows = ask(replay.pegs, assets=tuple(known.select("asset", "base", "reference_value").rows()), start=since, at=at)
    title = "Pegged assets"
    if rows.height:
        worst = rows.row(0, named=True)
        title = f"{worst['asset']} had been as low as {worst['lowest']:.4f} on {worst['name']}"
    card(
        title,
        rows,
        key="replay-pegs",
        about=f"As of {utc(at, 'second')}, from bars closed by then; percent from the reference",
        table={
            "asset": TEXT("Asset"),
            "name": TEXT("Venue"),
            "kind": TEXT("Price"),
            "price": NUMBER("Last", format="%.4f"),
            "off_pct": NUMBER("Off, %", format="%.2f"),
            "lowest": NUMBER("Lowest so far", format="%.4f"),
            "lowest_until": TIME("by", format="MMM D, HH:mm"),
        },
        empty="No price of a pegged asset is known by then.",
    )


def _moments(day: dict[str, Any], since: datetime, at: datetime) -> None:
    rows = ask(timeline.moments, timeline=day["crash_day"], start=since, end=at).tail(LATEST).reverse()
    card(
        f"Last reported by then: {rows['title'][0]}" if rows.height else "Reported so far",
        words.dated(rows),
        key="replay-moments",
        about=f"The last {rows.height} moments reported up to {utc(at, 'second')}, the latest first",
        table={"when": TEXT("When"), "title": TEXT("What", width="large"), "venue": TEXT("Who")},
        empty="No moment is reported by then.",
    )


def _deleveraging(day: dict[str, Any], at: datetime) -> None:
    rows = ask(replay.deleveraging, start=day["window_start"], end=day["window_end"], at=at)
    title = "Auto-deleveraging so far"
    if rows.height:
        first = rows.row(0, named=True)
        minutes = -((first["study_start"] - first["study_end"]) // timedelta(minutes=1))
        title = (
            f"{first['name']}: {first['adl_fills']:,} ADL fills so far, {percent(first['of_study_pct'])} of those "
            f"in the study's {minutes} minutes"
        )
    card(
        title,
        rows,
        key="replay-adl",
        about=(
            f"As of {utc(at, 'second')}, one side of each fill. The study counts a few minutes; whether any were "
            "closed outside them is not known"
        ),
        table={
            "name": TEXT("Venue"),
            "adl_fills": NUMBER("Fills", format="localized"),
            "of_study_pct": NUMBER("Of the study's, %", format="%.1f"),
            "first_ts": TIME("First", format="HH:mm:ss"),
            "last_ts": TIME("Last", format="HH:mm:ss"),
        },
        empty="No auto-deleveraging is known by then.",
    )


def _liquidations(day: dict[str, Any], at: datetime) -> None:
    rows = ask(replay.liquidations, start=day["window_start"], at=at)
    title = "Liquidations so far: no feed of single ones is kept for this day"
    if rows.height:
        first = rows.row(0, named=True)
        title = (
            f"{first['name']}'s feed shows {usd(first['notional_usd'])} of {first['liquidated_side']}s so far "
            f"({first['completeness']})"
        )
    card(
        title,
        rows,
        key="replay-liquidations",
        about=f"As of {utc(at, 'second')}, feed by feed: they let through different parts and never add up. USD",
        table={
            "name": TEXT("Venue"),
            "completeness": TEXT("Feed"),
            "mechanism": TEXT("How"),
            "liquidated_side": TEXT("Side"),
            "events": NUMBER("Events", format="localized"),
            "notional_usd": NUMBER("USD", format="localized"),
        },
        empty=words.not_fetched("single liquidations", day["crash_day"])
        + ". Published totals stand on the Overview, with their windows.",
    )


def _funding(base: str, since: datetime, at: datetime) -> None:
    rows = ask(replay.funding, base=base, start=since, at=at)
    title = f"Funding of {base} so far"
    if rows.height:
        least = rows.row(0, named=True)
        payer = "longs had paid shorts" if least["paid_pct"] > 0 else "shorts had paid longs"
        title = f"On {least['name']} {payer} {words.signed(abs(least['paid_pct']))} % so far"
    card(
        title,
        rows,
        key="replay-funding",
        about=f"Rates added up from {utc(since)} to {utc(at, 'second')}, percent of the position",
        table={
            "name": TEXT("Venue"),
            "paid_pct": NUMBER("Paid by longs, %", format="%.4f"),
            "payments": NUMBER("Payments"),
            "interval_hours": NUMBER("each for, h", format="%g"),
            "last_pct": NUMBER("Last, %", format="%.4f"),
            "last_ts": TIME("at", format="MMM D, HH:mm"),
        },
        empty=f"No funding payment of {base} is known by then.",
    )


def _open_interest(base: str, since: datetime, at: datetime) -> None:
    rows = ask(replay.open_interest, base=base, start=since, at=at)
    title = "Open interest: not known to the minute"
    if rows.height:
        first = rows.row(0, named=True)
        title = f"Open interest on {first['name']}: {usd(first['open_interest_usd'])}"
    card(
        title,
        rows,
        key="replay-oi",
        about=f"The last observation up to {utc(at, 'second')}",
        table={
            "name": TEXT("Venue"),
            "symbol": TEXT("Market"),
            "open_interest_usd": NUMBER("USD", format="localized"),
            "sides": TEXT("Sides counted"),
            "ts": TIME("Observed", format="MMM D, HH:mm:ss"),
        },
        empty=(
            f"No observation of {base}'s open interest is kept up to then. What was published about the day as a "
            "whole stands on the Exchanges page."
        ),
    )
