"""The ranks and the trailing volume of one exchange, and how they went."""

from __future__ import annotations

from functools import partial
from typing import Any

import polars as pl

from analytics.exchange import profile
from charts.exchange import ranks
from charts.words import each, number, utc
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.columns import NUMBER, TEXT, money

Row = dict[str, Any]
RANKS = {
    "market": TEXT("Market"),
    "rank": NUMBER("Rank"),
    "trust_score": NUMBER("Trust score, of 10"),
    "volume_24h_btc": money("Trailing 24 h, BTC"),
    "volume_24h_usd": money("Trailing 24 h, USD then"),
    "open_interest_btc": money("Open interest, BTC"),
    "read": TEXT("Read"),
    "state": TEXT("In the last list"),
    "readings": NUMBER("Readings"),
    "origin": TEXT("Number by"),
}


def ranking(venue: Row) -> None:
    """Rank, score and trailing volume, and their history where there are several readings."""
    last = ask(profile.latest_ranks, venue=venue["venue"])
    state = {True: "listed", False: "no longer listed", None: "no list read yet"}
    card(
        _rank_words(venue, last),
        last.with_columns(
            read=each(utc, last, "as_of", "as_of_precision"),
            state=each(state.get, last, "listed"),
        ),
        key="ranks",
        about=(
            "The last reading of each ranking. Volume is that of the 24 hours before, in USD at the price of that "
            "instant. Spot and futures are ranked apart"
        ),
        table=RANKS,
        empty=(
            f"No rank of {venue['name']} is recorded yet. Ranks are read with each refresh; of the past only what "
            "was quoted is known, and a few lists under “Shares over time”."
        ),
    )
    history = ask(profile.ranks, venue=venue["venue"])
    for (market,), part in history.group_by("market", maintain_order=True):
        _history(venue, str(market), part)


def _rank_words(venue: Row, last: pl.DataFrame) -> str:
    placed = last.filter(pl.col("rank").is_not_null())
    if placed.is_empty():
        return f"{venue['name']}: no rank is known"
    row = placed.row(0, named=True)
    gone = "; since then it is no longer listed" if row["listed"] is False else ""
    return (
        f"{venue['name']} ranked {row['rank']} among {row['market']} exchanges at {row['origin']}, "
        f"{utc(row['as_of'], row['as_of_precision'])}{gone}"
    )


def _history(venue: Row, market: str, part: pl.DataFrame) -> None:
    """How the rank and the trailing volume of one market went, where there are at least two readings."""
    for column, draw, what, unit in (
        ("rank", ranks.place, "Rank", ""),
        ("volume_24h_btc", ranks.volume, "Trailing volume", " BTC"),
    ):
        known = part.filter(pl.col(column).is_not_null()).sort("as_of")
        if known.height < 2:
            continue
        first, last = known.row(0, named=True), known.row(-1, named=True)
        said = [f"{number(row[column])}{unit} on {utc(row['as_of'], 'day')}" for row in (first, last)]
        card(
            f"{what} on {market}: {', '.join(said)}",
            known,
            partial(draw, known),
            key=f"{column}-{market}",
            about=(
                f"{venue['name']}, {market}, {known.height} readings. Readings more than two days apart are not "
                "joined; trailing 24 hours overlap where readings are closer than a day. UTC"
            ),
            alt=(
                f"{what} of {venue['name']} at {known.height} readings from {utc(first['as_of'])} to "
                f"{utc(last['as_of'])}."
            ),
        )
