"""Crash days beside each other."""

from __future__ import annotations

from tests.figures import facts
from tests.figures.views import on

BILLION = 1e9
of = on("crash_days")


def in_one_list() -> list[float]:
    """The two largest days of the list that states most days."""
    rows = facts.reports(crash_day=None, venue="all", phase="crash")
    rows = rows[rows.crash_day.notna() & rows.counting.isin(["floor", "complete"]) & (rows.confidence != "low")]
    days = rows.groupby(["origin", "universe", "source_id", "as_of"]).crash_day.transform("nunique")
    return [value / BILLION for value in rows[days == days.max()].value.nlargest(2)]


FIGURES = [
    of(
        "Oct. 10, 2025: at least ${} bn, the most in one list. Apr. 18, 2021, ${} bn, was measured differently",
        in_one_list,
    ),
    of(
        "Hyperliquid reported the most, ${} bn, {} % of the board's total",
        lambda: (facts.board()["hyperliquid"] / BILLION, 100 * facts.board()["hyperliquid"] / facts.board()["all"]),
    ),
    of(
        "{} comparisons in circulation that mislead",
        lambda: int((facts.table("liquidation_reports").phase == "comparison").sum()),
    ),
]
