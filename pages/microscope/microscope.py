"""The cascade under the microscope: any second, any venue, any crash day, with the method in the open."""

from __future__ import annotations

import streamlit as st

from analytics.market import prices
from pages.microscope import answer as answer_part
from pages.microscope import days, dislocation, explosive, extremes, first, flow, liquidity, pegs, phases, replay
from pages.microscope.controls import chosen_asset
from pages.shared import words
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.choose import chosen_day, tabs
from pages.shared.presets import presets
from pages.shared.time_range import chosen_range
from pages.shared.words import safe

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

for tab, (name, part) in zip(tabs(list(PARTS)), PARTS.items(), strict=True):
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
