"""Extremes: sweeps found by a rule among single trades, and lows in σ of each market's own past."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from analytics.compare import aligned
from analytics.market import lows, sweep, timeline
from charts.market import sweep as chart
from charts.words import each, number, utc
from pages.shared import words
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.columns import NUMBER, TEXT

SWEEPS = {
    "name": TEXT("Venue"),
    "symbol": TEXT("Market"),
    "stamp": TEXT("Stamp"),
    "taker_side": TEXT("Taker"),
    "trades": NUMBER("Prints"),
    "first_price": NUMBER("From", format="%.8g"),
    "last_price": NUMBER("to", format="%.8g"),
    "walk_pct": NUMBER("Walk, %", format="%.2f"),
    "quantity_base": NUMBER("Quantity", format="%.8g"),
    "value_quote": NUMBER("Value", format="%.8g"),
}

LOWS = {
    "symbol": TEXT("Market"),
    "name": TEXT("Venue"),
    "low": NUMBER("Low", format="%.8g"),
    "previous_close": NUMBER("Close before", format="%.8g"),
    "fall_pct": NUMBER("Fall, %", format="%.1f"),
    "sigma_pct": NUMBER("σ of a day, %", format="%.2f"),
    "sigmas": NUMBER("Low, σ", format="%.1f"),
    "days": NUMBER("Days of past"),
}


def show(day: dict[str, Any], start: datetime, end: datetime, base: str) -> None:
    found = _sweeps(start, end)
    if found.height:
        deepest = found.row(0, named=True)
        left, right = st.columns([3, 2])
        with left:
            _walk(deepest)
        with right:
            _reported(day, deepest)
    _lows(day)


def _sweeps(start: datetime, end: datetime) -> pl.DataFrame:
    controls = st.container(horizontal=True, vertical_alignment="bottom")
    options: dict[str, Any] = {"bind": "query-params", "persist_state": "page", "width": 160}
    prints = controls.number_input("Prints, at least", 2, 1000, sweep.PRINTS, key="prints", **options)
    walk = controls.number_input("Walk, % at least", 0.1, 100.0, sweep.WALK_PCT, 0.5, key="walk", **options)
    found = ask(sweep.by_rule, start=start, end=end, prints=prints, walk_pct=walk)
    known = ask(sweep.tapes, start=start, end=end)
    looked = (
        f"{known['trades'].sum():,} single trades of {known.height} market{'' if known.height == 1 else 's'} are "
        "kept in this range: of others nothing is known trade by trade."
    )
    title = "Sweeps found by rule"
    if found.height:
        deepest = found.row(0, named=True)
        title = (
            f"Found by rule: {deepest['trades']} aggregate trades of one stamp took {deepest['symbol']} on "
            f"{deepest['name']} from {words.price(deepest['first_price'])} to {words.price(deepest['last_price'])}"
        )
    card(
        title,
        found.with_columns(stamp=each(lambda ts: utc(ts, "microsecond"), found, "ts")),
        key="sweeps",
        about=(
            f"{words.span(start, end)}. The rule: at least {prints} prints of one market, one taker side and one "
            f"time stamp, the last of them at the extreme and {walk:g} % or more from the first"
        ),
        table=SWEEPS,
        note=f"{looked} Prints as the tape carries them: fills of one order at one price can be one.",
        empty=f"The rule finds none. {looked}",
    )
    return found


def _walk(found: dict[str, Any]) -> None:
    steps = ask(sweep.steps, **{key: found[key] for key in ("venue", "market", "symbol", "ts")})
    card(
        (
            f"{words.amount(found['quantity_base'])} {found['base']} went for {words.amount(found['value_quote'])} "
            f"{found['quote']}, {number(found['average_price'])} on average"
        ),
        steps,
        partial(chart.walk, steps),
        key="sweep-walk",
        about=(
            f"{found['symbol']} on {found['name']} at {utc(found['ts'], 'microsecond')}, the taker's side: "
            f"{found['taker_side']}. Price against quantity, print by print"
        ),
        alt=f"Stairs from {words.price(found['first_price'])} to {words.price(found['last_price'])} {found['quote']}.",
    )


def _reported(day: dict[str, Any], found: dict[str, Any]) -> None:
    second = found["ts"].replace(microsecond=0)
    moments = ask(timeline.moments, timeline=day["crash_day"], start=second, end=second + timedelta(seconds=1))
    card(
        f"As published: {moments['title'][0]}" if moments.height else "Of this second nothing is reported",
        moments,
        key="sweep-reported",
        about=f"Moments reported for {utc(second, 'second')}",
        table={"title": TEXT("What", width="large"), "venue": TEXT("Who"), "confidence": TEXT("Confidence")},
        empty="No report of this second is listed.",
    )


def _lows(day: dict[str, Any]) -> None:
    midnight = day["focus_start"].replace(hour=0, minute=0, second=0, microsecond=0)
    quotes = ask(lows.quotes, start=midnight, end=midnight + timedelta(days=1))
    about = (
        f"{utc(midnight, 'day')}, the whole UTC day. The day's low against the close before, over the standard "
        "deviation of the market's daily returns in the year before"
    )
    if quotes.is_empty():
        card(
            "Lows in σ of each market's own past",
            quotes,
            key="sigmas",
            about=about,
            empty=words.not_fetched("day ranges by market", day["crash_day"]),
        )
        return
    rows = ask(aligned.lows_in_sigmas, quote=quotes["quote"][0], day=midnight)
    known = rows.filter(pl.col("sigmas").is_not_null())
    title = f"Lows of {rows.height} {quotes['quote'][0]} markets in σ: not known, their past year is not kept"
    if known.height:
        deepest = known.row(0, named=True)
        title = f"Deepest in σ of its own past: {deepest['symbol']} on {deepest['name']}, {deepest['sigmas']:.1f} σ"
    card(
        title,
        rows,
        key="sigmas",
        about=about,
        table={column: shown for column, shown in LOWS.items() if not rows[column].is_null().all()},
        note=(
            f"{rows.height - known.height} of {rows.height} have fewer than {aligned.LEAST_DAYS} daily closes in "
            "the year before: not known, not zero. Drops against the day's high, and thin prints, stand on the "
            "Cascade page under “Lowest prints”."
        ),
    )
