"""The lowest prints of an asset venue by venue, and its place among all that can be compared."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

import polars as pl

from analytics.market import venue_gaps
from charts.market import venue_gaps as gaps_chart
from pages.shared import words
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.columns import NUMBER, TEXT, TIME


def lowest_prints(base: str, start: datetime, end: datetime) -> None:
    """The asset's lowest prints venue by venue, and its place among all that can be compared."""
    ranked = ask(venue_gaps.ranking, start=start, end=end)
    lows = ask(venue_gaps.lows, start=start, end=end)
    compared = ranked.filter(pl.col("gap_pct").is_not_null()).with_row_index("rank", offset=1)
    about = (
        f"{words.span(start, end)}. Lowest print of each venue's minute bars, of one recorder; spot unless the "
        "market says perp. In dollars or dollar tokens"
    )
    own = lows.filter((pl.col("base") == base) & pl.col("low").is_not_null()).sort("low")
    said = ", ".join(
        f"{words.price(round(row['low'], 6))} on {row['name']} {words.market_kind(row)}"
        for row in own.iter_rows(named=True)
    )
    if compared.is_empty():
        card(
            "Lowest prints by venue",
            compared,
            key="gaps",
            about=about,
            empty="No asset has minute bars of two venues in this range.",
        )
        return
    title = f"{_widest(compared)}; {compared.height} of {ranked.height} assets have prints of two venues or more"
    if own.height > 1:
        place = compared.filter(pl.col("base") == base)["rank"][0]
        title = f"{base}'s lowest print: {said}; the gap is number {place} of {compared.height}"
    names = dict(lows.select("venue", "name").unique().sort("venue").iter_rows())
    card(
        title,
        ranked,
        partial(gaps_chart.dots, compared, names),
        key="gaps",
        about=about,
        alt=f"A row per asset, a dot per venue, {compared.height} assets. {said}",
        table=_columns(names),
        note=_not_comparable(ranked),
    )


def _not_comparable(ranked: pl.DataFrame) -> str:
    alone = ranked.filter(pl.col("gap_pct").is_null())
    single = ", ".join(
        f"{row['base']} ({row['lowest_venue'] or 'none printed at its low'})" for row in alone.iter_rows(named=True)
    )
    return (
        f"The other {alone.height}, on one venue only, are not comparable: {single}. A venue has no low in "
        "minutes nobody traded there; a perpetual settled in coins can fall further than spot."
    )


def _widest(compared: pl.DataFrame) -> str:
    widest = compared.row(0, named=True)
    return f"{widest['base']}'s lowest prints lay furthest apart, {widest['gap_pct']:.1f} %"


def _columns(names: dict[str, str]) -> dict[str, Any]:
    return {
        "base": TEXT("Asset"),
        "gap_pct": NUMBER("Gap, %", format="%.1f"),
        **{f"low_{venue}": NUMBER(f"{name}, lowest", format="%.8g") for venue, name in names.items()},
        "lowest_ts": TIME("Lowest at", format="MMM D, HH:mm"),
        "markets": TEXT("Markets", width="large"),
    }
