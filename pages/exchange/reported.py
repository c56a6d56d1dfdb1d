"""What is reported of one exchange: moments, figures and statements."""

from __future__ import annotations

from typing import Any

import polars as pl

from analytics.exchange import profile
from analytics.liquidations import venue_reports
from charts.terms import COUNTING
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.columns import TEXT
from pages.shared.reports import MOMENTS, REPORTS, STATED, stated
from pages.shared.words import worded

Row = dict[str, Any]
PAID = ("insurance", "adl", "compensation", "losses", "backpack")


def moments(venue: Row, day: Row) -> None:
    told = ask(profile.moments, venue=venue["venue"], crash_day=day["crash_day"])
    card(
        f"{told.height} moments are reported of {venue['name']}"
        if told.height
        else f"Outages and statements of {venue['name']}",
        worded(told, "ts", "precision"),
        key="moments",
        about=(
            "Outages, statements and what was reported of it on the day and after, each at the precision it is "
            "known with. UTC"
        ),
        table=MOMENTS,
        empty=f"Nothing is reported of {venue['name']} for this day: that is no proof that nothing happened.",
    )


def paid(venue: Row, day: Row) -> None:
    reports = ask(venue_reports.of_topics, crash_day=day["crash_day"], topics=PAID).filter(
        pl.col("venue") == venue["venue"]
    )
    card(
        f"{reports.height} published figures and statements" if reports.height else "Published figures",
        worded(reports).with_columns(pl.col("counting").replace(COUNTING)),
        key="paid",
        about="What its funds paid, whom it closed, what it gave back, who lost: one row a statement, never added",
        table={"topic": TEXT("Topic"), **REPORTS},
        empty=f"No insurance, ADL, compensation or loss figure of {venue['name']} was found for this day.",
    )
    rules = ask(profile.settlement_rules, venue=venue["venue"])
    card(
        "What it is reported to do with a negative balance",
        stated(rules),
        key="rules",
        about="Statements, not a rule book; try them in the settlement simulator",
        table=STATED,
        empty=f"What {venue['name']} does with a negative balance was not looked for.",
    )
