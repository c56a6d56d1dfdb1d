"""The cascade under the microscope: any second, any venue, any crash day, with the method in the open."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import streamlit as st

from analytics.market import prices
from charts.words import clock
from pages.microscope import answer as answer_part
from pages.microscope import days, dislocation, explosive, extremes, first, flow, liquidity, pegs, phases, replay
from pages.microscope.controls import chosen_asset
from pages.shared import words
from pages.shared.parts import ask, card, chosen_day, safe, say_unusable
from pages.shared.time_range import Range, chosen_range

AROUND = timedelta(minutes=10)
PARTS = {
    "Replay": replay,
    "Phases": phases,
    "Dislocation": dislocation,
    "Pegs": pegs,
    "Extremes": extremes,
    "Who moved first": first,
    "How explosive": explosive,
    "Liquidity": liquidity,
    "Flow": flow,
    "Crash days": days,
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


top = st.container(horizontal=True, vertical_alignment="bottom")
heading = top.container(width="stretch")
day = chosen_day(top)
assets = ask(prices.assets, start=day["window_start"], end=day["window_end"])
base = chosen_asset(top, assets["base"].to_list()) if assets.height else None
heading.title(safe(f"{day['title']}: the cascade under the microscope"))
answer = heading.container()
start, end = chosen_range(day, presets(day))
if base is not None:
    answer_part.say(answer, base, start, end)

say_unusable("lens", list(PARTS), "part of the page")
for tab, (name, part) in zip(st.tabs(list(PARTS), key="lens", bind="query-params"), PARTS.items(), strict=True):
    if tab.open:
        with tab:
            if base is None and part not in (explosive, days):
                card(
                    name,
                    assets,
                    key="nothing",
                    about=words.span(start, end),
                    empty=words.not_fetched("price bars", day["crash_day"]),
                )
            else:
                part.show(day, start, end, base)
