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
