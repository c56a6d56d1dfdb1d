"""What HTX, Gate and Deribit say live, turned into rows: sides, units and prices by table 3a of the map of sources."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipelines.recording.streams import Heard, deribit, gate, htx
from pipelines.source import Refused
from tests.pipelines.streams_kit import rows


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
    with pytest.raises(Refused, match="is not in milliseconds"):
        rows(gate, gate_message({"time": 1541486601}), GATE_LIST)


def test_gate_is_asked_for_decimal_sizes_of_all_contracts() -> None:
    asked = [json.loads(message) for message in gate.subscribe(gate.topics([]))]
    assert [(one["channel"], one["payload"]) for one in asked] == [
        ("futures.tickers", ["BTC_USDT"]),
        ("futures.public_liquidates", ["!all"]),
    ]
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
        ("T", "sell", [("1:taker", "long")]),
        ("T", "buy", [("1:taker", "short")]),
        ("M", "buy", [("1:maker", "long")]),
        ("M", "sell", [("1:maker", "short")]),
        ("MT", "sell", [("1:maker", "short"), ("1:taker", "long")]),
    ],
)
def test_deribit_marks_the_taker_the_maker_or_both(mark: str, direction: str, closed: list[tuple[str, str]]) -> None:
    found = rows(deribit, trade(liquidation=mark, direction=direction))
    assert [(row["event_id"], row["liquidated_side"]) for row in found] == closed


def test_deribit_trades_without_a_mark_are_no_liquidations() -> None:
    message = trade()
    del message["params"]["data"][0]["liquidation"]
    assert rows(deribit, message) == []
    assert deribit.heard(json.dumps(message).encode()) is Heard.CONTROL
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
