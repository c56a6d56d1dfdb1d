"""Dated points: what a line joins, what stands alone, and what is a range."""

from __future__ import annotations

from datetime import UTC, datetime

import plotly.graph_objects as go
import polars as pl
import pytest

from analytics.tokenized import claims, history
from analytics.warehouse import Warehouse
from charts.tokenized import claims as claims_chart
from charts.tokenized import readings


def traces(figure: go.Figure) -> dict[str, go.Scatter]:
    return {trace.name: trace for trace in figure.data if trace.name}


def joined(trace: go.Scatter) -> list[list[float]]:
    """The points a line of this trace connects."""
    runs: list[list[float]] = [[]]
    for when, value in zip(trace.x, trace.y, strict=True):
        if when is None or value is None:
            runs.append([])
        else:
            runs[-1].append(value)
    return [run for run in runs if run]


def test_lines_join_readings_of_one_series_only(warehouse: Warehouse) -> None:
    found = traces(readings.over_time(history.sizes(warehouse, "value")))
    assert joined(found["rwa.xyz: distributed value"]) == [[2.85, 3.13, 3.21, 3.24]]
    assert all(len(run) == 1 for run in joined(found[readings.OTHERS]))
    assert {5.48, 4.87} <= {run[0] for run in joined(found[readings.OTHERS])}


def test_an_issuers_readings_by_several_publishers_stay_apart(warehouse: Warehouse) -> None:
    found = traces(readings.over_time(history.issuers(warehouse)))
    assert sorted(joined(found["Backed (xStocks)"]), key=len)[-1] == [24, 18]
    assert all(len(run) == 1 for run in joined(found["Ondo"]))


def test_a_figure_without_a_date_is_marked_as_such(warehouse: Warehouse) -> None:
    undated = traces(readings.over_time(history.issuers(warehouse)))[readings.UNDATED]
    assert undated.marker.symbol[0] == "diamond-open" and undated.text[0] == "Backed + Ondo 95.0 %"
    assert "time not stated" in undated.customdata[0]


def test_readings_that_disagree_are_spanned(warehouse: Warehouse) -> None:
    span = traces(readings.over_time(history.sizes(warehouse, "value")))["range"]
    pieces = list(zip(span.x, span.x[1:], span.y, span.y[1:], strict=False))
    assert any(left == right and (low, high) == (0.8, 1.2) for left, right, low, high in pieces)


def test_a_class_nobody_is_in_has_a_range_but_no_point(warehouse: Warehouse) -> None:
    figure = readings.over_time(history.classes(warehouse, "press-2025"), colour={"real": "#123456"})
    real = traces(figure)["real"]
    assert 0 not in real.y and real.marker.color == "#123456"


def test_moments_are_numbered_lines(warehouse: Warehouse) -> None:
    moments = pl.DataFrame({"ts": [datetime(2026, 1, 28, tzinfo=UTC)], "title": ["<b>rule</b>"], "number": [3]})
    *_, lines, numbers = readings.over_time(history.issuers(warehouse), moments).data
    assert lines.mode == "lines" and list(numbers.text) == ["3"] and "<b>" not in numbers.customdata[0]


def test_money_and_addresses_may_not_share_an_axis(warehouse: Warehouse) -> None:
    mixed = pl.concat([history.sizes(warehouse, measure) for measure in ("value", "holders")])
    with pytest.raises(ValueError, match="may not share an axis"):
        readings.over_time(mixed)


def test_every_claim_has_a_line_with_its_readings_by_date(warehouse: Warehouse) -> None:
    checked = claims.checked(warehouse, "press-2025")
    *by_reading, claimed, names = claims_chart.beside_readings(checked).data
    assert claimed.x[0] == 95 and claimed.marker.symbol == "diamond-open"
    assert names.text[0].startswith("Backed + Ondo 95 %")
    assert "Ondo 70 % of issuers of debt notes: Ondo, in The Block" in names.text
    assert sum(len(trace.x) for trace in by_reading) == checked.height
    (september,) = [trace for trace in by_reading if trace.name.startswith("Sep 13")]
    assert september.x[0] == pytest.approx(50.526, abs=1e-3) and september.y[0] == claimed.y[0]
