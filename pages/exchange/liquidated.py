"""What of one exchange was reported liquidated, on the day and on others, and what its feed let through."""

from __future__ import annotations

from typing import Any

import polars as pl

from analytics.exchange import profile
from analytics.liquidations import regimes
from charts.terms import COMPLETENESS, COUNTING, PHASES
from charts.words import usd
from pages.shared import feeds
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.columns import TEXT, money
from pages.shared.reports import REPORTS
from pages.shared.words import worded

Row = dict[str, Any]
LIQUIDATIONS = {
    "title": TEXT("Day"),
    "part": TEXT("Window covers"),
    "window_label": TEXT("Window"),
    "asset": TEXT("Asset"),
    "total_usd": money("Total, USD"),
    "long_usd": money("Long, USD"),
    "short_usd": money("Short, USD"),
    "counting": TEXT("Counting"),
    "origin": TEXT("Number by"),
    "read": TEXT("As of"),
    "trust": TEXT("Trust"),
    "note": TEXT("Note", width="large"),
}


def quotable(rows: pl.DataFrame) -> pl.DataFrame:
    """Totals of the crash that may be said, of one universe and kind of window, the one that was read most: not low,
    not both sides."""
    told = rows.filter(
        (pl.col("phase") == "crash")
        & (pl.col("asset") == "all")
        & (pl.col("confidence") != "low")
        & (pl.col("counting_code") != "two_sided")
        & pl.col("total_usd").is_not_null()
    )
    comparable = told.group_by("universe", "kind").agg(readings=pl.len(), most=pl.col("total_usd").max())
    return told.join(
        comparable.sort("readings", "most", descending=True).head(1), on=["universe", "kind"], maintain_order="left"
    )


def range_words(quoted: pl.DataFrame) -> str:
    low, high = quoted.select(pl.min("total_usd"), high=pl.max("total_usd")).row(0)
    if high is None:
        return ""
    window = min(quoted["window_label"], key=len)
    return f"{usd(low)}{'' if low == high else f' to {usd(high)}'} reported liquidated ({window})"


def liquidated(venue: Row, day: Row) -> None:
    """Every board that names the exchange, and what its feed let through."""
    every = figures_of(venue)
    own = every.filter(pl.col("crash_day") == day["crash_day"])
    said = range_words(quotable(own)) or "none of them to quote"
    title = f"{own.height} figures of {venue['name']}: {said}" if own.height else f"Liquidations of {venue['name']}"
    card(
        title,
        own,
        key="liquidations",
        about="One row a board and asset. Rows differ in window, universe or counting: never added. USD",
        table={name: column for name, column in LIQUIDATIONS.items() if name != "title"},
        empty=f"No board of this day names {venue['name']}: how much was liquidated there is not known.",
    )
    held = ask(regimes.in_force, venues=(venue["venue"],), start=day["window_start"], end=day["window_end"])
    best = COMPLETENESS[held["completeness"][0]] if held.height else ""
    card(
        f"What its feed let through on that day: {best}" if best else "What its feed let through on that day",
        feeds.in_words(held),
        key="regime",
        about="The rules of its feeds that held on the day, the best feed first",
        table={name: column for name, column in feeds.FEEDS.items() if name != "name"},
        empty=f"No liquidation feed of {venue['name']} is described here for this day.",
    )


def figures_of(venue: Row) -> pl.DataFrame:
    rows = worded(ask(profile.liquidations, venue=venue["venue"]))
    return rows.with_columns(
        pl.col("counting").alias("counting_code"),
        pl.col("counting").replace(COUNTING),
        part=pl.col("phase").replace(PHASES),
    )


def other_days(venue: Row, day: Row) -> None:
    """Its liquidations on other crash days, and reports that belong to no day or another."""
    others = figures_of(venue).filter((pl.col("crash_day") != day["crash_day"]) & (pl.col("asset") == "all"))
    days = others["crash_day"].n_unique()
    card(
        f"It is named on boards of {days} other crash days" if days else f"Other crash days of {venue['name']}",
        others,
        key="others",
        about="Newest first. Feeds changed between the days, and windows differ: the rows do not make a series. USD",
        table=LIQUIDATIONS,
        empty=f"No board of another crash day names {venue['name']}.",
    )
    elsewhere = ask(profile.reports, venue=venue["venue"])
    elsewhere = elsewhere.filter(pl.col("crash_day").is_null() | (pl.col("crash_day") != day["crash_day"]))
    if elsewhere.height:
        card(
            f"{elsewhere.height} figures of other days, or of no crash day",
            worded(elsewhere),
            key="elsewhere",
            about="Apart from this day: not to be mixed with it",
            table={"title": TEXT("Crash day"), "topic": TEXT("Topic"), **REPORTS},
        )
