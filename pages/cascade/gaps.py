"""One asset, several venues, different lows."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

import polars as pl

from analytics.market import venue_gaps
from charts.market import venue_gaps as chart
from pages.shared import words
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.columns import NUMBER, TEXT, TIME

NOTE = (
    "Venues differ in what they trade: a perpetual settled in coins can fall further than a spot market. A venue has "
    "no low in minutes nobody traded there."
)


def show(day: dict[str, Any], start: datetime, end: datetime) -> None:
    ranked = ask(venue_gaps.ranking, start=start, end=end)
    compared = ranked.filter(pl.col("gap_pct").is_not_null())
    about = (
        f"{words.span(start, end)}. Lowest print of each venue's minute bars, of one recorder; spot unless the "
        "market says perp. In dollars or dollar tokens"
    )
    if compared.is_empty():
        card(
            "Venues apart",
            compared,
            key="gaps",
            about=about,
            empty="No asset has minute bars of two venues in this range: " + _where(day),
        )
        return
    widest = compared.row(0, named=True)
    card(
        (
            f"{widest['base']} printed {words.price(widest['lowest'])} on {widest['lowest_venue']} "
            f"{words.market(widest['lowest_market'])} and never less than {words.price(widest['highest'])} on "
            f"{widest['highest_venue']} {words.market(widest['highest_market'])}"
        ),
        compared,
        partial(chart.dots, compared, _venue_names(start, end)),
        key="gaps",
        about=about,
        alt=f"A row per asset, a dot per venue, {compared.height} assets. "
        + "; ".join(
            (
                f"{row['base']} {words.price(row['lowest'])} on {row['lowest_venue']}, "
                f"{words.price(row['highest'])} on {row['highest_venue']}"
            )
            for row in compared.iter_rows(named=True)
        ),
        note=NOTE,
    )
    _all_assets(ranked, compared, about, start, end)


def _all_assets(ranked: pl.DataFrame, compared: pl.DataFrame, about: str, start: datetime, end: datetime) -> None:
    alone = ranked.filter(pl.col("gap_pct").is_null())
    names = _venue_names(start, end)
    single = ", ".join(
        f"{row['base']} ({row['lowest_venue'] or 'none printed at its low'})" for row in alone.iter_rows(named=True)
    )
    card(
        f"{compared.height} of {ranked.height} assets have prints of two venues or more",
        ranked,
        key="gaps-table",
        about=about,
        table={
            "base": TEXT("Asset"),
            "gap_pct": NUMBER(
                "Gap, %", format="%.1f", help="How far the lowest venue's low lies below the highest venue's low"
            ),
            **{f"low_{venue}": NUMBER(f"{name}, lowest", format="%.8g") for venue, name in names.items()},
            "lowest_ts": TIME("Lowest at", format="MMM D, HH:mm"),
            "markets": TEXT("Markets", width="large"),
        },
        note=(f"On one venue only, so not comparable: {single}. " if single else "")
        + "The tab “Prices” draws any of these minute by minute.",
    )


def _venue_names(start: datetime, end: datetime) -> dict[str, str]:
    lows = ask(venue_gaps.lows, start=start, end=end)
    return dict(lows.select("venue", "name").unique().sort("venue").iter_rows())


def _where(day: dict[str, Any]) -> str:
    known = ask(venue_gaps.lows, start=day["window_start"], end=day["window_end"])
    if known.is_empty():
        return "none are known for this day."
    first, last = known.select(pl.min("low_ts"), last=pl.max("low_ts")).row(0)
    return f"the day's own lie around {words.span(first, last)}."
