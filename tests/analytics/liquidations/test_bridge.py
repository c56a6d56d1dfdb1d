"""Bridges add and subtract what is published, to the cent, and leave over what is left over."""

from __future__ import annotations

import polars as pl
import pytest

from analytics.liquidations import bridge
from analytics.liquidations.bridge import _tiling
from analytics.warehouse import Warehouse
from charts.liquidations import bridges

OCT_10 = "oct-10-2025"


@pytest.fixture
def lines(warehouse: Warehouse) -> pl.DataFrame:
    return bridge.bridges(warehouse, OCT_10)


def values(lines: pl.DataFrame, topic: str) -> list[tuple[str, float]]:
    return list(lines.filter(topic=topic).select("kind", "value_usd").iter_rows())


def test_the_phases_of_amberdatas_window_add_up_to_a_little_more_than_its_total(lines: pl.DataFrame) -> None:
    assert values(lines, "windows") == [
        ("part", 0.92e9),
        ("part", 6.93e9),
        ("part", 2.05e9),
        ("sum", 9.9e9),
        ("stated", 9.89e9),
    ]
    assert lines.filter(topic="windows")["base_usd"].to_list() == [0, 0.92e9, 7.85e9, 0, 0]


def test_the_total_is_followed_through_the_night_and_to_where_it_settled(lines: pl.DataFrame) -> None:
    read = [value / 1e9 for _, value in values(lines, "readings")]
    assert read == [19.13, 19.31, 19.3, 19.3, 19.37, 19.16, 19.16]
    readings = lines.filter(topic="readings")
    assert readings["as_of"].is_sorted() and set(readings["base_usd"]) == {0}
    assert set(readings["universe"]) == {"venues on CoinGlass"}


def test_the_exchanges_of_the_board_and_the_others_make_its_total(lines: pl.DataFrame) -> None:
    told = values(lines, "exchanges")
    assert [kind for kind, _ in told] == ["part"] * 4 + ["difference", "stated"]
    assert sum(value for _, value in told[:-1]) == pytest.approx(told[-1][1])
    assert told[-2] == ("difference", 0.76e9)


def test_two_universes_are_apart_and_neither_is_said_to_contain_the_other(lines: pl.DataFrame) -> None:
    part, rest, whole = lines.filter(topic="universes").iter_rows(named=True)
    assert (part["value_usd"], rest["value_usd"], whole["value_usd"]) == (9.89e9, 9.27e9, 19.16e9)
    assert rest["line"] == "apart" and rest["kind"] == "difference"
    assert rest["universe"] is None and rest["base_usd"] == 9.89e9


def test_long_and_short_are_led_to_the_total_of_their_own_universe(lines: pl.DataFrame) -> None:
    sides = lines.filter(topic="sides").partition_by("bridge", maintain_order=True)
    told = {part["universe"][0]: part["value_usd"].to_list() for part in sides}
    assert told["venues covered by Amberdata"] == [8.3e9, 1.6e9, 9.9e9, 9.89e9]
    assert told["venues on CoinGlass"] == [16.7e9, 2.456e9, 19.156e9, 19.16e9]


def test_an_estimate_is_led_to_from_what_was_counted(lines: pl.DataFrame, warehouse: Warehouse) -> None:
    assert [value for kind, value in values(lines, "estimates") if kind == "difference"] == [10.84e9, 20.84e9]
    february = bridge.bridges(warehouse, "feb-3-2025").filter(topic="estimates", kind="difference")
    assert february["value_usd"].to_list() == [5.76e9, 7.76e9]


def test_every_line_is_traced_and_belongs_to_one_bridge(warehouse: Warehouse) -> None:
    known = set(warehouse.query("SELECT source_id FROM sources")["source_id"])
    for day in warehouse.query("SELECT crash_day FROM crash_days")["crash_day"]:
        lines = bridge.bridges(warehouse, day)
        assert {one for joined in lines["source_id"] for one in joined.split(";")} <= known
        assert lines["value_usd"].is_not_nan().all() and lines["value_usd"].null_count() == 0
        for part in lines.partition_by("bridge", maintain_order=True):
            assert part["topic"].n_unique() == 1 and part["position"].to_list() == list(range(part.height))
            bridges.lines(part, part.height)


def test_two_bridges_on_one_axis_are_refused(lines: pl.DataFrame) -> None:
    with pytest.raises(ValueError, match="may not share an axis"):
        bridges.lines(lines, lines.height)


def test_windows_with_a_hole_between_them_are_no_parts() -> None:
    spans = [{"window_start": start, "window_end": end} for start, end in ((0, 3), (4, 9), (3, 5), (0, 2))]
    assert _tiling(0, 9, spans) == []
    assert _tiling(0, 9, [*spans, {"window_start": 5, "window_end": 9}]) == [
        spans[0],
        spans[2],
        {"window_start": 5, "window_end": 9},
    ]
    assert _tiling(0, 9, []) == []


def test_the_published_totals_carry_who_counted_and_are_each_listed_once(warehouse: Warehouse) -> None:
    listed = bridge.published(warehouse, OCT_10)
    assert not listed.select("board", "metric").is_duplicated().any()
    assert listed.filter(origin="CoinGlass")["interest"].unique().to_list() == ["vendor"]
    assert listed.filter(metric="liquidations_estimate_high")["total_usd"].to_list() == [40e9]


def test_disputed_figures_say_who_has_which_stake(warehouse: Warehouse) -> None:
    rows = {row["metric"] + "/" + row["name"]: row for row in bridge.disputed(warehouse, OCT_10).iter_rows(named=True)}
    claim = rows["feed_shortfall_factor/All venues"]
    assert (claim["value"], claim["unit"], claim["interest"]) == (100, "times", "competitor")
    assert rows["liquidations_estimate_low/All venues"]["interest"] == "vendor"
    assert rows["liquidations/Hyperliquid"]["counting"] == "two_sided"
    february = bridge.disputed(warehouse, "feb-3-2025")
    assert set(february["metric"]) >= {"liquidations_actual", "liquidations_feed"}
    assert set(february.filter(origin="Bybit")["interest"]) == {"exchange"}


def test_every_stake_names_an_origin_that_has_a_figure(warehouse: Warehouse) -> None:
    unused = warehouse.query(
        "SELECT origin FROM interests WHERE origin NOT IN (SELECT origin FROM liquidation_reports WHERE origin IS NOT "
        "NULL)"
    )
    assert unused["origin"].to_list() == []
