"""What live feeds say beside liquidations: confirmations, heartbeats, denials."""

from __future__ import annotations

import json

import pytest

from pipelines.recording.streams import (
    Answer,
    Denied,
    Heard,
    StreamModule,
    binance,
    bybit,
    deribit,
    discover,
    gate,
    htx,
    okx,
)
from tests.pipelines.streams_kit import BYBIT_LIST, OKX_LIST


@pytest.mark.parametrize(
    ("stream", "message", "meaning"),
    [
        (binance, '{"result":null,"id":1}', Heard.NOTHING),
        (bybit, '{"success":true,"ret_msg":"","op":"subscribe"}', Heard.CONFIRMED),
        (bybit,
         '{"success":false,"ret_msg":"handler not found","op":"subscribe"}',
         Denied("Bybit answers handler not found")),
        (bybit, '{"success":true,"ret_msg":"pong","op":"ping"}', Heard.NOTHING),
        (okx, '{"event":"subscribe","arg":{"channel":"liquidation-orders","instType":"SWAP"}}', Heard.CONFIRMED),
        (okx, '{"event":"subscribe","arg":{"channel":"mark-price","instId":"BTC-USDT-SWAP"}}', Heard.CONFIRMED),
        (binance,
         '{"stream":"btcusdt@markPrice@1s","data":{"e":"markPriceUpdate","s":"BTCUSDT","p":"9910"}}',
         Heard.CONTROL),
        (binance,
         '{"stream":"!forceOrder@arr","data":{"e":"forceOrder","o":{"s":"btcusdt@markPrice@1s"}}}',
         Heard.KEPT),
        (gate,
         '{"time":1,"channel":"futures.tickers","event":"subscribe","error":null,"result":{"status":"success"}}',
         Heard.CONFIRMED),
        (htx, '{"op":"sub","topic":"public.*.funding_rate","ts":1,"err-code":0}', Heard.CONFIRMED),
        (okx, "pong", Heard.NOTHING),
        (okx, '{"event":"error","code":"60012","msg":"Invalid request"}', Denied("OKX answers 60012, Invalid request")),
        (htx,
         '{"op":"sub","cid":"crashday","topic":"public.*.liquidation_orders","ts":1,"err-code":0}',
         Heard.CONFIRMED),
        (htx, '{"op":"sub","ts":1,"err-code":2011,"err-msg":"topic error"}', Denied("HTX answers 2011, topic error")),
        (htx, '{"op":"ping","ts":"1760130900000"}', Answer('{"op": "pong", "ts": "1760130900000"}')),
        (gate,
         '{"time":1,"channel":"futures.public_liquidates",'
         '"event":"subscribe","error":null,"result":{"status":"success"}}',
         Heard.CONFIRMED),
        (gate,
         '{"time":1,"channel":"futures.public_liquidates",'
         '"event":"subscribe","error":{"code":2,"message":"unknown currency pair"},"result":null}',
         Denied("Gate answers 2, unknown currency pair")),
        (gate, '{"time":1,"channel":"futures.pong","event":"","result":null}', Heard.NOTHING),
        (deribit, '{"jsonrpc":"2.0","id":3,"result":["trades.future.BTC.100ms"]}', Heard.CONFIRMED),
        (deribit, '{"jsonrpc":"2.0","method":"heartbeat","params":{"type":"test_request"}}', Answer(deribit.HERE)),
        (deribit, '{"jsonrpc":"2.0","method":"heartbeat","params":{"type":"heartbeat"}}', Heard.NOTHING),
        (deribit, '{"jsonrpc":"2.0","id":2,"result":{"version":"1.2.26"}}', Heard.NOTHING),
        (deribit,
         '{"jsonrpc":"2.0","id":3,"error":{"code":11050,"message":"bad_request"}}',
         Denied("Deribit answers 11050, bad_request")),
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
