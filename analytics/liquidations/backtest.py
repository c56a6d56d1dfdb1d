"""How well throttle estimates hold: a complete stream is throttled by the same rule, estimated, and compared with what
it was.

`score` does it for one stream, `complete_feeds` for what the warehouse holds; `analytics.liquidations.calibration`
holds what came of it on simulated streams.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

import polars as pl

from analytics.liquidations import event_feeds, throttle
from analytics.warehouse import Columns, Warehouse

SCORED: Columns = {
    "venue": pl.String,
    "name": pl.String,
    "feed": pl.String,
    "mechanism": pl.String,
    "source_id": pl.String,
    "rule": pl.String,
    "orders": pl.Int64,
    "true_usd": pl.Float64,
    "passed": pl.Int64,
    "reported_share": pl.Float64,
    "bound_share": pl.Float64,
    "bound_holds": pl.Boolean,
    "estimate_share": pl.Float64,
    "low_share": pl.Float64,
    "high_share": pl.Float64,
    "covered": pl.Boolean,
    "refusal": pl.String,
}


@dataclass(frozen=True)
class Score:
    """A complete stream, what a feed of the rule would have shown of it, and what the estimate made of that.

    Shares are of the true sum. `covered` is None where there is no estimate.
    """

    rule: str
    orders: int
    true_usd: float
    passed: int
    reported_share: float
    bound_share: float
    bound_holds: bool
    estimate_share: float | None
    low_share: float | None
    high_share: float | None
    covered: bool | None
    refusal: str | None


def score(complete: pl.DataFrame, rule: str) -> Score | None:
    """Throttle a complete stream (`symbol ts notional_usd`) by a rule, estimate it without telling which, and compare.

    None where the stream's own sum is not known.
    """
    found = throttle.across(throttle.throttled(complete, rule))
    true = float(complete["notional_usd"].sum())
    if found.reported_usd is None or found.bound_usd is None:
        return None
    low, middle, high = (
        None if one is None else one / true for one in (found.low_usd, found.estimate_usd, found.high_usd)
    )
    return Score(
        rule,
        complete.height,
        true,
        found.orders,
        found.reported_usd / true,
        found.bound_usd / true,
        found.bound_usd <= true,
        middle,
        low,
        high,
        None if low is None or high is None else low <= 1 <= high,
        found.refusal,
    )


def complete_feeds(warehouse: Warehouse, start: datetime, end: datetime) -> pl.DataFrame:
    """Every complete feed of a range, throttled by each rule, estimated and compared with what it really was.

    Columns: `venue name feed mechanism source_id` and those of `Score`.
    """
    complete = event_feeds.feeds(warehouse, start, end).filter(pl.col("completeness") == "complete")
    rows = []
    for feed in complete.select("venue", "name", "feed", "mechanism", "source_id").iter_rows(named=True):
        orders = event_feeds.orders(warehouse, feed["venue"], feed["feed"], feed["mechanism"], start, end)
        rows += [feed | asdict(scored) for rule in throttle.RULES if (scored := score(orders, rule))]
    return pl.DataFrame(rows, schema=SCORED)
