"""The exchanges of a board in order, with doubt: which place each may hold, and how likely under one stated scenario.

What a feed hid is not known, so the places that published figures prove are wide. To say how likely each is takes an
assumption, and there is one case to take it from: a venue that stated its own total while its feed showed less. The
scenario multiplies each exchange whose feed hides liquidations by a factor of its own between one and the largest factor
ever stated, all ratios equally likely (the logarithm is uniform). It is a scenario and no measurement.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from analytics import bounds, crash_days
from analytics.warehouse import Warehouse

DRAWS, SEED = 20_000, 20
PLACES = {
    "board": pl.String,
    "venue": pl.String,
    "name": pl.String,
    "place": pl.Int64,
    "probability_pct": pl.Float64,
    "bound_usd": pl.Float64,
    "method": pl.String,
    "regime": pl.String,
    "source_id": pl.String,
}


def with_doubt(warehouse: Warehouse, crash_day: str, board: str) -> pl.DataFrame:
    """Each exchange of a board in the board's order, with the places it may hold: the columns of `bounds.of_board` and more.

    `place` is that of the board, `best_place` and `worst_place` those that the bounds leave open. `scenario_low_usd` to
    `scenario_high_usd` is the scenario's range, `factor` its largest factor and `factor_case` where that comes from; all null
    where no such case is in the tables.
    """
    known = bounds.of_board(warehouse, crash_day, board)
    case = _case(warehouse)
    low = pl.coalesce("low_usd", "bound_usd")
    hides = pl.col("high_usd").is_null()
    stated = known.with_columns(
        place=pl.int_range(1, pl.len() + 1),
        factor=pl.lit(case["times"] if case else None, pl.Float64),
        factor_case=pl.lit(case["words"] if case else None, pl.String),
        scenario_low_usd=pl.when(pl.lit(case is not None)).then(low),
    ).with_columns(scenario_high_usd=pl.when(hides).then(low * pl.col("factor")).otherwise(pl.col("high_usd")))
    lows, highs = known.select(low.alias("low"))["low"], known["high_usd"].fill_null(float("inf"))
    return stated.with_columns(
        best_place=pl.Series([1 + int((lows > high).sum()) for high in highs], dtype=pl.Int64),
        worst_place=pl.Series([int((highs >= one).sum()) for one in lows], dtype=pl.Int64),
        source_id=pl.concat_str(
            "source_id", pl.lit(case["source_id"] if case else None, pl.String), separator=";", ignore_nulls=True
        ),
    )


def probabilities(warehouse: Warehouse, crash_day: str, board: str) -> pl.DataFrame:
    """How often each exchange holds each place when the scenario is drawn again and again: the columns of PLACES.

    One row an exchange and place, in the order of the board; bound, method and regime as in `bounds.of_board`.
    Empty where there is no case to take the scenario from.
    """
    return places(with_doubt(warehouse, crash_day, board))


def places(ranked: pl.DataFrame) -> pl.DataFrame:
    """The shares of places for rows of `with_doubt`."""
    if ranked.is_empty() or ranked["factor"].null_count():
        return pl.DataFrame(schema=PLACES)
    random = np.random.default_rng(SEED)
    low, high = (ranked[f"scenario_{end}_usd"].to_numpy() for end in ("low", "high"))
    drawn = low * (high / low) ** random.random((DRAWS, ranked.height))
    # Of two alike the one the board has first stays first.
    order = np.argsort(-drawn, axis=1, kind="stable")
    told = [name for name in PLACES if name in ranked.columns and name != "place"]
    counted = [np.count_nonzero(order == venue, axis=0) for venue in range(ranked.height)]
    return pl.DataFrame(
        [
            venue | {"place": place + 1, "probability_pct": 100 * int(count) / DRAWS}
            for venue, counts in zip(ranked.select(told).iter_rows(named=True), counted, strict=True)
            for place, count in enumerate(counts)
        ],
        schema=PLACES,
    )


def _case(warehouse: Warehouse) -> dict[str, object] | None:
    """The largest factor by which a venue's own statement exceeded its feed."""
    gaps = crash_days.feed_gaps(warehouse).sort("times", descending=True).head(1)
    return next(
        (gap | {"words": f"{gap['name']}, {gap['title']}"} for gap in gaps.iter_rows(named=True)),
        None,
    )
