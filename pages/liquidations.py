"""How much, really: figures with their bounds, what connects them, and three answers in words."""

from __future__ import annotations

import streamlit as st

from analytics import answers, crash_days, headline
from charts.words import usd
from pages import (
    _liquidations_answers,
    _liquidations_days,
    _liquidations_losses,
    _liquidations_method,
    _liquidations_sums,
    _liquidations_venues,
)
from pages._parts import ask, chosen_day, safe, say_unusable


def chosen(key: str, label: str, names: list[str], default: str, what: str) -> str:
    """A name by link or by choice, `default` where the link has none."""
    say_unusable(key, names, what)
    return choices.selectbox(label, names, names.index(default), key=key, bind="query-params", width=160)


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
board = _liquidations_venues.board_of(crash_day)
venues = ask(answers.venues, crash_day=crash_day)["venue"].to_list()
first = chosen("first", "Compare", venues, venues[0], "exchange")
second = chosen("second", "with", venues, venues[1], "exchange")
others = [name for name in ask(crash_days.totals)["crash_day"] if name != crash_day]
before = ask(answers.counterpart, crash_day=crash_day)["crash_day"][0]
other = chosen("other", "and the day with", others, before, "crash day")
with answered:
    _liquidations_answers.who_was_largest(crash_day, board)
    _liquidations_answers.do_they_compare(crash_day, first, second)
    _liquidations_answers.how_do_days_compare(crash_day, other)

PARTS = {
    "Published totals": lambda: _liquidations_sums.show(crash_day),
    "Exchange by exchange": lambda: _liquidations_venues.show(day, board),
    "Day against day": lambda: _liquidations_days.show(day, other),
    "Who lost what": lambda: _liquidations_losses.show(day, board),
    "What feeds hide": lambda: _liquidations_method.show(day),
}
say_unusable("part", list(PARTS), "part of the page")
for tab, show in zip(st.tabs(list(PARTS), key="part", bind="query-params"), PARTS.values(), strict=True):
    if tab.open:
        with tab:
            show()
