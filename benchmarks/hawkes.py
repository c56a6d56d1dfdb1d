"""`python -m benchmarks.hawkes [runs]`: the branching ratio of streams whose truth is known, most of them not of the
model's kind.

Poisson processes whose rate changes by itself must not be taken for cascades that feed themselves.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing import get_context
from statistics import fmean
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table

from analytics.market import hawkes

END, EVENTS, DECAY = 900.0, 1100, 1.0
RUNS, SEED = 60, 40_000
EXPLOSIVE = 0.3

Shape = Callable[[np.ndarray], np.ndarray]


class Truth(NamedTuple):
    """A process of `branching`, whose background follows a shape over the range, and the waits of what it sets off."""

    name: str
    branching: float
    shape: Shape
    waits: Callable[[np.random.Generator, int], np.ndarray] = lambda random, count: random.exponential(1 / DECAY, count)


class Score(NamedTuple):
    """What was said of one stream: the ratio with either background, the range where one is given, and why not
    otherwise."""

    constant: float
    varying: float
    low: float | None
    high: float | None
    reason: str
    seconds: float


def steady(share: np.ndarray) -> np.ndarray:
    return np.ones_like(share)


def step(share: np.ndarray) -> np.ndarray:
    return np.where(share < 0.6, 1.0, 8.0)


def cascade(share: np.ndarray) -> np.ndarray:
    """Quiet, a rise within a twentieth of the range, and a slow return."""
    return 1 + 14 * np.where(share < 0.4, np.exp((share - 0.4) / 0.05), np.exp((0.4 - share) / 0.15))


def sine(share: np.ndarray) -> np.ndarray:
    return 1 + 0.6 * np.sin(2 * np.pi * 3 * share)


def drift(share: np.ndarray) -> np.ndarray:
    return 1 + 0.2 * np.sin(2 * np.pi * 3 * share)


def heavy(random: np.random.Generator, count: int) -> np.ndarray:
    """Waits that fall off as a power, with no time scale of their own."""
    return 0.2 * ((1 - random.random(count)) ** (-1 / 1.2) - 1)


TRUTHS = (
    Truth("0, constant", 0.0, steady),
    Truth("0.3, constant", 0.3, steady),
    Truth("0.7, constant", 0.7, steady),
    Truth("0.95, constant", 0.95, steady),
    Truth("0, a step of eight times", 0.0, step),
    Truth("0, the shape of a cascade", 0.0, cascade),
    Truth("0, a sine of ±60 %", 0.0, sine),
    Truth("0.7, the shape of a cascade", 0.7, cascade),
    Truth("0, a sine of ±20 %", 0.0, drift),
    Truth("0.3, the shape of a cascade", 0.3, cascade),
    Truth("0.7, waits as a power", 0.7, steady, heavy),
)


def stream(truth: Truth, seed: int) -> np.ndarray:
    """Events of one run: those that come by themselves by thinning, then what they set off, wait by wait."""
    random = np.random.default_rng(seed)
    shares = np.linspace(0, 1, 2001)
    mean, most = truth.shape(shares).mean(), truth.shape(shares).max()
    wanted = EVENTS * (1 - truth.branching)
    tried = random.uniform(0, END, random.poisson(wanted * most / mean))
    young = tried[random.random(len(tried)) * most < truth.shape(tried / END)]
    events = [young]
    while len(young):
        parents = np.repeat(young, random.poisson(truth.branching, len(young)))
        young = parents + truth.waits(random, len(parents))
        young = young[young < END]
        events.append(young)
    # Venues stamp to the millisecond.
    return np.sort(np.floor(np.concatenate(events) * 1000) / 1000)


def one(case: tuple[int, int]) -> Score:
    number, run = case
    began = time.perf_counter()
    times = stream(TRUTHS[number], SEED + run)
    if reason := hawkes.refusal(times):
        return Score(float("nan"), float("nan"), None, None, reason, time.perf_counter() - began)
    found = hawkes.verdict(times, END)
    return Score(
        found.constant.branching,
        found.varying.branching,
        found.low,
        found.high,
        found.refusal,
        time.perf_counter() - began,
    )


def rows(pool: Executor, runs: int) -> Iterator[tuple[Truth, list[Score]]]:
    for number, truth in enumerate(TRUTHS):
        yield truth, list(pool.map(one, [(number, run) for run in range(runs)], chunksize=4))


def table(lines: list[tuple[Truth, list[Score]]]) -> Table:
    printed = Table(
        "truth",
        "runs",
        "constant",
        "varying",
        "given",
        "given: covers",
        "covers or refuses",
        f"says > {EXPLOSIVE}",
        "refused: backgrounds disagree / misfit",
        "width",
        "s a run",
    )
    for truth, scores in lines:
        given = [score for score in scores if score.low is not None]
        covers = sum(score.low <= truth.branching <= score.high for score in given)
        said = sum(score.low > EXPLOSIVE or score.varying > EXPLOSIVE for score in given)
        apart = sum("constant background" in score.reason for score in scores)
        printed.add_row(
            truth.name,
            str(len(scores)),
            f"{np.nanmean([score.constant for score in scores]):.2f}",
            f"{np.nanmean([score.varying for score in scores]):.2f}",
            f"{len(given) / len(scores):.0%}",
            f"{covers / len(given):.0%}" if given else "–",
            f"{1 - (len(given) - covers) / len(scores):.0%}",
            f"{said / len(scores):.0%}",
            f"{apart} / {len(scores) - len(given) - apart}",
            f"{fmean(min(score.high, 2) - score.low for score in given):.2f}" if given else "–",
            f"{fmean(score.seconds for score in scores):.2f}",
        )
    return printed


def main(runs: int = RUNS) -> None:
    out = Console(width=170)
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    out.print(f"Simulated streams of about {EVENTS} events in {END:.0f} s, {runs} a line")
    with ProcessPoolExecutor(len(os.sched_getaffinity(0)), get_context("spawn")) as pool:
        out.print(table(list(rows(pool, runs))))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
