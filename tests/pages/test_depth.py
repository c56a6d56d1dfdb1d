"""The liquidity lens with an archive of the order book in the warehouse: drawn where it is sound, refused where it
is not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
import streamlit as st

from analytics.warehouse import hub
from pipelines.config import Settings
from pipelines.generations.draft import Draft
from tests.analytics import made
from tests.analytics.market.test_depth import book, inverted
from tests.pages.test_microscope import notes, page, said

START = datetime(2025, 10, 10, 21, tzinfo=UTC)


@pytest.fixture
def books(own: Settings) -> Iterator[None]:
    """An hour of a sound book of BTC, and of one of ETH that cannot have stood."""
    hub.cache_clear()
    st.cache_data.clear()
    with Draft(own.warehouse_dir) as draft:
        for symbol, rows in (("BTC/USDT:USDT", book(120)), ("ETH/USDT:USDT", inverted(30, book(120)))):
            labels = {"venue": "binance", "symbol": symbol, "source_id": "binance_depth", "snapshot_id": "made"}
            depth = rows.with_columns(
                pl.col("band_pct").cast(pl.Float64),
                step_hours=pl.lit(None, pl.Float64),
                ts=(pl.col("ts") + (START - made.START)).cast(pl.Datetime("us", "UTC")),
                **{name: pl.lit(value) for name, value in labels.items()},
            )
            draft.insert("book_depth", depth)
        assert draft.publish(datetime.now(UTC) + timedelta(seconds=1))
    yield
    hub.cache_clear()
    st.cache_data.clear()


@pytest.mark.usefixtures("books")
def test_a_sound_book_is_drawn_with_its_least_depth() -> None:
    app = page(tab="Liquidity", coin="BTC")
    assert not app.exception
    assert "bids of $" in said(app) and "within 1 % of the middle on Binance BTC/USDT:USDT" in said(app)
    assert "0 of 120 snapshots of Oct 9, 00:00 to Oct 12, 00:00 UTC are left out by rule" in notes(app)
    assert "No order book" not in notes(app) and "Beside depth: " in said(app)


@pytest.mark.usefixtures("books")
def test_a_book_that_cannot_have_stood_is_listed_and_not_drawn() -> None:
    app = page(tab="Liquidity", coin="ETH")
    assert not app.exception
    assert "Binance's archive of the ETH/USDT:USDT book cannot be used: 30 of 120 snapshots" in said(app)
    assert "No order book is drawn" in notes(app) and "bids of $" not in said(app)


def test_without_an_archive_the_page_says_how_to_fetch_one() -> None:
    said = notes(page(tab="Liquidity", coin="AAVE"))
    assert "No order book of AAVE on this day is in the warehouse" in said
    assert "python -m pipelines refresh --source binance_depth --event oct-10-2025 --symbol AAVE" in said
