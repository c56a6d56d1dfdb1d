"""How explosive: how many further liquidations each one sets off, by a Hawkes process with an exponential kernel.

The rate at time t is a background rate, and for each event before it `branching × decay × exp(−decay × age)`. The branching
ratio is the mean number of events that one event sets off; from one on, a cascade feeds itself. Background, branching and
decay are those of greatest likelihood (Ozaki 1979); the interval holds every branching ratio whose best likelihood lies
within half the 95 % point of chi-squared of the greatest. Whether the model fits is asked of its residuals: in time that
runs as fast as the fitted rate, events come at rate one (Ogata 1988).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LEAST_EVENTS = 100
MOST_TIED = 0.2
"""Events that share a stamp have lost their order; with more than this part of them, the decay is that of the clock."""
BRANCHING = np.concatenate([np.arange(0.01, 1.0, 0.03), np.arange(1.0, 2.01, 0.1)])
DECAYS = 24
HALF_CHI = 1.920729
"""Half the 95 % point of chi-squared with one degree of freedom."""


@dataclass(frozen=True)
class Fit:
    """Rates per second. `low` to `high` hold the branching ratio at 95 %; `high` is infinite beyond the largest one tried.

    `residuals` are the waiting times in the model's own time, exponential with mean one if it fits; `distance` is how far
    their distribution is from that (Kolmogorov–Smirnov) and `chance` how often a fitting model would be as far or farther.
    """

    background: float
    branching: float
    low: float
    high: float
    decay: float
    residuals: np.ndarray
    distance: float
    chance: float


def refusal(times: np.ndarray) -> str:
    """Why no process can be fitted to these events; empty where one can."""
    if len(times) < LEAST_EVENTS:
        return f"{len(times)} events are too few: {LEAST_EVENTS} are needed."
    tied = 1 - len(np.unique(times)) / len(times)
    if tied > MOST_TIED:
        return f"{tied:.0%} of the {len(times):,} events share a time stamp with another, so that their order is lost."
    return ""


def fit(times: np.ndarray, end: float) -> Fit:
    """The process that makes these events (sorted seconds since the start of a range of `end` seconds) most likely.

    Raises ValueError where `refusal` has a reason.
    """
    if reason := refusal(times):
        raise ValueError(reason)
    gaps = np.diff(times)
    wide = np.geomspace(3 / end, 3 / np.median(gaps[gaps > 0]), DECAYS)
    best = wide[likelihoods(times, end, BRANCHING, wide)[0].max(axis=0).argmax()]
    near = np.geomspace(best / 2, best * 2, DECAYS)
    along = likelihoods(times, end, BRANCHING, near)[0].max(axis=1)
    branching, greatest = _summit(BRANCHING, along)
    at_best, background = likelihoods(times, end, np.array([branching]), near)
    column = int(at_best[0].argmax())
    residuals = _residuals(times, float(background[0, column]), branching, float(near[column]))
    distance, chance = kolmogorov_smirnov(residuals)
    low, high = _within(BRANCHING, along, greatest - HALF_CHI)
    return Fit(float(background[0, column]), branching, low, high, float(near[column]), residuals, distance, chance)


def likelihoods(
    times: np.ndarray, end: float, branching: np.ndarray, decays: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The greatest log likelihood at each branching ratio and decay, and the background rate it has there: ratios × decays."""
    excited = memory(times, decays) * decays
    spent = len(times) - np.exp(-np.outer(end - times, decays)).sum(axis=0)
    found, background = np.empty((2, len(branching), len(decays)))
    rate = np.full(len(decays), len(times) / end)
    for place, ratio in enumerate(branching):
        rate = background[place] = _background(ratio * excited, end, rate)
        found[place] = np.log(rate + ratio * excited).sum(axis=0) - rate * end - ratio * spent
    return found, background


def memory(times: np.ndarray, decays: np.ndarray) -> np.ndarray:
    """What is left at each event of all events before it, `Σ exp(−decay × age)`: events × decays."""
    kept = np.exp(-np.outer(np.diff(times), decays))
    left = np.zeros((len(times), len(decays)))
    for place, factor in enumerate(kept, start=1):
        left[place] = (left[place - 1] + 1) * factor
    return left


def kolmogorov_smirnov(residuals: np.ndarray) -> tuple[float, float]:
    """Distance of a sample from the exponential distribution with mean one, and its chance by Kolmogorov's series (Stephens 1970)."""
    count = len(residuals)
    expected = 1 - np.exp(-np.sort(residuals))
    ranks = np.arange(count + 1) / count
    distance = float(max((expected - ranks[:-1]).max(), (ranks[1:] - expected).max()))
    scaled = (np.sqrt(count) + 0.12 + 0.11 / np.sqrt(count)) * distance
    terms = np.arange(1, 101)
    chance = 2 * ((-1.0) ** (terms - 1) * np.exp(-2 * np.square(terms * scaled))).sum()
    return distance, float(np.clip(chance, 0, 1))


def _background(excited: np.ndarray, end: float, guess: np.ndarray) -> np.ndarray:
    """The background rate at which the likelihood is greatest, by Newton's method on its slope, which is convex and falling."""
    rate = guess
    for _ in range(50):
        inverse = 1 / (rate + excited)
        step = (inverse.sum(axis=0) - end) / np.square(inverse).sum(axis=0)
        # A step from the right may pass zero; the root is never below one event per range.
        following = np.maximum(rate + step, 1 / end)
        if np.allclose(following, rate, rtol=1e-9, atol=0):
            break
        rate = following
    return rate


def _residuals(times: np.ndarray, background: float, branching: float, decay: float) -> np.ndarray:
    before = np.arange(len(times)) - memory(times, np.array([decay]))[:, 0]
    return np.diff(background * times + branching * before)


def _summit(places: np.ndarray, heights: np.ndarray) -> tuple[float, float]:
    """Where a curve is highest, and how high, by the parabola through its three highest neighbours."""
    middle = int(np.clip(heights.argmax(), 1, len(places) - 2))
    curve = np.polynomial.Polynomial.fit(places[middle - 1 : middle + 2], heights[middle - 1 : middle + 2], 2)
    top = curve.deriv().roots()[0] if curve.convert().coef[2] < 0 else places[heights.argmax()]
    top = float(np.clip(top, places[0], places[-1]))
    return top, max(float(curve(top)), float(heights.max()))


def _within(places: np.ndarray, heights: np.ndarray, level: float) -> tuple[float, float]:
    """Where a curve rises above a level and where it falls below it again, from zero and to infinity where it does not."""
    inside = np.flatnonzero(heights >= level)
    first, last = inside[0], inside[-1]
    low = 0.0 if first == 0 else np.interp(level, heights[[first - 1, first]], places[[first - 1, first]])
    if last == len(places) - 1:
        return float(low), float("inf")
    return float(low), float(np.interp(level, heights[[last + 1, last]], places[[last + 1, last]]))
