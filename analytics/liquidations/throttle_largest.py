"""From what passed to draws of the whole where the largest order of a second passes, or to why there is none.

An order hides only smaller ones. Going down from the largest order of a symbol-minute, the seconds without one so large
are at risk, and each order met adds one over their number to the orders expected a second (Nelson-Aalen). This holds
for orders that come independently within a minute. Bursts inside a second break it, and nothing in such a feed tells
how many there were; but bursts also straddle seconds, and show as orders that passed in neighbouring seconds close
together.
"""

from __future__ import annotations

import numpy as np

from analytics.liquidations.throttled_feed import (
    CHANCE,
    CLEAR,
    DRAWS,
    MINUTE,
    SECOND_MS,
    SEED,
    Array,
    Feed,
    Refused,
    Totals,
    with_hidden,
)

BUSIEST, TOLERATED = 0.9, 0.05
"""Minutes with an order in more seconds than this are full; they may carry this share of the sum."""
PAIRS = 400
"""Neighbouring seconds with an order each that are needed to tell whether orders come in bursts."""


def totals(feed: Feed) -> Totals:
    """Draws for a feed that shows the largest order of each symbol and second. Raises Refused where not even a bound
    can be had."""
    if abs(feed.lateness()) > CLEAR:
        raise Refused("orders passed late in their second, so it is not the largest one that passes")
    order = np.lexsort((-feed.amount, feed.minute))
    amount, minute = feed.amount[order], feed.minute[order]
    above = np.arange(len(order)) - (np.cumsum(feed.orders) - feed.orders)[minute]
    multiple = MINUTE / (MINUTE - above)
    excess, error, refusal = _bursts(feed)
    random = np.random.default_rng(SEED)
    hidden, passed = float(((multiple - 1) * amount).sum()), float(amount.sum())

    def drawn(more: Array) -> Array:
        def multiples(orders: Array) -> Array:
            return 1 + (multiple[orders] - 1) * (1 + more)[:, None]

        return with_hidden(amount, multiple, passed + hidden * (1 + more), multiples, random)

    return Totals(
        drawn(np.zeros(DRAWS)),
        passed + hidden * (1 + max(excess, 0)),
        drawn(np.maximum(random.normal(excess, error, DRAWS), 0)),
        refusal or _fullness(feed),
    )


def _bursts(feed: Feed) -> tuple[float, float, str | None]:
    """How much more orders pass less than a second apart in neighbouring seconds than independent ones would, its
    error, and what it forbids."""
    near = (
        (feed.minute[1:] == feed.minute[:-1])
        & (feed.ms[1:] // SECOND_MS == feed.ms[:-1] // SECOND_MS + 1)
        & (feed.ms[1:] - feed.ms[:-1] < SECOND_MS)
    )
    expected = float((feed.orders * (feed.orders - 1)).sum() / MINUTE / 2)
    if expected < PAIRS / 2:
        return (
            0,
            0,
            (
                f"fewer than {PAIRS} neighbouring seconds have an order each: too few to tell whether orders "
                "come in bursts"
            ),
        )
    excess, error = np.count_nonzero(near) / expected - 1, 1 / np.sqrt(expected)
    if -excess > CLEAR * error:
        raise Refused("orders passed further apart than this rule lets expect: its seconds are not the clock's")
    if excess > CHANCE * error:
        return (
            excess,
            error,
            "orders come in bursts, and where only the largest passes nothing tells how many a burst has",
        )
    return excess, error, None


def _fullness(feed: Feed) -> str | None:
    full = feed.usd[feed.orders > BUSIEST * MINUTE].sum()
    if full > TOLERATED * feed.usd.sum():
        return (
            f"{full / feed.usd.sum():.0%} of the sum passed in minutes with an order in nearly every second: "
            "how many hide there is not known"
        )
    return None
