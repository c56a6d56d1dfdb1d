"""Prices, trades, and what stood behind them."""

from __future__ import annotations

import dataframely as dy
import polars as pl

from pipelines.tables.fields import CONFIDENCE, MARKETS, PRECISION, Traced, choice, count, flag, moment, number, text


class Bars(Traced):
    """A price bar. `ts` is the bar's start; a bar nobody traded in is absent, never zero."""

    venue = text("Venue", primary_key=True)
    market = choice("Market", *MARKETS, primary_key=True)
    symbol = text("BASE/QUOTE[:SETTLE]", primary_key=True)
    kind = choice(
        "Traded price, mark price, index, or the state of a pool",
        "trade",
        "mark",
        "index",
        "premium",
        "pool",
        primary_key=True,
    )
    interval = choice("Length of the bar", "1s", "1m", "5m", "15m", "1h", "1d", primary_key=True)
    ts = moment("Start of the bar", primary_key=True)
    source_id = text("Who states this row; key of `sources`", min_length=1, primary_key=True)
    open = number("First price", "quote currency", nullable=True)
    high = number("Highest price", "quote currency")
    low = number("Lowest price", "quote currency")
    close = number("Last price", "quote currency", nullable=True)
    volume_base = number("Traded volume", "base asset", nullable=True, min=0)
    volume_quote = number("Traded volume", "quote currency", nullable=True, min=0)
    taker_buy_base = number("Part of the volume whose taker bought", "base asset", nullable=True, min=0)
    trades = count("Number of trades as the venue counts them", "trades", nullable=True, min=0)

    @dy.rule()
    def prices_in_order(cls) -> pl.Expr:
        inside = lambda name: (pl.col(name).is_null()) | pl.col(name).is_between(pl.col("low"), pl.col("high"))  # noqa: E731
        return (pl.col("low") <= pl.col("high")) & inside("open") & inside("close")

    @dy.rule()
    def price_positive(cls) -> pl.Expr:
        return (pl.col("low") > 0) | (pl.col("kind") == "premium")

    @dy.rule()
    def taker_buy_within_volume(cls) -> pl.Expr:
        return pl.col("taker_buy_base") <= pl.col("volume_base") * (1 + 1e-9)


class Trades(Traced):
    """A print of the tape, kept for the cases that need single trades."""

    venue = text("Venue", primary_key=True)
    market = choice("Market", *MARKETS, primary_key=True)
    symbol = text("BASE/QUOTE[:SETTLE]", primary_key=True)
    trade_id = text("The venue's own number; an aggregate trade's where the tape is aggregated", primary_key=True)
    ts = moment("Time of the print")
    price = number("Price", "quote currency", min_exclusive=0)
    quantity_base = number("Quantity", "base asset", min_exclusive=0)
    taker_side = choice("Side of the order that took liquidity", "buy", "sell")


class PriceExtremes(Traced):
    """A lowest or highest print, as measured or as published."""

    row_id = text("Identifier", primary_key=True)
    base_asset = text("Base asset")
    symbol = text("Market, where known", nullable=True)
    venue = text("Venue; `unspecified` where the publication does not say")
    market = choice("Market", *MARKETS)
    kind = choice("Traded, mark or reference price", "trade", "mark", "index", "unknown")
    extreme = choice(
        "What is stated; `price` is no extreme but what stood at `ts`", "low", "high", "drop_pct", "max_spread", "price"
    )
    value = number("The figure", "see `unit`")
    unit = text("Unit of `value`")
    ts = moment("Time", nullable=True)
    precision = choice("How exactly the time is known", *PRECISION)
    confidence = choice("How far the reading can be trusted", *CONFIDENCE)
    second_hand = flag("True where the page was not opened and another document quoted it")
    note = text("What a reader must know before quoting it", nullable=True)


class Depegs(Traced):
    """How far a pegged asset left its reference, on which venue."""

    row_id = text("Identifier", primary_key=True)
    asset = text("Asset")
    venue = text("Venue")
    low = number("Lowest price", "see `unit`", nullable=True)
    unit = text("Unit of `low` and `reference_value`", nullable=True)
    reference_value = number("What it should have been worth", "see `unit`", nullable=True)
    discount_pct = number("Distance from the reference, negative below it", "percent", nullable=True, max=0)
    window_start = moment("Start of the published window", nullable=True)
    window_end = moment("End of the published window", nullable=True)
    low_ts = moment("Time of the low", nullable=True)
    confidence = choice("How far the reading can be trusted", *CONFIDENCE)
    second_hand = flag("True where the page was not opened and another document quoted it")
    note = text("What a reader must know before quoting it", nullable=True)


class OpenInterest(Traced):
    """Open interest observed at a moment. In USD it moves with the price too."""

    venue = text("Venue, or `all`", primary_key=True)
    symbol = text("Market, or the base asset or `all` where a publication sums", primary_key=True)
    ts = moment("Time of the observation; of a bar, its start", primary_key=True)
    source_id = text("Who states this row; key of `sources`", min_length=1, primary_key=True)
    precision = choice("How exactly the time is known", *PRECISION)
    open_interest_base = number("Open interest", "base asset", nullable=True, min=0)
    open_interest_usd = number("Open interest; of a bar, at its start", "USD", nullable=True, min=0)
    price_usd = number("Price the publication states beside it", "USD", nullable=True, min_exclusive=0)
    interval = choice("Length of the bar, where the row is one", "1h", "4h", "1d", nullable=True)
    high_usd = number("Most within the bar", "USD", nullable=True, min=0)
    low_usd = number("Least within the bar", "USD", nullable=True, min=0)
    close_usd = number("At the end of the bar", "USD", nullable=True, min=0)
    instrument = choice(
        "Perpetuals and dated futures, or options; null where `symbol` is one market and says it itself",
        "futures",
        "options",
        nullable=True,
    )
    sides = choice("Whether long and short are both counted", "one", "both", "unknown")
    confidence = choice(
        "How far a publication can be trusted; null where the venue's own feed is read", *CONFIDENCE, nullable=True
    )

    @dy.rule()
    def amount_is_there(cls) -> pl.Expr:
        """Give the amount in coins or USD, or leave the row out: what nobody measured has no row."""
        return pl.any_horizontal(pl.col("open_interest_base", "open_interest_usd").is_not_null())

    @dy.rule()
    def sum_says_of_what(cls) -> pl.Expr:
        """Say whether a sum over markets is of futures or of options: they are not added."""
        return pl.col("instrument").is_not_null() | pl.col("symbol").str.contains("/", literal=True)

    @dy.rule()
    def bar_in_order(cls) -> pl.Expr:
        """Give a bar its length, and keep its start and end between its least and its most."""
        bar, ends = pl.col("high_usd", "low_usd", "close_usd"), pl.col("open_interest_usd", "close_usd")
        whole = pl.all_horizontal(bar.is_not_null(), ends.is_between(pl.col("low_usd"), pl.col("high_usd")))
        return pl.when(pl.col("interval").is_null()).then(pl.all_horizontal(bar.is_null())).otherwise(whole)


class FundingRates(Traced):
    """A funding payment's rate."""

    venue = text("Venue", primary_key=True)
    symbol = text("BASE/QUOTE:SETTLE", primary_key=True)
    ts = moment("Time of the payment", primary_key=True)
    source_id = text("Who states this row; key of `sources`", min_length=1, primary_key=True)
    funding_rate = number("Rate for the interval; positive: longs pay shorts", "fraction of notional")
    interval_hours = number(
        "Hours the rate covers: rates of different intervals do not compare", "hours", min_exclusive=0
    )
    doubt = text("What is not proven of the rate: a row with a doubt stands on no shared axis", nullable=True)


class BookDepth(Traced):
    """What an archive says stood in an order book at a moment, from the middle out to a band. Judged by
    `analytics.market.book_faults` before it is shown."""

    venue = text("Venue", primary_key=True)
    symbol = text("BASE/QUOTE[:SETTLE]", primary_key=True)
    ts = moment("Time of the snapshot", primary_key=True)
    band_pct = number("How far from the middle: below zero bids, above asks", "percent", primary_key=True)
    source_id = text("Who states this row; key of `sources`", min_length=1, primary_key=True)
    quantity_base = number("Quantity from the middle to the band", "base asset", min=0)
    notional = number("Value of that quantity", "quote currency", min=0)
    step_hours = number(
        (
            "Length of the step that begins at `ts`, where the row stands for one and the source leaves open whether "
            "as a snapshot or a mean; null for a snapshot"
        ),
        "hours",
        nullable=True,
        min_exclusive=0,
    )

    @dy.rule()
    def band_has_a_side(cls) -> pl.Expr:
        return pl.col("band_pct") != 0
