"""The Backpack case: what is reported, how large it was, what is not known, and what does not belong to it."""

from __future__ import annotations

import polars as pl
import streamlit as st

from analytics.exchange import profile
from analytics.who_paid import aftermath
from charts.terms import DEBT_RULES
from charts.words import number, usd
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.columns import TEXT
from pages.shared.reports import MOMENTS, REPORTS, STATED, stated
from pages.shared.tiles import figures
from pages.shared.words import safe, worded

VENUE = "backpack"
# The published figures of the case, with the words their sources put before them.
SCALE = {
    "affected users": ("Users, about", number),
    "amount absorbed": ("Deposits, up to", usd),
    "vouchers": ("Vouchers offered", number),
}
APART = {
    **{name: REPORTS[name] for name in ("metric", "value", "unit", "read", "trust")},
    "note": TEXT("What it was", width=800),
}
TREATMENT = {
    "name": TEXT("Exchange"),
    "said": TEXT("What", width="large"),
    **{name: column for name, column in REPORTS.items() if name not in ("metric", "value_text")},
    "kind": TEXT("Kind"),
}


def scale(reports: pl.DataFrame) -> None:
    """The size of the case as published, each figure with its receipt."""
    rows = {row["metric"]: row for row in reports.iter_rows(named=True)}
    shown = [
        (label, say(row["value"]), {**row, "window_label": None, "universe": None})
        for metric, (label, say) in SCALE.items()
        if (row := rows.get(metric))
    ]
    figures(shown, key="scale")


def finding(reports: pl.DataFrame) -> str:
    values = dict(reports.select("metric", "value").iter_rows())
    users, amount = number(values.get("affected users")), usd(values.get("amount absorbed"))
    return f"Backpack: new deposits of about {users} users, up to {amount} in all, went into debts not yet settled"


day = ask(aftermath.case_day, venue=VENUE).row(0, named=True)
everything = ask(profile.reports, venue=VENUE)
reports = everything.filter(pl.col("crash_day") == day["crash_day"])
st.title(safe(finding(reports)))
scale(reports)

told = ask(profile.moments, venue=VENUE, crash_day=day["crash_day"])
card(
    f"What was said and done: {told.height} moments",
    worded(told, "ts", "precision"),
    key="timeline",
    about="Reported moments, each at the precision it is known with; statements are given in our own words. UTC",
    table=MOMENTS,
    empty="Nothing is reported.",
)
missing = ask(aftermath.unknown, venue=VENUE, crash_day=day["crash_day"])
card(
    f"What is not known: {missing.height} open questions",
    missing,
    key="unknown",
    about="Looked for and not found; an absence here is no proof that there is nothing",
    table={"question": TEXT("Question", width=300), "answer": TEXT("What was found", width=700)},
)
card(
    "What is reported of its rule for a negative balance",
    stated(ask(profile.settlement_rules, venue=VENUE)),
    key="rule",
    about="Statements in our own words; its rule book was not read",
    table=STATED,
    empty="Nothing is reported.",
)
st.page_link(
    "settlement/settlement.py",
    label="Try this rule in the settlement simulator",
    icon=":material/calculate:",
    query_params={"debt": DEBT_RULES["carry"]},
)

st.header("What must not be mixed in", divider="gray")
crash = day["window_start"]
apart = worded(everything.filter(pl.col("crash_day").is_null()))
for key, title, part, about in (
    (
        "earlier",
        "An earlier incident, and not this case",
        apart.filter(pl.col("as_of") < crash),
        "Before this crash day, and no part of it",
    ),
    (
        "later",
        "Later products, and not this case",
        apart.filter(pl.col("as_of") >= crash),
        "After this crash day, and no part of it",
    ),
):
    card(title, part, key=key, about=about, table=APART, empty="Nothing of this kind is recorded.")
card(
    "Published figures of the day",
    worded(reports),
    key="figures",
    about="One row per published figure; never added",
    table={"topic": TEXT("Topic"), **REPORTS},
    empty="No figure of this day is published here.",
)

st.header("What other exchanges gave back", divider="gray")
given = ask(aftermath.treatment, crash_day=day["crash_day"], asked=VENUE)
gave = given.filter(pl.col("kind") != "nothing found")["name"].unique(maintain_order=True).to_list()
card(
    f"{', '.join(gave)} announced or paid something; of Backpack nothing was found"
    if gave
    else "No compensation after this day was found",
    worded(given),
    key="treatment",
    about=(
        "Compensation announced and paid, and losses a venue itself states. An interim figure, a final one and a "
        "sum of several stand beside each other: never added"
    ),
    table=TREATMENT,
)
