"""Crash days beside each other: which totals compare, which do not, and where the measurement changed."""

from __future__ import annotations

from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from analytics.compare import contents, crash_days
from analytics.liquidations import boards, regimes
from charts.compare import day_bars
from charts.liquidations import exchange_bars
from charts.terms import PHASES, listed
from charts.words import number, percent, usd, utc
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.choose import chosen_day, say_unusable
from pages.shared.columns import NUMBER, TEXT, money
from pages.shared.feeds import strip
from pages.shared.words import worded

ORDERS = list(crash_days.ORDERS)


TOTALS = {
    "title": TEXT("Day"),
    "total_usd": money("Reported, at least"),
    "compares": TEXT("Compares"),
    "estimate_low_usd": money("Estimate from"),
    "estimate_high_usd": money("Estimate to"),
    "window_label": TEXT("Window"),
    "origin": TEXT("Number by"),
    "read": TEXT("As of"),
    "trust": TEXT("Trust"),
    "note": TEXT("Note", width="large"),
}
READINGS = {
    "name": TEXT("Exchange"),
    "total_usd": money("Total"),
    "long_usd": money("Long"),
    "short_usd": money("Short"),
    "window_label": TEXT("Window"),
    "part": TEXT("Window covers"),
    "origin": TEXT("Number by"),
    "read": TEXT("As of"),
    "trust": TEXT("Trust"),
    "note": TEXT("Note", width="large"),
}
QUOTED = {
    "compared_with": TEXT("Compared with"),
    "value": money("Quoted"),
    "note": TEXT("Why it misleads", width="large"),
    "window_label": TEXT("Window"),
    "origin": TEXT("Number by"),
    "read": TEXT("As of"),
    "trust": TEXT("Trust"),
}
GAPS = {
    "title": TEXT("Day"),
    "name": TEXT("Exchange"),
    "feed_usd": money("Its feed showed"),
    "stated_usd": money("It stated"),
    "times": NUMBER("Times", format="%.1f"),
    "note": TEXT("Note", width="large"),
}


CONTENTS = {
    "title": TEXT("Day"),
    "minute_markets": NUMBER("Markets by minute"),
    "hour_markets": NUMBER("By up to an hour"),
    "step": TEXT("Liquidations by"),
    "adl_seconds": NUMBER("Seconds with ADL"),
    "loan_series": NUMBER("Counts of loans"),
    "boards": NUMBER("Published boards"),
}
STEPS = {1: "second", 900: "quarter of an hour", 3600: "hour", 14400: "four hours", 86400: "day"}


def finding(days: pl.DataFrame, changes: pl.DataFrame) -> str:
    """What the comparable days say, and whether a change of measurement lies between them."""
    top = days.filter("comparable").sort("total_usd", descending=True).head(2)
    if top.height < 2:
        return "No publication states several crash days: none of them compare"
    first, second = top.iter_rows(named=True)
    largest = f"{first['title']}: at least {usd(first['total_usd'])}"
    between = changes.filter(pl.col("changed_at").is_between(*sorted((first["window_start"], second["window_start"]))))
    if between.height:
        return (
            f"{largest}, the most in one list. {second['title']}, {usd(second['total_usd'])}, was measured "
            "differently: no ratio holds"
        )
    return f"{largest}, {number(first['total_usd'] / second['total_usd'], 2)} times {second['title']}"


def comparison(day: dict[str, Any], order: str) -> None:
    days = ask(crash_days.totals, order=order)
    changes = ask(regimes.changes, start=days["window_start"].min(), end=days["window_start"].max())
    limits = ask(regimes.undated_limits)
    said = [
        (
            f"{row['name']}'s feed went from {row['before']} to {row['after']} on {utc(row['changed_at'], 'day')} "
            f"({row['rule']}): totals from before and after do not compare."
        )
        for row in changes.iter_rows(named=True)
    ]
    if limits.height:
        said.append(f"Since when the feeds of {listed(limits['name'].to_list())} are cut down is not established.")
    card(
        finding(days, changes),
        worded(days).with_columns(
            compares=pl.when("comparable")
            .then(pl.lit("in one list"))
            .when(pl.col("total_usd").is_not_null())
            .then(pl.lit("another reading: apart"))
        ),
        partial(day_bars.totals, crash_days.measured(days, changes), changes, day["crash_day"]),
        key="days",
        about=(
            "Reported liquidations of all venues by crash day. USD billion, days in UTC. Solid: days of one list, "
            "by one origin, universe, window and as-of. Hollow: another page or window, not comparable. Estimates "
            "are ranges"
        ),
        alt="Bars: " + ", ".join(f"{row['title']} {usd(row['total_usd'])}" for row in days.iter_rows(named=True)),
        note=" ".join(said),
        table=TOTALS,
    )


def contents_of_days() -> None:
    days = ask(contents.by_day)
    card(
        f"{days.filter(pl.col('minute_markets') > 0).height} of {days.height} crash days have prices by the minute",
        days.with_columns(step=pl.col("liquidation_seconds").replace_strict(STEPS, default=None)),
        key="contents",
        about="What is embedded or was fetched here, day by day; 0 means not held here, not that nothing happened. UTC",
        table=CONTENTS,
    )


def one_day(day: dict[str, Any]) -> None:
    known = ask(boards.every, crash_day=day["crash_day"]).filter(pl.col("asset") == "all")
    readings = worded(ask(boards.readings, crash_day=day["crash_day"])).with_columns(
        part=pl.col("phase").replace(PHASES)
    )
    if not known.is_empty():
        board = known.row(0, named=True)
        rows = ask(boards.by_exchange, board=board["board"])
        leader = rows.row(0, named=True)
        share = "" if leader["share_pct"] is None else f", {percent(leader['share_pct'], 0)} of the board's total"
        card(
            f"{day['title']}: {leader['name']} reported the most, {usd(leader['total_usd'])}{share}",
            rows,
            partial(exchange_bars.liquidations, rows),
            key="day-board",
            about=(
                f"{board['origin']}, {board['window_label']}, as of "
                f"{utc(board['as_of'], board['as_of_precision'])}. USD. Hatched: computed, the stated total less "
                "the exchanges named"
            ),
            alt="Bars: " + ", ".join(map(" ".join, zip(rows["name"], exchange_bars.amounts(rows), strict=True))),
        )
        strip(day, tuple(rows.filter(~pl.col("computed"))["venue"]))
    card(
        f"{day['title']}: every published figure, by exchange",
        readings.sort(pl.col("venue") == "all", maintain_order=True),
        key="day-readings",
        about=(
            "One row per board and exchange; rows of different windows or origins do not compare and are never "
            "added. USD"
        ),
        table=READINGS,
        empty="No liquidation figure of this day is published here.",
    )


top = st.container(horizontal=True, vertical_alignment="bottom")
heading = top.container(width="stretch")
day = chosen_day(top)
heading.title("Crash days beside each other, as far as they compare")
say_unusable("order", ORDERS, "order")
order = st.segmented_control("Order by", ORDERS, default=ORDERS[0], key="order", bind="query-params", required=True)
comparison(day, order)

gaps = ask(crash_days.feed_gaps)
card(
    "How much a cut feed can hide: what exchanges stated themselves",
    gaps,
    key="gaps",
    about="Days on which an exchange stated its own liquidations beside what its feed had shown. USD",
    table=GAPS,
    empty="No exchange has stated its own figure beside its feed.",
)
one_day(day)
contents_of_days()
quoted = worded(ask(crash_days.quoted_comparisons))
card(
    f"{quoted.height} comparisons in circulation that mislead",
    quoted,
    key="quoted",
    about="Figures the press sets beside a crash day; other windows or other venues, so never in the chart. USD",
    table=QUOTED,
    empty="No such comparison is listed.",
)
