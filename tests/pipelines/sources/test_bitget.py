"""Bitget: the position's side, pages by cursor, fetches that overlap, and a unit only the bytes tell."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from pipelines.source import CheckFailed, Piece, Refused
from pipelines.sources import bitget_liquidations
from tests.pipelines.sources_kit import NOW, ask, rows, run, settings_for
from tests.replay.server import Fault, Route, serve

SPAN = ("2026-11-20T00:00Z", "2026-11-22T00:00Z")
LISTED = json.dumps(
    {
        "code": "00000",
        "data": [
            {"symbol": "BTCUSDT", "baseCoin": "BTC", "quoteCoin": "USDT", "quantityMultiplier": "0.0001"},
            {"symbol": "1000BONKUSDT", "baseCoin": "1000BONK", "quoteCoin": "USDT", "quantityMultiplier": "1"},
        ],
    }
).encode()
PATHS = ("/api/v3/market/instruments", "/api/v3/market/liquidations")
PIECE = Piece("2026-11-22T00:00")


def row(symbol: str, side: str, price: str, amount: str, ts: int = 1_795_300_000_000) -> dict[str, str]:
    return {"symbol": symbol, "side": side, "price": price, "amount": amount, "ts": str(ts)}


IN_COINS = (row("BTCUSDT", "buy", "100000", "0.5"), row("1000BONKUSDT", "sell", "0.02", "51000"))
IN_MONEY = (row("BTCUSDT", "buy", "100000", "50000.12"), row("1000BONKUSDT", "sell", "0.02", "1020.0417"))


def page(*found: dict[str, str], cursor: str = "") -> bytes:
    return json.dumps({"code": "00000", "msg": "success", "data": {"list": found, "cursor": cursor}}).encode()


def parsed(*pages: bytes) -> pl.DataFrame:
    return bitget_liquidations.parse([LISTED, *pages], PIECE)["liquidations"]


def test_side_is_the_position_that_was_closed() -> None:
    assert parsed(page(*IN_COINS))["liquidated_side"].to_list() == ["long", "short"]


def test_amounts_that_are_whole_lots_are_coins() -> None:
    found = parsed(page(*IN_COINS))
    assert found.select("symbol", "quantity_base", "notional_usd").rows() == [
        ("BTC/USDT:USDT", 0.5, 50_000),
        ("1000BONK/USDT:USDT", 51_000, 1_020),
    ]
    assert found["price_kind"].unique().to_list() == ["bankruptcy"]


def test_amounts_that_are_no_whole_lots_are_money() -> None:
    found = parsed(page(*IN_MONEY))
    assert found["notional_usd"].to_list() == [50_000.12, 1_020.0417]
    assert found["quantity_base"].to_list() == [pytest.approx(0.5000012), pytest.approx(51_002.085)]


def test_a_unit_that_cannot_be_told_is_refused_not_guessed() -> None:
    with pytest.raises(Refused, match="the unit of the amount cannot be told"):
        parsed(page(IN_COINS[0]))
    mixed = [row("1000BONKUSDT", "buy", "0.02", amount) for amount in ("5", "7", "9.5")]
    with pytest.raises(Refused, match="2 of 3 are whole lots"):
        parsed(page(*mixed))


def test_liquidations_of_pennies_mean_a_wrong_unit() -> None:
    pennies = parsed(page(row("1000BONKUSDT", "buy", "0.0002", "51")))
    with pytest.raises(CheckFailed, match="below 1 USD"):
        bitget_liquidations.check({"liquidations": pennies}, PIECE)


def test_an_empty_answer_is_an_error() -> None:
    with pytest.raises(CheckFailed, match="no liquidation at all"):
        bitget_liquidations.check({"liquidations": parsed(page())}, PIECE)


def test_pages_go_on_by_cursor_until_it_stands_still() -> None:
    (piece,) = bitget_liquidations.plan(ask(*SPAN))
    listing, first = piece.requests
    assert bitget_liquidations.follow(LISTED, listing) is None
    second = bitget_liquidations.follow(page(*IN_COINS, cursor="abc"), first)
    assert second is not None and second.params["cursor"] == "abc"
    assert bitget_liquidations.follow(page(*IN_COINS, cursor="abc"), second) is None
    assert bitget_liquidations.follow(page(cursor="def"), second) is None


def test_what_lies_further_back_than_three_days_is_not_asked_for() -> None:
    assert not list(bitget_liquidations.plan(ask("2025-10-10T00:00Z", "2025-10-11T00:00Z")))


@pytest.mark.parametrize(
    "fault",
    [
        None,
        Fault("status", 1, 429),
        Fault("body", 1, body=b'{"code":"429","msg":"Too Many Requests"}'),
        Fault("body", 1, body=b"<html>down</html>"),
    ],
)
def test_end_to_end_fetches_overlap_and_nothing_is_loaded_twice(tmp_path: Path, fault: Fault | None) -> None:
    listed, found = Route(PATHS[0], LISTED), Route(PATHS[1], page(*IN_COINS, cursor="x"), fault=fault)
    last = Route(PATHS[1], page(row("1000BONKUSDT", "buy", "0.02", "77000")), {"cursor": "x"})
    with serve(listed, found, last) as replay:
        settings = settings_for(tmp_path, replay.base, "bitget_liquidations")
        outcome = run(settings, "bitget_liquidations", ask(*SPAN))
        assert (outcome.outcome, outcome.error, outcome.rows_loaded) == ("loaded", None, 3)
        assert run(settings, "bitget_liquidations", ask(*SPAN)).outcome == "unchanged"
        last.body = page(row("1000BONKUSDT", "buy", "0.02", "88000"))
        later = run(settings, "bitget_liquidations", ask(*SPAN, now=NOW + timedelta(hours=1)))
        assert (later.outcome, later.rows_loaded, later.rows_doubled) == ("loaded", 1, 2)
    held = rows(settings, "SELECT count(*) AS n FROM liquidations WHERE source_id = 'bitget_liquidations'")
    assert held["n"].to_list() == [4]


def test_an_error_with_status_200_is_named_with_its_code(tmp_path: Path) -> None:
    refusal = Fault("body", -1, body=b'{"code":"40034","msg":"Parameter does not exist"}')
    with serve(Route(PATHS[0], LISTED), Route(PATHS[1], page(), fault=refusal)) as replay:
        outcome = run(settings_for(tmp_path, replay.base, "bitget_liquidations"), "bitget_liquidations", ask(*SPAN))
    assert outcome.outcome == "failed" and "Bitget answers error 40034." in (outcome.error or "")
