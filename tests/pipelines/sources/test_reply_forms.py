"""Replies and archives in the whole form their venues give them, with every field, read by side, unit and order of
columns.

Each has the form of a recorded one, field by field, with numbers of our own.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from pipelines.source import Piece
from pipelines.sources import (
    bitfinex_liquidations,
    bybit_funding_history,
    bybit_klines,
    bybit_open_interest,
    ccxt_candles,
    coinbase_candles,
    deribit_trades,
    gate_liquidations,
    htx_liquidations,
    kraken_candles,
    okx_candles,
)

AT = datetime(2026, 9, 17, 18, 50, tzinfo=UTC)
SECONDS = int(AT.timestamp())
MS = SECONDS * 1000
DAY = "2026-09-17"


def text(body: object) -> bytes:
    return json.dumps(body).encode()


def piece(symbol: str, **facts: str) -> Piece:
    return Piece("x", facts={"symbol": symbol, "day": DAY, "over": "yes", "kind": "trade", **facts})


@dataclass(frozen=True)
class Form:
    """A reply, how it is read, which columns tell, and what they say."""

    body: Any
    read: Callable[[bytes], Any]
    columns: tuple[str, ...]
    says: list[tuple[object, ...]]


def table(
    name: str, parse: Callable[[list[bytes], Piece], Any], about: Piece, *before: object
) -> Callable[[bytes], Any]:
    return lambda body: parse([*(text(one) for one in before), body], about)[name]


def bybit(rows: list[Any], **more: object) -> dict[str, Any]:
    return {"retCode": 0, "retMsg": "OK", "result": {"list": rows, **more}, "time": MS + 10**9}


CLOSED = (
    "ts",
    "symbol",
    "market",
    "mechanism",
    "liquidated_side",
    "quantity_base",
    "notional_usd",
    "price",
    "price_kind",
)
OHLCV = ("ts", "open", "high", "low", "close", "volume_base")
DERIBIT = {"amount": 1500.0, "contracts": 150.0, "direction": "sell", "index_price": 3000.1, "mark_price": 3000.2}
DERIBIT |= {"instrument_name": "ETH-PERPETUAL", "price": 3000.0, "tick_direction": 0}
FORMS = {
    "htx: volume is contracts, amount coins, and an order that sells closes a long": Form(
        {
            "code": 200,
            "msg": "",
            "data": [
                {
                    "query_id": 7,
                    "contract_code": "SOL-USDT-261225",
                    "symbol": "USDT",
                    "direction": "sell",
                    "offset": "close",
                    "volume": 300.0,
                    "price": 150.0,
                    "created_at": MS,
                    "amount": 30.0,
                    "trade_turnover": 4500.0,
                    "business_type": "futures",
                    "pair": "SOL-USDT",
                }
            ],
            "ts": MS,
        },
        table("liquidations", htx_liquidations.parse, piece("SOL/USDT:USDT")),
        CLOSED,
        [(AT, "SOL/USDT:USDT-261225", "future", "liquidation", "long", 30.0, 4500.0, 150.0, "bankruptcy")],
    ),
    "gate: a negative size was a short, contracts have the listed size": Form(
        [
            {
                "contract": "ETH_USDT",
                "left": 0,
                "size": -40,
                "fill_price": "2000",
                "order_price": "2010",
                "time": SECONDS,
            }
        ],
        table("liquidations", gate_liquidations.parse, piece(""), [{"name": "ETH_USDT", "quanto_multiplier": "0.01"}]),
        CLOSED,
        [(AT, "ETH/USDT:USDT", "perp", "liquidation", "short", 0.4, 800.0, 2000.0, "fill")],
    ),
    "bitfinex: a negative amount was a short, the price is the last column and not the entry": Form(
        [[["pos", 17, MS, None, "tSOLF0:USTF0", -8, 140.5, None, 1, 1, None, 150.0]]],
        table("liquidations", bitfinex_liquidations.parse, piece("")),
        CLOSED,
        [(AT, "SOL/USDT:USDT", "perp", "liquidation", "short", 8.0, 1200.0, 150.0, "fill")],
    ),
    "deribit: the amount of an inverse perpetual is USD": Form(
        {
            "id": 2,
            "jsonrpc": "2.0",
            "usIn": MS * 1000,
            "usOut": MS * 1000 + 9,
            "usDiff": 9,
            "testnet": False,
            "result": {
                "has_more": False,
                "trades": [
                    DERIBIT | {"timestamp": MS, "trade_id": "ETH-1", "trade_seq": 7},
                    DERIBIT | {"timestamp": MS + 1, "trade_id": "ETH-2", "trade_seq": 8, "liquidation": "T"},
                ],
            },
        },
        table("liquidations", deribit_trades.parse, piece("ETH/USD:ETH")),
        ("event_id", "liquidated_side", "quantity_base", "notional_usd", "price_kind"),
        [("ETH-2:taker", "long", 0.5, 1500.0, "fill")],
    ),
    "bybit: an inverse bar has USD first and coins after it": Form(
        bybit([[str(MS), "100", "110", "90", "105", "21000", "200"]], symbol="BTCUSD", category="inverse")
        | {"retExtInfo": {}},
        table("bars", bybit_klines.parse, piece("BTC/USD:BTC")),
        (*OHLCV, "volume_quote"),
        [(AT, 100.0, 110.0, 90.0, 105.0, 200.0, 21_000.0)],
    ),
    "bybit: open interest of one side where it is stated": Form(
        {
            name: value
            for name, value in bybit(
                [{"openInterest": "600.00", "singleOpenInterest": "300", "timestamp": str(MS)}], nextPageCursor="lastid"
            ).items()
            if name != "retMsg"
        },
        table("open_interest", bybit_open_interest.parse, piece("BTC/USDT:USDT")),
        ("ts", "open_interest_base", "sides"),
        [(AT, 300.0, "one")],
    ),
    "bybit: funding is a rate, newest first": Form(
        bybit(
            [
                {"symbol": "BTCUSDT", "fundingRate": "0.0002", "fundingRateTimestamp": str(MS)},
                {"symbol": "BTCUSDT", "fundingRate": "-0.0001", "fundingRateTimestamp": str(MS - 8 * 3_600_000)},
            ],
            category="linear",
        ),
        table("funding_rates", bybit_funding_history.parse, piece("BTC/USDT:USDT", month="2026-09")),
        ("funding_rate", "interval_hours"),
        [(-0.0001, None), (0.0002, 8.0)],
    ),
    "okx: the volume of a swap counts contracts first, then coins, then money": Form(
        {"code": "0", "msg": "", "data": [[str(MS), "100", "110", "90", "105", "700", "7", "721", "1"]]},
        table("bars", okx_candles.parse, piece("BTC/USDT:USDT")),
        (*OHLCV, "volume_quote"),
        [(AT, 100.0, 110.0, 90.0, 105.0, 7.0, 721.0)],
    ),
    "coinbase: low comes before high, and open after both": Form(
        [[SECONDS, 90, 110, 100, 105, 2.5]],
        table("bars", coinbase_candles.parse, piece("BTC/USD")),
        OHLCV,
        [(AT, 100.0, 110.0, 90.0, 105.0, 2.5)],
    ),
    "kraken: a weighted price stands before the volume, the last row is still forming": Form(
        {
            "error": [],
            "result": {
                "XBTUSDT": [
                    [SECONDS, "100", "110", "90", "105", "101.5", "2.50000000", 3],
                    [SECONDS + 60, "105", "105", "105", "105", "105", "1.00000000", 1],
                ],
                "last": SECONDS,
            },
        },
        table("bars", kraken_candles.parse, piece("BTC/USDT", interval="1m")),
        (*OHLCV, "trades"),
        [(AT, 100.0, 110.0, 90.0, 105.0, 2.5, 3)],
    ),
    "bitfinex: close comes before high": Form(
        [[MS, 100, 105, 110, 90, 2.5]],
        table("bars", ccxt_candles.parse, piece("ETH/BTC", venue="bitfinex")),
        OHLCV,
        [(AT, 100.0, 110.0, 90.0, 105.0, 2.5)],
    ),
    "upbit: the bar's start is its UTC text and not the time of its last trade": Form(
        [
            {
                "market": "BTC-ETH",
                "candle_date_time_utc": "2026-09-17T18:50:00",
                "candle_date_time_kst": "2026-09-18T03:50:00",
                "opening_price": 100.5,
                "high_price": 110.5,
                "low_price": 90.5,
                "trade_price": 105.5,
                "timestamp": MS + 42_345,
                "candle_acc_trade_price": 260.5,
                "candle_acc_trade_volume": 2.5,
                "unit": 1,
            }
        ],
        table("bars", ccxt_candles.parse, piece("ETH/BTC", venue="upbit")),
        OHLCV,
        [(AT, 100.5, 110.5, 90.5, 105.5, 2.5)],
    ),
    "backpack: times are UTC without saying so": Form(
        [
            {
                "close": "105",
                "end": "2026-09-17 18:51:00",
                "high": "110",
                "low": "90",
                "open": "100",
                "quoteVolume": "260.5",
                "start": "2026-09-17 18:50:00",
                "trades": "12",
                "volume": "2.5",
            }
        ],
        table("bars", ccxt_candles.parse, piece("BTC/USDC:USDC", venue="backpack")),
        OHLCV,
        [(AT, 100.0, 110.0, 90.0, 105.0, 2.5)],
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_reply_is_read_as_its_venue_means_it(name: str) -> None:
    form = FORMS[name]
    assert form.read(text(form.body)).select(form.columns).rows() == form.says
