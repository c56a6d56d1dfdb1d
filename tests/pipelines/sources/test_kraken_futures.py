"""Kraken Futures: open interest closes, dated at the end of their bucket, in the contract's own unit; liquidation
volume as stated."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from pipelines.source import CheckFailed, Piece, Refused
from pipelines.sources import kraken_futures
from tests.pipelines.sources_kit import ask, rows, run, settings_for
from tests.replay.server import Fault, Route, serve

START = 1760054400
SPAN = ("2025-10-10T00:00Z", "2025-10-11T00:00Z")
PATH = "/api/charts/v1/analytics/PF_XBTUSD/open-interest"


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The venue's limits are for the venue."""
    monkeypatch.setattr(kraken_futures, "SOURCE", replace(kraken_futures.SOURCE, requests_per_second=10_000))


def reply(times: list[int], data: object, more: bool = False) -> bytes:
    return json.dumps({"result": {"timestamp": times, "data": data, "more": more}, "errors": []}).encode()


def liquidated(body: bytes) -> pl.DataFrame:
    facts = {"series": "liquidation-volume", "symbol": "BTC/USD:USD", "day": "2025-10-10"}
    frames = kraken_futures.parse([body], piece := Piece("the day", facts=facts))
    kraken_futures.check(frames, piece)
    return frames["liquidation_reports"]


def observed(body: bytes, symbol: str = "BTC/USD:USD") -> pl.DataFrame:
    piece = Piece("the day", facts={"series": "open-interest", "symbol": symbol, "day": "2025-10-10"})
    frames = kraken_futures.parse([body], piece)
    kraken_futures.check(frames, piece)
    return frames["open_interest"]


def test_the_close_of_a_bucket_is_observed_at_its_end() -> None:
    found = observed(reply([START, START + 300], [["1", "4", "1", "3"], [3, 5, 2, 2.5]]))
    assert found["ts"].dt.strftime("%H:%M").to_list() == ["00:05", "00:10"]
    assert found["open_interest_base"].to_list() == [3.0, 2.5]
    assert found.select("venue", "symbol", "precision", "sides").row(0) == (
        "kraken",
        "BTC/USD:USD",
        "minute",
        "unknown",
    )


def test_times_in_seconds_or_milliseconds_are_told_by_their_size() -> None:
    buckets = [[1, 1, 1, 1]]
    assert observed(reply([START], buckets)).equals(observed(reply([START * 1000], buckets)))


def test_inverse_contracts_are_counted_in_usd_and_multi_collateral_ones_in_the_base_asset() -> None:
    inverse = observed(reply([START], [[1, 1, 1, 21_279_580]]), "BTC/USD:BTC")
    assert inverse["open_interest_usd"].to_list() == [21_279_580.0] and "open_interest_base" not in inverse.columns


@pytest.mark.parametrize(
    ("symbol", "name"),
    [("BTC/USD:USD", "PF_XBTUSD"), ("BTC/USD:BTC", "PI_XBTUSD"), ("ETH/USD:USD", "PF_ETHUSD")],
)
def test_xbt_is_btc_and_pf_and_pi_are_two_contracts(symbol: str, name: str) -> None:
    piece, volume = kraken_futures.plan(ask(*SPAN, symbol))
    assert volume.requests[0].url.endswith(f"/analytics/{name}/liquidation-volume")
    assert volume.requests[0].params == piece.requests[0].params
    assert piece.requests[0].url.endswith(f"/analytics/{name}/open-interest")
    assert piece.requests[0].params == {"since": START, "to": START + 86_400, "interval": 300}
    assert piece.facts["symbol"] == symbol


def test_a_day_that_is_not_over_is_not_asked_for_as_its_last_bucket_is_still_filling() -> None:
    assert list(kraken_futures.plan(ask(*SPAN, now=datetime(2025, 10, 10, 23, 59, tzinfo=UTC)))) == []


def test_the_next_day_s_first_bucket_is_left_out_and_an_unknown_close_is_not_zero() -> None:
    buckets = [[1, 1, 1, None], [1, 1, 1, 2], [1, 1, 1, 3]]
    found = observed(reply([START, START + 86_100, START + 86_400], buckets))
    assert found["open_interest_base"].to_list() == [2.0]
    assert found["ts"].to_list() == [datetime(2025, 10, 11, tzinfo=UTC)]


def test_liquidation_volume_is_kept_as_stated_for_its_unit_is_not_documented_and_it_has_no_sides() -> None:
    found = liquidated(reply([START + 76_800, START + 77_100, START + 86_400], ["1201.5", 0, 7]))
    assert found.select("value", "side", "metric", "counting").rows() == [
        (1201.5, "total", "liquidation_volume", "statement"),
        (0.0, "total", "liquidation_volume", "statement"),
    ]
    assert found["unit"].unique().to_list() == ["as stated; unit not documented"]
    assert found["window_start"].dt.strftime("%H:%M").to_list() == ["21:20", "21:25"]
    assert found["window_end"].dt.strftime("%H:%M").to_list() == ["21:25", "21:30"]
    assert found["board"].n_unique() == 2


def test_liquidation_volume_of_another_shape_or_none_is_refused_and_unknown_is_not_zero() -> None:
    assert liquidated(reply([START, START + 300], [None, 2]))["value"].to_list() == [2.0]
    with pytest.raises(Refused, match="its shape is not"):
        liquidated(reply([START], {"long": [1], "short": [2]}))
    with pytest.raises(CheckFailed, match="may not keep that day"):
        liquidated(reply([], []))


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (reply([START], [1.0]), "its shape is not"),
        (reply([START], {"close": [1]}), "its shape is not"),
        (reply([START, START + 300], [[1, 1, 1, 1]]), "its shape is not"),
        (reply([START], [[1, 1, 1, 1]], more=True), "only a part"),
        (b'{"errors": []}', "its shape is not"),
        (b"[]", "its shape is not"),
        (b"<html>", "not JSON"),
    ],
)
def test_shapes_that_are_not_known_and_parts_of_a_day_are_refused(body: bytes, says: str) -> None:
    with pytest.raises(Refused, match=says):
        observed(body)


def test_nothing_and_another_day_are_errors() -> None:
    with pytest.raises(CheckFailed, match="may not keep that day"):
        observed(reply([], []))
    with pytest.raises(CheckFailed, match="another day"):
        observed(reply([START - 300], [[1, 1, 1, 1]]))


def test_errors_are_a_list_beside_the_result_with_status_200() -> None:
    fault = kraken_futures.fault(b'{"result": null, "errors": [{"error_class": "not_found"}]}')
    assert fault is not None and fault.message == "Kraken answers an error" and not fault.again
    assert kraken_futures.fault(reply([], [])) is None
    assert kraken_futures.fault(b"<html>").again


@pytest.mark.parametrize("fault", [None, Fault("status", 1, 429), Fault("body", 1, body=b"<html>busy</html>")])
def test_end_to_end_the_day_is_loaded_and_asked_for_once(tmp_path: Path, fault: Fault | None) -> None:
    times = [START + 300 * step for step in range(288)]
    body = reply(times, [[1, 2, 1, 1 + step / 10] for step in range(288)])
    volumes = Route(
        PATH.replace("open-interest", "liquidation-volume"), reply(times, [str(step) for step in range(288)])
    )
    with serve(Route(PATH, body, fault=fault), volumes) as replay:
        settings = settings_for(tmp_path, replay.base, "kraken_futures")
        outcome = run(settings, "kraken_futures", ask(*SPAN, "BTC/USD:USD"))
        assert (outcome.outcome, outcome.error, outcome.rows_loaded) == ("loaded", None, 2 * 288)
        replay.log.clear()
        assert run(settings, "kraken_futures", ask(*SPAN, "BTC/USD:USD")).outcome == "unchanged"
        assert replay.log == []
    last = rows(settings, "SELECT max(ts)::VARCHAR AS ts FROM open_interest WHERE source_id = 'kraken_futures'")
    assert last["ts"].item() == "2025-10-11 00:00:00+00"


def test_end_to_end_an_error_inside_status_200_is_named_and_the_other_contract_loaded(tmp_path: Path) -> None:
    with serve(
        Route(PATH, reply([START], [[1, 1, 1, 1]])),
        Route(PATH.replace("PF", "PI"), b'{"result": {}, "errors": [{"error_class": "not_found"}]}'),
    ) as replay:
        settings = settings_for(tmp_path, replay.base, "kraken_futures")
        outcome = run(settings, "kraken_futures", ask(*SPAN, "BTC/USD:USD", "BTC/USD:BTC"))
    assert (
        outcome.outcome == "failed" and "Kraken answers an error" in (outcome.error or "") and outcome.rows_loaded == 1
    )
    assert "liquidation-volume: the server answered 404" in (outcome.error or "")
