"""What the web process serves beside the pages: the tables, and how it is."""

from __future__ import annotations

from starlette.routing import Route

from api.health import healthz, metrics
from api.tables import nowhere, table

ROUTES = [
    Route("/api/v1/{name}.{form}", table, methods=["GET"]),
    Route("/api/{path:path}", nowhere),
    Route("/healthz", healthz),
    Route("/metrics", metrics),
]
