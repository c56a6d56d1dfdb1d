"""The way to the network: what is retried, what is resumed, what is refused."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from threading import Barrier

import pytest
from requests.structures import CaseInsensitiveDict
from requests_ratelimiter import LimiterMixin

from pipelines.refreshing.fetch_failed import FetchFailed, NotAsked, Unavailable
from pipelines.refreshing.http import ATTEMPTS, Client
from pipelines.refreshing.replies import retry_after
from pipelines.source import Request, Source
from tests.replay.server import Fault, Replay, Route, serve

BODY = bytes(range(256)) * 4096


def source(**more: object) -> Source:
    plain = {
        "id": "test",
        "publisher": "",
        "dataset": "",
        "url": "",
        "licence": "",
        "method": "",
        "tables": (),
        "span": "",
        "resolution": "",
    }
    return Source(**plain | {"requests_per_second": 1000} | more)


def client(replay: Replay, folder: Path, clock: Callable[[], float] = time.monotonic, **more: object) -> Client:
    pauses: list[float] = []
    made = Client(source(**more), folder, replay.base, backoff=1.0, sleep=pauses.append, clock=clock)
    made.pauses = pauses
    return made


ASKED = Request("https://venue.example/a", {"symbol": "BTC"})


def test_a_mirror_stands_in_for_scheme_and_host(tmp_path: Path) -> None:
    with serve(Route("/a", BODY)) as replay:
        reply = client(replay, tmp_path).get(ASKED)
    assert reply.url == "https://venue.example/a?symbol=BTC", "the mirror's name is nobody's business"
    assert reply.path is not None and reply.path.read_bytes() == BODY
    assert "Crashday" in replay.log[0][2]["User-Agent"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_passing_refusals_are_tried_again_after_what_the_server_asks(tmp_path: Path, status: int) -> None:
    with serve(Route("/a", BODY, fault=Fault("status", 2, status))) as replay:
        asking = client(replay, tmp_path)
        assert asking.get(ASKED).size == len(BODY)
    assert len(replay.log) == 3
    assert asking.pauses == []  # Retry-After: 0


def test_a_server_may_also_name_the_moment_from_which_to_ask_again() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    pauses = {
        text: retry_after(CaseInsensitiveDict({"retry-after": text}))
        for text in ("2.5", later, "soon", "", "Wed, 21 Oct 2015 07:28:00 GMT")
    }
    assert 3500 < (pauses.pop(later) or 0) <= 3600
    assert pauses == {"2.5": 2.5, "soon": None, "": None, "Wed, 21 Oct 2015 07:28:00 GMT": 0.0}


def test_lasting_refusals_end_with_cause_and_remedy(tmp_path: Path) -> None:
    with (
        serve(Route("/a", BODY, fault=Fault("status", -1, 503))) as replay,
        pytest.raises(FetchFailed, match=r"503, 5 times.*run the same command again"),
    ):
        client(replay, tmp_path).get(ASKED)
    assert len(replay.log) == ATTEMPTS


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (404, "symbol is unknown"),
        (403, "Blocked here or no access"),
        (451, "legal reasons"),
        (400, "not accepted"),
        (304, "304 Not Modified"),
        (999, "answered 999"),
    ],
)
def test_final_refusals_are_not_tried_again(tmp_path: Path, status: int, words: str) -> None:
    with serve(Route("/a", BODY, fault=Fault("status", -1, status))) as replay, pytest.raises(FetchFailed, match=words):
        client(replay, tmp_path).get(ASKED)
    assert len(replay.log) == 1


def test_a_broken_download_goes_on_where_it_broke(tmp_path: Path) -> None:
    with serve(Route("/a", BODY, fault=Fault("reset", 1))) as replay:
        reply = client(replay, tmp_path).get(ASKED)
        assert reply.path is not None and reply.path.read_bytes() == BODY
    resumed = replay.log[1][2]
    assert resumed["Range"].startswith("bytes=") and resumed["Range"] != "bytes=0-"
    assert "If-Range" in resumed


def test_bytes_that_come_one_by_one_are_all_received(tmp_path: Path) -> None:
    with serve(Route("/a", BODY[:3_000], fault=Fault("slow", 1))) as replay:
        reply = client(replay, tmp_path).get(ASKED)
    assert reply.path is not None and reply.path.read_bytes() == BODY[:3_000]
    assert len(replay.log) == 1


def test_a_server_that_falls_silent_is_left_and_the_download_goes_on_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.refreshing.http.TIMEOUT", (5, 1.0))
    with serve(Route("/a", BODY, fault=Fault("stall", 1))) as replay:
        reply = client(replay, tmp_path).get(ASKED)
    assert reply.path is not None and reply.path.read_bytes() == BODY
    assert replay.log[1][2]["Range"].startswith("bytes=")


def test_an_unchanged_reply_comes_back_without_a_body(tmp_path: Path) -> None:
    with serve(Route("/a", BODY)) as replay:
        asking = client(replay, tmp_path)
        first = asking.get(ASKED)
        assert asking.get(ASKED, first) == first
    assert replay.sent["/a"] == len(BODY)


def test_a_reply_above_the_ceiling_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with serve(Route("/a", BODY)) as replay, pytest.raises(FetchFailed, match="larger than the 1,000 bytes allowed"):
        client(replay, tmp_path, max_bytes=1000).get(ASKED)


def test_a_key_travels_in_the_header_the_source_names(tmp_path: Path) -> None:
    with serve(Route("/a", BODY)) as replay:
        asking = Client(source(key_header="api_key"), tmp_path, replay.base, key="secret")
        asking.get(ASKED)
    assert replay.log[0][2]["api_key"] == "secret"
    assert "secret" not in replay.log[0][1]


def test_retries_pass_through_the_rate_limiter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every attempt, a retried one too, has to ask the limiter for its turn."""
    turns = []
    send = LimiterMixin.send
    monkeypatch.setattr(LimiterMixin, "send", lambda self, *args, **more: turns.append(1) or send(self, *args, **more))
    with serve(Route("/a", BODY, fault=Fault("status", 3, 503))) as replay:
        client(replay, tmp_path).get(ASKED)
    assert len(turns) == len(replay.log) == 4


def test_two_pieces_that_ask_for_one_url_at_once_do_not_share_a_file(tmp_path: Path) -> None:
    together = Barrier(2)

    def get(asking: Client) -> Path | None:
        together.wait()
        return asking.get(ASKED).path

    with serve(Route("/a", BODY)) as replay, ThreadPoolExecutor(2) as threads:
        paths = set(threads.map(get, [client(replay, tmp_path)] * 2))
    assert len(paths) == 2


def test_a_host_that_cannot_be_reached_is_tried_once_more_at_once_and_then_left(tmp_path: Path) -> None:
    with serve() as replay:
        asking = client(replay, tmp_path, requests_per_second=0.001)
    with pytest.raises(Unavailable, match=r"could not be reached \(the connection was refused\)") as first:
        asking.get(ASKED)
    with pytest.raises(NotAsked, match="not asked for, since it could not be reached"):
        asking.get(Request("https://venue.example/b"))
    assert asking.pauses == [] and replay.base.removeprefix("http://") not in str(first.value)


def test_nobody_waits_for_a_turn_where_there_is_no_way(tmp_path: Path) -> None:
    """Four pieces at once, a turn every quarter of an hour: all know after the first one's two tries."""
    with serve() as replay:
        asking = client(replay, tmp_path, requests_per_second=0.001)

    def kind(path: str) -> type[Exception]:
        with pytest.raises(FetchFailed) as failed:
            asking.get(Request(f"https://venue.example/{path}"))
        return failed.type

    with ThreadPoolExecutor(4) as threads:
        kinds = list(threads.map(kind, "abcd"))
    assert sorted(one.__name__ for one in kinds) == ["NotAsked"] * 3 + ["Unavailable"]
