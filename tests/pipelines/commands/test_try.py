"""One source tried for one day: its rows, its totals, what it would change; and nothing of it is published."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner, Result

from pipelines.commands.cli import app
from pipelines.config import Settings
from pipelines.generations.draft import current
from pipelines.sources import coinbase_candles
from tests.pipelines.sources.test_recorded import SECOND, START, an_evening
from tests.pipelines.sources_kit import ask, run
from tests.replay.server import Replay, Route, serve

SOURCE, DAY = "coinbase_candles", "2025-10-10"
PATH = "/products/BTC-USD/candles"


def candles(*minutes: tuple[str, float]) -> bytes:
    """Bars of the day as Coinbase answers: time low high open close volume."""
    rows = [[int(datetime.fromisoformat(f"{DAY}T{at}Z").timestamp()), 90, 110, 100, 105, v] for at, v in minutes]
    return json.dumps(rows).encode()


@pytest.fixture
def replay(own: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Replay]:
    """Coinbase: three minutes of the day in its first window, no trades in the others."""
    monkeypatch.setattr(coinbase_candles, "SOURCE", replace(coinbase_candles.SOURCE, requests_per_second=1000))
    first = Route(PATH, candles(("00:00", 2), ("00:01", 3), ("00:02", 0.5)), {"start": f"{DAY}T00:00:00Z"}, etag=False)
    with serve(first, Route(PATH, b"[]", etag=False)) as served:
        monkeypatch.setenv("CRASHDAY_URL_COINBASE_CANDLES", served.base)
        monkeypatch.setenv("CRASHDAY_BACKOFF_SECONDS", "0")
        yield served


def tried(*words: str) -> Result:
    return CliRunner().invoke(app, ["try", *words])


def test_rows_totals_and_news_are_shown_and_nothing_is_published(own: Settings, replay: Replay) -> None:
    files = sorted(own.data_dir.rglob("*"))
    before = current(own.warehouse_dir)
    result = tried(SOURCE, "--day", DAY, "--symbol", "BTC/USD")
    assert result.exit_code == 0, result.output
    assert "coinbase_candles: loaded, 3 rows loaded, 0 refused" in result.stdout
    assert "bars coinbase spot BTC/USD trade 1m: rows 3, volume_base 5.50, volume_quote not known" in result.stdout
    assert "bars, beside what is published: 3 rows new, 0 changed, 0 the same, 0 gone" in result.stdout
    assert "Nothing was published." in result.stdout
    assert current(own.warehouse_dir) == before
    assert sorted(own.data_dir.rglob("*")) == files


def test_beside_what_is_published_each_row_is_new_changed_the_same_or_gone(replay: Replay) -> None:
    settings = Settings()
    assert run(settings, SOURCE, ask("2025-10-10T00:00Z", "2025-10-11T00:00Z", "BTC/USD")).rows_loaded == 3
    again = tried(SOURCE, "--day", DAY, "--symbol", "BTC/USD")
    assert "0 rows new, 0 changed, 3 the same, 0 gone" in again.stdout
    replay.routes[0].body = candles(("00:00", 2), ("00:01", 4), ("00:03", 1), ("00:04", 1))
    assert "2 rows new, 1 changed, 1 the same, 1 gone" in tried(SOURCE, "--day", DAY, "--symbol", "BTC/USD").stdout


def test_other_days_and_markets_that_are_published_are_not_gone(replay: Replay) -> None:
    settings = Settings()
    replay.routes.append(Route("/products/ETH-USD/candles", candles(("00:05", 1)), etag=False))
    run(settings, SOURCE, ask("2025-10-10T00:00Z", "2025-10-11T00:00Z", "BTC/USD", "ETH/USD"))
    assert "0 rows new, 0 changed, 3 the same, 0 gone" in tried(SOURCE, "--day", DAY, "--symbol", "BTC/USD").stdout


def test_bytes_that_cannot_be_read_end_in_the_reason(own: Settings, replay: Replay) -> None:
    replay.routes[0].body = b"<html>down</html>"
    result = tried(SOURCE, "--day", DAY, "--symbol", "BTC/USD")
    assert result.exit_code == 1
    assert "it is not JSON but a web page" in result.stderr
    assert "beside what is published" not in result.stdout


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["coinbase", "--day", DAY], "There is no source 'coinbase'. Sources: "),
        ([SOURCE, "--day", "10.10.2025"], "--day '10.10.2025' is not a day. Write 2025-10-10."),
        ([SOURCE, "--day", "2999-01-01"], "--day 2999-01-01 lies in the future"),
        ([SOURCE, "--day", DAY, "--symbol", "BTC-USD"], "'BTC-USD' is not a base asset (BTC) or a symbol"),
        ([SOURCE, "--day", DAY, "--symbol", "BTC/USD:USD"], "No source asked has a symbol 'BTC/USD:USD'"),
    ],
)
def test_wrong_use_is_said_in_a_sentence(own: Settings, words: list[str], why: str) -> None:
    result = tried(*words)
    assert result.exit_code == 2
    assert why in result.stderr


def test_where_nothing_is_published_it_says_what_to_run(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("CRASHDAY_DATA_DIR", f"{tmp_path}/none")
    result = tried(SOURCE, "--day", DAY)
    assert result.exit_code == 1
    assert "Nothing is published yet. Run: python -m pipelines build" in result.stderr


def test_what_was_recorded_is_tried_where_it_waits_and_goes_on_waiting(own: Settings) -> None:
    an_evening(own)
    folder = own.inbox_dir / "recorded_binance"
    waiting = {path.name: path.read_bytes() for path in folder.iterdir()}
    result = tried("recorded_binance", "--day", f"{datetime.fromtimestamp(START / SECOND, UTC):%Y-%m-%d}")
    assert result.exit_code == 0, result.output
    assert "liquidations, beside what is published: 11 rows new, 0 changed, 0 the same, 0 gone" in result.stdout
    assert "notional_usd 6,600.00" in result.stdout
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == waiting


def test_where_pieces_overlap_nothing_goes_and_what_is_published_stays(
    replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coinbase_candles, "SOURCE", replace(coinbase_candles.SOURCE, accumulates=True))
    run(Settings(), SOURCE, ask("2025-10-10T00:00Z", "2025-10-11T00:00Z", "BTC/USD"))
    replay.routes[0].body = candles(("00:00", 2), ("00:01", 4), ("00:03", 1))
    result = tried(SOURCE, "--day", DAY, "--symbol", "BTC/USD")
    assert "1 rows new, 1 changed, 1 the same, 0 gone" in result.stdout
    assert "rows that are published already stay as they were first read" in result.stdout
