"""How explosive: the branching ratio of liquidations before, in and after the cascade, and why most feeds cannot
tell."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from analytics.market import explosiveness, hawkes, impact, phases
from analytics.market.decimate import keys
from charts.market import explosiveness as chart
from charts.words import clock, percent
from pages.shared import words
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.choose import say_unusable
from pages.shared.columns import NUMBER, TEXT, TIME
from pages.shared.words import safe

NOTE = (
    "A rate that changes by itself, as in any crash, looks like liquidations that set each other off: with "
    "a constant background, a process without any "
    "excitation is given a ratio near one (Filimonov and Sornette 2015, Quantitative Finance 15, 1293). So "
    "there is a verdict only where both backgrounds agree. "
    "A second time scale (Lallouache and Challet 2014) is fitted where the waits ask for it. What comes of "
    "it on simulated streams: python -m benchmarks.hawkes."
)
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
        about=(
            f"{words.span(start, end)}. A branching ratio needs each event with its time; what a feed lets "
            "through is its rule at that date"
        ),
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
        + (
            "Venue feeds by date stand on the Exchanges page. The deleveraging of this range, second by "
            "second, stands on the Cascade page."
        ),
        empty=words.not_fetched("single liquidations", day["crash_day"]),
    )


def _parts(base: str | None, start: datetime, end: datetime) -> tuple[Part, ...]:
    """Before, in and after the cascade as the phases of the asset's best market have it; the whole range where they
    have none."""
    markets = ask(impact.markets, base=base, start=start, end=end) if base else pl.DataFrame()
    if markets.is_empty():
        return (("whole range", start, end),)
    found = ask(phases.by_rule, key=keys(markets)[0], start=start, end=end)
    at = {row["phase"]: row["begins"] for row in found.iter_rows(named=True) if row["phase"]}
    first, last = at.get("onset", at.get("cascade")), at.get("recovery")
    if first is None or last is None:
        return (("whole range", start, end),)
    return ("before", start, first), ("onset to capitulation", first, last), ("after", last, end)


def _explosive(feed: dict[str, Any], parts: tuple[Part, ...], start: datetime, end: datetime) -> None:
    of = {"venue": feed["venue"], "feed": feed["feed"]}
    fits = ask(explosiveness.fits, parts=parts, **of)
    fitted = fits.filter(pl.col("constant").is_not_null())
    rows = ask(explosiveness.intensity, start=start, end=end, **of)
    card(
        f"{feed['name']}: {rows['events'].sum():,} liquidations",
        rows,
        partial(chart.intensity, rows, start, end) if rows.height else None,
        key="intensity",
        about=f"{words.span(start, end)}. Single liquidations of one feed, one side, a minute",
        alt=f"Columns of liquidations a minute on {feed['name']}.",
    )
    _branching(branching_title(feed["name"], fits), fits, fitted)
    _residuals(of, fitted)


def branching_title(name: str, fits: pl.DataFrame) -> str:
    """What can be said of all parts (`analytics.market.explosiveness.fits`) in one sentence."""
    said = fits.filter(pl.col("branching_low").is_not_null())
    if said.height:
        most = said.row(int(said["branching_low"].arg_max() or 0), named=True)
        high = "more than 2" if most["branching_high"] is None else f"{most['branching_high']:.2f}"
        return f"{name}, {most['part']}: one liquidation set off {most['branching_low']:.2f} to {high} more"
    if fits["constant"].is_not_null().any():
        return f"{name}: how many liquidations one set off cannot be told"
    return f"{name}: in no part can a process be fitted"


def _branching(title: str, fits: pl.DataFrame, fitted: pl.DataFrame) -> None:
    card(
        title,
        fits,
        partial(chart.branching, fits) if fitted.height else None,
        key="branching",
        about=(
            "Hawkes processes by maximum likelihood, with a constant background and one that varies "
            "(log-linear between knots, their number by AIC); 95 % intervals. Parts by the phases found. "
            "Hollow: no verdict, for the two disagree or the model does not fit"
        ),
        alt="; ".join(
            (
                f"{row['part']}: {row['constant']:.2f} with a constant background, {row['varying']:.2f} with "
                "one that varies"
            )
            for row in fitted.iter_rows(named=True)
        ),
        table={
            "part": TEXT("Part"),
            "begins": TIME("From", format="HH:mm:ss"),
            "ends": TIME("to", format="HH:mm:ss"),
            "events": NUMBER("Events", format="localized"),
            "branching_low": NUMBER("One sets off at least", format="%.2f"),
            "branching_high": NUMBER("at most", format="%.2f"),
            "constant": NUMBER("Constant background", format="%.2f"),
            "varying": NUMBER("Varying background", format="%.2f"),
            "knots": NUMBER("Knots"),
            "scales": NUMBER("Time scales"),
            "half_life_s": NUMBER("Half-life, s", format="%.2f"),
            "chance": NUMBER("Chance of such a misfit", format="%.3f"),
            "refusal": TEXT("Why there is no verdict", width="large"),
        },
        note=" ".join([*_reasons(fitted), NOTE]),
    )


def _reasons(fitted: pl.DataFrame) -> list[str]:
    refused = fitted.filter(pl.col("refusal").is_not_null())
    return [f"{part[0].upper()}{part[1:]}: {reason}" for part, reason in refused.select("part", "refusal").iter_rows()]


def _residuals(of: dict[str, str], fitted: pl.DataFrame) -> None:
    tested = fitted.filter(pl.col("chance").is_not_null())
    if tested.is_empty():
        return
    part = tested.row(int(tested["varying"].arg_max() or 0), named=True)
    rows = ask(explosiveness.residuals, start=part["begins"], end=part["ends"], **of)
    card(
        fit_title(part["chance"]),
        rows,
        partial(chart.residuals, rows),
        key="residuals",
        about=(
            f"{safe(part['part'])}, {clock(part['begins'])}–{clock(part['ends'])} UTC, varying background. "
            "Waiting times in the model's own time against an exponential of mean one; Kolmogorov–Smirnov "
            f"distance {part['distance']:.3f}, compared with that of the model's own streams fitted again "
            "(parametric bootstrap)"
        ),
        alt="Quantiles of residuals against theory, with the line of a perfect fit.",
    )


def fit_title(chance: float) -> str:
    """What the bootstrap says of the model: that it is refuted, or that it is not, which is no proof."""
    verb = "refute" if chance < hawkes.MISFIT else "do not refute"
    return f"The events {verb} the model: {percent(100 * chance, 0)} of its own streams lie as far from it"
