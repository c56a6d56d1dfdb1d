"""From a venue's live feed to rows, every venue: connect, subscribe, be confirmed, keep, load."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.streams import StreamModule, binance, bybit, deribit, discover, gate, htx, okx
from tests.pipelines.sources_kit import ask, rows, run, settings_for
from tests.pipelines.test_recorder import BYBIT_LIST, CONFIRMED, ORDER, ran
from tests.replay.websocket import Feed, played, silent

MOMENT = 1_760_130_900_000
OKX_LIST = (
    b'{"code":"0","data":[{"instId":"BTC-USDT-SWAP","ctType":"linear","ctVal":"0.01","ctMult":"1","ctValCcy":"BTC"}]}'
)
VENUES: dict[str, tuple[StreamModule, list[dict[str, Any]], dict[str, Any], dict[str, bytes]]] = {
    "binance": (binance, [], json.loads(ORDER.format(MOMENT)), {}),
    "bybit": (
        bybit,
        [json.loads(CONFIRMED)] * 2,
        {"topic": "allLiquidation.C1USDT", "data": [{"T": MOMENT, "s": "C1USDT", "S": "Buy", "v": "1", "p": "2"}]},
        {"/v5/market/instruments-info": BYBIT_LIST},
    ),
    "okx": (
        okx,
        [{"event": "subscribe"}],
        {
            "data": [
                {
                    "instId": "BTC-USDT-SWAP",
                    "details": [{"bkPx": "9", "posSide": "long", "side": "sell", "sz": "5", "ts": str(MOMENT)}],
                }
            ]
        },
        {"/api/v5/public/instruments": OKX_LIST},
    ),
    "htx": (
        htx,
        [{"op": "sub", "err-code": 0}],
        {
            "op": "notify",
            "data": [
                {
                    "contract_code": "BTC-USDT",
                    "direction": "sell",
                    "volume": 1,
                    "price": 9.0,
                    "created_at": MOMENT,
                    "amount": 2.0,
                    "trade_turnover": 18.0,
                }
            ],
        },
        {},
    ),
    "gate": (
        gate,
        [{"channel": gate.CHANNEL, "event": "subscribe", "result": {"status": "success"}}],
        {
            "channel": gate.CHANNEL,
            "event": "update",
            "result": [{"price": "9", "size": "-2.5", "time": MOMENT, "contract": "BTC_USDT"}],
        },
        {"/api/v4/futures/usdt/contracts": b'[{"name":"BTC_USDT","quanto_multiplier":"0.0001"}]'},
    ),
    "deribit": (
        deribit,
        [{"id": 1, "result": "ok"}, {"id": 3, "result": []}],
        {
            "method": "subscription",
            "params": {
                "data": [
                    {
                        "trade_id": "1",
                        "timestamp": MOMENT,
                        "price": 9.0,
                        "liquidation": "T",
                        "instrument_name": "BTC-PERPETUAL",
                        "direction": "sell",
                        "amount": 18,
                    }
                ]
            },
        },
        {},
    ),
}


@pytest.mark.parametrize("venue", VENUES)
def test_what_a_venue_said_is_loaded_by_a_refresh(tmp_path: Path, venue: str) -> None:
    stream, confirmations, message, pages = VENUES[venue]
    settings, answers = settings_for(tmp_path, "", "nothing"), iter(confirmations)

    def said(one: dict[str, Any]) -> str | bytes:
        text = json.dumps(one)
        return gzip.compress(text.encode()) if stream.STREAM.packed else text

    def confirm(_: str) -> str | bytes | None:
        answer = next(answers, None)
        return said(answer) if answer else None

    feed = Feed([said(message)], confirm=confirm if confirmations else silent, pages=pages)
    with played(feed):
        ran(
            tmp_path,
            feed.base,
            stream,
            lambda words: feed.played.is_set() and any(one.endswith(": listening") for one in words),
        )
    outcome = run(settings, stream.STREAM.source.id, ask("2026-11-21T00:00Z", "2026-11-22T00:00Z"))
    assert outcome.error is None and outcome.rows_refused == 0, (outcome.error, outcome.refusals)
    (row,) = rows(settings, "SELECT * FROM liquidations WHERE venue = $venue", {"venue": venue}).iter_rows(named=True)
    assert (row["liquidated_side"], row["ts"].timestamp() * 1000, row["feed"]) == ("long", MOMENT, stream.STREAM.feed)
    spans = rows(settings, "SELECT venue, state FROM feed_coverage")
    assert spans.rows() == [(venue, "recorded")]


def test_every_venue_is_played_here() -> None:
    assert VENUES.keys() == discover().keys()


def test_a_venue_reads_the_headers_its_stream_asks_for(tmp_path: Path) -> None:
    feed = Feed([], confirm=lambda _: json.dumps(VENUES["gate"][1][0]), pages=VENUES["gate"][3])
    with played(feed):
        ran(tmp_path, feed.base, gate, lambda words: any(one.endswith(": listening") for one in words))
    assert feed.headers["X-Gate-Size-Decimal"] == "1"
