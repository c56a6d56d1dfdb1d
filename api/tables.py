"""Every canonical table, whole or filtered.

`GET /api/v1/<table>.<csv|json|parquet>?<column>=<value>&since=…&until=…&limit=…&offset=…&generation=…&excel=1`
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import urlencode

import anyio
import duckdb
import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from analytics.data.export import Selection, Unknown, UnknownTable, Unusable, select
from analytics.warehouse import GenerationGone, NoWarehouse, Warehouse, downloads, generation_named, hub
from api.forms import EXCEL, FORMS, Form
from api.problem import problem
from api.turns import Busy, aside, turn
from pipelines.tables.canonical import TABLES

LIGHT = 20_000
"""Rows to look through that need no turn."""
STALL = 60.0
"""Seconds a reader may take over one batch: who stops reading gives up the turn."""
LONGEST = 900.0
"""Seconds a reader may take over the whole, so that a few slow ones cannot keep all others from it."""
MINUTE, DAY = 60, 86_400


class Tables:
    """Answers a request for a table: the generation is leased, and the turn kept,
    until all is sent or the reader left."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def in_time(message: Message) -> None:
            with anyio.fail_after(STALL):
                await send(message)

        async with AsyncExitStack() as holding:
            response = await _respond(Request(scope, receive), holding)
            # Who is too slow sees a connection that breaks, never a short answer that looks whole.
            with suppress(TimeoutError), anyio.fail_after(LONGEST):
                await response(scope, receive, in_time)


@dataclass(frozen=True)
class Answer:
    """What will be sent: which rows of which generation, in which form, under which headers."""

    selection: Selection
    form: Form
    generation: int
    headers: dict[str, str]
    heavy: bool

    def chunks(self, warehouse: Warehouse) -> Generator[bytes]:
        return self.form.write(self.selection.batches(warehouse, self.form.batch))


REFUSED = (
    Unknown,
    Unusable,
    GenerationGone,
    NoWarehouse,
    duckdb.CatalogException,
    duckdb.BinderException,
    Busy,
)


async def _respond(request: Request, holding: AsyncExitStack) -> Response:
    try:
        return await _served(request, holding)
    except REFUSED as refused:
        return _in_words(refused)


async def _served(request: Request, holding: AsyncExitStack) -> Response:
    answer = await aside(partial(_answer, request, holding))
    if isinstance(answer, Response):
        return answer
    if request.method == "HEAD":
        return StreamingResponse(iter(()), headers=answer.headers, media_type=answer.form.media_type)
    if answer.heavy:
        await holding.enter_async_context(turn())
        if await request.is_disconnected():
            return Response()
    first, chunks = await aside(partial(_begun, answer, holding))
    return StreamingResponse(_sent(first, chunks), headers=answer.headers, media_type=answer.form.media_type)


def _in_words(refused: Exception) -> Response:
    match refused:
        case Unknown():
            return problem(404 if isinstance(refused, UnknownTable) else 400, str(refused), refused.valid)
        case Unusable():
            return problem(400, str(refused))
        case GenerationGone():
            return problem(404, str(refused))
        case NoWarehouse():
            return problem(503, str(refused))
        case Busy():
            words = "Too much is asked for at this moment. Try again, or ask for fewer rows."
            return problem(503, words, retry_after=30)
        case _:
            return problem(503, "This generation has the tables of another version. Run: python -m pipelines build")


def _answer(request: Request, holding: AsyncExitStack) -> Answer | Response:
    """What is asked for, or the answer itself where nothing has to be sent. Raises what `select` and `lease` raise."""
    name, suffix = request.path_params["name"], request.path_params["form"]
    if suffix not in FORMS:
        return problem(404, f"There is no format '{suffix}'.", list(FORMS))
    query = {key: request.query_params.getlist(key) for key in request.query_params}
    pinned = query.get("generation", [None])[0]
    number = None if pinned is None else generation_named(pinned)
    if pinned is not None and number is None:
        raise Unusable(f"'generation' must be the number of a generation, not '{pinned[:60]}'.")
    warehouse = holding.enter_context(hub().lease(number))
    form = _form(suffix, query)
    selection = select(warehouse, name, query)
    tag = _tag(request, warehouse)
    headers = {
        "X-Crashday-Generation": str(warehouse.number),
        "ETag": tag,
        "Cache-Control": f"public, max-age={MINUTE}, must-revalidate"
        if pinned is None
        else f"public, max-age={DAY}, immutable",
        "Vary": "Accept-Encoding",
    }
    if _has(request, tag):
        return Response(status_code=304, headers=headers)
    total = selection.total(warehouse)
    asked = min(selection.limit, max(total - selection.offset, 0))
    sent = min(asked, form.most)
    headers |= {
        "X-Crashday-Rows": str(sent),
        "X-Crashday-Total": str(total),
        "Content-Disposition": f'{form.disposition}; filename="crashday-{name}-{warehouse.number}.{suffix}"',
    }
    if sent < asked:
        after = {"offset": [str(selection.offset + sent)], "generation": [str(warehouse.number)]}
        left = {"limit": [str(asked - sent)]} if "limit" in query else {}
        headers["Link"] = f'<{request.url.path}?{urlencode(query | left | after, doseq=True)}>; rel="next"'
    heavy = min(selection.offset, total) + sent > LIGHT
    return Answer(replace(selection, limit=sent), form, warehouse.number, headers, heavy)


def _form(suffix: str, query: dict[str, list[str]]) -> Form:
    if "excel" not in query:
        return FORMS[suffix]
    if suffix != "csv" or query["excel"] != ["1"]:
        raise Unusable("'excel' must be 1, and only a .csv has it.")
    return EXCEL


def _tag(request: Request, warehouse: Warehouse) -> str:
    """One tag for the same bytes: the same generation, query, form and encoding."""
    query = sorted(pair for pair in request.query_params.multi_items() if pair[0] != "generation")
    packed = "gzip" in request.headers.get("Accept-Encoding", "")
    # The hash of the content leaves out when things were fetched and built, and tables tell that too.
    identity = [request.url.path, query, packed, warehouse.number, warehouse.built_at, warehouse.content_hash]
    return f'"{hashlib.sha256(orjson.dumps(identity)).hexdigest()[:32]}"'


def _has(request: Request, tag: str) -> bool:
    """Whether the reader already has it."""
    tags = [one.strip().removeprefix("W/") for one in request.headers.get("If-None-Match", "").split(",")]
    return tag in tags or tags == ["*"]


def _begun(answer: Answer, holding: AsyncExitStack) -> tuple[bytes, Iterator[bytes]]:
    """The first bytes, before anything is promised, and those to come; a heavy answer has its own hub. Raises Busy."""
    warehouse = holding.enter_context((downloads if answer.heavy else hub)().lease(answer.generation))
    chunks = answer.chunks(warehouse)
    holding.callback(chunks.close)
    try:
        return next(chunks), chunks
    except (duckdb.OutOfMemoryException, OSError) as short:  # Arrow says it with an OSError
        raise Busy from short


async def _sent(first: bytes, chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    while (chunk := await aside(partial(next, chunks, None))) is not None:
        if chunk:
            yield chunk


async def nowhere(request: Request) -> Response:
    """Any other address below `/api`: a reader of data must get an error, never the dashboard's HTML."""
    return problem(
        404, f"There is nothing at {request.url.path}. Ask for /api/v1/<table>.<{'|'.join(FORMS)}>.", list(TABLES)
    )


table = Tables()
