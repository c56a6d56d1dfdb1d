"""What is asked about a reply before it is sent, and how its bytes come in."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException

import requests
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import HTTPError

from pipelines.refreshing.fetch_failed import FetchFailed, Passing, cause_of
from pipelines.refreshing.snapshots import Reply

CHUNK = 1 << 17
"""Bytes that are unpacked and written at a time: it bounds what a packed reply takes of memory."""


def conditions(before: Reply | None, have: int, validator: str | None) -> dict[str, str]:
    """Headers that ask for what is new, or for what is missing."""
    headers: dict[str, str] = {}
    if before and (etag := before.headers.get("ETag")):
        headers["If-None-Match"] = etag
    elif before and (modified := before.headers.get("Last-Modified")):
        headers["If-Modified-Since"] = modified
    if have and validator:
        headers |= {"Range": f"bytes={have}-", "If-Range": validator}
    return headers


def is_rest(response: requests.Response, have: int) -> bool:
    """Whether a partial reply begins where ours broke."""
    return have > 0 and response.headers.get("Content-Range", "").startswith(f"bytes {have}-")


def retry_after(headers: CaseInsensitiveDict[str]) -> float | None:
    """The pause a server asks for, in seconds or as the moment it ends."""
    given = headers.get("Retry-After", "")
    try:
        return max(0.0, float(given) if given[:1].isdecimal() else _until(parsedate_to_datetime(given)))
    except (TypeError, ValueError, OverflowError):
        return None


def _until(moment: datetime) -> float:
    return (moment - datetime.now(UTC)).total_seconds()


def unpacked(response: requests.Response, url: str) -> Iterator[bytes]:
    """The bytes of a reply as they come, unpacked where they were sent packed. Raises FetchFailed, Passing."""
    match response.headers.get("Content-Encoding", "identity").strip().lower():
        case "identity" | "":
            yield from _raw(response)
        case "gzip" | "x-gzip":
            try:
                yield from _gunzipped(_raw(response))
            except zlib.error:
                raise FetchFailed("the reply is not packed the way it says (Content-Encoding: gzip)", url) from None
        case _:
            raise FetchFailed("the reply is packed in a way nobody asked for (Content-Encoding)", url)


def _raw(response: requests.Response) -> Iterator[bytes]:
    """What each read brings: waiting for a whole chunk would let a slow server hold us."""
    try:
        while part := response.raw.read1(CHUNK, decode_content=False):
            yield part
    except (HTTPError, HTTPException, OSError) as error:
        raise Passing(f"the connection broke ({cause_of(error)})") from None


def _gunzipped(parts: Iterator[bytes]) -> Iterator[bytes]:
    """Never more at a time than CHUNK, whatever it was packed from; empty where nothing came of a part,
    so that its time is looked at."""
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
    for part in parts:
        rest = part
        while rest:
            inflater = zlib.decompressobj(zlib.MAX_WBITS | 16) if inflater.eof else inflater
            yield inflater.decompress(rest, CHUNK)
            rest = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
    yield inflater.flush()
    if not inflater.eof:
        raise Passing("the packed reply ended too early")
