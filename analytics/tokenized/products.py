"""Tokenized-stock products: what the holder gets, and what became of what was announced."""

from __future__ import annotations

import polars as pl

from analytics.tokenized import classification, market
from analytics.warehouse import Warehouse

QUESTIONS = {
    "legal_form": "Legal form",
    "issuer_sponsored": "Company takes part",
    "who_owes": "Who owes it",
    "backed_1to1": "Backed 1:1",
    "custody": "Who keeps the shares",
    "vote": "Vote",
    "dividends": "Dividends",
    "redemption": "Redemption",
    "transferable": "Transferable",
    "on_share_register": "On the share register",
    "us_holders": "Open to US holders",
    "status": "Status",
}
"""The facts in the order people ask for them; a fact that is not here follows under its identifier."""


def words(answer: str) -> str:
    """A fact's answer in words; `unknown` reads "not known"."""
    return "not known" if answer == classification.UNKNOWN else answer.replace("_", " ").replace("spv", "SPV")


def question(fact: str) -> str:
    return QUESTIONS.get(fact, fact.replace("_", " "))


def overview(warehouse: Warehouse, ruleset: str, own_rule: market.Own = ()) -> pl.DataFrame:
    """Every product with its class under a ruleset and one column per fact, "not known" where it is not established.

    Columns: `product_id issuer product class_name`, the facts, `chains tickers launched launched_precision status as_of
    as_of_precision confidence second_hand note source_id`.
    """
    products = _products(warehouse)
    facts = classification.facts(warehouse)
    rules = classification.rulesets(warehouse, own_rule).filter(pl.col("ruleset") == ruleset)
    classes = classification.classify(facts, rules).select("product_id", "class_name", class_source="source_id")
    asked = facts["fact"].unique().to_list()
    columns = [fact for fact in QUESTIONS if fact in asked] + sorted(set(asked) - set(QUESTIONS))
    answers = pl.Series("value", [words(value) for value in facts["value"]], pl.String)
    pivoted = facts.with_columns(answers).pivot(
        "fact", on_columns=columns, index="product_id", values="value", maintain_order=True
    )
    clash = [column for column in columns if column in products.columns]
    return (
        products.drop(clash)
        .join(pivoted, on="product_id", how="left", maintain_order="left")
        .join(classes, on="product_id", how="left", maintain_order="left")
        .with_columns(
            pl.col("class_name").fill_null(market.UNCLASSIFIED),
            pl.col(columns).fill_null("not known"),
            source_id=pl.concat_str("source_id", "class_source", separator=";", ignore_nulls=True),
        )
        .drop("class_source")
    )


def details(warehouse: Warehouse, product_id: str) -> pl.DataFrame:
    """One product's facts with the words behind them: `question answer detail as_of as_of_precision confidence
    source_id`."""
    known = classification.facts(warehouse).filter(pl.col("product_id") == product_id)
    places = {fact: place for place, fact in enumerate(QUESTIONS)}
    ordered = known.sort(pl.col("fact").replace_strict(places, default=len(places)), "fact")
    return ordered.select("detail", "as_of", "as_of_precision", "confidence", "source_id").with_columns(
        pl.Series("question", [question(fact) for fact in ordered["fact"]], pl.String),
        pl.Series("answer", [words(value) for value in ordered["value"]], pl.String),
    )


def story(warehouse: Warehouse, words: tuple[str, ...]) -> pl.DataFrame:
    """What was announced and what exists, of everything that names one of the words, in order of time.

    Columns: `ts precision kind title status note confidence second_hand source_id`; kind is `announced` (an event) or
    `product` (with its first day, or none where no first day is known: those stand last).
    """
    return warehouse.query(
        """
        WITH told AS (
            SELECT ts, precision, 'announced' AS kind, title, 'reported' AS status, note, confidence, second_hand,
                   source_id
            FROM events
            WHERE category = 'superstate' AND standing = 'reported'
            UNION ALL
            SELECT launched, launched_precision, 'product', concat_ws(': ', issuer, product), status, note, confidence,
                   second_hand, source_id
            FROM tokenized_products
            WHERE len(list_filter(
                $words, lambda word: contains(concat_ws(' ', issuer, product, legal_form, issuing_entity), word)
            )) > 0
        )
        SELECT *
        FROM told
        ORDER BY ts NULLS LAST, kind, title
        """,
        words=list(words),
    )


def moves(warehouse: Warehouse) -> pl.DataFrame:
    """Which products entered and left, and when, as far as it is known: those without a known day stand last.

    Columns: `product_id issuer product move ts precision year status confidence second_hand note source_id`; `move` is
    "entered", "left" (a status that says closed) or "announced" (and nothing more). No day is taken from anything but
    the product's own row.
    """
    return warehouse.query(
        """
        WITH moved AS (
            SELECT *,
                   CASE
                       WHEN launched IS NULL AND starts_with(status, 'announced') THEN 'announced'
                       ELSE 'entered'
                   END AS move,
                   launched AS ts, CASE WHEN launched IS NULL THEN 'unknown' ELSE launched_precision END AS precision
            FROM tokenized_products
            UNION ALL
            SELECT * EXCLUDE (closed), 'left', closed, CASE WHEN closed IS NULL THEN 'unknown' ELSE 'day' END
            FROM (
                SELECT *, try_strptime(status, 'closed %Y-%m-%d')::TIMESTAMPTZ AS closed
                FROM tokenized_products
                WHERE starts_with(status, 'closed')
            )
        )
        SELECT product_id, issuer, product, move, ts, precision,
               CASE WHEN precision <> 'unknown' THEN year(ts) END AS year, status,
               confidence, second_hand, note, source_id
        FROM moved
        ORDER BY ts NULLS LAST, issuer, product, product_id, move
        """
    )


def moves_by_year(warehouse: Warehouse) -> pl.DataFrame:
    """How many products entered and left in each year: `year move products low_confidence names source_id`; days that
    are not known are left out.

    `products` counts what is known with more than low confidence, `low_confidence` the rest.
    """
    dated = moves(warehouse).filter(pl.col("year").is_not_null())
    low = pl.col("confidence") == "low"
    return (
        dated.group_by("year", "move")
        .agg(
            products=(~low).sum().cast(pl.Int64),
            low_confidence=low.sum().cast(pl.Int64),
            names=pl.concat_str("issuer", pl.lit(": "), "product").filter(~low).str.join("; "),
            source_id=market.JOINED_SOURCES,
        )
        .sort("year", "move")
    )


def _products(warehouse: Warehouse) -> pl.DataFrame:
    return warehouse.query("SELECT * EXCLUDE (snapshot_id) FROM tokenized_products ORDER BY issuer, product")
