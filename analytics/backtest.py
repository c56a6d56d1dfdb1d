"""How well throttle estimates hold: a complete stream is throttled by the same rule, estimated, and compared with what it was.

`score` does it for one stream. CALIBRATION holds what `python -m benchmarks.throttle` finds on simulated streams: it says how
the method behaves and is no data of any day. `complete_feeds` does it for what the warehouse holds.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import NamedTuple

import polars as pl

from analytics import event_feeds, throttle
from analytics.warehouse import Warehouse


class Calibration(NamedTuple):
    """Simulated streams of one intensity and kind of bursts. Shares are of the true sum, means over the runs, in percent.

    `covered` is the share of the ranges that held the true sum, `off` how far the estimates were off on average, `width` the
    width of the ranges: none where every run was refused.
    """

    rule: str
    orders_a_second: int
    bursts: str
    runs: int
    estimated: int
    covered: int | None
    off: float | None
    width: int | None
    reported: int
    bound: int
    bound_held: int


CALIBRATION: tuple[Calibration, ...] = ()
SCHEMA = {
    "rule": pl.String,
    "orders_a_second": pl.Int64,
    "bursts": pl.String,
    "runs": pl.Int64,
    "estimated": pl.Int64,
    "covered": pl.Int64,
    "off": pl.Float64,
    "width": pl.Int64,
    "reported": pl.Int64,
    "bound": pl.Int64,
    "bound_held": pl.Int64,
}
SCORED = {
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
    """Throttle a complete stream (`symbol ts notional_usd`), estimate it, and compare; None where its own sum is not known."""
    found = throttle.estimate(throttle.throttled(complete, rule), rule)
    true = complete["notional_usd"].sum()
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


def calibration() -> pl.DataFrame:
    """CALIBRATION as a table, with ours as its source."""
    return pl.DataFrame(CALIBRATION, schema=SCHEMA, orient="row").with_columns(source_id=pl.lit("crashday"))


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
