"""Fetch pieces, a few beside each other: their requests, their pages, their bytes into the store."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from pipelines.refreshing.failure import each_cause_once, in_words
from pipelines.refreshing.fetch_failed import FetchFailed
from pipelines.refreshing.http import LONGEST_WAIT, Client, Count
from pipelines.refreshing.in_order import in_order
from pipelines.refreshing.outcome import Outcome
from pipelines.refreshing.run import Run
from pipelines.refreshing.snapshots import Entry, Reply, Store, is_final
from pipelines.source import Fault, Piece, Request, SourceModule, TooLarge, fault_in, next_page

FETCH_THREADS = 4
FETCH_AHEAD = 4
"""Pieces that may be fetched before the one being loaded is in: it bounds the disk that a refresh which fails takes."""
ATTEMPTS_WITH_FAULT = 4
"""Tries where a reply with status 200 says that asking again can help."""
MOST_PAGES = 2_000
"""Of one piece: a source that never says it is done must not hold up the others."""
MOST_REPLIES = 4
"""All pages of a piece together may have this many times the bytes that one reply may: they are read together."""
PACKED = (b"PK", b"\x1f\x8b")
"""How archives begin. They name neither an error nor a next page, and may have a gigabyte."""
LONGEST_TEXT = 256 << 20
"""Bytes of a reply that may be read whole to look for an error or a next page."""
_one_at_a_time = Lock()
"""Replies fetched beside each other are taken apart one after the other: each may take a quarter of a gigabyte."""


def fetch_all(run: Run, module: SourceModule, pieces: list[Piece], client: Client, outcome: Outcome) -> Iterator[Entry]:
    """The pieces that are missing or have changed, in the order of the plan, their bytes stored; failures go to the
    outcome."""

    def one(piece: Piece) -> Entry | FetchFailed:
        known = run.store.last_good(module.SOURCE.id, piece.name)
        if known is not None and is_final(known, piece):
            return known
        if known is not None and module.SOURCE.accumulates:
            piece = _beside(run.store, piece, module)
        try:
            return fetch(module, piece, client, run.store, lambda size: run.watch.received(module.SOURCE.id, size))
        except FetchFailed as failure:
            return failure

    failures: list[FetchFailed] = []
    with ThreadPoolExecutor(FETCH_THREADS) as pool:
        for result in in_order(pool.submit, one, pieces, FETCH_AHEAD):
            if isinstance(result, FetchFailed):
                failures.append(result)
                run.watch.loaded(module.SOURCE.id, 0)
            else:
                yield result
    for line in each_cause_once(failures):
        outcome.failed(f"{module.SOURCE.id}: {line}")


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
    known = store.last_good(module.SOURCE.id, piece.name)
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


def _beside(store: Store, piece: Piece, module: SourceModule) -> Piece:
    """The piece under a name nobody has: two fetches in the same minute, or after the clock was set back, both stay."""
    number = 2
    while (module.SOURCE.id, f"{piece.name}+{number}") in store.entries:
        number += 1
    return replace(piece, name=f"{piece.name}+{number}")


def _without_fault(module: SourceModule, client: Client, request: Request, known: Reply | None, count: Count) -> Reply:
    remedy = "It kept saying so; try again later."
    for attempt in range(ATTEMPTS_WITH_FAULT):
        reply = client.get(request, known, count)
        fault = _fault(module, reply.path) if reply.path else None
        if fault is None:
            return reply
        if not fault.again:
            remedy = "The request is not accepted; the source may have changed."
            break
        client.sleep(min(client.backoff * 2**attempt, LONGEST_WAIT))
    raise FetchFailed(f"{fault.message}. {remedy}" if fault else remedy, reply.url)


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
