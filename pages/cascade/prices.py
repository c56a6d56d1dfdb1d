"""Prices by venue, volume and funding of one asset."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from analytics.market import flows, funding, prices
from charts.market import flow, price
from charts.market import funding as funding_chart
from charts.words import clock, utc
from pages.shared import words
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.choose import say_unusable
from pages.shared.columns import NUMBER, TEXT, TIME
from pages.shared.time_range import chosen_reference

PRICE, PERCENT = "Price", "Percent"


def show(day: dict[str, Any], start: datetime, end: datetime) -> None:
    assets = ask(prices.assets, start=day["window_start"], end=day["window_end"])
    if assets.is_empty():
        card(
            "Prices by venue",
            assets,
            key="prices",
            about=words.span(start, end),
            empty=words.not_fetched("price bars", day["crash_day"]),
        )
        return
    controls = st.container(horizontal=True, vertical_alignment="bottom")
    base = _asset(controls, assets["base"].to_list())
    reference = _reference(controls, day)
    market = _market(controls, ask(flows.markets, base=base, start=start, end=end))
    _prices(base, start, end, reference)
    left, right = st.columns(2)
    with left:
        _volume(base, market, start, end)
    with right:
        _funding(base, start, end)
    _lowest(base, start, end, reference)


def _asset(container: Any, known: list[str]) -> str:
    say_unusable("asset", known, "asset")
    return container.selectbox("Asset", known, key="asset", bind="query-params", persist_state="page", width=160)


def _reference(container: Any, day: dict[str, Any]) -> datetime | None:
    say_unusable("scale", [PRICE, PERCENT], "scale")
    scale = container.segmented_control(
        "Scale",
        [PRICE, PERCENT],
        default=PRICE,
        required=True,
        key="scale",
        bind="query-params",
        persist_state="page",
    )
    return chosen_reference(day, container) if scale == PERCENT else None


def _market(container: Any, markets: pl.DataFrame) -> dict[str, Any] | None:
    """The market whose volume is drawn: volumes of different markets and bar lengths do not share an axis."""
    named = {f"{row['name']} {row['symbol']} {row['market']}": row for row in markets.iter_rows(named=True)}
    if not named:
        return None
    say_unusable("market", list(named), "market")
    chosen = container.selectbox(
        "Volume of",
        list(named),
        key="market",
        bind="query-params",
        persist_state="page",
        width=280,
    )
    return named[chosen]


def _prices(base: str, start: datetime, end: datetime, reference: datetime | None) -> None:
    paths = ask(prices.paths, base=base, start=start, end=end, reference=reference)
    lowest = ask(prices.lowest, base=base, start=start, end=end, reference=reference)
    traded = lowest.filter(pl.col("kind") == "trade")
    about = (
        f"{words.span(start, end)}. Lines: closes, drawn where each bar ends. Dots: each market's lowest, drawn "
        "across its bar. Dashed: mark price. A missing bar is a gap"
    )
    if traded.is_empty():
        card(
            f"{base} by venue",
            paths,
            partial(price.by_venue, paths, start, end, reference) if paths.height else None,
            key="prices",
            about=about,
            empty=f"No bar of {base} begins in this range. A wider range may hold some.",
        )
        return
    low = traded.row(0, named=True)
    title = (
        f"{base} printed lowest on {low['name']} {words.market(low['market'])}: {words.price(low['low'])} "
        f"{low['quote']}, {_when(low)}"
    )
    if low["low_pct"] is not None:
        title += f", {low['low_pct']:.1f} % of its price at {clock(low['reference_at'])}"
    card(
        title,
        paths,
        partial(price.by_venue, paths, start, end, reference),
        key="prices",
        about=about,
        alt=f"Lines of {base} on {lowest.height} markets. Lowest prints: "
        + ", ".join(f"{row['name']} {row['symbol']} {words.price(row['low'])}" for row in traded.iter_rows(named=True)),
        note=" ".join(filter(None, (_missing_reference(lowest, reference), _coarse(paths)))),
    )


def _coarse(paths: pl.DataFrame) -> str:
    long = paths.filter("coarse").select("name", "symbol", "kind", "interval").unique(maintain_order=True)
    if long.is_empty():
        return ""
    names = ", ".join(
        f"{row['name']} {row['symbol']} {row['kind']}, {row['interval']}" for row in long.iter_rows(named=True)
    )
    return f"Without a line, because a line between so few closes would hide the fall: {names}."


def _missing_reference(lowest: pl.DataFrame, reference: datetime | None) -> str:
    without = lowest.filter(pl.col("reference_price").is_null())
    if reference is None or without.is_empty():
        return ""
    names = ", ".join(f"{row['name']} {row['symbol']} {row['kind']}" for row in without.iter_rows(named=True))
    return f"Not drawn, because no bar closed in the hour up to {utc(reference)}: {names}."


def _lowest(base: str, start: datetime, end: datetime, reference: datetime | None) -> None:
    rows = ask(prices.lowest, base=base, start=start, end=end, reference=reference)
    percent = {
        "low_pct": NUMBER("% of reference", format="%.2f"),
        "reference_price": NUMBER("Reference price", format="%.8g"),
        "reference_at": TIME("taken at", format="MMM D, HH:mm:ss"),
    }
    card(
        f"The lowest price of {base} depends on where one looks",
        rows,
        key="lowest",
        about=(
            f"{words.span(start, end)}. The low lies somewhere between “from” and “until”: a bar does not say when. UTC"
        ),
        table={
            "name": TEXT("Venue"),
            "symbol": TEXT("Market"),
            "market": TEXT("Kind"),
            "kind": TEXT("Price"),
            "interval": TEXT("Bars of"),
            "low": NUMBER("Lowest", format="%.8g"),
            "quote": TEXT("in"),
            "low_from": TIME("from", format="MMM D, HH:mm:ss"),
            "low_until": TIME("until", format="MMM D, HH:mm:ss"),
            **(percent if reference else {}),
            "bars": NUMBER("Bars in range"),
        },
        note=(
            "Each market is shown at the finest interval that covers the range; one that printed nothing in the "
            "five minutes up to the low has none. Mark prices and indices are computed: nobody traded at them, and "
            "they stand last."
        ),
        empty=f"No bar of {base} begins in this range.",
    )


def _volume(base: str, market: dict[str, Any] | None, start: datetime, end: datetime) -> None:
    about = f"{words.span(start, end)}. Traded volume in {base}, bar by bar"
    if market is None:
        card(
            f"Volume of {base}",
            pl.DataFrame(),
            key="volume",
            about=about,
            empty=f"No traded volume of {base} is known in this range.",
        )
        return
    bars = ask(flows.by_bar, market=tuple(market[column] for column in prices.LINE), start=start, end=end)
    busiest = bars.row(int(bars["volume_base"].arg_max() or 0), named=True)
    length = words.LENGTHS[busiest["interval"]]
    known = busiest["taker_sell_pct"] is not None
    card(
        (
            f"{market['name']}'s busiest {length} began at "
            f"{clock(busiest['ts'], 'minute' if length != 'second' else 'second')}: "
            f"{words.amount(busiest['volume_base'])} {base}"
        )
        + (f", {busiest['taker_sell_pct']:.0f} % of it sold by takers" if known else ""),
        bars,
        partial(flow.volume, bars, start, end),
        key="volume",
        about=about,
        alt=(
            f"Columns of traded volume on {market['name']} {market['symbol']}, the largest "
            f"{words.amount(busiest['volume_base'])} {base} at {utc(busiest['ts'])}."
        ),
        note=""
        if known
        else "Which side took the liquidity is not known for these bars: this source gives the volume only.",
    )


def _funding(base: str, start: datetime, end: datetime) -> None:
    payments = ask(funding.around, base=base, start=start, end=end)
    about = "Payments of the range and of a day on either side of it; the range is shaded. Percent of the position, UTC"
    if payments.is_empty():
        others = ", ".join(ask(funding.assets, start=start, end=end)["base"])
        card(
            f"Funding of {base}",
            payments,
            key="funding",
            about=about,
            empty=f"No funding rate of {base} is known around this range."
            + (f" Known are: {others}." if others else ""),
        )
    for same in payments.partition_by("interval_hours", maintain_order=True):
        low, hours = same.row(int(same["rate_pct"].arg_min() or 0), named=True), same["interval_hours"][0]
        card(
            (
                f"Lowest funding: {words.signed(low['rate_pct'])} % per {hours:g} h on {low['name']}, paid "
                f"{utc(low['ts'])}"
            ),
            same,
            partial(funding_chart.rates, same, start, end),
            key=f"funding-{hours:g}",
            about=about,
            alt=(
                f"Funding rates of {base} by venue; the lowest {words.signed(low['rate_pct'])} % on {low['name']} "
                f"at {utc(low['ts'])}."
            ),
        )


def _when(low: dict[str, Any]) -> str:
    if low["interval"] == "1m":
        return f"at {clock(low['low_from'])}"
    precision = "second" if low["interval"] == "1s" else "minute"
    return f"between {clock(low['low_from'], precision)} and {clock(low['low_until'], precision)}"
