"""How well throttle estimates hold on simulated streams: what `python -m benchmarks.throttle` finds, and no data of any day.

The streams are not made by the estimators' models; the worst line is what may be said of the method.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

FEWEST = 20
"""Ranges a line must have to say how often they hold."""


class Line(NamedTuple):
    """Simulated streams of one rule, intensity and kind. Shares are of the true sum, means over the runs, in percent.

    `covered` is the share of the ranges that held the true sum, `off` how far the estimates were off on average, `width` the
    width of the ranges: none where every run was refused. `bound_held` is the share of the bounds that were no more than true.
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


LINES: tuple[Line, ...] = ()


def lines() -> pl.DataFrame:
    """LINES as a table, with ours as its source: the fields of `Line` and `source_id`."""
    schema = dict.fromkeys(("rule", "kind"), pl.String) | dict.fromkeys(("off",), pl.Float64)
    return pl.DataFrame(
        LINES, schema={name: schema.get(name, pl.Int64) for name in Line._fields}, orient="row"
    ).with_columns(source_id=pl.lit("crashday"))


def worst() -> Line:
    """The line whose ranges held least often, of those that have enough of them."""
    return min((line for line in LINES if line.estimated >= FEWEST), key=lambda line: line.covered or 0)
