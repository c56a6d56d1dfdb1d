"""Open interest before and after, by venue and coin, and what was closed by force over it."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from analytics.liquidations import turnover
from analytics.market import open_interest
from charts.liquidations import turnover as turnover_bars
from charts.market import open_interest as chart
from charts.words import percent, usd, utc
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.columns import NUMBER, TEXT, whole_money

VENUES = {
    "name": TEXT("Venue"),
    "coins": TEXT("Coins"),
    "before_usd": whole_money("Before, USD"),
    "after_usd": whole_money("After, USD"),
    "change_pct": NUMBER("Change in USD, %", format="%.1f"),
    "net_change_pct": NUMBER("Net of price, %", format="%.1f"),
    "confidence": TEXT("Confidence"),
}
COINS = {
    "symbol": TEXT("Coin"),
    "venues": NUMBER("Venues"),
    "before_usd": whole_money("Before, USD"),
    "after_usd": whole_money("After, USD"),
    "change_pct": NUMBER("Change in USD, %", format="%.1f"),
    "before_base": NUMBER("Before, coins", format="localized", step=1),
    "after_base": NUMBER("After, coins", format="localized", step=1),
    "base_change_pct": NUMBER("Change in coins, %", format="%.1f"),
}
UNPROVEN = (
    "Long and short are the same number, but whether a venue counts one side or both is not stated. Dotted: the "
    "venue's own claim. CME does not trade around the clock."
)


def show(day: dict[str, Any], start: datetime, end: datetime) -> None:
    at = day["t0"] or day["focus_start"]
    _by_venue(at)
    left, right = st.columns(2)
    with left:
        _by_coin(at)
    with right:
        _options(at)
    _turnover(day["crash_day"])


def _by_venue(at: datetime) -> None:
    venues = ask(open_interest.by_venue, at=at)
    title, about = "Open interest before and after, by venue", "Futures and perpetuals, USD, UTC"
    if venues.height:
        most, least = venues.row(0, named=True), venues.row(-1, named=True)
        title = (
            f"{most['name']} lost {percent(-most['change_pct'])} of its open interest, {least['name']} "
            f"{'gained' if least['change_pct'] > 0 else 'lost'} {percent(abs(least['change_pct']))}, in dollars"
        )
        about = (
            f"Futures and perpetuals of {most['coins']}, {utc(most['before_ts'])} to {utc(most['after_ts'])}. In "
            "brackets, net of price: what is open afterwards at the price before, coin by coin. Quoted from a vendor"
        )
    card(
        title,
        venues,
        partial(chart.slope, venues) if venues.height else None,
        key="open-interest",
        about=about,
        alt="Lines from what was open to what was left: "
        + "; ".join(f"{row['name']} {percent(row['change_pct'])}" for row in venues.iter_rows(named=True)),
        note=UNPROVEN,
        empty="No source reads the open interest of several venues around this day.",
    )
    if venues.height:
        with st.expander(f"The {venues.height} venues as a table", icon=":material/table:"):
            card("Open interest by venue", venues, key="open-interest-table", about=about, table=VENUES)


def _by_coin(at: datetime) -> None:
    coins = ask(open_interest.by_coin, at=at)
    title = "Open interest by coin"
    if coins.height:
        steepest = coins.sort("base_change_pct").row(0, named=True)
        title = (
            f"Counted in coins, {steepest['symbol']} lost most: {percent(-steepest['base_change_pct'])} "
            f"({percent(-steepest['change_pct'])} in dollars)"
        )
    card(
        title,
        coins,
        key="open-interest-coins",
        about="The same readings summed over venues, in dollars and in coins at the price stated beside them",
        table=COINS,
        empty="No source reads the open interest of several venues around this day.",
    )


def _options(at: datetime) -> None:
    venues = ask(open_interest.by_venue, at=at, instrument="options")
    title = "Open interest of options"
    if venues.height:
        low, high = venues.select(pl.min("change_pct"), high=pl.max("change_pct")).row(0)
        title = f"Options stayed open: from {_more_or_less(low)} to {_more_or_less(high)}, in dollars"
    card(
        title,
        venues,
        key="open-interest-options",
        about="Options by venue, the same moments. Never added to futures: an option bought loses its premium at most",
        table=VENUES,
        empty="No source reads the open interest of options around this day.",
    )


def _more_or_less(change: float) -> str:
    return f"{percent(abs(change))} {'less' if change < 0 else 'more'}"


def _turnover(crash_day: str) -> None:
    pairs = ask(turnover.over_open_interest, crash_day=crash_day)
    for part in pairs.partition_by("scope", maintain_order=True):
        first, last = part.row(0, named=True), part.row(-1, named=True)
        low, high = percent(first["part_pct"]), percent(last["part_pct"])
        measure = "auto-deleveraging" if first["measure"] == "ADL" else "liquidations"
        card(
            f"{first['name']}: {measure} of {usd(first['closed_usd'])} came to "
            f"{low if low == high else f'{low} to {high}'} of what had been open",
            part,
            partial(turnover_bars.bars, part),
            key=f"turnover-{first['scope']}",
            about=f"{measure.capitalize()} by {first['closed_by']}, over open interest published for the time before",
            alt="; ".join(
                f"{percent(row['part_pct'])} over {usd(row['interest_usd'])}" for row in part.iter_rows(named=True)
            ),
            note="A flow over a level: positions were opened meanwhile, so it is not the part that was closed.",
        )
