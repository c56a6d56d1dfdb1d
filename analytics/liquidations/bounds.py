"""From what was reported to what must have been: a lower bound for each exchange of a board, or how its readings
spread.

A published figure bounds the truth from below where the feed it may have been read from hides liquidations. Where the
feed can be seen whole the readings of one tracker lie close together, but that is their spread and no bound: whether
it counts take-overs or auto-deleveraging, and at which price, is not stated. Open interest also falls where positions
are closed by choice and rises again where the liquidated come back, so its change is told beside the figure and
enters no bound.
"""

from __future__ import annotations

import polars as pl

from analytics import sql
from analytics.compare import crash_days
from analytics.liquidations import boards, regimes
from analytics.warehouse import Warehouse

METHODS = {
    "complete": "Lowest and highest reading of the same kind of window: a spread of readings, no bound on the truth",
    "floor": "The largest one-sided figure published for it; no upper end is known",
}
REFUSALS = {
    "throttled": (
        "Its feed shows at most one order a symbol and second; a sum does not tell what that hid, single orders would"
    ),
    "sampled": "Its feed shows a part of the orders, and nothing says which part",
    "unknown": "Nothing says how complete its feed was",
    "key_needed": "Its feed cannot be seen without a key",
    "gone": "Its feed is no longer published",
}
READINGS = f"""
    WITH figures AS (
        SELECT *, {boards.WINDOW_KIND} AS kind
        FROM liquidation_reports
        WHERE crash_day = $crash_day AND asset = 'all' AND side = 'total' AND confidence <> 'low'
          AND (metric = 'liquidations' AND {sql.ONE_SIDED} OR metric = 'liquidations_actual')
    ), chosen AS (
        SELECT universe, kind, phase
        FROM figures
        WHERE board = $board AND venue <> 'all'
        LIMIT 1
    )
    SELECT venue, min(value) FILTER (f.universe = c.universe AND f.kind = c.kind) AS least_usd,
           max(value) FILTER (f.universe = c.universe AND f.kind = c.kind) AS most_usd, max(value) AS floor_usd,
           arg_max(concat_ws(', ', origin, window_label, strftime(as_of, 'as of %Y-%m-%d')), row(value, as_of, board))
               AS floor_input,
           {sql.sources()} AS source_id
    FROM figures f
    JOIN chosen c USING (phase)
    WHERE venue <> 'all'
    GROUP BY venue
"""
INTEREST = """
    SELECT venue, arg_max(value, row(as_of, source_id)) AS open_interest_change_usd,
           arg_max(source_id, row(as_of, source_id)) AS source_id
    FROM venue_reports
    WHERE crash_day = $crash_day AND metric = 'open_interest_change' AND asset = 'all' AND unit = 'USD'
      AND confidence <> 'low'
    GROUP BY venue
"""


def of_board(warehouse: Warehouse, crash_day: str, board: str) -> pl.DataFrame:
    """Each exchange a board names, largest first: reported, bound, spread of readings, and how they came about.

    Columns: `board venue name reported_usd bound_usd bound_input low_usd high_usd method refusal completeness feed
    regime established open_interest_change_usd source_id`. `bound_usd` is the largest one-sided figure published for
    the exchange in this part of the story, on whatever board. `low_usd` to `high_usd` hold all readings of the board's
    kind of window where the feed is complete; where it hides some they are null, and `refusal` says why.
    """
    rows = boards.by_exchange(warehouse, board).filter(~pl.col("computed"), pl.col("total_usd").is_not_null())
    in_force = regimes.in_force(warehouse, tuple(rows["venue"]), *crash_days.window(warehouse, crash_day))
    parts = {
        "_read": warehouse.query(READINGS, crash_day=crash_day, board=board),
        "_regime": in_force.unique("venue", keep="first", maintain_order=True).drop("name"),
        "_interest": warehouse.query(INTEREST, crash_day=crash_day),
    }
    for suffix, part in parts.items():
        rows = rows.join(part, on="venue", how="left", suffix=suffix, maintain_order="left")
    sources = ["source_id", *(f"source_id{suffix}" for suffix in parts)]
    whole = pl.col("completeness") == "complete"
    return rows.with_columns(pl.col("completeness").fill_null("unknown")).select(
        *("board", "venue", "name"),
        reported_usd="total_usd",
        bound_usd=pl.max_horizontal("floor_usd", "total_usd"),
        bound_input="floor_input",
        low_usd=pl.when(whole).then(pl.coalesce("least_usd", "total_usd")),
        high_usd=pl.when(whole).then(pl.coalesce("most_usd", "total_usd")),
        method=pl.when(whole).then(pl.lit(METHODS["complete"])).otherwise(pl.lit(METHODS["floor"])),
        refusal=pl.when(~whole).then(pl.col("completeness").replace_strict(REFUSALS, default=None)),
        completeness="completeness",
        feed="feed",
        regime="rule",
        established=pl.col("valid_from").is_not_null(),
        open_interest_change_usd="open_interest_change_usd",
        source_id=pl.concat_list(pl.col(name).fill_null("").str.split(";") for name in sources)
        .list.unique(maintain_order=True)
        .list.drop_nulls()
        .list.filter(pl.element() != "")
        .list.join(";"),
    )
