"""The cascade page through the shell, on the real warehouse: its findings, its one range, its links."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from streamlit.testing.v1 import AppTest

from tests.shell import PAGES, opened

(PAGE,) = [page for page in PAGES if page.stem == "cascade"]
PARTS = [
    "Prices",
    "Deleveraging",
    "Open interest",
    "Recovery",
    "Pegs",
    "Venues apart",
    "Lowest prints",
    "Single trades",
]
AROUND_LOW = ["2025-10-10T21:10:00", "2025-10-10T21:30:00"]


def page(**link: object) -> AppTest:
    return opened(PAGE, **link)


def said(app: AppTest) -> str:
    return "\n".join(text.value.replace("\\", "") for text in [*app.title, *app.markdown])


def notes(app: AppTest) -> str:
    return "\n".join(text.value.replace("\\", "") for text in [*app.caption, *app.info])


def warnings(app: AppTest) -> str:
    return "\n".join(text.value.replace("\\", "") for text in app.warning)


def shown_range(app: AppTest) -> tuple[str, str]:
    start, end = app.slider(key="t").value
    return f"{start:%d %H:%M}", f"{end:%d %H:%M}"


@pytest.mark.parametrize(
    ("part", "findings"),
    [
        (
            "Prices",
            [
                "BTC printed lowest on Bybit perpetual: 101,045.9 USDT, between 21:20 and 21:25",
                "Binance's busiest minute began at 21:17: 10,542 BTC",
                "Lowest funding: −0.0141 % per 8 h on Bybit",
            ],
        ),
        ("Deleveraging", ["Hyperliquid closed $2.1 bn of winning positions in 34,983 fills", "BTC $621 m, ETH $458 m"]),
        (
            "Pegs",
            [
                "USDe fell to 0.65 USDT on Binance at 21:54; in the Uniswap pool it never went below 0.9941",
                "First minute below 0.99: 21:20, on Binance",
                "the Uniswap pool stayed between 0.9995 and 1.0000",
                "WBETH at 430.65 USDT on Binance",
            ],
        ),
        (
            "Venues apart",
            ["FIL printed 0.32 on Binance perpetual", "18 of 26 assets have prints of two venues or more"],
        ),
        ("Lowest prints", ["Half of 417 USDT markets had a low 71.1 % or more below their high"]),
        (
            "Single trades",
            ["71 aggregate trades with one time stamp took ATOM/USDT on Binance from 1.688 to 0.001", "3.56 USD"],
        ),
    ],
)
def test_the_findings_of_each_part(part: str, findings: list[str]) -> None:
    app = page(tab=part)
    assert not app.exception and not app.warning
    for finding in findings:
        assert finding in said(app)


@pytest.mark.parametrize(
    ("asset", "lows"),
    [
        ("BTC", [("Binance", "perp", 101_516.5)]),
        ("ETH", [("Binance", "perp", 3_400.0), ("Bybit", "perp", 3_311.76)]),
        ("SOL", [("Binance", "spot", 168.79)]),
        ("USDE", [("Binance", "spot", 0.65)]),
        ("AAVE", [("Binance", "perp", 63.42), ("Coinbase", "spot", 128.0), ("Gemini", "spot", 178.3416)]),
    ],
)
def test_the_lowest_prices_of_an_asset_stand_in_the_table(asset: str, lows: list[tuple[str, str, float]]) -> None:
    (table,) = [frame.value for frame in page(asset=asset).dataframe if "low_from" in frame.value]
    traded = table[table["kind"] == "trade"]
    assert set(lows) <= set(traded[["name", "market", "low"]].itertuples(index=False, name=None))


def test_the_lowest_print_of_atom_is_the_markets_low_of_the_day() -> None:
    (table,) = [frame.value for frame in page(tab="Lowest prints").dataframe if "peers_drop_pct" in frame.value]
    assert table.set_index("symbol")["low"]["ATOM/USDT"] == 0.001


@pytest.mark.parametrize("part", PARTS)
def test_every_table_leads_to_its_sources_and_every_part_has_the_timeline(part: str) -> None:
    app = page(tab=part)
    assert all("source_id" in frame.value.columns for frame in app.dataframe)
    assert "19 moments were reported in this range" in said(app)
    assert "In circulation, and wrong" in said(app)


def test_two_sided_records_are_noted_and_never_a_headline() -> None:
    app = page(tab="Deleveraging")
    assert "63,637" not in said(app) and "63,637" in notes(app)


def test_one_range_drives_charts_tables_and_downloads() -> None:
    app = page(t=AROUND_LOW)
    assert shown_range(app) == ("10 21:10", "10 21:30")
    tables = [frame.value for frame in app.dataframe]
    start, end = datetime(2025, 10, 10, 21, 10, tzinfo=UTC), datetime(2025, 10, 10, 21, 30, tzinfo=UTC)
    timeline = next(table for table in tables if "when" in table and len(table) > 1)
    assert timeline["ts"].between(start, end).all()
    lowest = next(table for table in tables if "low_from" in table).dropna(subset="low")
    assert (lowest["low_from"] >= start).all() and (lowest["low_from"] < end).all()
    rows = {button.key: button.label for button in app.get("download_button")}
    assert rows["csv-timeline"] == f"Data as CSV ({len(timeline)} rows)"
    assert rows["csv-volume"] == "Data as CSV (20 rows)"
    assert all("Oct 10, 21:10–21:30 UTC" in text for text in notes(app).split("\n") if text.startswith("Oct 10"))


def test_the_presets_set_the_range_and_one_is_computed_from_the_lowest_bar() -> None:
    app = page()
    labels = [button.label for button in app.button if button.key and button.key.startswith("preset-")]
    assert labels == ["All, Oct 9 to Oct 12", "Focus, 20:30–22:30", "Around the low, 21:10–21:30"]
    app.button(key="preset-Around the low, 21:10–21:30").click().run()
    assert shown_range(app) == ("10 21:10", "10 21:30")
    app.button(key="preset-All, Oct 9 to Oct 12").click().run()
    assert shown_range(app) == ("09 00:00", "12 00:00") and not app.exception


@pytest.mark.parametrize(
    ("asked", "shown", "word"),
    [
        (["2025-10-10T21:10:00Z", "2025-10-10T21:30:00Z"], ("10 21:10", "10 21:30"), "names a time zone"),
        (["2025-10-10T21:30:00", "2025-10-10T21:10:00"], ("10 21:10", "10 21:30"), "swapped"),
        (["2025-10-10T21:30:00"], ("10 21:30", "10 22:30"), "one end of the range only"),
        (["2025-10-10T21:30:00", "2031-10-10T21:10:00"], ("10 21:30", "12 00:00"), "outside this day"),
        (["<b>", "$x$"], ("10 20:30", "10 22:30"), "is not a time"),
    ],
)
def test_a_link_says_what_it_could_not_use_and_shows_the_rest(
    asked: list[str], shown: tuple[str, str], word: str
) -> None:
    app = page(t=asked)
    assert not app.exception
    assert shown_range(app) == shown
    assert word in warnings(app) and "Showing" in warnings(app)
    assert "BTC printed lowest" in said(app)


def test_the_warning_about_a_link_goes_when_the_reader_chooses() -> None:
    app = page(t=["2025-10-10T21:30:00"])
    app.run()
    assert "one end" in warnings(app)
    app.button(key="preset-Focus, 20:30–22:30").click().run()
    assert warnings(app) == "" and shown_range(app) == ("10 20:30", "10 22:30")


def test_an_unknown_part_asset_scale_or_quote_is_said() -> None:
    app = page(tab="Nowhere", asset="NOPE", scale="Log")
    assert all(word in warnings(app) for word in ("Nowhere", "NOPE", "Log")) and "BTC printed lowest" in said(app)
    assert "XYZ" in warnings(page(tab="Lowest prints", quote="XYZ"))


def test_percent_of_a_chosen_time() -> None:
    app = page(asset="AAVE", scale="Percent")
    assert "63.42 USD, at 21:21, 24.4 % of its price at 20:50" in said(app)
    app = page(asset="AAVE", scale="Percent", ref="2025-10-10T21:00")
    assert "25.9 % of its price at 21:00" in said(app) and not app.warning
    app = page(asset="AAVE", scale="Percent", ref="2025-10-10T21:00:00Z")
    assert "25.9 % of its price at 21:00" in said(app) and "names a time zone" in warnings(app)
    app = page(asset="AAVE", scale="Percent", ref="2019-01-01T00:00")
    assert "24.4 %" in said(app) and "outside this day" in warnings(app)


def test_a_market_without_a_reference_is_named_not_dropped() -> None:
    app = page(asset="BTC", scale="Percent", ref="2025-10-10T12:00")
    assert "Not drawn, because no bar closed in the hour up to" in notes(app) and "Gemini BTC/USD" in notes(app)


def test_the_volume_of_another_market_by_link() -> None:
    app = page(market="Bybit BTC/USDT:USDT perp")
    assert "Bybit's busiest five minutes began at 21:15" in said(app)
    assert "Which side took the liquidity is not known" in notes(app)


def test_a_low_outside_the_range_is_hinted_at() -> None:
    app = page(tab="Pegs", t=["2025-10-10T20:30:00", "2025-10-10T21:00:00"])
    assert "lies outside the chosen range" in notes(app)
    assert "lies outside the chosen range" not in notes(page(tab="Pegs"))


@pytest.mark.parametrize("part", ["Deleveraging", "Venues apart", "Single trades"])
def test_a_range_that_misses_the_data_says_where_they_lie(part: str) -> None:
    app = page(tab=part, t=["2025-10-09T01:00:00", "2025-10-09T02:00:00"])
    assert not app.exception
    assert any("Oct 10" in info.value for info in app.info)


@pytest.mark.parametrize("part", PARTS)
def test_a_day_without_bars_explains_and_keeps_the_timeline(part: str) -> None:
    app = page(tab=part, day="aug-5-2024")
    assert not app.exception and not app.error
    assert "Aug. 5, 2024" in said(app)
    assert len(app.info) >= 2 and "What was reported in this range" in said(app)


def test_another_day_starts_from_its_own_focus() -> None:
    app = page(t=AROUND_LOW)
    app.selectbox(key="day").select("aug-5-2024").run()
    assert not app.exception and shown_range(app) == ("05 00:00", "06 00:00")
    app.selectbox(key="day").select("oct-10-2025").run()
    assert shown_range(app) == ("10 20:30", "10 22:30")


def test_lowest_prints_in_another_quote_currency() -> None:
    app = page(tab="Lowest prints", quote="TRY")
    table = next(frame.value for frame in app.dataframe if "thin" in frame.value)
    assert table["symbol"].iloc[0] == "BTC/TRY" and table["thin"].iloc[0]
    assert "other markets, or all TRY markets" in notes(app)


def test_the_assets_that_do_not_compare_are_listed() -> None:
    listed = notes(page(tab="Venues apart"))
    for base in ("ADA", "BTC", "ENA", "ETH", "LTC", "SOL", "TRX", "XRP"):
        assert f"{base} (" in listed
