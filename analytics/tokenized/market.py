"""Readings of the tokenized-stock market: who has which share, under which rule, and how large the market is said to
be.

A reading is one publication's figures for one moment: same metric, scope, origin and date. Only the issuers of one
reading add up; value, volume and holders are three denominators that never meet.
"""

from __future__ import annotations

import polars as pl

from analytics import rounding, sql
from analytics.tokenized import classification
from analytics.warehouse import Warehouse

Own = tuple[tuple[str, tuple[str, ...]], ...]
"""The reader's rule, as `((fact, answers), …)`."""

ISSUERS, NOT_NAMED, UNCLASSIFIED = "issuers", "not named by issuer", "unclassified"
DRAWN = pl.col("confidence") != "low"
JOINED_SOURCES = pl.col("source_id").str.split(";").explode().unique().sort().str.join(";")

MEASURED = """
    WITH measured AS (
        SELECT *, concat_ws('|', strftime(as_of, '%Y-%m-%d'), metric, scope, origin) AS reading,
               CASE
                   WHEN unit = 'addresses' THEN 'holders'
                   WHEN metric LIKE '%open_interest%' THEN 'open interest'
                   WHEN metric LIKE '%volume%' THEN 'volume'
                   ELSE 'value'
               END AS measure,
               CASE as_of_precision
                   WHEN 'month' THEN as_of + INTERVAL 1 MONTH
                   WHEN 'season' THEN as_of + INTERVAL 3 MONTH
                   WHEN 'year' THEN as_of + INTERVAL 1 YEAR
                   ELSE as_of
               END AS until
        FROM tokenized_metrics
    )
"""
"""Every reading with the denominator it speaks of, and until when its date may reach, as far as the date is known."""


def everything(warehouse: Warehouse) -> pl.DataFrame:
    """All readings, newest first: the columns of `tokenized_metrics` and `measure`."""
    return warehouse.query(
        f"""
        {MEASURED}
        SELECT * EXCLUDE (snapshot_id, reading, until)
        FROM measured
        ORDER BY as_of DESC, measure, subject_kind, value DESC
        """
    )


SHARES = f"""
    {MEASURED}, published AS (
        SELECT *
        FROM measured
        WHERE origin NOT LIKE 'computed%'
    ), totals AS (
        SELECT reading, max(value) AS total, {sql.sources()} AS total_source
        FROM published
        WHERE subject_kind = 'market'
        GROUP BY reading
    ), issuers AS (
        SELECT reading, any_value(measure) AS measure, any_value(metric) AS metric, any_value(scope) AS scope,
               any_value(origin) AS origin, any_value(as_of) AS as_of,
               any_value(as_of_precision) AS as_of_precision, any_value(until) AS until, unit, subject,
               any_value(product_id) AS product_id, min(value) AS value,
               any_value(confidence) AS confidence, bool_or(second_hand) AS second_hand,
               {sql.sources()} AS source_id
        FROM published
        WHERE subject_kind = 'issuer'
        GROUP BY reading, unit, subject
    )
    SELECT reading, measure, metric, scope, origin, as_of, as_of_precision, until, unit, subject, product_id, value,
           CASE WHEN unit = 'percent' THEN 100 ELSE total END AS total,
           100 * value / CASE WHEN unit = 'percent' THEN 100 ELSE total END AS share_pct,
           count(*) OVER (PARTITION BY reading) AS issuers, confidence, second_hand,
           concat_ws(
               ';', issuers.source_id,
               CASE WHEN unit <> 'percent' AND total_source <> issuers.source_id THEN total_source END
           ) AS source_id
    FROM issuers
    LEFT JOIN totals USING (reading)
    WHERE unit = 'percent' OR total IS NOT NULL
    QUALIFY sum({sql.exact("value", 4)}) OVER (PARTITION BY reading) <= CASE
        WHEN unit = 'percent' THEN 100
        ELSE total
    END
    ORDER BY issuers.as_of DESC, reading, value DESC, subject
"""


def shares(warehouse: Warehouse) -> pl.DataFrame:
    """Each issuer's share in each reading that states the whole, newest first.

    Columns: `reading measure metric scope origin as_of as_of_precision until unit subject product_id value total
    share_pct issuers confidence second_hand source_id`. The whole is the reading's own total, or 100 where it publishes
    percentages. Where one reading gives an issuer two figures, the lower counts, and of two totals the higher: a share
    is the least it can be. What was computed from a reading is left out, as it is computed here; so is a reading whose
    issuers exceed its total.
    """
    return warehouse.query(SHARES)


def bounded(warehouse: Warehouse) -> pl.DataFrame:
    """`shares` with `low_pct` and `high_pct`: what the rounding of the issuer's figure and of the whole leaves open."""
    rows = shares(warehouse)
    off = rounding.half_steps(rows["value"])
    whole = rows.select(
        pl.when(pl.col("unit") == "percent").then(0.0).otherwise(rounding.half_steps(rows["total"]))
    ).to_series()
    return rows.with_columns(
        low_pct=100 * (rows["value"] - off) / (rows["total"] + whole),
        high_pct=100 * (rows["value"] + off) / (rows["total"] - whole),
    )


def not_named(warehouse: Warehouse, reading: str) -> pl.DataFrame:
    """The part of a reading that belongs to no issuer it names, as far as rounded figures tell: `low_pct high_pct
    source_id`, one row."""
    rows = bounded(warehouse).filter((pl.col("reading") == reading) & DRAWN)
    return rows.select(
        low_pct=pl.max_horizontal(100 - pl.col("high_pct").sum(), 0.0),
        high_pct=100 - pl.col("low_pct").sum(),
        source_id=pl.col("source_id").unique().sort().str.join(";"),
    )


def readings(warehouse: Warehouse) -> pl.DataFrame:
    """The readings that name at least two issuers, those by value first, then the newest.

    Columns: `reading measure metric scope origin as_of as_of_precision unit total issuers named_pct source_id`.
    """
    whole = ["measure", "metric", "scope", "origin", "as_of", "as_of_precision", "unit", "total", "issuers"]
    return (
        shares(warehouse)
        .filter((pl.col("issuers") >= 2) & DRAWN)
        .group_by("reading", maintain_order=True)
        .agg(
            *(pl.col(column).first() for column in whole),
            named_pct=pl.col("share_pct").sum(),
            source_id=pl.col("source_id").unique().sort().str.join(";"),
        )
        .sort(pl.col("measure") == "value", "as_of", descending=True)
    )


def members(warehouse: Warehouse, reading: str, own_rule: Own = ()) -> pl.DataFrame:
    """Who is in which class: one reading's issuers under every ruleset, with the part it does not break out as a line
    of its own.

    Columns: `reading measure unit ruleset name rank ranks class_name subject product_id value total share_pct
    confidence source_id`; `confidence` is the weakest of the facts that decided. Issuers stand in one order under all
    rulesets: closest to the share first.
    """
    rules = classification.rulesets(warehouse, own_rule)
    classes = classification.classify(classification.facts(warehouse), rules).drop("position")
    order = classification.order(rules)
    named = (
        shares(warehouse)
        .filter((pl.col("reading") == reading) & DRAWN)
        .select("reading", "measure", "unit", "subject", "product_id", "value", "total", "share_pct", "source_id")
    )
    placed = (
        named.join(order.select("ruleset", "name").unique(maintain_order=True), how="cross")
        .join(classes, on=["ruleset", "product_id"], how="left", suffix="_class")
        .with_columns(
            pl.col("class_name").fill_null(UNCLASSIFIED),
            source_id=pl.concat_str("source_id", "source_id_class", separator=";", ignore_nulls=True),
        )
        .drop("source_id_class")
        .join(order, on=["ruleset", "name", "class_name"], how="left")
    )
    return pl.concat([placed, _rest(placed)], how="diagonal_relaxed").sort(
        pl.col("ruleset").replace_strict(_places(order["ruleset"]), return_dtype=pl.Int64),
        pl.col("subject").replace_strict(_places(_lineup(placed)), default=None, return_dtype=pl.Int64),
        nulls_last=True,
    )


def by_class(warehouse: Warehouse, reading: str, own_rule: Own = ()) -> pl.DataFrame:
    """The share of each class in one reading under every ruleset, and that of each issuer under `issuers`; every
    ruleset adds up to 100 %.

    Columns: `reading measure unit ruleset name rank ranks class_name issuers members value total share_pct
    low_confidence source_id`. `low_confidence`: all of its members are there by facts of low confidence. A class none
    of the named issuers falls into is there with 0; what the reading does not break out stands under "not named by
    issuer".
    """
    rows = members(warehouse, reading, own_rule)
    if rows.is_empty():
        return rows.with_columns(issuers=pl.lit(0), members=pl.lit(""), low_confidence=pl.lit(value=False))
    order = classification.order(classification.rulesets(warehouse, own_rule))
    summed = _summed(pl.concat([_alone(rows), rows]))
    bars = _places(pl.concat([pl.Series([ISSUERS]), order["ruleset"]]))
    return pl.concat([summed, _nobody(summed, order)], how="diagonal_relaxed").sort(
        pl.col("ruleset").replace_strict(bars, return_dtype=pl.Int64),
        pl.col("class_name") == NOT_NAMED,
        "rank",
        nulls_last=True,
        maintain_order=True,
    )


def _alone(rows: pl.DataFrame) -> pl.DataFrame:
    """Each issuer as a class of its own."""
    nothing = pl.lit(None, pl.Int64)
    return rows.filter(pl.col("ruleset") == rows["ruleset"][0]).with_columns(
        confidence=pl.lit(None, pl.String),  # that of a rule's facts: here no rule decides
        ruleset=pl.lit(ISSUERS),
        name=pl.lit("By issuer"),
        class_name="subject",
        rank=nothing,
        ranks=nothing,
    )


def _summed(rows: pl.DataFrame) -> pl.DataFrame:
    key = ["reading", "measure", "unit", "total", "ruleset", "name", "rank", "ranks", "class_name"]
    named = pl.when(pl.col("subject") != NOT_NAMED).then("subject").sort_by("value", descending=True).drop_nulls()
    return (
        rows.group_by(key, maintain_order=True)
        .agg(
            issuers=named.len().cast(pl.Int64),
            members=named.str.join(", "),
            value=pl.col("value").sum(),
            low_confidence=(pl.col("confidence") == "low").fill_null(value=False).all() & (named.len() > 0),
            source_id=JOINED_SOURCES,
        )
        .with_columns(share_pct=100 * pl.col("value") / pl.col("total"))
    )


def _nobody(summed: pl.DataFrame, order: pl.DataFrame) -> pl.DataFrame:
    """The classes none of the named issuers falls into, with the sources of the bar they would stand in."""
    empty = order.filter(pl.col("rank").is_not_null()).join(summed, on=["ruleset", "class_name"], how="anti")
    bars = summed.group_by("reading", "measure", "unit", "total", "ruleset").agg(JOINED_SOURCES)
    return bars.join(empty, on="ruleset").with_columns(
        issuers=pl.lit(0, pl.Int64), members=pl.lit(""), value=0.0, share_pct=0.0, low_confidence=pl.lit(value=False)
    )


def _places(names: pl.Series) -> dict[str, int]:
    return {name: place for place, name in enumerate(names.unique(maintain_order=True))}


def _lineup(placed: pl.DataFrame) -> pl.Series:
    """The issuers so that those of one class stand together under as many rulesets as possible."""
    ranks = placed.pivot("ruleset", index=["subject", "value"], values="rank", maintain_order=True)
    return ranks.sort(*ranks.columns[2:], -pl.col("value"), nulls_last=True)["subject"]


def _rest(placed: pl.DataFrame) -> pl.DataFrame:
    """What a reading states in total but not by issuer, once per ruleset."""
    key = ["reading", "measure", "unit", "total", "ruleset", "name"]
    return (
        placed.group_by(key, maintain_order=True)
        .agg(named=pl.col("value").sum(), source_id=pl.col("source_id").first().str.split(";").list.first())
        .select(
            *key,
            "source_id",
            class_name=pl.lit(NOT_NAMED),
            subject=pl.lit(NOT_NAMED),
            value=pl.col("total") - pl.col("named"),
            share_pct=100 * (pl.col("total") - pl.col("named")) / pl.col("total"),
        )
    )
