"""Health and metrics over HTTP, as a monitoring system sees them."""

from __future__ import annotations

import re

from analytics.warehouse import Warehouse
from pipelines.config import Settings
from tests.api.server import get


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
