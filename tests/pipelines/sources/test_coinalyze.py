"""Coinalyze: seconds, empty answers that are no zero, codes that must stand for the exchange we think, sides as
positions."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.source import CheckFailed, Piece, Refused
from pipelines.sources import coinalyze
from tests.pipelines.sources_kit import ask, rows, run, settings_for
from tests.replay.server import Fault, Replay, Route, serve

SPAN = ("2025-10-10T00:00Z", "2025-10-11T00:00Z")
DAY = 1760054400
"""2025-10-10T00:00Z"""
EXCHANGES = [{"name": "Binance", "code": "A"}, {"name": "Bybit", "code": "6"}, {"name": "Hyperliquid", "code": "H"}]


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tracker's limits are for the tracker; one venue is enough."""
    monkeypatch.setattr(coinalyze, "SOURCE", replace(coinalyze.SOURCE, requests_per_second=1000))
    monkeypatch.setattr(coinalyze, "MARKETS", {name: coinalyze.MARKETS[name] for name in ("binance", "bybit")})


def market(symbol: str, margined: str = "STABLE", quote: str = "USDT") -> dict[str, Any]:
    return {
        "symbol": symbol,
        "exchange": symbol.rpartition(".")[2],
        "base_asset": "BTC",
        "quote_asset": quote,
        "is_perpetual": True,
        "margined": margined,
        "oi_lq_vol_denominated_in": "BASE_ASSET",
    }


LISTED = [
    market("BTCUSDT_PERP.A"),
    market("BTCUSD_PERP.A", "COIN", "USD"),
    market("BTCUSDT.6"),
    {**market("BTCUSDT_PERP.Z"), "symbol": "OTHER.Z"},
]


def liquidated(**history: list[tuple[int, float, float]]) -> list[dict[str, Any]]:
    return [
        {"symbol": symbol, "history": [{"t": t, "l": long, "s": short} for t, long, short in points]}
        for symbol, points in history.items()
    ]


def interest(*symbols: str, close: float = 7e9) -> list[dict[str, Any]]:
    return [{"symbol": one, "history": [{"t": DAY, "o": 1, "h": 9e9, "l": 1, "c": close}]} for one in symbols]


BINANCE = liquidated(**{"BTCUSDT_PERP.A": [(DAY, 1_000_000, 250_000)], "BTCUSD_PERP.A": [(DAY, 500_000, 0)]})


def piece(venue: str) -> Piece:
    return next(one for one in coinalyze.plan(ask(*SPAN, "BTC")) if one.facts["venue"] == venue)


def parsed(*replies: object, venue: str = "binance") -> dict[str, pl.DataFrame]:
    one = piece(venue)
    frames = coinalyze.parse([json.dumps(reply).encode() for reply in replies], one)
    coinalyze.check(frames, one)
    return frames


def binance(
    history: object = BINANCE, markets: object = LISTED, exchanges: object = EXCHANGES
) -> dict[str, pl.DataFrame]:
    return parsed(exchanges, markets, history, interest("BTCUSDT_PERP.A", "BTCUSD_PERP.A"))


def test_coinalyze_l_and_s_are_the_positions_that_were_closed() -> None:
    reports = binance()["liquidation_reports"]
    assert reports.select("side", "value", "unit").rows() == [("long", 1_500_000.0, "USD"), ("short", 250_000.0, "USD")]


def test_a_row_says_which_markets_were_summed_over_which_day() -> None:
    row = binance()["liquidation_reports"].row(0, named=True)
    assert row["note"].startswith("Sum of BTCUSDT_PERP.A, BTCUSD_PERP.A.")
    assert (row["window_start"], row["window_end"]) == (
        datetime(2025, 10, 10, tzinfo=UTC),
        datetime(2025, 10, 11, tzinfo=UTC),
    )
    assert row["board"] == "coinalyze|btc perpetuals listed by coinalyze|utc day 2025-10-10"
    assert (row["venue"], row["asset"], row["metric"], row["phase"]) == ("binance", "BTC", "liquidations", "day")


def test_a_throttled_feed_is_a_floor_and_a_complete_one_says_what_is_not_proven() -> None:
    assert set(binance()["liquidation_reports"]["counting"]) == {"floor"}
    assert "the real total is higher" in binance()["liquidation_reports"]["note"][0]
    bybit = parsed(EXCHANGES, LISTED, liquidated(**{"BTCUSDT.6": [(DAY, 5, 1)]}), interest("BTCUSDT.6"), venue="bybit")[
        "liquidation_reports"
    ]
    assert set(bybit["counting"]) == {"complete"} and "not proven" in bybit["note"][0]


def test_times_are_asked_for_in_seconds_since_milliseconds_give_an_empty_list() -> None:
    history = piece("binance").requests[2].params
    assert (history["from"], history["to"]) == (1759276800, 1761955200 - 1)
    assert history["convert_to_usd"] == "true"


@pytest.mark.parametrize("reply", [[], liquidated(**{"BTCUSDT_PERP.A": [], "BTCUSD_PERP.A": []})])
def test_an_empty_history_of_all_listed_markets_is_an_error_and_no_zero(reply: object) -> None:
    with pytest.raises(Refused, match=r"liquidation-history is empty for .*BTCUSD_PERP.A, which Coinalyze lists"):
        binance(reply)


@pytest.mark.parametrize("rest", [{}, {"BTCUSD_PERP.A": []}, {"BTCUSD_PERP.A": [(DAY + 86_400, 7, 7)]}])
def test_a_listed_market_without_points_is_named_and_left_out_of_the_sum(rest: dict[str, Any]) -> None:
    reports = binance(liquidated(**{"BTCUSDT_PERP.A": [(DAY, 9, 4)], **rest}))["liquidation_reports"]
    assert reports["value"].to_list()[:2] == [9, 4]
    assert "Sum of BTCUSDT_PERP.A. Not in it, for Coinalyze lists but does not answer them: BTCUSD_PERP.A." in str(
        reports["note"][0]
    )


def test_a_sum_that_lacks_a_market_is_a_floor_even_of_a_complete_feed() -> None:
    both = [*LISTED, market("BTCPERP.6")]
    bybit = parsed(EXCHANGES, both, liquidated(**{"BTCUSDT.6": [(DAY, 5, 1)]}), interest("BTCUSDT.6"), venue="bybit")
    assert set(bybit["liquidation_reports"]["counting"]) == {"floor"}


def test_a_code_that_stands_for_another_exchange_is_refused() -> None:
    swapped = [{"name": "Bitget", "code": "A"}]
    with pytest.raises(Refused, match="its code stands for another exchange now"):
        binance(exchanges=swapped)


def test_an_asset_coinalyze_does_not_list_there_is_refused_by_name() -> None:
    with pytest.raises(Refused, match=r"lists none of BTCUSDT_PERP.A"):
        binance(markets=LISTED[2:])


def test_open_interest_is_the_last_value_of_the_day_at_its_end() -> None:
    found = binance()["open_interest"]
    assert found.select("symbol", "open_interest_usd", "sides").rows() == [
        ("BTC/USDT:USDT", 7e9, "unknown"),
        ("BTC/USD:BTC", 7e9, "unknown"),
    ]
    assert found["ts"].to_list() == [datetime(2025, 10, 11, tzinfo=UTC)] * 2


def test_the_day_that_is_not_over_is_not_asked_for() -> None:
    now = datetime(2025, 10, 11, 6, tzinfo=UTC)
    (one, *_) = coinalyze.plan(ask(*SPAN, "BTC", now=now))
    assert one.requests[2].params["to"] == DAY + 86_400 - 1
    assert (
        list(coinalyze.plan(ask("2025-11-01T00:00Z", "2025-11-02T00:00Z", now=datetime(2025, 11, 1, 6, tzinfo=UTC))))
        == []
    )


def test_days_of_another_month_mean_that_times_changed_their_unit() -> None:
    shifted = liquidated(**{"BTCUSDT_PERP.A": [(DAY // 1000, 1, 1)], "BTCUSD_PERP.A": [(DAY // 1000, 1, 1)]})
    with pytest.raises(CheckFailed, match="another month"):
        binance(shifted)


def test_a_market_listed_with_every_field_is_read_alone_where_no_other_answers() -> None:
    whole = market("BTCUSDT_PERP.A") | {
        "symbol_on_exchange": "BTCUSDT",
        "expire_at": None,
        "has_long_short_ratio_data": True,
        "has_ohlcv_data": True,
        "has_buy_sell_data": True,
    }
    history = liquidated(**{"BTCUSDT_PERP.A": [(DAY, 0.25, 0.125)]})
    frames = parsed(EXCHANGES, [whole], history, interest("BTCUSDT_PERP.A"))
    assert frames["liquidation_reports"].select("side", "value").rows() == [("long", 0.25), ("short", 0.125)]
    assert frames["open_interest"]["symbol"].to_list() == ["BTC/USDT:USDT"]


def test_no_request_holds_more_symbols_than_the_pace_allows() -> None:
    most = max(len(markets) for markets in coinalyze.MARKETS.values())
    assert most <= 20 and most * 0.2 * 60 <= 40


def routes(**more: Fault) -> list[Route]:
    replies = {
        "exchanges": EXCHANGES,
        "future-markets": LISTED,
        "liquidation-history": [*BINANCE, *liquidated(**{"BTCUSDT.6": [(DAY, 5, 1)]})],
        "open-interest-history": interest("BTCUSDT_PERP.A", "BTCUSD_PERP.A", "BTCUSDT.6"),
    }
    return [Route(f"/v1/{path}", json.dumps(reply).encode(), fault=more.get(path)) for path, reply in replies.items()]


def settings(tmp_path: Path, replay: Replay, **more: object) -> Any:
    return settings_for(tmp_path, replay.base, "coinalyze", **({"key": {"coinalyze": "secret"}} | more))


def test_two_venues_end_to_end_with_the_key_in_its_header(tmp_path: Path) -> None:
    asked = ask(*SPAN, "BTC")
    with serve(*routes(exchanges=Fault("status", 1, 503))) as replay:
        own = settings(tmp_path, replay)
        outcome = run(own, "coinalyze", asked)
        assert (outcome.outcome, outcome.error, outcome.rows_refused) == ("loaded", None, 0)
        assert {headers["api_key"] for _, _, headers in replay.log} == {"secret"}
        replay.log.clear()
        assert run(own, "coinalyze", asked).outcome == "unchanged"
        assert replay.log == []
    found = rows(own, "SELECT venue, side, value FROM liquidation_reports WHERE source_id = 'coinalyze' ORDER BY ALL")
    assert found.rows() == [
        ("binance", "long", 1_500_000.0),
        ("binance", "short", 250_000.0),
        ("bybit", "long", 5.0),
        ("bybit", "short", 1.0),
    ]


def test_without_a_key_it_says_where_to_get_one_and_asks_nothing(tmp_path: Path) -> None:
    with serve(*routes()) as replay:
        outcome = run(settings(tmp_path, replay, key={}), "coinalyze", ask(*SPAN, "BTC"))
        assert outcome.outcome == "skipped" and "CRASHDAY_KEY_COINALYZE" in (outcome.error or "")
        assert replay.log == []


def test_an_object_with_status_200_is_an_error(tmp_path: Path) -> None:
    message = Fault("body", -1, body=b'{"message": "Invalid API key"}')
    with serve(*routes(**{"liquidation-history": message})) as replay:
        outcome = run(settings(tmp_path, replay), "coinalyze", ask(*SPAN, "BTC"))
        assert outcome.outcome == "failed" and "Coinalyze answers an error" in (outcome.error or "")
