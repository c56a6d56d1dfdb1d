"""CoinGecko: volumes in BTC at the price of the same instant, scores and figures that may be missing, venues found
by name."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.config import ROOT
from pipelines.source import CheckFailed, Piece, Refused, Request
from pipelines.sources import coingecko_derivatives, coingecko_exchanges, coingecko_rwas, coingecko_volume_chart
from pipelines.sources.common import coingecko
from pipelines.sources.common.venues import KNOWN, venue_of
from tests.pipelines.sources_kit import NOW, ask, rows, run, settings_for
from tests.replay.server import Fault, Route, serve

API = "/api/v3"
READ = 1795305600
"""2026-11-22T00:00Z"""
PRICE = {"bitcoin": {"usd": 100_000, "last_updated_at": READ}}
PIECE = Piece("exchanges")
TODAY = ask("2026-11-21T00:00Z", "2026-11-22T00:00Z")


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """CoinGecko's limits are for CoinGecko."""
    for module in (coingecko_exchanges, coingecko_derivatives, coingecko_volume_chart, coingecko_rwas):
        monkeypatch.setattr(module, "SOURCE", replace(module.SOURCE, requests_per_second=1000))


def exchange(identifier: str, name: str, **more: object) -> dict[str, Any]:
    known = {"trust_score": 10, "trust_score_rank": 1, "trade_volume_24h_btc": 2.5, "country": "Nowhere"}
    return {"id": identifier, "name": name, **known, **more}


def encoded(*replies: object) -> list[bytes]:
    return [json.dumps(reply).encode() for reply in replies]


def spot(*exchanges: dict[str, Any]) -> list[dict[str, Any]]:
    frames = coingecko_exchanges.parse(encoded(PRICE, list(exchanges)), PIECE)
    return frames["exchange_ranks"].to_dicts()


def test_volume_is_turned_into_usd_with_the_price_of_the_same_reading_and_no_other() -> None:
    (row,) = spot(exchange("binance", "Binance"))
    assert (row["volume_24h_btc"], row["volume_24h_usd"]) == (2.5, 250_000.0)
    assert row["as_of"] == datetime.fromtimestamp(READ, UTC) and row["market"] == "spot"
    (piece,) = coingecko_exchanges.plan(TODAY)
    assert [request.url.rpartition("/")[2] for request in piece.requests] == ["price", "exchanges"]


def test_a_missing_score_rank_country_or_volume_is_not_known_and_not_zero() -> None:
    (row,) = spot({"id": "x", "name": "X", "trust_score": None, "trade_volume_24h_btc": None})
    assert [row[name] for name in ("trust_score", "rank", "volume_24h_btc", "volume_24h_usd")] == [None] * 4


def test_a_row_of_2024_with_the_normalized_volume_that_is_gone_is_read_like_one_without() -> None:
    whole = exchange(
        "binance",
        "Binance",
        year_established=2017,
        description="",
        url="https://www.binance.com/",
        image="https://example.org/binance.jpg?1",
        has_trading_incentive=False,
        trade_volume_24h_btc=365000.1250251596,
        trade_volume_24h_btc_normalized=205000.5,
    )
    (row,) = spot(whole)
    assert (row["venue"], row["rank"], row["trust_score"]) == ("binance", 1, 10.0)
    assert (row["volume_24h_btc"], row["volume_24h_usd"]) == (365000.1250251596, 365000.1250251596 * 100_000)
    del whole["trade_volume_24h_btc_normalized"]
    assert spot(whole) == [row]


def test_backpack_is_found_by_its_name_whatever_its_id() -> None:
    (row,) = spot(exchange("some_other_id", "Backpack Exchange ", trust_score_rank=36))
    assert (row["venue"], row["rank"]) == ("backpack", 36)


@pytest.mark.parametrize(
    ("name", "identifier", "venue"),
    [
        ("Coinbase Exchange", "gdax", "coinbase"),
        ("HTX", "huobi", "htx"),
        ("Bybit (Futures)", "bybit", "bybit"),
        ("Binance (Futures)", "binance_futures", "binance"),
        ("Crypto.com Exchange", "crypto_com", "crypto.com"),
        ("Lighter Perpetual", "lighter", "lighter"),
        ("Gate.io", "gate", "gate"),
        ("Binance US", "binance_us", "binance-us"),
        ("Coinbase International", "coinbase_international", "coinbase-international"),
        ("Uniswap V3 (Ethereum)", "uniswap_v3", "uniswap-v3"),
    ],
)
def test_names_become_our_venues_and_unknown_ones_keep_their_id(name: str, identifier: str, venue: str) -> None:
    assert venue_of(name, identifier) == venue


def test_every_venue_a_name_leads_to_is_one_of_ours() -> None:
    with (ROOT / "data" / "reference" / "venues.csv").open(newline="") as file:
        ours = {row["venue"] for row in csv.DictReader(file)}
    assert set(KNOWN.values()) <= ours


def test_two_exchanges_of_one_name_stay_two() -> None:
    both = spot(exchange("kraken", "Kraken"), exchange("kraken_spot", "Kraken (Spot)"), exchange("okex", "OKX"))
    assert [row["venue"] for row in both] == ["kraken", "kraken-spot", "okx"]


def test_derivatives_state_volume_as_text_and_open_interest_as_a_number() -> None:
    listed = [
        {"id": "binance_futures", "name": "Binance (Futures)", "open_interest_btc": 7.5, "trade_volume_24h_btc": "2.5"},
        {"id": "backpack_futures", "name": "Backpack Futures", "open_interest_btc": None, "trade_volume_24h_btc": ""},
    ]
    found = coingecko_derivatives.parse(encoded(PRICE, listed), PIECE)["exchange_ranks"].to_dicts()
    assert [(row["venue"], row["market"], row["rank"]) for row in found] == [
        ("binance", "futures", None),
        ("backpack", "futures", None),
    ]
    assert (found[0]["open_interest_btc"], found[0]["volume_24h_usd"]) == (7.5, 250_000.0)
    assert (found[1]["open_interest_btc"], found[1]["volume_24h_btc"]) == (None, None)


def test_a_full_page_is_followed_by_the_next_and_a_price_by_nothing() -> None:
    first = coingecko.page("exchanges")
    full = encoded([exchange(str(i), str(i)) for i in range(coingecko.PER_PAGE)])[0]
    following = coingecko_exchanges.follow(full, first)
    assert following is not None and following.params["page"] == 2
    assert coingecko_exchanges.follow(encoded([exchange("a", "A")])[0], first) is None
    assert coingecko_exchanges.follow(encoded(PRICE)[0], coingecko.PRICE) is None


@pytest.mark.parametrize(
    "replies",
    [[{}, []], [PRICE, {"a": 1}], [PRICE, [[1]]], [PRICE, [exchange("a", "A", trade_volume_24h_btc="much")]]],
)
def test_a_reply_of_another_shape_is_refused(replies: list[object]) -> None:
    with pytest.raises(Refused, match="exchanges"):
        coingecko_exchanges.parse(encoded(*replies), PIECE)


def test_a_list_without_binance_or_without_any_volume_is_an_error() -> None:
    for listed in ([], [exchange("a", "A")], [exchange("binance", "Binance", trade_volume_24h_btc=None)]):
        with pytest.raises(CheckFailed):
            coingecko_exchanges.check(coingecko_exchanges.parse(encoded(PRICE, listed), PIECE), PIECE)


def test_errors_are_objects_and_a_rate_limit_is_worth_asking_again() -> None:
    limited = coingecko.fault(b'{"status": {"error_code": 429, "error_message": "You have exceeded the Rate Limit"}}')
    assert limited is not None and limited.again
    refused = coingecko.fault(b'{"error": "coin not found"}')
    assert refused is not None and not refused.again
    assert coingecko.fault(encoded(PRICE)[0]) is None


def test_rankings_end_to_end_over_two_pages_and_a_rate_limit(tmp_path: Path) -> None:
    many = [exchange(f"e{i}", f"Exchange number {i}", trust_score_rank=i + 2) for i in range(coingecko.PER_PAGE - 1)]
    price, first, second = encoded(
        PRICE,
        [exchange("binance", "Binance"), *many],
        [exchange("backpack_exchange", "Backpack Exchange ", trust_score_rank=300)],
    )
    pages = [Route(f"{API}/exchanges", body, {"page": str(number)}) for number, body in ((1, first), (2, second))]
    prices = Route(f"{API}/simple/price", price, fault=Fault("status", 1, 429))
    with serve(prices, *pages) as replay:
        settings = settings_for(tmp_path, replay.base, "coingecko_exchanges")
        outcome = run(settings, "coingecko_exchanges", TODAY)
        assert (outcome.outcome, outcome.error, outcome.rows_loaded) == ("loaded", None, 251)
        replay.log.clear()
        assert run(settings, "coingecko_exchanges", TODAY).outcome == "unchanged"
        assert replay.log == []
        later = json.dumps({"bitcoin": {"usd": 120_000, "last_updated_at": READ + 3600}}).encode()
        prices.body = later
        assert run(settings, "coingecko_exchanges", replace(TODAY, now=NOW + timedelta(hours=1))).rows_loaded == 251
    found = rows(
        settings,
        (
            "SELECT rank, volume_24h_usd FROM exchange_ranks WHERE source_id = 'coingecko_exchanges' AND venue = "
            "'backpack' ORDER BY as_of"
        ),
    )
    assert found.rows() == [(300, 250_000.0), (300, 300_000.0)]


def chart(*bodies: object, venue: str = "binance") -> list[dict[str, Any]]:
    piece = Piece("chart", facts={"venue": venue, "market": "spot"})
    frames = coingecko_volume_chart.parse(encoded(*bodies), piece)
    coingecko_volume_chart.check(frames, piece)
    return frames["exchange_ranks"].to_dicts()


def test_a_chart_is_milliseconds_and_btc_as_text_and_stays_in_btc() -> None:
    first, _ = chart([[1707030000000, "141000.1234567890123456"], [1707030600000, "141500.2345678901234567"]])
    assert (first["as_of"], first["volume_24h_btc"]) == (datetime(2024, 2, 4, 7, tzinfo=UTC), 141000.1234567890123456)
    assert "volume_24h_usd" not in first


def test_a_chart_is_asked_as_short_as_it_may_be_and_never_for_what_is_out_of_reach() -> None:
    def days(start: str, end: str) -> set[object]:
        return {p.requests[0].params.get("days") for p in coingecko_volume_chart.plan(ask(start, end))} - {None}

    assert days("2026-11-20T00:00Z", "2026-11-22T00:00Z") == {7}
    assert days("2025-12-01T00:00Z", "2026-11-22T00:00Z") == {365}
    assert days("2025-10-10T00:00Z", "2025-10-11T00:00Z") == set()


def test_backpacks_chart_is_asked_for_under_the_id_its_list_names() -> None:
    wanted = [p for p in coingecko_volume_chart.plan(TODAY) if p.facts["venue"] == "backpack"]
    assert [p.requests[0].url.partition("/api/v3/")[2] for p in wanted] == [
        "exchanges/list#1",
        "derivatives/exchanges/list#1",
    ]
    listed = encoded([{"id": "kraken", "name": "Kraken"}, {"id": "the_id", "name": "Backpack Exchange "}])[0]
    following = coingecko_volume_chart.follow(listed, wanted[0].requests[0])
    assert following == Request(f"{coingecko.API}/exchanges/the_id/volume_chart", {"days": 1})
    with pytest.raises(Refused, match="no exchange of that name"):
        chart([{"id": "kraken", "name": "Kraken"}], venue="backpack")


def test_charts_end_to_end_and_the_one_that_fails_is_named(tmp_path: Path) -> None:
    points = encoded([[READ * 1000, "2.5"]])[0]
    listed = encoded([{"id": "backpack_exchange", "name": "Backpack Exchange "}])[0]
    routes = [
        Route(f"{API}/exchanges/{identifier}/volume_chart", points)
        for identifier in ("backpack_exchange", "binance", "bybit", "gdax")
    ]
    with serve(
        Route(f"{API}/exchanges/list", listed), Route(f"{API}/derivatives/exchanges/list", listed), *routes
    ) as replay:
        settings = settings_for(tmp_path, replay.base, "coingecko_volume_chart")
        outcome = run(settings, "coingecko_volume_chart", TODAY)
        assert outcome.outcome == "failed" and "futures/okx-1d-2026-11-22" in (outcome.error or "")
    found = rows(
        settings,
        (
            "SELECT venue, market, volume_24h_btc FROM exchange_ranks WHERE source_id = 'coingecko_volume_chart' "
            "ORDER BY ALL"
        ),
    )
    assert found.rows() == [
        ("backpack", "futures", 2.5),
        ("backpack", "spot", 2.5),
        ("binance", "spot", 2.5),
        ("bybit", "futures", 2.5),
        ("coinbase", "spot", 2.5),
    ]


def asset(
    identifier: str, value: float | None, volume: float | None, when: str = "2026-11-22T00:00:00Z"
) -> dict[str, Any]:
    market = {"market_cap": value, "total_volume": volume, "last_updated": when}
    return {"id": identifier, "asset_type": "stock", "tokenized_market_data": market}


def metrics(what: str, *bodies: object) -> list[dict[str, Any]]:
    piece = Piece(what, facts={"what": what})
    frames = coingecko_rwas.parse(encoded(*bodies), piece)
    coingecko_rwas.check(frames, piece)
    return frames["tokenized_metrics"].to_dicts()


def test_the_market_is_summed_over_what_states_a_value_and_says_over_how_many() -> None:
    page = [
        asset("nvidia", 100.0, 10.0),
        asset("tesla", None, 5.0, "2026-11-22T00:05:00Z"),
        {"id": "new", "tokenized_market_data": None},
    ]
    value, volume = metrics("stock", page, [asset("apple", 50.0, None)])
    assert (value["metric"], value["value"], value["subject"], value["subject_kind"]) == (
        "market_cap",
        150.0,
        "all",
        "market",
    )
    assert value["note"].startswith("Sum over 2 of 4 tokenized stocks")
    assert (volume["metric"], volume["value"]) == ("volume_24h", 15.0)
    assert value["as_of"] == datetime(2026, 11, 22, 0, 5, tzinfo=UTC)


def test_an_issuer_is_another_scope_than_the_market_so_that_no_share_is_made_of_the_two() -> None:
    listed = [{"id": "xstocks-ecosystem", "name": "xStocks"}]
    issuer = {"id": "x", "name": "xStocks", "market_cap": 9.5, "volume_24h": None, "updated_at": "2026-11-22T00:00:00Z"}
    (row,) = metrics("xstocks", listed, issuer)
    assert (row["subject_kind"], row["product_id"], row["value"]) == ("issuer", "xstocks", 9.5)
    assert row["scope"] != metrics("stock", [asset("nvidia", 1.0, 1.0)])[0]["scope"]


def test_an_issuer_that_is_not_listed_is_refused_by_name() -> None:
    with pytest.raises(Refused, match="called xstocks"):
        metrics("xstocks", [{"id": "paxos", "name": "Paxos"}])
    with pytest.raises(CheckFailed, match="neither value nor volume"):
        metrics("stock", [asset("nvidia", None, None)])


def test_issuers_products_are_ours() -> None:
    with (ROOT / "data" / "reference" / "tokenized_products.csv").open(newline="") as file:
        ours = {row["product_id"] for row in csv.DictReader(file)}
    assert set(coingecko_rwas.ISSUERS.values()) <= ours


def test_rwas_end_to_end_where_a_plan_does_not_have_one_of_them(tmp_path: Path) -> None:
    issuer = {"id": "x", "name": "xStocks", "market_cap": 9.5, "volume_24h": 1.0, "updated_at": "2026-11-22T00:00:00Z"}
    stocks, etfs, listed, one = encoded(
        [asset("nvidia", 100.0, 10.0)],
        [asset("spy", 40.0, 4.0)],
        [{"id": "xs", "name": "xStocks"}, {"id": "on", "name": "Ondo"}],
        issuer,
    )
    routes = [
        Route(f"{API}/rwas/markets", stocks, {"asset_type": "stock"}),
        Route(f"{API}/rwas/markets", etfs, {"asset_type": "etf"}),
        Route(f"{API}/rwas/issuers/list", listed),
        Route(f"{API}/rwas/issuers/xs", one),
        Route(f"{API}/rwas/issuers/on", one, fault=Fault("status", -1, 401)),
    ]
    with serve(*routes) as replay:
        settings = settings_for(tmp_path, replay.base, "coingecko_rwas")
        outcome = run(settings, "coingecko_rwas", TODAY)
        error = outcome.error or ""
        assert outcome.outcome == "failed" and "on: the server answered 401" in error and "called coinbase" in error
    found = rows(
        settings,
        (
            "SELECT subject, value FROM tokenized_metrics WHERE source_id = 'coingecko_rwas' AND metric = "
            "'market_cap' ORDER BY value"
        ),
    )
    assert found.rows() == [("xStocks", 9.5), ("all", 40.0), ("all", 100.0)]
