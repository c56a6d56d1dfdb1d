"""How the API says that it cannot answer: one sentence, and the names that would have worked."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from starlette.responses import Response


def problem(status: int, message: str, valid: Sequence[str] = (), retry_after: int | None = None) -> Response:
    """JSON with `error` and, where a name was wrong, `valid`. `retry_after` is in seconds."""
    body = {"error": message, **({"valid": list(valid)} if valid else {})}
    headers = {"Cache-Control": "no-store"} | ({} if retry_after is None else {"Retry-After": str(retry_after)})
    return Response(orjson.dumps(body), status_code=status, media_type="application/json", headers=headers)
