"""How well throttle estimates hold on simulated streams: what `python -m benchmarks.throttle` finds, and no data of any
day.

The streams are not made by the estimators' models; the worst line is what may be said of the method.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

FEWEST = 20
"""Ranges a line must have to say how often they hold."""


class Line(NamedTuple):
    """Simulated streams of one rule, intensity and kind. Shares are of the true sum, means over the runs, in percent.

    `covered` is the share of the ranges that held the true sum, `off` how far the estimates were off on average,
    `width` the width of the ranges: none where every run was refused. `bound_held` is the share of the bounds that
    were no more than true.
    """

    rule: str
    orders_a_second: int
    kind: str
    runs: int
    estimated: int
    covered: int | None
    off: float | None
    width: int | None
    reported: int
    bound: int
    bound_held: int


LINES: tuple[Line, ...] = (
    Line("last", 3, "orders one by one", 6, 0, None, None, None, 94, 94, 100),
    Line("last", 3, "bursts of seconds", 6, 0, None, None, None, 73, 73, 100),
    Line("last", 3, "bursts of tenths of a second", 6, 0, None, None, None, 37, 37, 100),
    Line("last", 3, "bursts of hundredths of a second", 6, 0, None, None, None, 21, 21, 100),
    Line("last", 3, "first order of a burst 5 ×", 6, 0, None, None, None, 68, 68, 100),
    Line("last", 3, "first order of a quick burst 5 ×", 6, 0, None, None, None, 46, 46, 100),
    Line("last", 3, "later orders 5 ×", 6, 0, None, None, None, 57, 57, 100),
    Line("last", 3, "later orders of a quick burst 5 ×", 6, 0, None, None, None, 32, 32, 100),
    Line("last", 3, "shared swings of pace", 6, 0, None, None, None, 60, 60, 100),
    Line("last", 3, "pace rises 8 × within a minute", 6, 0, None, None, None, 59, 59, 100),
    Line("last", 3, "heavy tails (1.2)", 6, 0, None, None, None, 62, 62, 100),
    Line("last", 3, "stamps of 10 ms", 6, 0, None, None, None, 62, 62, 100),
    Line("last", 3, "stamps of 100 ms", 6, 0, None, None, None, 62, 62, 100),
    Line("last", 10, "orders one by one", 60, 60, 98, 1.7, 60, 81, 85, 100),
    Line("last", 10, "bursts of seconds", 60, 59, 100, 0.0, 79, 65, 74, 100),
    Line("last", 10, "bursts of tenths of a second", 60, 52, 100, -4.2, 103, 34, 62, 100),
    Line("last", 10, "bursts of hundredths of a second", 6, 0, None, None, None, 20, 20, 100),
    Line("last", 10, "first order of a burst 5 ×", 60, 60, 100, 6.6, 92, 61, 76, 100),
    Line("last", 10, "first order of a quick burst 5 ×", 60, 52, 100, 18.9, 131, 42, 77, 100),
    Line("last", 10, "later orders 5 ×", 60, 60, 100, -6.6, 83, 53, 66, 100),
    Line("last", 10, "later orders of a quick burst 5 ×", 60, 52, 100, -17.8, 88, 29, 53, 100),
    Line("last", 10, "shared swings of pace", 60, 59, 100, 1.3, 92, 53, 70, 100),
    Line("last", 10, "pace rises 8 × within a minute", 60, 60, 100, -1.0, 87, 53, 69, 100),
    Line("last", 10, "heavy tails (1.2)", 60, 60, 98, 0.5, 107, 57, 70, 100),
    Line("last", 10, "stamps of 10 ms", 60, 60, 100, 0.3, 77, 57, 74, 100),
    Line("last", 10, "stamps of 100 ms", 6, 0, None, None, None, 56, 56, 100),
    Line("last", 30, "orders one by one", 60, 59, 100, 1.7, 75, 66, 78, 100),
    Line("last", 30, "bursts of seconds", 60, 60, 100, 1.6, 91, 53, 71, 100),
    Line("last", 30, "bursts of tenths of a second", 60, 54, 100, 1.4, 115, 30, 64, 100),
    Line("last", 30, "bursts of hundredths of a second", 6, 0, None, None, None, 18, 30, 100),
    Line("last", 30, "first order of a burst 5 ×", 60, 60, 100, 7.7, 105, 50, 73, 100),
    Line("last", 30, "first order of a quick burst 5 ×", 60, 54, 100, 24.6, 143, 38, 78, 98),
    Line("last", 30, "later orders 5 ×", 60, 60, 100, -4.6, 92, 44, 65, 100),
    Line("last", 30, "later orders of a quick burst 5 ×", 60, 54, 100, -12.0, 100, 26, 55, 100),
    Line("last", 30, "shared swings of pace", 60, 59, 100, -1.3, 95, 45, 67, 100),
    Line("last", 30, "pace rises 8 × within a minute", 60, 60, 100, 1.4, 99, 45, 68, 100),
    Line("last", 30, "heavy tails (1.2)", 60, 60, 100, 1.7, 109, 47, 68, 100),
    Line("last", 30, "stamps of 10 ms", 60, 57, 100, 0.3, 79, 47, 72, 100),
    Line("last", 30, "stamps of 100 ms", 6, 0, None, None, None, 47, 47, 100),
    Line("last", 100, "orders one by one", 60, 53, 100, -1.1, 96, 46, 69, 100),
    Line("last", 100, "bursts of seconds", 60, 51, 100, -1.5, 99, 38, 67, 100),
    Line("last", 100, "bursts of tenths of a second", 60, 52, 100, -0.2, 115, 24, 62, 100),
    Line("last", 100, "bursts of hundredths of a second", 6, 0, None, None, None, 15, 33, 100),
    Line("last", 100, "first order of a burst 5 ×", 60, 53, 100, 5.5, 112, 37, 69, 100),
    Line("last", 100, "first order of a quick burst 5 ×", 60, 52, 100, 21.4, 144, 30, 74, 100),
    Line("last", 100, "later orders 5 ×", 60, 53, 100, -4.4, 103, 32, 62, 100),
    Line("last", 100, "later orders of a quick burst 5 ×", 60, 52, 100, -12.8, 102, 20, 54, 100),
    Line("last", 100, "shared swings of pace", 60, 57, 100, -1.1, 104, 31, 63, 100),
    Line("last", 100, "pace rises 8 × within a minute", 60, 56, 100, 0.2, 108, 34, 65, 100),
    Line("last", 100, "heavy tails (1.2)", 60, 53, 100, -2.1, 117, 33, 63, 100),
    Line("last", 100, "stamps of 10 ms", 60, 29, 100, 0.7, 84, 35, 70, 100),
    Line("last", 100, "stamps of 100 ms", 6, 0, None, None, None, 32, 32, 100),
    Line("last", 10000, "orders one by one", 6, 0, None, None, None, 2, 54, 100),
    Line("last", 10000, "bursts of seconds", 6, 0, None, None, None, 2, 53, 100),
    Line("last", 10000, "bursts of tenths of a second", 6, 0, None, None, None, 2, 46, 100),
    Line("last", 10000, "bursts of hundredths of a second", 6, 0, None, None, None, 2, 39, 100),
    Line("last", 10000, "first order of a burst 5 ×", 6, 0, None, None, None, 2, 53, 100),
    Line("last", 10000, "first order of a quick burst 5 ×", 6, 0, None, None, None, 2, 49, 100),
    Line("last", 10000, "later orders 5 ×", 6, 0, None, None, None, 2, 49, 100),
    Line("last", 10000, "later orders of a quick burst 5 ×", 6, 0, None, None, None, 2, 44, 100),
    Line("last", 10000, "shared swings of pace", 6, 0, None, None, None, 2, 48, 100),
    Line("last", 10000, "pace rises 8 × within a minute", 6, 0, None, None, None, 2, 44, 100),
    Line("last", 10000, "heavy tails (1.2)", 6, 0, None, None, None, 2, 50, 100),
    Line("last", 10000, "stamps of 10 ms", 6, 0, None, None, None, 2, 28, 100),
    Line("last", 10000, "stamps of 100 ms", 6, 0, None, None, None, 2, 2, 100),
    Line("largest", 3, "orders one by one", 60, 45, 100, -0.1, 4, 97, 98, 100),
    Line("largest", 3, "bursts of seconds", 6, 0, None, None, None, 89, 90, 100),
    Line("largest", 3, "bursts of tenths of a second", 6, 0, None, None, None, 70, 70, 100),
    Line("largest", 3, "bursts of hundredths of a second", 6, 0, None, None, None, 53, 53, 100),
    Line("largest", 3, "first order of a burst 5 ×", 6, 0, None, None, None, 93, 93, 100),
    Line("largest", 3, "first order of a quick burst 5 ×", 6, 0, None, None, None, 82, 83, 100),
    Line("largest", 3, "later orders 5 ×", 6, 0, None, None, None, 83, 83, 100),
    Line("largest", 3, "later orders of a quick burst 5 ×", 6, 0, None, None, None, 67, 67, 100),
    Line("largest", 3, "shared swings of pace", 6, 0, None, None, None, 84, 84, 100),
    Line("largest", 3, "pace rises 8 × within a minute", 6, 0, None, None, None, 85, 86, 100),
    Line("largest", 3, "heavy tails (1.2)", 6, 0, None, None, None, 85, 86, 100),
    Line("largest", 3, "stamps of 10 ms", 6, 0, None, None, None, 85, 86, 100),
    Line("largest", 3, "stamps of 100 ms", 6, 0, None, None, None, 85, 86, 100),
    Line("largest", 10, "orders one by one", 60, 29, 100, -0.3, 5, 93, 97, 100),
    Line("largest", 10, "bursts of seconds", 6, 0, None, None, None, 86, 90, 100),
    Line("largest", 10, "bursts of tenths of a second", 6, 0, None, None, None, 69, 71, 100),
    Line("largest", 10, "bursts of hundredths of a second", 6, 0, None, None, None, 53, 53, 100),
    Line("largest", 10, "first order of a burst 5 ×", 6, 0, None, None, None, 90, 90, 100),
    Line("largest", 10, "first order of a quick burst 5 ×", 6, 0, None, None, None, 81, 81, 100),
    Line("largest", 10, "later orders 5 ×", 60, 33, 94, -6.7, 56, 81, 82, 100),
    Line("largest", 10, "later orders of a quick burst 5 ×", 60, 3, 100, -16.8, 65, 66, 67, 100),
    Line("largest", 10, "shared swings of pace", 6, 0, None, None, None, 81, 83, 100),
    Line("largest", 10, "pace rises 8 × within a minute", 6, 0, None, None, None, 82, 84, 100),
    Line("largest", 10, "heavy tails (1.2)", 6, 0, None, None, None, 86, 88, 100),
    Line("largest", 10, "stamps of 10 ms", 6, 0, None, None, None, 83, 86, 100),
    Line("largest", 10, "stamps of 100 ms", 6, 0, None, None, None, 83, 86, 100),
    Line("largest", 30, "orders one by one", 6, 0, None, None, None, 86, 94, 100),
    Line("largest", 30, "bursts of seconds", 6, 0, None, None, None, 82, 88, 100),
    Line("largest", 30, "bursts of tenths of a second", 6, 0, None, None, None, 67, 70, 100),
    Line("largest", 30, "bursts of hundredths of a second", 6, 0, None, None, None, 54, 55, 100),
    Line("largest", 30, "first order of a burst 5 ×", 6, 0, None, None, None, 86, 86, 100),
    Line("largest", 30, "first order of a quick burst 5 ×", 6, 0, None, None, None, 78, 78, 100),
    Line("largest", 30, "later orders 5 ×", 60, 37, 97, -7.9, 59, 76, 79, 100),
    Line("largest", 30, "later orders of a quick burst 5 ×", 60, 5, 100, -9.3, 73, 64, 67, 100),
    Line("largest", 30, "shared swings of pace", 6, 0, None, None, None, 77, 80, 100),
    Line("largest", 30, "pace rises 8 × within a minute", 6, 0, None, None, None, 76, 81, 100),
    Line("largest", 30, "heavy tails (1.2)", 6, 0, None, None, None, 79, 84, 100),
    Line("largest", 30, "stamps of 10 ms", 6, 0, None, None, None, 79, 84, 100),
    Line("largest", 30, "stamps of 100 ms", 6, 0, None, None, None, 79, 84, 100),
    Line("largest", 100, "orders one by one", 6, 0, None, None, None, 75, 87, 100),
    Line("largest", 100, "bursts of seconds", 6, 0, None, None, None, 72, 82, 100),
    Line("largest", 100, "bursts of tenths of a second", 6, 0, None, None, None, 60, 67, 100),
    Line("largest", 100, "bursts of hundredths of a second", 6, 0, None, None, None, 49, 52, 100),
    Line("largest", 100, "first order of a burst 5 ×", 6, 0, None, None, None, 73, 75, 100),
    Line("largest", 100, "first order of a quick burst 5 ×", 6, 0, None, None, None, 70, 70, 100),
    Line("largest", 100, "later orders 5 ×", 60, 27, 93, -16.2, 58, 69, 73, 100),
    Line("largest", 100, "later orders of a quick burst 5 ×", 6, 0, None, None, None, 59, 64, 100),
    Line("largest", 100, "shared swings of pace", 6, 0, None, None, None, 63, 71, 100),
    Line("largest", 100, "pace rises 8 × within a minute", 6, 0, None, None, None, 67, 75, 100),
    Line("largest", 100, "heavy tails (1.2)", 6, 0, None, None, None, 70, 79, 100),
    Line("largest", 100, "stamps of 10 ms", 6, 0, None, None, None, 67, 77, 100),
    Line("largest", 100, "stamps of 100 ms", 6, 0, None, None, None, 67, 77, 100),
    Line("largest", 10000, "orders one by one", 6, 0, None, None, None, 25, 29, 100),
    Line("largest", 10000, "bursts of seconds", 6, 0, None, None, None, 25, 29, 100),
    Line("largest", 10000, "bursts of tenths of a second", 6, 0, None, None, None, 23, 27, 100),
    Line("largest", 10000, "bursts of hundredths of a second", 6, 0, None, None, None, 23, 26, 100),
    Line("largest", 10000, "first order of a burst 5 ×", 6, 0, None, None, None, 27, 32, 100),
    Line("largest", 10000, "first order of a quick burst 5 ×", 6, 0, None, None, None, 26, 31, 100),
    Line("largest", 10000, "later orders 5 ×", 6, 0, None, None, None, 27, 31, 100),
    Line("largest", 10000, "later orders of a quick burst 5 ×", 6, 0, None, None, None, 25, 28, 100),
    Line("largest", 10000, "shared swings of pace", 6, 0, None, None, None, 21, 24, 100),
    Line("largest", 10000, "pace rises 8 × within a minute", 6, 0, None, None, None, 23, 26, 100),
    Line("largest", 10000, "heavy tails (1.2)", 6, 0, None, None, None, 39, 43, 100),
    Line("largest", 10000, "stamps of 10 ms", 6, 0, None, None, None, 25, 29, 100),
    Line("largest", 10000, "stamps of 100 ms", 6, 0, None, None, None, 25, 29, 100),
)


def lines() -> pl.DataFrame:
    """LINES as a table, with ours as its source: the fields of `Line` and `source_id`."""
    schema = dict.fromkeys(("rule", "kind"), pl.String) | dict.fromkeys(("off",), pl.Float64)
    return pl.DataFrame(
        LINES, schema={name: schema.get(name, pl.Int64) for name in Line._fields}, orient="row"
    ).with_columns(source_id=pl.lit("crashday"))


def worst() -> Line:
    """The line whose ranges held least often, of those that have enough of them."""
    return min((line for line in LINES if line.estimated >= FEWEST), key=lambda line: line.covered or 0)
