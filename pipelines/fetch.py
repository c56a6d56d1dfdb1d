"""Fetch one piece: its requests, its pages, its bytes into the store."""

from __future__ import annotations

from datetime import UTC, datetime

from pipelines.http import LONGEST_WAIT, Client, Count, FetchFailed
from pipelines.snapshots import Entry, Reply, Store
from pipelines.source import Piece, Refused, Request, SourceModule, next_page

FAULT_ATTEMPTS = 4
MOST_PAGES = 2_000


def fetch(module: SourceModule, piece: Piece, client: Client, store: Store, count: Count = lambda _: None) -> Entry:
    """The piece as it stands at the source, its bytes stored. The entry is not yet in the index. Raises FetchFailed."""
    known = store.known(module.SOURCE.id, piece.name)
    replies: list[Reply] = []
    for position, first in enumerate(piece.requests):
        request: Request | None = first
        while request is not None:
            # What was known of a later page, or of a later request behind pages, may not be at this place any more.
            single = request is first and (len(piece.requests) == 1 or not hasattr(module, "follow"))
            before = known.replies[position] if known and single and position < len(known.replies) else None
            reply = store.keep(_without_fault(module, client, request, before, count))
            replies.append(reply)
            if len(replies) > MOST_PAGES:
                raise FetchFailed(
                    f"{module.SOURCE.id} {piece.name}: more than {MOST_PAGES:,} pages. Ask for a shorter span."
                )
            try:
                following = (
                    next_page(module, store.path(reply.sha256).read_bytes(), request)
                    if hasattr(module, "follow")
                    else None
                )
            except Refused as refused:
                raise FetchFailed(f"{module.SOURCE.id} {piece.name}: {refused}") from None
            if following == request:
                raise FetchFailed(
                    f"{module.SOURCE.id} {piece.name}: the source gives the same page again and again. The next refresh asks for it anew."
                )
            request = following
    return Entry(module.SOURCE.id, piece, datetime.now(UTC), tuple(replies))


def is_final(entry: Entry | None, piece: Piece) -> bool:
    """Whether what is stored cannot have changed at the source since."""
    return entry is not None and piece.final_at is not None and entry.fetched_at >= piece.final_at


def _without_fault(module: SourceModule, client: Client, request: Request, known: Reply | None, count: Count) -> Reply:
    for attempt in range(FAULT_ATTEMPTS):
        reply = client.get(request, known, count)
        # Only where it is asked: a body may be an archive of a gigabyte.
        fault = module.fault(reply.path.read_bytes()) if reply.path and hasattr(module, "fault") else None
        if fault is None:
            return reply
        if not fault.again:
            break
        client.sleep(min(client.backoff * 2**attempt, LONGEST_WAIT))
    raise FetchFailed(
        f"{reply.url}: {fault.message}. "
        + (
            "It kept saying so; try again later."
            if fault.again
            else "The request is not accepted; the source may have changed."
        )
    )
