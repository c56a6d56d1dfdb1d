"""Binance's archive of order-book depth: which band is whose side, and what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from pipelines.source import CheckFailed, Piece, Refused
from pipelines.sources import binance_depth
from pipelines.sources.common import binance
from tests.pipelines.sources.test_binance import archive
from tests.pipelines.sources_kit import ask, rows, run, settings_for
from tests.replay.server import Route, serve

BTC = "BTC/USDT:USDT"
PIECE = binance.archive("bookDepth", BTC, date(2025, 10, 10))
SNAPSHOT = """timestamp,percentage,depth,notional
2025-10-10 21:15:07,-5.00,4000.5,440000000.5
2025-10-10 21:15:07,-1.00,900.25,104000000.75
2025-10-10 21:15:07,1.00,800.125,93000000.25
2025-10-10 21:15:07,5.00,3900,450000000
"""


def bodies(csv: str, piece: Piece = PIECE) -> list[bytes]:
    return archive(piece.facts["file"].removesuffix(".zip"), csv)


def test_bands_below_zero_are_bids_and_times_are_utc() -> None:
    depth = binance_depth.parse(bodies(SNAPSHOT), PIECE)["book_depth"]
    assert depth.row(1, named=True) == {
        "venue": "binance",
        "symbol": BTC,
        "ts": datetime(2025, 10, 10, 21, 15, 7, tzinfo=UTC),
        "band_pct": -1.0,
        "quantity_base": 900.25,
        "notional": 104_000_000.75,
    }
    assert depth["band_pct"].to_list() == [-5, -1, 1, 5]


def test_coin_margined_and_spot_books_are_not_asked_for() -> None:
    asked = ask("2025-10-10T00:00Z", "2025-10-11T00:00Z", BTC, "BTC/USD:BTC", "BTC/USDT")
    assert [piece.facts["symbol"] for piece in binance_depth.plan(asked)] == [BTC]


@pytest.mark.parametrize(
    ("csv", "says"),
    [
        (SNAPSHOT.splitlines()[0] + "\n", "no snapshot"),
        (SNAPSHOT.replace("2025-10-10", "2025-10-11"), "another day"),
        ("".join(line for line in SNAPSHOT.splitlines(keepends=True) if ",-" not in line), "one side"),
    ],
)
def test_a_file_that_is_not_the_days_book_is_refused(csv: str, says: str) -> None:
    with pytest.raises(CheckFailed, match=says):
        binance_depth.check(binance_depth.parse(bodies(csv), PIECE), PIECE)


@pytest.mark.parametrize(
    "csv", [SNAPSHOT.replace("2025-10-10 21", "10/10/2025 21"), SNAPSHOT.replace("notional", "usd")]
)
def test_other_columns_or_times_are_refused(csv: str) -> None:
    with pytest.raises(Refused):
        binance_depth.parse(bodies(csv), PIECE)


def test_end_to_end(tmp_path: Path) -> None:
    body, checksum = bodies(SNAPSHOT)
    path = PIECE.requests[0].url.removeprefix(binance.BASE)
    asked = ask("2025-10-10T00:00Z", "2025-10-11T00:00Z", BTC)
    with serve(Route(path, body), Route(f"{path}.CHECKSUM", checksum)) as replay:
        settings = settings_for(tmp_path, replay.base, "binance_depth")
        outcome = run(settings, "binance_depth", asked)
        assert (outcome.outcome, outcome.error, outcome.rows_loaded) == ("loaded", None, 4)
        replay.log.clear()
        assert run(settings, "binance_depth", asked).outcome == "unchanged" and replay.log == []
    kept = rows(settings, "SELECT band_pct FROM book_depth WHERE source_id = 'binance_depth' ORDER BY band_pct")
    assert kept["band_pct"].to_list() == [-5.0, -1.0, 1.0, 5.0]
