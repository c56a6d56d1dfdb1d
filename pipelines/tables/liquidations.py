"""Liquidations: single ones, counted ones, published ones, and how much of them a feed carries."""

from __future__ import annotations

import dataframely as dy
import polars as pl

from pipelines.tables.fields import MARKETS, Published, Traced, choice, count, moment, number, text


class Liquidations(Traced):
    """One liquidation, ADL or insurance take-over of one position, one side only."""

    venue = text("Venue", primary_key=True)
    market = choice("Market", *MARKETS, primary_key=True)
    symbol = text("BASE/QUOTE[:SETTLE]", primary_key=True)
    event_id = text("Identifier within the venue's feed", primary_key=True)
    ts = moment("Time of the event")
    liquidated_side = choice("The position that was closed, whatever side the venue's message states", "long", "short")
    price = number("Price", "quote currency", min_exclusive=0)
    price_kind = choice(
        "A fill, the bankruptcy price, or the order's limit: they differ by percents in a crash",
        "fill",
        "bankruptcy",
        "order",
    )
    quantity_base = number("Quantity, contracts converted", "base asset", min_exclusive=0)
    notional_usd = number("Quantity times price", "USD", min_exclusive=0)
    mechanism = choice(
        "Closed in the market, by auto-deleveraging, or by an insurance fund or backstop vault",
        "liquidation",
        "adl",
        "insurance",
    )
    feed = text("The feed it came through; its completeness is in `feed_regimes`")


class LiquidationCounts(Traced):
    """Records per second of a study that counts without publishing the records."""

    venue = text("Venue", primary_key=True)
    ts = moment("Second of the count", primary_key=True)
    liquidated_records = count(
        (
            "Records that carry a liquidation mark: BOTH sides of each take-over and the other side of each ADL fill. "
            "Never sum, never headline"
        ),
        "records",
        min=0,
    )
    adl_fills = count("Auto-deleveraging fills, one side", "fills", min=0)

    @dy.rule()
    def adl_within_records(cls) -> pl.Expr:
        return pl.col("adl_fills") <= pl.col("liquidated_records")


class LiquidationReports(Published):
    """One published liquidation figure. Never summed across boards."""

    crash_day = text("The crash day it speaks of; key of `crash_days`", nullable=True)
    venue = text("Venue, or `all` for the whole universe", primary_key=True)
    asset = text("Base asset, or `all`", primary_key=True)
    side = choice("The positions counted", "long", "short", "total", primary_key=True)
    phase = choice(
        "Which part of the story the window covers",
        "crash",
        "before",
        "cascade",
        "aftermath",
        "day",
        "year",
        "comparison",
    )
    counting = choice(
        (
            "`floor`: a tracker's sum of what feeds publish. `complete`: every event. `two_sided`: both sides of "
            "trades, never sum. `estimate`: not measured"
        ),
        "floor",
        "complete",
        "two_sided",
        "estimate",
        "statement",
    )
    share_pct = number(
        "Share of the board's total as the publication states it", "percent", nullable=True, min=0, max=100
    )


class FeedRegimes(Traced):
    """How complete a venue's liquidation feed was, and between which UTC dates."""

    regime_id = text("Identifier", primary_key=True)
    venue = text("Venue")
    feed = text("Feed")
    valid_from = moment("First moment of the rule; null where the start is not established", nullable=True)
    valid_to = moment("End of the rule; null while it holds", nullable=True)
    completeness = choice(
        "What the feed lets through", "complete", "throttled", "sampled", "key_needed", "gone", "unknown"
    )
    rule = text("The rule in words")
    evidence = text("What shows it")


class FeedCoverage(Traced):
    """A span in which a live feed was seen to deliver, or was not and why. What lies in no row was not listened to."""

    venue = text("Venue", primary_key=True)
    feed = text("Feed; its completeness is in `feed_regimes`", primary_key=True)
    span_start = moment("Start", primary_key=True)
    span_end = moment("End")
    state = choice("Whether everything the feed sent in this span was received", "recorded", "gap", primary_key=True)
    reason = text("Why nothing was heard; null where the feed was recorded", nullable=True)

    @dy.rule()
    def span_in_order(cls) -> pl.Expr:
        return pl.col("span_start") < pl.col("span_end")

    @dy.rule()
    def gap_has_a_reason(cls) -> pl.Expr:
        return (pl.col("state") == "recorded") == pl.col("reason").is_null()
