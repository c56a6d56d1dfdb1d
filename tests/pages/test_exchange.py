"""One exchange through the shell: every exchange and day opens, empty sections say so, and the league table has its
labels."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from analytics.exchange import profile
from analytics.warehouse import Warehouse, hub
from pipelines.config import Settings
from pipelines.refreshing import build
from tests.shell import PAGES, opened

(PAGE,) = [page for page in PAGES if page.stem == "exchange"]
LEAGUE = "League table"
WANTED = [
    "aster",
    "backpack",
    "binance",
    "bitfinex",
    "bitget",
    "bybit",
    "coinbase",
    "deribit",
    "dydx",
    "ftx",
    "gate",
    "htx",
    "hyperliquid",
    "kraken",
    "lighter",
    "okx",
]


def page(**link: str) -> AppTest:
    app = opened(PAGE, **link)
    assert not app.exception
    return app


def said(app: AppTest) -> str:
    return "\n".join(text.value.replace("\\", "") for text in [*app.title, *app.markdown])


def notes(app: AppTest) -> str:
    return "\n".join(text.value.replace("\\", "") for text in [*app.caption, *app.info])


@pytest.mark.parametrize("venue", WANTED)
def test_every_exchange_opens_by_link(venue: str, warehouse: Warehouse) -> None:
    app = page(venue=venue)
    assert not app.warning and not app.error
    names = dict(profile.every(warehouse).select("venue", "name").iter_rows())
    gone = f"{names[venue]} had closed before Oct. 10, 2025"
    assert app.title[0].value.startswith(gone if venue == "ftx" else f"{names[venue]}, Oct. 10, 2025")
    assert app.selectbox(key="venue").value == venue


def test_an_exchange_of_which_nothing_is_known_says_so_section_by_section() -> None:
    app = page(venue="ftx", day="nov-8-2022")
    told = notes(app)
    for sentence in (
        "No rank of FTX is recorded yet",
        "No candles with volume of FTX",
        "No publication gives the volume of FTX",
        "No board of this day names FTX",
        "No liquidation feed of FTX",
        "Nothing is reported of FTX for this day: that is no proof that nothing happened",
        "No insurance, ADL, compensation or loss figure of FTX was found",
        "No board of another crash day names FTX",
    ):
        assert sentence in told
    assert "closed" in told and "liquidations not known, no rank known" in said(app)


def test_an_exchange_that_had_closed_before_the_day_is_said_to_have_and_not_to_be_unknown() -> None:
    told = notes(page(venue="ftx"))
    assert "Closed in November 2022" in told and "No rank of FTX is recorded yet" in told
    assert "is not known." not in told and "No board of this day" not in told
    bitmex = page(venue="bitmex")
    assert bitmex.title[0].value.startswith("BitMEX, Oct. 10, 2025")


def test_the_findings_of_binance() -> None:
    told = said(page(venue="binance"))
    assert "Binance, Oct. 10, 2025: $2.4 bn to $2.41 bn reported liquidated (trailing 24h), no rank known" in told
    assert "BTC/USDT:USDT perp: most in the 1m bar of 21:17, 10,542.1 BTC" in told
    assert "In the published window it traded $53.9 bn on futures and $11.78 bn on spot" in told
    assert "What its feed let through on that day: at most one a second" in told


def test_weak_and_two_sided_figures_are_listed_and_never_said() -> None:
    backpack = page(venue="backpack")
    assert "181" not in said(backpack) and "none of them to quote" in said(backpack)
    assert "rank 36 on Oct 15, 2025" in said(backpack)
    hyperliquid = said(page(venue="hyperliquid"))
    assert "$10.2 bn to $10.31 bn reported liquidated (trailing 24h)" in hyperliquid and "5.51 bn" not in hyperliquid


def test_another_day_has_its_own_boards_and_the_others_apart() -> None:
    told = said(page(venue="bybit", day="nov-21-2025"))
    assert "Bybit, Nov. 21, 2025: $629 m to $693 m reported liquidated (trailing 24h)" in told
    assert "It is named on boards of" in told


@pytest.fixture
def ranked(own: Settings) -> Iterator[Settings]:
    """The pages on a warehouse in which Backpack was ranked on three more days, and HTX on the first of them only."""
    rows = [
        "backpack,spot,2026-11-20T00:00:00Z,minute,CoinGecko,,34,,12.5,1250000,,,,,crashday",
        "htx,spot,2026-11-20T00:00:00Z,minute,CoinGecko,,20,7,,,,,,,crashday",
        "backpack,spot,2026-11-21T00:00:00Z,minute,CoinGecko,,33,6,14,1400000,,,,,crashday",
        "binance,spot,2026-11-21T00:00:00Z,minute,CoinGecko,,1,10,90,9000000,,,,,crashday",
    ]
    with (own.reference_dir / "exchange_ranks.csv").open("a") as file:
        file.writelines(f"{row}\n" for row in rows)
    build.build(own)
    hub.cache_clear()
    st.cache_data.clear()
    yield own
    hub.cache_clear()
    st.cache_data.clear()


def test_ranks_over_time_are_drawn_and_an_exchange_that_is_gone_is_said_to_be(ranked: Settings) -> None:
    backpack = said(page(venue="backpack"))
    assert "Rank on spot: 36 on Oct 15, 2025, 33 on Nov 21, 2026" in backpack
    assert "Trailing volume on spot: 12.5 BTC on Nov 20, 2026, 14 BTC on Nov 21, 2026" in backpack
    assert "ranked 33 among spot exchanges at CoinGecko, Nov 21, 2026 00:00 UTC" in backpack
    assert "ranked 20 among spot exchanges at CoinGecko" in said(page(venue="htx"))
    assert "since then it is no longer listed" in said(page(venue="htx"))


def test_an_unknown_exchange_market_or_part_in_the_link_is_said_and_the_rest_is_shown() -> None:
    app = page(venue="mtgox", pair="NOPE", tab="nothing")
    told = " ".join(warning.value for warning in app.warning)
    assert all(asked in told for asked in ("mtgox", "NOPE", "nothing"))
    assert app.title[0].value.startswith("Hyperliquid")


def test_the_market_of_the_bars_is_in_the_link() -> None:
    app = page(venue="binance", pair="USDE/USDT spot")
    assert app.selectbox(key="pair").value == "USDE/USDT spot" and "USDE/USDT spot: most in the 1m bar" in said(app)


def test_the_league_table_labels_its_windows_and_has_a_receipt_for_each_figure() -> None:
    app = page(tab=LEAGUE)
    assert "Liquidations can be set against volume for Bybit, Binance and OKX only" in said(app)
    told = notes(app)
    assert "liquidations over trailing 24h to 2025-10-11 05:13 UTC, volume over 21:09–22:00 UTC" in told
    assert (
        "Off the composite: AVAX, the market named, against the median of three or more exchanges' closes in the "
        "minute ending 21:21 UTC"
    ) in told
    table, receipts = (frame.value for frame in app.dataframe)
    assert {"liquidations_source_id", "futures_volume_source_id", "losses_source_id"} <= set(table.columns)
    shown = int(table[["liquidations", "futures_volume", "spot_volume", "open_interest_before"]].notna().sum().sum())
    assert shown == int((~receipts["measure"].isin(["losses", "outage"])).sum())


def test_the_league_table_of_a_day_without_board_or_window_says_so() -> None:
    app = page(tab=LEAGUE, day="mar-12-2020")
    assert "No exchange has both liquidations and volume of this day" in said(app)
    assert "no window of this day" in notes(app)
    assert "no asset has one-minute prices of three exchanges" in notes(app)


def test_every_table_shown_leads_to_its_source() -> None:
    for link in ({"venue": "binance"}, {"venue": "backpack"}, {"tab": LEAGUE}):
        assert all("source_id" in frame.value.columns for frame in page(**link).dataframe)
