"""The canonical tables: the contract between the rooms, declared once.

Column, type, unit, meaning, key and rules stand here; DuckDB's DDL, the validation at load time, the data dictionary
page and the export package are derived from it (`dictionary.py`). Times are UTC microseconds, money is USD unless the
column says otherwise, `symbol` is the unified `BASE/QUOTE[:SETTLE]`. A null is "not known", never zero.
"""

from __future__ import annotations

import dataframely as dy
import polars as pl

from pipelines.tables.fields import CONFIDENCE, MARKETS, PRECISION, Traced, choice, count, flag, moment, number, text
from pipelines.tables.published import (
    ClassificationRules,
    Corrections,
    Depegs,
    Interests,
    LiquidationReports,
    PriceExtremes,
    SettlementRules,
    TokenizedFacts,
    TokenizedMetrics,
    TokenizedProducts,
    VenueReports,
)


class CrashDays(Traced):
    """A crash day: its window, its focus and the moment it is measured from."""

    crash_day = text("Identifier used in links", primary_key=True, regex=r"^[a-z0-9-]+$")
    title = text("Name for people")
    window_start = moment("Start of the day's data")
    window_end = moment("End of the day's data")
    focus_start = moment("Default range of the charts, start")
    focus_end = moment("Default range of the charts, end")
    t0 = moment("The moment prices are compared with and days are aligned at", nullable=True)
    status = choice("Curated by hand, or proposed by the detection rule", "curated", "proposed")
    note = text("What the reader should know", nullable=True)

    @dy.rule()
    def focus_inside_window(cls) -> pl.Expr:
        return (
            (pl.col("window_start") <= pl.col("focus_start"))
            & (pl.col("focus_start") < pl.col("focus_end"))
            & (pl.col("focus_end") <= pl.col("window_end"))
        )


class Events(Traced):
    """A moment of a timeline, with the precision at which it is known."""

    event_id = text("Identifier", primary_key=True, min_length=1)
    timeline = text("The story it belongs to: a crash day, a venue's case, policy")
    ts = moment("Start of the moment; read it together with `precision`")
    precision = choice("How exactly the time is known", *PRECISION)
    category = text("Kind of event")
    venue = text("Venue or body concerned", nullable=True)
    title = text("What happened, in one line", min_length=1)
    confidence = choice("How far the report can be trusted", *CONFIDENCE)
    standing = choice("`disputed` moments are listed as wrong or contested and never drawn", "reported", "disputed")
    second_hand = flag("True where the page was not opened and another document quoted it")
    note = text("What a reader must know before quoting it", nullable=True)


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


class Venues(Traced):
    """A venue, under the one name all tables use for it."""

    venue = text("Identifier", primary_key=True, regex=r"^[a-z0-9.-]+$")
    name = text("Name for people")
    kind = choice("Order book of a company, order book or pool on a chain, or a broker", "cex", "dex", "pool")
    status = choice("Whether it still trades", "open", "closed")
    closed_by = moment("By when it had closed for sure, where it has", nullable=True)
    formerly = text("Other names in older data, separated by `;`", nullable=True)
    note = text("What the reader should know", nullable=True)


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
    rank = count("Place", "rank", nullable=True, min=1)
    trust_score = number("The ranking's own score", "0 to 10", nullable=True, min=0, max=10)
    volume_24h_btc = number("Trailing 24 h volume", "BTC", nullable=True, min=0)
    volume_24h_usd = number("Trailing 24 h volume at that instant's price", "USD", nullable=True, min=0)
    open_interest_btc = number("Open interest of a derivatives venue", "BTC", nullable=True, min=0)


class OpenInterest(Traced):
    """Open interest observed at a moment."""

    venue = text("Venue, or `all`", primary_key=True)
    symbol = text("Market, or the base asset or `all` where a publication sums", primary_key=True)
    ts = moment("Time of the observation", primary_key=True)
    source_id = text("Who states this row; key of `sources`", min_length=1, primary_key=True)
    precision = choice("How exactly the time is known", *PRECISION)
    open_interest_base = number("Open interest", "base asset", nullable=True, min=0)
    open_interest_usd = number("Open interest", "USD", nullable=True, min=0)
    sides = choice("Whether long and short are both counted", "one", "both", "unknown")


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

    @dy.rule()
    def band_has_a_side(cls) -> pl.Expr:
        return pl.col("band_pct") != 0


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


class Sources(dy.Schema):
    """Who a row comes from: publisher, page, licence, and how it was checked."""

    source_id = text("Identifier", primary_key=True, min_length=1)
    publisher = text("Publisher")
    dataset = text("Dataset or page")
    url = text("Where the publisher shows it", nullable=True)
    read_from = text("Where it was read, if elsewhere", nullable=True)
    licence = text("Terms of use", nullable=True)
    checked = text("How it was checked", nullable=True)
    kind = choice("Measured series, or published figure", "series", "published")
    linkable = flag("False for copy sites and unpublished notes: named as text, never linked")
    snapshot_id = text("The bytes it was read from; key of `snapshots`", min_length=1)


class Snapshots(dy.Schema):
    """Bytes that were loaded: what was asked for, where they came from, and their sha256."""

    snapshot_id = text("Identifier of this piece with these bytes", primary_key=True)
    loader = text("Source that planned and parsed them")
    piece = text("What was asked for")
    url = text("Where the bytes came from; a path for files of the repository")
    sha256 = text(
        "sha256 of the bytes; of the list of sha256 where a piece has several replies", min_length=64, max_length=64
    )
    bytes = count("Size", "bytes", min=0)
    fetched_at = moment("When they were fetched; when they were loaded for files of the repository")
    rows_loaded = count("Rows loaded from them", "rows", min=0)
    rows_refused = count("Rows sent to quarantine", "rows", min=0)
    rows_doubled = count("Exact duplicates dropped", "rows", min=0)
    parser = text("Fingerprint of the code that read them: another parser reads them again")


class Runs(dy.Schema):
    """What a build or refresh did for one source, as known when the generation was published."""

    run_id = text("Identifier", primary_key=True)
    loader = text("Source", primary_key=True)
    started_at = moment("Start")
    finished_at = moment("End")
    outcome = choice("What became of it", "loaded", "unchanged", "failed", "skipped")
    rows_loaded = count("Rows loaded", "rows", min=0)
    rows_refused = count("Rows sent to quarantine", "rows", min=0)
    error = text("Cause, where it failed", nullable=True)


class Quarantine(dy.Schema):
    """A row that was refused: the rule it broke, and the row as it came."""

    snapshot_id = text("The bytes it was read from; key of `snapshots`")
    table_name = text("Table it was meant for")
    row_number = count("Row in the file, 1 is the first below the header", "row")
    rule = text("Rule it broke")
    row_json = text("The row as it was parsed")


TABLES: dict[str, type[dy.Schema]] = {
    "crash_days": CrashDays,
    "events": Events,
    "venues": Venues,
    "bars": Bars,
    "trades": Trades,
    "liquidations": Liquidations,
    "liquidation_counts": LiquidationCounts,
    "liquidation_reports": LiquidationReports,
    "venue_reports": VenueReports,
    "interests": Interests,
    "feed_regimes": FeedRegimes,
    "feed_coverage": FeedCoverage,
    "settlement_rules": SettlementRules,
    "venue_volumes": VenueVolumes,
    "exchange_ranks": ExchangeRanks,
    "open_interest": OpenInterest,
    "book_depth": BookDepth,
    "funding_rates": FundingRates,
    "price_extremes": PriceExtremes,
    "depegs": Depegs,
    "tokenized_products": TokenizedProducts,
    "tokenized_facts": TokenizedFacts,
    "classification_rules": ClassificationRules,
    "tokenized_metrics": TokenizedMetrics,
    "corrections": Corrections,
    "sources": Sources,
    "snapshots": Snapshots,
    "runs": Runs,
    "quarantine": Quarantine,
}
