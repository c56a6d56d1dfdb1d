"""Pegged assets: in which order they fell, on which venue, and what was published about that order."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import polars as pl
import streamlit as st

from analytics.market import depegs, peg_order
from charts.words import clock, utc
from pages.shared import pegs, words
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.columns import NUMBER, TEXT, TIME


def show(day: dict[str, Any], start: datetime, end: datetime, base: str) -> None:
    window = {"start": day["window_start"], "end": day["window_end"]}
    statements = ask(peg_order.statements, timeline=day["crash_day"])
    for row in ask(depegs.assets, **window).iter_rows(named=True):
        levels = ask(peg_order.levels, base=row["base"], reference_value=row["reference_value"], **window)
        published = ask(depegs.windows, asset=row["asset"], **window)
        lows = ask(peg_order.new_lows, base=row["base"], reference_value=row["reference_value"], **window)
        left, right = st.columns([3, 2])
        with left:
            _levels(row["asset"], levels, published, statements)
        with right:
            _new_lows(row["asset"], lows)
        _statements(row["asset"], statements)
    pegs.show(day, start, end)


LEVELS = {
    "level": NUMBER("Below", format="%.2f"),
    "name": TEXT("Venue"),
    "kind": TEXT("Price"),
    "first_below_ts": TIME("First in the bar of", format="MMM D, HH:mm"),
    "low_in_bar": NUMBER("Lowest in that bar", format="%.4f"),
    "lowest": NUMBER("Lowest of the day", format="%.4f"),
    "lowest_ts": TIME("at", format="MMM D, HH:mm"),
}


def _levels(asset: str, levels: pl.DataFrame, published: pl.DataFrame, statements: pl.DataFrame) -> None:
    broken = levels.filter(pl.col("first_below_ts").is_not_null())
    title = f"{asset} went below none of these levels"
    if broken.height:
        first = broken.row(0, named=True)
        title = (
            f"{asset} was first below {words.price(first['level'])} on {first['name']} in the "
            f"{clock(first['first_below_ts'])} minute"
        )
        lows = statements.filter((pl.col("category") == "low") & (pl.col("precision") == "minute"))
        if first["first_below_ts"] in lows["ts"].to_list():
            title += ", the minute of the market-wide low"
        if published.height:
            early = (published["window_start"][0] - first["first_below_ts"]) // timedelta(minutes=1)
            title += f", {early} minutes before the window {published['name'][0]} published"
    held = levels.unique("name", keep="first", maintain_order=True).filter(
        ~pl.col("name").is_in(broken["name"].to_list())
    )
    card(
        title,
        levels,
        key=f"levels-{asset}",
        about="The first bar in which each market went below each level, over all that is known of the day. UTC",
        table=LEVELS,
        note="".join(
            (
                f"{row['name']} never went below {words.price(levels.select(pl.max('level')).item())}: its lowest was "
                f"{row['lowest']:.4f}, {utc(row['lowest_ts'])}. "
            )
            for row in held.iter_rows(named=True)
        )
        + "A minute bar does not say which of two things in one minute came first.",
    )


def _new_lows(asset: str, lows: pl.DataFrame) -> None:
    title = f"{asset}: no new low below the first level"
    if lows.height:
        first, last = lows.row(0, named=True), lows.row(-1, named=True)
        title = (
            f"{asset} on {first['name']}: {words.price(first['low'])} within {clock(first['ts'])}, and "
            f"{words.price(last['low'])} at {clock(last['ts'])}, its last new low"
        )
    card(
        title,
        lows,
        key=f"new-lows-{asset}",
        about=(
            "Minutes in which it went lower than ever before that day, and the lowest of the market that held best "
            "in the same minute. UTC"
        ),
        table={
            "ts": TIME("Minute of", format="MMM D, HH:mm"),
            "low": NUMBER("New low", format="%.4f"),
            "off_pct": NUMBER("Off, %", format="%.2f"),
            "other_name": TEXT("Meanwhile on"),
            "other_low": NUMBER("lowest", format="%.4f"),
        },
        empty="No price of it is known below the first level.",
    )


def _statements(asset: str, statements: pl.DataFrame) -> None:
    claims = statements.filter(pl.col("category") == "depeg")
    later = statements.filter(pl.col("precision") == "day")
    title = (
        f"Published: {claims['title'][0]}, {clock(claims['ts'][0])}"
        if claims.height
        else "What was published about the order"
    )
    card(
        title,
        words.dated(statements),
        key=f"statements-{asset}",
        about=(
            "The depegs and the low of the market as reported, and what the venue said later. The note says who "
            "disputes it"
        ),
        table={
            "when": TEXT("When"),
            "title": TEXT("What", width="large"),
            "note": TEXT("Note", width="large"),
            "venue": TEXT("Who"),
            "confidence": TEXT("Confidence"),
        },
        note=" ".join(f"{utc(row['ts'], 'day')}: {row['title']}." for row in later.iter_rows(named=True)),
        empty="No statement about the order of this day is listed.",
    )
