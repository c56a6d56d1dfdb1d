"""The day in one screen."""

from __future__ import annotations

from functools import partial

import polars as pl
import streamlit as st

from analytics.liquidations import boards, disputes, headline, pace
from analytics.market import prices, timeline
from analytics.who_paid import adl_seconds
from charts.liquidations import exchange_bars
from charts.market import hero
from charts.words import clock, number, percent, usd, usd_range, utc
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.choose import chosen_day
from pages.shared.columns import NUMBER, TEXT
from pages.shared.feeds import strip
from pages.shared.tiles import figures
from pages.shared.words import market, safe


def elsewhere() -> str:
    """What other markets and an index printed at their lowest: one market's low is not the price of Bitcoin."""
    lows = ask(disputes.lows, base_asset="BTC", crash_day=crash_day).filter(pl.col("confidence") != "low")
    index = lows.filter(pl.col("kind") == "index")
    traded = lows.filter((pl.col("kind") == "trade") & (pl.col("precision") != "hour"))
    said = [f"an index over many venues fell to {number(row['value'])}" for row in index.head(1).iter_rows(named=True)]
    if traded.height:
        lowest, highest = traded.select(pl.min("value"), highest=pl.max("value")).row(0)
        said.append(f"published lows of single venues run from {number(lowest)} to {number(highest)}")
    return f"The low is that of one market: {', '.join(said)}." if said else ""


def below(windows: pl.DataFrame, closed: pl.DataFrame) -> str:
    """What stands under the price, each on a scale of its own."""
    parts = []
    if windows.height:
        universe = windows["universe"][0]
        parts.append(f"liquidations as {windows['origin'][0]} states them by window ({universe}; averages, log scale)")
    if closed.height:
        parts.append(f"auto-deleveraging on {closed['name'][0]} by second, and in all so far")
    return f". Below, never added to each other: {'; '.join(parts)}" if parts else ""


top = st.container(horizontal=True, vertical_alignment="bottom")
heading = top.container(width="stretch")
day = chosen_day(top)
crash_day = day["crash_day"]

total = ask(headline.total, crash_day=crash_day)
sides = ask(headline.sides, crash_day=crash_day)
if total.is_empty():
    heading.title(safe(f"{day['title']}: no total was published that can be quoted"))
else:
    figure = total.row(0, named=True)
    heading.title(safe(f"{day['title']}: at least {usd(figure['value'])} of positions were liquidated"))
    heading.markdown(
        "“At least”, because trackers add up what exchange feeds let through, and some feeds let through one "
        "order a second. "
        "Every figure here names its source in one click; where that is a copy, the figure says second-hand."
    )

shown = [("All venues", f"≥ {usd(row['value'])}", row) for row in total.iter_rows(named=True)]
for row in ask(headline.estimate, crash_day=crash_day).iter_rows(named=True):
    shown.append(("True size, estimate", usd_range(row["value"], row["high"]), row))
for row in sides.iter_rows(named=True):
    shown.append((f"{row['side'].title()}s, {percent(row['of_both_pct'], 0)}", usd(row["value"]), row))
for label, name, words in (
    ("Traders liquidated", "traders_liquidated", lambda value: f"≥ {number(value)}"),
    ("Largest single order", "largest_single_liquidation", lambda value: f"≥ {usd(value)}"),
):
    shown += [
        (label, words(row["value"]), row)
        for row in ask(headline.metric, crash_day=crash_day, name=name).iter_rows(named=True)
    ]
figures(shown, key="headline")

start, end = day["focus_start"], day["focus_end"]
bitcoin = ask(prices.bitcoin, start=start, end=end)
if bitcoin.is_empty():
    card(
        "Bitcoin through the crash",
        bitcoin,
        key="bitcoin",
        about="Price by minute, UTC",
        empty="No price bars of this day are in the warehouse. Fetch them: python -m pipelines refresh --event "
        + crash_day,
    )
else:
    first, last = bitcoin.select(pl.min("ts"), last=pl.max("ts")).row(0)
    moments = ask(timeline.moments, timeline=crash_day, start=first, end=last)
    moments = moments.filter(
        pl.col("precision").is_in(["second", "minute"])
        & (pl.col("confidence") == "high")
        & pl.col("category").is_in(["news", "liquidation", "adl", "low", "outage", "depeg"])
    )
    moments = moments.unique(subset="ts", keep="first", maintain_order=True).with_columns(
        number=pl.int_range(1, pl.len() + 1)
    )
    title, measured, alt = "Bitcoin through the crash", "", f"Line chart of Bitcoin from {utc(first)} to {utc(last)}."
    for fall in ask(prices.fall, base="BTC", start=start, end=end, since=day["t0"]).iter_rows(named=True):
        if fall["drop_pct"] < 0:
            where = f"{fall['name']}'s {market(fall['market'])}"
            title = (
                f"Bitcoin on {where} fell {percent(-fall['drop_pct'])} in {fall['minutes']:.0f} minutes, to "
                f"{number(fall['low'])}"
            )
        measured = f". Fall measured from the price at {utc(fall['before_at'])}"
        alt = (
            f"Line chart of {fall['symbol']} from {utc(first)} to {utc(last)}: from {number(fall['before'])} to a "
            f"low of {number(fall['low'])} at {utc(fall['low_ts'])}."
        )
    windows = ask(pace.by_window, crash_day=crash_day)
    windows = windows.filter((pl.col("window_start") < last) & (pl.col("window_end") > first))
    closed = ask(adl_seconds.by_second, start=first, end=last)
    path, listed = st.columns([3, 2]) if moments.height else (st.container(), None)
    with path:
        card(
            title,
            pl.concat([bitcoin, windows, closed], how="diagonal_relaxed"),
            partial(hero.picture, bitcoin, moments, windows, closed),
            key="bitcoin",
            about=(
                f"{bitcoin['symbol'][0]} on {bitcoin['venue'][0].title()}, {bitcoin['interval'][0]} bars: close, "
                f"and the band from low to high, UTC{measured}{below(windows, closed)}"
            ),
            alt=alt,
            note=elsewhere(),
        )
    if listed is not None:
        clocks = [clock(ts, precision) for ts, precision in moments.select("ts", "precision").iter_rows()]
        with listed:
            card(
                f"The {moments.height} moments on the chart",
                moments.with_columns(pl.Series("when", clocks, pl.String)),
                key="moments",
                about=(
                    "Reported with high confidence, to the minute or second. All moments of the day are on the "
                    "Cascade page. UTC"
                ),
                table={
                    "number": NUMBER("No.", width=40),
                    "when": TEXT("When", width=75),
                    "title": TEXT("What", width="large"),
                    "venue": TEXT("Who"),
                    "note": TEXT("Note", width="large"),
                },
            )

left, right = st.columns(2)
with left:
    known = ask(boards.every, crash_day=crash_day).filter(pl.col("phase") == "crash")
    if known.is_empty():
        card(
            "Liquidations by exchange",
            known,
            key="exchanges",
            about="USD",
            empty="No board of this day names its exchanges.",
        )
    else:
        board = known.row(0, named=True)
        rows = ask(boards.by_exchange, board=board["board"])
        leader = rows.row(0, named=True)
        card(
            f"{leader['name']} reported the most: {usd(leader['total_usd'])}"
            + ("" if leader["share_pct"] is None else f", {percent(leader['share_pct'], 0)} of the board"),
            rows,
            partial(exchange_bars.liquidations, rows),
            key="exchanges",
            about=f"{board['origin']}, {board['window_label']}. USD, long and short together unless split",
            alt="Bars: " + ", ".join(map(" ".join, zip(rows["name"], exchange_bars.amounts(rows), strict=True))),
            note=(
                "The order of the bars is the order of what was published, not of what happened: what each feed "
                "let through stands below."
            ),
        )
with right:
    sizes = ask(disputes.sizes, crash_day=crash_day)
    amounts = [usd_range(low, high) for low, high in sizes.select("low", "high").iter_rows()]
    card(
        "How much was it? The answers differ by what is counted",
        sizes.with_columns(pl.Series("amount", amounts, pl.String)),
        key="sizes",
        about=(
            "Published totals of the crash, one row per way of counting; the rows are not comparable with each "
            "other. USD"
        ),
        table={
            "universe": TEXT("What is covered", width="medium"),
            "counting": TEXT("Counting"),
            "amount": TEXT("Lowest to highest"),
            "readings": NUMBER("Readings"),
            "origin": TEXT("Number by"),
        },
        note=(
            "floor: a tracker's sum of published feeds. estimate: not measured. Readings of one tracker grow "
            "through the night, as late reports arrive."
        ),
    )
if known.height:
    strip(day, tuple(rows.filter(~pl.col("computed"))["venue"]))

wrong = ask(timeline.disputed, timeline=crash_day)
if not wrong.is_empty():
    card(
        "In circulation, and wrong",
        wrong,
        key="wrong",
        about="Reported moments that do not hold; never drawn on a chart. UTC",
        table={
            "title": TEXT("Claim", width="large"),
            "note": TEXT("Why it is wrong", width="large"),
        },
    )
