"""What the refreshed sources bring stands on the history of tokenized stocks without code, and never on a published
line."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from analytics.tokenized import history
from analytics.tokenized import market as tokenized
from analytics.warehouse import Hub
from pipelines.config import Settings
from pipelines.sources import coingecko_rwas, defillama_protocols, defillama_rwa, xstocks
from tests.pipelines.sources_kit import ask, run, settings_for
from tests.replay.server import Route, serve

DAY = 1760054400
"""2025-10-10T00:00Z"""
DAYS = ("2026-11-20T06:00:00Z", "2026-11-21T06:00:00Z")


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limits of the publishers are for the publishers."""
    for module in (coingecko_rwas, defillama_protocols, defillama_rwa, xstocks):
        monkeypatch.setattr(module, "SOURCE", replace(module.SOURCE, requests_per_second=1000))


def refreshed(folder: Path, source: str, *replies: list[Route]) -> Settings:
    """One refresh a day for each list of routes; a source may lack the pieces that no route answers."""
    settings = Settings()
    for day, routes in zip(DAYS, replies, strict=False):
        with serve(*routes) as replay:
            settings = settings_for(folder, replay.base, source)
            now = datetime.fromisoformat(day).astimezone(UTC).replace(hour=12)
            symbols = ("AAPLx",) if source == "xstocks" else ()
            run(settings, source, ask(f"{now:%Y-%m-%d}T00:00Z", f"{now:%Y-%m-%d}T12:00Z", *symbols, now=now))
    return settings


def route(path: str, reply: object, **query: str) -> Route:
    return Route(path, json.dumps(reply).encode(), query)


def only_its_own(points: pl.DataFrame, source: str) -> pl.DataFrame:
    """The fetched points; none of the published ones lies on one of their lines."""
    own = points.filter(pl.col("source_id") == source)
    assert not set(own["series"]) & set(points.filter(pl.col("source_id") != source)["series"])
    return own


def test_coingecko_is_two_lines_of_the_market_and_one_of_each_issuer(tmp_path: Path) -> None:
    def of(day: str, value: float) -> list[Route]:
        asset = {"id": "a", "tokenized_market_data": {"market_cap": value, "total_volume": 5.0, "last_updated": day}}
        issuer = {"name": "xStocks", "market_cap": value / 2, "volume_24h": 1.0, "updated_at": day}
        return [
            route("/api/v3/rwas/markets", [asset], asset_type="stock"),
            route("/api/v3/rwas/markets", [asset], asset_type="etf"),
            route("/api/v3/rwas/issuers/list", [{"id": "x", "name": "xStocks"}]),
            route("/api/v3/rwas/issuers/x", issuer),
        ]

    settings = refreshed(tmp_path, "coingecko_rwas", of(DAYS[0], 100.0), of(DAYS[1], 120.0))
    with Hub(settings.warehouse_dir).lease() as fetched:
        market = only_its_own(history.sizes(fetched, "value"), "coingecko_rwas")
        issuer = only_its_own(history.lines(fetched, "issuer", "value"), "coingecko_rwas")
        traded = only_its_own(history.lines(fetched, "issuer", "volume"), "coingecko_rwas")
        assert "CoinGecko" not in tokenized.shares(fetched)["origin"]
    assert {name: rows["value"].to_list() for (name,), rows in market.group_by("name")} == {
        "CoinGecko: market cap, tokenized stocks on CoinGecko": [100, 120],
        "CoinGecko: market cap, tokenized ETFs on CoinGecko": [100, 120],
    }
    assert issuer.select("name", "value").rows() == [("xStocks: market cap (CoinGecko)", value) for value in (50, 60)]
    assert traded["value"].to_list() == [1, 1] and traded["series"].n_unique() == 1


def test_defillamas_issuers_are_a_line_each(tmp_path: Path) -> None:
    tvl = [{"date": DAY, "totalLiquidityUSD": 10.5}, {"date": DAY + 86_400, "totalLiquidityUSD": 12}]
    traded = {"name": "Dinari", "totalDataChart": [[DAY, 3], [DAY + 86_400, 4.5]]}
    routes = [
        route("/protocol/xstocks", {"name": "xStocks", "tvl": tvl}),
        route("/protocol/dinari", {"name": "Dinari", "tvl": tvl}),
        route("/summary/dexs/dinari", traded),
    ]
    settings = refreshed(tmp_path, "defillama_protocols", routes)
    with Hub(settings.warehouse_dir).lease() as fetched:
        values = only_its_own(history.lines(fetched, "issuer", "value"), "defillama_protocols")
        volumes = only_its_own(history.lines(fetched, "issuer", "volume"), "defillama_protocols")
    assert values.filter(pl.col("name") == "xStocks: tvl (DefiLlama)")["value"].to_list() == [10.5, 12]
    assert values["series"].n_unique() == 2 and volumes["value"].to_list() == [3, 4.5]


def test_defillamas_perpetuals_stay_apart_from_its_tokens(tmp_path: Path) -> None:
    points = [{"timestamp": DAY, "Stocks": 7.0}, {"timestamp": DAY + 86_400, "Stocks": 8.0}]
    routes = [
        route("/rwa/chart/assetGroup-breakdown", points, key="activeMcap"),
        route("/rwa-perps/chart/overview-breakdown", points, key="openInterest"),
    ]
    settings = refreshed(tmp_path, "defillama_rwa", routes)
    with Hub(settings.warehouse_dir).lease() as fetched:
        value = only_its_own(history.sizes(fetched, "value"), "defillama_rwa")
        interest = history.sizes(fetched, "open interest")
    assert value.select("name", "value").rows() == [
        ("DefiLlama: active market cap", 7),
        ("DefiLlama: active market cap", 8),
    ]
    assert interest["name"].unique().to_list() == ["DefiLlama: perps open interest"]
    assert interest["value"].to_list() == [7, 8]


def test_an_xstock_is_a_line_in_dollars_and_its_shares_are_not_on_it(tmp_path: Path) -> None:
    def of(day: str, supply: str) -> list[Route]:
        reserves = {"symbol": "AAPLx", "timestamp": day, "sharesHeld": "2000", "circulatingSupply": supply}
        public = "/api/v2/public"
        return [
            route(f"{public}/proof-of-reserves/AAPLx", reserves),
            route(f"{public}/assets/AAPLx/price-data", {"quote": 300}),
            route(f"{public}/assets/AAPLx/multiplier", {"currentMultiplier": 1.25}),
        ]

    settings = refreshed(tmp_path, "xstocks", of(DAYS[0], "1000"), of(DAYS[1], "1100"))
    with Hub(settings.warehouse_dir).lease() as fetched:
        points = history.lines(fetched, "token", "value")
    assert only_its_own(points, "xstocks").select("unit", "value").rows() == [("USD", 300_000), ("USD", 330_000)]
    assert points["unit"].unique().to_list() == ["USD"]
