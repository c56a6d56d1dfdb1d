"""How far a published figure may lie from what was counted by its rounding alone."""

from __future__ import annotations

from decimal import Decimal

import polars as pl


def half_step(value: float) -> float:
    """Half of the place of a figure's last digit that is not zero: 2.4 billion is known to 50 million, 4.65 billion
    to 5."""
    if value == 0:
        return 0.0
    exponent = Decimal(repr(float(value))).normalize().as_tuple().exponent
    return float(Decimal(5).scaleb(int(exponent) - 1))


def half_steps(values: pl.Series) -> pl.Series:
    """`half_step` of each value of a column."""
    return pl.Series(values.name, [None if value is None else half_step(value) for value in values], pl.Float64)
