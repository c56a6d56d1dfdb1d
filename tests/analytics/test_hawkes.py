"""Branching ratios on events whose branching is known, and every formula beside its textbook form."""

from __future__ import annotations

import numpy as np
import pytest

from analytics import hawkes

RUNS = 30


def cascade(random: np.random.Generator, background: float, branching: float, decay: float, end: float) -> np.ndarray:
    """Events by generations: some come by themselves, each sets off others after exponential waits (Hawkes and Oakes 1974)."""
    young = random.uniform(0, end, random.poisson(background * end))
    events = [young]
    while len(young):
        children = random.poisson(branching, len(young))
        young = np.repeat(young, children) + random.exponential(1 / decay, children.sum())
        young = young[young < end]
        events.append(young)
    return np.sort(np.concatenate(events))


@pytest.mark.parametrize(("branching", "background", "end"), [(0.3, 0.5, 1400), (0.7, 0.2, 1500), (0.95, 0.05, 2500)])
def test_a_planted_branching_ratio_is_found_within_its_interval(
    branching: float, background: float, end: float
) -> None:
    fits = [
        hawkes.fit(cascade(np.random.default_rng(seed), background, branching, 1.0, end), end) for seed in range(RUNS)
    ]
    assert sum(fit.low <= branching <= fit.high for fit in fits) >= 0.9 * RUNS
    assert np.mean([fit.branching for fit in fits]) == pytest.approx(branching, abs=0.04)
    assert np.mean([fit.high - fit.low for fit in fits]) < 0.2
    assert np.median([fit.decay for fit in fits]) == pytest.approx(1, rel=0.15)
    assert np.median([fit.background for fit in fits]) == pytest.approx(background, rel=0.15)
    assert np.mean([fit.chance > 0.05 for fit in fits]) >= 0.9


@pytest.fixture(scope="module")
def events() -> np.ndarray:
    return cascade(np.random.default_rng(7), 0.3, 0.6, 0.8, 600)


def ozaki(times: np.ndarray, end: float, background: float, branching: float, decay: float) -> float:
    """The log likelihood as Ozaki (1979) writes it, summed over all pairs."""
    rates = [
        background + branching * decay * sum(np.exp(-decay * (t - s)) for s in times[:i]) for i, t in enumerate(times)
    ]
    return sum(np.log(rates)) - background * end - branching * sum(1 - np.exp(-decay * (end - t)) for t in times)


def test_the_likelihood_is_that_of_ozaki(events: np.ndarray) -> None:
    found, background = hawkes.likelihoods(events, 600, np.array([0.4, 0.9]), np.array([0.3, 1.1]))
    for row, branching in enumerate((0.4, 0.9)):
        for column, decay in enumerate((0.3, 1.1)):
            rate = background[row, column]
            assert found[row, column] == pytest.approx(ozaki(events, 600, rate, branching, decay), rel=1e-9)
            assert all(
                ozaki(events, 600, near, branching, decay) < found[row, column] for near in (0.98 * rate, 1.02 * rate)
            )


def expectation_maximisation(times: np.ndarray, end: float) -> tuple[float, float, float]:
    """Veen and Schoenberg (2008): which event set off which is taken for a missing observation. Independent of our search."""
    background, branching, decay = len(times) / end / 2, 0.5, 0.5
    ages = np.tril(times[:, None] - times, -1)
    earlier = np.tril(np.ones_like(ages, bool), -1)
    for _ in range(600):
        offspring = np.where(earlier, branching * decay * np.exp(-decay * ages), 0)
        rate = background + offspring.sum(axis=1)
        chances = offspring / rate[:, None]
        background = (background / rate).sum() / end
        reached = 1 - np.exp(-decay * (end - times))
        branching = chances.sum() / reached.sum()
        # Waits that the end of the range cut off are made up for as in censored exponential waits.
        cut = branching * ((end - times) * np.exp(-decay * (end - times))).sum()
        decay = chances.sum() / ((chances * ages).sum() + cut)
    return background, branching, decay


def test_the_fit_is_that_of_expectation_maximisation(events: np.ndarray) -> None:
    fit, (background, branching, decay) = hawkes.fit(events, 600), expectation_maximisation(events, 600)
    assert (fit.background, fit.branching, fit.decay) == pytest.approx((background, branching, decay), rel=0.04)
    assert fit.low < branching < fit.high


def test_residuals_are_the_integral_of_the_rate(events: np.ndarray) -> None:
    fit = hawkes.fit(events, 600)
    for place in (1, 50, 100):
        moments = np.linspace(events[place - 1], events[place], 2001)
        before = events[events <= events[place - 1]]
        rates = fit.background + fit.branching * fit.decay * np.exp(-fit.decay * (moments[:, None] - before)).sum(
            axis=1
        )
        assert fit.residuals[place - 1] == pytest.approx(np.trapezoid(rates, moments), rel=1e-4)


def test_the_distance_is_that_of_kolmogorov_and_smirnov() -> None:
    sample = np.random.default_rng(1).exponential(size=80)
    points = np.sort(sample)
    reached = [((points <= point).mean(), 1 - np.exp(-point)) for point in points]
    expected = max(max(abs(step - theory), abs(step - 1 / 80 - theory)) for step, theory in reached)
    distance, chance = hawkes.kolmogorov_smirnov(sample)
    assert distance == pytest.approx(expected)
    assert hawkes.kolmogorov_smirnov(np.full(80, 1.0))[1] < 1e-6 < chance


def test_the_chance_is_as_often_small_as_it_says() -> None:
    random = np.random.default_rng(2)
    chances = [hawkes.kolmogorov_smirnov(random.exponential(size=200))[1] for _ in range(400)]
    assert np.mean(np.array(chances) < 0.05) == pytest.approx(0.05, abs=0.03)


def test_events_that_set_off_nothing_have_an_interval_down_to_zero() -> None:
    fit = hawkes.fit(np.sort(np.random.default_rng(3).uniform(0, 1000, 800)), 1000)
    assert fit.low < 0.05 and fit.branching < 0.2


def test_events_the_model_cannot_make_do_not_fit() -> None:
    steady = np.arange(0, 1000, 1.0) + np.random.default_rng(4).normal(0, 0.02, 1000)
    assert hawkes.fit(np.sort(np.abs(steady)), 1000).chance < 0.01


def test_few_or_tied_events_are_refused() -> None:
    assert "too few" in hawkes.refusal(np.arange(99.0))
    assert hawkes.refusal(np.arange(100.0)) == ""
    assert "share a time stamp" in hawkes.refusal(np.repeat(np.arange(100.0), 3))
    with pytest.raises(ValueError, match="too few"):
        hawkes.fit(np.arange(10.0), 10)
