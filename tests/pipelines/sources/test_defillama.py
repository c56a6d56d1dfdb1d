"""DefiLlama: a series whose last point still moves, issuers counted differently, undocumented addresses that may go."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.config import ROOT
from pipelines.source import CheckFailed, Piece, Refused
from pipelines.sources import defillama_protocols, defillama_rwa
from tests.pipelines.sources_kit import ask, rows, run, settings_for
from tests.replay.server import Fault, Route, serve

DAY = 1760054400
"""2025-10-10T00:00Z"""
TODAY = ask("2026-11-21T00:00Z", "2026-11-22T00:00Z")
TVL: dict[str, Any] = {
    "name": "xStocks",
    "tvl": [{"date": DAY, "totalLiquidityUSD": 10.5}, {"date": DAY + 86_400, "totalLiquidityUSD": 12}],
}
VOLUME = {"name": "Ondo Global Markets", "totalDataChart": [[DAY, 3], [DAY + 86_400, 4.5]]}


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """DefiLlama's limits are for DefiLlama."""
    for module in (defillama_protocols, defillama_rwa):
        monkeypatch.setattr(module, "SOURCE", replace(module.SOURCE, requests_per_second=1000))


def encoded(reply: object) -> bytes:
    return json.dumps(reply).encode()


def protocol(name: str, slug: str, reply: object) -> list[dict[str, Any]]:
    piece = Piece(name, facts={"slug": slug})
    frames = defillama_protocols.parse([encoded(reply)], piece)
    defillama_protocols.check(frames, piece)
    return frames["tokenized_metrics"].to_dicts()


def test_tvl_is_a_point_a_day_of_one_issuer_with_what_it_counts() -> None:
    first, second = protocol("tvl/xstocks", "xstocks", TVL)
    assert (first["as_of"], first["value"], second["value"]) == (datetime(2025, 10, 10, tzinfo=UTC), 10.5, 12.0)
    assert (first["subject"], first["product_id"], first["metric"], first["unit"]) == (
        "xStocks",
        "xstocks",
        "tvl",
        "USD",
    )
    assert "subtracted" in first["note"]


def test_the_last_point_is_of_this_moment_and_does_not_replace_the_days_own() -> None:
    moving = {**TVL, "tvl": [*TVL["tvl"], {"date": DAY + 86_400 + 5_000, "totalLiquidityUSD": 99}]}
    assert [row["value"] for row in protocol("tvl/xstocks", "xstocks", moving)] == [10.5, 12.0]


def test_issuers_are_scopes_of_their_own_so_that_they_never_add_up() -> None:
    scopes = {slug: protocol(f"tvl/{slug}", slug, TVL)[0]["scope"] for slug in defillama_protocols.ISSUERS}
    assert len(set(scopes.values())) == len(scopes)
    assert "funds" in protocol("tvl/superstate", "superstate", TVL)[0]["note"]


def test_volume_is_pairs_of_seconds_and_usd() -> None:
    found = protocol("volume/ondo-global-markets", "ondo-global-markets", VOLUME)
    assert [(row["metric"], row["value"]) for row in found] == [("daily_volume", 3.0), ("daily_volume", 4.5)]


def test_issuers_products_are_ours() -> None:
    with (ROOT / "data" / "reference" / "tokenized_products.csv").open(newline="") as file:
        ours = {row["product_id"] for row in csv.DictReader(file)}
    assert {product for product, _ in defillama_protocols.ISSUERS.values() if product} <= ours


@pytest.mark.parametrize("reply", [{}, [], {"name": "x", "tvl": [{"date": DAY}]}, {"name": "x", "tvl": None}])
def test_a_reply_of_another_shape_is_refused(reply: object) -> None:
    with pytest.raises(Refused, match="tvl/xstocks"):
        protocol("tvl/xstocks", "xstocks", reply)


def test_a_series_without_points_is_an_error() -> None:
    with pytest.raises(CheckFailed, match="has no points"):
        protocol("tvl/xstocks", "xstocks", {"name": "xStocks", "tvl": []})


def test_protocols_end_to_end_where_one_slug_is_gone(tmp_path: Path) -> None:
    values = Route("/protocol/xstocks", encoded(TVL), fault=Fault("status", 1, 503))
    with serve(values, Route("/summary/dexs/ondo-global-markets", encoded(VOLUME))) as replay:
        settings = settings_for(tmp_path, replay.base, "defillama_protocols")
        outcome = run(settings, "defillama_protocols", TODAY)
        error = outcome.error or ""
        assert outcome.outcome == "failed" and "the server answered 404" in error and "/protocol/dinari" in error
        sent = replay.sent["/protocol/xstocks"]
        assert run(settings, "defillama_protocols", TODAY).rows_loaded == 0
        assert replay.sent["/protocol/xstocks"] == sent
    found = rows(
        settings,
        "SELECT metric, count(*) AS days FROM tokenized_metrics WHERE source_id = 'defillama_protocols' GROUP BY ALL",
    )
    assert sorted(found.rows()) == [("daily_volume", 2), ("tvl", 2)]


GROUPS = [
    {"timestamp": DAY, "Stocks & ETFs": 5, "Treasury Bills": 900},
    {"timestamp": DAY + 86_400, "Stocks & ETFs": 6.5, "Treasury Bills": 901},
    {"timestamp": DAY + 86_400 + 7_000, "Stocks & ETFs": 99},
]


def asset_groups(reply: object, metric: str = "active_market_cap") -> list[dict[str, Any]]:
    piece = Piece(metric, facts={"metric": metric})
    frames = defillama_rwa.parse([encoded(reply)], piece)
    defillama_rwa.check(frames, piece)
    return frames["tokenized_metrics"].to_dicts()


def test_only_groups_of_stocks_are_kept_a_point_a_day() -> None:
    found = asset_groups(GROUPS)
    assert [(row["value"], row["as_of"].day) for row in found] == [(5.0, 10), (6.5, 11)]
    assert {row["scope"] for row in found} == {"tokens, group Stocks & ETFs on DefiLlama"}


@pytest.mark.parametrize("factor", [1, 1000])
def test_times_in_seconds_or_milliseconds_are_told_by_their_size(factor: int) -> None:
    (row,) = asset_groups([{"timestamp": DAY * factor, "Equities": 1}])
    assert row["as_of"] == datetime(2025, 10, 10, tzinfo=UTC)


def test_perpetuals_are_a_scope_and_a_metric_of_their_own() -> None:
    (row,) = asset_groups([{"timestamp": DAY, "US Equities": 1}], "perps_open_interest")
    assert row["metric"] == "perps_open_interest" and row["scope"].startswith("perpetuals")
    assert "Synthetic" in row["note"]


def test_where_no_group_speaks_of_stocks_it_is_refused() -> None:
    with pytest.raises(Refused, match="none of 1 groups speaks of stocks"):
        asset_groups([{"timestamp": DAY, "Treasury Bills": 900}])


@pytest.mark.parametrize("reply", [{"error": "gone"}, [{"Stocks": 1}], [[1]]])
def test_an_undocumented_reply_of_another_shape_is_refused(reply: object) -> None:
    with pytest.raises(Refused, match="active_market_cap"):
        asset_groups(reply)


def test_undocumented_addresses_are_not_part_of_a_plain_refresh_and_fail_visibly(tmp_path: Path) -> None:
    assert not defillama_rwa.SOURCE.default and "Undocumented" in defillama_rwa.SOURCE.limits
    tokens = Route("/rwa/chart/assetGroup-breakdown", encoded(GROUPS))
    with serve(tokens) as replay:
        settings = settings_for(tmp_path, replay.base, "defillama_rwa")
        outcome = run(settings, "defillama_rwa", TODAY)
        assert outcome.outcome == "failed" and "rwa-perps/chart/overview-breakdown" in (outcome.error or "")
        tokens.fault = Fault("status", -1, 404)
        assert run(settings, "defillama_rwa", TODAY).outcome == "failed"
    kept = rows(settings, "SELECT count(*) AS rows FROM tokenized_metrics WHERE source_id = 'defillama_rwa'")
    assert kept["rows"].to_list() == [4]
