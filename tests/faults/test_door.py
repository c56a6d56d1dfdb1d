"""What must never leave: a mirror's address and password, a key, a local file a venue points us at. And no network at
all."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
import uvicorn
from requests_ratelimiter import LimiterMixin
from starlette.applications import Starlette

from analytics.warehouse import hub
from api import ROUTES
from pipelines import health
from pipelines.config import ROOT, Settings
from pipelines.refreshing import refresh
from pipelines.refreshing.http import Client
from pipelines.refreshing.outcome import Outcome
from pipelines.source import discover
from pipelines.sources import binance_trades
from pipelines.tables.canonical import TABLES
from tests.faults import victim
from tests.pipelines.sources_kit import ask, rows, run, settings_for
from tests.replay.server import Fault, Route, serve

SECRET = "s3cr3t"
DAYS = ("--symbol", "BTC/USDT:USDT", "--start", "2025-10-10T00:00Z", "--end", "2025-10-12T00:00Z")


def refreshed(data_dir: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pipelines", "refresh", *arguments],
        cwd=ROOT,
        env=os.environ | {"CRASHDAY_DATA_DIR": str(data_dir), "CRASHDAY_BACKOFF_SECONDS": "0"} | environment,
        capture_output=True,
        text=True,
    )


@contextmanager
def site(data_dir: Path) -> Iterator[str]:
    """The API and the health routes over this data folder."""
    with pytest.MonkeyPatch.context() as patch, socket.create_server(("127.0.0.1", 0)) as listening:
        patch.setenv("CRASHDAY_DATA_DIR", str(data_dir))
        hub.cache_clear()
        server = uvicorn.Server(uvicorn.Config(Starlette(routes=ROUTES), log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
            hub.cache_clear()


def where_it_is(data_dir: Path, *secrets: str) -> list[str]:
    """Files of the data folder and addresses of the site that hold any of the secrets."""
    sought = [secret.encode() for secret in secrets]
    found = [
        str(path)
        for path in data_dir.rglob("*")
        if path.is_file() and any(secret in path.read_bytes() for secret in sought)
    ]
    with site(data_dir) as base:
        for path in ("/healthz", "/metrics", *(f"/api/v1/{table}.csv" for table in TABLES)):
            answer = requests.get(f"{base}{path}", timeout=60)
            assert answer.status_code in (200, 503), path
            found += [path for secret in sought if secret in answer.content]
    return found


def test_a_mirrors_address_user_password_and_token_are_used_and_nowhere_to_be_found(tmp_path: Path) -> None:
    """One day there, one day damaged, one source refused, one that cannot be reached: all by mirrors with secrets."""
    routes = [Route(f"/{SECRET}-token{route.path}", route.body) for route in victim.tape()]
    routes[2].fault = Fault("truncate", -1)
    with serve(*routes) as replay:
        settings_for(tmp_path, "", "x")
        place = replay.base.removeprefix("http://")
        mirror = f"http://{SECRET}-user:{SECRET}-pw@{place}/{SECRET}-token"
        gone = f"http://{SECRET}-user:{SECRET}-pw@127.0.0.1:1/{SECRET}-token"
        sources = ("binance_trades", "binance_klines", "binance_metrics", "bybit_trades")
        mirrors = dict(zip(sources, (mirror, mirror, gone, f"http://{SECRET}..b/"), strict=True))
        done = refreshed(
            tmp_path,
            *(word for source in sources for word in ("--source", source)),
            *DAYS,
            **{f"CRASHDAY_URL_{source.upper()}": address for source, address in mirrors.items()},
        )
    assert done.returncode == 3, done.stderr
    assert all(asked[2]["Authorization"].startswith("Basic ") for asked in replay.log)
    assert SECRET not in done.stdout + done.stderr and place not in done.stdout + done.stderr
    assert where_it_is(tmp_path, SECRET, place) == []
    urls = rows(Settings(data_dir=tmp_path), "SELECT url FROM snapshots WHERE loader = 'binance_trades'")["url"]
    assert all(url.startswith("https://data.binance.vision/") for url in urls) and len(urls) == 1


@pytest.mark.parametrize("way", ["redirect", "redirect with a key"])
def test_a_venue_that_points_at_our_own_environment_learns_nothing(tmp_path: Path, way: str) -> None:
    key = "sk-live-environ"
    source, path = {"redirect": ("coinbase_candles", "/products/BTC-USD/candles")}.get(
        way, ("coingecko_exchanges", "/api/v3/simple/price")
    )
    with serve(Route("/caught", b"[]")) as elsewhere:
        place = elsewhere.base.replace("127.0.0.1", "localhost")
        location = "file:///proc/self/environ" if way == "redirect" else f"{place}/caught"
        fault = Fault("status", -1, 302, headers={"Location": location})
        with serve(Route(path, b"", fault=fault)) as replay:
            settings_for(tmp_path, "", "x")
            done = refreshed(
                tmp_path,
                *("--source", source, "--symbol", "BTC", "--start", "2025-10-10T00:00Z", "--end", "2025-10-11T00:00Z"),
                **{f"CRASHDAY_URL_{source.upper()}": replay.base, "CRASHDAY_KEY_COINGECKO_EXCHANGES": key},
            )
    assert done.returncode == 1 and "which is not followed" in done.stderr
    assert replay.log and elsewhere.log == []
    assert key not in done.stdout + done.stderr and where_it_is(tmp_path, key) == []


def test_an_index_that_still_names_a_mirror_publishes_it_no_more(tmp_path: Path) -> None:
    with serve(*victim.tape()) as replay:
        settings = settings_for(tmp_path, replay.base, "binance_trades")
        run(settings, "binance_trades", victim.SPAN)
        index = settings.snapshot_dir / "index.jsonl"
        index.write_text(index.read_text().replace("https://data.binance.vision", f"http://u:{SECRET}@mirror/{SECRET}"))
        refresh.rebuild(settings)
    urls = rows(settings, "SELECT DISTINCT url FROM snapshots WHERE loader = 'binance_trades'")["url"].to_list()
    assert urls == [discover()["binance_trades"].SOURCE.url]


class Ends:
    """Who sees each source begin and end."""

    def __init__(self) -> None:
        self.order: list[str] = []

    def planned(self, source: str, pieces: int) -> None:
        self.order.append(f"{source} begins")

    def received(self, source: str, size: int) -> None:
        raise AssertionError("nothing can be received")

    def loaded(self, source: str, rows: int) -> None: ...

    def ended(self, outcome: Outcome) -> None:
        self.order.append(f"{outcome.loader} ends")


def test_without_a_network_every_source_is_one_line_at_once_and_nobody_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns: Counter[str] = Counter()
    paced, pauses = LimiterMixin.send, []

    def counted(self: LimiterMixin, request: requests.PreparedRequest, **more: object) -> requests.Response:
        turns[str(id(self))] += 1
        return paced(self, request, **more)

    monkeypatch.setattr(LimiterMixin, "send", counted)
    monkeypatch.setattr("pipelines.refreshing.plan.Client", partial(Client, sleep=pauses.append))
    modules = [one for one in discover().values() if one.SOURCE.default and one.SOURCE.group != "embedded"]
    with socket.create_server(("127.0.0.1", 0)) as closed:
        base = f"http://127.0.0.1:{closed.getsockname()[1]}"
    settings = settings_for(tmp_path, base, "x").model_copy(
        update={
            "url": {one.SOURCE.id: base for one in modules},
            "key": {"coinalyze": "k", "coinglass": "k"},
            "backoff_seconds": 1.0,
        }
    )
    ends = Ends()
    _, outcomes = refresh.refresh(settings, modules, ask("2025-10-09T00:00Z", "2025-10-13T00:00Z"), ends)
    assert pauses == [] and set(turns.values()) == {1}, "each source asks for one turn, which it gets at once"
    failed = [outcome for outcome in outcomes if outcome.error]
    assert len(failed) > 20
    for outcome in failed:
        assert re.fullmatch(
            rf"{outcome.loader}: .*could not be reached \(the connection was refused\).*", outcome.error
        )
    shown = [line.partition(" ")[0] for line in ends.order if line.endswith(" begins")]
    for name, following in pairwise(shown):
        assert ends.order.index(f"{name} ends") < ends.order.index(f"{following} begins")
    assert len(health.runs(settings.data_dir)) == len(outcomes)


@pytest.mark.parametrize("status", [401, 403, 451])
def test_a_venue_that_gives_no_access_is_one_line_and_left(tmp_path: Path, status: int) -> None:
    span = ask("2025-10-10T00:00Z", "2025-10-20T00:00Z", "BTC/USDT:USDT")
    requests_of_all = [request for piece in binance_trades.plan(span) for request in piece.requests]
    refusing = Fault("status", -1, status)
    with serve(*(Route(urlsplit(one.url).path, b"", fault=refusing) for one in requests_of_all)) as replay:
        outcome = run(settings_for(tmp_path, replay.base, "binance_trades"), "binance_trades", span)
        (line,) = (outcome.error or "").splitlines()
    assert "Blocked here or no access" in line and "more pieces were not asked for, since it gives no access" in line
    assert len(replay.log) <= 6
