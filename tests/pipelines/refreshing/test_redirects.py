"""Where a venue may send us: to itself and to the hosts its source names, with our keys for it alone."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.refreshing.fetch_failed import FetchFailed
from pipelines.refreshing.http import Client
from pipelines.refreshing.redirects import Astray, target
from pipelines.source import Request
from tests.pipelines.refreshing.test_http import BODY, client, source
from tests.replay.server import Fault, Replay, Route, serve

VENUE = "https://venue.example/a"
ASKED = Request(VENUE)

NEVER = {
    "a file": "file:///proc/self/environ",
    "a file of this host": "file://localhost/etc/passwd",
    "this machine": "http://127.0.0.1/",
    "this machine by name": "http://localhost:22/",
    "this machine in version 6": "http://[::1]/",
    "what hands out keys in a cloud": "http://169.254.169.254/latest/meta-data/",
    "a private network": "http://10.0.0.8/",
    "gopher": "gopher://venue.example/",
    "ftp": "ftp://venue.example/a",
    "a script": "javascript:alert(1)",
    "a port there is not": "https://venue.example:99999/",
    "a host with a NUL": "https://%00/",
    "a host with an empty label": "http://a..b/",
    "half an address": "http://[::1",
    "another host": "https://elsewhere.example/",
    "a host that looks alike": "https://venue.example.elsewhere.example/",
    "a user's name that looks alike": "https://venue.example@elsewhere.example/",
    "a user's name": "https://someone@venue.example/",
    "a backslash": "https://elsewhere.example\\@venue.example/",
    "a line end": "https://venue.example/a\r\nX: 1",
    "another port": "https://venue.example:8443/",
    "no TLS": "http://venue.example/",
    "no scheme, another host": "//elsewhere.example/",
}


@pytest.mark.parametrize("location", NEVER.values(), ids=NEVER)
def test_a_redirect_to_it_is_not_followed(location: str) -> None:
    with pytest.raises(Astray) as astray:
        target(VENUE, location, VENUE, ())
    assert "elsewhere" not in str(astray.value) and "127" not in str(astray.value)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """The addresses that names lead to."""
    known = {"venue.example": "93.184.215.14", "files.example": "2606:2800:21f:cb07:6820:80da:af6b:8b2c"}

    def found(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        if host not in known:
            raise socket.gaierror
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (known[host], 0))]

    monkeypatch.setattr("socket.getaddrinfo", found)
    yield known


@pytest.mark.parametrize(
    ("location", "there"),
    [
        ("/b", "https://venue.example/b"),
        ("b?c=1", "https://venue.example/b?c=1"),
        ("https://VENUE.example/b", "https://VENUE.example/b"),
        ("https://files.example/b", "https://files.example/b"),
    ],
)
def test_the_venue_and_the_hosts_its_source_names_are_followed(
    names: dict[str, str], location: str, there: str
) -> None:
    assert target(VENUE, location, VENUE, ("files.example",)) == there


def test_a_better_line_to_the_same_host_is_followed(names: dict[str, str]) -> None:
    assert target("http://venue.example/a", "https://venue.example/a", "http://venue.example/a", ()) == VENUE


@pytest.mark.parametrize(
    "inside", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:10.0.0.1", "fe80::1%eth0"]
)
def test_a_name_that_leads_inside_is_not_followed(names: dict[str, str], inside: str) -> None:
    names["files.example"] = inside
    with pytest.raises(Astray, match="inside this network"):
        target(VENUE, "https://files.example/b", VENUE, ("files.example",))


def test_a_mirror_on_this_machine_may_lead_to_itself_alone() -> None:
    mirror = "http://127.0.0.1:8000/a"
    assert target(mirror, "/b", mirror, ()) == "http://127.0.0.1:8000/b"
    for other in ("http://127.0.0.1:8001/", "http://127.0.0.1/", "http://[::1]:8000/", "http://localhost:8000/"):
        with pytest.raises(Astray):
            target(mirror, other, mirror, ())


def redirecting(location: str, status: int = 302) -> Fault:
    return Fault("status", -1, status, headers={"Location": location})


@pytest.mark.parametrize("location", NEVER.values(), ids=NEVER)
def test_a_server_that_redirects_there_gets_a_named_failure(
    tmp_path: Path, location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over HTTP, and `file:` too: nothing is read, nothing is kept."""
    monkeypatch.setenv("CRASHDAY_KEY_COINALYZE", "sk-live")
    with (
        serve(Route("/a", BODY, fault=redirecting(location.replace("\r\n", "%0d%0a")))) as replay,
        pytest.raises(
            FetchFailed, match=r"^https://venue\.example/a: the server redirects .*, which is not followed\.$"
        ),
    ):
        client(replay, tmp_path).get(ASKED)
    assert len(replay.log) == 1
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_on_the_same_host_is_followed_to_the_reply(tmp_path: Path, status: int) -> None:
    with serve(Route("/a", b"", fault=redirecting("/b?c=1", status)), Route("/b", BODY, {"c": "1"})) as replay:
        reply = client(replay, tmp_path).get(ASKED)
    assert reply.url == VENUE and reply.path is not None and reply.path.read_bytes() == BODY


def test_the_body_of_a_redirect_is_not_waited_for(tmp_path: Path) -> None:
    endless = Fault("raw", -1, body=b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 99999999999\r\n\r\n")
    with serve(Route("/a", b"", fault=endless), Route("/b", BODY)) as replay:
        assert client(replay, tmp_path).get(ASKED).size == len(BODY)


def test_a_redirect_loop_is_named_as_one(tmp_path: Path) -> None:
    with (
        serve(Route("/a", b"", fault=redirecting("/b")), Route("/b", b"", fault=redirecting("/a"))) as replay,
        pytest.raises(FetchFailed, match="redirects more than 5 times"),
    ):
        client(replay, tmp_path).get(ASKED)
    assert len(replay.log) == 6


@pytest.fixture
def elsewhere() -> Iterator[Replay]:
    with serve(Route("/b", BODY)) as other:
        yield other


def test_a_key_goes_to_the_host_it_is_for(tmp_path: Path, elsewhere: Replay, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where a source's archive host is followed, it is not shown the key nor the mirror's password."""
    monkeypatch.setattr(
        "pipelines.refreshing.http.target", lambda *_: f"{elsewhere.base.replace('127.0.0.1', 'localhost')}/b"
    )
    with serve(Route("/a", b"", fault=redirecting("/b"))) as replay:
        base = replay.base.replace("http://", "http://reader:s3cr3t@")
        asking = Client(source(key_header="api_key"), tmp_path, base, key="sk-live")
        assert asking.get(ASKED).size == len(BODY)
        (asked,), (followed,) = replay.log, elsewhere.log
    assert asked[2]["api_key"] == "sk-live" and asked[2]["Authorization"].startswith("Basic ")
    assert not {"sk-live", "s3cr3t"} & set(followed[2].values()) and "Authorization" not in followed[2]
    assert "sk-live" not in json.dumps(followed)


def test_a_key_does_not_leave_for_another_host(tmp_path: Path, elsewhere: Replay) -> None:
    with serve(Route("/a", b"", fault=redirecting(f"{elsewhere.base}/b"))) as replay:
        asking = Client(source(key_header="api_key"), tmp_path, replay.base, key="sk-live")
        with pytest.raises(FetchFailed, match="another place than the host that was asked"):
            asking.get(ASKED)
    assert elsewhere.log == []
