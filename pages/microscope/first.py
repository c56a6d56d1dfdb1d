"""Who moved first: the lead of one venue over another, and of prices over deleveraging, with its interval."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from analytics.market import decimate, first_movers, lead_lag
from charts.market import lead_lag as chart
from charts.words import clock
from pages.shared import words
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.choose import say_unusable
from pages.shared.columns import NUMBER, TEXT, TIME

CAVEAT = (
    "Each venue stamps its prints by its own clock, and these may differ by more than a lead: no interval here "
    "is narrower than a second to "
    "either side, and a lead of a second or two is not evidence of who broke first."
)


def show(day: dict[str, Any], start: datetime, end: datetime, base: str) -> None:
    known = ask(first_movers.candidates, base=base, start=start, end=end)
    about = (
        f"{words.span(start, end)}. Who moves first by how many seconds: Hayashi–Yoshida contrast over lags of "
        f"±{lead_lag.GRID[-1]:.0f} s from one-second bars, 95 % by drawing blocks of {lead_lag.BLOCK:.0f} s again"
    )
    if known.filter(pl.col("what") == "price").is_empty() or known.height < 2:
        only = (
            f"To the second, only {known['label'][0]} can be had here"
            if known.height
            else f"No price of {base} is known to the second here"
        )
        card(
            f"Who moved first in {base}",
            known.clear(),
            key="leads",
            about=about,
            empty=(
                f"{only}: a lead needs two series, at least one of them a price. Bars of a minute do not tell who "
                "came first within it."
            ),
        )
        return
    pair = _pair(known)
    if pair is None:
        return
    _leads(pair, start, end, about)


def _pair(known: pl.DataFrame) -> tuple[tuple[str, decimate.Key], tuple[str, decimate.Key]] | None:
    keys = dict(zip(known["label"], decimate.keys(known), strict=True))
    prices = known.filter(pl.col("what") == "price")["label"].to_list()
    controls = st.container(horizontal=True, vertical_alignment="bottom")
    say_unusable("first", prices, "series")
    options: dict[str, Any] = {"bind": "query-params", "persist_state": "page", "required": True, "width": 260}
    first = controls.selectbox("First", prices, key="first", **options)
    others = [label for label in keys if label != first]
    say_unusable("second", list(keys), "series")
    second = controls.selectbox("Second", others, key="second", **options)
    return (first, keys[first]), (second, keys[second])


def _leads(
    pair: tuple[tuple[str, decimate.Key], tuple[str, decimate.Key]], start: datetime, end: datetime, about: str
) -> None:
    estimates = ask(first_movers.estimates, pair=pair, start=start, end=end)
    decided = estimates.filter(pl.col("lag_s").is_not_null())
    led = decided.filter((pl.col("low_s") > 0) | (pl.col("high_s") < 0))
    first, second = pair[0][0], pair[1][0]
    card(
        _title(first, second, estimates, decided, led),
        estimates,
        partial(chart.leads, estimates) if estimates["window_end"][0] > estimates["window_start"][0] else None,
        key="leads",
        about=f"{about}. A row is a window of time; the dot is the lead, the bar its interval",
        alt=f"A row per window: {first} against {second}; decided in {decided.height} of {estimates.height}.",
        table={
            "window_start": TIME("From", format="HH:mm:ss"),
            "window_end": TIME("to", format="HH:mm:ss"),
            "lag_s": NUMBER("Lead, s", format="%+.0f"),
            "low_s": NUMBER("at least", format="%+.0f"),
            "high_s": NUMBER("at most", format="%+.0f"),
            "moves_first": NUMBER("Moves of the first"),
            "moves_second": NUMBER("of the second"),
            "refusal": TEXT("Why not decided", width="large"),
        },
        note=CAVEAT,
    )
    contrast = ask(first_movers.contrast, pair=pair, start=start, end=end)
    card(
        "What it is read from: how closely the two move together at each lag",
        contrast.with_columns(first=pl.lit(first), second=pl.lit(second)),
        partial(chart.contrast, contrast) if contrast.height else None,
        key="contrast",
        about=(
            "Over all the time both are known. Covariance over the size of both series' moves; the band holds 95 % "
            "of redrawn blocks. A single clear peak is an answer"
        ),
        alt="A curve over lags from minus to plus 60 seconds with its band.",
        note="For deleveraging: falls of the price against fills in excess of their mean rate.",
        empty=estimates["refusal"][0] or "The two cannot be compared.",
    )


def _title(first: str, second: str, estimates: pl.DataFrame, decided: pl.DataFrame, led: pl.DataFrame) -> str:
    if led.height:
        row = led.row(0, named=True)
        leader, other = (first, second) if row["lag_s"] > 0 else (second, first)
        return (
            f"{leader} moved {abs(row['lag_s']):.0f} s before {other} in "
            f"{clock(row['window_start'])}–{clock(row['window_end'])}"
        )
    if decided.height:
        row = decided.row(0, named=True)
        rest = "" if decided.height == estimates.height else "; otherwise it cannot be told"
        return (
            f"Neither led in {clock(row['window_start'])}–{clock(row['window_end'])}: within {row['low_s']:+.0f} to "
            f"{row['high_s']:+.0f} s{rest}"
        ).replace("-", "−")
    return f"Whether {first} or {second} moved first cannot be told here"
