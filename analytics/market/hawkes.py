"""How explosive: how many further liquidations each one sets off, by Hawkes processes with two kinds of background.

The rate at time t is a background rate, and for each event before it `branching × decay × exp(−decay × age)`. The
branching ratio is the mean number of events that one event sets off; from one on, a cascade feeds itself.

A rate that changes by itself looks just like excitation: a Poisson process whose rate jumps is fitted with a
branching ratio near one if its background is taken for constant (Filimonov and Sornette 2015, Quantitative Finance
15, 1293, arXiv 1308.6756). So two models are fitted, one with a constant background and one whose logarithm is
linear between knots, their number by Akaike's criterion; there is a verdict only where each holds the other's
branching ratio possible, and it is the range of both. Waiting times at two scales, as Lallouache and Challet (2014,
arXiv 1406.3967) need them for markets, get a second exponential where the likelihood asks for it. Whether
the model fits is asked of its residuals, which come at rate one in time that runs as fast as the fitted rate (Ogata
1988); since they were fitted, their distance from theory is compared with that of streams made by the fitted model
and fitted again (parametric bootstrap, stopped early as by Besag and Clifford 1991).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

LEAST_EVENTS, MOST_EVENTS = 100, 10_000
MOST_TIED = 0.2
"""Events that share a stamp have lost their order; with more than this part of them, the decay is that of the clock."""
KNOTS = (2, 3, 5, 8, 12, 18, 27, 40)
EVENTS_A_KNOT = 40
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
SMALL = 0.3
"""Below this branching ratio several decays may explain the same events."""
ITERATIONS, CLOSE, NEARLY = 60, 1e-4, 1e-2
"""A search ends where a step gains less log likelihood; at the ends of an interval it need not be so close."""
REPLICATES, EXCEEDED, SEED = 99, 5, 20
MANY, FEWER = 5_000, 39
"""Above so many events, fewer replicates, for a page has to wait for them."""
STAMPS = (1.0, 0.1, 0.01, 0.001)
"""Seconds to which venues stamp. Events are spread over their stamp, and those of replicates are stamped as they
are: events of one moment would make ever faster decays ever more likely."""
MISFIT = 0.05
SLOWEST, A_SPAN = 10, 4
"""What takes longer to set others off than this part of the range, or of the span between knots, cannot be told from
its background."""
RUNAWAY = 5
"""A replicate with so many times the events is given up: its process has no end."""
QUADRATURE = 600

Array = np.ndarray


@dataclass(frozen=True)
class Fit:
    """Rates per second. `low` to `high` hold the branching ratio at 95 %; `high` is infinite beyond the largest one
    tried.

    `background` holds the logarithms of the rate at knots spread evenly over the range, one where it is constant.
    `shares` are the events set off at each time scale, `decays` the rates at which they come. `residuals` are the
    waiting times in the model's own time, exponential with mean one if it fits.
    """

    background: Array
    shares: Array
    decays: Array
    likelihood: float
    residuals: Array
    low: float = 0.0
    high: float = float("inf")

    @property
    def branching(self) -> float:
        return float(self.shares.sum())

    @property
    def criterion(self) -> float:
        """Akaike's: the smaller, the better the model."""
        return 2 * (len(self.background) + 2 * len(self.shares) - self.likelihood)

    def holds(self, branching: float) -> bool:
        return self.low <= branching <= self.high

    def rate(self, moments: Array, end: float) -> Array:
        """The background rate at these moments of a range of `end` seconds."""
        return np.exp(_along(moments, end, self.background))


@dataclass(frozen=True)
class Verdict:
    """What both models say: a range of the branching ratio that both allow, or why there is none.

    `chance` is how often streams of the varying model lie as far (`distance`) from theory, or farther, once fitted;
    None where the models contradict each other. The interval of the varying one is not sought where the constant one
    excludes its ratio.
    """

    constant: Fit
    varying: Fit
    distance: float
    chance: float | None
    low: float | None
    high: float | None
    refusal: str


def refusal(times: Array) -> str:
    """Why no process can be fitted to these events; empty where one can."""
    if len(times) < LEAST_EVENTS:
        return f"{len(times)} events are too few: {LEAST_EVENTS} are needed."
    if len(times) > MOST_EVENTS:
        return f"{len(times):,} events are more than are fitted here ({MOST_EVENTS:,}): choose a shorter range."
    tied = 1 - len(np.unique(times)) / len(times)
    if tied > MOST_TIED:
        return f"{tied:.0%} of the {len(times):,} events share a time stamp with another, so that their order is lost."
    return ""


def verdict(times: Array, end: float) -> Verdict:
    """What these events (sorted seconds since the start of a range of `end` seconds) tell about how many each sets off.

    Raises ValueError where `refusal` has a reason.
    """
    constant, (events, varying) = fit(times, end), _fitted(times, end, _knots(times))
    if constant.holds(varying.branching):
        varying = _with_interval(events, varying)
    found = Verdict(constant, varying, kolmogorov_smirnov(varying.residuals), None, None, None, "")
    if not (constant.holds(varying.branching) and varying.holds(constant.branching)):
        return replace(
            found,
            refusal=f"With a constant background one would set off {constant.branching:.2f} more, with one that varies "
            f"{varying.branching:.2f}: a rate that changes by itself and events that set each other off "
            "cannot be told apart here.",
        )
    chance = chance_of_misfit(varying, times, end)
    if chance < MISFIT:
        return replace(
            found,
            chance=chance,
            refusal=f"The model does not fit: of its own streams only {chance:.1%} lie as far from it as these events.",
        )
    return replace(found, chance=chance, low=min(constant.low, varying.low), high=max(constant.high, varying.high))


def fit(times: Array, end: float) -> Fit:
    """The process with a constant background that makes these events most likely. Raises ValueError where `refusal`
    has a reason."""
    return _with_interval(*_fitted(times, end, (1,)))


def fit_varying(times: Array, end: float) -> Fit:
    """The process whose background varies that fits best by Akaike's criterion, without its interval.

    Raises ValueError where `refusal` has a reason.
    """
    return _fitted(times, end, _knots(times))[1]


def chance_of_misfit(fitted: Fit, times: Array, end: float) -> float:
    """How often streams of the process fitted to these events, fitted again, lie as far from theory as they do, or
    farther."""
    random = np.random.default_rng(SEED)
    distance = kolmogorov_smirnov(fitted.residuals)
    stamp = _stamp(times)
    replicates = REPLICATES if len(times) < MANY else FEWER
    farther = 0
    for tried in range(1, replicates + 1):
        made = _spread(np.floor(simulate(fitted, end, random, RUNAWAY * len(times)) / stamp) * stamp, stamp)
        if len(made) < LEAST_EVENTS // 2:
            continue
        again = _climb(
            _Events(made, end, len(fitted.background), stamp), fitted.background, fitted.shares, fitted.decays
        )
        farther += kolmogorov_smirnov(again.residuals) >= distance
        if farther == EXCEEDED:
            return farther / tried
    return (farther + 1) / (replicates + 1)


def simulate(fitted: Fit, end: float, random: np.random.Generator, most: int) -> Array:
    """Events of a fitted process, generation by generation (Hawkes and Oakes 1974), `most` at most."""
    grid = np.linspace(0, end, QUADRATURE)
    rate = fitted.rate(grid, end)
    summed = np.r_[0, np.cumsum((rate[1:] + rate[:-1]) / 2 * np.diff(grid))]
    young = np.interp(random.uniform(0, summed[-1], random.poisson(summed[-1])), summed, grid)
    events, count = [young], len(young)
    while len(young) and count < most:
        born = []
        for share, decay in zip(fitted.shares, fitted.decays, strict=True):
            parents = np.repeat(young, random.poisson(share, len(young)))
            born.append(parents + random.exponential(1 / decay, len(parents)))
        young = np.concatenate(born)
        young = young[young < end]
        events.append(young)
        count += len(young)
    return np.sort(np.concatenate(events))


def memory(times: Array, decays: Array) -> Array:
    """What is left at each event of all events before it, `Σ exp(−decay × age)`: events × decays.

    The recursion `left = (left + 1) × kept` is solved in spans that double, so that no step waits for the one before.
    """
    kept = np.exp(-np.outer(np.diff(times), decays))
    left = np.zeros((len(times), len(decays)))
    left[1:] = kept
    span = 1
    while span < len(kept) and kept.max() > 1e-12:
        left[1 + span :] += kept[span:] * left[1:-span]
        kept[span:] = kept[span:] * kept[:-span]
        kept[:span] = 0
        span *= 2
    return left


def kolmogorov_smirnov(residuals: Array) -> float:
    """The distance of a sample from the exponential distribution with mean one."""
    expected = 1 - np.exp(-np.sort(residuals))
    ranks = np.arange(len(residuals) + 1) / len(residuals)
    return float(max((expected - ranks[:-1]).max(), (ranks[1:] - expected).max()))


class _Events:
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
        own = np.exp(_along(self.times, self.end, background))
        rate = own + excited @ shares
        over = self.weights * np.exp(_along(self.grid, self.end, background))
        age = self.end - self.times
        faded = np.exp(-np.outer(age, decays))
        spent = len(age) - faded.sum(axis=0)
        spent_bend = shares * decays * (age[:, None] * faded).sum(axis=0)
        each = np.hstack((own[:, None] * self.at_events, excited, bend)) / rate[:, None]
        slope = each.sum(axis=0) - np.concatenate((np.einsum("i,ij->j", over, self.at_grid), spent, spent_bend))
        return float(np.log(rate).sum() - over.sum() - spent @ shares), slope, np.einsum("ij,ik->jk", each, each)

    def residuals(self, background: Array, shares: Array, decays: Array) -> Array:
        over = np.exp(_along(self.grid, self.end, background))
        summed = np.r_[0, np.cumsum((over[1:] + over[:-1]) / 2 * np.diff(self.grid))]
        before = np.arange(len(self.times))[:, None] - memory(self.times, decays)
        return np.maximum(np.diff(np.interp(self.times, self.grid, summed) + before @ shares), 0)


def _knots(times: Array) -> tuple[int, ...]:
    return tuple(count for count in KNOTS if count * EVENTS_A_KNOT <= len(times))


def _stamp(times: Array) -> float:
    """The seconds to which these events are stamped."""
    return next((one for one in STAMPS if np.allclose(times / one, np.round(times / one), atol=1e-5)), 1e-6)


def _spread(times: Array, stamp: float) -> Array:
    """Events anywhere within their stamp, as they were before they got it."""
    return np.sort(times + stamp * np.random.default_rng(SEED).random(len(times)))


def _along(moments: Array, end: float, heights: Array) -> Array:
    """Heights at knots spread evenly over the range, at these moments. Products of matrices this small would wait
    for BLAS's threads."""
    if len(heights) == 1:
        return np.full(len(moments), heights[0])
    return np.interp(moments, np.linspace(0, end, len(heights)), heights)


def _hats(moments: Array, end: float, knots: int) -> Array:
    """How near each moment is to each of the knots, as a straight line between them has it."""
    if knots == 1:
        return np.ones((len(moments), 1))
    place = np.clip(np.asarray(moments) / end * (knots - 1), 0, knots - 1)
    return np.maximum(1 - np.abs(place[:, None] - np.arange(knots)), 0)


def _fitted(times: Array, end: float, counts: tuple[int, ...]) -> tuple[_Events, Fit]:
    """The best of the numbers of knots, with one time scale or two."""
    if reason := refusal(times):
        raise ValueError(reason)
    pace, stamp = len(times) / end, _stamp(times)
    spread = _spread(times, stamp)
    tried = []
    for knots in counts:
        events = _Events(spread, end, knots, stamp)
        if tried:
            before = tried[-1][1]
            level = np.log(before.rate(np.linspace(0, end, knots), end))
            starts = [(level, before.shares, before.decays), (level, np.array([0.1]), np.array([pace]))]
        else:
            level = np.full(knots, np.log(pace * 0.6))
            starts = [(level, np.array([0.4]), np.array([start * pace])) for start in STARTS]
        tried.append((events, max((_climb(events, *start) for start in starts), key=lambda one: one.likelihood)))
    events, best = min(tried, key=lambda one: one[1].criterion)
    apart = np.array([3.0, 1 / 3])
    two = _climb(events, best.background, best.branching * np.array([0.5, 0.5]), best.decays * apart)
    return events, two if two.likelihood > best.likelihood + SECOND_SCALE else best


def _climb(events: _Events, background: Array, shares: Array, decays: Array, only: Array | None = None) -> Fit:
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


def _with_interval(events: _Events, best: Fit) -> Fit:
    """The fit with every branching ratio whose best likelihood is within half the 95 % point of chi-squared of the
    greatest."""
    low, high = (_edge(events, best, sign) for sign in (-1, 1))
    return replace(best, low=low, high=high)


def _edge(events: _Events, best: Fit, sign: int) -> float:
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
            (_climb(events, background, shares, decays, ways) for decays in (here.decays, *elsewhere)),
            key=lambda one: one.likelihood,
        )
        if there.likelihood < level:
            return float(np.interp(level, (there.likelihood, before), (following, at)))
        here, before, at = there, there.likelihood, following
    return 0.0 if sign < 0 else float("inf")


def _path(events: _Events, best: Fit) -> tuple[Array, float]:
    """How the other parts of the best fit follow the branching ratio, and about one standard error of it."""
    information = events.slopes(best.background, best.shares, best.decays)[2]
    summed = np.zeros(len(information))
    summed[len(best.background) : len(best.background) + len(best.shares)] = 1
    moved = np.linalg.pinv(information) @ summed
    spread = float(moved @ summed)
    return (moved / spread, float(np.sqrt(spread))) if spread > 0 else (0 * moved, WIDEST)
