"""The strip that stands under figures by exchange: what the feeds they may have been read from let through, and since when."""

from __future__ import annotations

from typing import Any

import polars as pl

from analytics import crash_days, regimes
from charts import regime_strip
from charts.terms import COMPLETENESS
from pages._parts import ask, card


def strip(day: dict[str, Any], venues: tuple[str, ...], *, key: str = "feeds") -> None:
    """The measurement regimes of these exchanges' feeds over all crash days, those of the chosen day as data."""
    held = ask(regimes.in_force, venues=venues, start=day["window_start"], end=day["window_end"])
    days = ask(crash_days.every)
    card(
        f"What the feeds of these exchanges let through on {day['title']}",
        held.with_columns(
            state=pl.col("completeness").replace(COMPLETENESS),
            since=pl.col("valid_from").dt.strftime("%Y-%m-%d").fill_null("start not established"),
        ),
        regime_strip.strip(
            ask(regimes.of_venues, venues=venues),
            days["window_start"].min(),
            days["window_end"].max(),
            day["t0"] or day["window_start"],
            day["title"],
        )
        if held.height
        else None,
        key=key,
        about="Measurement regimes. Hatched: since when the rule holds is not established. Line: the chosen day. UTC",
        alt="; ".join(
            f"{row['name']} {row['feed']}: {COMPLETENESS[row['completeness']]}" for row in held.iter_rows(named=True)
        ),
        empty="No feed of these exchanges is described here: what they let through is not known.",
    )
