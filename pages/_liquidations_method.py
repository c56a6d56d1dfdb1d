"""How far estimates hold: throttled feeds of the day, complete feeds throttled on purpose, and the method on simulated streams."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from analytics import backtest, event_feeds
from charts.terms import listed
from charts.words import usd
from pages._liquidations_sums import NUMBER, TEXT, money
from pages._liquidations_words import RULES
from pages._parts import ask, card

ESTIMATES = {
    "name": TEXT("Exchange"),
    "feed": TEXT("Feed"),
    "model": TEXT("If"),
    "orders": NUMBER("Orders that passed", format="localized"),
    "reported_usd": money("Reported"),
    "bound_usd": money("At least"),
    "low_usd": money("Range, low"),
    "high_usd": money("Range, high"),
    "refusal": TEXT("Why no range", width="large"),
}
SCORES = {
    "name": TEXT("Exchange"),
    "feed": TEXT("Feed"),
    "mechanism": TEXT("Mechanism"),
    "model": TEXT("If"),
    "orders": NUMBER("Orders", format="localized"),
    "true_usd": money("True sum"),
    "reported_share": NUMBER("Reported", format="percent"),
    "bound_share": NUMBER("At least", format="percent"),
    "bound_holds": st.column_config.CheckboxColumn("Bound holds"),
    "low_share": NUMBER("Range, low", format="percent"),
    "high_share": NUMBER("Range, high", format="percent"),
    "covered": st.column_config.CheckboxColumn("Range holds"),
    "refusal": TEXT("Why no range", width="large"),
}
CALIBRATION = {
    "model": TEXT("If"),
    "orders_a_second": NUMBER("Orders a second", format="localized"),
    "bursts": TEXT("Bursts"),
    "runs": NUMBER("Runs", format="localized"),
    "estimated": NUMBER("With a range", format="localized"),
    "covered": NUMBER("Range held, %"),
    "off": NUMBER("Off on average, %", format="%.1f"),
    "width": NUMBER("Width, %"),
    "reported": NUMBER("Reported, %"),
    "bound": NUMBER("At least, %"),
    "bound_held": NUMBER("Bound held, %"),
}
METHOD = """
**If the last order of a second passes:** nothing can hide an order in the last milliseconds of its second, for nothing
follows it there. These milliseconds, taken over all seconds, are a nearly complete sample in a known part of the time; how
many orders they hold gives the number of all.

**If the largest passes:** an order hides only smaller ones. Going down from the largest, the share of seconds with so large an
order gives how many there were, as long as orders do not come in bursts; bursts show in neighbouring seconds.

**There is no range** where the seconds are too full, bursts too short, orders too few, or the times do not look as the rule
says. At ten thousand orders a second even the last millisecond is full: then there is a bound and nothing else. All of it
assumes that the rule is as stated, that the feed's seconds are the clock's, and that hidden orders are like those that passed.
"""


def show(day: dict[str, Any]) -> None:
    span = {"start": day["window_start"], "end": day["window_end"]}
    _estimates(span)
    _scores(span)
    _simulated()
    with st.expander("How it is done", icon=":material/function:"):
        st.markdown(METHOD)


def _estimates(span: dict[str, Any]) -> None:
    found = ask(event_feeds.estimates, **span)
    ranges = found.filter(pl.col("low_usd").is_not_null())
    title = "What the throttled feeds hid"
    if found.height:
        title = (
            f"{listed(found['name'].unique(maintain_order=True).to_list())} showed {usd(found['reported_usd'].max())}"
        )
        title += (
            "; "
            + listed(
                [
                    f"{usd(row['low_usd'])} to {usd(row['high_usd'])} if {RULES[row['rule']]}"
                    for row in ranges.iter_rows(named=True)
                ]
            )
            if ranges.height
            else "; a range cannot be given, a bound can"
        )
    card(
        title,
        _worded(found),
        key="estimates",
        about="Single orders of throttled feeds in the warehouse, the day's window, one row a rule on record. 90 % ranges, bounds at 95 %. USD",
        table=ESTIMATES,
        note="Two rules are on record for one feed (the last, the largest order a symbol and second): the rows are alternatives.",
        empty="No single orders of a throttled feed are in the warehouse for this day, so nothing can be fitted: boards give sums, and a sum does not tell what was hidden.",
    )


def _scores(span: dict[str, Any]) -> None:
    scored = ask(backtest.complete_feeds, **span)
    given = scored.filter(pl.col("covered").is_not_null())
    held = given.filter("covered").height
    title = "On complete feeds of the day"
    if scored.height:
        title = (
            f"On complete feeds of the day: {held} of {given.height} ranges held"
            if given.height
            else "On complete feeds of the day: no range was given"
        )
        broken = scored.filter(~pl.col("bound_holds")).height
        title += (
            f"; {broken} of {scored.height} bounds did not hold" if broken else f"; all {scored.height} bounds held"
        )
    card(
        title,
        _worded(scored),
        key="backtest",
        about="Complete feeds in the warehouse, throttled here by the same rule, estimated, and compared with what they were. Shares of the true sum",
        table=SCORES,
        note="Where a venue stamps many fills with one time, the hidden ones cannot be counted, and a range or bound may fail: this table is how one finds out.",
        empty="No complete feed of single orders is in the warehouse for this day: the method could not be tried on real orders of it.",
    )


def _simulated() -> None:
    rows = backtest.calibration()
    given = rows.filter(pl.col("estimated") >= 30)
    card(
        f"On simulated streams: ranges held in {given['covered'].min()} to {given['covered'].max()} % of runs, bounds in at least {given['bound_held'].min()} %",
        _worded(rows),
        key="calibration",
        about="SIMULATION of the method, no data of any day: Hawkes streams of 300 symbols with heavy-tailed sizes, `python -m benchmarks.throttle`. Percent of the true sum",
        table=CALIBRATION,
        note="A range is meant to hold in 90 % of runs. Rows with few ranges say little about them. Where every run was refused there is no range, and the page shows none.",
    )


def _worded(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(model=pl.col("rule").replace(RULES))
