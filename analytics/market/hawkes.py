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

from analytics.market import hawkes_fit
from analytics.market.hawkes_fit import Events
from analytics.market.hawkes_process import SEED, Array, Fit, kolmogorov_smirnov, simulate

LEAST_EVENTS, MOST_EVENTS = 100, 10_000
"""With fewer events nothing can be told; with more a page would wait too long for the fit."""
MOST_TIED = 0.2
"""Events that share a stamp have lost their order; with more than this part of them, the decay is that of the clock."""
REPLICATES, EXCEEDED = 99, 5
"""Streams made by the fitted model; no more are made once so many of them lie farther from theory than the events."""
MANY, FEWER = 5_000, 39
"""Above so many events, fewer replicates, for a page has to wait for them."""
MISFIT = 0.05
"""The model is refuted where fewer of its own streams than this part lie as far from theory as the events."""
RUNAWAY = 5
"""A replicate with so many times the events is given up: its process has no end."""


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
    constant, (events, varying) = fit(times, end), _fitted(times, end, hawkes_fit.knots(times))
    if constant.holds(varying.branching):
        varying = hawkes_fit.with_interval(events, varying)
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
    return hawkes_fit.with_interval(*_fitted(times, end, (1,)))


def fit_varying(times: Array, end: float) -> Fit:
    """The process whose background varies that fits best by Akaike's criterion, without its interval.

    Raises ValueError where `refusal` has a reason.
    """
    return _fitted(times, end, hawkes_fit.knots(times))[1]


def chance_of_misfit(fitted: Fit, times: Array, end: float) -> float:
    """How often streams of the process fitted to these events, fitted again, lie as far from theory as they do, or
    farther."""
    random = np.random.default_rng(SEED)
    distance = kolmogorov_smirnov(fitted.residuals)
    stamp = hawkes_fit.stamp_of(times)
    replicates = REPLICATES if len(times) < MANY else FEWER
    farther = 0
    for tried in range(1, replicates + 1):
        made = simulate(fitted, end, random, RUNAWAY * len(times))
        made = hawkes_fit.spread(np.floor(made / stamp) * stamp, stamp)
        if len(made) < LEAST_EVENTS // 2:
            continue
        events = Events(made, end, len(fitted.background), stamp)
        again = hawkes_fit.climb(events, fitted.background, fitted.shares, fitted.decays)
        farther += kolmogorov_smirnov(again.residuals) >= distance
        if farther == EXCEEDED:
            return farther / tried
    return (farther + 1) / (replicates + 1)


def _fitted(times: Array, end: float, counts: tuple[int, ...]) -> tuple[Events, Fit]:
    if reason := refusal(times):
        raise ValueError(reason)
    return hawkes_fit.fitted(times, end, counts)
