"""Every table over HTTP, as curl and spreadsheets see it."""

from __future__ import annotations

import io
import shutil
from dataclasses import replace
from datetime import UTC, datetime

import polars as pl
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from analytics.data import export
from analytics.warehouse import Hub, Warehouse, hub
from api.forms import FORMS
from pipelines.config import Settings
from pipelines.generations.draft import Draft
from pipelines.refreshing import build
from pipelines.tables.canonical import TABLES
from pipelines.tables.dictionary import column_names
from tests.api.server import get


def csv(response: requests.Response) -> pl.DataFrame:
    assert response.status_code == 200, response.text
    return pl.read_csv(response.content, infer_schema=False)


@pytest.mark.parametrize("table", TABLES)
def test_every_table_is_served_as_csv(api: str, warehouse: Warehouse, table: str) -> None:
    response = get(api, f"/api/v1/{table}.csv")
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = export.rows(warehouse, table, {})
    assert response.content == export.csv(rows)
    assert response.headers["X-Crashday-Rows"] == str(rows.height)
    assert response.headers["X-Crashday-Generation"] == str(warehouse.number)


@pytest.mark.parametrize("table", ["events", "trades", "liquidation_reports", "sources"])
def test_json_and_parquet_hold_the_same_rows(api: str, warehouse: Warehouse, table: str) -> None:
    rows = export.rows(warehouse, table, {})
    parquet = get(api, f"/api/v1/{table}.parquet")
    assert parquet.headers["Content-Type"] == "application/vnd.apache.parquet"
    assert_frame_equal(pl.read_parquet(io.BytesIO(parquet.content)), rows)
    told = get(api, f"/api/v1/{table}.json").json()
    times = [name for name, dtype in rows.schema.items() if dtype.is_temporal()]
    read = pl.DataFrame(told, schema={name: pl.String if name in times else rows.schema[name] for name in rows.columns})
    assert_frame_equal(read.with_columns(pl.col(times).str.to_datetime(time_unit="us", time_zone="UTC")), rows)


def test_an_unknown_table_or_form_is_404_with_the_valid_ones(api: str) -> None:
    table, form = get(api, "/api/v1/nope.csv"), get(api, "/api/v1/bars.xlsx")
    assert (table.status_code, form.status_code) == (404, 404)
    assert table.json() == {"error": "There is no table 'nope'.", "valid": list(TABLES)}
    assert form.json() == {"error": "There is no format 'xlsx'.", "valid": ["csv", "json", "parquet"]}


@pytest.mark.parametrize("path", ["/api/v1/bars", "/api/v1/", "/api/v2/bars.csv", "/api/v1/bars/csv"])
def test_nothing_below_api_is_answered_with_a_web_page(api: str, path: str) -> None:
    response = get(api, path)
    assert response.status_code == 404
    assert "/api/v1/<table>.<csv|json|parquet>" in response.json()["error"]


def test_an_unknown_column_is_400_with_the_valid_ones(api: str) -> None:
    response = get(api, "/api/v1/bars.csv", colour="red")
    assert response.status_code == 400
    assert response.json()["error"] == "Table 'bars' has no column 'colour'."
    assert response.json()["valid"] == [*column_names("bars"), *export.CONTROLS]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"limit": "many"}, "'limit' must be a whole number"),
        ({"limit": "-1"}, "'limit' must be a whole number"),
        ({"limit": "9" * 19}, "'limit' must be a whole number"),
        ({"limit": "9" * 5000}, "'limit' must be a whole number"),
        ({"offset": "1.5"}, "'offset' must be a whole number"),
        ({"since": "yesterday"}, "'yesterday' cannot be compared with 'since'"),
        ({"ts": "noon"}, "'noon' cannot be compared with 'ts' (TIMESTAMPTZ)"),
        ({"low": "cheap"}, "'cheap' cannot be compared with 'low' (DOUBLE)"),
        ({"trades": "1.5"}, "'1.5' cannot be compared with 'trades' (BIGINT)"),
        ({"generation": "first"}, "'generation' must be the number of a generation"),
        ({"generation": ""}, "'generation' must be the number of a generation"),
        ({"generation": "9" * 5000}, "'generation' must be the number of a generation"),
        ({"excel": "yes"}, "'excel' must be 1"),
    ],
)
def test_an_unusable_value_is_400_and_says_which(api: str, query: dict[str, str], says: str) -> None:
    response = get(api, "/api/v1/bars.csv", **query)
    assert response.status_code == 400
    assert says in response.json()["error"]


def test_a_generation_that_is_gone_is_404(api: str) -> None:
    response = get(api, "/api/v1/bars.csv", generation=9999)
    assert response.status_code == 404
    assert "Generation 9999 is no longer kept" in response.json()["error"]


def test_filters_limits_and_ranges(api: str) -> None:
    query = {"venue": ["binance", "bybit"], "symbol": "BTC/USDT:USDT", "kind": "trade", "interval": "5m"}
    query |= {"since": "2025-10-10T21:00:00Z", "until": "2025-10-10T22:00:00Z"}
    rows = csv(get(api, "/api/v1/bars.csv", **query))
    assert set(rows["venue"]) <= {"binance", "bybit"}
    assert rows["ts"].min() == "2025-10-10T21:00:00Z"
    assert rows["ts"].max() == "2025-10-10T21:55:00Z"
    binance = rows.filter(pl.col("venue") == "binance")
    assert binance.height == 12
    assert binance["low"].cast(pl.Float64).min() == 101_516.5
    page = csv(get(api, "/api/v1/bars.csv", **query, limit=5, offset=3))
    assert page.rows() == rows[3:8].rows()


def test_json_has_a_ceiling_and_a_link_to_the_next_rows_of_the_same_generation(
    api: str, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FORMS, "json", replace(FORMS["json"], most=40))
    asked: dict[str, object] = {"venue": ["binance", "bybit"], "interval": "5m", "limit": 100, "offset": 3}
    page = get(api, "/api/v1/bars.json", **asked)
    rows, heights = page.json(), [len(page.json())]
    while "next" in page.links:
        assert f"generation={warehouse.number}" in page.links["next"]["url"]
        page = get(api, page.links["next"]["url"])
        rows += page.json()
        heights.append(int(page.headers["X-Crashday-Rows"]))
    assert heights == [40, 40, 20]
    whole = csv(get(api, "/api/v1/bars.csv", **asked))
    assert [(row["venue"], row["ts"]) for row in rows] == list(whole.select("venue", "ts").iter_rows())


def test_the_answer_says_how_many_rows_match(api: str, warehouse: Warehouse) -> None:
    matching = len(export.rows(warehouse, "bars", {"venue": ["binance"]}))
    page = get(api, "/api/v1/bars.csv", venue="binance", limit=5)
    assert (page.headers["X-Crashday-Rows"], page.headers["X-Crashday-Total"]) == ("5", str(matching))
    assert "Link" not in page.headers, "the reader asked for no more than these"


def test_rows_that_state_the_same_key_keep_their_order(api: str, own: Settings) -> None:
    with Hub(own.warehouse_dir).lease() as warehouse:
        twice = warehouse.query("SELECT * FROM bars WHERE venue = 'binance' LIMIT 50")
    with Draft(own.warehouse_dir) as draft:
        for note in range(20):
            draft.insert("bars", twice.with_columns(high=pl.col("high") + note))
        assert draft.publish(datetime.now(UTC))
    hub.cache_clear()
    whole = csv(get(api, "/api/v1/bars.csv", venue="binance"))
    pages = [csv(get(api, "/api/v1/bars.csv", venue="binance", limit=97, offset=at)) for at in range(0, len(whole), 97)]
    hub.cache_clear()
    assert pl.concat(pages).equals(whole)


def test_text_that_excel_would_run_is_quoted_where_asked_and_numbers_stay_numbers(api: str, own: Settings) -> None:
    formulas = ['=HYPERLINK("http://evil.example","x")', "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"]
    harmless = ["a = b", " =1", "BTC/USDT", "1-1"]
    with Draft(own.warehouse_dir) as draft:
        empty = draft.rows("SELECT * FROM funding_rates LIMIT 0")
        made = pl.DataFrame({"symbol": formulas + harmless}).with_columns(venue=pl.lit("odd"), funding_rate=-0.5)
        draft.insert("funding_rates", pl.concat([empty, made], how="diagonal_relaxed"))
        assert draft.publish(datetime.now(UTC))
    hub.cache_clear()
    asked = {"venue": "odd"}
    plain, quoted = (csv(get(api, "/api/v1/funding_rates.csv", **asked, **more)) for more in ({}, {"excel": 1}))
    other = get(api, "/api/v1/funding_rates.json", **asked, excel=1)
    hub.cache_clear()
    assert set(plain["symbol"]) == {*formulas, *harmless}
    assert set(quoted["symbol"]) == {*(f"'{one}" for one in formulas), *harmless}
    assert set(quoted["funding_rate"]) == {"-0.5"}
    assert other.status_code == 400 and "only a .csv" in other.json()["error"]


def test_an_attack_is_a_value_like_any_other(api: str, warehouse: Warehouse) -> None:
    before = export.rows(warehouse, "bars", {}).height
    assert csv(get(api, "/api/v1/bars.csv", venue="'; DROP TABLE bars; --")).is_empty()
    assert csv(get(api, "/api/v1/bars.csv")).height == before > 0


columns = st.sampled_from([(table, column) for table in TABLES for column in column_names(table)])


@given(columns, st.text(max_size=30))
def test_no_text_breaks_the_server(api: str, where: tuple[str, str], text: str) -> None:
    table, column = where
    response = get(api, f"/api/v1/{table}.json", **{column: text, "limit": "5"})
    assert response.status_code in (200, 400)
    if response.status_code == 200 and column in ("venue", "source_id", "note", "title"):
        assert all(row[column] == text for row in response.json())


def test_the_api_serves_a_pinned_generation_and_says_when_there_is_none(api: str, own: Settings) -> None:
    hub.cache_clear()
    path = own.reference_dir / "crash_days.csv"
    path.write_text(path.read_text().replace(",curated,", ",proposed,", 1))
    build.build(own)
    now, then = get(api, "/api/v1/crash_days.csv"), get(api, "/api/v1/crash_days.csv", generation=1)
    shutil.rmtree(own.warehouse_dir)
    missing, health = get(api, "/api/v1/crash_days.csv"), get(api, "/healthz")
    hub.cache_clear()
    assert (now.headers["X-Crashday-Generation"], then.headers["X-Crashday-Generation"]) == ("2", "1")
    assert now.text.count("proposed") == then.text.count("proposed") + 1
    assert (missing.status_code, health.status_code) == (503, 503)
    assert "python -m pipelines build" in missing.json()["error"]
