"""What the exchanges' liquidation feeds let through, and since when: why two bars of one board may not compare."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from analytics import sql
from analytics.warehouse import Warehouse

COLUMNS = "regime_id, venue, v.name, feed, valid_from, valid_to, completeness, rule, evidence, r.source_id"
BEST_FIRST = "list_position(['complete', 'throttled', 'sampled', 'unknown', 'key_needed', 'gone'], completeness)"


def of_venues(warehouse: Warehouse, venues: tuple[str, ...]) -> pl.DataFrame:
    """All measurement regimes of these venues' feeds: `regime_id venue name feed valid_from valid_to completeness rule
    evidence source_id`.

    In the order of `venues`, then by feed, the best first, and by time. `valid_from` is null where the start is not
    established.
    """
    return warehouse.query(
        f"""
        SELECT {COLUMNS}
        FROM feed_regimes r
        JOIN venues v USING (venue)
        WHERE venue IN (SELECT unnest($venues))
        ORDER BY list_position($venues, venue), min({BEST_FIRST}) OVER (PARTITION BY venue, feed), feed,
                 valid_from NULLS FIRST
        """,
        venues=list(venues),
    )


def in_force(warehouse: Warehouse, venues: tuple[str, ...], start: datetime, end: datetime) -> pl.DataFrame:
    """The regimes that held in a range, in the columns of `of_venues`, best feed of each venue first.

    A regime whose `valid_from` is null is listed, but that it already held in the range is not established.
    """
    return warehouse.query(
        f"""
        SELECT {COLUMNS}
        FROM feed_regimes r
        JOIN venues v USING (venue)
        WHERE venue IN (SELECT unnest($venues)) AND (valid_from IS NULL OR valid_from < $end)
          AND (valid_to IS NULL OR valid_to > $start)
        ORDER BY list_position($venues, venue), {BEST_FIRST}, feed
        """,
        venues=list(venues),
        start=start,
        end=end,
    )


def verdicts(warehouse: Warehouse, venues: tuple[str, ...], start: datetime, end: datetime) -> pl.DataFrame:
    """How much of its liquidations each venue let anybody see in a range: `venue name completeness established
    source_id`, in the order of `venues`.

    The best of the venue's feeds counts; `unknown` where no feed is described; `established` is false where it is not
    known since when the regime holds.
    """
    best = in_force(warehouse, venues, start, end).unique("venue", keep="first", maintain_order=True)
    names = warehouse.query(
        "SELECT venue, name FROM venues WHERE venue IN (SELECT unnest($venues)) ORDER BY list_position($venues, venue)",
        venues=list(venues),
    )
    return names.join(best.drop("name"), on="venue", how="left", maintain_order="left").select(
        "venue",
        "name",
        pl.col("completeness").fill_null("unknown"),
        established=pl.col("valid_from").is_not_null(),
        source_id="source_id",
    )


def changes(warehouse: Warehouse, start: datetime, end: datetime) -> pl.DataFrame:
    """The moments in a range at which a venue's feed began or ceased to be complete, in time order.

    Columns: `changed_at venue name feed_before before feed after rule evidence source_id`. A change is one regime that
    ends where another of the same venue begins. Sums over venues from before and after it do not compare.
    """
    return warehouse.query(
        """
        SELECT b.valid_from AS changed_at, venue, v.name, a.feed AS feed_before, a.completeness AS before, b.feed,
               b.completeness AS after,
               b.rule, b.evidence, concat_ws(';', b.source_id, nullif(a.source_id, b.source_id)) AS source_id
        FROM feed_regimes a
        JOIN feed_regimes b USING (venue)
        JOIN venues v USING (venue)
        WHERE a.valid_to = b.valid_from AND a.completeness <> b.completeness
          AND 'complete' IN (a.completeness, b.completeness)
          AND b.valid_from >= $start AND b.valid_from < $end
        ORDER BY changed_at, venue
        """,
        start=start,
        end=end,
    )


def undated_limits(warehouse: Warehouse) -> pl.DataFrame:
    """Venues whose feed is cut down today while the start of that is not established: `venue name source_id`."""
    return warehouse.query(
        f"""
        SELECT venue, v.name, {sql.sources("r.source_id")} AS source_id
        FROM feed_regimes r
        JOIN venues v USING (venue)
        WHERE completeness IN ('throttled', 'sampled') AND valid_from IS NULL AND valid_to IS NULL
        GROUP BY venue, v.name
        ORDER BY v.name
        """
    )
