"""The crash minute by minute: one range drives every chart, table and download."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import polars as pl
import streamlit as st

from analytics.market import prices, timeline
from charts.words import clock, utc
from pages.cascade import deleveraging, gaps, lows, pegs, sweep
from pages.cascade import prices as price_part
from pages.shared import words
from pages.shared.parts import ask, card, chosen_day, safe, say_unusable
from pages.shared.time_range import Range, chosen_range

AROUND = timedelta(minutes=10)
PARTS = {
    "Prices": price_part,
    "Deleveraging": deleveraging,
    "Pegs": pegs,
    "Venues apart": gaps,
    "Lowest prints": lows,
    "Single trades": sweep,
}
MOMENTS = {
    "when": st.column_config.TextColumn("When", width="medium"),
    "title": st.column_config.TextColumn("What", width=560),
    "venue": st.column_config.TextColumn("Who"),
    "category": st.column_config.TextColumn("Kind"),
    "confidence": st.column_config.TextColumn("Confidence"),
    "note": st.column_config.TextColumn("Note", width=400),
}


def presets(day: dict[str, Any]) -> dict[str, Range]:
    """The day, its focus window, and the minutes around the lowest bar of Bitcoin, as far as they are known and differ."""
    window, focus = (day["window_start"], day["window_end"]), (day["focus_start"], day["focus_end"])
    known = {f"All, {window[0]:%b} {window[0].day} to {window[1]:%b} {window[1].day}": window}
    if focus != window:
        known[f"Focus, {clock(focus[0])}–{clock(focus[1])}"] = focus
    bitcoin = ask(prices.bitcoin, start=focus[0], end=focus[1])
    if bitcoin.height:
        low = bitcoin["ts"][int(bitcoin["low"].arg_min() or 0)]
        around = (max(low - AROUND, window[0]), min(low + AROUND, window[1]))
        known[f"Around the low, {clock(around[0])}–{clock(around[1])}"] = around
    return known


def timelines(crash_day: str, start: datetime, end: datetime) -> None:
    """What was reported of the range, and apart from it what is in circulation and wrong."""
    moments = ask(timeline.moments, timeline=crash_day, start=start, end=end)
    card(
        f"{moments.height} moments were reported in this range"
        if moments.height
        else "What was reported in this range",
        _dated(moments),
        key="timeline",
        about=f"{words.span(start, end)}. Each at the precision it is known with; what is known only by the day or hour is listed by its beginning",
        table=MOMENTS,
        empty="No reported moment is known for the chosen range.",
    )
    wrong = ask(timeline.disputed, timeline=crash_day)
    if wrong.height:
        card(
            "In circulation, and wrong",
            _dated(wrong),
            key="wrong",
            about="Never drawn, and listed whatever range is chosen. UTC",
            table={**MOMENTS, "when": st.column_config.TextColumn("Time claimed", width="medium")},
        )


def _dated(moments: pl.DataFrame) -> pl.DataFrame:
    when = [utc(ts, precision) for ts, precision in moments.select("ts", "precision").iter_rows()]
    return moments.with_columns(pl.Series("when", when, pl.String))


top = st.container(horizontal=True, vertical_alignment="bottom")
heading = top.container(width="stretch")
day = chosen_day(top)
heading.title(safe(f"{day['title']}: the cascade, minute by minute"))
start, end = chosen_range(day, presets(day))

say_unusable("part", list(PARTS), "part of the page")
for tab, (_, part) in zip(st.tabs(list(PARTS), key="part", bind="query-params"), PARTS.items(), strict=True):
    if tab.open:
        with tab:
            part.show(day, start, end)

timelines(day["crash_day"], start, end)
