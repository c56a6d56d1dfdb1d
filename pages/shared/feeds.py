"""The strip that stands under figures by exchange: what the feeds they may have been read from let through, and
since when."""

from __future__ import annotations

from functools import partial
from typing import Any

import polars as pl

from analytics.compare import crash_days
from analytics.liquidations import regimes
from charts.liquidations import regime_strip
from charts.terms import COMPLETENESS, listed
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.columns import TEXT

FEEDS = {
    "name": TEXT("Exchange"),
    "feed": TEXT("Feed"),
    "state": TEXT("Lets through"),
    "since": TEXT("Since"),
    "rule": TEXT("Rule", width="large"),
    "evidence": TEXT("What shows it", width="large"),
}


def in_words(in_force: pl.DataFrame) -> pl.DataFrame:
    """The rules of feeds (`analytics.liquidations.regimes.in_force`) with `state` and `since` in words."""
    return in_force.with_columns(
        state=pl.col("completeness").replace(COMPLETENESS),
        since=pl.col("valid_from").dt.strftime("%Y-%m-%d").fill_null("start not established"),
    )


def strip(
    day: dict[str, Any], venues: tuple[str, ...], *, key: str = "feeds", table: dict[str, Any] | None = None
) -> None:
    """The measurement regimes of these exchanges' feeds over all crash days, those of the chosen day as data; listed
    with `table`."""
    in_force = ask(regimes.in_force, venues=venues, start=day["window_start"], end=day["window_end"])
    verdicts = ask(regimes.verdicts, venues=venues, start=day["window_start"], end=day["window_end"])
    days = ask(crash_days.every)
    complete = verdicts.filter(pl.col("completeness") == "complete")["name"].to_list()
    where = f"all of it only on {listed(complete)}" if complete else "on none of these exchanges all of it"
    card(
        f"What the feeds let through on {day['title']}: {where}",
        in_words(in_force),
        partial(
            regime_strip.strip,
            ask(regimes.of_venues, venues=venues),
            days.select(pl.min("window_start")).item(),
            days.select(pl.max("window_end")).item(),
            day["t0"] or day["window_start"],
            day["title"],
        )
        if in_force.height
        else None,
        key=key,
        about=(
            "Measurement regimes of these exchanges' feeds. Hatched: since when the rule holds is not established. "
            "Line: the chosen day. UTC"
        ),
        alt=f"A strip for each feed. {comparable_words(verdicts)}.",
        note="Which of these feeds a board was read from is not stated.",
        table=table,
        empty="No feed of these exchanges is described here: what they let through is not known.",
    )


def comparable_words(verdicts: pl.DataFrame) -> str:
    """One sentence on which exchanges' figures may be compared (`analytics.liquidations.regimes.verdicts`)."""
    complete = verdicts.filter(pl.col("completeness") == "complete")["name"].to_list()
    part = verdicts.filter(pl.col("completeness").is_in(["throttled", "sampled"]))["name"].to_list()
    unknown = verdicts.filter(~pl.col("name").is_in(complete + part))["name"].to_list()
    groups = (
        ("Every liquidation can be seen on", complete),
        ("only a part on", part),
        ("how many is not known for", unknown),
    )
    said = "; ".join(f"{words} {listed(names)}" for words, names in groups if names)
    return said[0].upper() + said[1:]
