"""What the web process serves beside the pages: the CSV API and its health."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from analytics.export import Unknown, UnknownTable, Unusable, csv, rows
from analytics.warehouse import GenerationGone, NoWarehouse, hub

MEDIA = {"csv": "text/csv; charset=utf-8", "json": "application/json", "parquet": "application/vnd.apache.parquet"}


def table(request: Request) -> Response:
    """`GET /api/v1/<table>.<csv|json|parquet>?<column>=<value>&since=…&until=…&limit=…&offset=…&generation=…`"""
    name, form = request.path_params["name"], request.path_params["form"]
    if form not in MEDIA:
        return _problem(404, f"There is no format '{form}'.", list(MEDIA))
    query = {key: request.query_params.getlist(key) for key in request.query_params}
    pinned = query.pop("generation", [None])[0]
    try:
        if pinned is not None and not pinned.isdecimal():
            raise Unusable(f"'generation' must be a number, not '{pinned}'.")
        with hub().lease(int(pinned) if pinned else None) as warehouse:
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


def healthz(_: Request) -> Response:
    """The published generation and its age; 503 until something is published."""
    try:
        published = hub().published()
    except NoWarehouse as missing:
        return _problem(503, str(missing))
    age = (datetime.now(UTC) - datetime.fromisoformat(published.built_at)).total_seconds()
    body = {
        "status": "ok",
        "generation": published.generation,
        "built_at": published.built_at,
        "age_seconds": round(age),
        "content_hash": published.content_hash,
    }
    return Response(orjson.dumps(body), media_type="application/json")


def _problem(status: int, message: str, valid: list[str] | None = None) -> Response:
    body = {"error": message, **({"valid": valid} if valid else {})}
    return Response(orjson.dumps(body), status_code=status, media_type="application/json")


ROUTES = [Route("/api/v1/{name}.{form}", table), Route("/healthz", healthz)]
