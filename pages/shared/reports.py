"""Columns of what was published of exchanges: moments, figures, and what they do with a negative balance."""

from __future__ import annotations

import polars as pl

from charts.terms import DEBT_RULES
from pages.shared.columns import TEXT, money
from pages.shared.words import worded

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


def stated(rows: pl.DataFrame) -> pl.DataFrame:
    """What venues are reported to do with a negative balance, the rule in words."""
    return worded(rows).with_columns(pl.col("rule").replace(DEBT_RULES))
