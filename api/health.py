"""How the publication and its sources are: for people with a terminal, and for a monitoring system."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

import orjson
import polars as pl
from starlette.requests import Request
from starlette.responses import Response

from analytics.data import coverage, freshness
from analytics.warehouse import NoWarehouse, Warehouse, hub
from api.problem import problem
from pipelines import condition
from pipelines.config import Settings


def healthz(_: Request) -> Response:
    """The published generation, its age, how each source is doing, and the holes; 503 until something is published."""
    now = datetime.now(UTC)
    try:
        warehouse, sources, holes = _watched(now)
    except NoWarehouse as missing:
        return problem(503, str(missing))
    body = {
        "status": "stale" if sources["stale"].any() else "ok",
        "generation": warehouse.number,
        "built_at": warehouse.built_at,
        "age_seconds": _age(warehouse.built_at, now),
        "content_hash": warehouse.content_hash,
        "sources": sources.drop("source_id", "age_hours", "promise_hours").to_dicts(),
        "damage": condition.damage(Settings()),
        "gaps": {name: frame.drop("source_id").to_dicts() for name, frame in holes.items()},
    }
    return Response(orjson.dumps(body, option=orjson.OPT_UTC_Z), media_type="application/json")


def metrics(_: Request) -> Response:
    """The same for a monitoring system, in OpenMetrics text."""
    now = datetime.now(UTC)
    try:
        warehouse, sources, holes = _watched(now)
    except NoWarehouse as missing:
        return problem(503, str(missing))
    told = sources.with_columns(
        failing=pl.col("error").is_not_null(),
        last_success_timestamp_seconds=pl.col("last_success").dt.epoch("s"),
    )
    lines = [
        *_gauge("generation", [("", warehouse.number)]),
        *_gauge("generation_age_seconds", [("", _age(warehouse.built_at, now))]),
    ]
    for name in (
        "stale",
        "failing",
        "last_success_timestamp_seconds",
        "age_seconds",
        "promise_seconds",
        "rows_loaded",
        "quarantined",
    ):
        values = told.select("source", pl.col(name).cast(pl.Int64)).drop_nulls().iter_rows()
        lines += _gauge(f"source_{name}", [(f'{{source="{source}"}}', value) for source, value in values])
    for name, frame in holes.items():
        counted = frame.group_by("venue", maintain_order=True).len().iter_rows()
        lines += _gauge(f"{name}_hours_with_gaps", [(f'{{venue="{venue}"}}', hours) for venue, hours in counted])
    text = "\n".join([*lines, "# EOF"]) + "\n"
    return Response(text, media_type="application/openmetrics-text; version=1.0.0; charset=utf-8")


def _gauge(name: str, samples: list[tuple[str, int]]) -> list[str]:
    return [f"# TYPE crashday_{name} gauge", *(f"crashday_{name}{labels} {value}" for labels, value in samples)]


def _watched(now: datetime) -> tuple[Warehouse, pl.DataFrame, dict[str, pl.DataFrame]]:
    """The published generation, its sources, and the late hours with a hole in a live feed or in minute bars.

    Raises NoWarehouse.
    """
    with hub().lease() as warehouse:
        return warehouse, freshness.sources(warehouse, now), _holes(warehouse)


@lru_cache(maxsize=1)
def _holes(warehouse: Warehouse) -> dict[str, pl.DataFrame]:
    """What one generation says never changes, and health is asked for every few seconds."""
    return {
        "feeds": coverage.latest_feeds(warehouse).filter(pl.col("recorded_pct") < 100),
        "bars": coverage.latest_bars(warehouse).filter(pl.col("missing") > 0),
    }


def _age(built_at: str, now: datetime) -> int:
    return round((now - datetime.fromisoformat(built_at)).total_seconds())
