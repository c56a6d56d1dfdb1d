"""What one exchange traded on the day: bar by bar, and over windows somebody published."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from analytics.exchange import profile
from charts.market import minute_volume
from charts.words import clock, number, usd, utc
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.choose import say_unusable
from pages.shared.columns import NUMBER, TEXT, money

Row = dict[str, Any]
WINDOWS = {
    "market": TEXT("Market"),
    "window": TEXT("Window"),
    "volume_usd": money("Traded, USD"),
    "assets": NUMBER("Assets named"),
}


def volume(venue: Row, day: Row) -> None:
    """Bar by bar where candles are known, and over published windows."""
    start, end = day["focus_start"], day["focus_end"]
    markets = ask(profile.traded_markets, venue=venue["venue"], start=start, end=end)
    labels = markets["label"].to_list()
    say_unusable("pair", labels, "market of this exchange")
    span = f"{utc(start)} to {clock(end)} UTC" if start.date() == end.date() else f"{utc(start)} to {utc(end)}"
    if labels:
        label = st.selectbox("Market", labels, key="pair", bind="query-params", width=300)
        _by_bar(venue["venue"], markets.row(by_predicate=pl.col("label") == label, named=True), start, end, span)
    else:
        card(
            "Volume by minute",
            markets,
            key="bars",
            about=span,
            empty=f"No candles with volume of {venue['name']} are in the warehouse for {span}.",
        )
    _over_windows(venue, day)


def _by_bar(venue: str, market: Row, start: datetime, end: datetime, span: str) -> None:
    label = market["label"]
    traded = ask(
        profile.volume_by_bar,
        venue=venue,
        **{name: market[name] for name in ("market", "symbol", "interval")},
        start=start,
        end=end,
    )
    peak = traded.row(int(traded["volume_base"].arg_max() or 0), named=True)
    card(
        (
            f"{label}: most in the {market['interval']} bar of {clock(peak['ts'])}, "
            f"{number(peak['volume_base'])} {peak['base']}"
        ),
        traded,
        partial(minute_volume.bars, traded, venue, start, end),
        key="bars",
        about=(
            f"Traded volume in {peak['base']}, {market['interval']} bars, {span}. One market of the exchange, "
            "not all of it; bars that are not known are missing"
        ),
        alt=f"Bars of the volume of {label}; the largest is {number(peak['volume_base'])} at {utc(peak['ts'])}.",
    )


def _over_windows(venue: Row, day: Row) -> None:
    windows = ask(profile.window_volume, venue=venue["venue"], start=day["window_start"], end=day["window_end"])
    said = " and ".join(f"{usd(row['volume_usd'])} on {row['market']}" for row in windows.iter_rows(named=True))
    card(
        f"In the published window it traded {said}" if said else "Volume over a published window",
        windows.with_columns(
            window=pl.format(
                "{} to {} UTC",
                pl.col("window_start").dt.strftime("%b %-d, %H:%M"),
                pl.col("window_end").dt.strftime("%H:%M"),
            )
        ),
        key="window",
        about="Traded in a window somebody published, spot and futures apart: never added. USD",
        table=WINDOWS,
        empty=f"No publication gives the volume of {venue['name']} around this day.",
    )
