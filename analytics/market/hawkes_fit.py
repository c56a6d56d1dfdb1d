"""The Hawkes process that makes events most likely, and the interval of its branching ratio
(`analytics.market.hawkes`)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from analytics.market.hawkes_process import QUADRATURE, SEED, Array, Fit, along, memory

KNOTS, EVENTS_A_KNOT = (2, 3, 5, 8, 12, 18, 27, 40), 40
"""Numbers of knots that are tried, as long as there are so many events to each."""
STARTS = (0.1, 0.5, 2.5)
"""Decays at which the search starts, in events of the mean rate."""
SECOND_SCALE = 5.0
"""How much greater the log likelihood must be for a second time scale."""
HALF_CHI = 2.995732
"""Half the 95 % point of chi-squared with two degrees of freedom: a decay is sought with each branching ratio, and
where nothing is set off it is free (Davies 1987). With one, zero was left out of the range in 12 % of streams
without any excitation."""
NARROWEST, WIDEST = 0.01, 0.06
"""Steps along the branching ratio on the way to the ends of its interval."""
MOST_BRANCHING, LEAST_BRANCHING = 2.0, 1e-4
"""The branching ratios that are tried: from twice what feeds itself to next to none."""
SMALL = 0.3
"""Below this branching ratio several decays may explain the same events."""
ITERATIONS, CLOSE, NEARLY = 60, 1e-4, 1e-2
"""A search ends where a step gains less log likelihood; at the ends of an interval it need not be so close."""
STAMPS = (1.0, 0.1, 0.01, 0.001)
"""Seconds to which venues stamp. Events are spread over their stamp, and those of replicates are stamped as they
are: events of one moment would make ever faster decays ever more likely."""
SLOWEST, A_SPAN = 10, 4
"""What takes longer to set others off than this part of the range, or of the span between knots, cannot be told from
its background."""


class Events:
    """Events of one range, with what a background of so many knots needs: its parts at each event, and over the
    range."""

    def __init__(self, times: Array, end: float, knots: int, stamp: float) -> None:
        self.times, self.end, self.stamp = times, end, stamp
        grid = np.unique(np.r_[np.linspace(0, end, QUADRATURE // 2), np.linspace(0, end, knots) if knots > 1 else 0])
        widths = np.diff(grid)
        self.weights = (np.r_[widths, 0] + np.r_[0, widths]) / 2
        self.grid, self.at_grid, self.at_events = grid, _hats(grid, end, knots), _hats(times, end, knots)

    def slopes(self, background: Array, shares: Array, decays: Array) -> tuple[float, Array, Array]:
        """The log likelihood, its slope, and the information: by background, shares and logarithms of the decays."""
        near = 1e-3
        around = memory(self.times, np.concatenate((decays, decays * np.exp(-near), decays * np.exp(near))))
        scales = len(decays)
        kernel = around * np.concatenate((decays, decays * np.exp(-near), decays * np.exp(near)))
        excited = kernel[:, :scales]
        bend = (kernel[:, 2 * scales :] - kernel[:, scales : 2 * scales]) / (2 * near) * shares
        own = np.exp(along(self.times, self.end, background))
        rate = own + excited @ shares
        over = self.weights * np.exp(along(self.grid, self.end, background))
        age = self.end - self.times
        faded = np.exp(-np.outer(age, decays))
        spent = len(age) - faded.sum(axis=0)
        spent_bend = shares * decays * (age[:, None] * faded).sum(axis=0)
        each = np.hstack((own[:, None] * self.at_events, excited, bend)) / rate[:, None]
        slope = each.sum(axis=0) - np.concatenate((np.einsum("i,ij->j", over, self.at_grid), spent, spent_bend))
        return float(np.log(rate).sum() - over.sum() - spent @ shares), slope, np.einsum("ij,ik->jk", each, each)

    def residuals(self, background: Array, shares: Array, decays: Array) -> Array:
        over = np.exp(along(self.grid, self.end, background))
        summed = np.r_[0, np.cumsum((over[1:] + over[:-1]) / 2 * np.diff(self.grid))]
        before = np.arange(len(self.times))[:, None] - memory(self.times, decays)
        return np.maximum(np.diff(np.interp(self.times, self.grid, summed) + before @ shares), 0)


def knots(times: Array) -> tuple[int, ...]:
    """The numbers of knots these events are enough for."""
    return tuple(count for count in KNOTS if count * EVENTS_A_KNOT <= len(times))


def stamp_of(times: Array) -> float:
    """The seconds to which these events are stamped."""
    return next((one for one in STAMPS if np.allclose(times / one, np.round(times / one), atol=1e-5)), 1e-6)


def spread(times: Array, stamp: float) -> Array:
    """Events anywhere within their stamp, as they were before they got it."""
    return np.sort(times + stamp * np.random.default_rng(SEED).random(len(times)))


def _hats(moments: Array, end: float, knots: int) -> Array:
    """How near each moment is to each of the knots, as a straight line between them has it."""
    if knots == 1:
        return np.ones((len(moments), 1))
    place = np.clip(np.asarray(moments) / end * (knots - 1), 0, knots - 1)
    return np.maximum(1 - np.abs(place[:, None] - np.arange(knots)), 0)


def fitted(times: Array, end: float, counts: tuple[int, ...]) -> tuple[Events, Fit]:
    """The best of the numbers of knots, with one time scale or two."""
    pace, stamp = len(times) / end, stamp_of(times)
    tried: list[tuple[Events, Fit]] = []
    for knots in counts:
        events = Events(spread(times, stamp), end, knots, stamp)
        if tried:
            before = tried[-1][1]
            level = np.log(before.rate(np.linspace(0, end, knots), end))
            starts = [(level, before.shares, before.decays), (level, np.array([0.1]), np.array([pace]))]
        else:
            level = np.full(knots, np.log(pace * 0.6))
            starts = [(level, np.array([0.4]), np.array([start * pace])) for start in STARTS]
        tried.append((events, max((climb(events, *start) for start in starts), key=lambda one: one.likelihood)))
    events, best = min(tried, key=lambda one: one[1].criterion)
    apart = np.array([3.0, 1 / 3])
    two = climb(events, best.background, best.branching * np.array([0.5, 0.5]), best.decays * apart)
    return events, two if two.likelihood > best.likelihood + SECOND_SCALE else best


def climb(events: Events, background: Array, shares: Array, decays: Array, only: Array | None = None) -> Fit:
    """To the nearest summit of the likelihood, by Fisher's scoring with damping; along the directions of `only`
    where given."""
    knots, scales = len(background), len(shares)
    place = np.concatenate((background, shares, np.log(decays)))
    within = slice(knots, knots + scales)
    bottom, top = np.full(len(place), -30.0), np.full(len(place), 30.0)
    bottom[within], top[within] = LEAST_BRANCHING, MOST_BRANCHING
    bottom[knots + scales :] = np.log(max(SLOWEST, A_SPAN * (knots - 1)) / events.end)
    top[knots + scales :] = np.log(1 / events.stamp)
    place = np.clip(place, bottom, top)

    def at(point: Array) -> tuple[float, Array, Array]:
        return events.slopes(point[:knots], point[within], np.exp(point[knots + scales :]))

    height, slope, information = at(place)
    damping = 1e-3
    for _ in range(ITERATIONS):
        # What stands at its limit and would go beyond stays there.
        free = ~(((place <= bottom) & (slope < 0)) | ((place >= top) & (slope > 0)))
        ways = np.eye(len(place))[:, free] if only is None else only
        curve = ways.T @ information @ ways
        curve[np.diag_indices_from(curve)] *= 1 + damping
        curve[np.diag_indices_from(curve)] += 1e-9
        point = np.clip(place + np.clip(ways @ np.linalg.solve(curve, ways.T @ slope), -3, 3), bottom, top)
        tried = at(point)
        if tried[0] > height:
            gained = tried[0] - height
            place, (height, slope, information) = point, tried
            damping = max(damping / 5, 1e-6)
            if gained < (CLOSE if only is None else NEARLY):
                break
        else:
            damping *= 8
            if damping > 1e6:
                break
    parts = place[:knots], place[within], np.exp(place[knots + scales :])
    return Fit(*parts, height, events.residuals(*parts))


def with_interval(events: Events, best: Fit) -> Fit:
    """The fit with every branching ratio whose best likelihood is within half the 95 % point of chi-squared of the
    greatest."""
    low, high = (_edge(events, best, sign) for sign in (-1, 1))
    return replace(best, low=low, high=high)


def _edge(events: Events, best: Fit, sign: int) -> float:
    """Where the best likelihood of a branching ratio falls below the level, walking away from the summit."""
    knots, scales = len(best.background), len(best.shares)
    ways = np.eye(knots + 2 * scales)
    fixed = ways[:, knots]
    ways = np.delete(ways, knots, axis=1)
    ways[:, knots : knots + scales - 1] -= fixed[:, None]
    level, before, at = best.likelihood - HALF_CHI, best.likelihood, best.branching
    # Where few events are set off, the summit's decay need not be the one that allows the most.
    pace = len(events.times) / events.end
    elsewhere = [np.array([start * pace]) for start in STARTS] if scales == 1 and at < SMALL else []
    least, here = LEAST_BRANCHING * scales, best
    path, error = _path(events, best)
    step = float(np.clip(error, NARROWEST, WIDEST))
    while at > least if sign < 0 else at < MOST_BRANCHING:
        following = float(np.clip(at + sign * step, least, MOST_BRANCHING))
        ahead = path * (following - at)
        shares = np.maximum(here.shares + ahead[knots : knots + scales], LEAST_BRANCHING)
        shares *= following / shares.sum()
        background = here.background + ahead[:knots]
        there = max(
            (climb(events, background, shares, decays, ways) for decays in (here.decays, *elsewhere)),
            key=lambda one: one.likelihood,
        )
        if there.likelihood < level:
            return float(np.interp(level, (there.likelihood, before), (following, at)))
        here, before, at = there, there.likelihood, following
    return 0.0 if sign < 0 else float("inf")


def _path(events: Events, best: Fit) -> tuple[Array, float]:
    """How the other parts of the best fit follow the branching ratio, and about one standard error of it."""
    information = events.slopes(best.background, best.shares, best.decays)[2]
    summed = np.zeros(len(information))
    summed[len(best.background) : len(best.background) + len(best.shares)] = 1
    moved = np.linalg.pinv(information) @ summed
    spread = float(moved @ summed)
    return (moved / spread, float(np.sqrt(spread))) if spread > 0 else (0 * moved, WIDEST)
