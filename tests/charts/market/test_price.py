"""The price path with its numbered moments: nothing covers anything else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl

from charts.market import price

START = datetime(2025, 10, 10, 20, 40, tzinfo=UTC)
BARS = pl.DataFrame(
    {
        "venue": "binance",
        "symbol": "BTC/USDT:USDT",
        "ts": [START + timedelta(minutes=minute) for minute in range(96)],
        "high": [110.0 + (minute % 7) for minute in range(96)],
        "low": [100.0 - (minute == 40) for minute in range(96)],
        "close": [105.0] * 96,
    }
)


def with_moments(*seconds: int) -> dict:
    moments = pl.DataFrame(
        {
            "ts": [START + timedelta(seconds=second) for second in seconds],
            "number": list(range(1, len(seconds) + 1)),
            "title": ["<b>x</b>"] * len(seconds),
        },
        schema={"ts": pl.Datetime("us", "UTC"), "number": pl.Int64, "title": pl.String},
    )
    return price.path_with_moments(BARS, moments).to_dict()


def test_moments_close_to_each_other_stand_above_each_other() -> None:
    *_, markers = with_moments(0, 2100, 2103, 2164, 2280, 5000)["data"]
    first, second, third, fourth, fifth, last = markers["y"]
    assert first == second == last
    assert second < third < fourth < fifth
    assert markers["customdata"] == ["&lt;b&gt;x&lt;/b&gt;"] * 6


def test_a_line_leads_from_a_moment_to_the_bar_it_met_and_no_further() -> None:
    figure = with_moments(60, 2103)
    highest = [BARS["high"][1], BARS["high"][35]]
    assert [line["y0"] for line in figure["layout"]["shapes"]] == highest
    assert [line["y1"] for line in figure["layout"]["shapes"]] == list(figure["data"][-1]["y"])


def test_everything_lies_within_the_axis_and_the_low_stands_below_its_point() -> None:
    figure = with_moments(*range(0, 600, 60))
    bottom, top = figure["layout"]["yaxis"]["range"]
    *_, low, markers = figure["data"]
    assert low["text"] == ["low 99.0"] and low["textposition"] == "bottom center"
    assert bottom < low["y"][0] and max(markers["y"]) < top


def test_a_path_without_moments_is_drawn() -> None:
    assert len(with_moments()["data"]) == 5
