"""Hyperliquid's auto-deleveraging: by second, and by coin."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from analytics.who_paid import adl
from charts.who_paid import deleveraging
from charts.words import number, usd
from pages.cascade import seconds
from pages.shared import words
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.columns import NUMBER, TEXT

COINS = {
    "asset": TEXT("Coin"),
    "notional_usd": NUMBER("USD", format="localized"),
    "fills": NUMBER("Fills", format="localized"),
    "quantity_base": NUMBER("Coins", format="%.8g"),
    "vwap_usd": NUMBER("Average price, USD", format="%.8g"),
}


def show(day: dict[str, Any], start: datetime, end: datetime) -> None:
    seconds.show(day, start, end)
    totals = ask(adl.totals, crash_day=day["crash_day"])
    counts = ask(adl.by_second, start=day["window_start"], end=day["window_end"])
    if counts.is_empty():
        card(
            "Auto-deleveraging by second",
            counts,
            key="adl",
            about="Fills per second, UTC",
            empty="No venue's records by second are known for this day.",
        )
    for venue in counts["venue"].unique(maintain_order=True):
        _by_second(
            counts.filter(pl.col("venue") == venue),
            totals.filter(pl.col("venue") == venue),
            start,
            end,
        )
    _by_coin(day)
    seconds.lending(start, end)


def _by_second(whole: pl.DataFrame, totals: pl.DataFrame, start: datetime, end: datetime) -> None:
    name, venue = whole["name"][0], whole["venue"][0]
    counts = ask(adl.by_second, start=start, end=end).filter(pl.col("venue") == venue)
    title, note = f"Auto-deleveraging on {name}, by second", ""
    if totals.height:
        total = totals.row(0, named=True)
        title = (
            f"{name} closed {usd(total['adl_notional_usd'])} of winning positions in {number(total['adl_fills'])} "
            f"fills, {words.span(total['window_start'], total['window_end'])}"
        )
        note = (
            f"ADL: {total['adl_notional_usd']:,.0f} USD by {total['origin']}. {total['records_note'] or ''} The "
            "lower panel shows these records as published; they are never summed here."
        )
    card(
        title,
        counts,
        partial(deleveraging.by_second, counts) if counts.height else None,
        key=f"adl-{venue}",
        about=(
            f"{words.span(start, end)}, as far as the study reaches. Above: ADL fills, one side of each. Below: "
            "records marked as liquidation, both sides of each trade, on an axis of their own. Count per second, "
            "UTC"
        ),
        alt=(
            f"Two panels of columns by second for {name}: auto-deleveraging fills, one side; liquidation records, "
            "two-sided."
        ),
        note=note if counts.height else "",
        empty=words.outside(
            f"{name}'s records by second", whole.select(pl.min("ts")).item(), whole.select(pl.max("ts")).item()
        ),
    )


def _by_coin(day: dict[str, Any]) -> None:
    coins = ask(adl.by_coin, crash_day=day["crash_day"])
    if coins.is_empty():
        card(
            "Auto-deleveraging by coin",
            coins,
            key="adl-coins",
            about="USD",
            empty="No figure by coin is known for this day.",
        )
        return
    first, window = coins.head(3), coins.row(0, named=True)
    named = ", ".join(f"{row['asset']} {usd(row['notional_usd'])}" for row in first.iter_rows(named=True))
    left, right = st.columns([3, 2])
    with left:
        card(
            f"Closed most: {named}",
            coins,
            partial(deleveraging.by_coin, coins),
            key="adl-coins",
            about=(
                f"{window['name']}, {words.span(window['window_start'], window['window_end'])}, the {coins.height} "
                "coins the study lists; one side, USD. A sum over its own window, whatever range is chosen"
            ),
            alt=(
                f"Bars of notional closed by auto-deleveraging per coin: {named} and {coins.height - first.height} "
                "more."
            ),
        )
    with right:
        card(
            "Coin by coin",
            coins,
            key="adl-table",
            about="The same figures, with fills, quantity and average price",
            table=COINS,
        )
