"""How explosive: the branching ratio of liquidations before, in and after the cascade, and why most feeds cannot tell."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import polars as pl
import streamlit as st

from analytics import explosiveness, impact, phases
from analytics.decimate import keys
from charts import explosiveness as chart
from charts.words import clock, percent
from pages import _cascade_words as words
from pages._parts import ask, card, safe, say_unusable

NUMBER, TEXT, TIME = st.column_config.NumberColumn, st.column_config.TextColumn, st.column_config.DatetimeColumn
Part = tuple[str, datetime, datetime]


def show(day: dict[str, Any], start: datetime, end: datetime, base: str | None) -> None:
    feeds = ask(explosiveness.feeds, start=start, end=end)
    usable = feeds.filter(pl.col("refusal").is_null())
    _feeds(day, feeds, usable, start, end)
    if usable.is_empty():
        return
    named = {f"{row['name']}, {row['feed']}": row for row in usable.iter_rows(named=True)}
    say_unusable("feed", list(named), "feed")
    feed = named[st.selectbox("Feed", list(named), key="feed", bind="query-params", persist_state="page", width=320)]
    _explosive(feed, _parts(base, start, end), start, end)


def _feeds(day: dict[str, Any], feeds: pl.DataFrame, usable: pl.DataFrame, start: datetime, end: datetime) -> None:
    title = "How explosive it was cannot be told: no feed of this range carries every single liquidation"
    if usable.height:
        title = f"{usable.height} of {feeds.height} feeds carry every single liquidation of this range"
    card(
        title,
        feeds,
        key="feeds",
        about=f"{words.span(start, end)}. A branching ratio needs each event with its time; what a feed lets through is its rule at that date",
        table={
            "name": TEXT("Venue"),
            "feed": TEXT("Feed"),
            "events": NUMBER("Single events", format="localized"),
            "first_ts": TIME("First", format="MMM D, HH:mm:ss"),
            "last_ts": TIME("Last", format="MMM D, HH:mm:ss"),
            "completeness": TEXT("Lets through"),
            "refusal": TEXT("Why no process is fitted", width="large"),
        },
        note="".join(
            f"{row['name']}: {row['refusal']} "
            for row in feeds.head(1 if usable.is_empty() else 0).iter_rows(named=True)
        )
        + "Venue feeds by date stand on the Exchanges page. The deleveraging of this range, second by second, stands on the Cascade page.",
        empty=words.not_fetched("single liquidations", day["crash_day"]),
    )


def _parts(base: str | None, start: datetime, end: datetime) -> tuple[Part, ...]:
    """Before, in and after the cascade as the phases of the asset's best market have it; the whole range where they have none."""
    markets = ask(impact.markets, base=base, start=start, end=end) if base else pl.DataFrame()
    if markets.is_empty():
        return (("whole range", start, end),)
    found = ask(phases.found, key=keys(markets)[0], start=start, end=end)
    at = {row["phase"]: row["begins"] for row in found.iter_rows(named=True) if row["phase"]}
    first, last = at.get("onset", at.get("cascade")), at.get("recovery")
    if first is None or last is None:
        return (("whole range", start, end),)
    return ("before", start, first), ("onset to capitulation", first, last), ("after", last, end)


def _explosive(feed: dict[str, Any], parts: tuple[Part, ...], start: datetime, end: datetime) -> None:
    of = {"venue": feed["venue"], "feed": feed["feed"]}
    fits = ask(explosiveness.fits, parts=parts, **of)
    known = fits.filter(pl.col("branching").is_not_null())
    title = f"{feed['name']}: in no part are there enough single events"
    if known.height:
        most = known.row(int(known["branching"].arg_max() or 0), named=True)
        title = f"{feed['name']}, {most['part']}: one liquidation set off {most['branching']:.2f} more ({most['branching_low']:.2f} to {most['branching_high'] or 2:.2f})"
    rows = ask(explosiveness.intensity, start=start, end=end, **of)
    card(
        f"{feed['name']}: {rows['events'].sum():,} liquidations",
        rows,
        chart.intensity(rows, start, end) if rows.height else None,
        key="intensity",
        about=f"{words.span(start, end)}. Single liquidations of one feed, one side, a minute",
        alt=f"Columns of liquidations a minute on {feed['name']}.",
    )
    left, right = st.columns([3, 2])
    with left:
        _branching(title, fits, known)
    with right:
        _residuals(of, known)


def _branching(title: str, fits: pl.DataFrame, known: pl.DataFrame) -> None:
    card(
        title,
        fits,
        chart.branching(fits) if known.height else None,
        key="branching",
        about="Hawkes process with an exponential kernel, by maximum likelihood; interval at 95 % by likelihood ratio. Parts by the phases found. Hollow: the model does not fit (chance below 5 %), and its ratio is not to be quoted",
        alt="; ".join(f"{row['part']} {row['branching']:.2f}" for row in known.iter_rows(named=True)),
        table={
            "part": TEXT("Part"),
            "begins": TIME("From", format="HH:mm:ss"),
            "ends": TIME("to", format="HH:mm:ss"),
            "events": NUMBER("Events", format="localized"),
            "branching": NUMBER("Branching", format="%.3f"),
            "branching_low": NUMBER("at least", format="%.3f"),
            "branching_high": NUMBER("at most", format="%.3f"),
            "half_life_s": NUMBER("Half-life, s", format="%.2f"),
            "background_per_minute": NUMBER("Background a minute", format="%.2f"),
            "chance": NUMBER("Chance of the misfit", format="%.3f"),
            "refusal": TEXT("Why not", width="medium"),
        },
    )


def _residuals(of: dict[str, str], known: pl.DataFrame) -> None:
    if known.is_empty():
        return
    part = known.row(int(known["branching"].arg_max() or 0), named=True)
    rows = ask(explosiveness.residuals, start=part["begins"], end=part["ends"], **of)
    verdict = "fits" if part["chance"] >= chart.FITS else "does not fit"
    card(
        f"The model {verdict}: so far off would be {percent(100 * part['chance'])} of fitting ones",
        rows,
        chart.residuals(rows),
        key="residuals",
        about=f"{safe(part['part'])}, {clock(part['begins'])}–{clock(part['ends'])} UTC. Waiting times in the model's own time against an exponential of mean one; Kolmogorov–Smirnov distance {part['distance']:.3f}. The chance is flattering, as the parameters were fitted to the same events",
        alt="Quantiles of residuals against theory, with the line of a perfect fit.",
    )
