"""The Backpack case."""

from __future__ import annotations

from tests.figures import facts
from tests.figures.views import on

of = on("backpack")


def stated(metric: str) -> float:
    rows = facts.table("venue_reports")
    return rows[
        (rows.venue == "backpack") & rows.metric.str.contains(metric) & (rows.crash_day == facts.DAY)
    ].value.iloc[0]


def moments() -> int:
    rows = facts.table("events")
    return int(((rows.timeline == "backpack") & (rows.standing == "reported")).sum())


FIGURES = [
    of(
        "new deposits of about {} users, up to ${} k in all",
        lambda: (stated("affected_users"), stated("amount_absorbed") / 1e3),
    ),
    of("Users, about: {}", lambda: stated("affected_users")),
    of("Deposits, up to: ${} k", lambda: stated("amount_absorbed") / 1e3),
    of("Vouchers offered: {}", lambda: stated("vouchers")),
    of("What was said and done: {} moments", moments),
]
