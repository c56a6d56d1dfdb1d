"""What is traded of stock tokens: beside stock perpetuals, and in pools by day."""

from __future__ import annotations

from functools import partial

import polars as pl
import streamlit as st

from analytics.tokenized import against_perpetuals, pools
from charts.tokenized import against_perpetuals as volume_bars
from charts.tokenized import pools as pool_columns
from charts.words import percent, usd, utc
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.columns import NUMBER, TEXT, to_minute, whole_money
from pages.tokenized.rule import Chosen

SHOWN = 18
"""Venues the chart shows; the others trade less than a hundredth of the first, and are in the table's CSV."""
MOMENTS = {
    "as_of": to_minute("Read"),
    "tokens_usd": whole_money("Tokens, USD"),
    "perpetuals_usd": whole_money("Perpetuals, USD"),
    "token_pct": NUMBER("Tokens' part, %", format="%.2f"),
    "all_token_pct": NUMBER("With Korean and unlisted, %", format="%.2f"),
    "washed_usd": whole_money("Of the tokens, looks washed"),
    "places": NUMBER("Venues with volume"),
}
POOLS = {
    "token": TEXT("Token"),
    "dex": TEXT("On"),
    "days": NUMBER("Days"),
    "volume_usd": whole_money("Volume, USD"),
    "confidence": TEXT("Confidence in volume"),
    "pool": TEXT("Pool", width="large"),
}


def show(_: Chosen) -> None:
    _beside_perpetuals()
    _in_pools()


def _beside_perpetuals() -> None:
    moments = ask(against_perpetuals.by_moment)
    if moments.is_empty():
        card("Tokens against perpetuals", moments, key="against", about="USD", empty="No reading of both is known.")
        return
    last = moments.row(0, named=True)
    places = ask(against_perpetuals.by_place, as_of=last["as_of"])
    shown = places.head(SHOWN)
    card(
        f"Stock tokens traded {usd(last['tokens_usd'])} in a day, stock perpetuals {usd(last['perpetuals_usd'])}: "
        f"{percent(last['token_pct'], 2)} of both was tokens",
        shown,
        partial(volume_bars.bars, shown),
        key="against",
        about=(
            f"Shares and funds, {utc(last['as_of'])}, volume of the 24 hours before as each venue states it. The "
            f"{shown.height} largest of {places.height} venues; rows whose price does not fit their share are left out"
        ),
        alt="; ".join(f"{row['place']} {usd(row['volume_usd'])}" for row in shown.head(6).iter_rows(named=True)),
        note=(
            "A floor for tokens: pools on chains are sampled, three venues did not answer, Robinhood's chain is not in "
            f"it. And {usd(last['washed_usd'])} of it looks washed, on LBank and Gate. Open interest of perpetuals: "
            f"{usd(last['open_interest_usd'])}; nothing is owned there, so it is added to nothing."
        ),
    )
    card(
        "Both readings",
        moments,
        key="against-moments",
        about="Sums of one snapshot each, never added to each other. USD, UTC",
        table=MOMENTS,
    )


def _in_pools() -> None:
    days, every = ask(pools.by_day), ask(pools.by_pool)
    clean = every.filter(~pl.col("washed"))
    parts = st.columns(2)
    for part, washed in zip(parts, (False, True), strict=True):
        rows = days.filter(pl.col("washed") == washed)
        most = rows.sort("volume_usd").tail(1)
        kind = "pools marked as washed" if washed else "pools not marked as washed"
        title = f"Stock tokens in Solana {kind}"
        if rows.height:
            title += f": at most {usd(most['volume_usd'][0])} a day, {utc(most['ts'][0], 'day')}"
        with part:
            card(
                title,
                rows,
                partial(pool_columns.columns, rows) if rows.height else None,
                key=f"pools-{'washed' if washed else 'clean'}",
                about="xStocks, sum of the pools known that day, whose number changes. USD, UTC days",
                alt=f"Columns of volume a day in {kind}.",
                note=(
                    "The mark is of June 21, 2026: trades of a few wallets with themselves. Drawn apart, added to "
                    "nothing."
                    if washed
                    else f"{clean.height} of the {every.height} pools below, and not all there are."
                ),
                empty="No day of such a pool is known.",
            )
    card("The pools", every, key="pools", about="Over all their days, USD", table=POOLS)
