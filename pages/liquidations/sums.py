"""How much, really: the published totals of a day, the sums that connect them, and the figures with a stake in them."""

from __future__ import annotations

from functools import partial

import polars as pl
import streamlit as st

from analytics.liquidations import bridge, pace
from charts.liquidations import bridges
from charts.liquidations import pace as pace_steps
from charts.terms import COUNTING, PHASES
from charts.words import percent, usd
from pages.liquidations.words import INTERESTS, bridge_title
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.columns import NUMBER, TEXT, whole_money
from pages.shared.words import worded

NOTES = {
    "readings": "One figure of one tracker through time. Late reports raise it; a window that trails moves on.",
    "windows": "Hatched: computed. Parts as rounded by the publication.",
    "sides": (
        "Hatched: computed. Rounded figures of one window, or of one universe where the total has a window of its own."
    ),
    "exchanges": "Hatched: computed, the stated total less the exchanges named.",
    "universes": (
        "Hatched: computed. The two count different venues over different hours; what the difference consists of "
        "is not published, and neither need contain the other."
    ),
    "estimates": "Hatched: computed. An estimate is no measurement.",
}


PUBLISHED = {
    "window_label": TEXT("Window", width="medium"),
    "total_usd": whole_money("Total"),
    "long_usd": whole_money("Long"),
    "short_usd": whole_money("Short"),
    "universe": TEXT("Universe"),
    "counting": TEXT("Counting"),
    "part": TEXT("Window covers"),
    "read": TEXT("As of"),
    "origin": TEXT("Number by"),
    "stake": TEXT("Interest of who counted"),
    "trust": TEXT("Trust"),
    "note": TEXT("Note", width="large"),
}
DISPUTED = {
    "what": TEXT("What", width="medium"),
    "name": TEXT("Of"),
    "value": NUMBER("Figure", format="localized", width=130),
    "unit": TEXT("Unit"),
    "origin": TEXT("Said by"),
    "stake": TEXT("Interest"),
    "reason": TEXT("Why", width="large"),
    "counting": TEXT("Counting"),
    "trust": TEXT("Trust"),
    "note": TEXT("Note", width="large"),
}


def show(crash_day: str) -> None:
    every = ask(bridge.bridges, crash_day=crash_day)
    if every.is_empty():
        card(
            "What connects the published totals?",
            every,
            key="bridges",
            about="USD",
            empty="No two published figures of this day can be led from one to another.",
        )
    _bridges(every.partition_by("bridge", maintain_order=True))
    _pace(crash_day)
    published = ask(bridge.published, crash_day=crash_day)
    card(
        f"All {published.height} published totals of the day"
        if published.height > 1
        else "The published totals of the day",
        with_interest(published).with_columns(part=pl.col("phase").replace(PHASES)),
        key="published",
        about=(
            "All venues of a universe, all assets. One row a publication; windows, universes and countings differ, "
            "so rows are never added. USD"
        ),
        table=PUBLISHED,
        empty="No total over all venues of this day is published here.",
    )
    disputed = ask(bridge.disputed, crash_day=crash_day)
    card(
        "Disputed, and who has which stake in it",
        with_interest(disputed).with_columns(what=pl.col("metric").str.replace_all("_", " ")),
        key="disputed",
        about=(
            "Estimates, claims, figures that count both sides, and what a venue states against its own feed. None "
            "of them enters a chart as a measurement"
        ),
        table=DISPUTED,
        empty="No disputed figure of this day is recorded here.",
    )


def _pace(crash_day: str) -> None:
    """How fast liquidations came, where one publication states windows within the day."""
    windows = ask(pace.by_window, crash_day=crash_day)
    if windows.is_empty():
        return
    fastest = windows.sort("usd_a_minute", descending=True).row(0, named=True)
    title = f"Fastest in {fastest['window_label']}: {usd(fastest['usd_a_minute'])} a minute"
    if fastest["of_window_pct"] is not None:
        title += f", {percent(fastest['of_window_pct'], 0)} of the window around it"
    card(
        title,
        windows,
        partial(pace_steps.steps, windows),
        key="pace",
        about=(
            f"{fastest['origin']}, {fastest['universe']}. Published windows as averages, USD million a minute by "
            "powers "
            "of ten, UTC; within a window the pace is not known. Red: a window inside another"
        ),
        alt="Steps: "
        + "; ".join(
            f"{label}, {usd(value)} a minute"
            for label, value in windows.select("window_label", "usd_a_minute").iter_rows()
        ),
        note="Quoted from the publication; its windows need not add up exactly. No other tracker's figure is in it.",
    )


def with_interest(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with counting, time, trust and interest as words."""
    return worded(rows).with_columns(
        counting=pl.col("counting").replace(COUNTING),
        stake=pl.col("interest").fill_null("unknown").replace(INTERESTS),
    )


def _bridges(every: list[pl.DataFrame]) -> None:
    """Two side by side and equally high; an odd one, which is the first, has a row of its own."""
    numbered = list(enumerate(every))
    for start in range(-(len(every) % 2), len(every), 2):
        row = numbered[max(start, 0) : start + 2]
        for column, (number, lines) in zip(st.columns(len(row)), row, strict=True):
            with column:
                _bridge(number, lines, max(one.height for _, one in row))


def _bridge(number: int, lines: pl.DataFrame, rows: int) -> None:
    topic = lines["topic"][0]
    universes = lines["universe"].drop_nulls().unique(maintain_order=True).to_list()
    card(
        bridge_title(lines),
        lines,
        partial(bridges.lines, lines, rows),
        key=f"bridge-{topic}-{number}",
        about=f"Over {'; '.join(universes)}. USD",
        alt=bridge_title(lines),
        note=NOTES[topic],
    )
