"""The canonical tables of what others published and how products and rules are described: part of `tables.py`."""

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
    flag,
    moment,
    number,
    text,
)


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


class Corrections(Traced):
    """An error in an embedded row, mended at load; the file keeps the row as it came."""

    table_name = text("The table the row is of", primary_key=True)
    row_key = text("Cells that name the one row, `column=text` separated by `;`", primary_key=True)
    expect = text("What one cell must still say, `column=text`; else the load is refused", primary_key=True)
    column_name = text("The column that is mended; empty where the whole row is left out", nullable=True)
    value = text("What it says instead; empty where it is not known", nullable=True)
    reason = text("Why", min_length=1)


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


class PriceExtremes(Traced):
    """A lowest or highest print, as measured or as published."""

    row_id = text("Identifier", primary_key=True)
    base_asset = text("Base asset")
    symbol = text("Market, where known", nullable=True)
    venue = text("Venue; `unspecified` where the publication does not say")
    market = choice("Market", *MARKETS)
    kind = choice("Traded, mark or reference price", "trade", "mark", "index", "unknown")
    extreme = choice("What is stated", "low", "high", "drop_pct", "max_spread")
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


class TokenizedProducts(Traced):
    """A tokenized-stock product of an issuer."""

    product_id = text("Identifier", primary_key=True, regex=r"^[a-z0-9-]+$")
    issuer = text("Issuer", min_length=1)
    product = text("Product")
    legal_form = text("Legal form, in words")
    issuing_entity = text("Who owes what the token promises", nullable=True)
    launched = moment("First day", nullable=True)
    launched_precision = choice("How exactly `launched` is known", *PRECISION)
    tickers = count("Number of stocks", "stocks", nullable=True, min=0)
    chains = text("Chains, separated by `;`", nullable=True)
    status = text("Live, announced, closed …")
    as_of = moment("When these facts were read")
    as_of_precision = choice("How exactly `as_of` is known", *PRECISION)
    confidence = choice("How far the reading can be trusted", *CONFIDENCE)
    second_hand = flag("True where the page was not opened and another document quoted it")
    note = text("What a reader must know before quoting it", nullable=True)


class TokenizedFacts(Traced):
    """One legal or technical fact about a product: what the classifications are computed from."""

    product_id = text("Product; key of `tokenized_products`", primary_key=True)
    fact = text("The question", primary_key=True)
    value = text("The answer; `unknown` where it is not established")
    detail = text("The answer in words", nullable=True)
    as_of = moment("When it was read", primary_key=True)
    as_of_precision = choice("How exactly `as_of` is known", *PRECISION)
    confidence = choice("How far the reading can be trusted", *CONFIDENCE)


class ClassificationRules(Traced):
    """A rule that puts products into classes by their facts; the first whose conditions all hold wins."""

    ruleset = text("The reading of the market it belongs to", primary_key=True)
    position = count("Order in which the rules are tried", "rank", primary_key=True, min=1)
    fact = text("Fact asked; `any` matches everything", primary_key=True)
    values = text("Answers that satisfy it, separated by `|`")
    class_name = text("Class given", min_length=1)


class TokenizedMetrics(Traced):
    """A dated reading of the tokenized-stock market."""

    row_id = text("Identifier", primary_key=True)
    as_of = moment("Date of the reading")
    as_of_precision = choice("How exactly `as_of` is known", *PRECISION)
    subject = text("Issuer, chain, sum or single token the reading is about", min_length=1)
    subject_kind = choice(
        "What the subject is: only issuers of one scope add up", "market", "issuer", "chain", "sum", "token"
    )
    product_id = text("Product, where the subject is one product's issuer; key of `tokenized_products`", nullable=True)
    metric = text("What is measured")
    value = number("The figure", "see `unit`", min=0)
    unit = text("Unit of `value`")
    scope = text("What the reading covers")
    origin = text("Who produced the number")
    confidence = choice("How far the reading can be trusted", *CONFIDENCE)
    second_hand = flag("True where the page was not opened and another document quoted it")
    note = text("What a reader must know before quoting it", nullable=True)

    @dy.rule()
    def share_within_100(cls) -> pl.Expr:
        return (pl.col("unit") != "percent") | (pl.col("value") <= 100)
