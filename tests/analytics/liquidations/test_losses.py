"""Who lost what: sums of one feed and mechanism, exact, and measures of inequality that hold for one order and for
many."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from analytics.liquidations import boards, event_feeds, losses
from analytics.warehouse import Warehouse
from analytics.who_paid import waterfall
from charts.liquidations import inequality
from charts.who_paid import loss_stages
from pipelines.config import Settings
from tests import orders

OCT_10 = "oct-10-2025"
START, END = datetime(2025, 10, 9, tzinfo=UTC), datetime(2025, 10, 12, tzinfo=UTC)
T0 = datetime(2025, 10, 10, 21, 15, tzinfo=UTC)
QUESTIONS = (losses.by_side, losses.by_asset, losses.by_size, losses.largest, losses.concentration, losses.lorenz)


def sold(amounts: list[float], symbol: str = "BTC/USDT:USDT", side: str = "long") -> pl.DataFrame:
    return pl.DataFrame(
        {
            "symbol": symbol,
            "ts": [T0 + timedelta(milliseconds=7 * number) for number in range(len(amounts))],
            "notional_usd": amounts,
        },
        schema={"symbol": pl.String, "ts": pl.Datetime("us", "UTC"), "notional_usd": pl.Float64},
    ).with_columns(liquidated_side=pl.lit(side))


def asked(venue: str, mechanism: str = "liquidation") -> dict[str, object]:
    return {"venue": venue, "feed": orders.FEEDS[venue], "mechanism": mechanism, "start": START, "end": END}


def test_without_orders_every_question_has_an_empty_answer(warehouse: Warehouse) -> None:
    assert event_feeds.feeds(warehouse, START, END).is_empty()
    for question in QUESTIONS:
        assert question(warehouse, **asked("deribit")).is_empty()


def test_one_order_is_everything_and_has_no_gini(own: Settings) -> None:
    orders.put(own, orders.rows(sold([250.0]), "deribit"))
    with orders.leased(own) as warehouse:
        row = losses.concentration(warehouse, **asked("deribit")).row(0, named=True)
        curve = losses.lorenz(warehouse, **asked("deribit"))
    assert (row["orders"], row["total_usd"], row["largest_usd"], row["top_pct_share"], row["gini"]) == (
        1,
        250,
        250,
        None,
        None,
    )
    assert curve.select("orders_pct", "share_pct").rows() == [(0, 0), (100, 100)]


def test_alike_orders_have_a_gini_of_nought_and_one_rich_one_nearly_one(own: Settings) -> None:
    orders.put(own, orders.rows(sold([10.0] * 200), "deribit"), orders.rows(sold([0.01] * 999 + [1e6]), "bybit"))
    with orders.leased(own) as warehouse:
        alike = losses.concentration(warehouse, **asked("deribit")).row(0, named=True)
        rich = losses.concentration(warehouse, **asked("bybit")).row(0, named=True)
    assert alike["gini"] == pytest.approx(0) and alike["top_pct_share"] == pytest.approx(1)
    assert rich["gini"] == pytest.approx(0.999, abs=1e-3) and rich["top_pct_share"] == pytest.approx(100, abs=0.01)


def test_gini_and_curve_agree(own: Settings) -> None:
    amounts = [float(number**3) for number in range(1, 2_001)]
    orders.put(own, orders.rows(sold(amounts), "deribit"))
    with orders.leased(own) as warehouse:
        gini = losses.concentration(warehouse, **asked("deribit"))["gini"][0]
        curve = losses.lorenz(warehouse, **asked("deribit"))
    x, y = curve["orders_pct"] / 100, curve["share_pct"] / 100
    area = ((y + y.shift(1)) / 2 * (x - x.shift(1))).sum()
    assert gini == pytest.approx(1 - 2 * area, abs=2e-3)
    assert curve.height <= 260 and curve["share_pct"].is_sorted() and y[-1] == pytest.approx(1)
    assert not inequality.lorenz(curve).to_json().count("NaN")


def test_sides_assets_and_sizes_add_up_to_the_sum(own: Settings) -> None:
    orders.put(
        own,
        orders.rows(pl.concat([sold([1_500.0, 20.25]), sold([99.5], "ETH/USDT:USDT", "short")]), "deribit"),
        orders.rows(sold([1e9]), "deribit", "adl"),
    )
    with orders.leased(own) as warehouse:
        sides, assets, sizes = (question(warehouse, **asked("deribit")) for question in QUESTIONS[:3])
        top = losses.largest(warehouse, **asked("deribit"))
    assert dict(sides.select("liquidated_side", "total_usd").iter_rows()) == {"long": 1_520.25, "short": 99.5}
    assert assets.select("base_asset", "total_usd", "long_usd", "short_usd").rows() == [
        ("BTC", 1_520.25, 1_520.25, None),
        ("ETH", 99.5, None, 99.5),
    ]
    assert sizes.select("from_usd", "to_usd", "orders", "total_usd").rows() == [
        (10, 100, 2, 119.75),
        (1_000, 10_000, 1, 1_500),
    ]
    assert top["notional_usd"].to_list() == [1_500, 99.5, 20.25]
    for shares in (sides, assets, sizes):
        assert shares["share_pct"].sum() == pytest.approx(100) and (shares["source_id"] == "crashday").all()
    assert len(inequality.sizes(sizes).data) == 2


def test_feeds_say_how_whole_they_are_and_how_full_their_busiest_second_was(own: Settings) -> None:
    orders.put(
        own,
        orders.rows(sold([5.0] * 3), "bybit"),
        orders.rows(sold([5.0]), "binance"),
        orders.rows(sold([7.0]), "hyperliquid", "adl"),
    )
    with orders.leased(own) as warehouse:
        feeds = {row["venue"]: row for row in event_feeds.feeds(warehouse, START, END).iter_rows(named=True)}
        assert event_feeds.feeds(warehouse, END, END + timedelta(days=1)).is_empty()
    assert {venue: row["completeness"] for venue, row in feeds.items()} == {
        "bybit": "complete",
        "binance": "throttled",
        "hyperliquid": "complete",
    }
    assert (feeds["bybit"]["busiest"], feeds["bybit"]["total_usd"], feeds["bybit"]["established"]) == (3, 15, True)
    assert not feeds["binance"]["established"] and feeds["hyperliquid"]["mechanism"] == "adl"


def test_before_its_feed_was_whole_a_venue_is_throttled(own: Settings) -> None:
    early = sold([5.0]).with_columns(ts=pl.lit(datetime(2024, 8, 5, 6, tzinfo=UTC)))
    orders.put(own, orders.rows(early, "bybit").with_columns(feed=pl.lit("liquidation")))
    with orders.leased(own) as warehouse:
        feeds = event_feeds.feeds(warehouse, datetime(2024, 8, 5, tzinfo=UTC), datetime(2024, 8, 6, tzinfo=UTC))
    assert feeds["completeness"].to_list() == ["throttled"]


def test_published_assets_are_those_of_one_board(warehouse: Warehouse) -> None:
    board = boards.every(warehouse, OCT_10)["board"][0]
    assets = losses.published_assets(warehouse, board)
    assert assets["asset"].to_list() == ["BTC", "ETH", "SOL", "HYPE", "XRP"] and assets["board"].unique().to_list() == [
        board
    ]
    assert assets["share_pct"][0] == pytest.approx(100 * 5.36 / 19.31)


def test_each_exchange_has_five_stages_and_what_is_not_known_is_null(warehouse: Warehouse) -> None:
    stages = waterfall.stages(warehouse, OCT_10, boards.every(warehouse, OCT_10)["board"][0])
    assert stages["stage"].to_list() == list(waterfall.STAGES) * stages["venue"].n_unique()
    known = {
        (row["venue"], row["stage"]): row["value_usd"]
        for row in stages.filter(pl.col("value_usd").is_not_null()).iter_rows(named=True)
    }
    assert known == {
        ("hyperliquid", "liquidated"): 10.3e9,
        ("hyperliquid", "adl"): 2_103_111_431,
        ("bybit", "liquidated"): 4.65e9,
        ("binance", "liquidated"): 2.4e9,
        ("okx", "liquidated"): 1.2e9,
    }
    assert stages["source_id"].null_count() == 0


def test_what_a_fund_paid_is_told_in_words_and_is_no_stage(warehouse: Warehouse) -> None:
    stages = waterfall.stages(warehouse, OCT_10, boards.every(warehouse, OCT_10)["board"][0])
    fund = stages.row(by_predicate=(pl.col("venue") == "binance") & (pl.col("stage") == "backstop"), named=True)
    assert fund["value_usd"] is None and "insurance fund used: 188,000,000 USD" in fund["words"]
    lighter = stages.row(by_predicate=(pl.col("venue") == "lighter") & (pl.col("stage") == "backstop"), named=True)
    assert "5.35 percent" in lighter["words"]


def test_single_fills_fill_a_stage_and_a_published_one_stays(own: Settings) -> None:
    orders.put(
        own,
        orders.rows(sold([100.0, 50.0]), "hyperliquid", "insurance"),
        orders.rows(sold([1.0]), "hyperliquid", "adl"),
        orders.rows(sold([30.0]), "deribit"),
        orders.rows(sold([10.0]), "bybit"),
    )
    with orders.leased(own) as warehouse:
        stages = waterfall.stages(warehouse, OCT_10, boards.every(warehouse, OCT_10)["board"][0])
    value = {(row["venue"], row["stage"]): row["value_usd"] for row in stages.iter_rows(named=True)}
    assert value["hyperliquid", "backstop"] == 150 and value["hyperliquid", "adl"] == 2_103_111_431
    assert value["deribit", "book"] == 30 and value["deribit", "liquidated"] is None
    assert value["bybit", "book"] is None  # its feed states bankruptcy prices, no fills
    assert not stages.select("venue", "stage").is_duplicated().any()


def test_unknown_stages_are_drawn_as_frames_and_a_missing_one_is_refused(warehouse: Warehouse) -> None:
    stages = waterfall.stages(warehouse, OCT_10, boards.every(warehouse, OCT_10)["board"][0])
    known, unknown = loss_stages.of_exchanges(stages).data
    assert len(known.y) == 5 and len(unknown.y) == stages.height - 5
    assert unknown.marker.pattern.shape == "/" and set(unknown.text) == {"not known"}
    with pytest.raises(ValueError, match="five stages"):
        loss_stages.of_exchanges(stages.filter(pl.col("value_usd").is_not_null()))
