"""How bytes are asked for: limits per host, retries that respect them, conditional and resumable downloads,
ceilings of size and time.

Retries and redirects are made here and not by urllib3 and requests: theirs bypass the rate limiter, and lead anywhere.
Whoever reads of a reply reads the venue's own address and our words: what a mirror is called,
and what a server sent, stays here.
"""

from __future__ import annotations

import hashlib
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.client import HTTPException, IncompleteRead
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit, urlunsplit

import requests
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import HTTPError, NewConnectionError

from pipelines.refreshing.file_urls import Folder
from pipelines.refreshing.lines import Direct, Paced
from pipelines.refreshing.redirects import Astray, split, target
from pipelines.refreshing.snapshots import Reply
from pipelines.source import Request, Source

USER_AGENT = "Crashday/1.0 (open crash-day dashboard; requests)"
TIMEOUT = (10, 60)
ATTEMPTS = 5
PATIENCE = 3
"""Requests in a row that a host may refuse or leave unanswered before it is left for this run."""
LONGEST_WAIT = 60.0
REPLY_SECONDS, SOURCE_SECONDS = 120.0, 3600.0
"""For one reply, and for all that a source is asked for in one run, pauses included."""
ARCHIVES = 10, 3
"""How many times as long an archive of many megabytes, and a source of such archives, may take."""
MOST_REDIRECTS = 5
CHUNK = 1 << 17
AGAIN = {408, 425, 429, 500, 502, 503, 504, 529}
NO_ACCESS = {401, 403, 407, 451}
PARTIAL = 206
KEPT_HEADERS = ("ETag", "Last-Modified", "Content-Type", "Content-Length", "Date")
LATER = "What was there before stays; run the same command again later."

Count = Callable[[int], None]


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


class _Passing(Exception):
    """Worth another try, after the pause that was asked for if one was."""

    def __init__(self, why: str, pause: float | None = None) -> None:
        super().__init__(why)
        self.pause = pause


class _Session(requests.Session):
    """Leaves redirects alone: even where they are not followed,
    requests reads their whole body and works out where they lead."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        return None


@dataclass
class Host:
    """What this run has learnt of a host."""

    first: threading.Lock = field(default_factory=threading.Lock)
    """Until it has answered once, it is asked for one thing at a time: where there is no way to it,
    nobody waits for a turn."""
    answered: bool = False
    failures: int = 0
    """In a row."""
    left: str | None = None
    """Why it is not asked any more."""


@dataclass
class Client:
    """One source's way to the network, for one run. `base` replaces scheme and host of every request,
    so that a mirror can stand in."""

    source: Source
    partial: Path
    base: str | None = field(default=None, repr=False)
    key: str | None = field(default=None, repr=False)
    backoff: float = 1.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    """Seconds that only pass; deadlines are measured by it."""
    inbox: Path | None = None
    """Where the recorder leaves what it kept: the files that a request may name as they are."""

    def __post_init__(self) -> None:
        reply, whole = ARCHIVES if self.source.heavy else (1, 1)
        self._reply_seconds = REPLY_SECONDS * reply
        self._minutes = round(SOURCE_SECONDS * whole / 60)
        self._ends = self.clock() + SOURCE_SECONDS * whole
        self._hosts: dict[str, Host] = {}
        self._session = self._opened(Paced(per_second=self.source.requests_per_second, per_host=True, max_retries=0))
        self._unpaced = self._opened(Direct(max_retries=0))

    def get(self, request: Request, known: Reply | None = None, count: Count = lambda _: None) -> Reply:
        """Fetch one request to a file. With `known`, an unchanged reply comes back as `known` without a body.
        Raises FetchFailed."""
        with _in_words(urldefrag(request.url).url):
            url = requests.Request("GET", urldefrag(request.url).url, params=dict(request.params)).prepare().url or ""
            host = self._hosts.setdefault(urlsplit(self._address(url)[0]).netloc, Host())
        try:
            reply = self._tried(url, host, request, known, count)
        except (NoAccess, Unavailable) as failure:
            host.failures += 1
            if host.failures >= PATIENCE and not host.left:
                refused = isinstance(failure, NoAccess)
                host.left = "it gives no access" if refused else "it does not answer"
            raise
        host.failures = 0
        return reply

    def _tried(self, url: str, host: Host, request: Request, known: Reply | None, count: Count) -> Reply:
        # Pieces fetched beside each other may ask for the same URL: each thread has a file of its own.
        asked = f"{url} {request.body} {threading.get_ident()}"
        part = self.partial / hashlib.sha256(asked.encode()).hexdigest()
        part.parent.mkdir(parents=True, exist_ok=True)
        validator: str | None = None
        why = ""
        for attempt in range(ATTEMPTS):
            have = part.stat().st_size if validator and part.exists() else 0
            try:
                with self._answer(url, host, request, _conditions(known, have, validator)) as response:
                    if response.status_code == HTTPStatus.NOT_MODIFIED and known:
                        return replace(known, url=url)
                    self._judge(url, response)
                    if response.status_code == PARTIAL and not _is_rest(response, have):
                        validator = None
                        raise _Passing("the server sent another part than was asked for")
                    # Of a packed reply no part can be asked for by how much of it there is unpacked.
                    validator = None if response.headers.get("Content-Encoding") else response.headers.get("ETag")
                    digest = self._receive(url, response, part, have, count)
                    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
                    return Reply(url, response.status_code, headers, digest, part.stat().st_size, part)
            except _Passing as passing:
                why, pause = str(passing), passing.pause
            if attempt < ATTEMPTS - 1:
                self._wait(url, why, min(self.backoff * 2**attempt, LONGEST_WAIT) if pause is None else pause)
        raise Unavailable(f"{why}, {ATTEMPTS} times. {LATER}", url)

    def _wait(self, url: str, why: str, pause: float) -> None:
        if pause > LONGEST_WAIT or self.clock() + pause > self._ends:
            raise Unavailable(f"{why} and is to be left alone for {pause:,.0f} s. {LATER}", url)
        if pause:
            self.sleep(pause)

    def _answer(self, url: str, host: Host, request: Request, conditions: Mapping[str, str]) -> requests.Response:
        """The head of an answer, its body not yet read. A host there is no way to is tried once more, at once,
        and then left."""
        with nullcontext() if host.answered else host.first:
            for session in (self._session, self._unpaced):
                if host.left:
                    raise NotAsked(f"not asked for, since {host.left}", url)
                if self.clock() > self._ends:
                    raise NotAsked(
                        f"not asked for, since the {self._minutes} minutes for {self.source.id} are over", url
                    )
                try:
                    with _in_words(url):
                        response = self._sent(session, url, request, conditions)
                except requests.ConnectionError as error:
                    if not _never_reached(error):
                        raise _Passing(f"the connection broke ({_cause(error)})") from None
                    cause = _cause(error)
                else:
                    host.answered = True
                    return response
            host.left = "it could not be reached"
        mirror = f"the mirror in CRASHDAY_URL_{self.source.id.upper()} " if self.base else ""
        raise Unavailable(f"{mirror}could not be reached ({cause}). {LATER}", url)

    def _sent(
        self, session: requests.Session, url: str, request: Request, conditions: Mapping[str, str]
    ) -> requests.Response:
        """The answer to a request, redirects followed where they may lead."""
        first, auth = self._address(url)
        here = first
        key = {self.source.key_header: self.key} if self.key and self.source.key_header else {}
        for _ in range(MOST_REDIRECTS + 1):
            # What opens a door is shown to the host it was given for.
            own = urlsplit(here).hostname == urlsplit(first).hostname
            response = session.request(
                "GET" if request.body is None else "POST",
                here,
                json=request.body,
                headers={**request.headers, **conditions, **(key if own else {})},
                auth=auth if own else None,
                timeout=TIMEOUT,
                stream=True,
                allow_redirects=False,
            )
            if not response.is_redirect:
                return response
            response.close()
            here = target(here, response.headers["Location"], first, () if self.base else self.source.hosts)
        raise Astray(f"more than {MOST_REDIRECTS} times")

    def _address(self, url: str) -> tuple[str, tuple[str, str] | None]:
        """Where to ask for a URL, the mirror where one is set, and what to log in with there."""
        if self.base is None:
            return url, None
        there, here = urlsplit(url), urlsplit(self.base)
        user, at, place = here.netloc.rpartition("@")
        name, _, password = user.partition(":")
        query = there.query if here.scheme != "file" else ""
        address = urlunsplit((here.scheme, place, here.path.rstrip("/") + there.path, query, ""))
        return address, (unquote(name), unquote(password)) if at else None

    def _opened(self, adapter: Direct) -> requests.Session:
        """A session that knows the web, and no file but those of the one folder that stands in for it."""
        session = _Session()
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        if self.base and self.base.startswith("file:"):
            session.mount("file://", Folder(Path(unquote(split(self.base).path))))
        elif self.inbox:
            session.mount("file://", Folder(self.inbox))
        session.headers["User-Agent"] = USER_AGENT
        session.headers["Accept-Encoding"] = "identity"
        return session

    def _judge(self, url: str, response: requests.Response) -> None:
        """Raises FetchFailed or _Passing where the status is not that of a reply."""
        status = response.status_code
        if status in AGAIN:
            raise _Passing(f"the server answered {status}", _retry_after(response.headers))
        if not 200 <= status < 300:
            kind = NotThere if status == 404 else NoAccess if status in NO_ACCESS else FetchFailed
            raise kind(f"the server answered {_phrase(status)}. {self._remedy(status)}", url)

    def _receive(self, url: str, response: requests.Response, part: Path, have: int, count: Count) -> str:
        """Write the body to `part` and return its sha256."""
        until = min(self.clock() + self._reply_seconds, self._ends)
        resumed = response.status_code == PARTIAL
        ceiling, received = self.source.max_bytes, have if resumed else 0
        announced = response.headers.get("Content-Length", "")
        if announced.isdecimal() and received + float(announced) > ceiling:
            raise FetchFailed(f"the reply is larger than the {ceiling:,} bytes allowed. Nothing was kept.", url)
        with part.open("a+b" if resumed else "w+b") as file:
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256")
            for chunk in _body(response, url):
                received += len(chunk)
                if max(received, response.raw.tell()) > ceiling:
                    raise FetchFailed(f"the reply is larger than the {ceiling:,} bytes allowed. Nothing was kept.", url)
                if self.clock() > until:
                    raise Unavailable(f"the reply was not whole after {self._reply_seconds:,.0f} s. {LATER}", url)
                file.write(chunk)
                digest.update(chunk)
                count(len(chunk))
        return digest.hexdigest()

    def _remedy(self, status: int) -> str:
        mirror = f"a mirror can be set with CRASHDAY_URL_{self.source.id.upper()}"
        match status:
            case 401 | 403 | 407:
                key = "a key may be missing or wrong, or " if self.source.key_header else ""
                return f"Blocked here or no access: {key}this network or its country is shut out; {mirror}."
            case 404:
                return (
                    "Nothing is published under this address: the symbol is unknown there, "
                    "or that day has no file (yet)."
                )
            case 451:
                return f"Blocked here or no access, for legal reasons; {mirror}."
            case _:
                return "The request is not accepted; the source may have changed."


def _conditions(known: Reply | None, have: int, validator: str | None) -> dict[str, str]:
    """Headers that ask for what is new, or for what is missing."""
    headers: dict[str, str] = {}
    if known and (etag := known.headers.get("ETag")):
        headers["If-None-Match"] = etag
    elif known and (modified := known.headers.get("Last-Modified")):
        headers["If-Modified-Since"] = modified
    if have and validator:
        headers |= {"Range": f"bytes={have}-", "If-Range": validator}
    return headers


def _is_rest(response: requests.Response, have: int) -> bool:
    """Whether a partial reply begins where ours broke."""
    return have > 0 and response.headers.get("Content-Range", "").startswith(f"bytes {have}-")


def _body(response: requests.Response, url: str) -> Iterator[bytes]:
    """The bytes of a reply as they come, unpacked where they were sent packed. Raises FetchFailed, _Passing."""
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
        raise _Passing(f"the connection broke ({_cause(error)})") from None


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
        raise _Passing("the packed reply ended too early")


@contextmanager
def _in_words(url: str) -> Iterator[None]:
    """Around what asks: whatever it raises but a broken connection becomes FetchFailed,
    and quotes nothing that was sent."""
    try:
        yield
    except Astray as astray:
        raise FetchFailed(f"the server redirects {astray}, which is not followed.", url) from None
    except requests.Timeout as error:
        if isinstance(error, requests.ConnectionError):
            raise
        raise _Passing("no answer came in time") from None
    except requests.ConnectionError:
        raise
    except (requests.RequestException, HTTPError, ValueError, OSError) as error:
        words = f"this is no address, or the answer no HTTP ({type(error).__name__}). The source may have changed."
        raise FetchFailed(words, url) from None


def _never_reached(error: requests.ConnectionError) -> bool:
    """Whether nothing of the request can have arrived."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(
        error, requests.ConnectTimeout | requests.exceptions.ProxyError | requests.exceptions.SSLError
    ) or isinstance(reason, NewConnectionError)


def _cause(error: BaseException) -> str:
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


def _phrase(status: int) -> str:
    """The number and what it means; what the server calls it is its own text."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _retry_after(headers: CaseInsensitiveDict[str]) -> float | None:
    """The pause a server asks for, in seconds or as the moment it ends."""
    given = headers.get("Retry-After", "")
    try:
        return max(0.0, float(given) if given[:1].isdecimal() else _until(parsedate_to_datetime(given)))
    except (TypeError, ValueError, OverflowError):
        return None


def _until(moment: datetime) -> float:
    return (moment - datetime.now(UTC)).total_seconds()
