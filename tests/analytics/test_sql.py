"""The shared pieces of SQL, asked of a warehouse of a few rows."""

from __future__ import annotations

import pytest

from analytics import sql
from analytics.warehouse import Warehouse
from tests.analytics import made


@pytest.fixture(scope="module")
def plain() -> Warehouse:
    return made.warehouse()


@pytest.mark.parametrize(
    ("symbol", "base", "quote"), [("BTC/USDT:USDT", "BTC", "USDT"), ("USDe/USDT", "USDe", "USDT"), ("all", "all", "")]
)
def test_a_symbol_is_its_base_and_its_quote(plain: Warehouse, symbol: str, base: str, quote: str) -> None:
    row = plain.query(f"SELECT {sql.base()}, {sql.quote()} FROM (SELECT $symbol AS symbol)", symbol=symbol)
    assert row.row(0) == (base, quote)


def test_sources_are_named_once_and_in_order(plain: Warehouse) -> None:
    rows = plain.query(f"SELECT {sql.sources()} FROM (SELECT unnest(['c', 'a', NULL, 'b', 'a']) AS source_id)")
    assert rows.item() == "a;b;c"
    assert plain.query(f"SELECT {sql.listed('side', ', ')} FROM (SELECT unnest(['sell', 'buy']) AS side)").item() == (
        "buy, sell"
    )


def test_a_venue_nobody_recorded_goes_by_its_id(warehouse: Warehouse) -> None:
    seen = warehouse.query(
        f"SELECT {sql.venue_name()} FROM (SELECT unnest(['binance', 'nowhere']) AS venue) {sql.VENUES} ORDER BY venue"
    )
    assert seen.to_series().to_list() == ["Binance", "nowhere"]
    everybody = f"SELECT {sql.venue_or_all()} FROM (SELECT 'all' AS venue) {sql.VENUES}"
    assert warehouse.query(everybody).item() == "All venues"


def test_a_total_does_not_depend_on_the_order_of_the_rows(plain: Warehouse) -> None:
    for usd in ([1e15, 0.1, -1e15], [1e15, -1e15, 0.1]):
        rows = plain.query(f"SELECT {sql.total('usd', 2)} FROM (SELECT unnest($usd) AS usd)", usd=usd)
        assert rows.item() == pytest.approx(0.1, abs=1e-12)
