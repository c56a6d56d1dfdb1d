"""The picture of the day: four panels over one time axis, each of one thing."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import polars as pl
import pytest

from analytics.liquidations import pace
from analytics.market import prices
from analytics.warehouse import Warehouse
from analytics.who_paid import adl_seconds
from charts.market import hero

START, END = datetime(2025, 10, 10, 20, 30, tzinfo=UTC), datetime(2025, 10, 10, 22, 30, tzinfo=UTC)
NO_MOMENTS = pl.DataFrame(schema={"ts": pl.Datetime("us", "UTC"), "title": pl.String, "number": pl.Int64})


@pytest.fixture
def parts(warehouse: Warehouse) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    windows = pace.by_window(warehouse, "oct-10-2025")
    return prices.bitcoin(warehouse, START, END), windows, adl_seconds.by_second(warehouse, START, END)


def test_each_thing_has_a_panel_and_a_scale_of_its_own(parts: tuple[pl.DataFrame, ...]) -> None:
    bars, windows, closed = parts
    figure = hero.picture(bars, NO_MOMENTS, windows, closed)
    domains = [figure.layout[name].domain for name in hero.PANELS]
    assert all(lower[1] < upper[0] for upper, lower in pairwise(domains))
    drawn = {trace.yaxis or "y" for trace in figure.data}
    assert drawn == {"y", "y2", "y3", "y4"}
    (so_far,) = [trace for trace in figure.data if trace.yaxis == "y4"]
    assert so_far.y[-1] == pytest.approx(2.10311143085)


def test_a_window_that_holds_others_is_not_drawn_over_them(parts: tuple[pl.DataFrame, ...]) -> None:
    bars, windows, closed = parts
    (steps,) = [trace for trace in hero.picture(bars, NO_MOMENTS, windows, closed).data if trace.yaxis == "y2"]
    assert len(steps.x) == windows.filter(pl.col("depth") > 0).height


def test_the_price_stands_alone_where_nothing_else_is_known(parts: tuple[pl.DataFrame, ...]) -> None:
    bars, windows, closed = parts
    figure = hero.picture(bars, NO_MOMENTS, windows.clear(), closed.clear())
    assert {trace.yaxis or "y" for trace in figure.data} == {"y"}
    only = hero.picture(bars, NO_MOMENTS, windows.clear(), closed)
    assert {trace.yaxis or "y" for trace in only.data} >= {"y", "y3", "y4"}


def test_two_scopes_or_two_universes_are_refused(parts: tuple[pl.DataFrame, ...]) -> None:
    bars, windows, closed = parts
    with pytest.raises(ValueError, match="different scopes"):
        hero.picture(bars, NO_MOMENTS, windows, pl.concat([closed, closed.with_columns(scope=pl.lit("another"))]))
    with pytest.raises(ValueError, match="different universes"):
        hero.picture(bars, NO_MOMENTS, pl.concat([windows, windows.with_columns(origin=pl.lit("another"))]), closed)
