"""Symbols asked for by name: what passes as it is, what is tried in a source's forms, and what nobody has."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from pipelines.commands.cli import app
from pipelines.config import Settings
from pipelines.refreshing.asking import WrongUse, refuse_unknown_symbols
from pipelines.source import Ask, SourceModule, discover, named
from pipelines.sources import kraken_candles, xstocks
from pipelines.sources.common.spans import bases, wanted

NOW = datetime(2026, 11, 22, tzinfo=UTC)
LIST = ("BTC/USDT", "BTC/USDT:USDT", "BTC/USD:BTC", "AAPLx/USDT")
FORMS = ("BASE/QUOTE", "BASE/USDT:USDT", "BASE/USDC:USDC", "BASE/USD:BASE")


def asking(*symbols: str, start: datetime = datetime(2026, 11, 20, tzinfo=UTC)) -> Ask:
    return Ask(start, NOW, NOW, symbols)


def symbols_of(source: str, *symbols: str) -> set[str]:
    return {piece.facts.get("symbol", "") for piece in named(source).plan(asking(*symbols))}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("BTC/FDUSD", ["BTC/FDUSD"]),
        ("BTC/USDC:USDC", ["BTC/USDC:USDC"]),
        ("WBETH/ETH", ["WBETH/ETH"]),
        ("ETH/USD:ETH", ["ETH/USD:ETH"]),
        ("ETH/USD:BTC", []),
        ("BTC/USDT:USDC", []),
        ("BTC/USD:USD", []),
        ("ETH", ["ETH/USDT", "ETH/USDT:USDT", "ETH/USD:ETH"]),
        ("eth/usdt:usdt", ["ETH/USDT:USDT"]),
        ("aaplx/usdt", ["AAPLx/USDT"]),
        ("AAPLX/USDT", ["AAPLx/USDT"]),
        ("kPEPE/USDT", ["kPEPE/USDT"]),
        ("1000pepe/usdt", ["1000PEPE/USDT"]),
        ("BTC/USDe", ["BTC/USDe"]),
    ],
)
def test_a_full_symbol_passes_as_it_is_and_a_base_takes_the_forms_of_the_list(asked: str, found: list[str]) -> None:
    assert wanted(LIST, (asked,), FORMS) == found


def test_nothing_asked_is_the_whole_list() -> None:
    assert wanted(LIST, (), FORMS) == list(LIST)
    assert bases(("BTC", "ETH"), ()) == ("BTC", "ETH")
    assert bases(("BTC", "TSLAx"), ("tslax", "BTC/USDT", "BTC", "sol")) == ("TSLAx", "BTC", "SOL")


@pytest.mark.parametrize(
    ("source", "symbol"),
    [
        ("binance_trades", "BTC/USDC"),
        ("binance_trades", "BTC/FDUSD"),
        ("binance_trades", "BTC/USDC:USDC"),
        ("binance_trades", "BTC/USD:BTC"),
        ("binance_klines", "WBETH/ETH"),
        ("binance_klines", "BTC/EUR"),
        ("bybit_klines", "BTC/USDC:USDC"),
        ("bybit_trades", "BTC/USDC:USDC"),
        ("bybit_funding_history", "BTC/USDC:USDC"),
        ("bybit_open_interest", "BTC/USDC:USDC"),
        ("okx_candles", "BTC/USDC"),
        ("okx_liquidations", "BTC/USDC:USDC"),
        ("coinbase_candles", "BTC/USDC"),
        ("coinbase_candles", "BTC/EUR"),
        ("kraken_candles", "BTC/EUR"),
        ("deribit_trades", "BTC/USDT:USDT"),
    ],
)
def test_what_a_source_has_beside_its_list_is_asked_for(source: str, symbol: str) -> None:
    assert symbols_of(source, symbol) == {symbol}


@pytest.mark.parametrize(
    ("source", "symbol"),
    [
        ("dydx_trades", "BTC/USDT:USDT"),
        ("dydx_trades", "BTC/USD"),
        ("kraken_futures", "BTC/USDT:USDT"),
        ("deribit_trades", "BTC/USD:USD"),
        ("coinbase_candles", "BTC/USDT:USDT"),
        ("binance_funding", "BTC/USDT"),
    ],
)
def test_a_symbol_a_source_would_read_as_another_is_not_asked_for(source: str, symbol: str) -> None:
    assert symbols_of(source, symbol) == set()


def test_tokens_keep_their_case_and_kraken_is_told_what_they_are() -> None:
    for asked in ("AAPLx/USD", "aaplx/usd", "METAx/USD"):
        (request, *_) = next(iter(kraken_candles.plan(asking(asked)))).requests
        assert request.params["asset_class"] == "tokenized_asset"
        assert request.params["pair"] in ("AAPLxUSD", "METAxUSD")
    assert [piece.facts["token"] for piece in xstocks.plan(asking("TSLAX", "METAx", "BTC"))] == ["TSLAx", "METAx"]


def test_a_symbol_no_asked_source_has_is_refused_with_the_forms_they_have() -> None:
    modules: list[SourceModule] = [named("binance_trades"), named("dydx_trades")]
    refuse_unknown_symbols(modules, asking("BTC/USDC", "BTC"))
    with pytest.raises(WrongUse, match=r"has a symbol 'BTC/USD:ETH'.*dydx_trades: BASE/USDC:USDC"):
        refuse_unknown_symbols(modules, asking("BTC", "BTC/USD:ETH"))


def test_a_span_nothing_can_be_had_of_is_not_blamed_on_the_symbol() -> None:
    with pytest.raises(WrongUse, match="has anything from 2026-11-22 00:00"):
        refuse_unknown_symbols([named("binance_trades")], asking("BTC", start=NOW))


def test_sources_that_mind_no_symbols_refuse_none() -> None:
    refuse_unknown_symbols([named("gate_liquidations")], asking("BTC"))


def test_every_source_that_is_asked_by_symbol_says_which_forms_it_has() -> None:
    for name, module in discover().items():
        minds = list(module.plan(asking())) != [] and list(module.plan(asking("BTC/NOPE:NOPE"))) == []
        assert not minds or hasattr(module, "FORMS"), name


def test_the_command_line_ends_with_2_where_no_source_has_the_symbol(own: Settings) -> None:
    span = ("--start", "2026-11-20T00:00Z", "--end", "2026-11-21T00:00Z")
    result = CliRunner().invoke(app, ["refresh", "--source", "dydx_trades", "--symbol", "BTC/USD", *span])
    assert result.exit_code == 2
    assert "BASE/USDC:USDC" in result.stderr
