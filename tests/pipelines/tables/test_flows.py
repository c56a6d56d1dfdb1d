"""Flows of liquidations: the figures they were taken in with, what may not be added, and bad rows that are refused."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import polars as pl
import pytest
from typer.testing import CliRunner

from analytics.warehouse import Warehouse
from pipelines.commands.cli import app
from pipelines.config import Settings

Row = dict[str, str]


def rows(warehouse: Warehouse, scope: str, where: str = "true") -> pl.DataFrame:
    return warehouse.query(f"SELECT * FROM liquidation_flows WHERE scope = $scope AND {where}", scope=scope)


def test_adl_has_the_published_fills_and_dollars_by_second_and_by_coin(warehouse: Warehouse) -> None:
    seconds, coins = (rows(warehouse, f"hyperliquid-adl-1s{end}") for end in ("", "-by-coin"))
    whole = rows(warehouse, "hyperliquid-adl-12m-by-coin")
    assert seconds["events"].sum() == whole["events"].sum() == 34_983
    assert round(seconds["amount_usd"].sum(), 2) == 2_103_111_430.85
    for parts in (coins, whole):
        assert parts["amount_usd"].sum() == pytest.approx(2_103_111_430.85, abs=0.5)
        assert parts["asset"].n_unique() == 162
    assert seconds.height == coins["ts"].n_unique() == 100


def test_coins_of_a_second_add_up_to_the_second(warehouse: Warehouse) -> None:
    seconds, coins = (rows(warehouse, f"hyperliquid-adl-1s{end}") for end in ("", "-by-coin"))
    both = coins.group_by("ts").agg(pl.col("amount_usd").sum().alias("parts")).join(seconds, on="ts")
    assert both.height == 100 and (both["parts"] - both["amount_usd"]).abs().max() < 0.5


def test_the_largest_seconds_of_adl(warehouse: Warehouse) -> None:
    largest = rows(warehouse, "hyperliquid-adl-1s").top_k(3, by="amount_usd")
    assert largest["ts"].dt.strftime("%H:%M:%S").to_list() == ["21:17:06", "21:17:47", "21:19:22"]


def test_take_overs_are_derived_and_apart_from_adl(warehouse: Warehouse) -> None:
    overs = warehouse.query("SELECT * FROM liquidation_flows WHERE mechanism = 'insurance'")
    assert set(overs["method"]) == {"derived"} and overs["events"].sum() == 14_327
    assert overs["amount_usd"].sum() == pytest.approx(1_703_965_747, abs=1)


def test_loans_seized_in_the_crash_on_aave_and_on_its_day_on_compound(warehouse: Warehouse) -> None:
    crash = "ts >= '2025-10-10 20:50:00Z' AND ts < '2025-10-10 22:00:00Z'"
    aave = rows(warehouse, "aave-ethereum-btc", crash)
    compound = rows(warehouse, "compound-v3-ethereum-usdt", "ts::DATE = '2025-10-10'")
    assert (round(aave["amount_usd"].sum() / 1e6, 2), aave["events"].sum()) == (42.69, 67)
    assert (round(compound["amount_usd"].sum() / 1e6, 2), compound["events"].sum()) == (17.44, 25)


def test_aave_hours_and_quarters_are_two_scopes_of_the_same_weth(warehouse: Warehouse) -> None:
    hours, quarters = (rows(warehouse, f"aave-v3-weth-{step}") for step in ("1h", "15m"))
    nine = hours.filter(pl.col("ts").dt.strftime("%d %H") == "10 21")["amount_base"].item()
    assert round(quarters["amount_base"].sum(), 2) == nine == 6_109.57
    assert hours["amount_base"].sum() == pytest.approx(6_914.85, abs=0.005)


def test_no_scope_is_aave_or_compound_as_a_whole(warehouse: Warehouse) -> None:
    loans = warehouse.query("SELECT * FROM liquidation_flows WHERE mechanism = 'loan'")
    assert "all" not in loans["asset"].to_list()
    assert set(loans.filter(venue="aave")["asset"]) == {"WETH", "WBTC", "cbBTC"}
    early = loans.filter(pl.col("venue") == "compound", pl.col("ts") < pl.datetime(2025, 10, 25, time_zone="UTC"))
    assert set(early["asset"]) == {"Ethereum cUSDTv3"} and set(early["counting"]) == {"floor"}


def test_binances_bar_of_the_crash_is_a_floor_of_both_sides(warehouse: Warehouse) -> None:
    bar = rows(warehouse, "coinglass-binance-4h", "ts = '2025-10-10 20:00:00Z'")
    assert round(bar["amount_usd"].sum() / 1e9, 2) == 1.17 and set(bar["side"]) == {"long", "short"}
    assert set(bar["counting"]) == {"floor"} and set(bar["venue"]) == {"binance"}


def test_trailing_boards_carry_no_sum_of_their_own(warehouse: Warehouse) -> None:
    board = rows(warehouse, "coinglass-trailing-4h")
    assert board["venue"].n_unique() == 9 and "all" not in board["venue"].to_list()
    btc = board.filter(pl.col("asset") == "BTC", pl.col("ts").dt.strftime("%F %T") == "2025-10-10 15:59:28")
    assert btc["amount_usd"].sum() == pytest.approx(265_352_811.97, abs=0.1)


def test_what_is_unproven_is_marked(warehouse: Warehouse) -> None:
    marked = warehouse.query("SELECT DISTINCT scope, counting FROM liquidation_flows WHERE scope LIKE 'asxn%'")
    assert set(marked["counting"]) == {"unproven"} and marked.height == 2


def test_coinalyzes_clock_is_mended(warehouse: Warehouse) -> None:
    longs = rows(warehouse, "coinalyze-binance-1h", "side = 'long' AND ts::DATE = '2024-08-05'")
    sums = dict(longs.group_by("asset").agg(pl.col("amount_base").sum().round(0)).iter_rows())
    assert sums == {"BTC": 986, "ETH": 12_621, "SOL": 106_407}
    filler = rows(warehouse, "coinalyze-binance-1h", "asset = 'BTC' AND ts = '2024-08-04 06:00:00Z'")
    assert filler.is_empty()


def test_no_scope_mixes_steps_universes_or_sources(warehouse: Warehouse) -> None:
    mixed = warehouse.query(
        """
        SELECT scope FROM liquidation_flows GROUP BY scope
        HAVING count(DISTINCT (step_seconds, mechanism, counting, method, universe, source_id)) > 1
        """
    )
    assert mixed.is_empty()


def changed(**cells: str) -> Callable[[Row], list[Row]]:
    return lambda row: [row | cells]


def beside(**cells: str) -> Callable[[Row], list[Row]]:
    return lambda row: [row, row | cells]


BAD: dict[str, tuple[Callable[[Row], list[Row]], str]] = {
    "a negative amount": (changed(amount_usd="-1"), "row 1: breaks `amount_usd|min`. `amount_usd` is at least 0"),
    "a scope that is missing": (changed(scope=""), "row 1: breaks `scope|nullability`. Fill in `scope`."),
    "a step without any figure": (
        changed(amount_usd="", amount_base="", events=""),
        "row 1: breaks `amount_is_there`. Give USD, quantity or number of events, or leave the row out",
    ),
    "a board's sum beside its parts": (
        beside(venue="all"),
        "row 2: breaks `no_sum_beside_its_parts`. Leave the board's own sum out",
    ),
    "a total beside its sides": (
        lambda row: [row | {"side": "long"}, row | {"side": "total"}],
        "row 2: breaks `no_sum_beside_its_parts`. Leave the board's own sum out",
    ),
    "another step in the same scope": (
        beside(step_seconds="900", ts="2025-12-01T00:00:00Z"),
        "row 2: breaks `scope_is_one_thing`. Rows of another step",
    ),
    "two steps over the same time": (
        beside(ts="2025-10-10T20:30:00Z"),
        "row 2: breaks `steps_do_not_overlap`. Keep one of the steps",
    ),
    "dollars converted from nothing": (
        changed(method="converted", amount_base=""),
        "row 1: breaks `converted_from_a_quantity`. Keep the quantity beside the USD",
    ),
    "the same second twice": (beside(), "liquidation_flows.csv, rows 1 and 2: the same key twice (scope=made"),
}
GOOD = {
    "scope": "made", "venue": "binance", "asset": "BTC", "side": "total", "mechanism": "liquidation",
    "ts": "2025-10-10T20:00:00Z", "step_seconds": "3600", "amount_usd": "1", "amount_base": "", "events": "",
    "counting": "floor", "method": "stated", "universe": "made", "confidence": "high", "note": "",
    "source_id": "crashday",
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_bad_row_is_refused_with_row_rule_and_remedy(own: Settings, case: str) -> None:
    damage, says = BAD[case]
    path = own.reference_dir / "liquidation_flows.csv"
    text = io.StringIO()
    writer = csv.DictWriter(text, GOOD, lineterminator="\n")
    writer.writeheader()
    writer.writerows(damage(GOOD))
    path.write_text(text.getvalue() + path.read_text().partition("\n")[2])
    result = CliRunner().invoke(app, ["build"])
    assert says in " ".join((result.stdout + result.stderr).split())
