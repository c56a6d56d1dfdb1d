"""One piece, and one source, fails alone: whatever its code raises becomes a sentence, and the rest goes on."""

from __future__ import annotations

import errno
import ssl
from pathlib import Path
from traceback import walk_tb

import duckdb
import requests
import urllib3

from pipelines.refreshing.fetch_failed import FetchFailed, NotAsked
from pipelines.refreshing.redirects import split
from pipelines.refreshing.snapshots import Damaged
from pipelines.source import CheckFailed, Refused, Source, TooLarge

IN_OWN_WORDS = (FetchFailed, Refused, CheckFailed, Damaged, TooLarge)
NETWORK = (requests.RequestException, urllib3.exceptions.HTTPError, ssl.SSLError, ConnectionError, TimeoutError)
"""Most of them are an OSError too: a redirect loop is no full disk."""
MEMORY = (MemoryError, duckdb.OutOfMemoryException)
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EMFILE, errno.ENFILE}
BROKEN = {errno.EROFS, errno.EIO, errno.EACCES, errno.EPERM}
NOT_AS_KNOWN = "the bytes are not as this source has known them"
MOST_PIECES = 20
"""Failed pieces that a message names; of more it gives the number."""
SOURCES = Path(__file__).parents[1] / "sources"


def in_words(error: BaseException, source: Source, what: str = NOT_AS_KNOWN) -> str:
    """Why a piece of this source, or all of it, failed; `what` its own code failed at. Quotes no byte of a reply.

    Raises the error itself where it is nobody's piece: a signal to stop, or a disk that is full or broken.
    """
    if stops_all(error):
        raise error
    kind = type(error).__name__
    if isinstance(error, IN_OWN_WORDS):
        return str(error)
    if isinstance(error, TimeoutError | requests.Timeout):
        return "no answer came in time."
    if isinstance(error, NETWORK):
        return f"the answer breaks the rules of HTTP ({kind})."
    if isinstance(error, MEMORY):
        return "it takes more memory than there is."
    return f"{what} ({kind}). Its format may have changed: {_place(error, source)} needs a look."


def stops_all(error: BaseException) -> bool:
    """Whether it is nobody's own failure: a signal to stop, or a disk that is full or broken."""
    return isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit) or _is_of_the_disk(error)


def each_cause_once(failures: list[FetchFailed]) -> list[str]:
    """A line for each thing that went wrong, however many pieces it went wrong with; what was not asked for ends the
    last."""
    alike: dict[str, list[FetchFailed]] = {}
    for failure in failures:
        if not isinstance(failure, NotAsked):
            alike.setdefault(failure.why, []).append(failure)
    lines = [_in_one_line(same) for same in alike.values()]
    if left := [failure for failure in failures if isinstance(failure, NotAsked)]:
        reasons = " and ".join(dict.fromkeys(failure.why for failure in left))
        rest = f"{len(left):,} {'more ' if lines else ''}pieces were {reasons}. The next refresh asks for them."
        lines[-1:] = [f"{lines[-1]} {rest}" if lines else rest]
    return lines


def _in_one_line(failures: list[FetchFailed]) -> str:
    """One cause, once: an unknown symbol has a piece for each day and kind of price."""
    first, *others = failures
    cause = f"{first.piece}: {first}" if first.piece and first.piece != first.url else str(first)
    paths = ", ".join(one.piece or split(one.url).path for one in others[:MOST_PIECES])
    more = f" and {len(others) - MOST_PIECES:,} more" if len(others) > MOST_PIECES else ""
    return f"{cause} The same goes for {paths}{more}." if others else cause


def _is_of_the_disk(error: BaseException) -> bool:
    if isinstance(error, duckdb.OperationalError | duckdb.FatalException):
        return not isinstance(error, MEMORY)
    return isinstance(error, OSError) and not isinstance(error, (*NETWORK, Damaged)) and error.errno in FULL | BROKEN


def _place(error: BaseException, source: Source) -> str:
    """The innermost line of the sources' code the error came through."""
    lines = [(Path(frame.f_code.co_filename), line) for frame, line in walk_tb(error.__traceback__)]
    inside = [f"pipelines/sources/{file.name}, line {line}," for file, line in lines if file.parent == SOURCES]
    return inside[-1] if inside else f"pipelines/sources/{source.id}.py"
