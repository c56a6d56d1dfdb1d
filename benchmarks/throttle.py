"""`python -m benchmarks.throttle [runs]`: what throttled feeds hide, estimated on simulated streams and compared with
the truth.

Prints what `analytics.liquidations.calibration.LINES` holds, one line a rule, intensity and kind of stream, and how
long throttling, fitting and bounding take on one core as the stream grows. The streams (`benchmarks.cascades`) are not
made by the estimators' models.
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

from analytics.liquidations import backtest, calibration, throttle
from benchmarks.cascades import Kind, stream

KINDS = (
    Kind("orders one by one"),
    Kind("bursts of seconds", 0.5, 3),
    Kind("bursts of tenths of a second", 0.7, 0.3),
    Kind("bursts of hundredths of a second", 0.8, 0.01),
    Kind("first order of a burst 5 ×", 0.5, 1, first=5),
    Kind("first order of a quick burst 5 ×", 0.7, 0.3, first=5),
    Kind("later orders 5 ×", 0.5, 1, later=5),
    Kind("later orders of a quick burst 5 ×", 0.7, 0.3, later=5),
    Kind("shared swings of pace", 0.5, 1, swings=0.8),
    Kind("pace rises 8 × within a minute", 0.5, 1, ramp=8),
    Kind("heavy tails (1.2)", 0.5, 1, tail=1.2),
    Kind("stamps of 10 ms", 0.5, 1, stamp_ms=10),
    Kind("stamps of 100 ms", 0.5, 1, stamp_ms=100),
)
SECONDS = {3: 3600, 10: 3600, 30: 1800, 100: 900, 10_000: 45}
"""Orders a second of all symbols together, and how long such a stream is."""
RUNS, FEW, SEED = 60, 6, 20_000
"""Runs a line, and how many of them are enough to see that all are refused."""
GROWTH, GROWTH_S = (250_000, 500_000, 1_000_000, 2_000_000), 600
Case = tuple[str, int, Kind, int]


def main(runs: int = RUNS) -> None:
    out = Console(width=150)
    os.environ["POLARS_MAX_THREADS"] = "1"
    with ProcessPoolExecutor(len(os.sched_getaffinity(0)), get_context("spawn")) as pool:
        out.print(
            f"Simulated streams, {runs} a line, {FEW} where all of these are refused. Percent of the true "
            "sum, where not said otherwise"
        )
        out.print(table(list(rows(pool, runs))))
    with ProcessPoolExecutor(1, get_context("spawn")) as alone:
        out.print(alone.submit(growth_table).result())


def rows(pool: Executor, runs: int) -> Iterator[calibration.Line]:
    """A line a rule, intensity and kind of stream. Where the first few runs are all refused, more would tell
    nothing."""
    for rule, rate, kind in product(throttle.RULES, SECONDS, KINDS):
        cases = [(rule, rate, kind, SEED + run) for run in range(runs)]
        scores = list(pool.map(one, cases[:FEW], chunksize=4))
        if any(score.refusal is None for score in scores):
            scores += pool.map(one, cases[FEW:], chunksize=4)
        yield summary(rule, rate, kind, scores)


def one(case: Case) -> backtest.Score:
    rule, rate, kind, seed = case
    scored = backtest.score(stream(rate, SECONDS[rate], kind, seed), rule)
    if scored is None:
        raise RuntimeError(f"a simulated stream has no sum: {case}")
    return scored


def summary(rule: str, rate: int, kind: Kind, scores: list[backtest.Score]) -> calibration.Line:
    given = [score for score in scores if score.covered is not None]
    return calibration.Line(
        rule,
        rate,
        kind.name,
        len(scores),
        len(given),
        round(100 * fmean(score.covered for score in given)) if given else None,
        round(100 * (fmean(score.estimate_share for score in given) - 1), 1) if given else None,
        round(100 * fmean(score.high_share - score.low_share for score in given)) if given else None,
        round(100 * fmean(score.reported_share for score in scores)),
        round(100 * fmean(score.bound_share for score in scores)),
        round(100 * fmean(score.bound_holds for score in scores)),
    )


def table(lines: list[calibration.Line]) -> Table:
    printed = Table(*(name.replace("_", " ") for name in calibration.Line._fields))
    for line in lines:
        printed.add_row(*("–" if cell is None else str(cell) for cell in line))
    return printed


def growth_table() -> Table:
    """Throttled, fitted and bounded, the median of three runs, in a process that has one thread and one core."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    table = Table("orders", *(f"{rule}: seconds" for rule in throttle.RULES), "times the line above")
    before = None
    for orders in GROWTH:
        complete = stream(orders / GROWTH_S, GROWTH_S, KINDS[2], SEED)
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
