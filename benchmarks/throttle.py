"""`python -m benchmarks.throttle [runs]`: what throttled feeds hide, estimated on simulated streams and compared with the truth.

Prints what `analytics.backtest.CALIBRATION` holds, one line a rule, intensity and kind of bursts, both laws of size together,
and how long throttling, fitting and bounding take on one core as the stream grows.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from itertools import product
from multiprocessing import get_context
from statistics import fmean, median

import polars as pl
from rich.console import Console
from rich.table import Table

from analytics import backtest, throttle
from benchmarks.cascades import Bursts, stream

BURSTS = (
    Bursts("none", 0, 1),
    Bursts("of seconds", 0.5, 1),
    Bursts("of tenths of a second", 0.7, 10),
    Bursts("of hundredths of a second", 0.8, 100),
)
SECONDS = {3: 3600, 10: 3600, 30: 1800, 100: 900, 300: 600, 1000: 300, 3000: 120, 10_000: 60}
"""Orders a second of all symbols together, and how long such a stream is."""
SIZES = ("lognormal", "pareto")
RUNS, FEW, SEED = 130, 8, 20_000
"""Runs a line, and how many of them are enough to see that all are refused."""
GROWTH = (250_000, 500_000, 1_000_000, 2_000_000)
Case = tuple[str, int, Bursts, str, int]


def main(runs: int = RUNS) -> None:
    out = Console(width=150)
    os.environ["POLARS_MAX_THREADS"] = "1"
    with ProcessPoolExecutor(len(os.sched_getaffinity(0)), get_context("spawn")) as pool:
        out.print(
            f"Simulated streams, {runs} a line, {FEW} where all of these are refused. Percent of the true sum, where not said otherwise"
        )
        out.print(calibration_table(list(rows(pool, runs))))
    with ProcessPoolExecutor(1, get_context("spawn")) as alone:
        out.print(alone.submit(growth_table).result())


def rows(pool: Executor, runs: int) -> Iterator[backtest.Calibration]:
    """A line a rule, intensity and kind of bursts. Where the first few runs are all refused, more would tell nothing."""
    for rule, rate, bursts in product(throttle.RULES, SECONDS, BURSTS):
        cases = [(rule, rate, bursts, SIZES[run % 2], SEED + run) for run in range(runs)]
        scores = list(pool.map(one, cases[:FEW], chunksize=4))
        if any(score.refusal is None for score in scores):
            scores += pool.map(one, cases[FEW:], chunksize=4)
        yield summary(rule, rate, bursts, scores)


def one(case: Case) -> backtest.Score:
    rule, rate, bursts, sizes, seed = case
    scored = backtest.score(stream(rate, SECONDS[rate], bursts, sizes, seed), rule)
    if scored is None:
        raise RuntimeError(f"a simulated stream has no sum: {case}")
    return scored


def summary(rule: str, rate: int, bursts: Bursts, scores: list[backtest.Score]) -> backtest.Calibration:
    given = [score for score in scores if score.covered is not None]
    return backtest.Calibration(
        rule,
        rate,
        bursts.name,
        len(scores),
        len(given),
        round(100 * fmean(score.covered for score in given)) if given else None,
        round(100 * (fmean(score.estimate_share for score in given) - 1), 1) if given else None,
        round(100 * fmean(score.high_share - score.low_share for score in given)) if given else None,
        round(100 * fmean(score.reported_share for score in scores)),
        round(100 * fmean(score.bound_share for score in scores)),
        round(100 * fmean(score.bound_holds for score in scores)),
    )


def calibration_table(lines: list[backtest.Calibration]) -> Table:
    table = Table(*(name.replace("_", " ") for name in backtest.Calibration._fields))
    for line in lines:
        table.add_row(*("–" if cell is None else str(cell) for cell in line))
    return table


def growth_table() -> Table:
    """Throttled, fitted and bounded, the median of three runs, in a process that has one thread and one core."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    table = Table("orders", *(f"{rule}: seconds" for rule in throttle.RULES), "times the line above")
    before = None
    for orders in GROWTH:
        complete = stream(orders / SECONDS[300], SECONDS[300], BURSTS[2], SIZES[0], SEED)
        took = [timed(complete, rule) for rule in throttle.RULES]
        table.add_row(
            f"{complete.height:,}", *(f"{one:.2f}" for one in took), f"{sum(took) / before:.1f}" if before else ""
        )
        before = sum(took)
    return table


def timed(complete: pl.DataFrame, rule: str) -> float:
    taken = []
    for _ in range(3):
        began = time.perf_counter()
        throttle.estimate(throttle.throttled(complete, rule), rule)
        taken.append(time.perf_counter() - began)
    return median(taken)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
