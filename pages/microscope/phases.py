"""Phases found, not told: by a stated rule, how they move with its parameters, and what publications claim."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from analytics.market import impact, phase_rule, phases
from charts.market import phases as chart
from charts.words import clock, utc
from pages.microscope.controls import chosen_market
from pages.shared import words
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.columns import NUMBER, TEXT, TIME

PHASES_FOUND = {
    "phase": TEXT("Phase"),
    "begins": TIME("From", format="HH:mm:ss"),
    "ends": TIME("to", format="HH:mm:ss"),
    "change_pct": NUMBER("Change, %", format="%.2f"),
    "pct_per_minute": NUMBER("% a minute", format="%.2f"),
    "lowest": NUMBER("Lowest", format="%.8g"),
    "volume_times": NUMBER("Volume, times usual", format="%.1f"),
    "adl_fills": NUMBER("ADL fills, all assets", format="localized"),
    "liquidated_usd": NUMBER("Liquidated, USD", format="localized"),
}

RULE = (
    "Cascade: the deepest fall faster than {fast:g} % a minute, at least {deep:g} % beyond that speed, with a "
    "bar of {burst:g} times the median volume "
    "(or liquidations) before it. Onset: where the fall faster than {slow:g} % a minute began that leads into "
    "it. Capitulation: the bars around the low in the "
    "lowest {bottom:.0%} of the fall. Recovery: until a close has regained {regained:.0%} of it."
)
WORDS = {
    "slow": "Onset speed, % a minute",
    "fast": "Cascade speed, % a minute",
    "deep": "Depth beyond it, %",
    "burst": "Volume burst, times",
    "bottom": "Lowest part of the fall",
    "regained": "Part regained",
}


def show(day: dict[str, Any], start: datetime, end: datetime, base: str) -> None:
    chosen = chosen_market(ask(impact.markets, base=base, start=start, end=end), "tape", "Phases of")
    if chosen is None:
        card(
            "Phases",
            pl.DataFrame(),
            key="phases",
            about=words.span(start, end),
            empty=f"No market of {base} with volume has bars in this range.",
        )
        return
    market, key = chosen
    lowest = ask(phases.lowest, key=key, start=start, end=end)
    found = ask(phases.by_rule, key=key, start=start, end=end)
    published = ask(phases.published, crash_day=day["crash_day"])
    _found(market, found, ask(phases.measured, key=key, start=start, end=end), lowest, published, start, end)
    left, right = st.columns([3, 2])
    with left:
        _sensitivity(market, ask(phases.sensitivity, key=key, start=start, end=end), start, end)
    with right:
        _published(published)


def deeper(phase: dict[str, dict[str, Any]], lowest: pl.DataFrame) -> str:
    """Where the market printed less outside the phases than in them, words that say so."""
    (low,) = lowest.iter_rows(named=True)
    if low["low"] >= min(row["lowest"] for row in phase.values()):
        return ""
    return f"outside these phases it printed still less, {words.price(low['low'])} at {clock(low['low_at'])}"


def _found(
    market: dict[str, Any],
    found: pl.DataFrame,
    bars: pl.DataFrame,
    lowest: pl.DataFrame,
    published: pl.DataFrame,
    start: datetime,
    end: datetime,
) -> None:
    about = (
        f"{words.span(start, end)}. {market['symbol']} on {market['name']}, bars as short as the range allows. "
        f"{RULE.format(**asdict(phase_rule.Rule()))}"
    )
    if found["refusal"].is_not_null().any():
        card("No phases are found here", found.clear(), key="phases", about=about, empty=found["refusal"][0])
        return
    at = {row["phase"]: row for row in found.iter_rows(named=True)}
    said = [f"{phase} {clock(row['begins'])}" for phase, row in at.items()]
    last = found.row(-1, named=True)
    ended = f", half regained by {clock(last['ends'])}" if last["phase"] == "recovery" and last["ends"] else ""
    outside = deeper(at, lowest)
    usual = bars.filter(pl.col("ts") < found["begins"].min()).height
    card(
        f"Found in {market['name']} {market['symbol']}: {', '.join(said)}{ended}",
        found.with_columns(venue=pl.lit(market["venue"])),
        partial(chart.by_rule, bars, found, published, start, end),
        key="phases",
        about=about,
        alt="Price with the phases as bands: " + ", ".join(said) + ended,
        table=PHASES_FOUND,
        note=(f"O{outside[1:]}. " if outside else "")
        + (
            "Grey, below: what publications claim, in the words of their windows; a diamond is a moment. Usual: "
            f"the median of the {usual} bars before the onset. ADL fills are those of a study and may begin after "
            "the onset; empty is not known."
        ),
    )


def _sensitivity(market: dict[str, Any], rows: pl.DataFrame, start: datetime, end: datetime) -> None:
    borders = (*phase_rule.PHASES, "recovered")
    wide = rows.with_columns(parameter=pl.col("parameter").replace(WORDS)).pivot(
        on="border", index=["parameter", "value", "refusal", "source_id"], values="begins", maintain_order=True
    )
    card(
        _moved(rows),
        wide.with_columns(venue=pl.lit(market["venue"])),
        key="phases-sensitivity",
        about=(
            f"{words.span(start, end)}. One parameter at a time at half, as it is and doubled: where each phase "
            "then begins, UTC. Empty: not found"
        ),
        table={
            "parameter": TEXT("Parameter", width="medium"),
            "value": NUMBER("at", format="%g"),
            **{border: TIME(border.title(), format="HH:mm:ss") for border in borders if border in wide.columns},
            "refusal": TEXT("Why not"),
        },
        note=_not_found(rows),
    )


def _moved(rows: pl.DataFrame) -> str:
    """Between which minutes each border lies over the rule as it is and every change to it."""
    spans = (
        rows.drop_nulls("begins")
        .group_by("border", maintain_order=True)
        .agg(first=pl.col("begins").min(), last=pl.col("begins").max())
    )
    if spans.is_empty():
        return "With none of these parameters is a cascade found"
    said = ", ".join(
        f"{border} {clock(first)}" + ("" if first == last else f"–{clock(last)}")
        for border, first, last in spans.iter_rows()
    )
    return f"With one parameter halved or doubled: {said}"


def _not_found(rows: pl.DataFrame) -> str:
    """How many changes of the rule find no cascade."""
    changes = rows.filter((pl.col("scale") != 1) & (pl.col("border") == "cascade"))
    none = changes["begins"].null_count()
    return f"{none} of {changes.height} changes find{'s' if none == 1 else ''} no cascade." if none else ""


def _published(published: pl.DataFrame) -> None:
    windows = published.filter(pl.col("ends").is_not_null())
    title = "What publications claim"
    if windows.height:
        title = "Claimed: " + ", ".join(
            f"{row['label'].removeprefix('liquidations, ')} {clock(row['begins'])}–{clock(row['ends'])}"
            for row in windows.iter_rows(named=True)
        )
    when = [
        utc(row["begins"]) + (f"–{clock(row['ends'])}" if row["ends"] else "")
        for row in published.iter_rows(named=True)
    ]
    card(
        title,
        published.with_columns(pl.Series("when", when, pl.String)),
        key="phases-published",
        about=(
            "Windows liquidations are published for, and moments known to the minute. Their sums are of other "
            "venues: never set against the bars"
        ),
        table={
            "when": TEXT("When, UTC", width="medium"),
            "label": TEXT("What", width="medium"),
            "origin": TEXT("Who"),
            "value_usd": NUMBER("USD", format="localized"),
            "confidence": TEXT("Confidence"),
            "note": TEXT("Note", width="large"),
        },
        empty="No phase of this day is published here.",
    )
