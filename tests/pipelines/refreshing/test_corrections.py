"""Corrections to embedded facts: put in at load, and refused loudly once there is nothing to correct."""

from __future__ import annotations

import duckdb
import pytest
from typer.testing import CliRunner

from analytics.warehouse import Warehouse
from pipelines.commands.cli import app
from pipelines.config import Settings
from pipelines.generations import draft as publishing

MEND = "venues,venue=aster,kind=dex,note,Mended here,Because,crashday"


def build(own: Settings, *lines: str) -> str:
    """What a build says after these lines were added to the corrections."""
    path = own.reference_dir / "corrections.csv"
    path.write_text(path.read_text() + "".join(f"{line}\n" for line in lines))
    result = CliRunner().invoke(app, ["build"])
    return result.stdout + result.stderr


def ask(own: Settings, query: str) -> list[tuple[object, ...]]:
    published = publishing.current(own.warehouse_dir)
    assert published is not None
    with duckdb.connect(str(own.warehouse_dir / published.file), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_bars_nobody_traded_in_are_left_out_with_a_record(warehouse: Warehouse) -> None:
    left_out = warehouse.query("SELECT * FROM corrections WHERE table_name = 'bars'")
    assert left_out.height == 9 and left_out["column_name"].null_count() == 9
    assert set(left_out["expect"]) == {"volume_base=0.0"}
    there = "venue = 'binance' AND symbol = 'USDE/USDT' AND interval = '1m' AND ts = '2025-10-10 20:01:00+00'"
    assert warehouse.query(f"SELECT * FROM bars WHERE {there}").is_empty()


def test_near_zero_is_words_and_no_number(warehouse: Warehouse) -> None:
    (row,) = warehouse.query("SELECT * FROM venue_reports WHERE metric = 'bid_depth_within_4pct'").iter_rows(named=True)
    assert (row["value"], row["value_text"], row["unit"]) == (None, "near zero", "USD")


def test_a_new_correction_is_put_in_and_its_file_is_read_again(own: Settings) -> None:
    build(own, MEND)
    assert ask(own, "SELECT note FROM venues WHERE venue = 'aster'") == [("Mended here",)]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("venues,venue=nobody,kind=dex,note,x,Because,crashday", "0 rows of venues have venue=nobody"),
        ("venues,kind=dex,status=open,note,x,Because,crashday", "rows of venues have kind=dex"),
        ("venues,venue=aster,kind=cex,note,x,Because,crashday", "the row venue=aster no longer says kind=cex"),
        ("venues,venue=aster,kind=dex,nothing,x,Because,crashday", "the table has no column 'nothing'"),
    ],
    ids=["no row", "many rows", "another cell", "no column"],
)
def test_a_correction_that_matches_nothing_any_more_stops_the_build(own: Settings, line: str, why: str) -> None:
    before = publishing.current(own.warehouse_dir)
    said = build(own, line)
    assert "corrections.csv, row 15" in said and why in said
    assert publishing.current(own.warehouse_dir) == before


def test_a_line_that_cannot_be_read_is_named_and_nothing_is_published(own: Settings) -> None:
    before = publishing.current(own.warehouse_dir)
    assert "corrections.csv, row 15: 2 cells instead of" in build(own, "venues,half a line")
    assert publishing.current(own.warehouse_dir) == before
