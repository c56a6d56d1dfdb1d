"""Tokenized stocks: products, facts, readings, and the rules that class them."""

from __future__ import annotations

import dataframely as dy
import polars as pl

from pipelines.tables.fields import CONFIDENCE, PRECISION, Traced, choice, count, flag, moment, number, text


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
        "What the subject is: only issuers of one scope add up; perpetuals are no tokens",
        "market",
        "issuer",
        "chain",
        "sum",
        "token",
        "perpetual",
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


class StockVolumes(Traced):
    """What one venue's tokens or perpetuals on stocks traded in the 24 hours before a moment."""

    place = text("The venue as the source names it", primary_key=True, min_length=1)
    category = choice(
        "Order book of tokens, sampled pools of tokens, perpetuals of a company, perpetuals on a chain",
        "cex_spot",
        "onchain_amm",
        "cex_fut",
        "dex_perp",
        primary_key=True,
    )
    instrument = choice("A token, or a contract on the price", "token", "perpetual")
    asset_type = choice(
        "What it stands for; `other` is what the source could not class",
        "single_stock",
        "etf",
        "kr_stock",
        "pre_ipo",
        "index",
        "commodity",
        "fx",
        "other",
        primary_key=True,
    )
    as_of = moment("When the venue was asked; of one snapshot, the first reading", primary_key=True)
    scope = text("Only rows of one scope may be added or compared", primary_key=True, min_length=1)
    source_id = text("Who states this row; key of `sources`", min_length=1, primary_key=True)
    instruments = count("Instruments added up", "instruments", min=1)
    volume_24h_usd = number("Trailing 24 h volume as the venue states it", "USD", min=0)
    open_interest_usd = number("Open interest of perpetuals", "USD", nullable=True, min=0)
    confidence = choice("How far the reading can be trusted", *CONFIDENCE)
    note = text("What a reader must know before quoting it", nullable=True)

    @dy.rule()
    def token_has_no_open_interest(cls) -> pl.Expr:
        """Leave the open interest of a token out: what a source states there is the money in a pool."""
        return (pl.col("instrument") != "token") | pl.col("open_interest_usd").is_null()

    @dy.rule()
    def instrument_fits_category(cls) -> pl.Expr:
        """Tokens trade on `cex_spot` and `onchain_amm`, perpetuals on `cex_fut` and `dex_perp`."""
        return (pl.col("instrument") == "token") == pl.col("category").is_in(["cex_spot", "onchain_amm"])


class PoolDays(Traced):
    """A day of one pool of a token: prices, volume, and whether the volume looks made up."""

    pool = text("Address of the pool", primary_key=True, min_length=1)
    ts = moment("Start of the day", primary_key=True)
    source_id = text("Who states this row; key of `sources`", min_length=1, primary_key=True)
    token = text("Token")
    chain = text("Chain")
    dex = text("Exchange on the chain")
    open = number("First price", "USD", min_exclusive=0)
    high = number("Highest price", "USD", min_exclusive=0)
    low = number("Lowest price", "USD", min_exclusive=0)
    close = number("Last price", "USD", min_exclusive=0)
    volume_usd = number("Traded volume", "USD", min=0)
    washed = flag("The source found trades with oneself in this pool: its volume does not hold")
    part_of_day = flag("The day was not over when it was read")
    confidence = choice("How far the volume can be trusted", *CONFIDENCE)

    @dy.rule()
    def prices_in_order(cls) -> pl.Expr:
        """Keep open and close between low and high."""
        ends = pl.all_horizontal(pl.col(name).is_between(pl.col("low"), pl.col("high")) for name in ("open", "close"))
        return ends & (pl.col("low") <= pl.col("high"))

    @dy.rule()
    def washed_volume_is_doubted(cls) -> pl.Expr:
        """Give the volume of a washed pool low confidence."""
        return ~pl.col("washed") | (pl.col("confidence") == "low")
