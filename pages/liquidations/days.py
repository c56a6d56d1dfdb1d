"""Day against day: two totals beside each other, the exchanges measured in one way on both days, and what changed
between."""

from __future__ import annotations

from typing import Any

import polars as pl

from analytics.liquidations import answers
from charts.terms import COMPLETENESS, listed
from charts.words import utc
from pages.shared import feeds
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.columns import NUMBER, TEXT, TIME, whole_money

TOTALS = {
    "title": TEXT("Day"),
    "total_usd": whole_money("Total"),
    "window_label": TEXT("Window", width="medium"),
    "universe": TEXT("Universe", width="medium"),
    "origin": TEXT("Number by"),
    "stands": TEXT("Stands in"),
}
ALIKE = {
    "name": TEXT("Exchange"),
    "first_usd": whole_money("This day"),
    "second_usd": whole_money("The other"),
    "times": NUMBER("Times", format="%.2f"),
    "state": TEXT("Feed, both days"),
    "since": TEXT("Since when"),
    "first_window": TEXT("Window", width="medium"),
    "second_window": TEXT("Window of the other", width="medium"),
}
CHANGES = {
    "changed_at": TIME("Changed, UTC", format="YYYY-MM-DD", timezone="UTC"),
    "name": TEXT("Exchange"),
    "was": TEXT("Let through before"),
    "became": TEXT("And after"),
    "rule": TEXT("Rule after", width="large"),
    "evidence": TEXT("Evidence", width="large"),
}


def show(day: dict[str, Any], other: str) -> None:
    asked = {"first": day["crash_day"], "second": other}
    both, changes, alike = (ask(one, **asked) for one in (answers.days, answers.changes_between, answers.subset))
    _totals(both)
    _alike(alike)
    _changes(changes)
    if venues := tuple(pl.concat([alike["venue"], changes["venue"]]).unique(maintain_order=True)):
        feeds.strip(day, venues, key="feeds-days")


def _totals(both: pl.DataFrame) -> None:
    one_list = both["comparable"].all()
    card(
        "Both totals stand in one list" if one_list else "The two totals are of different publications",
        both.with_columns(
            stands=pl.when("comparable").then(pl.lit("the longest list")).otherwise(pl.lit("a reading of its own"))
        ),
        key="two-totals",
        about=(
            "All venues of a universe, all assets. Only totals of one list, by one origin, universe, window and "
            "as-of, compare. USD"
        ),
        table=TOTALS,
    )


def _alike(alike: pl.DataFrame) -> None:
    names = listed(alike["name"].to_list()) if alike.height else "No exchange"
    was = "were" if alike.height > 1 else "was" if alike.height else "is known to have been"
    card(
        f"{names} {was} measured in one way on both days",
        alike.with_columns(
            state=pl.col("completeness").replace(COMPLETENESS),
            since=pl.when("established").then(pl.lit("established")).otherwise(pl.lit("not established")),
        ),
        key="alike",
        about=(
            "The comparable part: exchanges on the fullest board of both days whose best feed did not change "
            "between them. USD"
        ),
        table=ALIKE,
        note=(
            "As far as is known: where the start of a rule is not established, neither is that it held on both "
            "days. Where the windows differ, so may the ratio. A throttled feed hides more the more there is, so a "
            "ratio of floors may be too small."
        ),
        empty=(
            "No exchange stands on the fullest boards of both days with a best feed that did not change between them."
        ),
    )


def _changes(changes: pl.DataFrame) -> None:
    said = listed([f"{row['name']} on {utc(row['changed_at'], 'day')}" for row in changes.iter_rows(named=True)])
    card(
        f"Between the days the measurement changed: {said}" if said else "No change of measurement between the days",
        changes.with_columns(was=pl.col("before").replace(COMPLETENESS), became=pl.col("after").replace(COMPLETENESS)),
        key="changes",
        about=(
            "Feeds that began or ceased to show every liquidation. Sums over exchanges from before and after do "
            "not compare"
        ),
        table=CHANGES,
        empty="No feed described here began or ceased to show every liquidation between the two days.",
    )
