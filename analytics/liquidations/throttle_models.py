"""The two fits behind `analytics.liquidations.throttle`: from what passed to draws of the whole, or to the reason why
there is none.

`last`: nothing hides an order that comes in the last milliseconds of its second, for nothing follows it there. These
milliseconds, taken over all seconds, are a nearly complete sample of all orders in a known fraction of the time. The
sample is counted among symbol-minutes of like pace; how much it is short because of bursts is read from the
milliseconds before. An order that passed then stands for as many as its minute's pace says, scaled to that count.

`largest`: an order hides only smaller ones. Going down from the largest order of a symbol-minute, the seconds
without one so large are at risk, and each order met adds one over their number to the orders expected a second
(Nelson-Aalen). This holds for orders that come independently within a minute. Bursts inside a second break it, and
nothing in such a feed tells how many there were; but bursts also straddle seconds, and show as orders that passed in
neighbouring seconds close together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import polars as pl

MINUTE, SECOND = 60, 1000
"""The pace of a symbol is measured over a clock minute of so many seconds; a second has so many milliseconds."""
SAMPLE, NARROWEST_MS, WIDEST_MS = 200, 3, 12
"""The end of the second is as wide as it must be to hold this many orders, and never wider than this. Where it is
narrower, each order that passed stands for very many: such ranges held in 85 % of simulated streams only, and are
not given."""
FULLEST = 0.25
"""An end of the second that may hold an order in more seconds than this is no sample any more."""
STEEPEST, BEFORE = 1.25, 3
"""How much denser orders may come at the end of the second than in so many times its width before: beyond, bursts
are too short."""
BUSIEST, TOLERATED = 0.9, 0.05
"""Minutes with an order in more seconds than this are full; they may carry this share of the sum."""
PAIRS = 400
"""Neighbouring seconds with an order each that are needed to tell whether orders come in bursts."""
CHANCE, CLEAR = 2.0, 3.0
"""So many standard errors may still be chance; so many show that something holds."""
DRAWS, SINGLED, SEED = 400, 500, 20
"""Draws of a total; the orders drawn one by one in each, the others are drawn together; the seed of them all."""

Array = np.ndarray


class Refused(Exception):
    """No estimate can be given, and why; `excluded` where the orders contradict the rule."""

    def __init__(self, reason: str, excluded: bool = True) -> None:
        super().__init__(reason)
        self.excluded = excluded


class Totals(NamedTuple):
    """Draws of a sum that is no larger than the true one; and of the true one, unless `refusal` says why there are
    none."""

    at_least: Array
    middle: float
    draws: Array
    refusal: str | None


class Feed(NamedTuple):
    """Orders by symbol and time, at most one a symbol and second, numbered by their symbol-minute.

    `left` counts the milliseconds after an order in its second; `orders` and `usd` are sums by symbol-minute.
    """

    symbol: Array
    ms: Array
    amount: Array
    left: Array
    minute: Array
    orders: Array
    usd: Array

    @classmethod
    def of(cls, passed: pl.DataFrame) -> Feed:
        """Raises Refused where two orders of a symbol share a second: then the rule is another."""
        table = passed.select(
            symbol=pl.col("symbol").rank("dense").cast(pl.Int64),
            ms=pl.col("ts").dt.epoch("ms"),
            amount=pl.col("notional_usd").cast(pl.Float64),
        ).sort("symbol", "ms")
        symbol, ms, amount = (table[name].to_numpy() for name in table.columns)
        same = symbol[1:] == symbol[:-1]
        if (same & (ms[1:] // SECOND == ms[:-1] // SECOND)).any():
            raise Refused("two orders of one symbol passed in one second, so this rule is not the feed's")
        clock = ms // (SECOND * MINUTE)
        minute = np.cumsum(np.r_[True, ~same | (clock[1:] != clock[:-1])]) - 1
        left = SECOND - 1 - ms % SECOND
        return cls(symbol, ms, amount, left, minute, np.bincount(minute), np.bincount(minute, weights=amount))

    def lateness(self) -> float:
        """By how many standard errors more orders passed in the second half of their second than in the first."""
        late = np.count_nonzero(self.left < SECOND // 2)
        return float((2 * late - len(self.left)) / np.sqrt(len(self.left)))

    def lateness_of_last(self) -> float:
        """What `lateness` would be on average if the last order of each second passed and orders came one by one:
        bursts add to it."""
        pace = -np.log1p(-np.minimum(self.orders / MINUTE, 0.99))
        return float((self.orders * np.tanh(pace / 4)).sum() / np.sqrt(len(self.left)))


def last(feed: Feed) -> Totals:
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
    end = int(np.searchsorted(np.bincount(feed.left, minlength=SECOND).cumsum(), SAMPLE)) + 1
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
        waited = MINUTE - feed.orders + np.bincount(feed.minute, weights=(feed.left + 0.5) / SECOND)
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
            between(end, (1 + BEFORE) * end),
        )

    def shortfall(self) -> float:
        """By how many standard errors the orders at the end of seconds are fewer than those implied: bursts only
        make them more."""
        counted, implied = (
            (_rate(self.first, self.seconds) * self.seconds).sum(),
            self.implied.sum() * self.end / SECOND,
        )
        return float((implied - counted) / np.sqrt(self.first.sum()))

    def seen(self, first: Array) -> Array:
        """By group: orders counted at the end of seconds, over those implied. At most one is seen there, so this is
        no more than true."""
        return first * SECOND / self.end / self.implied

    def all(self, first: Array, second: Array) -> Array:
        """By group: orders there must have been, over those implied. The rate at the very end is drawn on from the
        two spans before it."""
        near = _rate(first, self.seconds)
        fall = (_rate(second, self.seconds - first) * self.seconds).sum(-1) / (near * self.seconds).sum(-1)
        return near * self.seconds * (1.5 - 0.5 * fall)[..., None] * SECOND / self.end / self.implied

    def totals(self, feed: Feed, scale: Array, scales: Array, random: np.random.Generator) -> Array:
        def multiples(orders: Array) -> Array:
            minute = feed.minute[orders]
            return np.maximum(scales[:, self.group[minute]] * self.multiple[minute], 1)

        each = np.maximum(scale[self.group] * self.multiple, 1)[feed.minute]
        return _with_hidden(feed.amount, each, np.maximum(scales * self.multiplied, self.usd).sum(1), multiples, random)

    def refusal(self) -> str | None:
        if self.end < NARROWEST_MS:
            return (
                f"orders come so densely that the last {self.end} ms of their seconds hold {SAMPLE} of them: "
                "too many hide behind each that passed"
            )
        near = (_rate(self.first, self.seconds) * self.seconds).sum()
        before = (_rate(self.wide, self.seconds - self.first) * self.seconds).sum() / BEFORE
        if (self.first + np.sqrt(self.first) > FULLEST * self.seconds).any():
            return (
                f"at the busiest, {FULLEST:.0%} of the seconds or more may have an order in their last "
                f"{self.end} ms: how many hide there is not known"
            )
        if near > STEEPEST * before:
            return f"orders come in bursts so short that the last {self.end} ms of a second do not resolve them"
        return None


def largest(feed: Feed) -> Totals:
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

    def totals(more: Array) -> Array:
        def multiples(orders: Array) -> Array:
            return 1 + (multiple[orders] - 1) * (1 + more)[:, None]

        return _with_hidden(amount, multiple, passed + hidden * (1 + more), multiples, random)

    return Totals(
        totals(np.zeros(DRAWS)),
        passed + hidden * (1 + max(excess, 0)),
        totals(np.maximum(random.normal(excess, error, DRAWS), 0)),
        refusal or _fullness(feed),
    )


def _bursts(feed: Feed) -> tuple[float, float, str | None]:
    """How much more orders pass less than a second apart in neighbouring seconds than independent ones would, its
    error, and what it forbids."""
    near = (
        (feed.minute[1:] == feed.minute[:-1])
        & (feed.ms[1:] // SECOND == feed.ms[:-1] // SECOND + 1)
        & (feed.ms[1:] - feed.ms[:-1] < SECOND)
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


def _rate(count: Array, at_risk: Array) -> Array:
    """Orders per span where `count` of the spans at risk hold at least one."""
    return -np.log1p(-np.minimum(count / np.maximum(at_risk, 1), 0.95))


def _with_hidden(
    amount: Array, multiple: Array, totals: Array, multiples: Callable[[Array], Array], random: np.random.Generator
) -> Array:
    """Draws of a total: `totals` plus the chance in which orders were hidden, by a geometric number for each that
    passed."""
    spread = amount**2 * multiple * (multiple - 1)
    count = min(SINGLED, len(amount))
    most = np.argpartition(spread, -count)[-count:]
    drawn = multiples(most)
    rest = np.sqrt(max(spread.sum() - spread[most].sum(), 0))
    return totals + random.normal(0, rest, len(totals)) + (random.geometric(1 / drawn) - drawn) @ amount[most]
