"""What can become of a request that does not succeed, and its causes in our own words.

Whoever reads of a reply reads the venue's own address and our words: what a mirror is called, and what a server sent,
stays here.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.client import IncompleteRead

import requests
from urllib3.exceptions import HTTPError, NewConnectionError

from pipelines.refreshing.redirects import Astray


class FetchFailed(RuntimeError):
    """A request that did not succeed: which, why, and what the reader can do."""

    piece = ""
    """Which piece it was for, where its address alone does not tell: what stands behind a question mark is left out."""

    def __init__(self, why: str, url: str = "") -> None:
        self.why, self.url = why, url.partition("?")[0]
        super().__init__(f"{self.url}: {why}" if url else why)


class NotThere(FetchFailed):
    """Nothing is published under the address asked for (404)."""


class NoAccess(FetchFailed):
    """The venue answers, but not to us (401, 403, 451)."""


class Unavailable(FetchFailed):
    """The server did not answer, or only that it cannot: asking it for something else now is no use either."""


class NotAsked(FetchFailed):
    """Left for the next refresh: the host was left in this run, or the source's time is over."""


class Passing(Exception):
    """Worth another try, after the pause that was asked for if one was."""

    def __init__(self, why: str, pause: float | None = None) -> None:
        super().__init__(why)
        self.pause = pause


@contextmanager
def asking(url: str) -> Iterator[None]:
    """Around what asks: whatever it raises but a broken connection becomes FetchFailed,
    and quotes nothing that was sent."""
    try:
        yield
    except Astray as astray:
        raise FetchFailed(f"the server redirects {astray}, which is not followed.", url) from None
    except requests.Timeout as error:
        if isinstance(error, requests.ConnectionError):
            raise
        raise Passing("no answer came in time") from None
    except requests.ConnectionError:
        raise
    except (requests.RequestException, HTTPError, ValueError, OSError) as error:
        words = f"this is no address, or the answer no HTTP ({type(error).__name__}). The source may have changed."
        raise FetchFailed(words, url) from None


def never_reached(error: requests.ConnectionError) -> bool:
    """Whether nothing of the request can have arrived."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(
        error, requests.ConnectTimeout | requests.exceptions.ProxyError | requests.exceptions.SSLError
    ) or isinstance(reason, NewConnectionError)


def cause_of(error: BaseException) -> str:
    """What happened at the bottom of it, without the addresses and bytes that such errors carry."""
    while below := error.__cause__ or error.__context__:
        error = below
    match error:
        case ConnectionRefusedError():
            return "the connection was refused"
        case socket.gaierror():
            return "its name is not known; is there a network?"
        case TimeoutError():
            return "it took too long"
        case ConnectionResetError():
            return "the server hung up"
        case IncompleteRead():
            return "it ended too early"
        case OSError(strerror=str(words)) if error.errno:
            return words
        case _:
            return type(error).__name__


def phrase(status: int) -> str:
    """The number and what it means; what the server calls it is its own text."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
