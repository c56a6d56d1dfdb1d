"""Lead and lag on series whose lead is known; the truth is planted here and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.market import lead_lag
from analytics.market.lead_lag import GRID, Series

STEP, MARGIN, LENGTH = 0.1, 100, 1800
RUNS = 40


def related(random: np.random.Generator, lag: float, correlation: float = 0.8) -> tuple[Series, Series]:
    """Two walks observed at their own random seconds; the second repeats the first `lag` seconds later, with noise."""
    steps = round((LENGTH + 2 * MARGIN) / STEP)
    shared, own = random.normal(size=(2, steps))
    first = 1e-4 * np.cumsum(shared)
    second = 1e-4 * np.cumsum(correlation * shared + np.sqrt(1 - correlation**2) * own)
    seconds = [np.unique(np.ceil(random.uniform(MARGIN, MARGIN + LENGTH, count))) for count in (LENGTH, LENGTH // 3)]
    delays = (0.0, lag)
    levels = [
        walk[((at - delay) / STEP).astype(int)]
        for walk, at, delay in zip((first, second), seconds, delays, strict=True)
    ]
    return Series("first", seconds[0], levels[0]), Series("second", seconds[1], levels[1])


@pytest.mark.parametrize("lag", [1, -1, 5, -5, 30, -30])
def test_a_planted_lead_is_found_within_its_interval(lag: int) -> None:
    leads = [lead_lag.lead(*related(np.random.default_rng(seed), lag)) for seed in range(RUNS)]
    found = [lead for lead in leads if lead.lag is not None and lead.low <= lag <= lead.high]
    assert len(found) >= 0.9 * RUNS
    assert np.median([abs(lead.lag - lag) for lead in found]) <= 1
    assert np.median([lead.high - lead.low for lead in found]) <= 5


def test_what_is_unrelated_leads_nobody() -> None:
    leads = [lead_lag.lead(*related(np.random.default_rng(seed), 0, correlation=0)) for seed in range(RUNS)]
    assert sum(lead.lag is not None for lead in leads) <= 0.05 * RUNS
    assert "clearly move together" in leads[0].refusal


def test_the_interval_is_never_narrower_than_the_clock() -> None:
    lead = lead_lag.lead(*related(np.random.default_rng(1), 1, correlation=0.99))
    assert (lead.lag, lead.low, lead.high) == (1, 0, 2)


def textbook(first: Series, second: Series, lag: float) -> float:
    """Hayashi and Yoshida (2005), equation 2.3: every product of moves whose half-open intervals overlap, the second's
    shifted back."""
    total = 0.0
    for i in range(1, len(first.seconds)):
        for j in range(1, len(second.seconds)):
            begins = max(first.seconds[i - 1], second.seconds[j - 1] - lag)
            if begins < min(first.seconds[i], second.seconds[j] - lag):
                total += (first.level[i] - first.level[i - 1]) * (second.level[j] - second.level[j - 1])
    return total


def test_the_covariance_is_that_of_the_paper() -> None:
    random = np.random.default_rng(3)
    # Both begin and end together, so that no move lies outside the time they have in common.
    seconds = [np.unique(np.concatenate(([0, 200], np.round(random.uniform(0, 200, count), 1)))) for count in (90, 50)]
    first, second = (
        Series(name, at, np.cumsum(random.normal(size=len(at)))) for name, at in zip("ab", seconds, strict=True)
    )
    ours = lead_lag.blocks(first, second).covariance.sum(axis=0)
    for lag in (-60.0, -7.0, 0.0, 1.0, 30.0):
        assert ours[lag == GRID].item() == pytest.approx(textbook(first, second, lag), abs=1e-9)


def test_the_same_series_moves_together_with_itself_at_once() -> None:
    walk, _ = related(np.random.default_rng(2), 0)
    together, low, high = lead_lag.contrast(lead_lag.blocks(walk, walk))
    assert together[GRID == 0].item() == pytest.approx(1) and together.argmax() == np.flatnonzero(GRID == 0)[0]
    assert (low <= high).all()


def test_the_same_data_give_the_same_answer() -> None:
    pair = related(np.random.default_rng(4), 5)
    assert lead_lag.lead(*pair) == lead_lag.lead(*pair)


@pytest.fixture
def pair() -> tuple[Series, Series]:
    return related(np.random.default_rng(0), 5)


def moved(series: Series, **changed: np.ndarray) -> Series:
    return Series(series.name, changed.get("seconds", series.seconds), changed.get("level", series.level))


def test_a_constant_price_is_refused(pair: tuple[Series, Series]) -> None:
    still = moved(pair[0], level=np.full(len(pair[0].level), 3.0))
    assert lead_lag.lead(still, pair[1]).refusal == "first did not move in this range."


def test_a_price_of_zero_is_refused(pair: tuple[Series, Series]) -> None:
    level = pair[1].level.copy()
    level[7] = -np.inf
    assert "zero or less" in lead_lag.lead(pair[0], moved(pair[1], level=level)).refusal


def test_no_print_and_no_overlap_are_refused(pair: tuple[Series, Series]) -> None:
    nothing = Series("second", np.empty(0), np.empty(0))
    assert "no two prints" in lead_lag.lead(pair[0], nothing).refusal
    assert (
        "less than a minute in common" in lead_lag.lead(pair[0], moved(pair[1], seconds=pair[1].seconds + 3600)).refusal
    )


def test_a_clock_that_is_off_by_an_hour_is_no_lead() -> None:
    random = np.random.default_rng(5)
    seconds = np.arange(0.0, 7200.0, 2)
    walk = np.cumsum(random.normal(size=len(seconds)))
    lead = lead_lag.lead(Series("first", seconds, walk), Series("second", seconds + 3600, walk))
    assert lead.lag is None and "clocks differ" in lead.refusal


def test_few_prints_and_long_ranges_are_refused(pair: tuple[Series, Series]) -> None:
    few = Series("second", pair[1].seconds[::15], pair[1].level[::15])
    assert "fewer than 60 moves" in lead_lag.lead(pair[0], few).refusal
    longer = [moved(series, seconds=series.seconds * 10) for series in pair]
    assert "choose a range of at most 2" in lead_lag.lead(*longer).refusal


def test_a_gap_is_not_filled(pair: tuple[Series, Series]) -> None:
    gap = (pair[1].seconds < 600) | (pair[1].seconds > 1200)
    lead = lead_lag.lead(pair[0], Series("second", pair[1].seconds[gap], pair[1].level[gap]))
    assert lead.low <= 5 <= lead.high
