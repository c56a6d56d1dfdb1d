"""How fresh the data are: each source against its promise, and the holes by venue and hour."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

import polars as pl
import streamlit as st

from analytics.data import coverage, freshness
from charts.data import hours
from charts.words import number, utc
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.columns import NUMBER, TEXT, to_minute
from pages.shared.words import safe
from pipelines import condition
from pipelines.config import Settings

COLOURS = "Blue: the whole hour. Orange: a hole, the stronger the larger."


def damage() -> None:
    """What of the state on disk cannot be read."""
    for sentence in condition.damage(Settings()):
        st.warning(safe(sentence), icon=":material/broken_image:")


def sources() -> None:
    """One line a source that was ever tried."""
    # To the minute, so that the answer is kept for one.
    tried = ask(freshness.sources, now=datetime.now(UTC).replace(second=0, microsecond=0))
    wanting = tried.filter(pl.col("state") != "fresh")
    card(
        f"{number(wanting.height)} of {number(tried.height)} sources fail or are older than they promise"
        if wanting.height
        else f"All {number(tried.height)} sources that were ever asked keep their promise"
        if tried.height
        else "No source was asked yet",
        tried,
        key="fresh",
        about=(
            "As of now, by the log of runs, whatever generation is shown. A source is stale when its last success "
            "is older than its promise. Rows are those of the last try; quarantined ones are counted in this "
            "generation. UTC"
        ),
        table={
            "source": TEXT("Source"),
            "state": TEXT("State"),
            "last_success": to_minute("Last success"),
            "age_hours": NUMBER("Hours ago", format="%.1f"),
            "promise_hours": NUMBER("Promised: at most", format="%.0f"),
            "last_try": to_minute("Last try"),
            "rows_loaded": NUMBER("Rows added", format="localized"),
            "quarantined": NUMBER("Quarantined", format="localized"),
            "error": TEXT("What failed and why", width="large"),
            "group": TEXT("Refreshed"),
        },
        empty=(
            "No source was asked for here yet: everything shown is embedded, and says as of when. python -m "
            "pipelines refresh asks."
        ),
    )


def holes() -> None:
    """What live feeds and minute bars lack, hour by hour, in the last three days that hold any."""
    heard = ask(coverage.latest_feeds).with_columns(named=pl.col("name") + " " + pl.col("feed"))
    torn = heard.filter(pl.col("recorded_pct") < 100)
    why = torn["reasons"].drop_nulls().str.split("; ").explode().unique().sort().to_list()
    card(
        f"Live feeds: {number(torn.height)} of {number(heard.height)} hours have a hole"
        if heard.height
        else "No live feed is recorded",
        heard,
        partial(hours.grid, heard, row="named", share="recorded_pct", what="recorded"),
        key="feed-holes",
        about=f"How much of each hour the feed was listened to{_until(heard)}. {COLOURS} No cell: nobody recorded",
        alt=f"A grid of hours, one row a feed; {number(torn.height)} cells are not whole.",
        note=f"Why nobody listened: {'; '.join(why)}." if why else "",
        empty="Some venues show liquidations only while they happen. python -m pipelines record keeps them.",
    )
    there = ask(coverage.latest_bars)
    torn = there.filter(pl.col("missing") > 0)
    card(
        f"Minute bars: {number(torn.height)} of {number(there.height)} hours lack some"
        if there.height
        else "No minute bars",
        there,
        partial(hours.grid, there, row="name", share="present_pct", what="of the minutes have a bar"),
        key="bar-holes",
        about=(
            f"How many minutes of each hour have a bar, all markets of a venue together{_until(there)}. {COLOURS} A "
            "minute without a trade has no bar either"
        ),
        alt=f"A grid of hours, one row a venue; {number(torn.height)} cells are not whole.",
        empty="There are no minute bars here.",
    )


def _until(hours: pl.DataFrame) -> str:
    return f", three days until {utc(hours.select(pl.max('hour')).item())}" if hours.height else ""
