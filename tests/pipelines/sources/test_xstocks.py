"""xStocks: supply in shares that is not multiplied twice, tokens without reserves, text that is a number."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.source import CheckFailed, Piece, Refused
from pipelines.sources import xstocks
from tests.pipelines.sources_kit import ask, rows, run, settings_for
from tests.replay.server import Fault, Route, serve

PUBLIC = "/api/v2/public"
PIECE = Piece("AAPLx", facts={"token": "AAPLx"})
TODAY = ask("2026-11-21T00:00Z", "2026-11-22T00:00Z", "AAPLx")
RESERVES: dict[str, Any] = {
    "symbol": "AAPLx",
    "timestamp": "2026-09-25T11:11:59.279Z",
    "sharesHeld": "1007",
    "circulatingSupply": "1000.5",
    "holdings": [{"provider": "Custodian", "quantity": "1007", "symbol": "AAPL"}],
}
QUOTE = {"quote": 300}
MULTIPLIER = {"currentMultiplier": 1.25, "newMultiplier": 0, "activationDateTime": 0, "reason": None}


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The issuer's limits are for the issuer."""
    monkeypatch.setattr(xstocks, "SOURCE", replace(xstocks.SOURCE, requests_per_second=1000))


def figures(reserves: object = RESERVES, quote: object = QUOTE, multiplier: object = MULTIPLIER) -> dict[str, Any]:
    frames = xstocks.parse([json.dumps(reply).encode() for reply in (reserves, quote, multiplier)], PIECE)
    xstocks.check(frames, PIECE)
    return {row["metric"]: row for row in frames["tokenized_metrics"].to_dicts()}


def test_the_multiplier_is_in_the_supply_already_and_not_applied_again() -> None:
    found = figures()
    assert found["circulating_supply"]["value"] == 1000.5 and found["multiplier"]["value"] == 1.25
    assert found["value"]["value"] == 1000.5 * 300
    assert found["circulating_supply"]["value"] <= found["shares_held"]["value"] < 1000.5 * 1.25
    assert "not applied again" in found["multiplier"]["note"]


def test_a_token_without_a_quote_keeps_what_is_known_of_it() -> None:
    found = figures(quote={"quote": None})
    assert set(found) == {"circulating_supply", "shares_held", "multiplier"}


def test_a_figure_is_of_one_token_at_the_issuers_own_time() -> None:
    row = figures()["value"]
    assert row["as_of"] == datetime(2026, 9, 25, 11, 11, 59, 279_000, tzinfo=UTC)
    assert (row["subject"], row["subject_kind"], row["scope"], row["unit"]) == ("AAPLx", "token", "this token", "USD")


def test_a_token_without_reserves_is_answered_null_and_that_is_no_zero() -> None:
    with pytest.raises(Refused, match="states no reserves"):
        figures(reserves=None)


@pytest.mark.parametrize(
    "replies",
    [
        {"reserves": {**RESERVES, "circulatingSupply": None}},
        {"reserves": {**RESERVES, "symbol": "TSLAx"}},
        {"quote": {}},
        {"quote": []},
        {"multiplier": {"currentMultiplier": "soon"}},
    ],
)
def test_a_reply_of_another_shape_or_token_is_refused(replies: dict[str, object]) -> None:
    with pytest.raises(Refused, match="AAPLx"):
        figures(**replies)


def test_a_multiplier_of_zero_cannot_be() -> None:
    with pytest.raises(CheckFailed, match="multiplier"):
        figures(multiplier={"currentMultiplier": 0})


def test_coins_asked_for_by_name_are_no_tokens_of_stocks() -> None:
    assert list(xstocks.plan(ask("2026-11-21T00:00Z", "2026-11-22T00:00Z", "BTC", "BTC/USDT:USDT"))) == []
    assert len(list(xstocks.plan(ask("2026-11-21T00:00Z", "2026-11-22T00:00Z")))) == len(xstocks.TOKENS)


def test_a_token_end_to_end_and_a_page_of_html_in_between(tmp_path: Path) -> None:
    quote = Route(
        f"{PUBLIC}/assets/AAPLx/price-data", json.dumps(QUOTE).encode(), fault=Fault("body", 1, body=b"<html>")
    )
    routes = [
        Route(f"{PUBLIC}/proof-of-reserves/AAPLx", json.dumps(RESERVES).encode()),
        Route(f"{PUBLIC}/assets/AAPLx/multiplier", json.dumps(MULTIPLIER).encode(), {"network": "Solana"}),
    ]
    with serve(quote, *routes) as replay:
        settings = settings_for(tmp_path, replay.base, "xstocks")
        outcome = run(settings, "xstocks", TODAY)
        assert outcome.outcome == "failed" and "AAPLx-2026-11-22T00:00: it is not JSON" in (outcome.error or "")
        assert run(settings, "xstocks", TODAY).rows_loaded == 4
        replay.log.clear()
        assert run(settings, "xstocks", TODAY).outcome == "unchanged"
        assert replay.log == []
    found = rows(settings, "SELECT value FROM tokenized_metrics WHERE source_id = 'xstocks' AND metric = 'value'")
    assert found["value"].to_list() == [300_150.0]
