"""How much, really: figures with their bounds, what connects them, and three answers in words."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from analytics import answers, crash_days, headline, rank
from charts.words import usd
from pages import _liquidations_losses, _liquidations_method, _liquidations_sums, _liquidations_venues
from pages._liquidations_sums import NUMBER, TEXT, money
from pages._liquidations_words import SHOWS, between_days, comparable, most
from pages._parts import ask, card, chosen_day, safe, say_unusable

RANKED = {
    "name": TEXT("Exchange"),
    "reported_usd": money("Reported"),
    "bound_usd": money("At least"),
    "best_place": NUMBER("Best place"),
    "worst_place": NUMBER("Worst place"),
    "method": TEXT("Method", width="large"),
    "regime": TEXT("Rule of the feed", width="large"),
}
PAIR = {
    "name": TEXT("Exchange"),
    "total_usd": money("On the board"),
    "shows": TEXT("Its best feed", width="medium"),
    "feed": TEXT("Feed"),
    "rule": TEXT("Rule", width="large"),
}
ALIKE = {
    "name": TEXT("Exchange"),
    "first_usd": money("This day"),
    "second_usd": money("The other"),
    "times": NUMBER("Times", format="%.2f"),
    "completeness": TEXT("Feed, both days"),
    "first_window": TEXT("Window", width="medium"),
    "second_window": TEXT("Window of the other", width="medium"),
}


PARTS = {
    "Published totals": lambda day, board: _liquidations_sums.show(day["crash_day"]),
    "Exchange by exchange": _liquidations_venues.show,
    "Who lost what": _liquidations_losses.show,
    "What feeds hide": lambda day, board: _liquidations_method.show(day),
}


def other_of(key: str, label: str, names: list[str], default: str, what: str) -> str:
    """A name by link or by choice, another than the default of the box where the link has none."""
    say_unusable(key, names, what)
    return st.selectbox(label, names, names.index(default), key=key, bind="query-params", width=150)


def who_was_largest(crash_day: str, board: dict[str, Any] | None) -> None:
    ranked = ask(rank.with_doubt, crash_day=crash_day, board=board["board"]) if board else pl.DataFrame()
    places = ask(rank.probabilities, crash_day=crash_day, board=board["board"]) if board else pl.DataFrame()
    finding, why = (
        most(ranked, places) if ranked.height else ("Not known: no board of this day names two exchanges", "")
    )
    card(
        finding,
        ranked,
        key="most",
        about=f"Which exchange liquidated most? {board['origin']}, {board['window_label']}. USD"
        if board
        else "Which exchange liquidated most?",
        note=why,
        table=RANKED,
        empty="Without a board that names its exchanges nobody can say.",
    )


def do_they_compare(crash_day: str, board: dict[str, Any] | None) -> None:
    venues = ask(answers.venues, crash_day=crash_day)["venue"].to_list()
    with st.container(horizontal=True):
        first = other_of("first", "This exchange's figure", venues, venues[0], "exchange")
        second = other_of("second", "beside", venues, venues[1], "exchange")
    pair = ask(answers.pair, crash_day=crash_day, first=first, second=second)
    finding, why = comparable(pair)
    names = " and ".join(pair["name"].to_list())
    card(
        finding,
        pair.with_columns(shows=pl.col("completeness").replace(SHOWS)),
        key="pair",
        about=f"Are the figures of {names} comparable? USD",
        note=why,
        table=PAIR,
    )


def how_do_days_compare(day: dict[str, Any]) -> None:
    days = ask(crash_days.totals)
    names = [name for name in days["crash_day"].to_list() if name != day["crash_day"]]
    default = ask(answers.counterpart, crash_day=day["crash_day"])["crash_day"][0]
    other = other_of("other", "Compared with", names, default, "crash day")
    both = ask(answers.days, first=day["crash_day"], second=other)
    alike = ask(answers.subset, first=day["crash_day"], second=other)
    finding, why = between_days(both, ask(answers.changes_between, first=day["crash_day"], second=other), alike)
    card(
        finding,
        alike,
        key="days",
        about=f"How does {both['title'][0]} compare with {both['title'][1]}? The rows are the exchanges measured in one way on both days. USD",
        note=why,
        table=ALIKE,
        empty=f"No exchange is known to have been measured in one way on both days. {why}",
    )


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

board = _liquidations_venues.board_of(crash_day)
for column, answer, given in zip(
    st.columns(3),
    (who_was_largest, do_they_compare, how_do_days_compare),
    ((crash_day, board), (crash_day, board), (day,)),
    strict=True,
):
    with column:
        answer(*given)
say_unusable("part", list(PARTS), "part of the page")
for tab, show in zip(st.tabs(list(PARTS), key="part", bind="query-params"), PARTS.values(), strict=True):
    if tab.open:
        with tab:
            show(day, board)
