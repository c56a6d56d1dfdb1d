"""What a host may cost: turns, pauses, time, bytes; and what an odd answer of it says."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from pipelines.refreshing.fetch_failed import FetchFailed, NoAccess, NotAsked, Unavailable
from pipelines.refreshing.http import ATTEMPTS, Client
from pipelines.refreshing.replies import CHUNK
from pipelines.source import Request
from tests.pipelines.refreshing.test_http import ASKED, BODY, client, source
from tests.replay.server import Fault, Route, serve


@pytest.mark.parametrize("status", [401, 403, 451])
def test_a_venue_that_gives_no_access_three_times_in_a_row_is_left(tmp_path: Path, status: int) -> None:
    with serve(Route("/good", BODY)) as replay:
        asking = Client(source(), tmp_path)
        replay.routes += [Route(f"/{number}", BODY, fault=Fault("status", -1, status)) for number in range(4)]
        for path in ("0", "1", "good", "0", "1", "2"):
            if path == "good":
                asking.get(Request(f"{replay.base}/good"))
                continue
            with pytest.raises(NoAccess, match="Blocked here or no access"):
                asking.get(Request(f"{replay.base}/{path}"))
        with pytest.raises(NotAsked, match="since it gives no access"):
            asking.get(Request(f"{replay.base}/3"))
        assert len(replay.log) == 6
        replay.log.clear()
        with pytest.raises(NoAccess):
            asking.get(Request(f"{replay.base.replace('127.0.0.1', 'localhost')}/1"))
        assert len(replay.log) == 1, "another host of the same source is another matter"


class Passing:
    """A clock of which each look takes some seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.now = seconds, 0.0

    def __call__(self) -> float:
        self.now += self.seconds
        return self.now


def test_a_reply_that_drips_is_left_at_its_deadline(tmp_path: Path) -> None:
    with serve(Route("/a", BODY[:1_000], fault=Fault("drip", -1))) as replay:
        asking = client(replay, tmp_path, Passing(50))
        with pytest.raises(Unavailable, match=r"not whole after 120 s"):
            asking.get(ASKED)
    assert len(replay.log) == 1


def test_a_head_that_drips_is_left_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.refreshing.lines.HEAD_SECONDS", 0.2)
    head = b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 500 + b"\r\nContent-Length: 0\r\n\r\n"
    with (
        serve(Route("/a", b"", fault=Fault("drip raw", -1, body=head))) as replay,
        pytest.raises(Unavailable, match="no answer came in time, 5 times"),
    ):
        client(replay, tmp_path).get(ASKED)
    assert len(replay.log) == ATTEMPTS


def test_a_source_has_an_hour_and_what_is_left_is_for_the_next_refresh(tmp_path: Path) -> None:
    with serve(Route("/a", BODY)) as replay:
        asking = client(replay, tmp_path, Passing(700))
        for _ in range(20):
            try:
                asking.get(ASKED)
            except FetchFailed as failed:
                last = failed
        assert isinstance(last, NotAsked) and "the 60 minutes for test are over" in str(last)
        assert 0 < len(replay.log) < 6


@pytest.mark.parametrize("given", ["61", "999999", "9" * 400, "Wed, 21 Oct 2199 07:28:00 GMT"])
def test_a_longretry_after_is_obeyed_by_leaving(tmp_path: Path, given: str) -> None:
    fault = Fault("status", -1, 429, headers={"Retry-After": given})
    with serve(Route("/a", BODY, fault=fault)) as replay:
        asking = client(replay, tmp_path)
        with pytest.raises(Unavailable, match="429 and is to be left alone for"):
            asking.get(ASKED)
    assert asking.pauses == [] and len(replay.log) == 1


def test_pauses_end_with_the_time_of_the_source(tmp_path: Path) -> None:
    fault = Fault("status", -1, 503, headers={"Retry-After": "59"})
    with serve(Route("/a", BODY, fault=fault)) as replay:
        asking = client(replay, tmp_path, Passing(1_500))
        with pytest.raises(FetchFailed):
            asking.get(ASKED)
    assert len(asking.pauses) < 2


def raw(head: str, body: bytes = b"") -> Fault:
    return Fault("raw", -1, body=f"HTTP/1.1 {head}\r\nConnection: close\r\n\r\n".encode() + body)


SECRET = b"CRASHDAY_KEY_X=sk-live-0123456789"
ODD = {
    "gzip that is none": (raw("200 OK\r\nContent-Encoding: gzip", SECRET), "not packed the way it says"),
    "gzip cut": (raw("200 OK\r\nContent-Encoding: gzip", gzip.compress(BODY)[:-9]), "ended too early, 5 times"),
    "packed unasked": (raw("200 OK\r\nContent-Encoding: br", SECRET), "packed in a way nobody asked for"),
    "two lengths": (raw("200 OK\r\nContent-Length: 3\r\nContent-Length: 5", SECRET), "the answer no HTTP"),
    "a length of 5,000 digits": (raw(f"200 OK\r\nContent-Length: {'9' * 5000}", SECRET), "larger than"),
    "a part unasked": (raw("206 Partial Content\r\nContent-Length: 33", SECRET), "another part than was asked for"),
    "no HTTP": (Fault("raw", -1, body=SECRET), "the connection broke"),
    "half a chunk": (raw("200 OK\r\nTransfer-Encoding: chunked", b"ffff\r\nabc"), "the connection broke"),
    "a chunk of no size": (raw("200 OK\r\nTransfer-Encoding: chunked", b"zz\r\n" + SECRET), "the connection broke"),
    "300 headers": (raw("200 OK\r\n" + "\r\n".join(f"X{n}: 1" for n in range(300))), "the connection broke"),
    "its own words": (raw(f"403 {SECRET.decode()}"), "403 Forbidden"),
}


@pytest.mark.parametrize(("fault", "words"), ODD.values(), ids=ODD)
def test_an_odd_answer_is_a_named_failure_that_quotes_nothing(tmp_path: Path, fault: Fault, words: str) -> None:
    with (
        serve(Route("/a", BODY, fault=fault)) as replay,
        pytest.raises(FetchFailed, match=words) as failed,
    ):
        client(replay, tmp_path).get(ASKED)
    assert "sk-live" not in str(failed.value) and "127.0.0.1" not in str(failed.value)


@pytest.mark.parametrize("base", ["http://a..b", "http://[::1", "http://h:99999", "venue", "gopher://x", "http://%00/"])
def test_a_mirror_that_is_no_address_is_a_failure_of_its_source(tmp_path: Path, base: str) -> None:
    with pytest.raises(FetchFailed):
        Client(source(), tmp_path, base, sleep=lambda _: None).get(ASKED)


def test_what_is_sent_packed_is_unpacked_within_the_ceiling(tmp_path: Path) -> None:
    body = gzip.compress(BODY[:4_000]) + gzip.compress(BODY[4_000:])
    with serve(Route("/a", b"", fault=raw("200 OK\r\nContent-Encoding: gzip", body))) as replay:
        reply = client(replay, tmp_path).get(ASKED)
        assert reply.path is not None and reply.path.read_bytes() == BODY
        bomb = gzip.compress(bytes(200 << 20))
        replay.routes[0].fault = raw("200 OK\r\nContent-Encoding: gzip", bomb)
        seen: list[int] = []
        with pytest.raises(FetchFailed, match="larger than the 1,048,576 bytes"):
            client(replay, tmp_path, max_bytes=1 << 20).get(ASKED, count=seen.append)
        assert max(seen) <= CHUNK and sum(seen) <= 1 << 20
        replay.routes[0].fault = raw("200 OK\r\nContent-Encoding: gzip", gzip.compress(b"") * 100_000)
        with pytest.raises(FetchFailed, match="larger than the 1,000,000 bytes"):
            client(replay, tmp_path, max_bytes=1_000_000).get(ASKED)


def test_a_rest_that_does_not_begin_where_ours_broke_is_not_joined_to_it(tmp_path: Path) -> None:
    with serve(Route("/a", BODY, fault=Fault("reset", 1))) as replay:
        asking = client(replay, tmp_path)
        sleep = asking.sleep

        def another_part(pause: float) -> None:
            replay.routes[0].fault = raw(f"206 Partial Content\r\nContent-Length: {len(SECRET)}", SECRET)
            replay.routes[0].fault.times = 1
            asking.sleep = sleep

        asking.sleep = another_part
        reply = asking.get(ASKED)
    assert reply.path is not None and reply.path.read_bytes() == BODY
    assert [("Range" in headers) for _, _, headers in replay.log] == [False, True, False]
