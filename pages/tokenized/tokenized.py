"""Tokenized stocks: the same market under one rule after another, over time, and beside what was claimed."""

from __future__ import annotations

import streamlit as st

from pages.shared.choose import tabs
from pages.tokenized import market, shares, volumes
from pages.tokenized import products as holders
from pages.tokenized import rule as choose

top = st.container(horizontal=True, vertical_alignment="bottom")
heading = top.container(width="stretch")
heading.title("Tokenized stocks: synthetic, backed, or the real share?")
heading.markdown(
    "One token can be called a share, a note or a synthetic, because nobody states the rule. Here the facts "
    "about each product are recorded, and the rule is yours to choose."
)
reading = choose.chosen_reading(top)
first = st.container()
mine = choose.own_rule()
chosen = choose.Chosen(reading, *choose.chosen_rule(mine), mine)
with first:
    shares.the_flip(chosen)

sections = {
    "Who is where": shares.who_is_where,
    "Over time": shares.over_time,
    "Market size": market.denominators,
    "Tokens and perpetuals": volumes.show,
    "Claims checked": market.claims_checked,
    "Products": holders.all_products,
    "Superstate and Backpack": holders.superstate_and_backpack,
    "On a crash day": holders.crash_day,
    "All readings": market.every_reading,
}
for tab, section in zip(tabs(list(sections)), sections.values(), strict=True):
    if tab.open:
        with tab:
            section(chosen)
