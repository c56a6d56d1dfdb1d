"""What the tests of the recorder share: every venue as it is played here, and a recorder that runs in this process."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from pipelines.config import Settings
from pipelines.recording import connection, segments
from pipelines.recording.recorder import Pace, Recorder
from pipelines.recording.streams import StreamModule, binance, bybit, deribit, gate, htx, okx
from pipelines.recording.tape import Tape
from tests.replay.websocket import Confirm, Feed, silent

MOMENT = 1_760_130_900_000
CONFIRMED = '{"success":true,"ret_msg":"","op":"subscribe"}'
BYBIT_LIST = json.dumps(
    {
        "retCode": 0,
        "result": {
            "list": [
                {
                    "symbol": f"C{number}USDT",
                    "baseCoin": f"C{number}",
                    "quoteCoin": "USDT",
                    "settleCoin": "USDT",
                    "contractType": "LinearPerpetual",
                    "status": "Trading",
                }
                for number in range(150)
            ]
        },
    }
).encode()
OKX_LIST = (
    b'{"code":"0","data":[{"instId":"BTC-USDT-SWAP","ctType":"linear","ctVal":"0.01","ctMult":"1","ctValCcy":"BTC"}]}'
)


@dataclass(frozen=True)
class Played:
    """A venue: what it answers to a subscription, what it says of a busy contract, and a long that was liquidated."""

    stream: StreamModule
    confirmations: list[dict[str, Any]]
    control: dict[str, Any]
    message: Callable[[int], dict[str, Any]]
    """The liquidation of a number, at so many milliseconds after MOMENT."""
    pages: dict[str, bytes] = field(default_factory=dict)

    def said(self, one: object) -> str | bytes:
        """A message as this venue sends it."""
        text = json.dumps(one)
        return gzip.compress(text.encode()) if self.stream.STREAM.packed else text

    def confirm(self) -> Confirm:
        if not self.confirmations:
            return silent
        answers = itertools.cycle([self.said(one) for one in self.confirmations])
        return lambda words: next(answers) if "sub" in words or "set_heartbeat" in words else None

    def feed(self, *messages: str | bytes, **more: Any) -> Feed:
        """This venue, confirming and delivering."""
        more = {"control": self.said(self.control), **more}
        return Feed(list(messages), confirm=self.confirm(), asked=len(self.confirmations), pages=self.pages, **more)


VENUES = {
    "binance": Played(
        binance,
        [],
        {
            "stream": "btcusdt@markPrice@1s",
            "data": {
                "e": "markPriceUpdate",
                "E": 1,
                "s": "BTCUSDT",
                "p": "9910.1",
                "i": "9911.2",
                "r": "0.0001",
                "T": 2,
            },
        },
        lambda number: {
            "stream": "!forceOrder@arr",
            "data": {
                "e": "forceOrder",
                "E": MOMENT + number,
                "o": {
                    "s": "BTCUSDT",
                    "S": "SELL",
                    "o": "LIMIT",
                    "f": "IOC",
                    "q": "0.014",
                    "p": "9910",
                    "ap": "9910.12",
                    "X": "FILLED",
                    "l": "0.014",
                    "z": "0.014",
                    "T": MOMENT + number,
                },
            },
        },
    ),
    "bybit": Played(
        bybit,
        [json.loads(CONFIRMED)] * 2,
        {
            "topic": "tickers.BTCUSDT",
            "type": "delta",
            "data": {"symbol": "BTCUSDT", "markPrice": "9910"},
            "cs": 1,
            "ts": 1,
        },
        lambda number: {
            "topic": "allLiquidation.C1USDT",
            "data": [{"T": MOMENT + number, "s": "C1USDT", "S": "Buy", "v": "1", "p": "2"}],
        },
        {"/v5/market/instruments-info": BYBIT_LIST},
    ),
    "okx": Played(
        okx,
        [{"event": "subscribe", "arg": {"channel": channel}} for channel in ("mark-price", "liquidation-orders")],
        {
            "arg": {"channel": "mark-price", "instId": "BTC-USDT-SWAP"},
            "data": [{"instType": "SWAP", "instId": "BTC-USDT-SWAP", "markPx": "9910.1", "ts": str(MOMENT)}],
        },
        lambda number: {
            "arg": {"channel": "liquidation-orders", "instType": "SWAP"},
            "data": [
                {
                    "instId": "BTC-USDT-SWAP",
                    "details": [
                        {"bkPx": "9", "posSide": "long", "side": "sell", "sz": "5", "ts": str(MOMENT + number)}
                    ],
                }
            ],
        },
        {"/api/v5/public/instruments": OKX_LIST},
    ),
    "htx": Played(
        htx,
        [{"op": "sub", "topic": topic, "ts": 1, "err-code": 0} for topic in ("public.*.funding_rate", htx.TOPIC)],
        {
            "op": "notify",
            "topic": "public.BTC-USDT.funding_rate",
            "ts": MOMENT,
            "data": [
                {
                    "symbol": "BTC",
                    "contract_code": "BTC-USDT",
                    "fee_asset": "USDT",
                    "funding_time": str(MOMENT),
                    "funding_rate": "0.0000467",
                    "estimated_rate": None,
                    "settlement_time": str(MOMENT),
                    "trade_partition": "USDT",
                }
            ],
        },
        lambda number: {
            "op": "notify",
            "topic": "public.*.liquidation_orders",
            "ts": 1,
            "data": [
                {
                    "contract_code": "BTC-USDT",
                    "direction": "sell",
                    "volume": 1,
                    "price": 9.0,
                    "created_at": MOMENT + number,
                    "amount": 2.0,
                    "trade_turnover": 18.0,
                }
            ],
        },
    ),
    "gate": Played(
        gate,
        [
            {"channel": channel, "event": "subscribe", "error": None, "result": {"status": "success"}}
            for channel in ("futures.tickers", gate.CHANNEL)
        ],
        {
            "time": 1,
            "channel": "futures.tickers",
            "event": "update",
            "result": [{"contract": "BTC_USDT", "last": "9910"}],
        },
        lambda number: {
            "channel": gate.CHANNEL,
            "event": "update",
            "result": [{"price": "9", "size": "-2.5", "time": MOMENT + number, "contract": "BTC_USDT"}],
        },
        {"/api/v4/futures/usdt/contracts": b'[{"name":"BTC_USDT","quanto_multiplier":"0.0001"}]'},
    ),
    "deribit": Played(
        deribit,
        [{"id": 1, "result": "ok"}, {"id": 3, "result": []}],
        {
            "jsonrpc": "2.0",
            "method": "subscription",
            "params": {"channel": "ticker.BTC-PERPETUAL.100ms", "data": {"mark_price": 9910.1, "timestamp": 1}},
        },
        lambda number: {
            "jsonrpc": "2.0",
            "method": "subscription",
            "params": {
                "channel": "trades.future.BTC.100ms",
                "data": [
                    {
                        "trade_id": str(number),
                        "timestamp": MOMENT + number,
                        "price": 9.0,
                        "liquidation": "T",
                        "instrument_name": "BTC-PERPETUAL",
                        "direction": "sell",
                        "amount": 18,
                    }
                ],
            },
        },
    ),
}


class Hurried(asyncio.SelectorEventLoop):
    """An event loop whose clock is set forward by a test: what waits for half a minute waits no time."""

    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead


@dataclass
class Ran:
    """A recorder that ran in this process: what it said, and the folder it wrote."""

    folder: Path
    said: list[str] = field(default_factory=list)


def ran(
    data_dir: Path,
    base: str,
    stream: StreamModule,
    until: Callable[[list[str]], bool],
    pace: Pace | None = None,
    hurry: Callable[[list[str]], object] = lambda _: False,
) -> Ran:
    """Run a recorder here until what it said is as wanted; in a hurry, a tenth of a second is over at every look."""
    settings = Settings(data_dir=data_dir, url={f"stream_{stream.STREAM.venue}": base}, backoff_seconds=0.0)
    one = Ran(settings.inbox_dir / stream.STREAM.source.id)

    async def run() -> None:
        stop = asyncio.Event()

        async def watch() -> None:
            loop = asyncio.get_running_loop()
            assert isinstance(loop, Hurried)
            deadline = time.monotonic() + 60
            try:
                while not until(one.said):
                    assert time.monotonic() < deadline, one.said
                    await asyncio.sleep(0)
                    loop.ahead += 0.1 if hurry(one.said) else 0
            finally:
                stop.set()

        recorder = Recorder(stream, settings, Tape(one.folder), one.said.append, pace or Pace(), stop)
        async with asyncio.TaskGroup() as group:
            group.create_task(watch())
            group.create_task(recorder.run())

    # A handshake takes the time it takes, whatever the clock says.
    with patch.object(connection, "OPEN_SECONDS", 10**9), asyncio.Runner(loop_factory=Hurried) as runner:
        runner.run(run())
    return one


def kept(folder: Path) -> list[tuple[int, str, str]]:
    """The lines of all closed segments, in order."""
    return [
        (moment, mark.decode(), text.decode())
        for segment in segments.closed(folder)
        for moment, mark, text in segments.lines(segment.read_bytes(), segment.name)
    ]


def listening(words: list[str]) -> bool:
    return any(one.endswith("listening") and not one.endswith("not listening") for one in words)


def messages(lines: list[tuple[int, str, str]]) -> list[Mapping[str, Any]]:
    return [json.loads(text) for _, mark, text in lines if mark == "m"]
