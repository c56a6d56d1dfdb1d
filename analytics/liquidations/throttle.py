"""What a throttled liquidation feed hides: the rules, what they let through, and what that tells about the rest.

Two rules are on record for one feed: of the orders of one symbol in one clock second it shows only the last, or only
the largest. How many there were is not shown, and that a second has an order at all says little: one order and a burst
of fifty look alike. What can be told, and how, stands in `throttle_last` and `throttle_largest`; how often it held on
simulated streams in `backtest`.

Assumed: the rule is as stated, the feed's seconds are the clock's, times are those of the orders to the millisecond,
and the end of a second is no special moment for traders. No document says where a feed's seconds begin (messages on
record went out a few milliseconds after their order), so this is asked of what passed: where that speaks against it, or
does not speak for it, there is no estimate. Above some hundred orders a second of one symbol even the last millisecond
is full: then there is a bound and no estimate.

An order that passed stands for itself and a geometric number of hidden ones; their mean is drawn from its own
uncertainty; all draws have one seed. What passed does not tell how large the hidden orders are: in a cascade the
large ones may come first, or last. So every range and bound allows hidden orders to be on average `DOUBT` times
larger or smaller than the model has them; that is an assumption, and ranges are conditional on it. How often they
held on streams the model does not describe stands in `backtest`. Where the orders leave both rules possible, there
is one range over both, or none (`across`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import fsum

import numpy as np
import polars as pl

from analytics.liquidations import throttle_largest, throttle_last
from analytics.liquidations.throttled_feed import Feed, Refused

RULES = {
    "last": "the last order of each symbol and second",
    "largest": "the largest order of each symbol and second",
}
MOST_USD = 1e12
"""More than any single order can be worth."""
BOUND, LOW, HIGH = 0.05, 0.025, 0.975
"""The levels of the draws at which a bound and the ends of a range lie, before `DOUBT` widens them."""
DOUBT = 1.5
"""So many times larger or smaller than the model has them may hidden orders be on average: as much as bursts whose
first order is five times as large as the others, or a fifth, make them in `benchmarks.throttle`."""


@dataclass(frozen=True)
class Estimate:
    """What is known about a throttled stream: the sum that passed, a lower bound, and a range or the reason why there
    is none.

    Money in USD, `orders` counts what passed. The bound is the sum that passed where nothing more can be shown. All
    sums are None where not even that is known. `excluded` says that the orders contradict the rule, other than that
    they are too few.
    """

    rule: str
    orders: int
    reported_usd: float | None
    bound_usd: float | None
    estimate_usd: float | None = None
    low_usd: float | None = None
    high_usd: float | None = None
    refusal: str | None = None
    excluded: bool = False


def throttled(events: pl.DataFrame, rule: str) -> pl.DataFrame:
    """The events a feed of this rule would have let through, by symbol and second; of two at one moment the later row
    is the later.

    Takes at least the columns `symbol ts notional_usd`. Raises ValueError for a rule that is not in RULES.
    """
    _known(rule)
    ordered = events.sort("ts" if rule == "last" else "notional_usd", maintain_order=True)
    second = pl.col("ts").dt.truncate("1s")
    return ordered.unique(["symbol", second], keep="last", maintain_order=True).sort("symbol", "ts")


def estimate(passed: pl.DataFrame, rule: str) -> Estimate:
    """What the events that passed a feed of this rule tell about all events. Takes the columns `symbol ts
    notional_usd`.

    What cannot be estimated is refused with the reason, whatever the events are. Raises ValueError for a rule that
    is not in RULES.
    """
    _known(rule)
    if passed.is_empty():
        return Estimate(rule, 0, None, None, refusal="no order passed")
    amounts = passed["notional_usd"].cast(pl.Float64)
    if not amounts.is_between(0, MOST_USD, closed="right").fill_null(False).all():
        return Estimate(
            rule, passed.height, None, None, refusal="an order's amount is missing, not positive or not possible"
        )
    if any(passed[column].null_count() for column in ("symbol", "ts")):
        return Estimate(rule, passed.height, None, None, refusal="an order is without its symbol or its time")
    reported = fsum(amounts)
    try:
        totals = (throttle_last if rule == "last" else throttle_largest).totals(Feed.of(passed))
    except Refused as refused:
        return Estimate(rule, passed.height, reported, reported, refusal=str(refused), excluded=refused.excluded)

    def beyond(sums: np.ndarray, level: float, times: float) -> float:
        return reported + times * max(float(np.quantile(sums, level)) - reported, 0)

    bound = beyond(totals.at_least, BOUND, 1 / DOUBT)
    if totals.refusal:
        return Estimate(rule, passed.height, reported, bound, refusal=totals.refusal)
    low, high = beyond(totals.draws, LOW, 1 / DOUBT), beyond(totals.draws, HIGH, DOUBT)
    return Estimate(rule, passed.height, reported, min(bound, low), min(max(totals.middle, low), high), low, high)


def across(passed: pl.DataFrame) -> Estimate:
    """What the events that passed tell, whichever of the rules on record holds: one range over all that they leave
    possible.

    `rule` names these, joined by “ or ”. There is no range where one of them has none.
    """
    found = [estimate(passed, rule) for rule in RULES]
    possible = [one for one in found if not one.excluded]
    if not possible:
        reasons = "; ".join(f"if {RULES[one.rule]} passes: {one.refusal}" for one in found)
        return replace(found[0], rule="none", refusal=f"neither rule on record is this feed's ({reasons})")
    either = replace(possible[0], rule=" or ".join(one.rule for one in possible))
    if either.bound_usd is None:
        return either
    bound = min(one.bound_usd or 0 for one in possible)
    refused = [f"if {RULES[one.rule]} passes: {one.refusal}" for one in possible if one.refusal]
    if refused:
        return Estimate(either.rule, either.orders, either.reported_usd, bound, refusal="; ".join(refused))
    return replace(
        either,
        bound_usd=bound,
        low_usd=min(one.low_usd or 0 for one in possible),
        high_usd=max(one.high_usd or 0 for one in possible),
    )


def _known(rule: str) -> None:
    if rule not in RULES:
        raise ValueError(f"There is no rule {rule!r}; there are: {', '.join(RULES)}.")
