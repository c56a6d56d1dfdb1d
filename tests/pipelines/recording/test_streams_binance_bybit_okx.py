"""What Binance, Bybit and OKX say live, turned into rows: sides, units and prices by table 3a of the map of sources."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipelines.recording.streams import binance, bybit, okx
from tests.pipelines.streams_kit import BYBIT_LIST, OKX_LIST, rows


def order(**changed: str) -> dict[str, Any]:
    one = {
        "s": "BTCUSDT",
        "S": "SELL",
        "q": "0.5",
        "p": "100000",
        "ap": "99000",
        "X": "FILLED",
        "l": "0.1",
        "z": "0.4",
        "T": 1760130900000,
    }
    return {"e": "forceOrder", "E": 1760130900005, "o": one | changed}


@pytest.mark.parametrize(("side", "position"), [("SELL", "long"), ("BUY", "short")])
def test_binance_names_the_side_of_the_order_that_closes_the_position(side: str, position: str) -> None:
    (row,) = rows(binance, order(S=side))
    assert row["liquidated_side"] == position


def test_binance_counts_what_was_filled_at_the_average_price() -> None:
    (row,) = rows(binance, order())
    assert (row["quantity_base"], row["price"], row["price_kind"]) == (0.4, 99000.0, "fill")
    assert row["notional_usd"] == pytest.approx(39600)


@pytest.mark.parametrize(
    ("native", "symbol", "market"),
    [
        ("BTCUSDT", "BTC/USDT:USDT", "perp"),
        ("1000PEPEUSDT", "1000PEPE/USDT:USDT", "perp"),
        ("ETHUSDC", "ETH/USDC:USDC", "perp"),
        ("BTCUSDT_260327", "BTC/USDT:USDT-260327", "future"),
        ("ETHBTC", "ETH/BTC:BTC", "perp"),
        ("SOMETHING", None, "unknown"),
    ],
)
def test_binance_symbols(native: str, symbol: str | None, market: str) -> None:
    (row,) = rows(binance, order(s=native))
    assert (row["symbol"], row["market"]) == (symbol, market)
    assert (row["notional_usd"] is None) == (symbol is None or ":BTC" in symbol)


def test_binance_messages_come_with_and_without_a_wrapper() -> None:
    assert rows(binance, order()) == rows(binance, {"stream": "!forceOrder@arr", "data": order()})


def liquidated(*events: dict[str, Any]) -> dict[str, Any]:
    return {"topic": "allLiquidation.BTCUSDT", "type": "snapshot", "ts": 1, "data": list(events)}


EVENT = {"T": 1760130900000, "s": "BTCUSDT", "S": "Buy", "v": "0.5", "p": "100000"}


@pytest.mark.parametrize(("side", "position"), [("Buy", "long"), ("Sell", "short")])
def test_bybit_names_the_side_of_the_position(side: str, position: str) -> None:
    (row,) = rows(bybit, liquidated({**EVENT, "S": side}), BYBIT_LIST)
    assert row["liquidated_side"] == position


def test_bybit_states_a_bankruptcy_price_and_the_base_asset() -> None:
    (row,) = rows(bybit, liquidated(EVENT), BYBIT_LIST)
    assert (row["price_kind"], row["quantity_base"], row["notional_usd"]) == ("bankruptcy", 0.5, 50_000.0)


@pytest.mark.parametrize(
    ("native", "symbol", "market"),
    [
        ("BTCUSDT", "BTC/USDT:USDT", "perp"),
        ("BTCPERP", "BTC/USDC:USDC", "perp"),
        ("1000PEPEUSDT", "1000PEPE/USDT:USDT", "perp"),
        ("BTC-26DEC25", "BTC/USDC:USDC-251226", "future"),
        ("UNLISTEDUSDT", None, "unknown"),
    ],
)
def test_bybit_symbols_are_those_of_its_list(native: str, symbol: str | None, market: str) -> None:
    (row,) = rows(bybit, liquidated({**EVENT, "s": native}), BYBIT_LIST)
    assert (row["symbol"], row["market"]) == (symbol, market)


def test_bybit_liquidations_alike_in_one_message_are_two_and_repeated_messages_are_one() -> None:
    once, again = (rows(bybit, liquidated(EVENT, EVENT), BYBIT_LIST) for _ in range(2))
    assert len({row["event_id"] for row in once}) == 2
    assert once == again


def test_bybit_asks_for_the_contracts_that_trade() -> None:
    topics = bybit.topics([json.dumps(BYBIT_LIST).encode()])
    assert topics == [bybit.STREAM.control, *(f"allLiquidation.{one}" for one in ("BTCUSDT", "BTCPERP", "BTC-26DEC25"))]


def test_bybit_is_asked_in_messages_far_shorter_than_it_takes() -> None:
    topics = [bybit.STREAM.control, *(f"allLiquidation.1000000ASSET{number}-25DEC26" for number in range(2_000))]
    asked = [json.loads(message)["args"] for message in bybit.subscribe(topics)]
    assert [topic for args in asked for topic in args] == topics
    assert max(len(json.dumps(args)) for args in asked) < 21_000 / 4


def test_bybit_lists_in_pages() -> None:
    assert bybit.STREAM.listing is not None
    page = json.dumps({"result": {"list": [], "nextPageCursor": "next"}}).encode()
    following = bybit.follow(page, bybit.STREAM.listing)
    assert following is not None and following.params == {"category": "linear", "limit": 1000, "cursor": "next"}
    assert bybit.follow(json.dumps(BYBIT_LIST).encode(), following) is None


def okx_message(native: str = "BTC-USDT-SWAP", **changed: str) -> dict[str, Any]:
    detail = {"bkLoss": "0", "bkPx": "100000", "posSide": "long", "side": "sell", "sz": "50", "ts": "1760130900000"}
    return {
        "arg": {"channel": "liquidation-orders", "instType": "SWAP"},
        "data": [{"details": [detail | changed], "instId": native}],
    }


@pytest.mark.parametrize(
    ("position", "side", "closed"),
    [
        ("long", "sell", "long"),
        ("short", "buy", "short"),
        ("net", "sell", "long"),
        ("net", "buy", "short"),
        ("short", "sell", "short"),
    ],
)
def test_okx_names_the_position_and_where_it_is_net_the_order(position: str, side: str, closed: str) -> None:
    (row,) = rows(okx, okx_message(posSide=position, side=side), OKX_LIST)
    assert row["liquidated_side"] == closed


@pytest.mark.parametrize(
    ("native", "quantity", "usd"),
    [
        ("BTC-USDT-SWAP", 0.5, 50_000.0),
        ("BTC-USD-SWAP", 0.05, 5_000.0),
        ("ODD-USDT-SWAP", None, None),
        ("NEW-USDT-SWAP", None, None),
    ],
)
def test_okx_contracts_are_converted_by_its_list_or_not_at_all(
    native: str, quantity: float | None, usd: float | None
) -> None:
    (row,) = rows(okx, okx_message(native), OKX_LIST)
    assert (row["quantity_base"], row["notional_usd"], row["price_kind"]) == (quantity, usd, "bankruptcy")


def test_okx_identifies_an_event_as_its_rest_feed_does() -> None:
    (row,) = rows(okx, okx_message(), OKX_LIST)
    assert row["event_id"] == "BTC-USDT-SWAP:1760130900000:long:sell:50:100000"
