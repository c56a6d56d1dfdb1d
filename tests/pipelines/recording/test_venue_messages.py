"""Messages as the venues send them in 2026: sides and units by name.

Each has the form of a recorded one, field by field, with numbers of our own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from pipelines.recording.streams import Heard, StreamModule, binance, bybit, deribit, gate, htx, okx
from pipelines.source import Piece, Refused
from pipelines.sources import bitget_liquidations, deribit_trades, gate_liquidations
from tests.pipelines.streams_kit import rows

AT = 1789672235690


@dataclass(frozen=True)
class Said:
    """A message, and what it says: symbol, market, closed position, base asset, USD, kind of price."""

    stream: StreamModule
    message: dict[str, Any]
    says: list[tuple[object, ...]]
    listing: object = None


def binance_order(symbol: str, side: str, quantity: str, price: str, **more: str) -> dict[str, Any]:
    order = {"s": symbol, **more, "S": side, "o": "LIMIT", "f": "IOC", "q": quantity, "p": price, "ap": price}
    return {"e": "forceOrder", "E": AT + 12, "o": order | {"X": "FILLED", "l": quantity, "z": quantity, "T": AT}}


def bybit_event(symbol: str, side: str, quantity: str, price: str) -> dict[str, Any]:
    event = {"T": AT, "s": symbol, "S": side, "v": quantity, "p": price}
    return {"topic": f"allLiquidation.{symbol}", "type": "snapshot", "ts": AT + 306, "data": [event]}


def bybit_listed(*bases: str, **more: str) -> dict[str, Any]:
    one = {"quoteCoin": "USDT", "settleCoin": "USDT", "contractType": "LinearPerpetual", "status": "Trading", **more}
    return {"retCode": 0, "result": {"list": [{"symbol": f"{base}USDT", "baseCoin": base, **one} for base in bases]}}


def okx_event(native: str, position: str, side: str, contracts: str, price: str, kind: str = "SWAP") -> dict[str, Any]:
    event = {"bkLoss": "0", "bkPx": price, "ccy": "", "posSide": position, "side": side, "sz": contracts, "ts": str(AT)}
    family = "-".join(native.split("-")[:2])
    group = {"instId": native, "instFamily": family, "instType": kind, "uly": family, "details": [event]}
    return {"arg": {"channel": "liquidation-orders", "instType": kind}, "data": [group]}


def okx_listed(native: str, face: str) -> dict[str, Any]:
    one = {"instId": native, "ctType": "linear", "ctVal": face, "ctMult": "1", "ctValCcy": native.split("-")[0]}
    return {"code": "0", "data": [one]}


def htx_order(code: str, direction: str, contracts: float, price: float, amount: float) -> dict[str, Any]:
    base = code.partition("-")[0]
    order = {"symbol": base, "contract_code": code, "direction": direction, "offset": "close", "volume": contracts}
    order |= {"price": price, "created_at": AT, "amount": amount, "trade_turnover": amount * price}
    order |= {"contract_type": "swap", "pair": code, "business_type": "swap", "trade_partition": "USDT"}
    return {"op": "notify", "topic": f"public.{code}.liquidation_orders", "ts": AT + 5, "data": [order]}


def deribit_trade(mark: str, direction: str, amount: int, price: float) -> dict[str, Any]:
    trade = {"trade_seq": 40781986, "trade_id": "71", "timestamp": AT, "tick_direction": 3, "price": price}
    trade |= {"liquidation": mark, "instrument_name": "BTC-PERPETUAL", "index_price": 80_000.1}
    trade |= {"direction": direction, "amount": amount}
    params = {"channel": "trades.future.BTC.100ms", "data": [trade]}
    return {"jsonrpc": "2.0", "method": "subscription", "params": params}


GATE = {
    "channel": "futures.public_liquidates",
    "event": "update",
    "time": AT // 1000,
    "time_ms": AT,
    "result": [
        {"price": "2000", "size": "-40.5", "time": AT, "contract": "ETH_USDT"},
        {"price": "2010", "size": "12", "time": AT + 333, "contract": "ETH_USDT"},
    ],
}
MESSAGES = {
    "binance: a short is bought back, in coins at the average price": Said(
        binance,
        binance_order("WIFUSDT", "BUY", "1000", "0.5"),
        [("WIF/USDT:USDT", "perp", "short", 1000.0, 500.0, "fill")],
    ),
    "binance: a COIN-M contract of Bitcoin is 100 USD": Said(
        binance,
        {"stream": "!forceOrder@arr", "data": binance_order("BTCUSD_PERP", "SELL", "40", "80000", ps="BTCUSD")},
        [("BTC/USD:BTC", "perp", "long", 0.05, 4000.0, "fill")],
    ),
    "bybit: a closed short says Sell, in coins": Said(
        bybit,
        bybit_event("WIFUSDT", "Sell", "500", "0.02"),
        [("WIF/USDT:USDT", "perp", "short", 500.0, 10.0, "bankruptcy")],
        bybit_listed("WIF"),
    ),
    "bybit: a closed long says Buy, in coins": Said(
        bybit,
        bybit_event("WIFUSDT", "Buy", "500", "0.02"),
        [("WIF/USDT:USDT", "perp", "long", 500.0, 10.0, "bankruptcy")],
        bybit_listed("WIF"),
    ),
    "okx: the position is named, contracts have the listed size": Said(
        okx,
        okx_event("WIF-USDT-SWAP", "short", "buy", "300", "0.5"),
        [("WIF/USDT:USDT", "perp", "short", 3000.0, 1500.0, "bankruptcy")],
        okx_listed("WIF-USDT-SWAP", "10"),
    ),
    "okx: a dated future is no swap, and nothing of it is guessed": Said(
        okx,
        okx_event("XRP-USD-270326", "long", "sell", "39", "0.6", "FUTURES"),
        [(None, "perp", "long", None, None, "bankruptcy")],
        okx_listed("WIF-USDT-SWAP", "10"),
    ),
    "htx: an order that buys closes a short, the amount is coins": Said(
        htx,
        htx_order("SOL-USDT", "buy", 300, 150.0, 30),
        [("SOL/USDT:USDT", "perp", "short", 30.0, 4500.0, "bankruptcy")],
    ),
    "htx: an order that sells closes a long": Said(
        htx,
        htx_order("SOL-USDT", "sell", 300, 150.0, 30),
        [("SOL/USDT:USDT", "perp", "long", 30.0, 4500.0, "bankruptcy")],
    ),
    "gate: an order of negative size closes a long, contracts have the listed size": Said(
        gate,
        GATE,
        [
            ("ETH/USDT:USDT", "perp", "long", 0.405, 810.0, "order"),
            ("ETH/USDT:USDT", "perp", "short", 0.12, pytest.approx(241.2), "order"),
        ],
        [{"name": "ETH_USDT", "quanto_multiplier": "0.01"}],
    ),
    "deribit: a taker who sells was long, the amount of an inverse contract is USD": Said(
        deribit,
        deribit_trade("T", "sell", 8000, 80_000.0),
        [("BTC/USD:BTC", "perp", "long", 0.1, 8000, "fill")],
    ),
    "deribit: a maker who is bought from was long": Said(
        deribit,
        deribit_trade("M", "buy", 8000, 80_000.0),
        [("BTC/USD:BTC", "perp", "long", 0.1, 8000, "fill")],
    ),
}
COLUMNS = ("symbol", "market", "liquidated_side", "quantity_base", "notional_usd", "price_kind")


def near(expected: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    return [tuple(pytest.approx(one) if isinstance(one, float) else one for one in row) for row in expected]


@pytest.mark.parametrize("name", MESSAGES)
def test_what_a_venue_says_is_read_with_its_side_and_its_unit(name: str) -> None:
    said = MESSAGES[name]
    assert said.stream.heard(json.dumps(said.message).encode()) is Heard.KEPT
    read = rows(said.stream, said.message, said.listing)
    assert [tuple(row[name] for name in COLUMNS) for row in read] == near(said.says)
    assert read[0]["ts"] == AT


@pytest.mark.parametrize(
    ("native", "symbol", "market", "quantity", "usd"),
    [
        ("BTCUSD_PERP", "BTC/USD:BTC", "perp", 30.0, 30_000.0),
        ("BNBUSD_261225", "BNB/USD:BNB-261225", "future", 3.0, 3_000.0),
        ("ARBUSD_PERP", "ARB/USD:ARB", "perp", 3.0, 3_000.0),
        ("SHIBUSD_261225", "SHIB/USD:SHIB-261225", "future", 3.0, 3_000.0),
        ("BNBUSDT", "BNB/USDT:USDT", "perp", 300.0, 300_000.0),
        ("BNBUSDT_261225", "BNB/USDT:USDT-261225", "future", 300.0, 300_000.0),
    ],
)
def test_binance_contracts_of_coin_m_are_100_or_10_usd_and_no_coin_loses_its_last_letter(
    native: str, symbol: str, market: str, quantity: float, usd: float
) -> None:
    (row,) = rows(binance, binance_order(native, "SELL", "300", "1000"))
    assert (row["symbol"], row["market"], row["quantity_base"], row["notional_usd"]) == (symbol, market, quantity, usd)


def test_binance_orders_that_were_not_filled_have_no_quantity_to_divide() -> None:
    (row,) = rows(binance, binance_order("BTCUSD_PERP", "SELL", "0", "0"))
    assert (row["quantity_base"], row["notional_usd"]) == (None, 0.0)


def test_htx_is_answered_with_the_ping_it_sent_as_text() -> None:
    ping = b'{"op":"ping","ts":"1789676355591"}'
    answer = htx.heard(ping)
    assert json.loads(getattr(answer, "text", "")) == {"op": "pong", "ts": "1789676355591"}


def test_htx_coin_margined_orders_without_a_turnover_are_not_guessed() -> None:
    order = {"symbol": "ETH", "contract_code": "ETH-USD", "direction": "buy", "offset": "close", "volume": 231}
    message = {
        "op": "notify",
        "topic": "public.ETH-USD.liquidation_orders",
        "data": [order | {"price": 2.5, "created_at": AT}],
    }
    with pytest.raises(KeyError, match="amount"):
        rows(htx, message)


def test_bybit_perpetuals_of_stocks_are_in_the_feed_under_their_own_names() -> None:
    listing = bybit_listed("TSLA", symbolType="stock")
    assert "allLiquidation.TSLAUSDT" in bybit.topics([json.dumps(listing).encode()])
    (row,) = rows(bybit, bybit_event("TSLAUSDT", "Buy", "2", "400"), listing)
    assert (row["symbol"], row["notional_usd"]) == ("TSLA/USDT:USDT", 800.0)


def test_gate_liq_orders_have_the_position_in_size_and_the_order_in_order_size() -> None:
    one = {"time": AT // 1000, "order_price": "0.25", "fill_price": "0.25", "left": "0"}
    orders = [
        one | {"contract": "LSK_USDT", "size": "-95", "order_size": "95"},
        one | {"contract": "LSK_USDT", "size": "76", "order_size": "-76"},
    ]
    contracts = json.dumps([{"name": "LSK_USDT", "quanto_multiplier": "1"}]).encode()
    found = gate_liquidations.parse(
        [contracts, json.dumps(orders).encode()], Piece("x", facts={"day": "2026-09-17", "over": "yes"})
    )
    rows_found = found["liquidations"].select("liquidated_side", "quantity_base", "notional_usd").rows()
    assert rows_found == [("short", 95.0, 23.75), ("long", 76.0, 19.0)]


def test_bitget_sums_of_money_alone_do_not_tell_their_unit() -> None:
    listed = [{"symbol": "APEUSDT", "baseCoin": "APE", "quoteCoin": "USDT", "quantityMultiplier": "0.1"}]
    row = {"symbol": "APEUSDT", "side": "buy", "price": "0.1650", "amount": "13.7115", "ts": str(AT)}
    bodies = [{"code": "00000", "data": listed}, {"code": "00000", "data": {"list": [row], "cursor": ""}}]
    with pytest.raises(Refused, match="the unit of the amount cannot be told"):
        bitget_liquidations.parse([json.dumps(body).encode() for body in bodies], Piece("x"))


def test_deribit_trades_of_a_combination_keep_the_perpetuals_numbers_and_are_read_like_others() -> None:
    trade = {"price": 80_000.0, "amount": 8_000.0, "direction": "sell", "index_price": 80_001.0, "mark_price": 80_002.0}
    trade |= {"instrument_name": "BTC-PERPETUAL", "tick_direction": 1, "contracts": 800.0}
    combo = {"combo_id": "BTC-FS-25DEC26_PERP", "combo_trade_id": "9", "liquidation": "T"}
    trades = [trade | {"trade_seq": 7, "trade_id": "1", "timestamp": AT}]
    trades += [trade | combo | {"trade_seq": 8, "trade_id": "2", "timestamp": AT + 1}]
    body = json.dumps({"jsonrpc": "2.0", "result": {"trades": trades, "has_more": False}}).encode()
    piece = Piece("x", facts={"symbol": "BTC/USD:BTC", "day": "2026-09-17", "over": "yes"})
    found = deribit_trades.parse([body], piece)["liquidations"]
    assert found.select("liquidated_side", "quantity_base", "notional_usd").rows() == [("long", 0.1, 8_000.0)]
