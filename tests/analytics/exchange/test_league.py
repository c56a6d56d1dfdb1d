"""The league table: ratios only where both figures are known, outages only as long as both ends say, each cell with its
source."""

from __future__ import annotations

import csv
from datetime import UTC, datetime

import polars as pl
import pytest

from analytics.exchange import league
from analytics.liquidations import boards
from analytics.warehouse import Hub, Warehouse
from pipelines.config import Settings
from pipelines.refreshing import build

OCT_10 = "oct-10-2025"
START = datetime(2025, 10, 10, 21, 9, tzinfo=UTC)


@pytest.fixture
def board(warehouse: Warehouse) -> str:
    return boards.every(warehouse, OCT_10)["board"][0]


@pytest.fixture
def table(warehouse: Warehouse, board: str) -> dict[str, dict[str, object]]:
    rows = league.table(warehouse, OCT_10, board, START)
    return {row["venue"]: row for row in rows.iter_rows(named=True)}


def test_a_ratio_stands_only_where_both_figures_are_known(table: dict[str, dict[str, object]]) -> None:
    stated = {
        venue: row["liquidations_to_volume_pct"] for venue, row in table.items() if row["liquidations_to_volume_pct"]
    }
    assert set(stated) == {"bybit", "binance", "okx"}
    assert stated["binance"] == pytest.approx(100 * 2.4e9 / 53_876_726_485)
    assert table["hyperliquid"]["liquidations"] == 10.3e9 and table["hyperliquid"]["futures_volume"] is None
    interest = {venue: row["liquidations_to_open_interest_pct"] for venue, row in table.items()}
    assert {venue for venue, share in interest.items() if share is not None} == {"hyperliquid"}


def test_what_is_not_known_is_null_and_never_zero(table: dict[str, dict[str, object]]) -> None:
    empty = table["aster"]
    assert all(empty[column] is None for column in empty if column not in ("venue", "name", "kind", "source_id"))
    # Only the venue whose price is the median stands at 0 from it.
    figures = [value for row in table.values() for column, value in row.items() if column != "low_deviation_pct"]
    assert not any(value == 0 for value in figures)


def test_the_largest_stand_first_and_every_exchange_is_listed_once(warehouse: Warehouse, board: str) -> None:
    rows = league.table(warehouse, OCT_10, board, START)
    assert rows["venue"].to_list()[:5] == ["hyperliquid", "bybit", "binance", "okx", "bitget"]
    assert rows["venue"].is_unique().all()


def test_an_exchange_that_had_closed_before_the_day_is_not_in_its_table(warehouse: Warehouse) -> None:
    open_then = {day: set(league.table(warehouse, day, None, None)["venue"]) for day in (OCT_10, "nov-8-2022")}
    assert open_then["nov-8-2022"] - open_then[OCT_10] == {"ftx"} and "bitmex" in open_then[OCT_10]


def test_each_cell_leads_to_its_source(warehouse: Warehouse, board: str) -> None:
    rows = league.table(warehouse, OCT_10, board, START)
    known = set(warehouse.query("SELECT source_id FROM sources")["source_id"])
    for measure in (*league.SINGLE, "low_deviation_pct", "outages", "losses"):
        traced = rows.select(measure, pl.col(f"{measure}_source_id").alias("receipt"))
        assert traced.filter(pl.col(measure).is_null() != pl.col("receipt").is_null()).is_empty()
        for row in rows.filter(pl.col(measure).is_not_null()).iter_rows(named=True):
            assert set(row[f"{measure}_source_id"].split(";")) <= set(row["source_id"].split(";")) & known


def test_losses_are_those_the_venue_states_and_compensation_never_summed(table: dict[str, dict[str, object]]) -> None:
    assert table["dydx"]["losses"] == "compensation at most: 462,097.79 USD"
    assert "losses in the database outage: 7,000,000 USD" in str(table["lighter"]["losses"])
    said = str(table["binance"]["losses"])
    assert "compensation for the depeg: 283,000,000 USD" in said and "compensation in all: 328,000,000 USD" in said
    assert table["hyperliquid"]["losses"] is None  # what its traders lost to the market is no loss it passed on


def test_the_receipts_have_window_and_page_and_no_link_that_may_not_be(warehouse: Warehouse, board: str) -> None:
    figures = league.figures(warehouse, OCT_10, board, START)
    allowed = set(warehouse.query("SELECT url FROM sources WHERE linkable")["url"])
    assert set(figures["url"].drop_nulls()) <= allowed
    assert figures["publisher"].null_count() == figures["window_text"].null_count() == 0
    windows = dict(figures.group_by("measure").agg(pl.col("window_text").first()).iter_rows())
    assert windows["liquidations"] == "trailing 24h to 2025-10-11 05:13 UTC"
    assert windows["futures_volume"] == "2025-10-10 21:09 to 22:00 UTC"


def test_without_a_board_and_a_window_the_rest_still_stands(warehouse: Warehouse) -> None:
    rows = league.table(warehouse, "mar-12-2020", None, None)
    assert rows["liquidations"].null_count() == rows.height == rows["futures_volume"].null_count()
    other = league.table(warehouse, OCT_10, "no such board", None)
    assert other["liquidations"].null_count() == other.height and other["losses"].null_count() < other.height


def test_no_outage_is_given_minutes_while_its_end_is_not_reported(table: dict[str, dict[str, object]]) -> None:
    assert all(row["outage_minutes"] is None for row in table.values())
    assert str(table["binance"]["outages"]).startswith("Oct 10, 21:18: Parts of the platform degrade")
    assert str(table["lighter"]["outages"]).startswith("Oct 11, about 02:30:")
    assert str(table["coinbase"]["outages"]).startswith("Oct 11: ")


@pytest.mark.parametrize(("precision", "minutes"), [("minute", 475.0), ("hour", None)])
def test_an_outage_has_minutes_where_both_ends_are_known_to_the_minute(
    own: Settings, precision: str, minutes: float | None
) -> None:
    path = own.reference_dir / "events.csv"
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    (end,) = [row for row in rows if row["venue"] == "dYdX" and row["title"].startswith("Halt of about 8 hours ends")]
    end |= {"category": "outage_end", "precision": precision, "ts": "2025-10-11T05:30:00Z"}
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    build.build(own)
    with Hub(own.warehouse_dir).lease() as changed:
        table = league.table(changed, OCT_10, None, None)
    row = table.row(by_predicate=pl.col("venue") == "dydx", named=True)
    assert row["outage_minutes"] == minutes and "ends" not in row["outages"]


def test_the_distance_at_the_low_names_asset_market_and_minute(table: dict[str, dict[str, object]]) -> None:
    known = {venue: row for venue, row in table.items() if row["low_deviation_pct"] is not None}
    assert set(known) == {"binance", "coinbase", "gemini"}
    assert {(row["low_base"], row["low_ts"], row["low_composed"]) for row in known.values()} == {
        ("AVAX", datetime(2025, 10, 10, 21, 21, tzinfo=UTC), 85)
    }
    assert {venue: row["low_market"] for venue, row in known.items()} == {
        "binance": "AVAX/USD:AVAX perp",
        "coinbase": "AVAX/USD spot",
        "gemini": "AVAX/USD spot",
    }
    assert known["binance"]["low_deviation_pct"] == pytest.approx(100 * (6.61 / 17.64 - 1))
    assert known["gemini"]["low_deviation_pct"] == pytest.approx(100 * (21.0 / 17.64 - 1))


def test_a_day_without_three_venues_by_the_minute_has_no_distance(warehouse: Warehouse) -> None:
    rows = league.table(warehouse, "mar-12-2020", None, None)
    assert rows["low_deviation_pct"].null_count() == rows.height == rows["low_deviation_pct_source_id"].null_count()
