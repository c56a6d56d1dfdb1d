"""Which days a source can give, and which of them is not known."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from pipelines.source import NOT_KNOWN, NOW, SINCE_LAUNCH, Reach, discover

DAY, TODAY = date(2025, 10, 10), date(2026, 12, 1)


@pytest.mark.parametrize(
    ("reach", "covered", "words"),
    [
        (Reach(first=DAY), True, "2025-10-10 on"),
        (Reach(first=DAY + timedelta(days=1)), False, "2025-10-11 on"),
        (Reach(first=date(2023, 6, 25), last=DAY), True, "2023-06-25 to 2025-10-10"),
        (Reach(first=date(2023, 6, 25), last=DAY - timedelta(days=1)), False, "2023-06-25 to 2025-10-09"),
        (Reach(days=90), False, "the last 90 days"),
        (Reach(days=720), True, "the last 720 days"),
        (Reach(days=1), False, "the last 1 day"),
        (NOW, False, "now only"),
        (SINCE_LAUNCH, True, "the launch of each market on"),
        (NOT_KNOWN, None, "not proven"),
    ],
)
def test_a_day_is_covered_or_not_or_it_is_not_known(reach: Reach, covered: bool | None, words: str) -> None:
    assert reach.covers(DAY, TODAY) is covered and str(reach) == words


def test_what_ended_is_not_taken_for_what_goes_on() -> None:
    sources = discover()
    archive = sources["binance_liquidations"].SOURCE.reach
    assert archive.covers(date(2024, 10, 14), TODAY) and archive.covers(date(2024, 10, 15), TODAY) is False
    unknown = [name for name, module in sources.items() if module.SOURCE.reach == NOT_KNOWN]
    assert "gate_liquidations" in unknown and "hyperliquid_node_fills" not in unknown
