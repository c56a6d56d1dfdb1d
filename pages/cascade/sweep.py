"""Single trades: how one market's book was walked down."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from analytics.market import sweep
from charts.market import sweep as chart
from charts.words import clock, number, utc
from pages.shared import words
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.columns import NUMBER, TEXT


def show(day: dict[str, Any], start: datetime, end: datetime) -> None:
    stamps = ask(sweep.stamps, start=start, end=end)
    if stamps.is_empty():
        known = ask(sweep.stamps, start=day["window_start"], end=day["window_end"])
        card(
            "Single trades",
            stamps,
            key="sweep",
            about=words.span(start, end),
            empty=words.outside(
                "The single trades kept for this day",
                known.select(pl.min("ts")).item(),
                known.select(pl.max("ts")).item(),
            )
            if known.height
            else "No single trades are kept for this day.",
        )
        return
    stamp = stamps.row(0, named=True)
    steps = ask(sweep.steps, **{key: stamp[key] for key in ("venue", "market", "symbol", "ts")})
    others = ask(sweep.minute_lows, base=stamp["base"], ts=stamp["ts"])
    left, right = st.columns([3, 2])
    with left:
        _walk(stamp, steps)
    with right:
        _others(stamp, others)
    card(
        f"The {stamp['trades']} trades, in the order of the tape",
        steps,
        key="sweep-tape",
        about=f"{stamp['name']} {stamp['symbol']} at {utc(stamp['ts'], 'microsecond')}",
        table={
            "place": NUMBER("No."),
            "trade_id": TEXT("Number on the tape"),
            "price": NUMBER(f"Price, {stamp['quote']}", format="%.8g"),
            "quantity_base": NUMBER(f"Quantity, {stamp['base']}", format="%.8g"),
            "traded_after": NUMBER("Traded so far", format="%.8g"),
            "taker_side": TEXT("Taker"),
        },
    )


def _walk(stamp: dict[str, Any], steps: Any) -> None:
    card(
        (
            f"{stamp['trades']} aggregate trades with one time stamp took {stamp['symbol']} on {stamp['name']} from "
            f"{words.price(stamp['first_price'])} to {words.price(stamp['last_price'])}"
        ),
        steps,
        partial(chart.walk, steps),
        key="sweep",
        about=(
            f"{utc(stamp['ts'], 'microsecond')}. Takers {stamp['taker_sides']}: "
            f"{words.amount(stamp['quantity_base'])} {stamp['base']} for {words.amount(stamp['value_quote'])} "
            f"{stamp['quote']}, {number(stamp['vwap'])} on average"
        ),
        alt=(
            f"Stairs from {words.price(stamp['first_price'])} down to {words.price(stamp['last_price'])} "
            f"{stamp['quote']} over {words.amount(stamp['quantity_base'])} {stamp['base']}."
        ),
        note="Trades as the tape carries them: fills of one order at one price are one aggregate trade there.",
    )


def _others(stamp: dict[str, Any], others: Any) -> None:
    title = f"Other markets in the same minute, {clock(stamp['ts'])}"
    if others.height:
        high = others.row(-1, named=True)
        title = (
            f"In that minute {high['name']} {high['symbol']} went no lower than {words.price(high['value'])} "
            f"{high['unit']}"
        )
    card(
        title,
        others,
        key="sweep-minute",
        about=f"Lowest price of {stamp['base']} within {utc(stamp['ts'])}, market by market",
        table={
            "name": TEXT("Venue"),
            "symbol": TEXT("Market"),
            "market": TEXT("Kind"),
            "kind": TEXT("Price"),
            "value": NUMBER("Lowest", format="%.8g"),
            "unit": TEXT("in"),
        },
        empty="No other market's low of this minute is known.",
    )
