"""Fetch one piece: its requests, its pages, its bytes into the store."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from pipelines.refreshing.failure import in_words
from pipelines.refreshing.http import LONGEST_WAIT, Client, Count, FetchFailed
from pipelines.refreshing.snapshots import Entry, Reply, Store
from pipelines.source import Fault, Piece, Request, SourceModule, TooLarge, fault_in, next_page

FAULT_ATTEMPTS = 4
MOST_PAGES = 2_000
MOST_REPLIES = 4
"""All pages of a piece together may have this many times the bytes that one reply may: they are read together."""
PACKED = (b"PK", b"\x1f\x8b")
"""How archives begin. They name neither an error nor a next page, and may have a gigabyte."""
LONGEST_TEXT = 256 << 20
_one_at_a_time = Lock()
"""Replies fetched beside each other are taken apart one after the other: each may take a quarter of a gigabyte."""


def fetch(module: SourceModule, piece: Piece, client: Client, store: Store, count: Count = lambda _: None) -> Entry:
    """The piece as it stands at the source, its bytes stored. The entry is not yet in the index. Raises FetchFailed."""
    try:
        return _fetched(module, piece, client, store, count)
    except FetchFailed as failure:
        if any(request.params for request in piece.requests):
            failure.piece = piece.name
        raise
    except BaseException as error:
        why = in_words(error, module.SOURCE)
        raise FetchFailed(f"{why} The next refresh asks again.", piece.name) from error


def _fetched(module: SourceModule, piece: Piece, client: Client, store: Store, count: Count) -> Entry:
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
                raise FetchFailed(f"more than {MOST_PAGES:,} pages. Ask for a shorter span.", piece.name)
            if sum(one.size for one in replies) > MOST_REPLIES * module.SOURCE.max_bytes:
                raise TooLarge(piece.name, f"its {len(replies):,} pages have more bytes than may be read together")
            following = _following(module, store.path(reply.sha256), request)
            if following == request:
                raise FetchFailed(
                    "the source gives the same page again and again. The next refresh asks for it anew.", piece.name
                )
            request = following
    return Entry(module.SOURCE.id, piece, datetime.now(UTC), tuple(replies))


def is_final(entry: Entry | None, piece: Piece) -> bool:
    """Whether what is stored cannot have changed at the source since."""
    return entry is not None and piece.final_at is not None and entry.fetched_at >= piece.final_at


def _without_fault(module: SourceModule, client: Client, request: Request, known: Reply | None, count: Count) -> Reply:
    for attempt in range(FAULT_ATTEMPTS):
        reply = client.get(request, known, count)
        fault = _fault(module, reply.path) if reply.path else None
        if fault is None:
            return reply
        if not fault.again:
            break
        client.sleep(min(client.backoff * 2**attempt, LONGEST_WAIT))
    remedy = (
        "It kept saying so; try again later."
        if fault.again
        else "The request is not accepted; the source may have changed."
    )
    raise FetchFailed(f"{fault.message}. {remedy}", reply.url)


def _fault(module: SourceModule, file: Path) -> Fault | None:
    if not hasattr(module, "fault"):
        return None
    with _one_at_a_time:
        text = _text(file)
        return fault_in(module, text) if text is not None else None


def _following(module: SourceModule, file: Path, request: Request) -> Request | None:
    if not hasattr(module, "follow"):
        return None
    with _one_at_a_time:
        text = _text(file)
        return next_page(module, text, request) if text is not None else None


def _text(file: Path) -> bytes | None:
    """A reply that may be read as text; None for an archive. Raises TooLarge."""
    with file.open("rb") as body:
        if body.read(2) in PACKED:
            return None
        if file.stat().st_size > LONGEST_TEXT:
            raise TooLarge("The reply", f"it is no archive and has more than {LONGEST_TEXT >> 20} MB")
        body.seek(0)
        return body.read()
