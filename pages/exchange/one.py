"""One exchange: its ranks, what it traded and had liquidated on the day, what it said, what it paid, and other crash days."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from analytics.exchange import profile
from analytics.liquidations import regimes, venue_reports
from charts.exchange import ranks
from charts.market import minute_volume
from charts.terms import COMPLETENESS, COUNTING, PHASES
from charts.words import clock, each, number, usd, utc
from pages.exchange.words import MOMENTS, REPORTS, STATED, stated, worded
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.choose import say_unusable
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
WINDOWS = {
    "market": TEXT("Market"),
    "window": TEXT("Window"),
    "volume_usd": money("Traded, USD"),
    "assets": NUMBER("Assets named"),
}
LIQUIDATIONS = {
    "title": TEXT("Day"),
    "part": TEXT("Window covers"),
    "window_label": TEXT("Window"),
    "asset": TEXT("Asset"),
    "total_usd": money("Total, USD"),
    "long_usd": money("Long, USD"),
    "short_usd": money("Short, USD"),
    "counting": TEXT("Counting"),
    "origin": TEXT("Number by"),
    "read": TEXT("As of"),
    "trust": TEXT("Trust"),
    "note": TEXT("Note", width="large"),
}
FEEDS = {
    "feed": TEXT("Feed"),
    "state": TEXT("Lets through"),
    "since": TEXT("Since"),
    "rule": TEXT("Rule", width="large"),
    "evidence": TEXT("What shows it", width="large"),
}
PAID = ("insurance", "adl", "compensation", "losses", "backpack")


def show(venue: Row, day: Row) -> None:
    if not _gone(venue, day):
        on_the_day(venue, day)
    st.header("Rank and trailing volume", divider="gray")
    ranking(venue)
    st.header("Other crash days", divider="gray")
    other_days(venue, day)


def on_the_day(venue: Row, day: Row) -> None:
    st.header("Liquidations on the day", divider="gray")
    liquidated(venue, day)
    st.header("Traded volume on the day", divider="gray")
    volume(venue, day)
    st.header("What happened and what was said", divider="gray")
    moments(venue, day)
    st.header("Insurance, auto-deleveraging, compensation, losses", divider="gray")
    paid(venue, day)


def _gone(venue: Row, day: Row) -> bool:
    """Whether the exchange had closed before the day: then there is nothing that is not known of it."""
    return venue["closed_by"] is not None and venue["closed_by"] <= day["window_start"]


def finding(venue: Row, day: Row) -> str:
    """The exchange and the day in one line: what was liquidated, and its rank, as far as they are known."""
    if _gone(venue, day):
        return f"{venue['name']} had closed before {day['title']}"
    quoted = _quotable(_liquidations(venue).filter(pl.col("crash_day") == day["crash_day"]))
    placed = ask(profile.latest_ranks, venue=venue["venue"]).filter(pl.col("rank").is_not_null())
    ranked = f"rank {placed['rank'][0]} on {utc(placed['as_of'][0], 'day')}" if placed.height else "no rank known"
    return f"{venue['name']}, {day['title']}: {_between(quoted) or 'liquidations not known'}, {ranked}"


def _quotable(rows: pl.DataFrame) -> pl.DataFrame:
    """Totals of the crash that may be said, of one universe and kind of window, the one that was read most: not low,
    not both sides."""
    told = rows.filter(
        (pl.col("phase") == "crash")
        & (pl.col("asset") == "all")
        & (pl.col("confidence") != "low")
        & (pl.col("counting_code") != "two_sided")
        & pl.col("total_usd").is_not_null()
    )
    comparable = told.group_by("universe", "kind").agg(readings=pl.len(), most=pl.col("total_usd").max())
    return told.join(
        comparable.sort("readings", "most", descending=True).head(1), on=["universe", "kind"], maintain_order="left"
    )


def _between(quoted: pl.DataFrame) -> str:
    low, high = quoted["total_usd"].min(), quoted["total_usd"].max()
    if high is None:
        return ""
    window = min(quoted["window_label"], key=len)
    return f"{usd(low)}{'' if low == high else f' to {usd(high)}'} reported liquidated ({window})"


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
        about="The last reading of each ranking. Volume is that of the 24 hours before, in USD at the price of that instant. Spot and futures are ranked apart",
        table=RANKS,
        empty=f"No rank of {venue['name']} is recorded yet. Ranks are read with each refresh; of the past only what was quoted is known.",
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
    return f"{venue['name']} ranked {row['rank']} among {row['market']} exchanges at {row['origin']}, {utc(row['as_of'], row['as_of_precision'])}{gone}"


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
            draw(known),
            key=f"{column}-{market}",
            about=f"{venue['name']}, {market}, {known.height} readings. Readings more than two days apart are not joined; trailing 24 hours overlap where readings are closer than a day. UTC",
            alt=f"{what} of {venue['name']} at {known.height} readings from {utc(first['as_of'])} to {utc(last['as_of'])}.",
        )


def volume(venue: Row, day: Row) -> None:
    """Bar by bar where candles are known, and over published windows."""
    start, end = day["focus_start"], day["focus_end"]
    markets = ask(profile.traded_markets, venue=venue["venue"], start=start, end=end)
    labels = markets["label"].to_list()
    say_unusable("pair", labels, "market of this exchange")
    span = f"{utc(start)} to {clock(end)} UTC" if start.date() == end.date() else f"{utc(start)} to {utc(end)}"
    if labels:
        label = st.selectbox("Market", labels, key="pair", bind="query-params", width=300)
        market = markets.row(by_predicate=pl.col("label") == label, named=True)
        traded = ask(
            profile.volume_by_bar,
            venue=venue["venue"],
            **{name: market[name] for name in ("market", "symbol", "interval")},
            start=start,
            end=end,
        )
        peak = traded.row(int(traded["volume_base"].arg_max() or 0), named=True)
        card(
            f"{label}: most in the {market['interval']} bar of {clock(peak['ts'])}, {number(peak['volume_base'])} {peak['base']}",
            traded,
            minute_volume.bars(traded, venue["venue"], start, end),
            key="bars",
            about=f"Traded volume in {peak['base']}, {market['interval']} bars, {span}. One market of the exchange, not all of it; bars that are not known are missing",
            alt=f"Bars of the volume of {label}; the largest is {number(peak['volume_base'])} at {utc(peak['ts'])}.",
        )
    else:
        card(
            "Volume by minute",
            markets,
            key="bars",
            about=span,
            empty=f"No candles with volume of {venue['name']} are in the warehouse for {span}.",
        )
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


def liquidated(venue: Row, day: Row) -> None:
    """Every board that names the exchange, and what its feed let through."""
    every = _liquidations(venue)
    own = every.filter(pl.col("crash_day") == day["crash_day"])
    said = _between(_quotable(own)) or "none of them to quote"
    title = f"{own.height} figures of {venue['name']}: {said}" if own.height else f"Liquidations of {venue['name']}"
    card(
        title,
        own,
        key="liquidations",
        about="One row a board and asset. Rows differ in window, universe or counting: never added. USD",
        table={name: column for name, column in LIQUIDATIONS.items() if name != "title"},
        empty=f"No board of this day names {venue['name']}: how much was liquidated there is not known.",
    )
    held = ask(regimes.in_force, venues=(venue["venue"],), start=day["window_start"], end=day["window_end"])
    best = COMPLETENESS[held["completeness"][0]] if held.height else ""
    card(
        f"What its feed let through on that day: {best}" if best else "What its feed let through on that day",
        held.with_columns(
            state=pl.col("completeness").replace(COMPLETENESS),
            since=pl.col("valid_from").dt.strftime("%Y-%m-%d").fill_null("start not established"),
        ),
        key="regime",
        about="The rules of its feeds that held on the day, the best feed first",
        table=FEEDS,
        empty=f"No liquidation feed of {venue['name']} is described here for this day.",
    )


def _liquidations(venue: Row) -> pl.DataFrame:
    rows = worded(ask(profile.liquidations, venue=venue["venue"]))
    return rows.with_columns(
        pl.col("counting").alias("counting_code"),
        pl.col("counting").replace(COUNTING),
        part=pl.col("phase").replace(PHASES),
    )


def moments(venue: Row, day: Row) -> None:
    told = ask(profile.moments, venue=venue["venue"], crash_day=day["crash_day"])
    card(
        f"{told.height} moments are reported of {venue['name']}"
        if told.height
        else f"Outages and statements of {venue['name']}",
        worded(told, "ts", "precision"),
        key="moments",
        about="Outages, statements and what was reported of it on the day and after, each at the precision it is known with. UTC",
        table=MOMENTS,
        empty=f"Nothing is reported of {venue['name']} for this day: that is no proof that nothing happened.",
    )


def paid(venue: Row, day: Row) -> None:
    reports = ask(venue_reports.of_topics, crash_day=day["crash_day"], topics=PAID).filter(
        pl.col("venue") == venue["venue"]
    )
    card(
        f"{reports.height} published figures and statements" if reports.height else "Published figures",
        worded(reports).with_columns(pl.col("counting").replace(COUNTING)),
        key="paid",
        about="What its funds paid, whom it closed, what it gave back, who lost: one row a statement, never added",
        table={"topic": TEXT("Topic"), **REPORTS},
        empty=f"No insurance, ADL, compensation or loss figure of {venue['name']} was found for this day.",
    )
    rules = ask(profile.settlement_rules, venue=venue["venue"])
    card(
        "What it is reported to do with a negative balance",
        stated(rules),
        key="rules",
        about="Statements, not a rule book; try them in the settlement simulator",
        table=STATED,
        empty=f"What {venue['name']} does with a negative balance was not looked for.",
    )


def other_days(venue: Row, day: Row) -> None:
    """Its liquidations on other crash days, and reports that belong to no day or another."""
    others = _liquidations(venue).filter((pl.col("crash_day") != day["crash_day"]) & (pl.col("asset") == "all"))
    days = others["crash_day"].n_unique()
    card(
        f"It is named on boards of {days} other crash days" if days else f"Other crash days of {venue['name']}",
        others,
        key="others",
        about="Newest first. Feeds changed between the days, and windows differ: the rows do not make a series. USD",
        table=LIQUIDATIONS,
        empty=f"No board of another crash day names {venue['name']}.",
    )
    elsewhere = ask(profile.reports, venue=venue["venue"])
    elsewhere = elsewhere.filter(pl.col("crash_day").is_null() | (pl.col("crash_day") != day["crash_day"]))
    if elsewhere.height:
        card(
            f"{elsewhere.height} figures of other days, or of no crash day",
            worded(elsewhere),
            key="elsewhere",
            about="Apart from this day: not to be mixed with it",
            table={"title": TEXT("Crash day"), "topic": TEXT("Topic"), **REPORTS},
        )
