"""Numbers and times in words: never more digits than are known, and the unknown is said to be unknown."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charts.words import FORMATS, clock, number, percent, usd, usd_range, utc
from pipelines.tables.fields import PRECISION

MOMENT = datetime(2025, 10, 10, 21, 20, 5, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (19_310_000_000, "$19.31 bn"),
        (10_300_000_000, "$10.3 bn"),
        (203_000_000, "$203 m"),
        (999_600_000, "$1 bn"),
        (999_400_000, "$999 m"),
        (1_500, "$1.5 k"),
        (12, "$12"),
        (0.65, "$0.65"),
        (0, "$0"),
        (-5_000_000, "−$5 m"),
        (2.5e12, "$2.5 tn"),
        (None, "not known"),
    ],
)
def test_usd(value: float | None, words: str) -> None:
    assert usd(value) == words


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (30e9, 40e9, "$30–40 bn"),
        (19.13e9, 19.37e9, "$19.13–19.37 bn"),
        (900e6, 1.2e9, "$900 m to $1.2 bn"),
        (2e9, 2e9, "$2 bn"),
        (3, 4, "$3 to $4"),
    ],
)
def test_usd_range(low: float, high: float, words: str) -> None:
    assert usd_range(low, high) == words


@given(st.floats(0.01, 9e14))
def test_usd_is_within_half_a_percent_and_never_a_thousand_of_a_unit(value: float) -> None:
    amount, _, unit = usd(value).removeprefix("$").partition(" ")
    scale = {"": 1, "k": 1e3, "m": 1e6, "bn": 1e9, "tn": 1e12}[unit]
    assert float(amount) * scale == pytest.approx(value, rel=5e-3, abs=5e-3)
    assert float(amount) < 1000


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (101_516.5, "101,516.5"),
        (34_983, "34,983"),
        (34_983.0, "34,983"),
        (0.9941, "0.9941"),
        (168.79, "168.8"),
        (0, "0"),
        (None, "not known"),
    ],
)
def test_number(value: float | None, words: str) -> None:
    assert number(value) == words


def test_percent() -> None:
    assert (percent(14.46), percent(53.34, 0), percent(None)) == ("14.5 %", "53 %", "not known")


@pytest.mark.parametrize(
    ("precision", "words"),
    [
        ("microsecond", "Oct 10, 2025 21:20:05.123456 UTC"),
        ("second", "Oct 10, 2025 21:20:05 UTC"),
        ("minute", "Oct 10, 2025 21:20 UTC"),
        ("hour", "Oct 10, 2025, about 21:20 UTC"),
        ("day", "Oct 10, 2025"),
        ("month", "October 2025"),
        ("year", "2025"),
        ("unknown", "time not stated"),
    ],
)
def test_a_time_is_worded_at_its_precision(precision: str, words: str) -> None:
    assert utc(MOMENT, precision) == words


def test_every_precision_the_tables_know_has_words() -> None:
    assert {*FORMATS, "unknown"} == set(PRECISION)
    assert utc(None) == "time not stated"


def test_the_clock_alone() -> None:
    assert (clock(MOMENT), clock(MOMENT, "second"), clock(MOMENT, "hour")) == ("21:20", "21:20:05", "21:20")
