"""Charts of liquidations by time draw one scope an axis, and refuse to join two."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise

import plotly.graph_objects as go
import polars as pl
import pytest

from analytics.exchange import shares
from analytics.liquidations import loans, pace, turnover
from analytics.market import depth_of_day, open_interest, prices, quotes_apart, recovery
from analytics.tokenized import against_perpetuals, pools
from analytics.warehouse import Warehouse
from analytics.who_paid import adl_rebound, adl_seconds
from charts import scopes, theme
from charts.exchange import shares as share_lines
from charts.liquidations import loans as loan_charts
from charts.liquidations import pace as pace_chart
from charts.liquidations import turnover as turnover_bars
from charts.market import depth_of_day as depth_steps
from charts.market import open_interest as interest_chart
from charts.market import quotes_apart as quote_dots
from charts.market import recovery as recovery_chart
from charts.tokenized import against_perpetuals as volume_bars
from charts.tokenized import pools as pool_columns
from charts.who_paid import adl_rebound as rebound_chart
from charts.who_paid import adl_seconds as adl_charts

START, END = datetime(2025, 10, 10, 21, 10, tzinfo=UTC), datetime(2025, 10, 10, 21, 45, tzinfo=UTC)
LATER = datetime(2025, 10, 10, 22, 30, tzinfo=UTC)
T0, START_OF_FALL = datetime(2025, 10, 10, 20, 50, tzinfo=UTC), datetime(2025, 10, 10, 20, 30, tzinfo=UTC)
MIDNIGHT = datetime(2025, 10, 10, tzinfo=UTC)

Drawn = Callable[[pl.DataFrame], go.Figure]
ONE_AXIS: dict[str, tuple[Callable[..., pl.DataFrame], Drawn]] = {
    "coin by second": (adl_seconds.by_coin, adl_charts.heatmap),
    "second by second": (adl_seconds.by_second, lambda rows: adl_charts.beside_price(rows, pl.DataFrame())),
    "price of the ADL": (adl_rebound.by_coin, rebound_chart.bars),
    "open interest by venue": (lambda house, _, __: open_interest.by_venue(house, T0), interest_chart.slope),
    "falls by venue": (
        lambda house, start, end: recovery.by_venue(house, T0, START_OF_FALL, end),
        recovery_chart.falls,
    ),
    "one coin in several dollars": (lambda house, _, __: quotes_apart.lows(house, MIDNIGHT, LATER), quote_dots.dots),
    "over open interest": (
        lambda house, _, __: turnover.over_open_interest(house, "oct-10-2025").filter(scope="hyperliquid|ADL"),
        turnover_bars.bars,
    ),
    "tokens beside perpetuals": (
        lambda house, _, __: against_perpetuals.by_place(house, against_perpetuals.by_moment(house)["as_of"][0]),
        volume_bars.bars,
    ),
    "pools by day": (lambda house, _, __: pools.by_day(house).filter("washed"), pool_columns.columns),
    "shares of exchanges": (
        lambda house, _, __: shares.over_time(house, shares.wholes(house)["scope"][0]),
        share_lines.over_time,
    ),
    "depth by step": (
        lambda house, _, __: depth_of_day.by_step(house, "BTC", MIDNIGHT, LATER).filter(market="perp"),
        depth_steps.steps,
    ),
}


@pytest.mark.parametrize("case", ONE_AXIS)
def test_no_chart_joins_two_scopes(warehouse: Warehouse, case: str) -> None:
    question, drawn = ONE_AXIS[case]
    rows = question(warehouse, START, LATER)
    assert drawn(rows).data
    other = rows.with_columns(scope=pl.lit("another"))
    with pytest.raises(ValueError, match=r"Figures of different scopes may not share an axis: .*another"):
        drawn(pl.concat([rows, other]))


def test_no_rows_are_no_scope() -> None:
    with pytest.raises(ValueError, match="none given"):
        scopes.single(pl.DataFrame({"scope": []}, schema={"scope": pl.String}))


def test_every_lending_scope_has_a_panel_and_a_colour_of_its_own(warehouse: Warehouse) -> None:
    figure = loan_charts.panels(loans.events(warehouse, START, END), START, END)
    axes = [trace.yaxis for trace in figure.data]
    assert set(axes) == {"y", "y2", "y3"}
    domains = [figure.layout[name].domain for name in ("yaxis", "yaxis2", "yaxis3")]
    assert all(low[1] < high[0] for high, low in pairwise(domains))
    assert [figure.layout[name].title.text for name in ("yaxis", "yaxis2", "yaxis3")] == ["USD m", "WETH", "USD m"]
    assert not set(loan_charts.COLOURS) & set(theme.VENUES.values())


def test_windows_of_two_universes_are_refused(warehouse: Warehouse) -> None:
    windows = pace.by_window(warehouse, "oct-10-2025")
    figure = pace_chart.steps(windows)
    assert list(figure.data[0].y) == pytest.approx([1.957, 173.25, 6.212, 3210], rel=1e-3)
    assert not set(pace_chart.COLOURS) & {*theme.VENUES.values(), *loan_charts.COLOURS}
    with pytest.raises(ValueError, match="Windows of different universes"):
        pace_chart.steps(pl.concat([windows, windows.with_columns(universe=pl.lit("another"))]))


def test_adl_is_drawn_below_the_price_on_axes_of_their_own(warehouse: Warehouse) -> None:
    rows, price = adl_seconds.by_second(warehouse, START, END), prices.bitcoin(warehouse, START, END)
    figure = adl_charts.beside_price(rows, price)
    assert [trace.yaxis or "y" for trace in figure.data] == ["y2", "y3", "y"]
    assert figure.data[1].y[-1] == pytest.approx(2.10311143085)
    assert figure.data[2].x[0] == "2025-10-10T21:11:00"


def test_the_heatmap_has_a_column_for_each_second_with_adl(warehouse: Warehouse) -> None:
    heat = adl_charts.heatmap(adl_seconds.by_coin(warehouse, START, END)).data[0]
    assert heat.z.shape == (adl_seconds.MOST_COINS + 1, 100) and heat.y[-1] == "Other coins"
    at = list(heat.x).index("21:17:06")
    assert heat.text[0][at] == "$53.3 m" and heat.text[1][at] == "$205 m"
