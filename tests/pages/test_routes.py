"""The CSV API over HTTP, as curl and spreadsheets see it."""

from __future__ import annotations

import io
import re
import shutil
import socket
import threading
from collections.abc import Iterator

import polars as pl
import pytest
import requests
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from starlette.applications import Starlette

from analytics import export
from analytics.warehouse import Warehouse, hub
from pages._routes import ROUTES
from pipelines import build
from pipelines.config import Settings
from pipelines.dictionary import column_names
from pipelines.tables import TABLES


@pytest.fixture(scope="module")
def api() -> Iterator[str]:
    """The routes on a free port of the loopback, served until the tests of this file are done."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=ROUTES), log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join()


def get(api: str, path: str, **query: object) -> requests.Response:
    return requests.get(f"{api}{path}", params=query, timeout=30)


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


def test_health_tells_the_generation_and_its_age(api: str, warehouse: Warehouse) -> None:
    told = get(api, "/healthz").json()
    assert told["status"] == "ok"
    assert told["generation"] == warehouse.number
    assert told["content_hash"] == warehouse.content_hash
    assert told["built_at"] == warehouse.built_at
    assert told["age_seconds"] >= 0


def test_health_tells_each_source_its_promise_what_failed_and_what_was_refused(api: str, watched: Settings) -> None:
    told = get(api, "/healthz").json()
    failing, working = told["sources"]
    assert told["status"] == "stale"
    assert (failing["source"], failing["state"], failing["stale"]) == ("okx_liquidations", "failing", True)
    assert failing["error"] == "OKX answers 50011, Too Many Requests"
    assert failing["age_seconds"] // 3600 == 9 and failing["promise_seconds"] == 4 * 3600
    assert (working["source"], working["state"], working["error"]) == ("gate_liquidations", "fresh", None)
    assert (working["rows_loaded"], working["quarantined"]) == (3, 1)


def test_health_tells_the_gaps_by_venue_and_hour(api: str, watched: Settings) -> None:
    gaps = get(api, "/healthz").json()["gaps"]
    (gap,) = gaps["feeds"]
    assert (gap["venue"], gap["recorded_pct"], gap["gap_pct"], gap["reasons"]) == (
        "okx",
        50,
        50,
        "the connection ended",
    )
    assert {"venue", "hour", "missing"} <= gaps["bars"][0].keys()


def test_metrics_say_the_same_to_a_monitoring_system(api: str, watched: Settings) -> None:
    response = get(api, "/metrics")
    assert response.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    lines = response.text.splitlines()
    assert lines[-1] == "# EOF"
    for line in (
        "crashday_generation 2",
        'crashday_source_stale{source="okx_liquidations"} 1',
        'crashday_source_failing{source="okx_liquidations"} 1',
        'crashday_source_stale{source="gate_liquidations"} 0',
        'crashday_source_quarantined{source="gate_liquidations"} 1',
        'crashday_source_promise_seconds{source="gate_liquidations"} 14400',
        'crashday_feeds_hours_with_gaps{venue="okx"} 1',
    ):
        assert line in lines
    samples = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r'crashday_[a-z_]+(\{[a-z]+="[^"\\]+"\})? \d+', line) for line in samples)


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
