"""Flow: what takers bought and sold by venue, at which prices, and in which seconds most of it."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from analytics.market import flows, impact, prices, volume_profile
from charts.market import flow as flow_chart
from charts.market import volume_profile as chart
from charts.words import clock, percent
from pages.microscope.controls import chosen_market
from pages.shared import words
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.columns import NUMBER, TEXT, TIME


def show(day: dict[str, Any], start: datetime, end: datetime, base: str) -> None:
    chosen = chosen_market(ask(impact.markets, base=base, start=start, end=end), "tape", "Flow of")
    if chosen is None:
        card(
            "Flow",
            pl.DataFrame(),
            key="flow",
            about=words.span(start, end),
            empty=f"No market of {base} with volume has bars in this range.",
        )
        return
    market, key = chosen
    _takers(market, base, start, end)
    _by_venue(base, start, end)
    left, right = st.columns(2)
    with left:
        _profile(market, key, base, start, end)
    with right:
        _largest(market, key, base, start, end)


def _takers(market: dict[str, Any], base: str, start: datetime, end: datetime) -> None:
    known = ask(flows.by_market, base=base, start=start, end=end)
    same = known.filter(pl.all_horizontal(pl.col(part) == market[part] for part in ("venue", "market", "symbol")))
    whole = same.row(0, named=True)
    bars = ask(flows.by_bar, market=tuple(whole[column] for column in prices.LINE), start=start, end=end)
    sold = whole["taker_sell_pct"]
    title = f"{words.amount(whole['volume_base'])} {base} were traded on {market['name']} {market['symbol']}"
    card(
        title + ("" if sold is None else f", {percent(sold)} of it sold by takers"),
        bars,
        partial(flow_chart.volume, bars, start, end),
        key="takers",
        about=f"{words.span(start, end)}, bars from {clock(bars['ts'][0])} to {clock(bars['until'][-1])}. In {base}",
        alt=f"Columns of volume on {market['name']}.",
        note="" if sold is not None else "Which side took the liquidity is not known for these bars.",
    )


def _by_venue(base: str, start: datetime, end: datetime) -> None:
    rows = ask(flows.by_market, base=base, start=start, end=end)
    told = rows.filter(pl.col("taker_sell_pct").is_not_null())
    title = f"Which side took the liquidity is known of no market of {base} here"
    if told.height:
        shares = ", ".join(
            f"{percent(row['taker_sell_pct'])} on {row['name']} {words.market(row['market'])}"
            for row in told.iter_rows(named=True)
        )
        title = f"Sold by takers: {shares}"
        if told.height < rows.height:
            title += (
                f"; not known of {rows.height - told.height} other "
                f"market{'' if rows.height - told.height == 1 else 's'}"
            )
    card(
        title,
        rows,
        key="flow-venues",
        about=(
            f"{words.span(start, end)}. In {base}, each market over the bars that are known of it: volumes over "
            "different spans do not compare. UTC"
        ),
        table={
            "name": TEXT("Venue"),
            "symbol": TEXT("Market"),
            "volume_base": NUMBER("Traded", format="localized"),
            "taker_buy_base": NUMBER("Bought by takers", format="localized"),
            "taker_sell_base": NUMBER("Sold by takers", format="localized"),
            "taker_sell_pct": NUMBER("Sold, %", format="%.1f"),
            "first_ts": TIME("Bars from", format="MMM D, HH:mm"),
            "until": TIME("to", format="MMM D, HH:mm"),
            "interval": TEXT("of"),
        },
    )


def _profile(market: dict[str, Any], key: tuple[str, ...], base: str, start: datetime, end: datetime) -> None:
    levels = ask(volume_profile.by_price, key=key, start=start, end=end).with_columns(venue=pl.lit(market["venue"]))
    about = (
        f"{words.span(start, end)}. {market['symbol']} on {market['name']}: each bar's volume spread evenly from "
        "its low to its high: within a bar the prices are not known"
    )
    refusal = levels["refusal"][0] if levels.height else "The price did not move in this range, or nobody traded."
    if refusal:
        card("At which prices it changed hands is not known", levels.clear(), key="profile", about=about, empty=refusal)
        return
    most = levels.row(int(levels["volume_base"].arg_max() or 0), named=True)
    low, high = (words.price(float(f"{most[end]:.6g}")) for end in ("price_from", "price_to"))
    share = percent(most["share_pct"])
    about_volume = words.amount(float(f"{most['volume_base']:.2g}"))
    card(
        (
            f"Spread over each bar's range, {low} to {high} is the fullest level: about {about_volume} {base}, "
            f"{share} of all; at least {words.amount(most['least_base'])}, at most {words.amount(most['most_base'])}"
        ),
        levels,
        partial(chart.by_price, levels),
        key="profile",
        about=about,
        alt=f"Bars of volume by price level on {market['name']}.",
    )


def _largest(market: dict[str, Any], key: tuple[str, ...], base: str, start: datetime, end: datetime) -> None:
    rows = ask(volume_profile.largest, key=key, start=start, end=end).with_columns(venue=pl.lit(market["venue"]))
    length = words.LENGTHS[market["interval"]]
    title = f"The largest bars of {market['name']}"
    if rows.height:
        first = rows.row(0, named=True)
        title = (
            f"The largest {length} began at {clock(first['ts'], 'second')}: {words.amount(first['volume_base'])} "
            f"{base}, {percent(first['share_pct'])} of the range's volume"
        )
    card(
        title,
        rows,
        key="largest",
        about=(
            f"{words.span(start, end)}. {market['symbol']} on {market['name']}, the {rows.height} bars of a "
            f"{length} with the largest volume"
        ),
        table={
            "rank": NUMBER("No."),
            "ts": TIME("From", format="HH:mm:ss"),
            "volume_base": NUMBER(base, format="%.8g"),
            "share_pct": NUMBER("Of all, %", format="%.2f"),
            "taker_sell_pct": NUMBER("Sold by takers, %", format="%.0f"),
            "change_pct": NUMBER("Change, %", format="%.2f"),
            "low": NUMBER("Low", format="%.8g"),
            "trades": NUMBER("Trades", format="localized"),
        },
        empty="Nobody traded in this range.",
    )
