"""How much, really: figures with their bounds, what connects them, and three answers in words."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from analytics.compare import crash_days
from analytics.liquidations import answers, headline
from charts.words import usd
from pages.liquidations import answers as answers_part
from pages.liquidations import days, losses, method, sums
from pages.liquidations import venues as venues_part
from pages.shared.ask import ask
from pages.shared.choose import chosen_by_id, chosen_day, tabs
from pages.shared.words import safe

top = st.container(horizontal=True, vertical_alignment="bottom")
heading = top.container(width="stretch")
day = chosen_day(top)
crash_day = day["crash_day"]
total = ask(headline.total, crash_day=crash_day)
high = ask(headline.metric, crash_day=crash_day, name="liquidations_estimate_high")
said = f"{day['title']}: no total was published that can be quoted"
for row in total.iter_rows(named=True):
    said = f"{day['title']}: at least {usd(row['value'])}"
    said += f", and by an estimate up to {usd(high['value'][0])}" if high.height else "; how much more is not known"
heading.title(safe(said))

answered, choices = st.container(), st.container(horizontal=True)
board = venues_part.board_of(crash_day)
venues = dict(ask(answers.venues, crash_day=crash_day).select("venue", "name").iter_rows())
others = dict(ask(crash_days.totals).filter(pl.col("crash_day") != crash_day).select("crash_day", "title").iter_rows())
before = ask(answers.counterpart, crash_day=crash_day)["crash_day"][0]
place: dict[str, Any] = {"container": choices, "width": 160}
first = chosen_by_id("Compare", venues, key="first", what="exchange", **place)
second = chosen_by_id("with", venues, key="second", what="exchange", default=list(venues)[1], **place)
other = chosen_by_id("and the day with", others, key="other", what="crash day", default=before, **place)
with answered:
    answers_part.who_was_largest(crash_day, board)
    answers_part.do_they_compare(crash_day, first, second)
    answers_part.how_do_days_compare(crash_day, other)

PARTS = {
    "Published totals": lambda: sums.show(crash_day),
    "Exchange by exchange": lambda: venues_part.show(day, board),
    "Day against day": lambda: days.show(day, other),
    "Who was liquidated": lambda: losses.show(day, board),
    "What feeds hide": lambda: method.show(day),
}
for tab, show in zip(tabs(list(PARTS)), PARTS.values(), strict=True):
    if tab.open:
        with tab:
            show()
