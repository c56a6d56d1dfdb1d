"""Sources are found by their files."""

from __future__ import annotations

from pipelines.source import discover, named


def test_a_source_has_the_name_of_its_file() -> None:
    assert [module.SOURCE.id for module in discover().values()] == list(discover())
    assert named("binance_trades").SOURCE.publisher == "Binance"
