"""Pages and routes on a warehouse with a history of refreshes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
import streamlit as st

from analytics.warehouse import hub
from pipelines import health
from pipelines.config import Settings
from pipelines.generations.draft import Draft
from pipelines.refreshing.outcome import Outcome


@pytest.fixture
def watched(own: Settings) -> Iterator[Settings]:
    """A published generation with a source that fails, one that works, a refused row, and a feed with a gap."""
    hub.cache_clear()
    st.cache_data.clear()
    now = datetime.now(UTC)
    outcomes = [
        Outcome("r", "okx_liquidations", now - timedelta(hours=9), now - timedelta(hours=9), "loaded", rows_loaded=7),
        Outcome("r", "okx_liquidations", now, now, "failed", error="OKX answers 50011, Too Many Requests"),
        Outcome("r", "gate_liquidations", now, now, "loaded", rows_loaded=3, rows_refused=1),
    ]
    health.note(own.data_dir, outcomes)
    with Draft(own.warehouse_dir) as draft:
        for table, rows in _scene(now).items():
            schema = draft.rows(f"SELECT * FROM {table} LIMIT 0").schema
            draft.insert(table, pl.DataFrame(rows, schema=schema))
        assert draft.publish(now)
    yield own
    hub.cache_clear()
    st.cache_data.clear()


def _scene(now: datetime) -> dict[str, list[dict[str, object]]]:
    """Rows by table: an hour of a feed with a gap, a refused row, and the bytes it was read from."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    spans = [(0, 15, "recorded", None), (15, 45, "gap", "the connection ended"), (45, 60, "recorded", None)]
    coverage = [
        {
            "venue": "okx",
            "feed": "liquidation-orders (stream)",
            "span_start": hour + timedelta(minutes=first),
            "span_end": hour + timedelta(minutes=last),
            "state": state,
            "reason": reason,
            "source_id": "recorded_okx",
        }
        for first, last, state, reason in spans
    ]
    refused = {
        "table_name": "liquidations",
        "row_number": 1,
        "rule": "quantity_base",
        "row_json": "{}",
        "snapshot_id": "s",
    }
    snapshot = {"snapshot_id": "s", "loader": "gate_liquidations", "piece": "p", "url": "u", "sha256": "0", "bytes": 1}
    snapshot |= {"fetched_at": now, "parser": "x", "rows_loaded": 3, "rows_refused": 1, "rows_doubled": 0}
    return {
        "feed_coverage": [one | {"snapshot_id": "s"} for one in coverage],
        "quarantine": [refused],
        "snapshots": [snapshot],
    }
