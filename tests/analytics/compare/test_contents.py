"""What is known of each crash day."""

from __future__ import annotations

from analytics.compare import contents
from analytics.warehouse import Warehouse


def test_each_day_says_what_it_has(warehouse: Warehouse) -> None:
    days = {row["crash_day"]: row for row in contents.by_day(warehouse).iter_rows(named=True)}
    assert len(days) == warehouse.query("SELECT count(*) AS days FROM crash_days")["days"].item()
    first = days["oct-10-2025"]
    assert first["minute_markets"] > 50 and first["adl_seconds"] == 100 and first["loan_series"] == 3
    august, february, march = days["aug-5-2024"], days["feb-5-2026"], days["mar-12-2020"]
    assert august["liquidation_seconds"] == february["liquidation_seconds"] == 3600
    assert (august["minute_markets"], august["loan_series"]) == (0, 1)
    assert march["liquidation_seconds"] is None and march["loan_series"] == 0 and march["boards"] > 0
