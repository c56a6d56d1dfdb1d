"""A refresh foretold: what it would ask for, at least how long, and what would be missing; nothing is fetched."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from pipelines.commands.cli import app
from pipelines.config import Settings
from pipelines.generations.draft import current
from tests.pipelines.commands.test_try import PATH, candles
from tests.replay.server import Replay, Route, serve

DAY = ("--start", "2025-10-10T00:00Z", "--end", "2025-10-11T00:00Z", "--symbol", "BTC")


@pytest.fixture
def venue(own: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Replay]:
    traded = Route(PATH, candles(("00:00", 2), ("00:01", 3)), {"start": "2025-10-10T00:00:00Z"}, etag=False)
    with serve(traded, Route(PATH, b"[]", etag=False)) as served:
        monkeypatch.setenv("CRASHDAY_URL_COINBASE_CANDLES", served.base)
        monkeypatch.setenv("CRASHDAY_BACKOFF_SECONDS", "0")
        yield served


def foretold(*words: str) -> dict[str, dict[str, Any]]:
    result = CliRunner().invoke(app, ["refresh", "--dry-run", "--json", *words])
    assert result.exit_code == 0, result.output
    return {one["source"]: one for one in json.loads(result.stdout)}


def test_nothing_is_asked_stored_or_published(own: Settings, venue: Replay) -> None:
    before, files = current(own.warehouse_dir), sorted(own.data_dir.rglob("*"))
    one = foretold("--source", "coinbase_candles", *DAY)["coinbase_candles"]
    assert (one["pieces"], one["here"], one["missing"]) == (1, 0, "") and one["megabytes"] is None
    assert one["requests"] >= 5 and 0 < one["minutes"] < 1
    assert venue.log == [] and current(own.warehouse_dir) == before and sorted(own.data_dir.rglob("*")) == files


def test_what_is_stored_and_final_is_not_asked_for_again(venue: Replay) -> None:
    asked = ("--source", "coinbase_candles", *DAY)
    before = foretold(*asked)["coinbase_candles"]
    assert CliRunner().invoke(app, ["refresh", *asked]).exit_code == 0
    assert len(venue.log) == before["requests"]
    after = foretold(*asked)["coinbase_candles"]
    assert (after["pieces"], after["here"], after["requests"], after["megabytes"]) == (1, 1, 0, 0)


def test_it_says_what_will_be_missing_and_why(own: Settings) -> None:
    named = ("bitget_liquidations", "binance_klines", "gate_liquidations", "coinglass", "coingecko_exchanges")
    missing = {
        name: one["missing"] for name, one in foretold(*(f"--source={name}" for name in named), *DAY[:4]).items()
    }
    assert missing["binance_klines"] == ""
    assert missing["bitget_liquidations"] == "it gives the last 3 days: nothing of these days"
    assert missing["coingecko_exchanges"] == "it gives now only: nothing of these days"
    assert missing["gate_liquidations"] == "whether it gives these days is not proven"
    assert "CRASHDAY_KEY_COINGLASS" in missing["coinglass"]


def test_the_table_ends_in_a_sentence_with_the_sums(own: Settings) -> None:
    result = CliRunner().invoke(app, ["refresh", "--dry-run", "--source", "binance_klines", *DAY])
    assert result.exit_code == 0 and "Nothing was fetched." in result.stdout
    refused = CliRunner().invoke(app, ["refresh", "--dry-run", "--offline"])
    assert refused.exit_code != 0 and "give it alone" in refused.output
