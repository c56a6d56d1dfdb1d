"""Published codes in words."""

from __future__ import annotations

from charts import terms
from pipelines.tables.liquidations import FeedRegimes, LiquidationReports


def test_every_code_of_the_tables_has_its_words() -> None:
    codes = LiquidationReports.columns()
    assert set(codes["phase"].metadata["values"]) == set(terms.PHASES)
    assert set(codes["counting"].metadata["values"]) == set(terms.COUNTING)
    assert set(FeedRegimes.columns()["completeness"].metadata["values"]) == set(terms.COMPLETENESS)


def test_low_confidence_is_flagged() -> None:
    assert terms.trust("low").startswith("⚑") and "do not quote" in terms.trust("low", True)
    assert terms.trust("high") == "high" and terms.trust("medium", True) == "medium, second hand"
    assert terms.trust(None) == "not known"


def test_names_are_joined_as_one_says_them() -> None:
    assert terms.listed(["Bybit"]) == "Bybit"
    assert terms.listed(["Binance", "Bybit", "OKX"]) == "Binance, Bybit and OKX"
