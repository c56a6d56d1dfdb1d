"""What the web process serves beside the pages: the CSV API and its health."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import orjson
import polars as pl
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from analytics import coverage, freshness
from analytics.export import Unknown, UnknownTable, Unusable, csv, rows
from analytics.warehouse import GenerationGone, NoWarehouse, Warehouse, generation_named, hub
from pipelines import condition
from pipelines.config import Settings
from pipelines.tables import TABLES

MEDIA = {"csv": "text/csv; charset=utf-8", "json": "application/json", "parquet": "application/vnd.apache.parquet"}


def table(request: Request) -> Response:
    """`GET /api/v1/<table>.<csv|json|parquet>?<column>=<value>&since=…&until=…&limit=…&offset=…&generation=…`"""
    name, form = request.path_params["name"], request.path_params["form"]
    if form not in MEDIA:
        return _problem(404, f"There is no format '{form}'.", list(MEDIA))
    query = {key: request.query_params.getlist(key) for key in request.query_params}
    pinned = query.pop("generation", [None])[0]
    try:
        number = None if pinned is None else generation_named(pinned)
        if pinned is not None and number is None:
            raise Unusable(f"'generation' must be the number of a generation, not '{pinned[:60]}'.")
        with hub().lease(number) as warehouse:
            frame = rows(warehouse, name, query)
    except Unknown as unknown:
        return _problem(404 if isinstance(unknown, UnknownTable) else 400, str(unknown), unknown.valid)
    except Unusable as unusable:
        return _problem(400, str(unusable))
    except GenerationGone as gone:
        return _problem(404, str(gone))
    except NoWarehouse as missing:
        return _problem(503, str(missing))
    headers = {
        "X-Crashday-Generation": str(warehouse.number),
        "X-Crashday-Rows": str(frame.height),
        "Access-Control-Allow-Origin": "*",
    }
    match form:
        case "csv":
            body = csv(frame)
        case "json":
            body = orjson.dumps(frame.to_dicts(), option=orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z)
        case _:
            buffer = io.BytesIO()
            frame.write_parquet(buffer)
            body = buffer.getvalue()
    return Response(body, media_type=MEDIA[form], headers=headers)


def nowhere(request: Request) -> Response:
    """Any other address below `/api`: a reader of data must get an error, never the dashboard's HTML."""
    return _problem(
        404, f"There is nothing at {request.url.path}. Ask for /api/v1/<table>.<{'|'.join(MEDIA)}>.", list(TABLES)
    )


def healthz(_: Request) -> Response:
    """The published generation, its age, how each fetched source is doing, and the holes; 503 until something is published."""
    now = datetime.now(UTC)
    try:
        warehouse, sources, holes = _watched(now)
    except NoWarehouse as missing:
        return _problem(503, str(missing))
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
        return _problem(503, str(missing))
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
    """The published generation, its sources, and the hours of late with a hole in a live feed or in minute bars. Raises NoWarehouse."""
    with hub().lease() as warehouse:
        holes = {
            "feeds": coverage.latest_feeds(warehouse).filter(pl.col("recorded_pct") < 100),
            "bars": coverage.latest_bars(warehouse).filter(pl.col("missing") > 0),
        }
        return warehouse, freshness.sources(warehouse, now), holes


def _age(built_at: str, now: datetime) -> int:
    return round((now - datetime.fromisoformat(built_at)).total_seconds())


def _problem(status: int, message: str, valid: list[str] | None = None) -> Response:
    body = {"error": message, **({"valid": valid} if valid else {})}
    return Response(orjson.dumps(body), status_code=status, media_type="application/json")


ROUTES = [
    Route("/api/v1/{name}.{form}", table),
    Route("/api/{path:path}", nowhere),
    Route("/healthz", healthz),
    Route("/metrics", metrics),
]
