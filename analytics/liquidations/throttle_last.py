"""From what passed to draws of the whole where the last order of a second passes, or to why there is none.

Nothing hides an order that comes in the last milliseconds of its second, for nothing follows it there. These
milliseconds, taken over all seconds, are a nearly complete sample of all orders in a known fraction of the time. The
sample is counted among symbol-minutes of like pace; how much it is short because of bursts is read from the
milliseconds before. An order that passed then stands for as many as its minute's pace says, scaled to that count.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from analytics.liquidations.throttled_feed import (
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

SAMPLE, NARROWEST_MS, WIDEST_MS = 200, 3, 12
"""The end of the second is as wide as it must be to hold this many orders, and never wider than this. Where it is
narrower, each order that passed stands for very many: such ranges held in 85 % of simulated streams only, and are
not given."""
FULLEST = 0.25
"""An end of the second that may hold an order in more seconds than this is no sample any more."""
STEEPEST, WIDTHS_BEFORE = 1.25, 3
"""How much denser orders may come at the end of the second than in so many times its width before: beyond, bursts
are too short."""


def totals(feed: Feed) -> Totals:
    """Draws for a feed that shows the last order of each symbol and second. Raises Refused where not even a bound
    can be had."""
    if feed.lateness() < CLEAR:
        raise Refused(
            (
                "orders did not pass later in their second than chance would have it, so nothing shows that "
                "the last one passes"
            ),
            excluded=feed.lateness_of_last() - feed.lateness() > CLEAR,
        )
    end = int(np.searchsorted(np.bincount(feed.left, minlength=SECOND_MS).cumsum(), SAMPLE)) + 1
    if end > WIDEST_MS:
        raise Refused(
            f"fewer than {SAMPLE} orders passed in the last {WIDEST_MS} ms of their second: too few to count by",
            excluded=False,
        )
    pace = _Pace.of(feed, end)
    if pace.shortfall() > CLEAR:
        raise Refused(
            "fewer orders passed at the end of their second than this rule lets expect: its seconds are not the clock's"
        )
    random = np.random.default_rng(SEED)
    first, second = (random.gamma(count + 0.5, size=(DRAWS, len(count))) for count in (pace.first, pace.second))
    at_least, true = pace.seen(pace.first), pace.all(pace.first, pace.second)
    return Totals(
        pace.totals(feed, at_least, pace.seen(first), random),
        float(np.maximum(true * pace.multiplied, pace.usd).sum()),
        pace.totals(feed, true, pace.all(first, second), random),
        pace.refusal(),
    )


class _Pace(NamedTuple):
    """Symbol-minutes by pace: their seconds, the orders that their own paces imply, and the orders at the end of
    seconds.

    `multiple` (by minute) is what an order stands for by its minute's pace; `multiplied` and `usd` are sums by
    group, with and without it. `first`, `second` count the orders in the last `end` milliseconds and in those
    before, `wide` in three times those before.
    """

    end: int
    group: Array
    multiple: Array
    seconds: Array
    implied: Array
    multiplied: Array
    usd: Array
    first: Array
    second: Array
    wide: Array

    @classmethod
    def of(cls, feed: Feed, end: int) -> _Pace:
        # Counted back from its end, a second waits for its last order as long as `left` says, or whole where none came.
        waited = MINUTE - feed.orders + np.bincount(feed.minute, weights=(feed.left + 0.5) / SECOND_MS)
        pace, multiple = feed.orders / waited, MINUTE / waited
        _, group = np.unique(np.maximum(np.floor(np.log2(pace)), 0), return_inverse=True)
        of_order, groups = group[feed.minute], int(group.max()) + 1

        def between(start: int, stop: int) -> Array:
            return np.bincount(of_order[(feed.left >= start) & (feed.left < stop)], minlength=groups)

        return cls(
            end,
            group,
            multiple,
            np.bincount(group) * MINUTE,
            np.bincount(group, weights=pace * MINUTE),
            np.bincount(group, weights=multiple * feed.usd),
            np.bincount(group, weights=feed.usd),
            between(0, end),
            between(end, 2 * end),
            between(end, (1 + WIDTHS_BEFORE) * end),
        )

    def shortfall(self) -> float:
        """By how many standard errors the orders at the end of seconds are fewer than those implied: bursts only
        make them more."""
        counted, implied = (
            (_rate(self.first, self.seconds) * self.seconds).sum(),
            self.implied.sum() * self.end / SECOND_MS,
        )
        return float((implied - counted) / np.sqrt(self.first.sum()))

    def seen(self, first: Array) -> Array:
        """By group: orders counted at the end of seconds, over those implied. At most one is seen there, so this is
        no more than true."""
        return first * SECOND_MS / self.end / self.implied

    def all(self, first: Array, second: Array) -> Array:
        """By group: orders there must have been, over those implied. The rate at the very end is drawn on from the
        two spans before it."""
        near = _rate(first, self.seconds)
        fall = (_rate(second, self.seconds - first) * self.seconds).sum(-1) / (near * self.seconds).sum(-1)
        return near * self.seconds * (1.5 - 0.5 * fall)[..., None] * SECOND_MS / self.end / self.implied

    def totals(self, feed: Feed, scale: Array, scales: Array, random: np.random.Generator) -> Array:
        def multiples(orders: Array) -> Array:
            minute = feed.minute[orders]
            return np.maximum(scales[:, self.group[minute]] * self.multiple[minute], 1)

        each = np.maximum(scale[self.group] * self.multiple, 1)[feed.minute]
        return with_hidden(feed.amount, each, np.maximum(scales * self.multiplied, self.usd).sum(1), multiples, random)

    def refusal(self) -> str | None:
        if self.end < NARROWEST_MS:
            return (
                f"orders come so densely that the last {self.end} ms of their seconds hold {SAMPLE} of them: "
                "too many hide behind each that passed"
            )
        near = (_rate(self.first, self.seconds) * self.seconds).sum()
        before = (_rate(self.wide, self.seconds - self.first) * self.seconds).sum() / WIDTHS_BEFORE
        if (self.first + np.sqrt(self.first) > FULLEST * self.seconds).any():
            return (
                f"at the busiest, {FULLEST:.0%} of the seconds or more may have an order in their last "
                f"{self.end} ms: how many hide there is not known"
            )
        if near > STEEPEST * before:
            return f"orders come in bursts so short that the last {self.end} ms of a second do not resolve them"
        return None


def _rate(count: Array, at_risk: Array) -> Array:
    """Orders per span where `count` of the spans at risk hold at least one."""
    return -np.log1p(-np.minimum(count / np.maximum(at_risk, 1), 0.95))
