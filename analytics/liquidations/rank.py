"""Whether the order of a board's exchanges may be another one, and how much a hiding feed would have to hide for that.

What a feed hid is not known, so nobody can say how likely another order is. What can be computed without a guess is
the factor at which an exchange whose feed hides liquidations would pass the first one. Beside it stands the factor
that a published estimate of the whole implies, if all that it adds was hidden by these exchanges, by each in the same
proportion.
"""

from __future__ import annotations

import polars as pl

from analytics import rounding
from analytics.compare import crash_days
from analytics.liquidations import bounds, headline
from analytics.warehouse import Columns, Warehouse

TURNS: Columns = {
    "board": pl.String,
    "venue": pl.String,
    "name": pl.String,
    "bound_usd": pl.Float64,
    "leader": pl.String,
    "leader_usd": pl.Float64,
    "factor": pl.Float64,
    "factor_low": pl.Float64,
    "factor_high": pl.Float64,
    "implied_low": pl.Float64,
    "implied_high": pl.Float64,
    "estimate_origin": pl.String,
    "stated_most": pl.Float64,
    "stated_case": pl.String,
    "source_id": pl.String,
}


def turning_points(warehouse: Warehouse, crash_day: str, board: str) -> pl.DataFrame:
    """The exchanges of a board whose feeds hide liquidations, and how many times what they showed would make each the
    first.

    Columns: `board venue name bound_usd leader leader_usd factor factor_low factor_high implied_low implied_high
    estimate_origin stated_most stated_case source_id`, the smallest factor first; the leader itself is left out.
    `factor_low` to `factor_high` is what the rounding of both figures leaves open. `implied_low` to `implied_high` is
    what the day's estimate means for all of them together, null where there is none; `stated_most` is the largest
    factor a venue ever stated of itself (`stated_case`).
    """
    known = bounds.of_board(warehouse, crash_day, board).sort("bound_usd", descending=True)
    if known.is_empty():
        return pl.DataFrame(schema=TURNS)
    leader, hiding = known.row(0, named=True), known[1:].filter(pl.col("high_usd").is_null())
    case = next(crash_days.feed_gaps(warehouse).sort("times", descending=True).iter_rows(named=True), None)
    top, off = leader["bound_usd"], rounding.half_steps(hiding["bound_usd"])
    loose = rounding.half_step(top)
    return hiding.select(
        "board",
        "venue",
        "name",
        "bound_usd",
        leader=pl.lit(leader["name"]),
        leader_usd=pl.lit(top),
        factor=top / pl.col("bound_usd"),
        factor_low=(top - loose) / (pl.col("bound_usd") + off),
        factor_high=(top + loose) / (pl.col("bound_usd") - off),
        **_implied(warehouse, crash_day, hiding),
        stated_most=pl.lit(case["times"] if case else None, pl.Float64),
        stated_case=pl.lit(f"{case['name']}, {case['title']}" if case else None, pl.String),
        source_id=pl.concat_str(
            "source_id",
            pl.lit(leader["source_id"]),
            pl.lit(case["source_id"] if case else None, pl.String),
            separator=";",
            ignore_nulls=True,
        ),
    ).sort("factor", "name")


def _implied(warehouse: Warehouse, crash_day: str, hiding: pl.DataFrame) -> dict[str, pl.Expr]:
    """The factors an estimate of the whole means, where it and the total it adds to are published."""
    estimate = next(headline.estimate(warehouse, crash_day).iter_rows(named=True), None)
    total = next(headline.total(warehouse, crash_day).iter_rows(named=True), None)
    shown = hiding["bound_usd"].sum()
    low = high = None
    if estimate and total and shown:
        low, high = ((estimate[end] - total["value"] + shown) / shown for end in ("value", "high"))
    return {
        "implied_low": pl.lit(low, pl.Float64),
        "implied_high": pl.lit(high, pl.Float64),
        "estimate_origin": pl.lit(estimate["origin"] if estimate else None, pl.String),
    }
