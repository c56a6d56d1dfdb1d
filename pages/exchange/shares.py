"""Shares of exchanges over time, and their places in lists of single moments."""

from __future__ import annotations

from functools import partial

import polars as pl

from analytics.exchange import shares
from charts.exchange import shares as share_lines
from charts.terms import listed
from charts.words import percent, utc
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.choose import chosen_by_id
from pages.shared.columns import NUMBER, TEXT, whole_money
from pages.shared.words import dated

KINDS = {"month": "by month", "month end": "at month's end", "quarter": "by quarter", "year": "by year"}
MARKETS = {"spot": "spot", "derivatives": "derivatives", "open_interest": "open interest"}
LISTS = {
    "when": TEXT("Read"),
    "origin": TEXT("List by"),
    "ranked_by": TEXT("Ranked by"),
    "market": TEXT("Market"),
    "rank": NUMBER("Place"),
    "name": TEXT("Exchange"),
    "volume_24h_usd": whole_money("24 h volume, USD"),
    "confidence": TEXT("Confidence"),
    "note": TEXT("Note", width="large"),
}
FALLEN = "ftx"
"""The exchange whose place in these lists readers ask for: it failed in November 2022."""


def show() -> None:
    wholes = ask(shares.wholes)
    names = {
        row["scope"]: f"{row['origin']}: {MARKETS[row['market']]}, {KINDS[row['period_kind']]}"
        for row in wholes.iter_rows(named=True)
    }
    if names:
        scope = chosen_by_id("Share of what", names, key="whole", what="share", width=420)
        _over_time(wholes.row(by_predicate=pl.col("scope") == scope, named=True))
    _lists()


def _over_time(whole: dict[str, object]) -> None:
    rows = ask(shares.over_time, scope=whole["scope"])
    known = rows.filter((pl.col("venue") != "all") & pl.col("share_pct").is_not_null())
    largest = known.sort("share_pct")["venue"][-1]
    own = known.filter(pl.col("venue") == largest).sort("period_start")
    start, end = own.row(0, named=True), own.row(-1, named=True)
    title = f"{end['name']} had {percent(end['share_pct'])} in {utc(end['period_start'], 'month')}"
    if own.height > 1:
        title += f", {percent(start['share_pct'])} in {utc(start['period_start'], 'month')}"
    card(
        title,
        rows,
        partial(share_lines.over_time, rows),
        key="shares",
        about=(
            f"Share of {whole['share_of']}, {MARKETS[str(whole['market'])]}, {KINDS[str(whole['period_kind'])]}, "
            f"counted by {whole['origin']}. Each period stands at its first day"
        ),
        alt=f"Lines of shares of {rows['venue'].n_unique()} exchanges.",
        note=(
            "Every publisher takes another whole: the ten largest, or all it follows. Shares of two wholes do not "
            "compare. An exchange without a dot in a period was not named in it; a line only joins its dots. "
            "Readings of low confidence are in the CSV, and are not drawn."
        ),
    )


def _lists() -> None:
    rows = ask(shares.lists)
    fallen = rows.filter(pl.col("venue") == FALLEN)
    places = [
        f"{row['rank']} by {row['ranked_by']} in {utc(row['as_of'], row['as_of_precision'])} ({row['origin']})"
        for row in fallen.iter_rows(named=True)
    ]
    card(
        f"{fallen['name'][0]} stood at place {listed(places)}" if places else "Places in lists of exchanges",
        dated(rows, "as_of", "as_of_precision") if rows.height else rows,
        key="lists",
        about=(
            "Lists of exchanges read at single moments. Trust, score and open interest are three orders: no line "
            "joins them"
        ),
        note=(
            "The lists of 2021 and 2022 are kept in public repositories and bear no date: theirs is inferred from what "
            "stands in them, or is the last it can be."
        ),
        table=LISTS,
        empty="No list of exchanges is kept here.",
    )
