"""The charts of boards, volumes, feeds and days draw what they are given, and refuse what does not compare."""

from __future__ import annotations

from datetime import UTC, datetime

import plotly.graph_objects as go
import polars as pl
import pytest

from analytics.compare import crash_days
from analytics.liquidations import boards, regimes
from analytics.market import volumes
from analytics.warehouse import Warehouse
from charts import theme
from charts.compare import day_bars
from charts.liquidations import exchange_bars, regime_strip
from charts.market import volume_bars

OCT_10, NOV_21 = "oct-10-2025", "nov-21-2025"
START, END = datetime(2020, 3, 12, tzinfo=UTC), datetime(2026, 2, 6, tzinfo=UTC)
DAY = datetime(2025, 10, 10, tzinfo=UTC)


def first_board(warehouse: Warehouse, day: str) -> pl.DataFrame:
    return boards.by_exchange(warehouse, boards.every(warehouse, day)["board"][0])


def named(figure: go.Figure) -> dict[str, go.Bar]:
    return {trace.name: trace for trace in figure.data if trace.type == "bar"}


def test_a_board_without_sides_has_one_bar_an_exchange_in_its_colour(warehouse: Warehouse) -> None:
    figure = exchange_bars.liquidations(first_board(warehouse, OCT_10))
    bars = figure.data[0]
    assert list(bars.x) == pytest.approx([10.3, 4.65, 2.4, 1.2, 0.76])
    assert bars.marker.color[0] == theme.venue_colour("hyperliquid")
    assert list(bars.marker.pattern.shape) == ["", "", "", "", "/"]
    assert figure.layout.xaxis.title.text == "USD billion"


def test_a_board_with_sides_stacks_them_and_draws_the_rest_as_not_stated(warehouse: Warehouse) -> None:
    traces = named(exchange_bars.liquidations(first_board(warehouse, NOV_21)))
    assert list(traces) == ["Long", "Short", "Side not stated"]
    assert traces["Long"].marker.color == theme.LONG and traces["Short"].marker.color == theme.SHORT
    assert traces["Long"].y[0] == "Bybit" and traces["Long"].x[0] == pytest.approx(595.43)
    assert traces["Long"].x[-1] is None and traces["Side not stated"].x[-1] == pytest.approx(169.03)


def test_a_small_board_is_drawn_in_millions(warehouse: Warehouse) -> None:
    quiet = boards.every(warehouse, OCT_10).filter(pl.col("phase") == "aftermath")["board"][0]
    figure = exchange_bars.liquidations(boards.by_exchange(warehouse, quiet))
    assert figure.layout.xaxis.title.text == "USD million" and named(figure)["Long"].x[0] == pytest.approx(58.42)


def test_names_from_outside_are_escaped(warehouse: Warehouse) -> None:
    rows = first_board(warehouse, OCT_10).with_columns(name=pl.lit("<b>x</b>"))
    assert set(exchange_bars.liquidations(rows).data[0].y) == {"&lt;b&gt;x&lt;/b&gt;"}


def test_volumes_of_two_markets_are_refused(warehouse: Warehouse) -> None:
    traded = volumes.by_exchange(warehouse, datetime(2025, 10, 10, 21, 9, tzinfo=UTC))
    with pytest.raises(ValueError, match="may not share an axis"):
        volume_bars.traded(traded)
    futures = traded.filter(pl.col("market") == "futures")
    assert list(volume_bars.traded(futures).data[0].x) == pytest.approx((futures["volume_usd"] / 1e9).to_list())


def test_a_strip_is_hatched_where_its_start_is_not_established(warehouse: Warehouse) -> None:
    figure = regime_strip.strip(regimes.of_venues(warehouse, ("bybit",)), START, END, DAY, "the day")
    complete, throttled = figure.data[0], figure.data[1]
    assert (complete.name, list(complete.marker.pattern.shape)) == ("every liquidation", [""])
    assert (throttled.name, list(throttled.marker.pattern.shape)) == ("at most one a second", ["/"])
    assert complete.base[0] == datetime(2025, 2, 20, tzinfo=UTC)
    assert throttled.base[0] == START
    assert throttled.x[0] == (datetime(2025, 2, 20, tzinfo=UTC) - START).total_seconds() * 1000


def test_a_strip_leaves_out_what_lies_outside_its_span(warehouse: Warehouse) -> None:
    figure = regime_strip.strip(
        regimes.of_venues(warehouse, ("bybit",)), START, datetime(2024, 1, 1, tzinfo=UTC), START, ""
    )
    assert [trace.name for trace in figure.data if trace.type == "bar"] == ["at most one a second"]


def days_chart(warehouse: Warehouse, order: str) -> go.Figure:
    changes = regimes.changes(warehouse, START, END)
    return day_bars.totals(crash_days.measured(crash_days.totals(warehouse, order), changes), changes, OCT_10)


def test_days_solid_in_one_list_hollow_elsewhere_grey_before_the_change(warehouse: Warehouse) -> None:
    traces = named(days_chart(warehouse, "date"))
    counts = {name: len(trace.x) for name, trace in traces.items()}
    assert counts == {
        "in one list, before the change": 8,
        "another reading, before the change": 9,
        "in one list, after the change": 2,
        "another reading, after the change": 6,
    }
    assert traces["in one list, after the change"].marker.color == day_bars.LATER
    assert traces["another reading, after the change"].marker.color == "rgba(0,0,0,0)"
    assert traces["in one list, before the change"].marker.color == day_bars.EARLIER


def test_the_change_is_drawn_between_the_days_it_parts(warehouse: Warehouse) -> None:
    figure = days_chart(warehouse, "date")
    (line,) = [shape for shape in figure.layout.shapes if shape.type == "line"]
    places = dict(zip(figure.layout.yaxis.ticktext, figure.layout.yaxis.tickvals, strict=True))
    assert places["Sep. 22, 2025"] < line.y0 < places["Feb. 3, 2025"]
    assert any("Bybit" in note.text and "Feb 20, 2025" in note.text for note in figure.layout.annotations)


def test_by_size_no_line_can_part_the_days(warehouse: Warehouse) -> None:
    figure = days_chart(warehouse, "size")
    assert not figure.layout.shapes and figure.layout.yaxis.ticktext[0] == "<b>Oct. 10, 2025</b>"


def test_estimates_are_ranges_beside_the_bars(warehouse: Warehouse) -> None:
    ranges = [trace for trace in days_chart(warehouse, "date").data if trace.name == "estimate, a range"]
    assert [list(trace.x) for trace in ranges] == [[30, 40], [8, 10]]
    assert [trace.showlegend for trace in ranges] == [True, False]


def test_a_day_without_a_total_is_not_a_bar(warehouse: Warehouse) -> None:
    figure = days_chart(warehouse, "date")
    places = dict(zip(figure.layout.yaxis.ticktext, figure.layout.yaxis.tickvals, strict=True))
    assert all(places["Mar. 12, 2020"] not in trace.y for trace in figure.data if trace.type == "bar")
    (words,) = [trace for trace in figure.data if trace.type == "scatter" and trace.mode == "text"]
    assert words.text[-1] == " not known"


def test_solid_days_of_two_publications_are_refused(warehouse: Warehouse) -> None:
    days = crash_days.totals(warehouse).with_columns(comparable=pl.lit(True))
    with pytest.raises(ValueError, match="one publication"):
        day_bars.totals(days, regimes.changes(warehouse, START, END), OCT_10)


def test_without_a_known_change_no_day_is_marked(warehouse: Warehouse) -> None:
    days = crash_days.totals(warehouse)
    none = regimes.changes(warehouse, DAY, DAY)
    figure = day_bars.totals(crash_days.measured(days, none), none, OCT_10)
    assert set(named(figure)) == {"in one list", "another reading"} and not figure.layout.shapes
