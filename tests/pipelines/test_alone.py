"""A piece is loaded whole or not at all, and what goes wrong with it stops nobody; a full disk stops all."""

from __future__ import annotations

import errno
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
import requests
import urllib3

from pipelines.generations.draft import Draft, current
from pipelines.refreshing.failure import in_words
from pipelines.source import Piece, Refused
from pipelines.sources import binance_trades, bitget_liquidations
from tests.pipelines.refreshing.test_refresh import tape
from tests.pipelines.sources_kit import ask, rows, run, settings_for
from tests.replay.server import serve

SOURCE = binance_trades.SOURCE
DAYS = ask("2025-10-10T00:00Z", "2025-10-11T23:00Z", "BTC/USDT:USDT")
SECRET = "sk-live-0123456789"


def days(settings: Any) -> list[str]:
    sql = "SELECT DISTINCT strftime(ts, '%d') AS day FROM bars WHERE source_id = 'binance_trades' ORDER BY day"
    return rows(settings, sql)["day"].to_list()


class Panic(BaseException):
    """As Polars raises where its own code fails."""


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Refused("the file", "it is no CSV", "Fetch it again."), "the file: it is no CSV. Fetch it again."),
        (requests.TooManyRedirects(SECRET), "breaks the rules of HTTP (TooManyRedirects)"),
        (requests.ConnectionError(errno.ENOSPC, SECRET), "breaks the rules of HTTP (ConnectionError)"),
        (urllib3.exceptions.LocationParseError(SECRET), "breaks the rules of HTTP (LocationParseError)"),
        (ssl.SSLError(1, SECRET), "breaks the rules of HTTP (SSLError)"),
        (TimeoutError(SECRET), "no answer came in time"),
        (requests.ReadTimeout(SECRET), "no answer came in time"),
        (MemoryError(SECRET), "more memory than there is"),
        (duckdb.OutOfMemoryException(SECRET), "more memory than there is"),
        (OSError(errno.EOVERFLOW, SECRET), "pipelines/sources/binance_trades.py needs a look"),
        (RecursionError(SECRET), "not as this source has known them (RecursionError)"),
        (UnicodeEncodeError("utf-8", SECRET, 0, 1, SECRET), "(UnicodeEncodeError)"),
        (KeyError(SECRET), "(KeyError)"),
        (pl.exceptions.ComputeError(SECRET), "(ComputeError)"),
        (duckdb.ConversionException(SECRET), "(ConversionException)"),
        (Panic(SECRET), "(Panic)"),
    ],
)
def test_whatever_a_piece_raises_is_a_sentence_that_quotes_no_reply(error: BaseException, words: str) -> None:
    said = in_words(error, SOURCE)
    assert words in said and SECRET not in said


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EROFS, "Read-only file system"),
        OSError(errno.EIO, "Input/output error"),
        PermissionError(errno.EACCES, "Permission denied"),
        duckdb.IOException("Could not write"),
        KeyboardInterrupt(),
        SystemExit(1),
    ],
)
def test_a_disk_that_is_full_or_broken_and_a_signal_are_nobodys_piece(error: BaseException) -> None:
    with pytest.raises(type(error)):
        in_words(error, SOURCE)


def test_the_line_of_the_source_that_needs_a_look_is_named() -> None:
    with pytest.raises(AttributeError) as raised:
        bitget_liquidations.fault(b"[]")
    assert "pipelines/sources/bitget_liquidations.py, line" in in_words(raised.value, SOURCE)


def broken(piece: Piece) -> bool:
    return piece.name.endswith("2025-10-10")


def with_an_unknown_column(monkeypatch: pytest.MonkeyPatch) -> None:
    parse = binance_trades.parse

    def added(bodies: list[Any], piece: Piece) -> dict[str, pl.DataFrame]:
        frames = parse(bodies, piece)
        return {name: frame.with_columns(new=1) for name, frame in frames.items()} if broken(piece) else frames

    monkeypatch.setattr(binance_trades, "parse", added)


def with_a_table_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    parse = binance_trades.parse

    def added(bodies: list[Any], piece: Piece) -> dict[str, pl.DataFrame]:
        return parse(bodies, piece) | ({"nothing": pl.DataFrame({"a": [1]})} if broken(piece) else {})

    monkeypatch.setattr(binance_trades, "parse", added)


def with_an_insert_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the first day's bars are in, and in the way that ends DuckDB's transaction."""
    insert = Draft.insert

    def failing(self: Draft, table: str, frame: pl.DataFrame) -> None:
        insert(self, table, frame)
        if table == "bars" and frame.height and (frame["ts"].dt.day() == 10).all():
            self.connection.execute("SELECT 'x'::INTEGER")

    monkeypatch.setattr(Draft, "insert", failing)


@pytest.mark.parametrize("breaking", [with_an_unknown_column, with_a_table_that_is_none, with_an_insert_that_fails])
def test_a_piece_that_cannot_be_loaded_leaves_nothing_behind_and_the_others_are_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, breaking: Callable[[pytest.MonkeyPatch], None]
) -> None:
    with serve(*tape()) as replay:
        settings = settings_for(tmp_path, replay.base, SOURCE.id)
        with monkeypatch.context() as patch:
            breaking(patch)
            outcome = run(settings, SOURCE.id, DAYS)
            assert outcome.outcome == "failed" and "Nothing of it was loaded" in (outcome.error or "")
            assert (outcome.error or "").count("\n") == 0 and "2025-10-10" in (outcome.error or "")
            assert days(settings) == ["11"]
        assert run(settings, SOURCE.id, DAYS).error is None
        assert days(settings) == ["10", "11"]


def test_what_newer_bytes_would_replace_stays_where_they_cannot_be_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    routes = tape()
    with serve(*routes) as replay:
        settings = settings_for(tmp_path, replay.base, SOURCE.id)
        run(settings, SOURCE.id, DAYS)
        published = current(settings.warehouse_dir)
        # As if they had been fetched while the days were still running; their checksum files changed since.
        index = settings.snapshot_dir / "index.jsonl"
        index.write_text(index.read_text().replace('"fetched_at":"2', '"fetched_at":"1'))
        routes[1].body += b"\n"
        with_an_insert_that_fails(monkeypatch)
        assert run(settings, SOURCE.id, DAYS).outcome == "failed"
        assert days(settings) == ["10", "11"]
        assert current(settings.warehouse_dir) is not None and published is not None


def test_pieces_that_share_a_transaction_survive_one_that_fails(tmp_path: Path) -> None:
    def counted(draft: Draft) -> list[int]:
        return [draft.rows(f"SELECT count(*) AS n FROM {table}")["n"][0] for table in ("venues", "quarantine")]

    quarantined = pl.DataFrame(
        {"snapshot_id": ["a"], "table_name": ["bars"], "row_number": [1], "rule": ["r"], "row_json": ["{}"]}
    )
    with Draft(tmp_path) as draft:
        with draft.whole():
            draft.insert("quarantine", quarantined)
        with pytest.raises(duckdb.ConversionException), draft.whole():
            draft.forget(["a"])
            draft.insert("quarantine", quarantined)
            draft.insert("quarantine", quarantined)
            draft.connection.execute("SELECT 'x'::INTEGER")
        assert counted(draft) == [0, 1]
        with draft.whole():
            draft.insert("quarantine", quarantined)
        assert counted(draft) == [0, 2]


def test_half_a_surrogate_pair_ends_neither_the_run_nor_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def parse(*_: object) -> dict[str, pl.DataFrame]:
        raise Refused("\ud800", "it is called \udfff", "Rename it.")

    monkeypatch.setattr(binance_trades, "parse", parse)
    with serve(*tape()) as replay:
        outcome = run(settings_for(tmp_path, replay.base, SOURCE.id), SOURCE.id, DAYS)
    assert outcome.outcome == "failed" and (outcome.error or "").encode().count(rb"\ud800") == 2
