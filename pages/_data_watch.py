"""How fresh the data are: each source against its promise, and the holes by venue and hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import streamlit as st

from analytics import coverage, freshness
from charts import hours
from charts.words import number, utc
from pages._data_parts import age, span
from pages._parts import ask, card

text, figure = st.column_config.TextColumn, st.column_config.NumberColumn


def sources() -> None:
    """One line a source that was ever tried."""
    # To the minute, so that the answer is kept for one.
    tried = ask(freshness.sources, now=datetime.now(UTC).replace(second=0, microsecond=0))
    wanting = tried.filter(pl.col("state") != "fresh")
    card(
        f"{number(wanting.height)} of {number(tried.height)} sources fail or are older than they promise"
        if wanting.height
        else f"All {number(tried.height)} sources that were ever asked keep their promise",
        _in_words(tried),
        key="fresh",
        about="As of now, by the log of runs, whatever generation is shown. A source is stale when its last success is older than its promise. Rows are those of the last try; quarantined ones are counted in this generation. UTC",
        table={
            "source": text("Source"),
            "state": text("State"),
            "age": text("Last success"),
            "promise": text("Promise: within"),
            "last_try": st.column_config.DatetimeColumn("Last try", format="YYYY-MM-DD HH:mm", timezone="UTC"),
            "rows_loaded": figure("Rows added", format="localized"),
            "quarantined": figure("Quarantined", format="localized"),
            "error": text("What failed and why", width="large"),
            "group": text("Refreshed"),
        },
        empty="No source was asked for here yet: everything shown is embedded, and says as of when. python -m pipelines refresh asks.",
    )


def _in_words(tried: pl.DataFrame) -> pl.DataFrame:
    words = {"return_dtype": pl.String}
    return tried.with_columns(
        age=pl.col("age_seconds")
        .map_elements(lambda seconds: age(timedelta(seconds=seconds)), **words)
        .fill_null("never"),
        promise=pl.col("promise_seconds").map_elements(lambda seconds: span(timedelta(seconds=seconds)), **words),
    )


def holes() -> None:
    """What live feeds and minute bars lack, hour by hour, in the last three days that hold any."""
    heard = ask(coverage.latest_feeds).with_columns(named=pl.col("name") + " " + pl.col("feed"))
    torn = heard.filter(pl.col("recorded_pct") < 100)
    card(
        f"Live feeds: {number(torn.height)} of {number(heard.height)} hours have a hole",
        heard,
        hours.grid(heard, row="named", share="recorded_pct", what="recorded"),
        key="feed-holes",
        about=f"Percent of each hour in which the feed was listened to, three days until {utc(heard['hour'].max())}. No cell: nobody recorded",
        alt=f"A grid of hours, one row a feed; {number(torn.height)} cells are not whole.",
        note="; ".join(torn["reasons"].drop_nulls().unique().sort().to_list()[:3]),
        empty="No live feed is recorded here. python -m pipelines record keeps them.",
    )
    there = ask(coverage.latest_bars)
    torn = there.filter(pl.col("missing") > 0)
    card(
        f"Minute bars: {number(torn.height)} of {number(there.height)} hours lack some",
        there,
        hours.grid(there, row="name", share="present_pct", what="of the minutes have a bar"),
        key="bar-holes",
        about=f"Percent of the minutes of each hour that have a bar, all markets of a venue together, three days until {utc(there['hour'].max())}. A minute without a trade has no bar either",
        alt=f"A grid of hours, one row a venue; {number(torn.height)} cells are not whole.",
        empty="There are no minute bars here.",
    )
