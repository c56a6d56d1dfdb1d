"""Liquidity: the order book where an archive of it can be trusted, and what it took to move the price instead."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from analytics.liquidations import venue_reports
from analytics.market import book_faults, depth, impact, phases
from charts import theme
from charts.market import depth as chart
from charts.market import impact as impact_chart
from charts.terms import listed
from charts.words import clock, number, usd, utc
from pages.microscope.controls import chosen_market
from pages.shared import words
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.columns import NUMBER, TEXT, TIME
from pages.shared.words import safe

RULES = (
    "Snapshots are refused by rule when a book is inverted (bids dearer than asks), shrinks outwards (a "
    "wider band holds less than the narrower one it contains), "
    f"or is frozen (a band repeats {book_faults.FROZEN} snapshots running while others change); where more "
    f"than {100 * book_faults.MOST_FAULTY:g} % are, the whole series is refused."
)

IMPACT_NOTE = (
    "A fallback, not depth: the ratio is small where much is traded, also while the price falls far, and in a quiet "
    "market it holds the bounce between bid and ask. Compare windows of one market only."
)


def show(day: dict[str, Any], start: datetime, end: datetime, base: str) -> None:
    drawn = _book(day, start, end, base)
    chosen = chosen_market(ask(impact.markets, base=base, start=start, end=end), "tape", "Impact on")
    if chosen is None:
        card(
            "Impact",
            pl.DataFrame(),
            key="impact",
            about=words.span(start, end),
            empty=f"No market of {base} with volume has bars in this range.",
        )
    else:
        _impact(day, *chosen, start, end, "Beside depth" if drawn else "In place of depth")
    _published(day)


def _book(day: dict[str, Any], start: datetime, end: datetime, base: str) -> bool:
    """Draw what can be trusted, list what cannot; returns whether anything is drawn."""
    window = day["window_start"], day["window_end"]
    books = ask(depth.judged, base=base, start=window[0], end=window[1])
    worthless, usable = books.filter("unusable"), books.filter(~pl.col("unusable"))
    if books.is_empty():
        fetch = f"python -m pipelines refresh --source binance_depth --event {day['crash_day']} --symbol {base}"
        st.info(
            safe(f"No order book of {base} on this day is in the warehouse. Binance's archive may hold one: {fetch}"),
            icon=":material/help:",
        )
    elif usable.is_empty():
        st.info(
            safe(f"No order book is drawn: no archive of {base}'s can be trusted. {RULES}"), icon=":material/block:"
        )
    drawn = [_depth(row, window, start, end) for row in usable.iter_rows(named=True)]
    if worthless.height:
        row = worthless.row(0, named=True)
        card(
            (
                f"{row['name']}'s archive of the {row['symbol']} book cannot be used: {row['faulty']:,} of "
                f"{row['snapshots']:,} snapshots show a book that cannot have stood"
            ),
            worthless,
            key="book-faults",
            about=f"{words.span(*window)}. Snapshots at fault by rule; one may break several",
            note=RULES if usable.height else "",
            table={
                "name": TEXT("Venue"),
                "symbol": TEXT("Market"),
                "snapshots": NUMBER("Snapshots", format="localized"),
                "faulty": NUMBER("At fault", format="localized"),
                "inverted": NUMBER("Inverted", format="localized"),
                "shrinking": NUMBER("Shrinking outwards", format="localized"),
                "frozen": NUMBER("Frozen", format="localized"),
                "first_fault_ts": TIME("First, UTC", format="YYYY-MM-DD HH:mm:ss"),
            },
        )
    return any(drawn)


def _depth(book: dict[str, Any], window: tuple[datetime, datetime], start: datetime, end: datetime) -> bool:
    series = book["venue"], book["symbol"], book["source_id"]
    rows = ask(depth.nearest, series=series, window=window, start=start, end=end)
    known = rows.filter(pl.col("bid_usd").is_not_null())
    title = f"Depth of {book['name']} {book['symbol']}"
    if known.height:
        least = known.sort("bid_usd", maintain_order=True).row(0, named=True)
        when = clock(least["ts"], "second") if start.date() == end.date() else utc(least["ts"], "second")
        title = (
            f"At {when} bids of {usd(least['bid_usd'])} were left within {least['band_pct']:g} % of the middle "
            f"on {book['name']} {book['symbol']}"
        )
    card(
        title,
        rows,
        partial(chart.nearest, rows, start, end) if rows.height else None,
        key=f"depth-{book['symbol']}",
        about=(
            f"{words.span(start, end)}. Value of bids and asks from the middle out to the band, as the archive "
            "states; of a long range the snapshots with the least"
        ),
        alt=title,
        note=(
            f"{book['faulty']:,} of {book['snapshots']:,} snapshots of {words.span(*window)} are left out by "
            f"rule. {RULES}"
        ),
        empty="The archive has no sound snapshot of the book in this range.",
    )
    return not rows.is_empty()


def _impact(
    day: dict[str, Any], market: dict[str, Any], key: tuple[str, ...], start: datetime, end: datetime, place: str
) -> None:
    named = f"{market['name']} {market['symbol']}"
    length = words.LENGTHS[market["interval"]]
    _order_flow(named, length, market, key, start, end)
    rows = ask(impact.windows, key=key, start=start, end=end).with_columns(venue=pl.lit(market["venue"]))
    rated = rows.filter(pl.col("impact_pct").is_not_null())
    about = (
        f"{words.span(start, end)}. {named}: absolute returns of the {length} bars of a window, summed, over the money "
        "traded in it (Amihud 2002, as a ratio of sums)"
    )
    if rated.is_empty():
        card(
            f"{place}: impact",
            rated,
            key="impact",
            about=about,
            empty=f"No window has {impact.LEAST_BARS} bars with volume in this range.",
        )
        return
    since = day["t0"] or day["focus_start"]
    worst = ask(impact.against_before, key=key, start=start, end=end, before=since)
    title = f"{place}: how far the price of {named} moved for the money traded"
    if worst.height:
        title = impact_title(f"{place}: {named}", worst.row(0, named=True), since)
    missing = rows.height - rated.height
    few = f"fewer than {impact.LEAST_BARS} bars, or less than {usd(rows['per_usd'][0])} traded."
    card(
        title,
        rows,
        partial(impact_chart.windows, rows, theme.venue_colour(market["venue"]), start, end),
        key="impact",
        about=about,
        alt=title,
        note=IMPACT_NOTE + (f" {missing} of {rows.height} windows have none: {few}" if missing else ""),
    )


def impact_title(named: str, row: dict[str, Any], since: datetime) -> str:
    """The window of most impact (`analytics.market.impact.against_before`) in words, beside the time before where
    that is
    known."""
    title = (
        f"{named} moved {number(row['impact_pct'], 2)} % for each {usd(row['per_usd'])} traded in "
        f"{clock(row['ts'])}–{clock(row['until'])}"
    )
    return title + (f"; before {clock(since)}, {number(row['usual_pct'], 2)} %" if row["usual_pct"] else "")


def _order_flow(
    named: str, length: str, market: dict[str, Any], key: tuple[str, ...], start: datetime, end: datetime
) -> None:
    rows = ask(impact.order_flow, key=key, parts=_parts(key, start, end)).with_columns(venue=pl.lit(market["venue"]))
    fitted = rows.filter(pl.col("slope_pct").is_not_null())
    about = (
        f"{words.span(start, end)}. {named}: slope of returns on taker buys less taker sells of {length} bars "
        "(Kyle 1985), with its 95 % interval (HC3)"
    )
    card(
        order_flow_title(named, rows),
        rows if fitted.height else fitted,
        partial(impact_chart.order_flow, rows, theme.venue_colour(market["venue"])) if fitted.height else None,
        key="order-flow",
        about=f"{about}. Parts by the phases found. Hollow: zero is possible, too",
        alt=order_flow_title(named, rows),
        note=(
            "Where the interval holds zero the flow does not explain the returns: who hit whom, and how thin "
            "the book was, changed too fast for one number."
        ),
        empty="The bars of this market do not say who took, or are too few.",
    )


def order_flow_title(named: str, rows: pl.DataFrame) -> str:
    """What a net sum of taker buys moved the price by (`analytics.market.impact.order_flow`), part by part, or that
    it is
    not identified."""
    fitted = rows.filter(pl.col("slope_pct").is_not_null())
    if fitted.is_empty():
        return f"{named}: what takers' flow moved is not known"
    if not fitted["identified"].any():
        return f"{named}: what takers' flow moved is not identified {listed(fitted['part'].to_list())}"
    said = [
        f"{row['slope_pct']:.2f} ± {row['high_pct'] - row['slope_pct']:.2f} % {row['part']}"
        if row["identified"]
        else f"not identified {row['part']}"
        for row in fitted.iter_rows(named=True)
    ]
    return f"Price move per net {usd(rows['per_usd'][0])} of takers, {named}: {', '.join(said)}"


def _parts(key: tuple[str, ...], start: datetime, end: datetime) -> tuple[impact.Part, ...]:
    """Before the market's cascade, in it until half is regained, and after; the whole range where it has none."""
    found = ask(phases.by_rule, key=key, start=start, end=end)
    at = {row["phase"]: row for row in found.iter_rows(named=True) if row["phase"]}
    if not {"cascade", "recovery"} <= set(at):
        return (("in the whole range", start, end),)
    begins, ends = at["cascade"]["begins"], at["recovery"]["ends"] or end
    fell = at["onset"]["begins"] if "onset" in at else start
    parts = (("in the sell-off before", fell, begins), ("in the cascade", begins, ends), ("after it", ends, end))
    return tuple(part for part in parts if part[1] < part[2])


def _published(day: dict[str, Any]) -> None:
    rows = ask(venue_reports.of_topics, crash_day=day["crash_day"], topics=("liquidity",))
    card(
        "What was published about depth",
        rows,
        key="liquidity-published",
        about="As published; definitions differ from row to row and do not compare",
        table={
            "metric": TEXT("Figure"),
            "value": NUMBER("Value", format="localized"),
            "unit": TEXT("Unit"),
            "value_text": TEXT("In words"),
            "origin": TEXT("Number by"),
            "confidence": TEXT("Confidence"),
            "note": TEXT("Note", width="large"),
        },
        empty="Nothing published about this day's order books is listed.",
    )
