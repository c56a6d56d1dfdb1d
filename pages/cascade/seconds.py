"""Auto-deleveraging in dollars by second, what the winners missed, and loans closed on chains."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

import polars as pl

from analytics.liquidations import loans
from analytics.market import prices
from analytics.who_paid import adl_rebound, adl_seconds
from charts.liquidations import loans as loan_panels
from charts.terms import COUNTING
from charts.who_paid import adl_rebound as rebound_bars
from charts.who_paid import adl_seconds as second_charts
from charts.words import clock, number, percent, usd
from pages.shared import words
from pages.shared.ask import ask
from pages.shared.card import card

EACH_ONCE = "Each trade counted once, not from both ends."


def show(day: dict[str, Any], start: datetime, end: datetime) -> None:
    sums = ask(adl_seconds.largest, start=start, end=end)
    for total in sums.iter_rows(named=True):
        _coins(total, start, end)
        _beside_price(total, start, end)
    rebound(start, end)


def _coins(total: dict[str, Any], start: datetime, end: datetime) -> None:
    coins = ask(adl_seconds.by_coin, start=start, end=end).filter(pl.col("venue") == total["venue"])
    title = f"{total['name']} closed {usd(total['total_usd'])} of winning positions"
    if total["seconds"] > 3:
        title = (
            f"Three seconds closed {usd(total['top_three_usd'])} of {total['name']}'s {usd(total['total_usd'])} of "
            f"auto-deleveraging, {percent(total['top_three_pct'])}"
        )
    card(
        title,
        coins,
        partial(second_charts.heatmap, coins),
        key=f"adl-seconds-{total['venue']}",
        about=(
            f"USD closed a second, by coin, {clock(total['first_ts'], 'second')} to "
            f"{clock(total['last_ts'], 'second')} UTC. A column "
            f"is one of the {total['seconds']} seconds with auto-deleveraging: the time between is left "
            "out. Darker: more, by powers of ten"
        ),
        alt=f"Coins by second: {total['coins']} coins, {number(total['fills'])} fills, {usd(total['total_usd'])}.",
        note=(
            f"{total['total_usd']:,.2f} USD in {number(total['fills'])} fills of {total['coins']} coins. {EACH_ONCE} "
            "Liquidations closed in the market are not in it."
        ),
    )


def _beside_price(total: dict[str, Any], start: datetime, end: datetime) -> None:
    seconds = ask(adl_seconds.by_second, start=start, end=end).filter(pl.col("venue") == total["venue"])
    price = ask(prices.bitcoin, start=start, end=end)
    beside = f", below the price of {price['symbol'][0].split(':')[0]}" if price.height else ""
    card(
        (
            f"{usd(total['total_usd'])} was closed by auto-deleveraging from {clock(total['first_ts'], 'second')} to "
            f"{clock(total['last_ts'], 'second')} UTC"
        ),
        pl.concat([seconds, price.select("ts", "venue", "symbol", "close", "source_id")], how="diagonal"),
        partial(second_charts.beside_price, seconds, price),
        key=f"adl-so-far-{total['venue']}",
        about=f"{total['name']}, USD a second and in all so far{beside}. Three scales over one time axis, UTC",
        alt=f"Dollars closed a second and in all so far on {total['name']}{beside}.",
        note=EACH_ONCE,
    )


def rebound(start: datetime, end: datetime) -> None:
    """What the coins did after the winners were closed; nothing where no price after it is embedded."""
    coins = ask(adl_rebound.by_coin, start=start, end=end)
    if coins.is_empty():
        return
    above = coins.filter(pl.col("rebound_pct") > 0).height
    first = coins.row(0, named=True)
    card(
        (
            f"{above} of {coins.height} coins traded above the price of their auto-deleveraging by {clock(end)} UTC: "
            f"{first['asset']} by {percent(first['rebound_pct'])}"
        ),
        coins,
        partial(rebound_bars.bars, coins),
        key="adl-rebound",
        about=(
            f"{first['name']}'s average ADL price of each coin, against the median of the last trades before "
            f"{clock(end)} UTC on the markets in dollars embedded here. Most dollars closed on top"
        ),
        alt=f"Bars of how far {coins.height} coins traded above the price at which winners were closed.",
        note=(
            "Prices afterwards are other exchanges'. A short that was closed gave up the rest of the fall and was "
            "spared the rebound; which side each fill closed is not stated."
        ),
    )


def lending(start: datetime, end: datetime) -> None:
    """Loans closed on chains, count by count."""
    events, totals = ask(loans.events, start=start, end=end), ask(loans.totals, start=start, end=end)
    first = totals.row(0, named=True) if totals.height else {}
    title = "Loans closed on chains by selling their collateral"
    if first.get("amount_usd") is not None and first["calls"] is not None:
        among = f" in the largest of {totals.height} counts" if totals.height > 1 else ""
        title = (
            f"Loans closed on chains: {usd(first['amount_usd'])} of collateral in {number(first['calls'])} calls{among}"
        )
    card(
        title,
        events,
        partial(loan_panels.panels, events, start, end) if events.height else None,
        key="loans",
        about=(
            f"{words.span(start, end)}. Lending protocols on chains, each count on a scale of its own: USD, or the "
            "coin "
            "where no USD is counted. No count is a whole protocol; they are never added"
        ),
        alt="A panel each: " + "; ".join(totals["universe"]),
        note=" ".join(map(_counted, totals.iter_rows(named=True))),
        empty="No loan closed in this range is embedded.",
    )


def _counted(row: dict[str, Any]) -> str:
    amount = usd(row["amount_usd"]) if row["amount_usd"] is not None else f"{number(row['amount_base'])} coins"
    calls = f" in {number(row['calls'])} calls" if row["calls"] else ""
    return f"{row['universe']}: {amount}{calls} ({COUNTING[row['counting']]})."
