"""Pegged assets: the order book that broke, and the pool that did not."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from analytics.market import depegs, prices
from charts.market import pegs
from charts.words import clock, percent, utc
from pages.shared import words
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.columns import NUMBER, TEXT, TIME


def show(day: dict[str, Any], start: datetime, end: datetime) -> None:
    window = {"start": day["window_start"], "end": day["window_end"]}
    assets = ask(depegs.assets, **window)
    if assets.is_empty():
        card(
            "Pegged assets",
            assets,
            key="pegs",
            about=words.span(start, end),
            empty="No depeg of an asset whose prices are known is recorded for this day.",
        )
    for row in assets.iter_rows(named=True):
        _asset(row["asset"], row["base"], row["reference_value"], window, start, end)
    _published(window)


def _asset(
    asset: str, base: str, reference: float, window: dict[str, datetime], start: datetime, end: datetime
) -> None:
    whole = ask(depegs.facts, base=base, reference_value=reference, **window)
    paths = ask(prices.paths, base=base, start=start, end=end)
    worst, best = whole.row(0, named=True), whole.row(-1, named=True)
    pair = worst["symbol"].split("/")[1]
    title = f"{asset} fell to {words.price(worst['low'])} {pair} on {worst['name']} at {clock(worst['low_ts'])}"
    if best["venue"] != worst["venue"]:
        place = f"in the {best['name']} pool" if best["kind"] == "pool" else f"on {best['name']}"
        title += f"; {place} it never went below {best['low']:.4f}"
    if not start <= worst["low_ts"] < end:
        st.info(
            (
                f"The low of {asset}, {words.price(worst['low'])} at {utc(worst['low_ts'])}, lies outside the "
                "chosen range."
            ),
            icon=":material/unfold_more:",
        )
    windows = ask(depegs.windows, asset=asset, **window)
    card(
        title,
        paths,
        partial(pegs.against_reference, paths, windows, reference, start, end) if paths.height else None,
        key=f"peg-{base}",
        about=(
            f"{words.span(start, end)}. Price of {asset}; the pool's price is its state per block, not a trade. "
            "Shaded: the window a venue published for its compensation. Lowest prints are of the whole day"
        ),
        alt=f"Lines of {asset} by venue. "
        + "; ".join(
            f"{row['name']} lowest {words.price(row['low'])} at {utc(row['low_ts'])}"
            for row in whole.iter_rows(named=True)
        ),
        note=_lower(base, worst["low"], window),
        empty=words.outside(f"Prices of {asset}", *whole.select(pl.min("first_ts"), pl.max("last_ts")).row(0)),
    )
    _facts(asset, base, reference, whole, start, end)


def _lower(base: str, low: float, window: dict[str, datetime]) -> str:
    """Markets that printed less by their ranges of the day: their minutes are not kept, so the time is not known."""
    rows = ask(depegs.lower_by_day, base=base, low=low, **window)
    said = [f"{row['symbol']} on {row['name']} {words.price(row['low'])}" for row in rows.iter_rows(named=True)]
    return f"Lower still, at a time not known, since only the day's range is kept: {', '.join(said)}." if said else ""


def _facts(asset: str, base: str, reference: float, whole: pl.DataFrame, start: datetime, end: datetime) -> None:
    in_range = ask(depegs.facts, base=base, reference_value=reference, start=start, end=end)
    broken = whole.filter(pl.col("first_below_ts").is_not_null())
    limit = words.price(reference * (1 - depegs.OFF_PEG))
    title = f"{asset} was below {limit} nowhere"
    if broken.height:
        first = broken.sort("first_below_ts").row(0, named=True)
        title = f"First minute below {limit}: {clock(first['first_below_ts'])}, on {first['name']}"
    columns = {
        "name": TEXT("Venue"),
        "symbol": TEXT("Market"),
        "kind": TEXT("Price"),
        "first_below_ts": TIME(f"First below {limit}", format="MMM D, HH:mm"),
        "low": NUMBER("Lowest", format="%.6f"),
        "low_ts": TIME("at", format="MMM D, HH:mm"),
        "high": NUMBER("Highest", format="%.6f"),
        "first_ts": TIME("Known from", format="MMM D, HH:mm"),
        "last_ts": TIME("until", format="MMM D, HH:mm"),
    }
    card(title, whole, key=f"peg-day-{base}", about="Over all that is known of the day, UTC", table=columns)
    held = in_range.filter(pl.col("kind") == "pool")
    inside = "In the chosen range"
    if held.height:
        low, high = held.select(pl.min("low"), pl.max("high")).row(0)
        inside += f" the {held['name'][0]} pool stayed between {low:.4f} and {high:.4f}"
    card(
        inside,
        in_range,
        key=f"peg-range-{base}",
        about=words.span(start, end),
        table=columns,
        empty=f"No price of {asset} is known in this range.",
    )


def _published(window: dict[str, datetime]) -> None:
    rows = ask(depegs.published, **window)
    if rows.is_empty():
        return
    deepest = rows.row(0, named=True)
    title = (
        f"Published lows: {deepest['asset']} at {words.price(deepest['low'])} {deepest['unit']} on {deepest['name']}"
    )
    if deepest["discount_pct"] is not None:
        title += f", {percent(abs(deepest['discount_pct']), 0)} below its reference"
    card(
        title,
        rows,
        key="peg-published",
        about="As published, venue by venue; readings of one low may differ. The whole day, whatever range is chosen",
        table={
            "asset": TEXT("Asset"),
            "name": TEXT("Venue"),
            "low": NUMBER("Lowest", format="%.8g"),
            "unit": TEXT("in"),
            "reference_value": NUMBER("Reference", format="%.8g"),
            "discount_pct": NUMBER("From reference, %", format="%.4g"),
            "confidence": TEXT("Confidence"),
            "note": TEXT("Note", width="large"),
        },
    )
