"""How well throttle estimates hold: a complete stream is throttled by the same rule, estimated, and compared with what it was.

`score` does it for one stream. CALIBRATION holds what `python -m benchmarks.throttle` finds on simulated streams: it says how
the method behaves and is no data of any day. `complete_feeds` does it for what the warehouse holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

from analytics import throttle


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
