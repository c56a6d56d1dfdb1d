"""Claims in circulation, each beside what the embedded prices and windows give."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from analytics.market import tested_claims
from charts.words import number, percent, usd, utc
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.columns import TEXT

COLUMNS = {
    "claim": TEXT("Repeated", width="medium"),
    "verdict": TEXT("Holds", width="small"),
    "given": TEXT("What the data give", width="large"),
    "covers": TEXT("What they cover", width="large"),
}


def show(day: dict[str, Any]) -> None:
    claims = pl.DataFrame(list(_tested(day)), schema=["claim", "verdict", "given", "covers", "source_id"], orient="row")
    if claims.is_empty():
        return
    wrong = claims.filter(pl.col("verdict") == "no").height
    card(
        f"{claims.height} claims tested on the tape: {wrong} do not hold",
        claims,
        key="claims",
        about="What is repeated about the day, and what the rows embedded here give. UTC",
        table=COLUMNS,
    )


def _tested(day: dict[str, Any]) -> Iterator[tuple[str, str, str, str, str]]:
    span = {"start": day["window_start"], "end": day["window_end"]}
    for row in ask(tested_claims.deep_falls, **span).iter_rows(named=True):
        yield (
            "About 200 coins fell by more than 80 %",
            "no" if row["fell"] < 200 else "cannot be told",
            f"At most {row['fell']} of {row['markets']} markets, those at just 80 % counted",
            f"{row['name']}'s spot markets in USDT, from the day's high to its low, whichever came first",
            row["source_id"],
        )
    for row in ask(tested_claims.pace_ratio, crash_day=day["crash_day"]).iter_rows(named=True):
        yield (
            "Liquidations came 10.9 times faster",
            "no",
            (
                f"{number(row['times'], 3)} times: {usd(row['inside_usd_a_minute'])} a minute against "
                f"{usd(row['around_usd_a_minute'])} around it"
            ),
            f"{row['origin']}'s own windows, {row['window_label']} against those before and after",
            row["source_id"],
        )
    for row in ask(tested_claims.steepest_hour, base="BTC", **span).iter_rows(named=True):
        yield (
            "Bitcoin fell by 13 % in one hour",
            "yes" if row["drop_pct"] >= 13 else "no",
            f"{percent(row['drop_pct'])}, from {row['high']:,.1f} to {row['low']:,.1f}",
            (
                f"{row['symbol'].split(':')[0]} on {row['venue']}, {row['interval']} bars from {utc(row['high_ts'])} "
                "to "
                f"{utc(row['low_ts'])}"
            ),
            row["source_id"],
        )
