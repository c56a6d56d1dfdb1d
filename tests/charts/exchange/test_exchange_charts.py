"""Ranks, volume by bar and settlement charts: what may share an axis, and that they draw what the tables say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from analytics.who_paid import settlement
from analytics.who_paid.settlement import Position, Scenario
from charts.exchange import ranks
from charts.market import minute_volume
from charts.terms import DEBT_RULES
from charts.who_paid import settlement as drawn

START = datetime(2025, 10, 10, 20, 30, tzinfo=UTC)
SCENARIO = Scenario((Position("long", Decimal(100), Decimal(200), Decimal(175)),), 2000_00, 200_00, 90, 400_00, 30)


def readings(market: str = "spot", origin: str = "CoinGecko <b>") -> pl.DataFrame:
    return pl.DataFrame(
        {
            "market": market,
            "origin": origin,
            "as_of": [START, START + timedelta(days=1)],
            "as_of_precision": "minute",
            "rank": [36, 33],
            "volume_24h_btc": [1200.0, None],
            "volume_24h_usd": [1.2e8, None],
        }
    )


def test_ranks_draw_the_first_place_on_top_and_volume_only_where_it_is_known() -> None:
    placed = ranks.place(readings())
    assert placed.layout.yaxis.autorange == "reversed" and list(placed.data[0].y) == [36, 33]
    assert list(ranks.volume(readings()).data[0].y) == [1.2]
    assert placed.data[0].name == "CoinGecko &lt;b&gt;"


def test_readings_far_apart_are_not_joined() -> None:
    later = readings().with_columns(pl.col("as_of") + timedelta(days=400))
    assert list(ranks.place(pl.concat([readings(), later])).data[0].y) == [36, 33, None, 36, 33]


@pytest.mark.parametrize("draw", [ranks.place, ranks.volume])
def test_spot_and_futures_rankings_never_share_an_axis(draw) -> None:
    with pytest.raises(ValueError, match="may not share an axis"):
        draw(pl.concat([readings(), readings("futures")]))


def volumes(interval: str = "1m") -> pl.DataFrame:
    return pl.DataFrame(
        {
            "ts": [START, START + timedelta(minutes=3)],
            "symbol": "A<b>/USDT",
            "market": "spot",
            "interval": interval,
            "base": "A<b>",
            "volume_base": [5.0, 7.0],
        }
    )


def test_a_missing_bar_stays_missing_and_the_whole_range_is_shown() -> None:
    end = START + timedelta(minutes=10)
    figure = minute_volume.bars(volumes(), "binance", START, end)
    assert len(figure.data[0].x) == 2 and list(figure.layout.xaxis.range) == [
        "2025-10-10T20:30:00",
        "2025-10-10T20:40:00",
    ]
    assert "<b>" not in figure.layout.yaxis.title.text


def test_bars_of_different_length_never_share_an_axis() -> None:
    with pytest.raises(ValueError, match="may not share an axis"):
        minute_volume.bars(pl.concat([volumes(), volumes("5m")]), "binance", START, START)


def test_every_rule_and_party_has_words() -> None:
    assert list(DEBT_RULES) == [*settlement.RULES, "unknown"]
    assert set(drawn.PARTIES) == set(settlement.PARTIES) - {"outside"}


def test_what_reaches_the_user_and_what_is_taken_make_up_the_deposit() -> None:
    reaching, taken = drawn.reaching_user(settlement.compared(SCENARIO)).data
    assert [a + b for a, b in zip(reaching.x, taken.x, strict=True)] == [400.0] * 5
    assert taken.text[1] == "$400.00" and taken.text[0] == ""


def test_each_bar_of_payers_is_the_whole_debt() -> None:
    parts = drawn.who_pays(settlement.compared(SCENARIO)).data
    assert [sum(amounts) for amounts in zip(*(part.x for part in parts), strict=True)] == [500.0] * 5


def test_balances_hold_until_the_next_step_and_rules_are_not_mixed() -> None:
    carry = settlement.through_time(SCENARIO, "carry")
    user = drawn.balances(carry).data[0]
    assert list(user.y) == [2000, -500, -100, 0, 0] and list(user.x)[:4] == [0, 0, 30, 90] and user.line.shape == "hv"
    with pytest.raises(ValueError, match="one chart each"):
        drawn.balances(pl.concat([carry, settlement.through_time(SCENARIO, "adl")]))


def test_money_is_exact_in_words() -> None:
    assert drawn.exact(Decimal("-40")) == "−$40.00" and drawn.exact(Decimal("1250.5")) == "$1,250.50"
