"""OKX's liquidation orders: position sides, bankruptcy prices, contracts, pages that overlap."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from pipelines.source import Piece, Refused
from pipelines.sources import okx_liquidations
from tests.pipelines.okx_kit import (
    BTC,
    INVERSE,
    MIDNIGHT,
    order,
    orders,
    reply,
)


def liquidated(*bodies: bytes, symbol: str = "BTC/USDT:USDT", size: dict[str, str] = BTC) -> pl.DataFrame:
    piece = Piece("x", facts={"symbol": symbol})
    frames = okx_liquidations.parse([reply([size]), *bodies], piece)
    okx_liquidations.check(frames, piece)
    return frames["liquidations"]


@pytest.mark.parametrize(
    ("pos_side", "side", "position"),
    [("long", "sell", "long"), ("short", "buy", "short"), ("net", "sell", "long"), ("net", "buy", "short")],
)
def test_okx_position_side_is_stated_and_where_net_it_is_the_side_the_order_closes(
    pos_side: str, side: str, position: str
) -> None:
    assert liquidated(orders(order(MIDNIGHT, pos_side, side)))["liquidated_side"].to_list() == [position]


def test_an_unknown_position_side_is_refused() -> None:
    with pytest.raises(Refused, match="a side that is not known"):
        liquidated(orders(order(MIDNIGHT, "", "")))


def test_liquidations_are_contracts_times_contract_size_and_inverse_ones_usd() -> None:
    linear = liquidated(orders(order(MIDNIGHT, "long", "sell"))).row(0, named=True)
    assert (linear["quantity_base"], linear["notional_usd"]) == (3.0, 300_000.0)
    assert (linear["price"], linear["price_kind"]) == (100_000.0, "bankruptcy")
    assert linear["ts"] == datetime(2025, 10, 10, tzinfo=UTC)
    body = orders(order(MIDNIGHT, "long", "sell"), name="BTC-USD-SWAP")
    inverse = liquidated(body, symbol="BTC/USD:BTC", size=INVERSE).row(0, named=True)
    assert (inverse["quantity_base"], inverse["notional_usd"]) == (0.3, 30_000.0)


def test_no_liquidation_at_all_is_a_fair_answer() -> None:
    assert liquidated(reply([])).height == 0


def test_pages_go_back_until_nothing_is_older_and_their_overlap_counts_once() -> None:
    first = okx_liquidations.Request(okx_liquidations.ORDERS, {"limit": 100})
    page = orders(order(MIDNIGHT + 9, "long", "sell"), order(MIDNIGHT + 5, "long", "sell"))
    second = okx_liquidations.follow(page, first)
    assert second is not None and second.params == {"limit": 100, "after": MIDNIGHT + 6}
    overlap = orders(order(MIDNIGHT + 5, "long", "sell"))
    third = okx_liquidations.follow(overlap, second)
    assert third is not None and third.params["after"] == MIDNIGHT + 5
    assert okx_liquidations.follow(reply([]), third) is None
    assert okx_liquidations.follow(overlap, third) is None, "a server that ignores the cursor is not asked for ever"
    assert liquidated(page, overlap).height == 2


@pytest.mark.parametrize(
    "row",
    [
        {"instId": "BTC-USDT-SWAP"},
        {"details": [{"ts": "1"}], "instId": "BTC-USDT-SWAP", "instType": "SWAP", "uly": "", "instFamily": ""},
    ],
)
def test_a_shape_that_is_not_known_is_refused(row: dict[str, object]) -> None:
    with pytest.raises(Refused, match="shape is not the known one"):
        liquidated(reply([row]))
