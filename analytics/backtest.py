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


CALIBRATION: tuple[Calibration, ...] = (
    Calibration("last", 3, "none", 8, 0, None, None, None, 91, 91, 100),
    Calibration("last", 3, "of seconds", 8, 0, None, None, None, 69, 69, 100),
    Calibration("last", 3, "of tenths of a second", 8, 0, None, None, None, 33, 33, 100),
    Calibration("last", 3, "of hundredths of a second", 8, 0, None, None, None, 19, 19, 100),
    Calibration("last", 10, "none", 130, 129, 91, 0.9, 41, 68, 83, 95),
    Calibration("last", 10, "of seconds", 130, 130, 92, 0.6, 43, 57, 81, 98),
    Calibration("last", 10, "of tenths of a second", 130, 96, 97, -1.2, 46, 29, 81, 97),
    Calibration("last", 10, "of hundredths of a second", 8, 0, None, None, None, 19, 28, 100),
    Calibration("last", 30, "none", 130, 129, 95, 1.0, 48, 49, 81, 98),
    Calibration("last", 30, "of seconds", 130, 129, 88, 1.1, 47, 42, 81, 97),
    Calibration("last", 30, "of tenths of a second", 130, 120, 92, -0.1, 48, 23, 80, 98),
    Calibration("last", 30, "of hundredths of a second", 8, 0, None, None, None, 16, 49, 100),
    Calibration("last", 100, "none", 130, 85, 93, -0.7, 50, 27, 80, 98),
    Calibration("last", 100, "of seconds", 130, 88, 95, -0.9, 51, 26, 81, 98),
    Calibration("last", 100, "of tenths of a second", 130, 91, 91, -2.3, 48, 15, 79, 99),
    Calibration("last", 100, "of hundredths of a second", 8, 0, None, None, None, 12, 55, 100),
    Calibration("last", 300, "none", 130, 1, 100, 20.5, 50, 17, 83, 95),
    Calibration("last", 300, "of seconds", 130, 1, 100, 11.0, 44, 15, 83, 96),
    Calibration("last", 300, "of tenths of a second", 130, 2, 100, -1.9, 48, 10, 81, 97),
    Calibration("last", 300, "of hundredths of a second", 8, 0, None, None, None, 7, 66, 100),
    Calibration("last", 1000, "none", 8, 0, None, None, None, 9, 70, 100),
    Calibration("last", 1000, "of seconds", 8, 0, None, None, None, 8, 76, 100),
    Calibration("last", 1000, "of tenths of a second", 8, 0, None, None, None, 5, 77, 100),
    Calibration("last", 1000, "of hundredths of a second", 8, 0, None, None, None, 4, 67, 100),
    Calibration("last", 3000, "none", 8, 0, None, None, None, 4, 68, 100),
    Calibration("last", 3000, "of seconds", 8, 0, None, None, None, 4, 69, 100),
    Calibration("last", 3000, "of tenths of a second", 8, 0, None, None, None, 4, 72, 100),
    Calibration("last", 3000, "of hundredths of a second", 8, 0, None, None, None, 2, 57, 100),
    Calibration("last", 10000, "none", 8, 0, None, None, None, 2, 62, 100),
    Calibration("last", 10000, "of seconds", 8, 0, None, None, None, 2, 65, 100),
    Calibration("last", 10000, "of tenths of a second", 8, 0, None, None, None, 2, 61, 100),
    Calibration("last", 10000, "of hundredths of a second", 8, 0, None, None, None, 2, 60, 100),
    Calibration("largest", 3, "none", 130, 119, 86, 0.0, 1, 95, 99, 94),
    Calibration("largest", 3, "of seconds", 8, 0, None, None, None, 88, 91, 100),
    Calibration("largest", 3, "of tenths of a second", 8, 0, None, None, None, 67, 68, 100),
    Calibration("largest", 3, "of hundredths of a second", 8, 0, None, None, None, 52, 53, 100),
    Calibration("largest", 10, "none", 8, 0, None, None, None, 89, 99, 100),
    Calibration("largest", 10, "of seconds", 8, 0, None, None, None, 82, 91, 100),
    Calibration("largest", 10, "of tenths of a second", 8, 0, None, None, None, 65, 67, 100),
    Calibration("largest", 10, "of hundredths of a second", 8, 0, None, None, None, 54, 55, 100),
    Calibration("largest", 30, "none", 8, 0, None, None, None, 79, 97, 100),
    Calibration("largest", 30, "of seconds", 8, 0, None, None, None, 76, 90, 100),
    Calibration("largest", 30, "of tenths of a second", 8, 0, None, None, None, 63, 68, 100),
    Calibration("largest", 30, "of hundredths of a second", 8, 0, None, None, None, 52, 55, 100),
    Calibration("largest", 100, "none", 8, 0, None, None, None, 66, 90, 100),
    Calibration("largest", 100, "of seconds", 8, 0, None, None, None, 63, 84, 100),
    Calibration("largest", 100, "of tenths of a second", 8, 0, None, None, None, 52, 66, 100),
    Calibration("largest", 100, "of hundredths of a second", 8, 0, None, None, None, 47, 54, 100),
    Calibration("largest", 300, "none", 8, 0, None, None, None, 54, 79, 100),
    Calibration("largest", 300, "of seconds", 8, 0, None, None, None, 51, 75, 100),
    Calibration("largest", 300, "of tenths of a second", 8, 0, None, None, None, 46, 62, 100),
    Calibration("largest", 300, "of hundredths of a second", 8, 0, None, None, None, 41, 53, 100),
    Calibration("largest", 1000, "none", 8, 0, None, None, None, 39, 62, 100),
    Calibration("largest", 1000, "of seconds", 8, 0, None, None, None, 37, 59, 100),
    Calibration("largest", 1000, "of tenths of a second", 8, 0, None, None, None, 35, 52, 100),
    Calibration("largest", 1000, "of hundredths of a second", 8, 0, None, None, None, 32, 45, 100),
    Calibration("largest", 3000, "none", 8, 0, None, None, None, 30, 50, 100),
    Calibration("largest", 3000, "of seconds", 8, 0, None, None, None, 34, 54, 100),
    Calibration("largest", 3000, "of tenths of a second", 8, 0, None, None, None, 31, 47, 100),
    Calibration("largest", 3000, "of hundredths of a second", 8, 0, None, None, None, 25, 39, 100),
    Calibration("largest", 10000, "none", 8, 0, None, None, None, 21, 38, 100),
    Calibration("largest", 10000, "of seconds", 8, 0, None, None, None, 22, 39, 100),
    Calibration("largest", 10000, "of tenths of a second", 8, 0, None, None, None, 21, 35, 100),
    Calibration("largest", 10000, "of hundredths of a second", 8, 0, None, None, None, 20, 33, 100),
)
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
