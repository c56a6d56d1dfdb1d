"""Whole tables are sent while they are made: never held, a few at a time, and given up where nobody reads."""

from __future__ import annotations

import io
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

import polars as pl
import pyarrow as pa
import pytest
import requests

from analytics.data import export
from analytics.warehouse import Hub, Warehouse, downloads, hub
from api import forms, tables, turns
from pipelines.config import Settings
from pipelines.generations.draft import Draft
from pipelines.tables.dictionary import column_names
from tests.api.server import get, serving

ROWS = 200_000
BATCH = 4_096
FORMS = pytest.mark.parametrize("form", ["csv", "json", "parquet"])


@pytest.fixture(scope="module")
def big(data_dir: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A generation with many bars."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRASHDAY_DATA_DIR", str(tmp_path_factory.mktemp("big")))
        hub.cache_clear()
        settings = Settings()
        settings.warehouse_dir.mkdir(parents=True)
        with Draft(settings.warehouse_dir) as draft:
            draft.insert("bars", bars(draft))
            assert draft.publish(datetime.now(UTC))
        yield settings
    hub.cache_clear()


def bars(draft: Draft) -> pl.DataFrame:
    """Bars that no two rows share, in no order."""
    made = pl.select(pl.int_range(ROWS).alias("n")).with_columns(
        venue=pl.lit("venue"),
        market=pl.lit("perpetual"),
        symbol=pl.format("SYM{}/USDT:USDT", pl.col("n") % 997),
        kind=pl.lit("trade"),
        interval=pl.lit("1m"),
        ts=pl.datetime(2025, 10, 10, time_zone="UTC") + pl.duration(minutes=pl.col("n") * 7_919 % ROWS),
        source_id=pl.lit("made"),
        low=pl.col("n") * 7_919 % ROWS + 0.5,
        high=pl.col("n") * 7_919 % ROWS + 1.5,
    )
    empty = draft.rows("SELECT * FROM bars LIMIT 0")
    return pl.concat([empty, made.drop("n")], how="diagonal_relaxed").select(column_names("bars"))


class Reader:
    """A client that reads only as far as it is told to, with next to no buffer of its own."""

    def __init__(self, api: str, path: str) -> None:
        where = urlsplit(api)
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        self.socket.settimeout(30)
        self.socket.connect((where.hostname, where.port))
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: {where.netloc}\r\n\r\n".encode())
        self.begun = self.socket.recv(1_024)

    def rest(self) -> bytes:
        parts = []
        while part := self.socket.recv(1 << 20):
            parts.append(part)
        return b"".join(parts)

    def close(self) -> None:
        self.socket.close()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Every batch that was made, while all forms write small ones."""
    counted: list[int] = []
    batches = export.Selection.batches

    def counting(self: export.Selection, warehouse: Warehouse, size: int) -> Iterator[pa.RecordBatch]:
        for batch in batches(self, warehouse, BATCH):
            counted.append(batch.num_rows)
            yield batch

    monkeypatch.setattr(export.Selection, "batches", counting)
    monkeypatch.setitem(forms.FORMS, "json", replace(forms.FORMS["json"], most=ROWS))
    return counted


@contextmanager
def one_at_a_time(monkeypatch: pytest.MonkeyPatch, patience: float = 30) -> Iterator[str]:
    """A server with one turn for heavy answers."""
    monkeypatch.setattr(turns, "HEAVY", 1)
    monkeypatch.setattr(turns, "PATIENCE", patience)
    with serving() as api:
        yield api


@FORMS
def test_no_more_is_made_than_the_reader_takes(big: Settings, made: list[int], form: str) -> None:
    with serving() as api, closing(Reader(api, f"/api/v1/bars.{form}")) as reader:
        assert reader.begun.startswith(b"HTTP/1.1 200")
        assert sum(made) < ROWS / 2


@FORMS
@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_an_answer_in_many_batches_is_the_table(big: Settings, made: list[int], form: str, encoding: str) -> None:
    with serving() as api:
        response = get(api, f"/api/v1/bars.{form}", {"Accept-Encoding": encoding})
    with Hub(big.warehouse_dir).lease() as warehouse:
        whole = export.rows(warehouse, "bars", {})
    assert len(made) > 40 and response.headers["X-Crashday-Rows"] == str(ROWS)
    match form:
        case "csv":
            assert response.content == export.csv(whole)
        case "json":
            assert [row["low"] for row in json.loads(response.content)] == whole["low"].to_list()
        case "parquet":
            assert pl.read_parquet(io.BytesIO(response.content)).equals(whole)


def test_the_database_gives_rows_before_it_has_them_all(warehouse: Warehouse) -> None:
    late = "SELECT CASE WHEN n < 30_000_000 THEN n ELSE error('made too early') END AS n FROM range(40_000_000) t(n)"
    assert next(warehouse.stream(late, 2_048)).num_rows == 2_048
    with pytest.raises(OSError, match="made too early"):
        warehouse.stream(late, 2_048).read_all()


def test_a_heavy_answer_waits_for_a_turn_and_is_refused_in_time_while_light_ones_pass(
    big: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with one_at_a_time(monkeypatch, patience=0.1) as api, closing(Reader(api, "/api/v1/bars.csv")):
        busy, light, health = get(api, "/api/v1/bars.csv"), get(api, "/api/v1/bars.csv", limit=5), get(api, "/healthz")
    assert (busy.status_code, light.status_code, health.status_code) == (503, 200, 200)
    assert int(busy.headers["Retry-After"]) > 0 and busy.headers["Access-Control-Allow-Origin"] == "*"
    assert "Try again" in busy.json()["error"]


def test_a_page_from_far_behind_is_heavy_too(big: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with one_at_a_time(monkeypatch, patience=0.1) as api, closing(Reader(api, "/api/v1/bars.csv")):
        assert get(api, "/api/v1/bars.csv", offset=ROWS - 5).status_code == 503


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set as soon as nobody downloads any more."""
    over = threading.Event()
    release = Hub._release

    def watched(self: Hub, number: int) -> None:
        release(self, number)
        if self is downloads() and not any(self._leases.values()):
            over.set()

    monkeypatch.setattr(Hub, "_release", watched)
    return over


def test_a_reader_who_leaves_gives_back_turn_and_generation(
    big: Settings, monkeypatch: pytest.MonkeyPatch, idle: threading.Event
) -> None:
    with one_at_a_time(monkeypatch) as api:
        Reader(api, "/api/v1/bars.csv").close()
        assert idle.wait(30)
        assert get(api, "/api/v1/bars.csv").status_code == 200


@pytest.mark.parametrize("limit", ["STALL", "LONGEST"])
def test_a_reader_who_is_too_slow_is_let_go_and_sees_a_broken_answer(
    big: Settings, monkeypatch: pytest.MonkeyPatch, idle: threading.Event, limit: str
) -> None:
    monkeypatch.setattr(tables, limit, 0.5)
    with serving() as api, closing(Reader(api, "/api/v1/bars.csv")) as slow:
        assert idle.wait(30)
        assert not slow.rest().endswith(b"0\r\n\r\n"), "the end of a whole answer"


def test_what_breaks_on_the_way_never_looks_whole(big: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    batches = export.Selection.batches

    def breaking(self: export.Selection, warehouse: Warehouse, size: int) -> Iterator[pa.RecordBatch]:
        yield next(batches(self, warehouse, size))
        raise OSError("the disk is full")

    monkeypatch.setattr(export.Selection, "batches", breaking)
    with serving() as api, pytest.raises(requests.exceptions.ChunkedEncodingError):
        get(api, "/api/v1/bars.csv")


def test_memory_that_is_short_before_the_first_row_is_said(big: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def short(*_: object) -> Iterator[pa.RecordBatch]:
        raise OSError("Out of Memory Error: failed to pin block")
        yield

    monkeypatch.setattr(export.Selection, "batches", short)
    with serving() as api:
        refused = get(api, "/api/v1/bars.csv")
    assert refused.status_code == 503 and "fewer rows" in refused.json()["error"] and "pin block" not in refused.text
