"""The figures of the cascade page: gaps stay gaps, what does not compare is refused, and none is too heavy."""

from __future__ import annotations

from datetime import UTC, datetime

import plotly.graph_objects as go
import polars as pl
import pytest

from analytics.market import depegs, flows, funding, lows, prices, sweep, venue_gaps
from analytics.warehouse import Warehouse
from analytics.who_paid import adl
from charts import theme
from charts.market import flow, pegs, price
from charts.market import funding as funding_chart
from charts.market import lows as lows_chart
from charts.market import sweep as sweep_chart
from charts.market import venue_gaps as gaps_chart
from charts.who_paid import deleveraging

FOCUS = datetime(2025, 10, 10, 20, 30, tzinfo=UTC), datetime(2025, 10, 10, 22, 30, tzinfo=UTC)
DAYS = datetime(2025, 10, 9, tzinfo=UTC), datetime(2025, 10, 12, tzinfo=UTC)
DAY = datetime(2025, 10, 10, tzinfo=UTC), datetime(2025, 10, 11, tzinfo=UTC)
T0 = datetime(2025, 10, 10, 20, 50, tzinfo=UTC)
MOST_BYTES, MOST_BARS = 300_000, 2_000


def lines(figure: go.Figure) -> dict[str, go.Scatter]:
    return {trace.name: trace for trace in figure.data if trace.mode == "lines"}


def volume(warehouse: Warehouse, base: str, start: datetime, end: datetime) -> pl.DataFrame:
    market = flows.markets(warehouse, base, start, end).row(0, named=True)
    return flows.by_bar(warehouse, tuple(market[column] for column in prices.LINE), start, end)


def test_a_missing_bar_breaks_the_line(warehouse: Warehouse) -> None:
    paths = prices.paths(warehouse, "AAVE", *FOCUS)
    drawn = lines(price.by_venue(paths, *FOCUS))
    gemini = paths.filter(venue="gemini")
    gaps = (gemini["ts"].shift(-1) > gemini["close_at"]).sum()
    assert gaps > 0
    assert sum(value is None for value in drawn["Gemini AAVE/USD, 1m"].y) == gaps
    assert None not in drawn["Coinbase AAVE/USD, 1m"].y
    assert drawn["Gemini AAVE/USD, 1m"].connectgaps is False


def test_a_close_is_drawn_where_its_bar_ends(warehouse: Warehouse) -> None:
    spot = lines(price.by_venue(prices.paths(warehouse, "BTC", *FOCUS), *FOCUS))["Binance BTC/USDT, 5m"]
    bars = prices.paths(warehouse, "BTC", *FOCUS).filter(venue="binance", market="spot")
    assert (spot.x[0], spot.y[0]) == ("2025-10-10T20:30:00", bars["open"][0])
    assert (spot.x[1], spot.y[1]) == ("2025-10-10T20:35:00", bars["close"][0])


def test_a_few_long_bars_show_their_low_and_no_line(warehouse: Warehouse) -> None:
    figure = price.by_venue(prices.paths(warehouse, "BTC", *FOCUS), *FOCUS)
    assert not any(name.startswith("Lighter") or name.endswith("1h") for name in lines(figure))
    lows = {trace.name: trace.showlegend for trace in figure.data if trace.mode == "lines+markers"}
    assert lows["Lighter BTC/USDC perp, 1h"] is True and lows["Binance BTC/USDT perp, 1m"] is False
    wide = price.by_venue(prices.paths(warehouse, "BTC", *DAYS), *DAYS)
    assert any(name.endswith("1h") for name in lines(wide))


def test_a_market_silent_at_the_low_has_no_low_and_a_low_far_below_its_closes_has_a_band(warehouse: Warehouse) -> None:
    figure = price.by_venue(prices.paths(warehouse, "BTC", *FOCUS), *FOCUS)
    assert not any(trace.name.startswith("Gemini") for trace in figure.data if trace.mode == "lines+markers")
    pegs = price.by_venue(prices.paths(warehouse, "USDE", *FOCUS), *FOCUS)
    assert [trace.name for trace in pegs.data if trace.fill == "tonexty"] == ["Binance USDE/USDT, 1m"]
    assert not any(trace.fill for trace in figure.data), "with several markets bands would hide each other"


def test_a_low_is_drawn_across_the_bar_it_lies_in(warehouse: Warehouse) -> None:
    figure = price.by_venue(prices.paths(warehouse, "BTC", *FOCUS), *FOCUS)
    low = next(trace for trace in figure.data if trace.name.startswith("Lighter") and trace.mode == "lines+markers")
    assert (low.x[0], low.x[-1], set(low.y)) == ("2025-10-10T21:00:00", "2025-10-10T22:00:00", {103_555.0})


def test_mark_prices_are_dashed_and_venues_keep_their_colour(warehouse: Warehouse) -> None:
    drawn = lines(price.by_venue(prices.paths(warehouse, "BTC", *FOCUS), *FOCUS))
    assert drawn["Binance BTC/USDT perp, mark, 5m"].line.dash == "dash"
    assert drawn["Binance BTC/USDT perp, 1m"].line.dash == "solid"
    assert drawn["Binance BTC/USDT, 5m"].line.dash == "dot"
    assert drawn["Gemini BTC/USD, 1m"].line.color == theme.venue_colour("gemini")


def test_percent_starts_from_a_hundred_and_leaves_out_what_has_no_reference(warehouse: Warehouse) -> None:
    early = datetime(2025, 10, 10, 12, 0, tzinfo=UTC)
    figure = price.by_venue(prices.paths(warehouse, "BTC", *FOCUS, early), *FOCUS, early)
    assert not any(name.startswith("Gemini") for name in lines(figure))
    assert all(80 < value < 110 for value in lines(figure)["Binance BTC/USDT, 5m"].y)


def test_the_axis_shows_the_whole_range_also_where_nothing_is_known(warehouse: Warehouse) -> None:
    figure = price.by_venue(prices.paths(warehouse, "AAVE", *DAYS), *DAYS)
    assert figure.layout.xaxis.range == ("2025-10-09T00:00:00", "2025-10-12T00:00:00")


def test_prices_in_different_currencies_are_refused(warehouse: Warehouse) -> None:
    paths = prices.paths(warehouse, "AAVE", *FOCUS)
    mixed = paths.with_columns(unit=pl.when(pl.col("venue") == "gemini").then(pl.lit("BTC")).otherwise("unit"))
    with pytest.raises(ValueError, match="may not share an axis"):
        price.by_venue(mixed, *FOCUS)


def test_volumes_of_two_markets_are_refused(warehouse: Warehouse) -> None:
    both = pl.concat([volume(warehouse, base, *FOCUS) for base in ("BTC", "AAVE")])
    with pytest.raises(ValueError, match="may not share an axis"):
        flow.volume(both, *FOCUS)


def test_volume_is_split_only_where_the_side_is_known(warehouse: Warehouse) -> None:
    known = flow.volume(volume(warehouse, "BTC", *FOCUS), *FOCUS)
    assert [trace.name for trace in known.data] == ["Sold by takers", "Bought by takers"]
    unknown = flow.volume(volume(warehouse, "BTC", *FOCUS).with_columns(taker_buy_base=None), *FOCUS)
    assert [trace.name for trace in unknown.data] == ["Volume, taker side not known"]


def test_rates_of_different_intervals_are_refused(warehouse: Warehouse) -> None:
    payments = funding.around(warehouse, "BTC", *FOCUS)
    with pytest.raises(ValueError, match="different intervals"):
        funding_chart.rates(
            payments.with_columns(
                interval_hours=pl.when(pl.col("venue") == "bybit").then(1.0).otherwise("interval_hours")
            ),
            *FOCUS,
        )


def test_two_sided_records_never_share_the_axis_of_fills(warehouse: Warehouse) -> None:
    figure = deleveraging.by_second(adl.by_second(warehouse, *FOCUS))
    axes = {trace.name: trace.yaxis for trace in figure.data}
    assert axes["ADL fills, one side"] != axes["Liquidation records, both sides of each trade"]
    assert figure.layout.barmode != "stack"


def test_other_mixtures_are_refused(warehouse: Warehouse) -> None:
    counts, coins = adl.by_second(warehouse, *FOCUS), adl.by_coin(warehouse, "oct-10-2025")
    other = pl.when(pl.int_range(pl.len()) == 0).then(pl.lit("other"))
    with pytest.raises(ValueError, match="different venues"):
        deleveraging.by_second(counts.with_columns(venue=other.otherwise("venue")))
    with pytest.raises(ValueError, match="different boards"):
        deleveraging.by_coin(coins.with_columns(board=other.otherwise("board")))
    with pytest.raises(ValueError, match="quote currencies"):
        lows_chart.deepest(pl.concat([lows.markets(warehouse, quote, *DAY) for quote in ("USDT", "TRY")]))
    stamp = sweep.stamps(warehouse, *FOCUS).row(0, named=True)
    steps = sweep.steps(warehouse, stamp["venue"], stamp["market"], stamp["symbol"], stamp["ts"])
    with pytest.raises(ValueError, match="not one sweep"):
        sweep_chart.walk(steps.with_columns(venue=other.otherwise("venue")))


def test_the_sweep_is_as_wide_as_what_was_traded(warehouse: Warehouse) -> None:
    stamp = sweep.stamps(warehouse, *FOCUS).row(0, named=True)
    figure = sweep_chart.walk(sweep.steps(warehouse, stamp["venue"], stamp["market"], stamp["symbol"], stamp["ts"]))
    stairs = figure.data[0]
    assert (stairs.x[0], stairs.x[-1]) == (0, 9_695.33) and (stairs.y[0], stairs.y[-1]) == (1.688, 0.001)
    assert stairs.line.shape == "hv"


def test_thin_prints_are_hatched(warehouse: Warehouse) -> None:
    solid, thin = lows_chart.deepest(lows.markets(warehouse, "USDT", *DAY).head(20)).data
    assert thin.marker.pattern.shape == "/" and not solid.marker.pattern.shape
    assert "ATOM/USDT" in thin.y and "TUT/USDT" in solid.y
    assert "99.976 %" in thin.text


@pytest.mark.parametrize("base", ["BTC", "POL", "ETH", "USDE"])
@pytest.mark.parametrize(
    "span", [FOCUS, DAYS, (datetime(2025, 10, 10, 21, 5, tzinfo=UTC), datetime(2025, 10, 10, 21, 35, tzinfo=UTC))]
)
def test_no_figure_is_too_heavy(warehouse: Warehouse, base: str, span: tuple[datetime, datetime]) -> None:
    figures = [price.by_venue(prices.paths(warehouse, base, *span, T0), *span, T0)]
    bars = volume(warehouse, base, *span)
    figures.append(flow.volume(bars, *span))
    assert sum(len(trace.x) for trace in figures[-1].data) <= MOST_BARS
    assert all(len(figure.to_json()) <= MOST_BYTES for figure in figures)


def test_the_other_figures_are_not_too_heavy(warehouse: Warehouse) -> None:
    ranked = venue_gaps.ranking(warehouse, *FOCUS).filter(pl.col("gap_pct").is_not_null())
    windows = depegs.windows(warehouse, "USDe", *DAYS)
    figures = [
        deleveraging.by_second(adl.by_second(warehouse, *FOCUS)),
        deleveraging.by_coin(adl.by_coin(warehouse, "oct-10-2025")),
        gaps_chart.dots(ranked, {"binance": "Binance", "coinbase": "Coinbase", "gemini": "Gemini"}),
        lows_chart.deepest(lows.markets(warehouse, "USDT", *DAY).head(20)),
        pegs.against_reference(prices.paths(warehouse, "USDE", *DAYS), windows, 1.0, *DAYS),
    ]
    assert all(len(figure.to_json()) <= MOST_BYTES for figure in figures)
    assert len(figures[-1].layout.shapes) == 2


def test_outside_text_never_becomes_markup(warehouse: Warehouse) -> None:
    paths = prices.paths(warehouse, "AAVE", *FOCUS).with_columns(name=pl.lit("<b>x</b>"))
    assert all("<b>x" not in trace.name for trace in price.by_venue(paths, *FOCUS).data)
