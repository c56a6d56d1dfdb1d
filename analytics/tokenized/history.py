"""How tokenized stocks developed, as published: dated points, and which of them may be joined by a line.

`series` is subject, metric, scope and origin in one key: a line joins points of one series only. `name` is what the
legend calls it; what stands alone has none.
"""

from __future__ import annotations

import polars as pl

from analytics.tokenized import market
from analytics.warehouse import Warehouse

NAMED_ISSUERS = 5
"""Issuers with a line and a name of their own; more cannot be told apart by colour."""
PUBLISHED = ~pl.col("origin").str.starts_with("computed")
METRIC = pl.col("metric").str.replace_all("_", " ")
COLUMNS = [
    "as_of",
    "as_of_precision",
    "until",
    "subject",
    "name",
    "value",
    "low",
    "high",
    "unit",
    "series",
    "metric",
    "scope",
    "origin",
    "confidence",
    "second_hand",
    "note",
    "source_id",
]


def issuers(warehouse: Warehouse) -> pl.DataFrame:
    """Shares of issuers in the whole market over time, in percent, as published or computed from published values: the
    columns of `COLUMNS`.

    Published shares of several issuers together are among them, low confidence is not. `name` is given to the largest
    issuers.
    """
    computed = market.shares(warehouse).filter((pl.col("measure") == "value") & market.DRAWN)
    single = computed.select(
        "as_of", "as_of_precision", "until", "subject", "metric", "scope", "origin", "confidence", "second_hand",
        "source_id", value="share_pct", unit=pl.lit("percent"), note=pl.lit(None, pl.String),
    )  # fmt: skip
    sums = warehouse.query(
        f"""
        {market.MEASURED}
        SELECT as_of, as_of_precision, until, subject, metric, scope, origin, confidence, second_hand, source_id, value,
               unit, note
        FROM measured
        WHERE subject_kind = 'sum' AND unit = 'percent' AND measure = 'value' AND origin NOT LIKE 'computed%'
          AND confidence <> 'low'
        """
    )
    points = pl.concat([single, sums], how="diagonal_relaxed").with_columns(
        low="value", high="value", series=_series("subject", "metric", "scope", "origin")
    )
    largest = single.group_by("subject").agg(pl.col("value").max()).sort("value", "subject", descending=[True, False])
    named = pl.col("subject").is_in(largest["subject"].head(NAMED_ISSUERS).to_list())
    return points.with_columns(name=pl.when(named).then("subject")).select(COLUMNS).sort("as_of", "series")


def classes(warehouse: Warehouse, ruleset: str, own_rule: market.Own = ()) -> pl.DataFrame:
    """Shares of a ruleset's classes over time, in percent, from the same readings: the columns of `COLUMNS`.

    What a reading does not name by issuer may belong to any class, so each share is a range: `low` is what the named
    issuers make (and `value`, null where none of them is in the class), `high` adds all of the rest. Facts are as last
    read, also for older readings.
    """
    known = market.readings(warehouse).filter(pl.col("measure") == "value")
    when = market.shares(warehouse).select(
        "reading", "as_of", "as_of_precision", "until", "metric", "scope", "origin", "confidence", "second_hand"
    )
    rows = pl.concat(
        [market.by_class(warehouse, reading, own_rule) for reading in known["reading"]], how="diagonal_relaxed"
    ).filter(pl.col("ruleset") == ruleset)
    rest = rows.filter(pl.col("class_name") == market.NOT_NAMED).select("reading", rest="share_pct")
    points = (
        rows.filter(pl.col("class_name") != market.NOT_NAMED)
        .join(rest, on="reading", maintain_order="left")
        .join(when.unique(subset="reading"), on="reading", maintain_order="left")
        .with_columns(
            subject="class_name",
            value=pl.when(pl.col("issuers") > 0).then("share_pct"),
            low="share_pct",
            high=pl.col("share_pct") + pl.col("rest"),
            unit=pl.lit("percent"),
            note="members",
            series=_series("class_name", "metric", "scope", "origin"),
        )
    )
    return points.with_columns(name="class_name").select(COLUMNS).sort("as_of", maintain_order=True)


def sizes(warehouse: Warehouse, measure: str) -> pl.DataFrame:
    """Readings of the whole market by one denominator ("value", "volume", "holders" or "open interest"): the columns of
    `COLUMNS`.

    `low` and `high` span the readings of the same metric, scope and day where they disagree; all of them are kept.
    """
    points = _published(warehouse, "market", measure)
    return _named(points, pl.concat_str("origin", pl.lit(": "), METRIC)).select(COLUMNS).sort("as_of", "series")


def perpetuals(warehouse: Warehouse) -> pl.DataFrame:
    """Everything published of perpetuals on stocks, newest first: the columns of `COLUMNS` and `measure`.

    Scopes differ (a chain's every market, metals among them, or stocks alone), so no axis joins them.
    """
    points = pl.concat([_published(warehouse, "perpetual", measure) for measure in ("open interest", "volume")])
    return _named(points, METRIC).select(*COLUMNS, "measure").sort("as_of", "series", descending=True)


def lines(warehouse: Warehouse, kind: str, measure: str) -> pl.DataFrame:
    """What was published of single subjects of a kind ("issuer" or "token") on two days or more in the same way, in
    USD: the columns of `COLUMNS`.

    Publishers count differently, so that lines of two publishers, metrics or scopes neither add up nor are one line.
    """
    points = _published(warehouse, kind, measure).filter((pl.col("unit") == "USD") & PUBLISHED)
    name = pl.concat_str("subject", pl.lit(": "), METRIC, pl.lit(" ("), "origin", pl.lit(")"))
    return _named(points, name).filter(pl.col("name").is_not_null()).select(COLUMNS).sort("as_of", "series")


def chains(warehouse: Warehouse) -> pl.DataFrame:
    """Everything published of single chains, in USD and in percent, oldest first: the columns of `COLUMNS` and
    `measure`.

    Each way of counting has a `name`: no share is computed, as no reading of a chain states a whole of its own scope.
    """
    points = pl.concat([_published(warehouse, "chain", measure) for measure in ("value", "volume", "holders")])
    name = pl.concat_str("subject", pl.lit(": "), METRIC, pl.lit(" ("), "origin", pl.lit(")"))
    return points.filter(PUBLISHED).with_columns(name=name).select(*COLUMNS, "measure").sort("as_of", "series")


def _published(warehouse: Warehouse, kind: str, measure: str) -> pl.DataFrame:
    return warehouse.query(
        f"""
        {market.MEASURED}
        SELECT *, min(value) OVER same AS low, max(value) OVER same AS high
        FROM measured
        WHERE subject_kind = $kind AND measure = $measure
        WINDOW same AS (PARTITION BY subject, metric, scope, unit, as_of, as_of_precision)
        """,
        kind=kind,
        measure=measure,
    ).with_columns(series=_series("subject", "metric", "scope", "origin"))


def _named(points: pl.DataFrame, name: pl.Expr) -> pl.DataFrame:
    """Series of several dates get a name, with their scope where another one would have the same."""
    named = points.with_columns(name=pl.when(pl.col("as_of").n_unique().over("series") > 1).then(name))
    shared = pl.col("series").n_unique().over("name") > 1
    return named.with_columns(name=pl.when(shared).then(pl.concat_str("name", pl.lit(", "), "scope")).otherwise("name"))


def concentration(warehouse: Warehouse) -> pl.DataFrame:
    """How concentrated the market is by value, per reading that names issuers, oldest first.

    Columns: `as_of as_of_precision origin scope issuers named_pct hhi_low hhi_high source_id`. The
    Herfindahl-Hirschman index sums the squared percentages of the issuers: the named ones alone at least, and at most
    the rest as one more issuer, both with what the rounding of every figure leaves open.
    """
    squares = (
        market.bounded(warehouse)
        .filter((pl.col("measure") == "value") & market.DRAWN)
        .group_by("reading")
        .agg(
            hhi_low=(pl.col("low_pct") ** 2).sort().sum(),
            named_high=(pl.col("high_pct") ** 2).sort().sum(),
            rest=100 - pl.col("low_pct").sum(),
        )
    )
    whole = market.readings(warehouse).filter(pl.col("measure") == "value")
    return (
        whole.join(squares, on="reading")
        .with_columns(hhi_high=pl.min_horizontal(pl.col("named_high") + pl.col("rest") ** 2, pl.lit(10_000)))
        .select(
            "as_of", "as_of_precision", "origin", "scope", "issuers", "named_pct", "hhi_low", "hhi_high", "source_id"
        )
        .sort("as_of", "origin")
    )


def _series(*columns: str) -> pl.Expr:
    return pl.concat_str(columns, separator="|")
