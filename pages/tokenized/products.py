"""What the holder of each product gets, what was announced and exists, and the stocks on a crash day."""

from __future__ import annotations

from datetime import UTC
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from analytics.tokenized import closed_hours, products
from charts.tokenized import since_close
from charts.words import clock, number, percent
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.choose import chosen_day, say_unusable
from pages.shared.columns import NUMBER, TEXT, to_minute
from pages.tokenized.rule import Chosen, facts_asked
from pages.tokenized.words import dated

BACKPACK_ROUTE = ("Backpack", "Superstate", "Opening Bell")


DETAILS = {
    "question": TEXT("Fact"),
    "answer": TEXT("Answer"),
    "detail": TEXT("In words", width=620),
    "when": TEXT("Read"),
    "confidence": TEXT("Confidence"),
}
SINCE_CLOSE = {
    "symbol": TEXT("Token"),
    "name": TEXT("Exchange"),
    "market": TEXT("Market"),
    "reference_price": NUMBER("Price at the close"),
    "low": NUMBER("Lowest"),
    "low_pct": NUMBER("Against the close, %", format="%.2f"),
    "low_at": to_minute("In the bar of"),
    "traded_base": NUMBER("Traded, tokens", format="localized"),
    "traded_quote": NUMBER("Traded, in the quote currency", format="localized"),
    "quote": TEXT("Quote"),
}


def all_products(chosen: Chosen) -> None:
    rows = dated(ask(products.overview, ruleset=chosen.rule, own_rule=chosen.mine), "launched", "launched_precision")
    facts = [fact for fact in facts_asked() if fact in rows.columns]
    card(
        f"{rows.height} products and the facts that classify them",
        rows,
        key="products",
        about=(
            f"Class by the chosen rule: {chosen.name}. “Not known” is never guessed. Parts of another product are "
            "marked in the note and never added to it"
        ),
        table={
            "product": TEXT("Product", width="medium", pinned=True),
            "issuer": TEXT("Issuer"),
            "class_name": TEXT("Class"),
            **{fact: TEXT(products.question(fact)) for fact in facts},
            "when": TEXT("First day"),
            "tickers": NUMBER("Stocks"),
            "chains": TEXT("Chains"),
            "confidence": TEXT("Confidence"),
            "note": TEXT("Note", width="large"),
        },
    )
    ids = rows["product_id"].to_list()
    say_unusable("product", ids, "product")
    product = st.selectbox("Details of", ids, key="product", bind="query-params", width=320)
    row = rows.row(by_predicate=pl.col("product_id") == product, named=True)
    card(
        f"{row['product']}, {row['issuer']}",
        dated(ask(products.details, product_id=product)),
        key="product-details",
        about=(
            f"{row['issuing_entity'] or 'Who owes it is not known'}. Stocks: {number(row['tickers'])}. Chains: "
            f"{row['chains'] or 'not known'}"
        ),
        table=DETAILS,
        note=row["note"] or "",
    )


def superstate_and_backpack(_: Chosen) -> None:
    rows = dated(ask(products.story, words=BACKPACK_ROUTE), "ts", "precision")
    route = rows.filter(
        pl.all_horizontal(pl.col("title").str.contains(word, literal=True) for word in BACKPACK_ROUTE[:2])
    )
    card(
        f"{route['title'].item()}: {route['status'].item()}" if route.height == 1 else "Superstate and Backpack",
        rows,
        key="backpack",
        about=(
            "What was announced and what exists, in order of time; products without a known first day stand last. "
            "UTC dates"
        ),
        table={
            "when": TEXT("When"),
            "kind": TEXT("Kind"),
            "title": TEXT("What", width="large"),
            "status": TEXT("Status"),
            "note": TEXT("Note", width="large"),
            "confidence": TEXT("Confidence"),
        },
    )


def crash_day(_: Chosen) -> None:
    day = chosen_day()
    rows = ask(closed_hours.close_and_tokens, crash_day=day["crash_day"])
    row = rows.row(0, named=True)
    card(
        hours_in_words(row),
        rows,
        key="closed-hours",
        about=(
            f"{day['title']}. Regular close of New York; holidays and early closes are not known. Products that had "
            "launched for sure. UTC"
        ),
        table={
            "cash_close": to_minute("Cash market closes"),
            "t0": to_minute("Crash starts"),
            "products": NUMBER("Products live"),
            "names": TEXT("They are", width="large"),
            "token_bars": NUMBER("Price bars of tokenized stocks here"),
        },
        note=""
        if row["token_bars"]
        else (
            "No price, volume or liquidity of a tokenized stock, and none of a stock perpetual, is recoverable "
            "from what is loaded, so nothing is drawn and nothing is guessed."
        ),
    )
    if row["token_bars"]:
        against_the_close(day)


def against_the_close(day: dict[str, Any]) -> None:
    """Where tokens traded on: their prices against the last close, and how much was traded."""
    lows = ask(closed_hours.lows_since_close, crash_day=day["crash_day"])
    deepest = lows.row(0, named=True) if lows.height else None
    paths = ask(closed_hours.since_close, crash_day=day["crash_day"])
    card(
        f"{deepest['symbol']} on {deepest['name']} fell deepest: {percent(deepest['low_pct'])} against the last close"
        if deepest
        else "Tokenized stocks against the last close",
        paths,
        partial(since_close.moves, paths, day["t0"]) if deepest else None,
        key="since-close",
        about=(
            "Percent above or below each token's own last price in the hour up to the regular close of New York. "
            "The price of the stock itself is not in the warehouse. Gaps: no trade, or not known. UTC"
        ),
        alt="; ".join(
            f"{low['symbol']} on {low['name']}: lowest {percent(low['low_pct'])}" for low in lows.iter_rows(named=True)
        ),
        empty=(
            "Tokens have prices on this day, but none in the hour up to the last close, or the moment of the crash "
            "is not known: nothing to set them against."
        ),
    )
    if not deepest:
        return
    card(
        "How far each fell, and how much was traded",
        lows,
        key="since-close-lows",
        about=(
            "Lowest price since the close, and what was traded since: a fall on little volume says little. Empty: "
            "not stated"
        ),
        table=SINCE_CLOSE,
    )


def hours_in_words(row: dict[str, Any]) -> str:
    if row["t0"] is None:
        return "The moment of this crash is not known, so it cannot be set against the hours of the cash market"
    if row["weekday"] > 5:
        return "A weekend: the US cash market was shut"
    close = clock(row["cash_close"].astimezone(UTC))
    minutes = row["minutes_after_close"]
    if minutes < 0:
        return f"The US cash market closes at {close} UTC: the crash began in its day or before it opened"
    return f"US cash markets had closed at {close} UTC, {minutes} minutes before the crash began"
