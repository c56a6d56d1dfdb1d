"""How bytes are asked for: limits per host, retries that respect them, conditional and resumable downloads,
ceilings of size and time.

Retries and redirects are made here and not by urllib3 and requests: theirs bypass the rate limiter, and lead anywhere.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit, urlunsplit

import requests

from pipelines.refreshing.fetch_failed import (
    FetchFailed,
    NoAccess,
    NotAsked,
    NotThere,
    Passing,
    Unavailable,
    asking,
    cause_of,
    never_reached,
    phrase,
)
from pipelines.refreshing.file_urls import Folder
from pipelines.refreshing.lines import Direct, Paced
from pipelines.refreshing.redirects import Astray, split, target
from pipelines.refreshing.replies import conditions, is_rest, retry_after, unpacked
from pipelines.refreshing.snapshots import Reply
from pipelines.source import Request, Source

USER_AGENT = "Crashday/1.0 (open crash-day dashboard; requests)"
TIMEOUT = (10, 60)
"""Seconds for the connection, and between two parts of a reply."""
ATTEMPTS = 5
"""Tries of a request that may succeed later; the pauses between them double."""
PATIENCE = 3
"""Requests in a row that a host may refuse or leave unanswered before it is left for this run."""
LONGEST_WAIT = 60.0
"""Seconds between two tries: a server that asks for more is left for the next refresh."""
REPLY_SECONDS, SOURCE_SECONDS = 120.0, 3600.0
"""For one reply, and for all that a source is asked for in one run, pauses included: no source holds up the others."""
ARCHIVES = 10, 3
"""How many times as long an archive of many megabytes, and a source of such archives, may take."""
MOST_REDIRECTS = 5
AGAIN = {408, 425, 429, 500, 502, 503, 504, 529}
"""Statuses that pass by themselves; 529 means overloaded."""
NO_ACCESS = {401, 403, 407, 451}
"""Statuses of a venue that does not answer us: asking for something else is no use either."""
PARTIAL = 206
KEPT_HEADERS = ("ETag", "Last-Modified", "Content-Type", "Content-Length", "Date")
"""What the index keeps of a reply: to ask only for what is new, and to say when it was sent."""
LATER = "What was there before stays; run the same command again later."

Count = Callable[[int], None]


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

    def get(self, request: Request, before: Reply | None = None, count: Count = lambda _: None) -> Reply:
        """Fetch one request to a file. With `before`, an unchanged reply comes back as `before` without a body.
        Raises FetchFailed."""
        with asking(urldefrag(request.url).url):
            url = requests.Request("GET", urldefrag(request.url).url, params=dict(request.params)).prepare().url or ""
            host = self._hosts.setdefault(urlsplit(self._address(url)[0]).netloc, Host())
        try:
            reply = self._tried(url, host, request, before, count)
        except (NoAccess, Unavailable) as failure:
            host.failures += 1
            if host.failures >= PATIENCE and not host.left:
                refused = isinstance(failure, NoAccess)
                host.left = "it gives no access" if refused else "it does not answer"
            raise
        host.failures = 0
        return reply

    def _tried(self, url: str, host: Host, request: Request, before: Reply | None, count: Count) -> Reply:
        # Pieces fetched beside each other may ask for the same URL: each thread has a file of its own.
        asked = f"{url} {request.body} {threading.get_ident()}"
        part = self.partial / hashlib.sha256(asked.encode()).hexdigest()
        part.parent.mkdir(parents=True, exist_ok=True)
        validator: str | None = None
        why = ""
        for attempt in range(ATTEMPTS):
            have = part.stat().st_size if validator and part.exists() else 0
            try:
                with self._answer(url, host, request, conditions(before, have, validator)) as response:
                    if response.status_code == HTTPStatus.NOT_MODIFIED and before:
                        return replace(before, url=url)
                    self._judge(url, response)
                    if response.status_code == PARTIAL and not is_rest(response, have):
                        validator = None
                        raise Passing("the server sent another part than was asked for")
                    # Of a packed reply no part can be asked for by how much of it there is unpacked.
                    validator = None if response.headers.get("Content-Encoding") else response.headers.get("ETag")
                    digest = self._receive(url, response, part, have, count)
                    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
                    return Reply(url, response.status_code, headers, digest, part.stat().st_size, part)
            except Passing as passing:
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
                    with asking(url):
                        response = self._sent(session, url, request, conditions)
                except requests.ConnectionError as error:
                    if not never_reached(error):
                        raise Passing(f"the connection broke ({cause_of(error)})") from None
                    cause = cause_of(error)
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
        """Raises FetchFailed or Passing where the status is not that of a reply."""
        status = response.status_code
        if status in AGAIN:
            raise Passing(f"the server answered {status}", retry_after(response.headers))
        if not 200 <= status < 300:
            kind = NotThere if status == 404 else NoAccess if status in NO_ACCESS else FetchFailed
            raise kind(f"the server answered {phrase(status)}. {self._remedy(status)}", url)

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
            for chunk in unpacked(response, url):
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
