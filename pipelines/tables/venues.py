"""Venues: what they are, trade, rank, report, and how they settle."""

from __future__ import annotations

import dataframely as dy
import polars as pl

from pipelines.tables.fields import (
    CONFIDENCE,
    MARKETS,
    PRECISION,
    Published,
    Traced,
    choice,
    count,
    moment,
    number,
    text,
)

ROUNDED = 100.6
"""Percent that ten shares may come to, each rounded to a tenth."""


class Venues(Traced):
    """A venue, under the one name all tables use for it."""

    venue = text("Identifier", primary_key=True, regex=r"^[a-z0-9.-]+$")
    name = text("Name for people")
    kind = choice("Order book of a company, order book or pool on a chain, or a broker", "cex", "dex", "pool")
    status = choice("Whether it still trades", "open", "closed")
    closed_by = moment("By when it had closed for sure, where it has", nullable=True)
    formerly = text("Other names in older data, separated by `;`", nullable=True)
    note = text("What the reader should know", nullable=True)


class VenueVolumes(Traced):
    """Traded volume of a venue's market in one asset over a window."""

    venue = text("Venue", primary_key=True)
    market = choice("Market", *MARKETS, primary_key=True)
    base_asset = text("Base asset; `other` is the rest of that market", primary_key=True)
    window_start = moment("Start", primary_key=True)
    window_end = moment("End")
    markets = count("Order books added up", "markets", nullable=True, min=0)
    volume_usd = number("Traded volume", "USD", min=0)


class ExchangeRanks(Traced):
    """A venue's place in a ranking at a moment."""

    venue = text("Venue", primary_key=True)
    market = choice("Market", *MARKETS, primary_key=True)
    as_of = moment("When it was read", primary_key=True)
    source_id = text("Who states this row; key of `sources`", min_length=1, primary_key=True)
    as_of_precision = choice("How exactly `as_of` is known", *PRECISION)
    origin = text("Who ranks")
    ranked_by = choice(
        "What the place is a place in; null where the ranking's list does not say: places of different kinds do not "
        "compare",
        "trust",
        "score",
        "open interest",
        nullable=True,
    )
    rank = count("Place", "rank", nullable=True, min=1)
    trust_score = number("The ranking's own score", "0 to 10", nullable=True, min=0, max=10)
    volume_24h_btc = number("Trailing 24 h volume", "BTC", nullable=True, min=0)
    volume_24h_usd = number("Trailing 24 h volume at that instant's price", "USD", nullable=True, min=0)
    open_interest_btc = number("Open interest of a derivatives venue", "BTC", nullable=True, min=0)
    listed_as = text("Name in the list, where this table's venue has none of its own", nullable=True)
    confidence = choice(
        "How far place and date can be trusted; null where the ranking itself was asked", *CONFIDENCE, nullable=True
    )
    note = text("What a reader must know before quoting it", nullable=True)

    @dy.rule()
    def kept_list_says_its_confidence(cls) -> pl.Expr:
        """Give the confidence of a place that was read in a list somebody else kept (`ranked_by` is there)."""
        return pl.col("ranked_by").is_null() | pl.col("confidence").is_not_null()


class VenueShares(Traced):
    """A venue's share of a market over a period, as one publication states it."""

    venue = text("Venue, or `all` for the whole the shares are of", primary_key=True)
    market = choice("Market the share is of", "spot", "derivatives", "open_interest", primary_key=True)
    period_start = moment("First day", primary_key=True)
    period_end = moment("Last day", primary_key=True)
    period_kind = choice("Length of the period", "month", "month end", "quarter", "year")
    share_of = text("What the share is a share of: shares of different wholes never share an axis", primary_key=True)
    source_id = text("Who states this row; key of `sources`", min_length=1, primary_key=True)
    origin = text("Who counts")
    rank = count("Place, where stated", "rank", nullable=True, min=1)
    share_pct = number("Share", "percent", nullable=True, min=0, max=100)
    volume_usd = number("Traded, or open, in the period", "USD", nullable=True, min=0)
    confidence = choice("How far the reading can be trusted", *CONFIDENCE)
    note = text("What a reader must know before quoting it", nullable=True)

    @dy.rule()
    def amount_is_there(cls) -> pl.Expr:
        """Give a share or an amount, or leave the row out."""
        return pl.any_horizontal(pl.col("share_pct", "volume_usd").is_not_null())

    @dy.rule()
    def shares_make_no_more_than_all(cls) -> pl.Expr:
        """Shares of one whole in one period exceed 100 %: leave out the sum, or give another whole its own name."""
        whole = ("market", "period_start", "period_end", "share_of", "origin", "source_id")
        return (pl.col("share_pct").filter(pl.col("venue") != "all").sum().over(whole)) <= ROUNDED


class VenueReports(Published):
    """A published figure about a venue's day that is not a liquidation total: insurance, compensation,
    losses, liquidity."""

    crash_day = text("The crash day it speaks of; key of `crash_days`", nullable=True)
    topic = choice(
        "Subject",
        "insurance",
        "adl",
        "compensation",
        "losses",
        "liquidity",
        "funding",
        "open_interest",
        "volume",
        "prices",
        "backpack",
        "supply",
    )
    venue = text("Venue, or `all`", primary_key=True)
    asset = text("Base asset, or `all`", primary_key=True)
    value_text = text("The statement, where it is not a number", nullable=True)
    baseline = number("The value it is compared with, where stated", "see `unit`", nullable=True)


class SettlementRules(Traced):
    """What a venue is reported to do with an account that has gone below zero."""

    venue = text("Venue; key of `venues`", primary_key=True)
    rule = choice(
        (
            "Who bears a negative balance: an insurance fund; nobody until it is settled, with deposits netted against "
            "it; nobody out of later deposits; the winners, closed at the bankruptcy price; all other accounts. "
            "`unknown` where nothing was found"
        ),
        "insurance",
        "carry",
        "ring-fence",
        "adl",
        "socialise",
        "unknown",
        primary_key=True,
    )
    statement = text("What was said or shown, in our own words", min_length=1)
    as_of = moment("When it was said, shown or looked for")
    as_of_precision = choice("How exactly `as_of` is known", *PRECISION)
    confidence = choice("How far this describes what happens to a negative balance", *CONFIDENCE)
    source_id = text("Who states this row; key of `sources`", min_length=1, primary_key=True)


class Interests(Traced):
    """What somebody who produces liquidation figures has at stake in them."""

    origin = text("Who produced the number, as `liquidation_reports.origin` names it", primary_key=True)
    interest = choice(
        (
            "An exchange speaking of itself, a competitor of those it speaks of, a seller of data, an investor, a "
            "researcher counting public records"
        ),
        "exchange",
        "competitor",
        "vendor",
        "investor",
        "research",
        "unknown",
    )
    reason = text("What the interest consists in", min_length=1)
