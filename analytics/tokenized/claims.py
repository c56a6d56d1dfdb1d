"""Market shares that were quoted, beside what the readings give for the same issuers."""

from __future__ import annotations

import polars as pl

from analytics.tokenized import classification, market
from analytics.warehouse import Warehouse


def checked(warehouse: Warehouse, ruleset: str, own_rule: market.Own = ()) -> pl.DataFrame:
    """Every published share of an issuer, or of several together, against each reading by value that names all of them.

    Columns: `claim_id subject claim_pct claim_origin claim_scope claim_as_of claim_precision claim_confidence
    claim_note as_of as_of_precision origin share_pct class_name class_low_pct class_high_pct source_id`, the largest
    claim and the newest reading first. `share_pct` is their share of the whole reading; `class_*_pct` that of their own
    class, where they share one under the ruleset: at least, if all that is not named belonged to it, at most, if none
    did. No claim is checked against itself.
    """
    claims, shares = _claims(warehouse), _placed(warehouse, ruleset, own_rule)
    same_issuer = (pl.col("issuer") == pl.col("part")) | pl.col("issuer").str.starts_with(pl.col("part") + " (")
    itself = (pl.col("as_of") == pl.col("claim_as_of")) & (pl.col("origin") == pl.col("claim_origin"))
    share, one_class = pl.col("share_pct").sum(), pl.col("class_name").n_unique() == 1
    named, rest = pl.col("class_pct").first(), pl.col("rest_pct").first()
    claim = [column for column in claims.columns if column not in ("part", "claim_source")]
    sources = pl.concat([pl.col("claim_source"), pl.col("source_id").str.split(";").explode()])
    return (
        claims.join(shares, how="cross")
        .filter(same_issuer & ~itself)
        .group_by(*claim, "as_of", "as_of_precision", "origin", "reading")
        .agg(
            found=pl.col("part").n_unique(),
            share_pct=share,
            class_name=pl.when(one_class).then(pl.col("class_name").first()),
            class_low_pct=pl.when(one_class).then(100 * share / (named + rest)),
            class_high_pct=pl.when(one_class).then(100 * share / named),
            source_id=sources.unique().sort().str.join(";"),
        )
        .filter(pl.col("found") == pl.col("parts"))
        .sort("claim_pct", "claim_id", "as_of", "reading", descending=[True, False, True, False])
        .drop("found", "parts", "reading")
    )


def _claims(warehouse: Warehouse) -> pl.DataFrame:
    """Published shares, one row per issuer they speak of."""
    return warehouse.query(
        """
        SELECT row_id AS claim_id, subject, value AS claim_pct, origin AS claim_origin, scope AS claim_scope,
               as_of AS claim_as_of,
               as_of_precision AS claim_precision, confidence AS claim_confidence, note AS claim_note,
               source_id AS claim_source,
               unnest(string_split(subject, ' + ')) AS part, len(string_split(subject, ' + ')) AS parts
        FROM tokenized_metrics
        WHERE metric = 'market_share' AND subject_kind IN ('issuer', 'sum') AND origin NOT LIKE 'computed%'
        """
    )


def _placed(warehouse: Warehouse, ruleset: str, own_rule: market.Own) -> pl.DataFrame:
    """Issuers' shares by value with the class of each, how much of the reading that class makes, and how much is not
    named."""
    rules = classification.rulesets(warehouse, own_rule).filter(pl.col("ruleset") == ruleset)
    classes = classification.classify(classification.facts(warehouse), rules).select("product_id", "class_name")
    return (
        market.shares(warehouse)
        .filter((pl.col("measure") == "value") & market.DRAWN)
        .join(classes, on="product_id", how="left", maintain_order="left")
        .with_columns(pl.col("class_name").fill_null(market.UNCLASSIFIED))
        .with_columns(
            class_pct=pl.col("share_pct").sum().over("reading", "class_name"),
            rest_pct=100 - pl.col("share_pct").sum().over("reading"),
        )
        .select(
            "reading", "as_of", "as_of_precision", "origin", "share_pct", "class_name", "class_pct", "rest_pct",
            "source_id", issuer="subject",
        )
    )  # fmt: skip
