"""The canonical tables as declared, and the embedded facts as they stand in them: everything leads to its source."""

from __future__ import annotations

import pytest

from analytics.warehouse import Warehouse
from pipelines.sources import reference_pack
from pipelines.tables.canonical import TABLES
from pipelines.tables.dictionary import column_names

TRACED = [name for name in TABLES if "source_id" in column_names(name)]
WITHOUT_KEY = ("quarantine",)


@pytest.mark.parametrize("table", TABLES)
def test_every_table_has_a_key_and_leads_to_its_bytes(table: str) -> None:
    assert bool(TABLES[table].primary_key()) != (table in WITHOUT_KEY)
    assert table == "runs" or "snapshot_id" in column_names(table)


@pytest.mark.parametrize("table", TRACED)
def test_every_row_names_a_source_that_is_described(warehouse: Warehouse, table: str) -> None:
    unknown = warehouse.query(
        f"SELECT DISTINCT t.source_id FROM {table} t WHERE t.source_id NOT IN (SELECT source_id FROM sources)"
    )
    assert unknown["source_id"].to_list() == []


@pytest.mark.parametrize("table", reference_pack.SOURCE.tables)
def test_no_embedded_fact_is_in_quarantine(warehouse: Warehouse, table: str) -> None:
    refused = warehouse.query("SELECT row_number, rule FROM quarantine WHERE table_name = $table", table=table)
    assert refused.rows() == []


@pytest.mark.parametrize(
    ("table", "column", "other", "key"),
    [
        ("liquidation_reports", "crash_day", "crash_days", "crash_day"),
        ("tokenized_facts", "product_id", "tokenized_products", "product_id"),
        ("tokenized_metrics", "product_id", "tokenized_products", "product_id"),
        ("bars", "venue", "venues", "venue"),
        ("trades", "venue", "venues", "venue"),
        ("funding_rates", "venue", "venues", "venue"),
        ("venue_volumes", "venue", "venues", "venue"),
        ("feed_regimes", "venue", "venues", "venue"),
    ],
)
def test_names_that_point_to_another_table_are_there(
    warehouse: Warehouse, table: str, column: str, other: str, key: str
) -> None:
    lost = warehouse.query(
        f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL AND {column} NOT IN (SELECT {key} FROM "
        f"{other})"
    )
    assert lost[column].to_list() == []


def test_the_exchanges_of_a_board_are_known_venues(warehouse: Warehouse) -> None:
    lost = warehouse.query(
        """
        SELECT DISTINCT venue FROM liquidation_reports
        WHERE venue <> 'all' AND venue NOT IN (SELECT venue FROM venues)
          AND board IN (
              SELECT board FROM liquidation_reports WHERE venue <> 'all' GROUP BY board HAVING count(DISTINCT venue) > 1
          )
        """
    )
    assert lost["venue"].to_list() == []
