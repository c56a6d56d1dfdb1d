"""What the live feeds say, turned into rows: sides, units and prices by table 3a of the map of sources."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipelines.source import Refused
from pipelines.streams import (
    Answer,
    Denied,
    Heard,
    Row,
    StreamModule,
    binance,
    bybit,
    deribit,
    discover,
    gate,
    htx,
    okx,
)
from tests.pipelines.sources_kit import sample

BYBIT_LIST = {
    "retCode": 0,
    "result": {
        "list": [
            {
                "symbol": "BTCUSDT",
                "baseCoin": "BTC",
                "quoteCoin": "USDT",
                "settleCoin": "USDT",
                "contractType": "LinearPerpetual",
                "status": "Trading",
            },
            {
                "symbol": "BTCPERP",
                "baseCoin": "BTC",
                "quoteCoin": "USDC",
                "settleCoin": "USDC",
                "contractType": "LinearPerpetual",
                "status": "Trading",
            },
            {
                "symbol": "1000PEPEUSDT",
                "baseCoin": "1000PEPE",
                "quoteCoin": "USDT",
                "settleCoin": "USDT",
                "contractType": "LinearPerpetual",
                "status": "PreLaunch",
            },
            {
                "symbol": "BTC-26DEC25",
                "baseCoin": "BTC",
                "quoteCoin": "USDC",
                "settleCoin": "USDC",
                "contractType": "LinearFutures",
                "status": "Trading",
                "deliveryTime": "1766736000000",
            },
        ],
        "nextPageCursor": "",
    },
}
OKX_LIST = {
    "code": "0",
    "data": [
        {"instId": "BTC-USD-SWAP", "ctType": "inverse", "ctVal": "100", "ctMult": "1", "ctValCcy": "USD"},
        {"instId": "BTC-USDT-SWAP", "ctType": "linear", "ctVal": "0.01", "ctMult": "1", "ctValCcy": "BTC"},
        {"instId": "ODD-USDT-SWAP", "ctType": "linear", "ctVal": "10", "ctMult": "1", "ctValCcy": "USDT"},
    ],
}


def rows(stream: StreamModule, message: object, listing: object = None) -> list[Row]:
    """The rows of a message, as they come out of a segment."""
    read = stream.reader([json.dumps(listing).encode()] if listing else [])
    return list(read(json.loads(json.dumps(message))))


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


def test_binance_as_recorded() -> None:
    (row,) = rows(binance, json.loads(sample("binance_fapi_forceOrder.json")))
    assert (row["symbol"], row["liquidated_side"], row["price"]) == ("BTC/USDT:USDT", "short", 4706.04)
    assert (row["quantity_base"], row["ts"]) == (0.014, 1584059031421)
    (doc,) = rows(binance, json.loads(sample("binance_fapi_forceOrder_ws.json")))
    assert (doc["liquidated_side"], doc["price"]) == ("long", 9910.12345678)


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
    assert topics == ["allLiquidation.BTCUSDT", "allLiquidation.BTCPERP", "allLiquidation.BTC-26DEC25"]


def test_bybit_lists_in_pages() -> None:
    assert bybit.STREAM.listing is not None
    page = json.dumps({"result": {"list": [], "nextPageCursor": "next"}}).encode()
    following = bybit.follow(page, bybit.STREAM.listing)
    assert following is not None and following.params == {"category": "linear", "limit": 1000, "cursor": "next"}
    assert bybit.follow(json.dumps(BYBIT_LIST).encode(), following) is None


def test_bybit_as_recorded() -> None:
    rose, kaito = json.loads(sample("bybit_allLiquidation.json"))
    (row,) = rows(bybit, rose, BYBIT_LIST)
    assert (row["liquidated_side"], row["ts"], row["price"]) == ("short", 1739502302929, 0.04499)
    (row,) = rows(bybit, kaito, BYBIT_LIST)
    assert row["liquidated_side"] == "long"
    assert bybit.heard(json.dumps(rose).encode()) is Heard.KEPT


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


def test_okx_as_recorded() -> None:
    """The recorded message is of a dated future: its shape is the swaps', and it has no symbol here."""
    (message,) = json.loads(sample("okx_liquidation-orders.json"))
    (row,) = rows(okx, message, json.loads(sample("okx_v5_instruments_swap.json")))
    assert (row["symbol"], row["liquidated_side"], row["price"]) == (None, "short", 0.55205)
    assert okx.heard(json.dumps(message).encode()) is Heard.KEPT


def htx_message(**changed: object) -> dict[str, Any]:
    one = {
        "symbol": "BTC",
        "contract_code": "BTC-USDT",
        "direction": "sell",
        "offset": "close",
        "volume": 479.0,
        "price": 100000.0,
        "created_at": 1760130900000,
        "amount": 0.479,
        "trade_turnover": 47900.0,
        "business_type": "swap",
        "pair": "BTC-USDT",
    }
    return {"op": "notify", "topic": "public.BTC-USDT.liquidation_orders", "ts": 1, "data": [one | changed]}


@pytest.mark.parametrize(("direction", "position"), [("sell", "long"), ("buy", "short")])
def test_htx_names_the_side_of_the_order(direction: str, position: str) -> None:
    (row,) = rows(htx, htx_message(direction=direction))
    assert (row["liquidated_side"], row["price_kind"]) == (position, "bankruptcy")


def test_htx_counts_the_base_asset_and_not_contracts() -> None:
    (row,) = rows(htx, htx_message())
    assert (row["quantity_base"], row["notional_usd"]) == (0.479, 47900.0)
    with pytest.raises(Refused, match="amount times price is not the turnover"):
        rows(htx, htx_message(amount=479.0))


def test_htx_symbols() -> None:
    (swap,) = rows(htx, htx_message())
    (future,) = rows(htx, htx_message(contract_code="BTC-USDT-211210"))
    assert (swap["symbol"], swap["market"]) == ("BTC/USDT:USDT", "perp")
    assert (future["symbol"], future["market"]) == ("BTC/USDT:USDT-211210", "future")


def test_htx_as_recorded_by_its_rest_feed() -> None:
    """The stream's orders have the fields of the recorded REST orders, without their number."""
    (row,) = rows(htx, {"op": "notify", "data": json.loads(sample("htx_swap_liquidation_orders_v3.json"))["data"]})
    assert (row["liquidated_side"], row["quantity_base"], row["market"]) == ("long", 0.479, "future")


GATE_LIST = [
    {"name": "BTC_USDT", "quanto_multiplier": "0.0001"},
    {"name": "ODD_USDT", "quanto_multiplier": "0"},
]


def gate_message(*orders: dict[str, Any]) -> dict[str, Any]:
    """As Gate's documents show it since August 2026, sizes as text where the connection asked for decimals."""
    one = {"price": "215.1", "size": "-124.5", "time": 1541486601123, "contract": "BTC_USDT"}
    told = {"channel": "futures.public_liquidates", "event": "update", "time": 1541505434, "time_ms": 1541505434123}
    return told | {"result": [one | order for order in orders]}


@pytest.mark.parametrize(("size", "position"), [("-124.5", "long"), ("10", "short"), (-124, "long")])
def test_gate_signs_the_size_of_the_order_that_closes_the_position(size: object, position: str) -> None:
    (row,) = rows(gate, gate_message({"size": size}), GATE_LIST)
    assert (row["liquidated_side"], row["price_kind"]) == (position, "order")


def test_gate_contracts_are_converted_by_its_list_or_not_at_all() -> None:
    listed, odd, new = rows(gate, gate_message({}, {"contract": "ODD_USDT"}, {"contract": "NEW_USDT"}), GATE_LIST)
    assert (listed["symbol"], listed["market"]) == ("BTC/USDT:USDT", "perp")
    assert listed["quantity_base"] == pytest.approx(0.01245)
    assert listed["notional_usd"] == pytest.approx(0.01245 * 215.1)
    assert [(row["quantity_base"], row["notional_usd"]) for row in (odd, new)] == [(None, None)] * 2


def test_gate_orders_alike_in_one_message_are_two_and_repeated_messages_are_one() -> None:
    once, again = (rows(gate, gate_message({}, {}), GATE_LIST) for _ in range(2))
    assert len({row["event_id"] for row in once}) == 2
    assert once == again


def test_gate_times_that_are_not_milliseconds_are_refused() -> None:
    with pytest.raises(Refused, match="1541486601 is not in milliseconds"):
        rows(gate, gate_message({"time": 1541486601}), GATE_LIST)


def test_gate_is_asked_for_decimal_sizes_of_all_contracts() -> None:
    (message,) = gate.subscribe(gate.topics([]))
    assert json.loads(message)["payload"] == ["!all"]
    assert gate.STREAM.headers == {"X-Gate-Size-Decimal": "1"}


def trade(**changed: object) -> dict[str, Any]:
    one = {
        "trade_id": "1",
        "timestamp": 1760130900000,
        "price": 100000.0,
        "liquidation": "T",
        "instrument_name": "BTC-PERPETUAL",
        "direction": "sell",
        "amount": 50000,
    }
    return {
        "jsonrpc": "2.0",
        "method": "subscription",
        "params": {"channel": "trades.future.BTC.100ms", "data": [one | changed]},
    }


@pytest.mark.parametrize(
    ("mark", "direction", "closed"),
    [
        ("T", "sell", ["long"]),
        ("T", "buy", ["short"]),
        ("M", "buy", ["long"]),
        ("M", "sell", ["short"]),
        ("MT", "sell", ["short", "long"]),
    ],
)
def test_deribit_marks_the_taker_the_maker_or_both(mark: str, direction: str, closed: list[str]) -> None:
    found = rows(deribit, trade(liquidation=mark, direction=direction))
    assert [row["liquidated_side"] for row in found] == closed
    assert len({row["event_id"] for row in found}) == len(closed)


def test_deribit_trades_without_a_mark_are_no_liquidations() -> None:
    message = trade()
    del message["params"]["data"][0]["liquidation"]
    assert rows(deribit, message) == []
    assert deribit.heard(json.dumps(message).encode()) is Heard.NOTHING
    assert deribit.heard(json.dumps(trade()).encode()) is Heard.KEPT


@pytest.mark.parametrize(
    ("native", "symbol", "market", "quantity", "usd"),
    [
        ("BTC-PERPETUAL", "BTC/USD:BTC", "perp", 0.5, 50_000.0),
        ("BTC-26DEC25", "BTC/USD:BTC-251226", "future", 0.5, 50_000.0),
        ("SOL_USDC-PERPETUAL", "SOL/USDC:USDC", "perp", 50_000.0, 5e9),
    ],
)
def test_deribit_amounts_are_usd_where_the_contract_is_inverse(
    native: str, symbol: str, market: str, quantity: float, usd: float
) -> None:
    (row,) = rows(deribit, trade(instrument_name=native))
    assert (row["symbol"], row["market"], row["quantity_base"], row["notional_usd"]) == (symbol, market, quantity, usd)


def test_deribit_as_recorded() -> None:
    """Both were liquidated longs: a taker who sold, and a maker who was bought from."""
    found = rows(deribit, {"params": {"data": json.loads(sample("deribit_trades_liquidation.json"))}})
    assert [row["liquidated_side"] for row in found] == ["long", "long"]
    assert [row["event_id"] for row in found] == ["66460463:taker", "66460626:maker"]


@pytest.mark.parametrize(
    ("stream", "message", "meaning"),
    [
        (binance, '{"result":null,"id":1}', Heard.NOTHING),
        (bybit, '{"success":true,"ret_msg":"","op":"subscribe"}', Heard.CONFIRMED),
        (bybit, '{"success":false,"ret_msg":"handler not found","op":"subscribe"}', Denied("Bybit answers handler not found")),
        (bybit, '{"success":true,"ret_msg":"pong","op":"ping"}', Heard.NOTHING),
        (okx, '{"event":"subscribe","arg":{"channel":"liquidation-orders","instType":"SWAP"}}', Heard.CONFIRMED),
        (okx, "pong", Heard.NOTHING),
        (okx, '{"event":"error","code":"60012","msg":"Invalid request"}', Denied("OKX answers 60012, Invalid request")),
        (htx, '{"op":"sub","cid":"crashday","topic":"public.*.liquidation_orders","ts":1,"err-code":0}', Heard.CONFIRMED),
        (htx, '{"op":"sub","ts":1,"err-code":2011,"err-msg":"topic error"}', Denied("HTX answers 2011, topic error")),
        (htx, '{"op":"ping","ts":"1760130900000"}', Answer('{"op": "pong", "ts": "1760130900000"}')),
        (gate, '{"time":1,"channel":"futures.public_liquidates","event":"subscribe","error":null,"result":{"status":"success"}}', Heard.CONFIRMED),
        (gate, '{"time":1,"channel":"futures.public_liquidates","event":"subscribe","error":{"code":2,"message":"unknown currency pair"},"result":null}', Denied("Gate answers 2, unknown currency pair")),
        (gate, '{"time":1,"channel":"futures.pong","event":"","result":null}', Heard.NOTHING),
        (deribit, '{"jsonrpc":"2.0","id":3,"result":["trades.future.BTC.100ms"]}', Heard.CONFIRMED),
        (deribit, '{"jsonrpc":"2.0","method":"heartbeat","params":{"type":"test_request"}}', Answer(deribit.HERE)),
        (deribit, '{"jsonrpc":"2.0","method":"heartbeat","params":{"type":"heartbeat"}}', Heard.NOTHING),
        (deribit, '{"jsonrpc":"2.0","id":2,"result":{"version":"1.2.26"}}', Heard.NOTHING),
        (deribit, '{"jsonrpc":"2.0","id":3,"error":{"code":11050,"message":"bad_request"}}', Denied("Deribit answers 11050, bad_request")),
    ],
)  # fmt: skip
def test_what_a_message_means(stream: StreamModule, message: str, meaning: object) -> None:
    assert stream.heard(message.encode()) == meaning


def test_every_stream_has_its_source_and_every_subscription_is_a_message() -> None:
    listings = {"bybit": BYBIT_LIST, "okx": OKX_LIST}
    for venue, stream in discover().items():
        assert stream.STREAM.source.id == f"recorded_{venue}" and stream.STREAM.source.live
        assert stream.subscribe([]) == []
        topics = stream.topics([json.dumps(listings.get(venue, {})).encode()])
        assert all(json.loads(message) for message in stream.subscribe(topics))
