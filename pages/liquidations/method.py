"""How far estimates hold: throttled feeds of the day, complete feeds throttled on purpose, and the method on
simulated streams."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from analytics.liquidations import backtest, calibration, event_feeds, throttle
from charts.terms import listed
from charts.words import usd
from pages.liquidations.words import RULES
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.columns import CHECK, NUMBER, TEXT, whole_money

ESTIMATES = {
    "name": TEXT("Exchange"),
    "feed": TEXT("Feed"),
    "model": TEXT("If"),
    "orders": NUMBER("Orders that passed", format="localized"),
    "reported_usd": whole_money("Reported"),
    "bound_usd": whole_money("At least"),
    "low_usd": whole_money("Range, low"),
    "high_usd": whole_money("Range, high"),
    "refusal": TEXT("Why no range", width="large"),
}
SCORES = {
    "name": TEXT("Exchange"),
    "feed": TEXT("Feed"),
    "mechanism": TEXT("Mechanism"),
    "model": TEXT("If"),
    "orders": NUMBER("Orders", format="localized"),
    "true_usd": whole_money("True sum"),
    "reported_share": NUMBER("Reported", format="percent"),
    "bound_share": NUMBER("At least", format="percent"),
    "bound_holds": CHECK("Bound holds"),
    "low_share": NUMBER("Range, low", format="percent"),
    "high_share": NUMBER("Range, high", format="percent"),
    "covered": CHECK("Range holds"),
    "refusal": TEXT("Why no range", width="large"),
}
CALIBRATION = {
    "model": TEXT("If"),
    "orders_a_second": NUMBER("Orders a second", format="localized"),
    "kind": TEXT("Streams", width="medium"),
    "runs": NUMBER("Runs", format="localized"),
    "estimated": NUMBER("With a range", format="localized"),
    "covered": NUMBER("Range held, %"),
    "off": NUMBER("Off on average, %", format="%.1f"),
    "width": NUMBER("Width, %"),
    "reported": NUMBER("Reported, %"),
    "bound": NUMBER("At least, %"),
    "bound_held": NUMBER("Bound held, %"),
}
LIKE = f"{1 / throttle.DOUBT:.2f} to {throttle.DOUBT:g} times"
MODELS = RULES | {"last or largest": "either passes", "none": "neither rule"}
METHOD = f"""
**If the last order of a second passes:** nothing can hide an order in the last milliseconds of its second, for
nothing follows it there. These milliseconds, taken over all seconds, are a nearly complete sample in a known part of
the time; how many orders they hold gives the number of all.

**If the largest passes:** an order hides only smaller ones. Going down from the largest, the share of seconds with so
large an order gives how many there were, as long as orders do not come in bursts; bursts show in neighbouring
seconds.

**How large the hidden ones are is assumed:** on average {LIKE} what the model makes of those that passed. In a
cascade the large orders may come first or last; nothing in such a feed tells. Every range and every bound is
conditional on this.

**Which rule holds is asked of the orders.** Where they leave both possible, the range is over both; where one of the
two has none, there is none.

**There is no range** where the seconds are too full, bursts too short, orders too few, or the times do not look as
the rule says. At ten thousand orders a second even the last millisecond is full: then there is a bound and nothing
else. All of it assumes that a rule on record is the feed's and that the feed's seconds are the clock's.
"""
CONDITION = (
    f"Assumed: hidden orders are on average {LIKE} what the model makes of those that passed; "
    "before that, ranges at 95 %, bounds one-sided at 95 %."
)


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
        title = estimates_title(found, ranges)
    card(
        title,
        _worded(found),
        key="estimates",
        about=(
            "Single orders of throttled feeds in the warehouse, the day's window, one row a feed, over the "
            f"rules on record that its orders leave possible. USD. {CONDITION}"
        ),
        table=ESTIMATES,
        note=worst_line(),
        empty=(
            "No single orders of a throttled feed are in the warehouse for this day, so nothing can be fitted: "
            "boards give sums, and a sum does not tell what was hidden."
        ),
    )


def estimates_title(found: pl.DataFrame, ranges: pl.DataFrame) -> str:
    """What throttled feeds showed, and what may have been there if hidden orders are like those that passed, within
    limits."""
    most = found.select(pl.max("reported_usd")).item()
    shown = f"{listed(found['name'].unique(maintain_order=True).to_list())} showed {usd(most)}"
    if ranges.is_empty():
        return f"{shown}; a range cannot be given, a bound can"
    spans = [
        f"{usd(_two_digits(row['low_usd']))} to {usd(_two_digits(row['high_usd']))} if {MODELS[row['rule']]}"
        for row in ranges.iter_rows(named=True)
    ]
    return f"{shown}; {listed(spans)} and hidden orders are {LIKE} as large as they seem"


def _two_digits(value: float) -> float:
    """As many digits as such a range carries."""
    return float(f"{value:.2g}")


def worst_line() -> str:
    """The worst that simulation shows of the ranges, in a sentence."""
    worst = calibration.worst()
    return (
        f"At worst, on simulated streams ({worst.kind}, {worst.orders_a_second} orders a second), "
        f"{worst.covered} % of the ranges held the true sum, and estimates were off by {worst.off:+.0f} % on average."
    ).replace("-", "−")


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
        about=(
            "Complete feeds in the warehouse, throttled here by the same rule, estimated, and compared with "
            "what they were. Shares of the true sum"
        ),
        table=SCORES,
        note=(
            f"{CONDITION} Where a venue stamps many fills with one time, the hidden ones cannot be counted, and "
            "a range or bound may fail: this table is how one finds out."
        ),
        empty=(
            "No complete feed of single orders is in the warehouse for this day: the method could not be tried "
            "on real orders of it."
        ),
    )


def _simulated() -> None:
    rows = calibration.lines().sort("covered", "rule", "orders_a_second", nulls_last=True, maintain_order=True)
    card(
        calibration_title(),
        _worded(rows),
        key="calibration",
        about=(
            "SIMULATION of the method, no data of any day: streams of 250 symbols that its models did not "
            "make, python -m benchmarks.throttle. Percent of the true sum, those with the worst ranges first"
        ),
        table=CALIBRATION,
        note=(
            f"At worst: ranges with {_kind(calibration.worst())}, bounds with {_kind(_weakest_bound())}; 5 ×: "
            "orders of "
            "that place in a burst are five times as large. "
            "Each stream is throttled by the rule of its row and estimated without being told which. Rows with "
            f"fewer than {calibration.FEWEST} ranges say little about them. Where every run was refused there "
            "is no range, and the page shows none."
        ),
    )


def calibration_title() -> str:
    """How often ranges and bounds held on simulated streams."""
    worst = calibration.worst()
    judged = [line for line in calibration.LINES if line.estimated >= calibration.FEWEST]
    best = max(line.covered or 0 for line in judged)
    return (
        f"On simulated streams ranges held in {worst.covered} to {best} % of runs, "
        f"bounds held in at least {_weakest_bound().bound_held} %"
    )


def _weakest_bound() -> calibration.Line:
    return min(calibration.LINES, key=lambda line: line.bound_held)


def _kind(line: calibration.Line) -> str:
    return f"{line.kind} at {line.orders_a_second:,} a second"


def _worded(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(model=pl.col("rule").replace(MODELS))
