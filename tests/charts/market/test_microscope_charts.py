"""The figures of the microscope: gaps stay gaps, the future is veiled, nothing that does not compare shares an axis,
none is too heavy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import polars as pl
import pytest

from analytics.compare import aligned
from analytics.market import basis, decimate, dislocation, first_movers, impact, phases, playback, volume_profile
from analytics.warehouse import Warehouse
from benchmarks import microscope
from charts import lines, theme
from charts.compare import aligned as aligned_chart
from charts.market import dislocation as dislocation_chart
from charts.market import explosiveness as explosiveness_chart
from charts.market import impact as impact_chart
from charts.market import lead_lag as lead_lag_chart
from charts.market import phases as phases_chart
from charts.market import replay as replay_chart
from charts.market import volume_profile as profile_chart

FOCUS = datetime(2025, 10, 10, 20, 30, tzinfo=UTC), datetime(2025, 10, 10, 22, 30, tzinfo=UTC)
DAYS = datetime(2025, 10, 9, tzinfo=UTC), datetime(2025, 10, 12, tzinfo=UTC)
SECONDS = datetime(2025, 10, 10, 21, 10, tzinfo=UTC), datetime(2025, 10, 10, 21, 30, tzinfo=UTC)
T0, LOW = datetime(2025, 10, 10, 20, 50, tzinfo=UTC), datetime(2025, 10, 10, 21, 21, tzinfo=UTC)
BITCOIN = ("binance", "perp", "BTC/USDT:USDT", "trade", "1m", "binance_um_klines_1m")
MOST_BARS = 2_000


def fallen(warehouse: Warehouse, at: datetime = LOW, span: tuple[datetime, datetime] = FOCUS) -> go.Figure:
    track = playback.track(warehouse, decimate.keys(playback.markets(warehouse, "BTC", *span)), *span, T0)
    return replay_chart.falls(track, playback.fills(warehouse, *span), *span, at)


def apart(warehouse: Warehouse, base: str, span: tuple[datetime, datetime]) -> go.Figure:
    markets = dislocation.markets(warehouse, base, *span)
    rows = dislocation.deviations(warehouse, decimate.keys(markets), *span)
    return dislocation_chart.deviations(rows, dict(markets.select("venue", "name").iter_rows()), 1.0, *span)


def phased(warehouse: Warehouse, span: tuple[datetime, datetime] = FOCUS) -> go.Figure:
    bars, found = phases.measured(warehouse, BITCOIN, *span), phases.by_rule(warehouse, BITCOIN, *span)
    return phases_chart.by_rule(bars, found, phases.published(warehouse, "oct-10-2025"), *span)


def leads(warehouse: Warehouse) -> pl.DataFrame:
    known = first_movers.candidates(warehouse, "POL", *FOCUS)
    binance, coinbase, *_ = zip(known["label"], decimate.keys(known), strict=True)
    return first_movers.estimates(warehouse, (binance, coinbase), *FOCUS)


def test_a_missing_bar_breaks_a_line_on_a_grid() -> None:
    start = datetime(2024, 1, 1, tzinfo=UTC)
    ts = pl.Series([start, start + timedelta(minutes=1), start + timedelta(minutes=4)])
    line = lines.gridded(ts, pl.Series([1.0, None, 3.0]), 60)
    assert (line["x0"], line["dx"], line["y"].dtype) == (start.timestamp() * 1000, 60_000, np.float32)
    assert np.isnan(line["y"]).tolist() == [False, True, True, True, False]


def test_what_is_not_grid_keeps_its_times_as_milliseconds() -> None:
    start = datetime(2024, 1, 1, tzinfo=UTC)
    line = lines.scattered(pl.Series([start, start + timedelta(microseconds=1500)]), pl.Series([1.0, None]))
    assert line["x"].tolist() == [start.timestamp() * 1000, start.timestamp() * 1000 + 1.5]
    assert np.isnan(line["y"][1])


def test_the_future_is_veiled_from_the_chosen_second_on(warehouse: Warehouse) -> None:
    figure = fallen(warehouse)
    veil, now = figure.layout.shapes
    assert (veil.x0, veil.x1) == (LOW.timestamp() * 1000, FOCUS[1].timestamp() * 1000)
    assert now.x0 == now.x1 == veil.x0


def test_the_chart_plays_from_there_to_the_end(warehouse: Warehouse) -> None:
    figure = fallen(warehouse)
    begins = [frame.layout.shapes[0].x0 for frame in figure.frames]
    assert begins == sorted(begins) and begins[0] == LOW.timestamp() * 1000 and len(begins) > 60
    names = [frame.name for frame in fallen(warehouse, DAYS[0], DAYS).frames]
    assert len(set(names)) == len(names) > 60
    assert all(list(frame.traces) == [len(figure.data) - 1] for frame in figure.frames)
    assert [button.label for button in figure.layout.updatemenus[0].buttons] == ["Play ▶", "Faster ▶", "Pause"]


def test_a_market_whose_bars_stopped_has_no_dot(warehouse: Warehouse) -> None:
    early = fallen(warehouse, datetime(2025, 10, 10, 20, 34, tzinfo=UTC)).data[-1]
    late = fallen(warehouse, LOW).data[-1]
    assert [one is None for one in early.y] == [False, *[True] * 5, False, False] and None not in late.y


def test_lines_of_the_replay_are_grids_of_float32(warehouse: Warehouse) -> None:
    drawn = [trace for trace in fallen(warehouse).data if trace.yaxis is None and trace.mode == "lines"]
    assert len(drawn) >= 4 and all(trace.x is None and np.asarray(trace.y).dtype == np.float32 for trace in drawn)
    perp = next(trace for trace in drawn if "perp, 1m" in trace.name)
    assert np.nanmin(perp.y) == pytest.approx(100 * (103_441.3 / 116_830.3 - 1), abs=1e-4)


def test_fills_of_two_venues_are_refused(warehouse: Warehouse) -> None:
    fills = playback.fills(warehouse, *FOCUS)
    mixed = pl.concat([fills, fills.with_columns(venue=pl.lit("bybit"))])
    track = playback.track(warehouse, (BITCOIN,), *FOCUS, T0)
    with pytest.raises(ValueError, match="different venues"):
        replay_chart.falls(track, mixed, *FOCUS, LOW)


def test_phases_are_bands_over_the_published_ones(warehouse: Warehouse) -> None:
    figure = phased(warehouse)
    begins = [shape.x0 for shape in figure.layout.shapes]
    assert begins == [
        datetime(2025, 10, 10, *clock, tzinfo=UTC).timestamp() * 1000
        for clock in ((20, 50), (21, 11), (21, 19), (21, 22))
    ]
    texts = [note.text for note in figure.layout.annotations]
    assert texts[:4] == ["<b>onset</b>", "<b>cascade</b>", "<b>capitulation</b>", "<b>recovery</b>"]
    assert "Amberdata, cascade: $6.93 bn" in texts
    assert all(trace.yaxis == "y2" for trace in figure.data[3:]) and len(figure.data) > 6


def test_phases_of_two_markets_are_refused(warehouse: Warehouse) -> None:
    bars = phases.measured(warehouse, BITCOIN, *FOCUS)
    mixed = pl.concat([bars, bars.with_columns(venue=pl.lit("okx"))])
    with pytest.raises(ValueError, match="different markets"):
        phases_chart.by_rule(
            mixed, phases.by_rule(warehouse, BITCOIN, *FOCUS), phases.published(warehouse, "none"), *FOCUS
        )


def test_a_gap_between_composites_is_a_gap(warehouse: Warehouse) -> None:
    figure = apart(warehouse, "AAVE", FOCUS)
    gemini = next(trace for trace in figure.data if trace.name.startswith("Gemini"))
    assert np.isnan(gemini.y).sum() == 54 and gemini.connectgaps is False and "markers" in gemini.mode


def test_deviations_of_different_bar_lengths_are_refused(warehouse: Warehouse) -> None:
    markets = dislocation.markets(warehouse, "AAVE", *FOCUS)
    rows = dislocation.deviations(warehouse, decimate.keys(markets), *FOCUS)
    mixed = pl.concat([rows, rows.with_columns(interval=pl.lit("1s"))])
    with pytest.raises(ValueError, match="different lengths"):
        dislocation_chart.deviations(mixed, {}, 1.0, *FOCUS)


def test_an_undecided_lead_is_written_and_a_decided_one_has_its_interval(warehouse: Warehouse) -> None:
    estimates = leads(warehouse)
    dots, words = lead_lag_chart.leads(estimates).data
    assert list(dots.x) == [0] and (list(dots.error_x.array), list(dots.error_x.arrayminus)) == ([2], [3])
    assert list(words.text) == [lead_lag_chart.NONE] * (estimates.height - 1)
    assert list(dots.marker.color) == [theme.OTHER]
    led = estimates.with_columns(lag_s=5.0, low_s=3.0, high_s=7.0)
    assert set(lead_lag_chart.leads(led).data[0].marker.color) == {theme.ACCENT}
    mixed = pl.concat([estimates, estimates.with_columns(second=pl.lit("another"))])
    with pytest.raises(ValueError, match="different pairs"):
        lead_lag_chart.leads(mixed)


def test_a_part_without_a_verdict_is_hollow_with_either_background() -> None:
    fits = pl.DataFrame(
        {
            "part": ["before", "after", "never"],
            "branching_low": [0.3, None, None],
            "constant": [0.4, 0.9, None],
            "constant_low": [0.3, 0.8, None],
            "constant_high": [0.5, None, None],
            "varying": [0.35, 0.1, None],
            "varying_low": [0.3, None, None],
            "varying_high": [0.5, None, None],
            "events": [500, 600, 3],
        }
    )
    constant, varying = explosiveness_chart.branching(fits).data
    assert list(constant.marker.symbol) == list(varying.marker.symbol) == ["circle", "circle-open"]
    assert list(constant.error_x.arrayminus) == pytest.approx([0.1, 0.1])
    assert list(varying.error_x.arrayminus) == pytest.approx([0.05, 0])


def test_two_venues_are_one_line_and_not_its_mirror(warehouse: Warehouse) -> None:
    chosen = decimate.keys(dislocation.markets(warehouse, "BTC", *FOCUS))
    rows = dislocation.gap(warehouse, chosen, *FOCUS)
    (line,) = dislocation_chart.gap(rows, {}, *FOCUS).data
    assert np.nanmin(line.y) == pytest.approx(rows["gap_pct"].min())


def test_liquidations_of_two_venues_are_refused() -> None:
    rows = pl.DataFrame(
        {"venue": ["bybit", "okx"], "ts": [T0, T0], "until": [LOW, LOW], "events": [1, 2], "per_minute": [1.0, 2.0]}
    )
    with pytest.raises(ValueError, match="their feeds differ"):
        explosiveness_chart.intensity(rows, *FOCUS)


def test_volume_levels_of_two_markets_are_refused(warehouse: Warehouse) -> None:
    levels = volume_profile.by_price(warehouse, BITCOIN, *FOCUS)
    assert sum(len(trace.x) for trace in profile_chart.by_price(levels).data) <= MOST_BARS
    mixed = pl.concat([levels, levels.with_columns(venue=pl.lit("okx"))])
    with pytest.raises(ValueError, match="different markets"):
        profile_chart.by_price(mixed)


def test_a_day_without_sigma_has_no_line_in_sigma(warehouse: Warehouse) -> None:
    paths = aligned.paths(warehouse, "BTC")
    assert len(aligned_chart.curves(paths, "σ", "oct-10-2025").data) == 1
    assert len(aligned_chart.curves(paths.with_columns(sigmas=pl.lit(None, pl.Float64)), "σ", "oct-10-2025").data) == 0
    assert aligned_chart.curves(paths, "Percent", "oct-10-2025").data[0].line.color == theme.ACCENT


def test_outside_text_never_becomes_markup(warehouse: Warehouse) -> None:
    bad = "<b>x</b>"
    track = playback.track(warehouse, (BITCOIN,), *FOCUS, T0).with_columns(name=pl.lit(bad))
    fills = playback.fills(warehouse, *FOCUS).with_columns(name=pl.lit(bad))
    published = phases.published(warehouse, "oct-10-2025").with_columns(origin=pl.lit(bad), label=pl.lit(bad))
    bars, found = phases.measured(warehouse, BITCOIN, *FOCUS), phases.by_rule(warehouse, BITCOIN, *FOCUS)
    estimates = leads(warehouse).with_columns(first=pl.lit(bad), refusal=pl.lit(bad))
    figures = [
        replay_chart.falls(track, fills, *FOCUS, LOW),
        phases_chart.by_rule(bars, found, published, *FOCUS),
        lead_lag_chart.leads(estimates),
    ]
    assert all("<b>x" not in figure.to_json().replace("\\u003c", "<") for figure in figures)


@pytest.mark.parametrize("span", [FOCUS, DAYS, SECONDS], ids=["focus", "days", "seconds"])
def test_no_figure_is_too_heavy(warehouse: Warehouse, span: tuple[datetime, datetime]) -> None:
    market = decimate.keys(impact.markets(warehouse, "BTC", *span))[0]
    figures = [
        fallen(warehouse, span[0], span),
        apart(warehouse, "POL", span),
        phased(warehouse, span) if span == FOCUS else go.Figure(),
        dislocation_chart.basis(basis.paths(warehouse, "BTC", *span), *span),
        impact_chart.windows(impact.windows(warehouse, market, *span), "#0b6bcb", *span),
    ]
    assert all(len(figure.to_json()) <= microscope.MOST_BYTES for figure in figures)
    assert all(trace.type in ("scatter", "bar") for figure in figures for trace in figure.data)
    assert all(sum(len(trace.x) for trace in figure.data if trace.type == "bar") <= MOST_BARS for figure in figures)


@pytest.fixture(scope="module")
def seconds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """A full day of one-second bars of ten venues, generated."""
    folder: Path = tmp_path_factory.mktemp("seconds")
    yield microscope.warehouse_of(microscope.day_of_seconds(), folder)


def test_a_day_of_seconds_is_light_and_loses_no_extreme(seconds: Warehouse) -> None:
    assert seconds.query("SELECT count(*) AS bars FROM bars")["bars"][0] == 864_000
    for chart in microscope.charts(seconds):
        figure = chart.draw(chart.ask())
        assert len(figure.to_json()) <= microscope.MOST_BYTES, chart.name
        bars = sum(len(trace.x) for trace in figure.data if trace.type == "bar")
        assert bars <= MOST_BARS, chart.name
        if chart.extremes:
            shown = microscope.values(figure)
            assert (np.nanmin(shown), np.nanmax(shown)) == pytest.approx(chart.extremes, rel=1e-6), chart.name


def test_the_phases_of_the_generated_crash_are_where_it_was_put(seconds: Warehouse) -> None:
    key = decimate.keys(dislocation.markets(seconds, microscope.BASE, microscope.START, microscope.END))[0]
    found = phases.by_rule(seconds, key, microscope.START, microscope.END)
    begins = {row["phase"]: row["begins"] for row in found.iter_rows(named=True)}
    assert abs(begins["cascade"] - (microscope.START + timedelta(seconds=44_400))) <= timedelta(minutes=1)
