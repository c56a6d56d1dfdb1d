"""One exchange: rankings from the source to the page, its moments by name, its figures of each day, and nothing where
nothing is known."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from analytics.exchange import profile
from analytics.warehouse import Hub, Warehouse
from pipelines.config import Settings
from pipelines.refreshing import build
from pipelines.sources import coingecko_derivatives, coingecko_exchanges
from tests.analytics import made
from tests.pipelines.sources_kit import NOW, ask, run, settings_for
from tests.replay.server import Route, serve

OCT_10 = "oct-10-2025"
DAY, AFTER = datetime(2025, 10, 9, tzinfo=UTC), datetime(2025, 10, 12, tzinfo=UTC)
FOCUS, LATER = datetime(2025, 10, 10, 20, 30, tzinfo=UTC), datetime(2025, 10, 10, 22, 30, tzinfo=UTC)
WANTED = [
    "aster",
    "backpack",
    "binance",
    "bitfinex",
    "bitget",
    "bybit",
    "coinbase",
    "deribit",
    "dydx",
    "ftx",
    "gate",
    "htx",
    "hyperliquid",
    "kraken",
    "lighter",
    "okx",
]
QUESTIONS = {
    "ranks": lambda warehouse, venue: profile.ranks(warehouse, venue),
    "latest_ranks": lambda warehouse, venue: profile.latest_ranks(warehouse, venue),
    "traded_markets": lambda warehouse, venue: profile.traded_markets(warehouse, venue, FOCUS, LATER),
    "window_volume": lambda warehouse, venue: profile.window_volume(warehouse, venue, DAY, AFTER),
    "liquidations": lambda warehouse, venue: profile.liquidations(warehouse, venue),
    "moments": lambda warehouse, venue: profile.moments(warehouse, venue, OCT_10),
    "reports": lambda warehouse, venue: profile.reports(warehouse, venue),
}


def test_every_exchange_asked_for_has_a_page_and_pools_have_none(warehouse: Warehouse) -> None:
    venues = profile.every(warehouse)
    assert set(WANTED) <= set(venues["venue"])
    assert not {"uniswap", "curve"} & set(venues["venue"])
    assert venues["venue"].n_unique() == venues.height


@pytest.mark.parametrize("question", QUESTIONS)
def test_of_an_exchange_without_any_data_each_question_has_an_empty_answer(warehouse: Warehouse, question: str) -> None:
    asked = QUESTIONS[question]
    assert asked(warehouse, "ftx").is_empty()
    assert asked(warehouse, "'; DROP TABLE events; --").is_empty()
    assert "source_id" in asked(warehouse, "ftx").columns


def test_backpack_has_one_rank_and_whether_it_is_still_listed_is_not_known(warehouse: Warehouse) -> None:
    (row,) = profile.latest_ranks(warehouse, "backpack").iter_rows(named=True)
    assert (row["rank"], row["as_of"].date().isoformat(), row["readings"]) == (36, "2025-10-15", 1)
    assert row["list_read_at"] is None and row["listed"] is None


def moments(warehouse: Warehouse, venue: str) -> pl.DataFrame:
    return profile.moments(warehouse, venue, OCT_10)


def test_moments_are_found_by_the_venues_name_as_a_word(warehouse: Warehouse) -> None:
    assert set(moments(warehouse, "dydx")["venue"]) == {"dYdX"}
    assert "all (Binance view)" in set(moments(warehouse, "binance")["venue"])
    assert moments(warehouse, "bybit").is_empty()
    assert set(moments(warehouse, "okx")["venue"]) == {"OKX"}


@pytest.mark.parametrize("name", ["\\house", "a\\", "(b", "c+d", "[e", "f|g", "h*", "Gate.io"])
def test_a_name_is_only_text_whatever_signs_it_holds(name: str) -> None:
    def event(number: int, about: str) -> dict[str, object]:
        return {"event_id": str(number), "ts": DAY, "venue": about, "timeline": "v", "standing": "reported"}

    venue = {"venue": "v", "name": f"x{name}x", "formerly": f"y{name}y;z{name}z"}
    spoken = [f"x{name}x", f"on Y{name}Y", f"(z{name}z)", "xGatexio"]
    told = made.warehouse(
        venues=pl.DataFrame([venue]),
        events=pl.DataFrame([event(*one) | {"source_id": made.SOURCE} for one in enumerate(spoken)]),
        sources=pl.DataFrame([{"source_id": made.SOURCE, "publisher": "p"}]),
    )
    assert moments(told, "v")["venue"].to_list() == spoken[:3]


def test_a_moment_told_on_both_timelines_is_listed_once(warehouse: Warehouse) -> None:
    told = moments(warehouse, "backpack")
    assert told["ts"].dt.strftime("%m-%d").to_list() == ["10-01", "10-11", "10-12", "10-13", "10-15", "03-04"]
    assert set(told["timeline"]) == {"backpack"}


def test_disputed_moments_are_never_told(warehouse: Warehouse) -> None:
    disputed = warehouse.query("SELECT title FROM events WHERE standing = 'disputed'")["title"].to_list()
    told = [title for venue in profile.every(warehouse)["venue"] for title in moments(warehouse, venue)["title"]]
    assert disputed and not set(disputed) & set(told)


def test_the_boards_of_all_days_name_the_exchange_with_their_counting(warehouse: Warehouse) -> None:
    rows = profile.liquidations(warehouse, "hyperliquid")
    day = rows.filter((pl.col("crash_day") == OCT_10) & (pl.col("asset") == "all"))
    assert {10.3e9, 10.31e9, 38.6e6} <= set(day["total_usd"])
    assert day.filter(pl.col("phase") == "aftermath")["total_usd"].to_list() == [38.6e6]
    assert "two_sided" in set(day["counting"])
    assert rows["window_start"].is_sorted(descending=True) and rows["crash_day"].n_unique() == 6


def test_weak_figures_of_backpack_stay_marked(warehouse: Warehouse) -> None:
    assert set(profile.liquidations(warehouse, "backpack")["confidence"]) == {"low"}


def test_the_window_volume_keeps_spot_and_futures_apart(warehouse: Warehouse) -> None:
    rows = profile.window_volume(warehouse, "binance", DAY, AFTER)
    assert dict(rows.select("market", "volume_usd").iter_rows()) == {
        "futures": 53_876_726_485.0,
        "spot": 11_778_076_162.0,
    }


def test_volume_by_bar_is_one_market_and_its_missing_bars_stay_missing(warehouse: Warehouse) -> None:
    first = profile.traded_markets(warehouse, "binance", FOCUS, LATER).row(0, named=True)
    assert (first["label"], first["interval"]) == ("BTC/USDT:USDT perp", "1m")
    bars = profile.volume_by_bar(
        warehouse, "binance", first["market"], first["symbol"], first["interval"], FOCUS, LATER
    )
    assert bars.height == 95 < (LATER - FOCUS) / timedelta(minutes=1)
    peak = bars.row(int(bars["volume_base"].arg_max()), named=True)
    assert (peak["ts"], peak["base"]) == (datetime(2025, 10, 10, 21, 17, tzinfo=UTC), "BTC")
    assert bars["volume_base"].min() > 0


def test_what_belongs_to_no_crash_day_stands_last_and_apart(warehouse: Warehouse) -> None:
    days = profile.reports(warehouse, "backpack")["crash_day"].to_list()
    assert days == [OCT_10] * 4 + [None] * 13


def test_a_rule_is_stated_with_source_or_it_is_unknown(warehouse: Warehouse) -> None:
    stated = profile.settlement_rules(warehouse)
    assert set(WANTED) <= set(stated["venue"])
    assert stated.height == warehouse.query("SELECT * FROM settlement_rules").height
    known = stated.filter(pl.col("rule") != "unknown")
    assert not set(known["source_id"]) & {"crashday"}
    assert not set(known["venue"]) & set(stated.filter(pl.col("rule") == "unknown")["venue"])
    assert set(profile.settlement_rules(warehouse, "backpack")["rule"]) == {"carry", "adl"}
    assert profile.settlement_rules(warehouse, "uniswap").is_empty()


FIRST = {
    "exchanges": [
        {"id": "binance", "name": "Binance", "trust_score": 10, "trust_score_rank": 1, "trade_volume_24h_btc": 90.5},
        {
            "id": "backpack_x",
            "name": "Backpack Exchange",
            "trust_score": None,
            "trust_score_rank": 36,
            "country": None,
            "trade_volume_24h_btc": "12.5",
        },
        {"id": "huobi", "name": "HTX", "trust_score": 7, "trust_score_rank": 20, "trade_volume_24h_btc": 30.0},
    ],
    "derivatives/exchanges": [
        {"id": "backpack_futures", "name": "Backpack Futures", "open_interest_btc": 3.5, "trade_volume_24h_btc": "40"},
        {"id": "binance_futures", "name": "Binance (Futures)", "open_interest_btc": None, "trade_volume_24h_btc": ""},
    ],
}
SECOND: dict[str, list[dict[str, Any]]] = {
    "exchanges": [
        {"id": "binance", "name": "Binance", "trust_score": 10, "trust_score_rank": 1, "trade_volume_24h_btc": 80.5},
        {
            "id": "backpack_x",
            "name": "Backpack",
            "trust_score": 6,
            "trust_score_rank": 33,
            "trade_volume_24h_btc": 14.0,
        },
    ],
    "derivatives/exchanges": FIRST["derivatives/exchanges"],
}


@pytest.fixture(scope="module")
def ranked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse after two refreshes of CoinGecko's lists: between them Backpack was renamed and HTX went."""
    folder = tmp_path_factory.mktemp("ranked")
    with pytest.MonkeyPatch.context() as patch:
        for module in (coingecko_exchanges, coingecko_derivatives):
            patch.setattr(module, "SOURCE", replace(module.SOURCE, requests_per_second=1000))
        for hours, lists in enumerate((FIRST, SECOND)):
            now = NOW + timedelta(hours=hours)
            price = {"bitcoin": {"usd": 100_000 + hours, "last_updated_at": int(now.timestamp())}}
            bodies = {"simple/price": price} | lists
            routes = [Route(f"/api/v3/{path}", json.dumps(body).encode()) for path, body in bodies.items()]
            with serve(*routes) as replay:
                for source in ("coingecko_exchanges", "coingecko_derivatives"):
                    settings = settings_for(folder, replay.base, source)
                    asked = ask("2026-11-21T00:00Z", f"{now:%Y-%m-%dT%H:%MZ}", now=now)
                    assert run(settings, source, asked).outcome == "loaded"
    return folder / "warehouse"


def test_ranks_flow_from_the_source_through_time_with_the_price_of_each_instant(ranked: Path) -> None:
    with Hub(ranked).lease() as warehouse:
        rows = profile.ranks(warehouse, "backpack").filter(pl.col("source_id").str.starts_with("coingecko"))
    spot = rows.filter(pl.col("market") == "spot")
    assert spot.select("rank", "trust_score", "volume_24h_btc", "volume_24h_usd").rows() == [
        (36, None, 12.5, 1_250_000.0),
        (33, 6.0, 14.0, 1_400_014.0),
    ]
    futures = rows.filter(pl.col("market") == "futures")
    assert futures.select("rank", "volume_24h_btc", "open_interest_btc").rows() == [(None, 40.0, 3.5)] * 2


def test_of_very_many_readings_the_last_of_each_day_stands(own: Settings) -> None:
    first = datetime(2026, 11, 1, tzinfo=UTC)
    moments = [first + timedelta(minutes=10 * step) for step in range(profile.MOST_READINGS + 1)]
    lines = [f"kraken,spot,{at:%Y-%m-%dT%H:%M:%SZ},minute,CoinGecko,,5,,,,,,,,crashday\n" for at in moments]
    with (own.reference_dir / "exchange_ranks.csv").open("a") as file:
        file.writelines(lines)
    build.build(own)
    with Hub(own.warehouse_dir).lease() as warehouse:
        rows = profile.ranks(warehouse, "kraken")
    assert rows.height == 7 and rows["as_of"][0] == datetime(2026, 11, 1, 23, 50, tzinfo=UTC)


def test_an_exchange_that_is_renamed_stays_and_one_that_disappears_is_no_longer_listed(ranked: Path) -> None:
    with Hub(ranked).lease() as warehouse:
        last = {
            venue: profile.latest_ranks(warehouse, venue).filter(pl.col("market") == "spot").row(0, named=True)
            for venue in ("backpack", "htx")
        }
    assert (last["backpack"]["rank"], last["backpack"]["listed"], last["backpack"]["readings"]) == (33, True, 3)
    assert (last["htx"]["rank"], last["htx"]["listed"]) == (20, False)
    assert last["htx"]["list_read_at"] > last["htx"]["as_of"]
