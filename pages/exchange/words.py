"""Columns and words the pages about single exchanges share."""

from __future__ import annotations

import polars as pl

from charts.terms import DEBT_RULES, trust
from charts.words import utc
from pages.shared.columns import TEXT, money

MOMENTS = {
    "read": TEXT("When"),
    "title": TEXT("What happened or was said", width=620),
    "category": TEXT("Kind"),
    "trust": TEXT("Trust"),
    "note": TEXT("Note", width=500),
}
REPORTS = {
    "metric": TEXT("What"),
    "value": money("Figure"),
    "unit": TEXT("Unit"),
    "value_text": TEXT("In words"),
    "window_text": TEXT("Window"),
    "origin": TEXT("Number by"),
    "read": TEXT("As of"),
    "trust": TEXT("Trust"),
    "note": TEXT("Note", width="large"),
}
STATED = {
    "rule": TEXT("Negative balance"),
    "statement": TEXT("What was said or shown", width=820),
    "read": TEXT("As of"),
    "trust": TEXT("Trust"),
}


def worded(rows: pl.DataFrame, moment: str = "as_of", precision: str = "as_of_precision") -> pl.DataFrame:
    """The rows with their time (`read`) and their `trust` in words, as the tables show them."""
    read = [utc(when, exactly) for when, exactly in rows.select(moment, precision).iter_rows()]
    second_hand = rows["second_hand"] if "second_hand" in rows.columns else [False] * rows.height
    said = [trust(confidence, bool(flag)) for confidence, flag in zip(rows["confidence"], second_hand, strict=True)]
    return rows.with_columns(pl.Series("read", read, pl.String), pl.Series("trust", said, pl.String))


def stated(rows: pl.DataFrame) -> pl.DataFrame:
    """What venues are reported to do with a negative balance, the rule in words."""
    return worded(rows).with_columns(pl.col("rule").replace(DEBT_RULES))
