"""Dislocation: every venue against the composite, who left it first, and a market against its sibling."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import polars as pl
import streamlit as st

from analytics import basis, decimate, dislocation, venue_gaps
from charts import dislocation as chart
from charts import venue_gaps as gaps_chart
from charts.words import clock
from pages import _cascade_words as words
from pages._parts import ask, card

NUMBER, TEXT, TIME = st.column_config.NumberColumn, st.column_config.TextColumn, st.column_config.DatetimeColumn
RULE = (
    f"Composite: the median of at least three venues with a fresh price (two where no more trade it), one market each, spot before perpetual, dollars and dollar tokens alike; "
    f"a print stays fresh for {dislocation.FRESH['1s']} s among seconds, for its own bar otherwise"
)


def show(day: dict[str, Any], start: datetime, end: datetime, base: str) -> None:
    markets = ask(dislocation.markets, base=base, start=start, end=end)
    _deviations(base, markets, start, end)
    _order(base, start, end)
    _basis(base, start, end)
    _gaps(base, start, end)


def _deviations(base: str, markets: pl.DataFrame, start: datetime, end: datetime) -> None:
    about = f"{words.span(start, end)}. {RULE}. Percent; dotted: {dislocation.LEFT_PCT:g} % off"
    if markets.height < dislocation.TWO:
        others = ", ".join(ask(dislocation.assets, start=start, end=end)["base"])
        here = (
            f"{base} has bars of one venue only in this range"
            if markets.height
            else f"{base} has no comparable bars in this range"
        )
        card(
            f"{base} against the composite",
            markets.clear(),
            key="deviations",
            about=about,
            empty=f"{here}: a composite needs two." + (f" These have them: {others}." if others else ""),
        )
        return
    rows = ask(dislocation.deviations, chosen=decimate.keys(markets), start=start, end=end)
    known = rows.filter(pl.col("deviation_pct").is_not_null())
    names = dict(markets.select("venue", "name").iter_rows())
    if known.is_empty():
        card(
            f"{base} against the composite",
            known,
            key="deviations",
            about=about,
            empty=f"{' and '.join(names.values())} never have a fresh price at the same time here: either their prints or their clocks lie apart.",
        )
        return
    widest = ask(dislocation.widest, chosen=decimate.keys(markets), start=start, end=end).row(0, named=True)
    when = clock(widest["ts"], "second")
    side = "below" if widest["deviation_pct"] < 0 else "above"
    title = f"{base} on {names[widest['venue']]} {market(widest)} stood {abs(widest['deviation_pct']):.1f} % {side} the composite of {widest['venues']} at {when}"
    gap = "A gap: fewer than three venues with a fresh price."
    if markets.height == dislocation.TWO:
        each = [f"{row['name']} ({market(row)})" for row in markets.iter_rows(named=True)]
        title = f"{base} on {' and '.join(each)} stood {widest['apart_pct']:.1f} % apart at {when}"
        gap = "With two venues the composite is their midpoint, and each is as far from it as the other. A gap: one of them has no fresh price."
    card(
        title,
        rows,
        chart.deviations(rows, names, dislocation.LEFT_PCT, start, end),
        key="deviations",
        about=about,
        alt=f"Lines of {base} by venue, percent from the composite; widest {widest['deviation_pct']:.1f} % on {names[widest['venue']]}.",
        note=f"{gap} A dollar token can leave the dollar itself, and a perpetual its spot.",
    )


def departures(base: str, start: datetime, end: datetime) -> pl.DataFrame:
    """Which venue left first, from one-second bars where there are any: minute bars are asked only where there are none."""
    seconds = ask(dislocation.markets, base=base, start=start, end=end, interval="1s")
    finest = seconds if seconds.height else ask(dislocation.markets, base=base, start=start, end=end)
    if finest.is_empty():
        return finest
    chosen = tuple(zip(finest["name"], decimate.keys(finest), strict=True))
    return ask(dislocation.departures, markets=chosen, start=start, end=end)


def _order(base: str, start: datetime, end: datetime) -> None:
    rows = departures(base, start, end)
    if rows.is_empty():
        return
    about = f"{words.span(start, end)}. A venue has left where it stands {dislocation.LEFT_PCT:g} % off the composite of three or more for {dislocation.HELD} bars running with one; between “after” and “by”"
    refusal = rows["refusal"][0]
    first = rows.row(0, named=True)
    title = (
        f"Which venue left {base}'s composite first cannot be told"
        if refusal
        else f"{first['name']} {market(first)} left {base}'s composite first, between {clock(first['left_after'], 'second')} and {clock(first['left_by'], 'second')}"
    )
    card(
        title,
        rows,
        key="departures",
        about=about,
        table={
            "name": TEXT("Venue"),
            "symbol": TEXT("Market"),
            "interval": TEXT("Bars of"),
            "left_after": TIME("Left after", format="HH:mm:ss"),
            "left_by": TIME("by", format="HH:mm:ss"),
            "bars_out": NUMBER("Bars out"),
            "deepest_pct": NUMBER("Furthest, %", format="%.1f"),
            "deepest_ts": TIME("at", format="HH:mm:ss"),
            "prints": NUMBER("Bars with a print", format="localized"),
            "composed": NUMBER("with three venues", format="localized"),
            "bars": NUMBER("of", format="localized"),
        },
        note=refusal or "Clocks are the venues' own.",
    )


def _basis(base: str, start: datetime, end: datetime) -> None:
    rows = ask(basis.paths, base=base, start=start, end=end)
    about = f"{words.span(start, end)}. At the close of each bar, percent of the other price"
    if rows.is_empty():
        card(
            f"{base}: mark against last, perpetual against spot",
            rows,
            key="basis",
            about=about,
            empty=f"No venue has both a mark and a last price of {base}, or both a perpetual and spot, at one bar length here.",
        )
        return
    lows = ask(basis.lows, base=base, start=start, end=end)
    said = [
        f"{row['name']}'s {row['basis'].split(' − ')[0]} {words.price(row['low'])}, {row['basis'].split(' − ')[1]} {words.price(row['low_other'])}"
        for row in lows.iter_rows(named=True)
    ]
    card(
        f"At the low: {said[0]}",
        rows,
        chart.basis(rows, start, end),
        key="basis",
        about=about,
        alt="Lines of the basis: " + "; ".join(said),
    )
    first = lows.row(0, named=True)
    card(
        f"The bar of the low, {clock(first['ts'])}–{clock(first['close_at'])}: both lows",
        lows,
        key="basis-lows",
        about=f"{words.span(start, end)}. The lows of one bar need not be of one moment; nobody trades at a mark",
        table={
            "name": TEXT("Venue"),
            "basis": TEXT("Pair"),
            "low": NUMBER("Its low", format="%.8g"),
            "low_other": NUMBER("Low of the other", format="%.8g"),
            "gap_pct": NUMBER("Gap, %", format="%.2f"),
            "ts": TIME("Bar from", format="MMM D, HH:mm"),
            "interval": TEXT("Bars of"),
            "widest_pct": NUMBER("Widest at a close, %", format="%.2f"),
            "widest_ts": TIME("at", format="MMM D, HH:mm"),
        },
    )


def _gaps(base: str, start: datetime, end: datetime) -> None:
    """The asset's lowest prints venue by venue, and its place among all that can be compared."""
    ranked = ask(venue_gaps.ranking, start=start, end=end)
    lows = ask(venue_gaps.lows, start=start, end=end)
    compared = ranked.filter(pl.col("gap_pct").is_not_null()).with_row_index("rank", offset=1)
    about = f"{words.span(start, end)}. Lowest print of each venue's minute bars, of one recorder; spot unless the market says perp. In dollars or dollar tokens"
    own = lows.filter((pl.col("base") == base) & pl.col("low").is_not_null()).sort("low")
    said = ", ".join(
        f"{words.price(round(row['low'], 6))} on {row['name']} {market(row)}" for row in own.iter_rows(named=True)
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
    widest = compared.row(0, named=True)
    title = f"{widest['base']}'s lowest prints lay furthest apart, {widest['gap_pct']:.1f} %; {compared.height} of {ranked.height} assets have prints of two venues or more"
    if own.height > 1:
        place = compared.filter(pl.col("base") == base)["rank"][0]
        title = f"{base}'s lowest print: {said}; the gap is number {place} of {compared.height}"
    names = dict(lows.select("venue", "name").unique().sort("venue").iter_rows())
    alone = ranked.filter(pl.col("gap_pct").is_null())
    single = ", ".join(
        f"{row['base']} ({row['lowest_venue'] or 'none printed at its low'})" for row in alone.iter_rows(named=True)
    )
    card(
        title,
        ranked,
        gaps_chart.dots(compared, names),
        key="gaps",
        about=about,
        alt=f"A row per asset, a dot per venue, {compared.height} assets. {said}",
        table={
            "base": TEXT("Asset"),
            "gap_pct": NUMBER("Gap, %", format="%.1f"),
            **{f"low_{venue}": NUMBER(f"{name}, lowest", format="%.8g") for venue, name in names.items()},
            "lowest_ts": TIME("Lowest at", format="MMM D, HH:mm"),
            "markets": TEXT("Markets", width="large"),
        },
        note=f"The other {alone.height}, on one venue only, are not comparable: {single}. A venue has no low in minutes nobody traded there; a perpetual settled in coins can fall further than spot.",
    )


def market(row: dict[str, Any]) -> str:
    """The kind of market in a sentence: perpetuals settled in the coin itself are others than those settled in dollars."""
    base, settled = row["symbol"].partition("/")[0], row["symbol"].partition(":")[2]
    return "coin-margined perpetual" if base == settled else words.market(row["market"])
