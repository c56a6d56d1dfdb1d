"""What ends a connection, in words: those that are published, and those that only who records here reads."""

from __future__ import annotations

from collections.abc import Iterator

from websockets.exceptions import WebSocketException

from pipelines.refreshing.fetch_failed import FetchFailed

LONGEST_WORDS = 300
"""Signs of an error that are printed: a venue's own words may be a page."""


class NotListening(RuntimeError):
    """A connection that cannot be used: what was asked for is refused, or the line delivers nothing."""


class Rejected(NotListening):
    """The venue refuses what was asked for, in words of its own."""


def published_reason(error: BaseException) -> str:
    """What is published of a failure: words of our own, and nothing that a venue sent."""
    match error:
        case Rejected():
            return "the venue refuses what was asked for"
        case NotListening():
            return str(error)
        case FetchFailed():
            return "the venue's list of contracts cannot be had"
        case OSError() | WebSocketException():
            return f"no connection ({type(error).__name__})"
        case _:
            return f"something that cannot be read ({type(error).__name__})"


def own_words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".removesuffix(": ")[:LONGEST_WORDS]


def each_of(failures: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for failure in failures.exceptions:
        yield from each_of(failure) if isinstance(failure, BaseExceptionGroup) else (failure,)
