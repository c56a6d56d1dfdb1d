"""Who was liquidated: sides, assets, sizes and concentration of one feed's single liquidations, or what was published
per asset."""

from __future__ import annotations

from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from analytics.liquidations import event_feeds, losses
from charts.liquidations import inequality
from charts.terms import COMPLETENESS
from charts.words import number, percent, usd
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.choose import say_unusable
from pages.shared.columns import NUMBER, TEXT, TIME, whole_money

SIDES = {
    "liquidated_side": TEXT("Side"),
    "orders": NUMBER("Orders", format="localized"),
    "total_usd": whole_money("Sum"),
    "share_pct": NUMBER("Share, %", format="%.1f"),
}
ASSETS = {
    "base_asset": TEXT("Asset"),
    "total_usd": whole_money("Sum"),
    "share_pct": NUMBER("Share, %", format="%.1f"),
    "long_usd": whole_money("Long"),
    "short_usd": whole_money("Short"),
    "orders": NUMBER("Orders", format="localized"),
}
LARGEST = {
    "ts": TIME("Time, UTC", format="YYYY-MM-DD HH:mm:ss.SSS", timezone="UTC"),
    "symbol": TEXT("Market"),
    "liquidated_side": TEXT("Side"),
    "notional_usd": whole_money("Value"),
    "price": NUMBER("Price", format="localized"),
    "price_kind": TEXT("Price is a"),
    "quantity_base": NUMBER("Quantity", format="localized"),
}
PUBLISHED = {
    "asset": TEXT("Asset"),
    "total_usd": whole_money("Total"),
    "share_pct": NUMBER("Share of the board, %", format="%.1f"),
    "window_label": TEXT("Window", width="medium"),
    "origin": TEXT("Number by"),
}


def show(day: dict[str, Any], board: dict[str, Any] | None) -> None:
    span = {"start": day["window_start"], "end": day["window_end"]}
    feeds = ask(event_feeds.feeds, **span)
    if feeds.is_empty():
        st.info(
            "No single liquidations of this day are in the warehouse, so sides, sizes and concentration are not known. "
            "`python -m pipelines sources` lists what can be fetched; `hyperliquid_sqd`, `deribit_trades` and "
            "`bitfinex_liquidations` reach Oct. 2025 without a key.",
            icon=":material/help:",
        )
    else:
        _single(_chosen(feeds), span)
    assets = ask(losses.published_assets, board=board["board"]) if board else pl.DataFrame()
    largest = assets.row(0, named=True) if assets.height else None
    card(
        f"{largest['asset']} was liquidated most: {usd(largest['total_usd'])}"
        if largest
        else "Liquidations by asset, as published",
        assets,
        key="published-assets",
        about="As published per asset over all venues of the board; assets it does not name are not known. USD",
        table=PUBLISHED,
        empty="No board of this day names assets.",
    )


def _chosen(feeds: pl.DataFrame) -> dict[str, Any]:
    """The feed and mechanism of this view, by link or by choice."""
    named = feeds.with_columns(key=pl.concat_str("venue", "feed", "mechanism", separator=" | "))
    names = named["key"].to_list()
    say_unusable("feed", names, "feed")
    key = st.selectbox("Feed and mechanism", names, key="feed", bind="query-params", width=420)
    return named.row(by_predicate=pl.col("key") == key, named=True)


def _single(feed: dict[str, Any], span: dict[str, Any]) -> None:
    asked = {name: feed[name] for name in ("venue", "feed", "mechanism")} | span
    told = (
        f"{feed['name']}, {feed['feed']}, mechanism {feed['mechanism']}; it lets through "
        f"{COMPLETENESS[feed['completeness']]}. USD"
    )
    row = ask(losses.concentration, **asked).row(0, named=True)
    sides, assets = ask(losses.by_side, **asked), ask(losses.by_asset, **asked)
    top = assets.row(0, named=True)
    most = sides.sort("total_usd", descending=True).row(0, named=True)
    card(
        (
            f"{most['liquidated_side'].title()}s were {percent(most['share_pct'], 0)} of {usd(row['total_usd'])} "
            "liquidated"
        ),
        _with_regime(sides, feed),
        key="sides",
        about=told,
        table=SIDES,
    )
    _inequality(feed, asked, row, told)
    card(
        f"{top['base_asset']} makes up {percent(top['share_pct'], 0)}",
        _with_regime(assets, feed),
        key="assets",
        about=told,
        table=ASSETS,
    )
    card(
        f"The largest single one: {usd(row['largest_usd'])}",
        _with_regime(ask(losses.largest, **asked), feed),
        key="largest",
        about=told,
        table=LARGEST,
    )


def _inequality(feed: dict[str, Any], asked: dict[str, Any], row: dict[str, Any], told: str) -> None:
    sizes = ask(losses.by_size, **asked)
    left, right = st.columns(2)
    with left:
        points = ask(losses.lorenz, **asked)
        card(
            _unequal(row),
            _with_regime(points, feed),
            partial(inequality.lorenz, points),
            key="lorenz",
            about=f"Lorenz curve of {number(row['orders'])} orders. {told}",
            alt=_unequal(row),
            note=f"Where a venue publishes fills, an order is a fill: one position may be many.{_of_feed(feed)}",
        )
    with right:
        card(
            _by_size(sizes),
            _with_regime(sizes, feed),
            partial(inequality.sizes, sizes),
            key="sizes",
            about=f"Orders by powers of ten. {told}",
            alt="; ".join(
                f"{usd(one['from_usd'])} to {usd(one['to_usd'])}: {number(one['orders'])}"
                for one in sizes.iter_rows(named=True)
            ),
            note=f"Shares in the number and in the sum, each of one hundred percent.{_of_feed(feed)}",
        )


def _of_feed(feed: dict[str, Any]) -> str:
    """That a feed which hides a part has a distribution of its own, in a sentence that follows another."""
    if feed["completeness"] == "complete":
        return ""
    return " This is the distribution of what the feed lets through; that of all liquidations is another and not known."


def _with_regime(rows: pl.DataFrame, feed: dict[str, Any]) -> pl.DataFrame:
    """The rows with the feed they are of and what it lets through, for whoever takes them elsewhere."""
    told = ("venue", "feed", "mechanism", "completeness", "established", "rule")
    return rows.with_columns(**{name: pl.lit(feed[name]) for name in told})


def _by_size(sizes: pl.DataFrame) -> str:
    most = sizes.sort("share_pct", descending=True).row(0, named=True)
    return (
        f"Orders of {usd(most['from_usd'])} to {usd(most['to_usd'])} make up {percent(most['share_pct'], 0)} of the sum"
    )


def _unequal(row: dict[str, Any]) -> str:
    if row["gini"] is None:
        return "One order is everything there is"
    gini = f"Gini {row['gini']:.2f}"
    if row["top_pct_share"] is None:
        return f"{gini}; too few orders to name the largest hundredth"
    return f"The largest 1 % of orders are {percent(row['top_pct_share'], 0)} of the sum; {gini}"
