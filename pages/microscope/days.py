"""Crash days over each other at their own T0, as far as their bars are kept."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from analytics.compare import aligned
from charts.compare import aligned as chart
from charts.words import percent
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.choose import say_unusable
from pages.shared.columns import NUMBER, TEXT, TIME

DAYS = {
    "title": TEXT("Day"),
    "t0": TIME("T0", format="MMM D, YYYY HH:mm", width="medium"),
    "market": TEXT("Market", width="medium"),
    "interval": TEXT("Bars of"),
    "lowest_pct": NUMBER("Lowest, %", format="%.1f"),
    "lowest_minutes": NUMBER("by minute", format="%.0f"),
    "sigma_pct": NUMBER("σ of an hour, %", format="%.3f"),
    "sigmas_low": NUMBER("Lowest, usual hours, from", format="%.0f"),
    "sigmas_high": NUMBER("to", format="%.0f"),
    "refusal": TEXT("Why it has no curve", width="large"),
}

UNITS = list(chart.UNITS)


def show(day: dict[str, Any], start: datetime, end: datetime, base: str | None) -> None:
    asset = base or "BTC"
    _curves(day, asset)
    _sizes()


def _curves(day: dict[str, Any], base: str) -> None:
    days = ask(aligned.days, base=base)
    known = days.filter(pl.col("refusal").is_null())
    paths = ask(aligned.paths, base=base)
    say_unusable("unit", UNITS, "unit")
    unit = st.segmented_control(
        "Unit", UNITS, default=UNITS[0], required=True, key="unit", bind="query-params", persist_state="page"
    )
    title = f"No crash day has bars of {base} around its T0"
    if known.height:
        first = known.row(0, named=True)
        low, high = first["sigmas_low"], first["sigmas_high"]
        sigmas = f", about {low:.0f} to {high:.0f} times an hour's usual move" if low else ""
        title = (
            f"{first['title']}: {first['market']} fell {percent(-first['lowest_pct'])} in "
            f"{first['lowest_minutes']:.0f} minutes from T0{sigmas}"
        )
        if known.height == 1:
            title += "; no other day has bars here to lay beside it"
    card(
        title,
        paths,
        partial(chart.curves, paths, unit, day["crash_day"]) if paths.height else None,
        key="aligned",
        about=(
            f"{base}, minutes since each day's own T0, closes where their bars end. σ: the standard deviation of an "
            "hour's return by the bars of the day before T0. An hour's usual move: by the day or the six hours "
            "before, by that or the median absolute deviation"
        ),
        alt=f"Lines of {base} by crash day since T0.",
        note="The fall is to the lowest print, which lies between two closes." if known.height else "",
        empty="Fetch a day's bars: python -m pipelines refresh --event <crash day>",
    )
    _where_from(days, known, base)


def _where_from(days: pl.DataFrame, known: pl.DataFrame, base: str) -> None:
    card(
        (
            f"{known.height} of {days.height} crash days {'has' if known.height == 1 else 'have'} a T0 and price "
            "bars around it"
        ),
        days,
        key="aligned-days",
        about=(
            f"Where the lines come from, or why a day has none. Bars of {base}, from half an hour before T0 to two "
            "hours after it. UTC"
        ),
        table=DAYS,
    )


def _sizes() -> None:
    rows = ask(aligned.sizes)
    title = (
        "Reported totals over what the market was: not known, open interest and volume before these days are not kept"
    )
    known = (
        rows.filter(pl.any_horizontal(pl.col("per_open_interest_pct", "per_volume_pct").is_not_null()))
        if rows.height
        else rows
    )
    if known.height:
        title = f"Reported totals over what the market was: known for {known.height} of {rows.height} days"
    card(
        title,
        rows,
        key="sizes",
        about=(
            "Totals of one list (one origin, universe, window and as-of). Days with different numbers of feed "
            "changes were measured differently: their totals do not compare. USD"
        ),
        table={
            "title": TEXT("Day"),
            "total_usd": NUMBER("Reported, at least", format="localized"),
            "open_interest_usd": NUMBER("Open interest before", format="localized"),
            "per_open_interest_pct": NUMBER("of it, %", format="%.2f"),
            "volume_30d_usd": NUMBER("Volume, 30 days before", format="localized"),
            "per_volume_pct": NUMBER("of it, %", format="%.3f"),
            "measurement": NUMBER("Feed changes up to it"),
        },
        empty="No publication states several days.",
    )
