"""How bytes are asked for: limits per host, retries that respect them, conditional and resumable downloads, ceilings.

Retries are made here and not by urllib3, whose inner retries bypass the rate limiter.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.structures import CaseInsensitiveDict
from requests_ratelimiter import LimiterAdapter

from pipelines.files import Folder
from pipelines.snapshots import Reply
from pipelines.source import Request, Source

USER_AGENT = "Crashday/1.0 (open crash-day dashboard; requests)"
TIMEOUT = (10, 60)
ATTEMPTS = 5
LONGEST_WAIT = 60.0
CHUNK = 1 << 17
AGAIN = {408, 425, 429, 500, 502, 503, 504, 529}
KEPT_HEADERS = ("ETag", "Last-Modified", "Content-Type", "Content-Length", "Date")

Count = Callable[[int], None]


class FetchFailed(RuntimeError):
    """A request that did not succeed: which, why, and what the reader can do."""


class NotThere(FetchFailed):
    """Nothing is published under the address asked for (404)."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(f"{url}: {why}")
        self.path = urlsplit(url).path


class Unavailable(FetchFailed):
    """The server did not answer, or only that it cannot: asking it for something else now is no use either."""


@dataclass
class Client:
    """One source's way to the network. `base` replaces scheme and host of every request, so that a mirror can stand in."""

    source: Source
    partial: Path
    base: str | None = None
    key: str | None = None
    backoff: float = 1.0
    sleep: Callable[[float], None] = time.sleep
    session: requests.Session = field(default_factory=requests.Session)
    unreachable: str | None = None
    """Why the source could not be reached at all: then its other requests of this run fail at once."""

    def __post_init__(self) -> None:
        adapter = LimiterAdapter(per_second=self.source.requests_per_second, per_host=True, max_retries=0)
        self.session.mount("http://", adapter)
        self.session.mount("https://", adapter)
        self.session.mount("file://", Folder())
        self.session.headers["User-Agent"] = USER_AGENT
        self.session.headers["Accept-Encoding"] = "identity"

    def get(self, request: Request, known: Reply | None = None, count: Count = lambda _: None) -> Reply:
        """Fetch one request to a file. With `known`, an unchanged reply comes back as `known` without a body. Raises FetchFailed."""
        url = self.address(request)
        if self.unreachable:
            raise FetchFailed(f"{url}: not asked, since {self.unreachable}. Run the same command again later.")
        # Pieces fetched beside each other may ask for the same URL: each thread has a file of its own.
        asked = f"{url} {sorted(request.params.items())} {request.body} {threading.get_ident()}"
        part = self.partial / hashlib.sha256(asked.encode()).hexdigest()
        part.parent.mkdir(parents=True, exist_ok=True)
        validator: str | None = None
        why, wait = "no attempt was made", 0.0
        for attempt in range(ATTEMPTS):
            if wait:
                self.sleep(wait)
            wait = min(self.backoff * 2**attempt, LONGEST_WAIT)
            have = part.stat().st_size if validator and part.exists() else 0
            try:
                with self._send(url, request, known, have, validator) as response:
                    if response.status_code == 304 and known:
                        return known
                    if response.status_code in AGAIN:
                        why = f"the server answered {response.status_code}"
                        wait = _retry_after(response.headers, wait)
                        continue
                    if response.status_code >= 400:
                        why = f"the server answered {response.status_code} {response.reason}. {_remedy(response.status_code)}"
                        raise NotThere(url, why) if response.status_code == 404 else FetchFailed(f"{url}: {why}")
                    resumed = response.status_code == 206 and have > 0
                    validator = response.headers.get("ETag")
                    digest = self._receive(response, part, resumed, count)
                    return Reply(
                        response.url, response.status_code, _kept(response.headers), digest, part.stat().st_size, part
                    )
            except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
                why = f"the connection broke ({type(error).__name__})"
                if attempt == ATTEMPTS - 1 and not part.exists():
                    self.unreachable = f"{urlsplit(url).netloc} could not be reached ({type(error).__name__})"
        raise Unavailable(
            f"{url}: {why}, {ATTEMPTS} times. What was there before stays; run the same command again later."
        )

    def address(self, request: Request) -> str:
        """The URL to ask, at the mirror where one is set."""
        if self.base is None:
            return request.url
        there, here = urlsplit(request.url), urlsplit(self.base)
        return urlunsplit((here.scheme, here.netloc, here.path.rstrip("/") + there.path, there.query, ""))

    def _send(
        self, url: str, request: Request, known: Reply | None, have: int, validator: str | None
    ) -> requests.Response:
        headers = dict(request.headers)
        if known and (etag := known.headers.get("ETag")):
            headers["If-None-Match"] = etag
        elif known and (modified := known.headers.get("Last-Modified")):
            headers["If-Modified-Since"] = modified
        if have and validator:
            headers |= {"Range": f"bytes={have}-", "If-Range": validator}
        if self.key and self.source.key_header:
            headers[self.source.key_header] = self.key
        method = "POST" if request.body is not None else "GET"
        return self.session.request(
            method, url, params=dict(request.params), json=request.body, headers=headers, timeout=TIMEOUT, stream=True
        )

    def _receive(self, response: requests.Response, part: Path, resumed: bool, count: Count) -> str:
        """Write the body to `part` and return its sha256."""
        ceiling, received = self.source.max_bytes, part.stat().st_size if resumed else 0
        announced = response.headers.get("Content-Length")
        if announced and announced.isdecimal() and received + int(announced) > ceiling:
            raise FetchFailed(
                f"{response.url}: the reply would have {int(announced):,} bytes, more than the {ceiling:,} allowed for {self.source.id}. Nothing was kept."
            )
        with part.open("a+b" if resumed else "w+b") as file:
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256")
            for chunk in response.iter_content(CHUNK):
                received += len(chunk)
                if received > ceiling:
                    raise FetchFailed(
                        f"{response.url}: the reply is larger than the {ceiling:,} bytes allowed for {self.source.id}. Nothing was kept."
                    )
                file.write(chunk)
                digest.update(chunk)
                count(len(chunk))
        return digest.hexdigest()


def _kept(headers: CaseInsensitiveDict[str]) -> dict[str, str]:
    return {name: headers[name] for name in KEPT_HEADERS if name in headers}


def _retry_after(headers: CaseInsensitiveDict[str], otherwise: float) -> float:
    """The pause a server asks for, in seconds or as the moment it ends."""
    given = headers.get("Retry-After", "")
    if given.replace(".", "", 1).isdecimal():
        return min(float(given), LONGEST_WAIT)
    try:
        left = parsedate_to_datetime(given) - datetime.now(UTC)
    except (TypeError, ValueError):
        return otherwise
    return min(max(0.0, left.total_seconds()), LONGEST_WAIT)


def _remedy(status: int) -> str:
    match status:
        case 401 | 403:
            return "Access is refused: a key may be missing or wrong, or this network's country is blocked; a mirror can be set with CRASHDAY_URL_<SOURCE>."
        case 404:
            return (
                "Nothing is published under this address: the symbol is unknown there, or that day has no file (yet)."
            )
        case 451:
            return "Blocked for legal reasons where you are; a mirror can be set with CRASHDAY_URL_<SOURCE>."
        case _:
            return "The request is not accepted; the source may have changed."
