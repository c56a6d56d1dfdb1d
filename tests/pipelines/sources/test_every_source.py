"""Whatever a source answers, it fails alone and in words: answers of every shape, and fields that come and go."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from pipelines.config import Settings
from pipelines.recording import segments
from pipelines.refreshing.fetch import fetch
from pipelines.refreshing.fetch_failed import FetchFailed
from pipelines.refreshing.http import Client
from pipelines.refreshing.outcome import Outcome
from pipelines.refreshing.read import read
from pipelines.refreshing.refresh import refresh
from pipelines.refreshing.snapshots import Store
from pipelines.source import Ask, SourceModule, discover
from pipelines.sources import (
    bitfinex_liquidations,
    bitget_liquidations,
    bybit_klines,
    coinalyze,
    coingecko_exchanges,
    coinglass,
    defillama_protocols,
    deribit_trades,
    dydx_trades,
    gate_liquidations,
    htx_liquidations,
    kraken_candles,
    kraken_futures,
    okx_candles,
    okx_liquidations,
    xstocks,
)
from tests.pipelines import okx_kit
from tests.pipelines.refreshing.test_refresh import tape
from tests.pipelines.sources import (
    test_bitfinex,
    test_bitget,
    test_bybit,
    test_coinalyze,
    test_coingecko,
    test_coinglass,
    test_defillama,
    test_deribit,
    test_dydx,
    test_gate,
    test_htx,
    test_kraken,
    test_kraken_futures,
    test_xstocks,
)
from tests.pipelines.sources_kit import ask, rows, settings_for
from tests.replay.server import Replay, Route, serve

HEALTHY = "binance_trades"
PIECES = 2
SICK = {name: module for name, module in discover().items() if name not in (HEALTHY, "reference_pack")}
SPANS = (
    ask("2024-03-01T00:00Z", "2024-03-02T00:00Z", "BTC"),
    ask("2025-10-10T00:00Z", "2025-10-11T00:00Z", "BTC", "TSLAx"),
    ask("2026-11-20T00:00Z", "2026-11-22T00:00Z", "BTC", "TSLAx"),
)
"""Some sources ended in 2024, and some keep no more than the last days."""
DEEP = 200_000
ANSWERS: dict[str, bytes] = {
    "null": b"null",
    "list": b"[]",
    "number": b"1",
    "object": b"{}",
    "text": b'"x"',
    "nulls": b'{"data": [null], "result": null, "code": "0", "trades": [null], "retCode": 0, "time": null}',
    "deep": b"[" * DEEP + b"]" * DEEP,
    "deep inside": b'{"code": "00000", "retCode": 0, "data": ' + b'[{"a":' * DEEP + b"1" + b"}]" * DEEP + b"}",
    "half a pair": rb'{"code": 7, "retCode": 7, "msg": "\ud800", "retMsg": "\ud800", "error": {"message": "\ud800"}}',
    "not text": b"\xff\xfe\x00",
    "nothing": b"",
}


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The venues' limits are for the venues, and a few pieces of each are enough."""
    for module in SICK.values():
        monkeypatch.setattr(module, "SOURCE", replace(module.SOURCE, requests_per_second=100_000))


def everything_is(replay: Replay, body: bytes) -> None:
    replay.find = lambda *_: Route("/", body, etag=False)  # type: ignore[method-assign]


def few_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each span; each source has some in one of them."""
    for module in SICK.values():
        plan = module.plan

        def of_each(one: Ask, plan: Any = plan) -> Iterator[Any]:
            return (piece for span in SPANS for piece in islice(plan(replace(span, inbox=one.inbox)), PIECES))

        monkeypatch.setattr(module, "plan", of_each)


def refreshed(tmp_path: Path, body: bytes) -> tuple[Settings, dict[str, Outcome]]:
    """One refresh of all sources, each of which answers so, and then of the healthy one."""
    with serve() as sick, serve(*tape()) as well:
        everything_is(sick, body)
        settings = settings_for(tmp_path, well.base, HEALTHY)
        settings.url |= dict.fromkeys(SICK, sick.base)
        settings.key |= {name: "key" for name, module in SICK.items() if module.SOURCE.key_header}
        for name, module in SICK.items():
            if module.SOURCE.live:
                folder = settings.inbox_dir / name
                folder.mkdir(parents=True)
                (folder / f"20251010T000000.000000{segments.CLOSED}").write_bytes(gzip.compress(b"1 b\n2 m " + body))
        day = ask("2025-10-10T00:00Z", "2025-10-12T00:00Z", "BTC/USDT:USDT")
        _, outcomes = refresh(settings, [*SICK.values(), discover()[HEALTHY]], day)
    return settings, {outcome.loader: outcome for outcome in outcomes}


@pytest.mark.parametrize("body", ANSWERS.values(), ids=ANSWERS)
def test_whatever_all_others_answer_a_healthy_source_is_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    few_pieces(monkeypatch)
    settings, outcomes = refreshed(tmp_path, body)
    assert (outcomes[HEALTHY].outcome, outcomes[HEALTHY].error) == ("loaded", None)
    assert rows(settings, f"SELECT count(*) AS bars FROM bars WHERE source_id = '{HEALTHY}'")["bars"][0] > 0
    # A segment of the recorder may be empty.
    asked = [name for name, module in SICK.items() if body or not module.SOURCE.live]
    assert [name for name in asked if outcomes[name].outcome != "failed" or outcomes[name].rows_loaded] == []
    for name in SICK:
        for line in (outcomes[name].error or "").splitlines():
            assert line.startswith(name) and line.encode().isascii(), line


def test_a_source_that_cannot_even_be_planned_or_loaded_fails_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few_pieces(monkeypatch)

    class Panic(BaseException):
        """As Polars raises where its own code fails."""

    raised = {
        "binance_klines": MemoryError(),
        "bybit_klines": RecursionError(),
        "gate_liquidations": Panic("inside"),
        "xstocks": TimeoutError("late"),
        "okx_candles": UnicodeEncodeError("utf-8", "\ud800", 0, 1, "no"),
    }
    for name, error in raised.items():

        def plan(_: Ask, error: BaseException = error) -> list[Any]:
            raise error

        monkeypatch.setattr(SICK[name], "plan", plan)
    _, outcomes = refreshed(tmp_path, b"null")
    assert outcomes[HEALTHY].outcome == "loaded"
    for name in raised:
        assert outcomes[name].outcome == "failed" and "the other sources go on" in (outcomes[name].error or ""), name


TRUE: dict[str, tuple[SourceModule, Ask, list[bytes]]] = {}
"""Replies of the right form, in the order a piece asks for them; the last one again where it asks for more."""


def answers(module: Any, asked: Ask, *bodies: object) -> None:
    TRUE[module.SOURCE.id] = (
        module,
        asked,
        [body if isinstance(body, bytes) else json.dumps(body).encode() for body in bodies],
    )


crash = ask("2025-10-10T00:00Z", "2025-10-11T00:00Z", "BTC")
november = ask("2026-11-20T00:00Z", "2026-11-21T00:00Z", "BTC")
today = ask("2026-11-21T00:00Z", "2026-11-22T00:00Z")
answers(
    bybit_klines,
    replace(crash, symbols=("BTC/USDT:USDT",)),
    test_bybit.reply([test_bybit.kline(1, 1, 1, 1, 1, 1, 1)]),
    test_bybit.reply([test_bybit.kline(20, 1, 1, 1, 1, 1, 1)]),
)
answers(
    okx_candles, replace(crash, symbols=("BTC/USDT",)), okx_kit.reply([okx_kit.candle(1, "1", "100005", "100005", "1")])
)
answers(
    okx_liquidations,
    replace(today, symbols=("BTC/USDT:USDT",)),
    okx_kit.reply([okx_kit.BTC]),
    okx_kit.orders(okx_kit.order(okx_kit.MIDNIGHT, "long", "sell")),
)
answers(gate_liquidations, november, test_gate.CONTRACTS, [test_gate.order(3600)], b"[]")
answers(htx_liquidations, november, test_htx.page(test_htx.order(1)), test_htx.page())
answers(
    dydx_trades, crash, test_dydx.page(test_dydx.trade(2, 3, "LIQUIDATED"), test_dydx.trade(1, 2), test_dydx.BEFORE)
)
answers(
    deribit_trades,
    replace(crash, symbols=("BTC/USD:BTC",)),
    test_deribit.page(test_deribit.trade(1, "T"), test_deribit.trade(2)),
)
answers(
    bitfinex_liquidations,
    crash,
    test_bitfinex.page(test_bitfinex.trigger(1, 1.0), test_bitfinex.execution(1, 1.0)),
)
answers(bitget_liquidations, replace(today, symbols=()), test_bitget.LISTED, test_bitget.page(*test_bitget.IN_COINS))
answers(
    kraken_candles,
    replace(today, symbols=("BTC/USD",)),
    test_kraken.reply(test_kraken.candle(test_kraken.NOON), test_kraken.candle(test_kraken.NOON + 60)),
)
answers(
    kraken_futures,
    replace(crash, symbols=("BTC/USD:USD",)),
    test_kraken_futures.reply([test_kraken_futures.START], [["1", "1", "1", "1"]]),
)
answers(
    coinalyze,
    crash,
    test_coinalyze.EXCHANGES,
    test_coinalyze.LISTED,
    test_coinalyze.BINANCE,
    test_coinalyze.interest("BTCUSDT_PERP.A", "BTCUSD_PERP.A"),
)
answers(coinglass, crash, test_coinglass.reply(test_coinglass.row(test_coinglass.DAY, 1, 2)))
answers(
    coingecko_exchanges,
    today,
    test_coingecko.PRICE,
    [test_coingecko.exchange("binance", "Binance", trust_score_rank=1)],
)
answers(defillama_protocols, today, test_defillama.TVL)
answers(xstocks, replace(today, symbols=("AAPLx",)), test_xstocks.RESERVES, test_xstocks.QUOTE, test_xstocks.MULTIPLIER)


def fields(value: object) -> set[str]:
    """The names of all fields inside."""
    match value:
        case dict():
            return set(value).union(*map(fields, value.values()))
        case list():
            return set().union(*map(fields, value))
        case _:
            return set()


def without(value: Any, name: str) -> Any:
    match value:
        case dict():
            return {key: without(inside, name) for key, inside in value.items() if key != name}
        case list():
            return [without(inside, name) for inside in value]
        case _:
            return value


def with_more(value: Any) -> Any:
    match value:
        case dict():
            return {**{key: with_more(inside) for key, inside in value.items()}, "new": {"a": [None, "1"]}}
        case list():
            return [with_more(inside) for inside in value]
        case _:
            return value


def taken(tmp_path: Path, source: str, bodies: list[bytes]) -> str | None:
    """Why the first piece of a source that answers so is not read; None where it is."""
    module, asked, _ = TRUE[source]
    sent = iter(bodies)
    with serve() as replay:
        replay.find = lambda *_: Route("/", next(sent, bodies[-1]), etag=False)  # type: ignore[method-assign]
        key = "key" if module.SOURCE.key_header else None
        client = Client(module.SOURCE, tmp_path / "partial", replay.base, key, 0.0)
        store = Store(tmp_path / "snapshots")
        try:
            entry = fetch(module, next(iter(module.plan(asked))), client, store)
        except FetchFailed as failed:
            return str(failed)
        found = read(module, entry, store.folder, stored=False)
        return found if isinstance(found, str) else None


@pytest.mark.parametrize("source", TRUE)
def test_a_field_that_is_new_does_no_harm_and_one_that_is_gone_is_said(tmp_path: Path, source: str) -> None:
    *_, bodies = TRUE[source]
    replies = [json.loads(body) for body in bodies]
    assert taken(tmp_path, source, bodies) is None
    added = taken(tmp_path, source, [json.dumps(with_more(reply)).encode() for reply in replies])
    assert added is None or "a look" in added or "changed" in added
    refused = 0
    for position, reply in enumerate(replies):
        for name in sorted(fields(reply)):
            fewer = [*bodies[:position], json.dumps(without(reply, name)).encode(), *bodies[position + 1 :]]
            why = taken(tmp_path, source, fewer)
            assert why is None or why.endswith((".", "later."))
            refused += why is not None
    assert refused or not any(map(fields, replies))
