"""What the web process serves beside the pages: the CSV API and its health."""

from __future__ import annotations

import io
from dataclasses import asdict
from datetime import UTC, datetime

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from analytics.export import Unknown, UnknownTable, Unusable, csv, rows
from analytics.warehouse import GenerationGone, NoWarehouse, generation_named, hub
from pipelines import watch
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
    """The published generation, its age, and how each fetched source is doing; 503 until something is published."""
    now = datetime.now(UTC)
    try:
        published = hub().published()
    except NoWarehouse as missing:
        return _problem(503, str(missing))
    sources = watch.health(Settings().data_dir, now)
    body = {
        "status": "stale" if any(one.stale for one in sources) else "ok",
        "generation": published.generation,
        "built_at": published.built_at,
        "age_seconds": _age(published.built_at, now),
        "content_hash": published.content_hash,
        "sources": [asdict(one) for one in sources],
    }
    return Response(orjson.dumps(body, option=orjson.OPT_UTC_Z), media_type="application/json")


def metrics(_: Request) -> Response:
    """The same for a monitoring system, in OpenMetrics text."""
    now = datetime.now(UTC)
    try:
        published = hub().published()
    except NoWarehouse as missing:
        return _problem(503, str(missing))
    sources = watch.health(Settings().data_dir, now)
    lines = [
        "# TYPE crashday_generation gauge",
        f"crashday_generation {published.generation}",
        "# TYPE crashday_generation_age_seconds gauge",
        f"crashday_generation_age_seconds {_age(published.built_at, now)}",
        "# TYPE crashday_source_stale gauge",
        *(f'crashday_source_stale{{source="{one.source}"}} {int(one.stale)}' for one in sources),
        "# TYPE crashday_source_failing gauge",
        *(f'crashday_source_failing{{source="{one.source}"}} {int(one.error is not None)}' for one in sources),
        "# TYPE crashday_source_last_success_timestamp_seconds gauge",
        *(
            f'crashday_source_last_success_timestamp_seconds{{source="{one.source}"}} {one.last_success.timestamp():.0f}'
            for one in sources
            if one.last_success
        ),
        "# EOF",
    ]
    return Response("\n".join(lines) + "\n", media_type="application/openmetrics-text; version=1.0.0; charset=utf-8")


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
