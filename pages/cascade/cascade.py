"""The crash minute by minute: one range drives every chart, table and download."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from analytics.market import timeline
from pages.cascade import claims, deleveraging, gaps, interest, lows, recovery, sweep
from pages.cascade import prices as price_part
from pages.shared import pegs, words
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.choose import chosen_day, tabs
from pages.shared.columns import TEXT
from pages.shared.presets import presets
from pages.shared.time_range import chosen_range
from pages.shared.words import safe

PARTS = {
    "Prices": price_part,
    "Deleveraging": deleveraging,
    "Open interest": interest,
    "Recovery": recovery,
    "Pegs": pegs,
    "Venues apart": gaps,
    "Lowest prints": lows,
    "Single trades": sweep,
}
MOMENTS = {
    "when": TEXT("When", width="medium"),
    "title": TEXT("What", width=560),
    "venue": TEXT("Who"),
    "category": TEXT("Kind"),
    "confidence": TEXT("Confidence"),
    "note": TEXT("Note", width=400),
}


def timelines(crash_day: str, start: datetime, end: datetime) -> None:
    """What was reported of the range, and apart from it what is in circulation and wrong."""
    moments = ask(timeline.moments, timeline=crash_day, start=start, end=end)
    card(
        f"{moments.height} moments were reported in this range"
        if moments.height
        else "What was reported in this range",
        words.dated(moments),
        key="timeline",
        about=(
            f"{words.span(start, end)}. Each at the precision it is known with; what is known only by the day or "
            "hour is listed by its beginning"
        ),
        table=MOMENTS,
        empty="No reported moment is known for the chosen range.",
    )
    wrong = ask(timeline.disputed, timeline=crash_day)
    if wrong.height:
        card(
            "In circulation, and wrong",
            words.dated(wrong),
            key="wrong",
            about="Never drawn, and listed whatever range is chosen. UTC",
            table={**MOMENTS, "when": TEXT("Time claimed", width="medium")},
        )


top = st.container(horizontal=True, vertical_alignment="bottom")
heading = top.container(width="stretch")
day = chosen_day(top)
heading.title(safe(f"{day['title']}: the cascade, minute by minute"))
start, end = chosen_range(day, presets(day))

for tab, part in zip(tabs(list(PARTS)), PARTS.values(), strict=True):
    if tab.open:
        with tab:
            part.show(day, start, end)

timelines(day["crash_day"], start, end)
claims.show(day)
