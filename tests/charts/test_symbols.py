"""Symbols in words."""

from __future__ import annotations

import pytest

from charts import symbols


@pytest.mark.parametrize(("symbol", "base", "quote"), [("BTC/USDT:USDT", "BTC", "USDT"), ("USDE/USD", "USDE", "USD")])
def test_a_symbol_is_its_base_and_its_quote(symbol: str, base: str, quote: str) -> None:
    assert (symbols.base(symbol), symbols.quote(symbol)) == (base, quote)
