"""Hyperliquid: one row a close by force, whichever of its three records it is read from."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from pipelines.source import CheckFailed, Piece, Refused, Request
from pipelines.sources import hyperliquid_asxn, hyperliquid_node_fills, hyperliquid_sqd
from tests.pipelines.sources_kit import ask, opened, rows, run, settings_for
from tests.replay.server import Fault, Route, serve

VAULT, USER, OTHER = "0x2e3d", "0xaaaa", "0xbbbb"
ANCHOR, ANCHOR_MS = 758_800_641, 1_760_130_964_831
STREAM = "/datasets/hyperliquid-fills/stream"


def fill(
    direction: str, side: str, *, tid: int = 1, coin: str = "BTC", px: object = 100_000.0, sz: object = 0.5
) -> dict[str, object]:
    return {"coin": coin, "px": px, "sz": sz, "side": side, "dir": direction, "tid": tid, "feeToken": "USDC"}


TAKE_OVER = (fill("Liquidated Cross Long", "A", tid=7), fill("Liquidated Cross Long", "B", tid=7))
"""The user's fill, which sells the long, and the vault's, which buys it and is called the same."""
DELEVERAGED = (fill("Auto-Deleveraging", "B", tid=8), fill("Liquidated Cross Long", "A", tid=8))
"""The winning short that is bought back, and the vault's fill, which sells the long it had taken over."""


# --- SQD Portal -------------------------------------------------------------------------------------------------


class Chain:
    """The chain as the Portal plays it: first and last block of a reply always, others only with fills, at most `most`
    a reply.

    Its blocks are dated by the known ones, and after the last of those come at a pace of their own.
    """

    def __init__(
        self,
        fills: dict[int, Iterable[dict[str, object]]],
        ms_per_block: float = 80,
        head: int = 10**10,
        most: int = 400,
    ) -> None:
        self.fills, self.pace, self.head, self.most = fills, ms_per_block, head, most
        self.asked: list[dict[str, object]] = []

    def ms(self, number: int) -> int:
        known = hyperliquid_sqd.ANCHORS
        for before, after in pairwise(known):
            if number <= after.number:
                share = (number - before.number) / (after.number - before.number)
                return round(before.ms + (after.ms - before.ms) * share)
        return round(known[-1].ms + (number - known[-1].number) * self.pace)

    def number(self, ms: int) -> int:
        return bisect_left(range(10**10), ms, key=self.ms)

    def answer(self, body: dict[str, object]) -> bytes:
        self.asked.append(body)
        first, last = int(str(body["fromBlock"])), int(str(body["toBlock"]))
        if first > self.head:
            return b""
        last = min(last, first + self.most - 1, self.head)
        numbers = sorted({first, last, *(number for number in self.fills if first <= number <= last)})
        return b"".join(self._line(number, "fills" in body) for number in numbers)

    def _line(self, number: int, wanted: bool) -> bytes:
        block: dict[str, object] = {"header": {"number": number, "timestamp": self.ms(number)}}
        if wanted and number in self.fills:
            block["fills"] = list(self.fills[number])
        return json.dumps(block, separators=(",", ":")).encode() + b"\n"

    def route(self, path: str, query: dict[str, str], body: str) -> Route:
        return Route(path, self.answer(json.loads(body)), etag=False)


def window(start: str, end: str) -> Piece:
    (piece,) = hyperliquid_sqd.plan(ask(start, end))
    return piece


def walked(chain: Chain, piece: Piece, most: int = 100) -> list[bytes]:
    """The replies a fetch would store."""
    replies, request = [], piece.requests[0]
    while request is not None:
        replies.append(chain.answer(dict(request.body or {})))
        assert hyperliquid_sqd.fault(replies[-1]) is None and len(replies) < most
        request = hyperliquid_sqd.follow(replies[-1], request)
    return replies


CRASH = ("2025-10-10T21:10Z", "2025-10-10T21:20Z")


def at_crash(*fills: dict[str, object]) -> pl.DataFrame:
    piece = window(*CRASH)
    return hyperliquid_sqd.parse(walked(Chain({ANCHOR: fills}), piece), piece)["liquidations"]


def test_sqd_adl_is_one_row_of_its_own_mechanism_and_its_side_is_the_deleveraged_users() -> None:
    row = at_crash(*DELEVERAGED).row(0, named=True)
    assert (row["mechanism"], row["liquidated_side"], row["quantity_base"]) == ("adl", "short", 0.5)
    assert row["notional_usd"] == 50_000
    assert row["ts"].isoformat() == "2025-10-10T21:16:04.831000+00:00"


def test_sqd_a_backstop_take_over_is_one_row_and_the_vault_is_no_user() -> None:
    found = at_crash(*TAKE_OVER)
    assert found.select("mechanism", "liquidated_side").rows() == [("insurance", "long")]
    short = at_crash(fill("Liquidated Isolated Short", "A"), fill("Liquidated Isolated Short", "B"))
    assert short.select("mechanism", "liquidated_side").rows() == [("insurance", "short")]


def test_sqd_the_other_side_of_an_adl_is_not_a_take_over() -> None:
    assert at_crash(*TAKE_OVER, *DELEVERAGED)["mechanism"].sort().to_list() == ["adl", "insurance"]


def test_sqd_liquidations_filled_by_the_market_cannot_be_told_and_are_left_out() -> None:
    assert at_crash(fill("Close Long", "A"), fill("Open Long", "B")).is_empty()
    assert "cannot be told" in hyperliquid_sqd.SOURCE.limits
    asked_for = fill("Close Short", "B", coin="STRK", px=0.25, sz=4000.0) | {
        "user": USER,
        "startPosition": -500000.5,
        "closedPnl": -108.25,
        "hash": "0x01",
        "oid": 2,
        "crossed": True,
        "fee": 0.25,
        "builderFee": None,
        "cloid": "0x03",
    }
    assert at_crash(asked_for).is_empty()


def test_sqd_a_trade_whose_side_cannot_be_told_is_refused_with_its_number() -> None:
    with pytest.raises(Refused, match=r"block 758800641, trade 9: 2 of a trade's 2 marked fills"):
        at_crash(fill("Auto-Deleveraging", "B", tid=9), fill("Auto-Deleveraging", "A", tid=9))


def test_symbols_keep_multipliers_and_name_other_dexes_and_spot_is_no_position() -> None:
    found = at_crash(
        fill("Auto-Deleveraging", "A", tid=1, coin="kPEPE"),
        fill("Auto-Deleveraging", "A", tid=2, coin="xyz:TSLA"),
        fill("Auto-Deleveraging", "A", tid=3, coin="@107"),
        fill("Auto-Deleveraging", "A", tid=4, coin="PURR/USDC"),
    )
    assert found["symbol"].to_list() == ["kPEPE/USDC:USDC", "xyz-TSLA/USDC:USDC"]


@pytest.mark.parametrize("ms_per_block", [60.0, 130.0])
@pytest.mark.parametrize("start", ["2025-10-10T21:10Z", "2025-11-30T00:00Z", "2026-06-05T03:40Z"])
def test_sqd_the_window_is_found_by_headers_whatever_the_pace_of_blocks(start: str, ms_per_block: int) -> None:
    begin = datetime.fromisoformat(start)
    (piece,) = list(hyperliquid_sqd.plan(ask(start, begin.replace(minute=begin.minute + 9).isoformat())))
    chain = Chain({}, ms_per_block)
    opens, ends = (chain.number(int(piece.facts[edge])) for edge in ("start", "end"))
    chain.fills = {number: TAKE_OVER for number in (opens - 1, opens, ends - 1, ends)}
    found = hyperliquid_sqd.parse(walked(chain, piece), piece)["liquidations"]
    assert found.height == 2  # the blocks beside the window belong to its neighbours
    probes = [body for body in chain.asked if "fills" not in body]
    assert 1 <= len(probes) <= 16


def test_sqd_a_probe_beyond_the_head_is_answered_by_nothing_and_the_search_turns_back() -> None:
    (piece,) = list(hyperliquid_sqd.plan(ask("2026-06-05T03:40Z", "2026-06-05T03:50Z")))
    start = int(piece.facts["start"])
    chain = Chain({}, ms_per_block=130)  # far fewer blocks than the first guess takes for granted
    chain.head = chain.number(start + 700_000)
    assert hyperliquid_sqd.parse(walked(chain, piece), piece)["liquidations"].is_empty()
    assert any(int(str(body["fromBlock"])) > chain.head for body in chain.asked)


def test_sqd_a_window_the_data_set_does_not_cover_is_refused_not_empty() -> None:
    piece = window(*CRASH)
    short = Chain({}, head=ANCHOR)
    with pytest.raises(Refused, match="do not cover the window"):
        hyperliquid_sqd.parse(walked(short, piece), piece)
    whole = walked(Chain({}), piece)
    with pytest.raises(Refused, match="do not cover the window"):
        hyperliquid_sqd.parse([*whole[:-3], *whole[-2:]], piece)


def test_sqd_windows_before_the_data_set_and_in_the_last_hour_are_not_asked_for() -> None:
    assert not list(hyperliquid_sqd.plan(ask("2024-01-01T00:00Z", "2024-01-02T00:00Z")))
    recent = ask("2025-10-10T20:00Z", "2025-10-10T22:00Z", now=datetime(2025, 10, 10, 22, tzinfo=UTC))
    assert [piece.name for piece in hyperliquid_sqd.plan(recent)][-1] == "2025-10-10T20:50Z"


@pytest.mark.parametrize(
    "fault", [None, Fault("status", 2, 529), Fault("reset", 1), Fault("body", 1, body=b"<html>down</html>")]
)
def test_sqd_end_to_end_with_passing_faults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Fault | None
) -> None:
    chain = Chain({ANCHOR: TAKE_OVER, ANCHOR + 2_000: DELEVERAGED})
    with serve() as replay:
        monkeypatch.setattr(replay, "find", lambda *asked: replace(chain.route(*asked), fault=fault))
        settings = settings_for(tmp_path, replay.base, "hyperliquid_sqd")
        outcome = run(settings, "hyperliquid_sqd", ask(*CRASH))
        assert (outcome.outcome, outcome.error, outcome.rows_refused) == ("loaded", None, 0)
        replay.log.clear()
        assert run(settings, "hyperliquid_sqd", ask(*CRASH)).outcome == "unchanged"
        assert replay.log == []
    found = rows(settings, "SELECT mechanism, feed FROM liquidations WHERE source_id = 'hyperliquid_sqd' ORDER BY ts")
    assert found.rows() == [(each, "hyperliquid-fills (SQD Portal)") for each in ("insurance", "adl")]


# --- node_fills --------------------------------------------------------------------------------------------------


def node_fill(user: str, liquidated: str, method: str, direction: str, side: str, **more: object) -> list[object]:
    liquidation = {"liquidatedUser": liquidated, "markPx": "1", "method": method}
    plain = fill(direction, side, px="100000", sz="0.5")
    return [user, {**plain, "time": ANCHOR_MS, "liquidation": liquidation, **more}]


def block(*events: list[object], number: int = ANCHOR) -> bytes:
    return json.dumps({"block_time": "", "block_number": number, "events": events}).encode() + b"\n"


def packed(lines: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "lz4") as file:
        file.write(lines)
    return sink.getvalue().to_pybytes()


HOUR = Piece("20251010/21", facts={"hour": "2025-10-10T21"})
MARKET = (
    node_fill(USER, USER, "market", "Close Long", "A", tid=1),
    node_fill(OTHER, USER, "market", "Open Long", "B", tid=1),
)
BACKSTOP = (
    node_fill(USER, USER, "backstop", "Liquidated Cross Long", "A", tid=2),
    node_fill(VAULT, USER, "backstop", "Liquidated Cross Long", "B", tid=2),
)
PASSED_ON = (
    node_fill(OTHER, VAULT, "backstop", "Auto-Deleveraging", "B", tid=3),
    node_fill(VAULT, VAULT, "backstop", "Liquidated Cross Long", "A", tid=3),
)


def node_rows(*events: list[object]) -> pl.DataFrame:
    return hyperliquid_node_fills.parse(opened(block(*events)), HOUR)["liquidations"]


def test_node_fills_an_adl_with_every_field_is_a_short_of_the_winning_user() -> None:
    whole = {"coin": "AVAX", "px": "22.5", "sz": "28.5", "startPosition": "-28.5", "closedPnl": "194.25"}
    whole |= {"hash": "0x01", "oid": 2, "crossed": True, "fee": "0.0"}
    event = node_fill(USER, VAULT, "backstop", "Auto-Deleveraging", "B", tid=771334864158847, **whole)
    line = {"block_time": "2025-10-10T21:16:04.831874+00:00", "block_number": ANCHOR, "events": [event]}
    found = hyperliquid_node_fills.parse(opened(json.dumps(line).encode()), HOUR)["liquidations"]
    row = found.row(0, named=True)
    assert found.height == 1
    assert (row["symbol"], row["mechanism"], row["liquidated_side"]) == ("AVAX/USDC:USDC", "adl", "short")
    assert (row["price"], row["quantity_base"], row["notional_usd"]) == (22.5, 28.5, 641.25)
    assert row["ts"].isoformat() == "2025-10-10T21:16:04.831000+00:00"
    hyperliquid_node_fills.check({"liquidations": found}, HOUR)


def test_node_fills_both_parties_are_stored_and_exactly_half_of_the_records_are_kept() -> None:
    events = (*MARKET, *BACKSTOP, *PASSED_ON)
    found = node_rows(*events)
    assert len(events) / found.height == 2.0
    assert found.select("mechanism", "liquidated_side").rows() == [
        ("liquidation", "long"),
        ("insurance", "long"),
        ("adl", "short"),
    ]


def test_node_fills_the_vaults_own_side_of_an_adl_is_not_a_liquidation_though_it_is_the_liquidated_user() -> None:
    assert node_rows(*PASSED_ON)["mechanism"].to_list() == ["adl"]


def test_node_fills_one_record_without_its_own_side_is_refused() -> None:
    with pytest.raises(Refused, match=r"trade 1: 0 of a trade's 1 marked fills"):
        node_rows(MARKET[1])


def test_node_fills_packed_or_not_is_told_by_the_bytes() -> None:
    lines = block(*MARKET) + block([OTHER, fill("Open Long", "B")], number=1) + block(*BACKSTOP, number=2)
    frames = [hyperliquid_node_fills.parse(opened(body), HOUR)["liquidations"] for body in (lines, packed(lines))]
    assert frames[0].equals(frames[1])
    assert frames[0].height == 2


@pytest.mark.parametrize("body", [b"", b"<html>", packed(block(*MARKET) * 5_000)[:-20]])
def test_node_fills_a_damaged_file_is_refused_with_a_remedy(body: bytes) -> None:
    with pytest.raises(Refused, match=r"20251010/21: .* (C|c)opy"):
        hyperliquid_node_fills.parse(opened(body), HOUR)


def test_node_fills_and_the_portal_call_the_same_close_by_the_same_name() -> None:
    keys = ["venue", "market", "symbol", "event_id"]
    assert node_rows(*PASSED_ON).select(keys).equals(at_crash(*(dict(one[1]) for one in PASSED_ON)).select(keys))


def test_node_fills_end_to_end_from_a_folder_of_the_reader(tmp_path: Path) -> None:
    day = tmp_path / "files" / "node_fills_by_block" / "hourly" / "20251010"
    day.mkdir(parents=True)
    (day / "21.lz4").write_bytes(packed(block(*MARKET, *BACKSTOP, *PASSED_ON)))
    settings = settings_for(tmp_path, f"file://{tmp_path}/files", "hyperliquid_node_fills")
    span = ask("2025-10-10T20:00Z", "2025-10-10T22:00Z")
    outcome = run(settings, "hyperliquid_node_fills", span)
    assert (outcome.outcome, outcome.rows_loaded) == ("failed", 3)
    assert "20251010/20.lz4" in (outcome.error or "")
    (day / "20.lz4").write_bytes(block([OTHER, fill("Open Long", "B")]))
    assert run(settings, "hyperliquid_node_fills", span).error is None
    assert run(settings, "hyperliquid_node_fills", span).outcome == "unchanged"
    found = rows(settings, "SELECT mechanism FROM liquidations WHERE source_id = 'hyperliquid_node_fills' ORDER BY 1")
    assert found["mechanism"].to_list() == ["adl", "insurance", "liquidation"]


# --- ASXN --------------------------------------------------------------------------------------------------------

OCTOBER = Piece("2025-10", facts={"month": "2025-10"})
CHART = {
    "chart_data": [
        {"time": "2025-10-10T00:00:00", "coin": "BTC", "daily_notional_liquidated": 1.5},
        {"time": "2025-10-10T00:00:00", "coin": "kPEPE", "daily_notional_liquidated": 2},
        {"time": "2025-09-30T00:00:00", "coin": "BTC", "daily_notional_liquidated": 3.5},
    ]
}


def test_asxn_figures_are_statements_that_say_what_is_not_known_of_them() -> None:
    found = hyperliquid_asxn.parse([json.dumps(CHART).encode()], OCTOBER)["liquidation_reports"]
    assert found.select("asset", "value").rows() == [("BTC", 1.5), ("kPEPE", 2.0)]
    assert found["window_start"].to_list() == [datetime(2025, 10, 10, tzinfo=UTC)] * 2
    assert found["counting"].unique().to_list() == ["statement"]
    assert "both sides" in found["note"][0]
    assert not hyperliquid_asxn.SOURCE.default


def test_asxn_a_month_without_a_figure_is_an_error_not_a_zero() -> None:
    empty = hyperliquid_asxn.parse([b'{"chart_data": []}'], OCTOBER)
    with pytest.raises(CheckFailed, match="nothing for October 2025"):
        hyperliquid_asxn.check(empty, OCTOBER)


@pytest.mark.parametrize("fault", [None, Fault("status", 1, 503)])
def test_asxn_end_to_end(tmp_path: Path, fault: Fault | None) -> None:
    route = Route("/daily_notional_liquidated_by_coin", json.dumps(CHART).encode(), fault=fault)
    with serve(route) as replay:
        settings = settings_for(tmp_path, replay.base, "hyperliquid_asxn")
        span = ask("2025-09-30T00:00Z", "2025-10-11T00:00Z")
        outcome = run(settings, "hyperliquid_asxn", span)
        assert (outcome.outcome, outcome.rows_loaded, outcome.rows_refused) == ("loaded", 3, 0)
        assert run(settings, "hyperliquid_asxn", span).outcome == "unchanged"
    boards = rows(settings, "SELECT DISTINCT board FROM liquidation_reports WHERE source_id = 'hyperliquid_asxn'")
    assert boards.height == 2


def test_a_page_of_html_instead_of_the_chart_is_refused_by_name() -> None:
    with pytest.raises(Refused, match=r"2025-10: it is not JSON"):
        hyperliquid_asxn.parse([b"<html>"], OCTOBER)


def test_requests_for_headers_only_ask_for_no_fills() -> None:
    probe: Request = window(*CRASH).requests[0]
    assert probe.body is not None and "fills" not in probe.body
    assert probe.body["fromBlock"] == probe.body["toBlock"]
