"""Order books from archives: faults found by rule, and only what is sound drawn."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from analytics.market import book_faults, depth
from analytics.warehouse import Warehouse
from tests.analytics import made

HOUR = made.START, made.START + timedelta(hours=1)
BTC = ("binance", "BTC/USDT:USDT", made.SOURCE)


def book(snapshots: int = 40) -> pl.DataFrame:
    """A sound book: five bands a side, deeper outwards, that changes with every snapshot."""
    random = np.random.default_rng(1)
    rows = []
    for place in range(snapshots):
        for side in (-1, 1):
            depth = np.cumsum(random.uniform(1, 2, 5))
            for band in range(1, 6):
                middle = 100 * (1 + side * band / 200)
                rows.append(
                    (made.START + timedelta(seconds=30 * place), side * band, depth[band - 1], depth[band - 1] * middle)
                )
    return pl.DataFrame(rows, schema=["ts", "band_pct", "quantity_base", "notional"], orient="row")


def test_a_sound_book_has_no_fault() -> None:
    assert not book_faults.snapshots(book()).select(book_faults.FAULTS).to_numpy().any()


def test_a_frozen_band_is_found_and_the_series_is_unusable() -> None:
    frozen = (pl.col("band_pct") == -3) & (pl.col("ts") >= made.START + timedelta(seconds=300))
    still = book().with_columns(
        quantity_base=pl.when(frozen).then(7.0).otherwise("quantity_base"),
        notional=pl.when(frozen).then(690.0).otherwise("notional"),
    )
    found = book_faults.snapshots(still)
    assert found.filter("frozen")["ts"].min() == made.START + timedelta(seconds=330)
    assert found["frozen"].sum() == 29
    assert book_faults.unusable(found)


def test_a_quiet_book_is_not_frozen() -> None:
    once = book(1)
    quiet = pl.concat([once.with_columns(ts=pl.col("ts") + timedelta(seconds=30 * place)) for place in range(40)])
    assert not book_faults.snapshots(quiet)["frozen"].any()


def test_four_repetitions_are_not_yet_a_freeze() -> None:
    def held(times: int) -> pl.DataFrame:
        same = (pl.col("band_pct") == 2) & pl.col("ts").is_between(
            made.START, made.START + timedelta(seconds=30 * (times - 1))
        )
        return book().with_columns(
            quantity_base=pl.when(same).then(3.0).otherwise("quantity_base"),
            notional=pl.when(same).then(303.0).otherwise("notional"),
        )

    assert not book_faults.snapshots(held(book_faults.FROZEN - 1))["frozen"].any()
    assert book_faults.snapshots(held(book_faults.FROZEN))["frozen"].any()


def test_an_inverted_book_is_found() -> None:
    wrong = pl.col("ts") == made.START + timedelta(seconds=60)
    inverted = book().with_columns(
        notional=pl.when(wrong & (pl.col("band_pct") == -1)).then(pl.col("notional") * 1.05).otherwise("notional")
    )
    found = book_faults.snapshots(inverted)
    assert found.filter("inverted")["ts"].to_list() == [made.START + timedelta(seconds=60)]
    assert found["inverted"].sum() == 1


def test_a_book_that_shrinks_outwards_is_found() -> None:
    wrong = (pl.col("ts") == made.START) & (pl.col("band_pct") == 4)
    shrinking = book().with_columns(quantity_base=pl.when(wrong).then(0.1).otherwise("quantity_base"))
    assert book_faults.snapshots(shrinking).filter("shrinking")["ts"].to_list() == [made.START]


def kept(*books: tuple[str, pl.DataFrame]) -> Warehouse:
    """A warehouse with books of these symbols."""
    labels = {"venue": "binance", "source_id": made.SOURCE, "snapshot_id": made.SOURCE}
    return made.warehouse(
        book_depth=pl.concat(
            rows.with_columns(pl.col("band_pct").cast(pl.Float64), symbol=pl.lit(symbol)).with_columns(
                pl.lit(value).alias(name) for name, value in labels.items()
            )
            for symbol, rows in books
        )
    )


def inverted(snapshots: int, rows: pl.DataFrame) -> pl.DataFrame:
    """The book with dearer bids in its first snapshots."""
    wrong = (pl.col("ts") < made.START + timedelta(seconds=30 * snapshots)) & (pl.col("band_pct") == -1)
    return rows.with_columns(notional=pl.when(wrong).then(pl.col("notional") * 1.05).otherwise("notional"))


def test_each_book_is_judged_by_itself() -> None:
    warehouse = kept(("BTC/USDT:USDT", book(200)), ("BTC/USDC:USDC", inverted(3, book(200))), ("ETH/USDT:USDT", book()))
    judged = depth.judged(warehouse, "BTC", *HOUR)
    assert judged.select("symbol", "snapshots", "faulty", "inverted", "frozen", "unusable").rows() == [
        ("BTC/USDC:USDC", 120, 3, 3, 0, True),
        ("BTC/USDT:USDT", 120, 0, 0, 0, False),
    ]
    assert judged["first_fault_ts"].to_list() == [made.START, None]
    assert depth.judged(warehouse, "SOL", *HOUR).is_empty()


def test_a_few_faulty_snapshots_break_the_line_of_a_usable_book() -> None:
    rows = inverted(1, book(200)).with_columns(ts=pl.col("ts") + timedelta(seconds=7))
    missing = rows.remove(
        pl.col("ts").is_between(made.START + timedelta(minutes=10), made.START + timedelta(minutes=40))
    )
    window = made.START, made.START + timedelta(hours=2)
    shown = depth.nearest(kept(("BTC/USDT:USDT", missing)), BTC, window, *HOUR)
    bids = missing.filter((pl.col("ts") < HOUR[1]) & (pl.col("band_pct") == -1)).sort("ts")
    known = shown.drop_nulls("bid_usd")
    assert known.select("ts", "bid_usd").rows() == bids.select("ts", "notional").rows()[1:]
    gaps = shown.filter(pl.col("bid_usd").is_null() & pl.col("ask_usd").is_null())["ts"].to_list()
    assert len(gaps) == 1 and made.START + timedelta(minutes=10) < gaps[0] < made.START + timedelta(minutes=11)
    assert shown["band_pct"].unique().to_list() == [1]


def test_one_refused_snapshot_is_a_gap_and_not_bridged() -> None:
    refused = made.START + timedelta(minutes=5)
    wrong = (pl.col("ts") == refused) & (pl.col("band_pct") == -1)
    rows = book(120).with_columns(notional=pl.when(wrong).then(pl.col("notional") * 1.05).otherwise("notional"))
    shown = depth.nearest(kept(("BTC/USDT:USDT", rows)), BTC, HOUR, *HOUR)
    assert shown.height == 120 and shown.filter(pl.col("bid_usd").is_null())["ts"].to_list() == [refused]


def test_a_long_range_keeps_the_least_of_every_stretch_at_its_own_moment() -> None:
    rows = book(2880)
    window = made.START, made.START + timedelta(days=1)
    shown = depth.nearest(kept(("BTC/USDT:USDT", rows)), BTC, window, *window)
    bids = rows.filter(pl.col("band_pct") == -1).sort("notional").row(0, named=True)
    assert shown.height <= 1500 and shown["ask_usd"].min() == rows.filter(pl.col("band_pct") == 1)["notional"].min()
    assert shown.sort("bid_usd").select("ts", "bid_usd").row(0) == (bids["ts"], bids["notional"])


def test_a_band_of_a_few_snapshots_is_not_the_narrowest() -> None:
    narrow = pl.DataFrame(
        {"ts": [made.START] * 2, "band_pct": [-0.2, 0.2], "quantity_base": [0.1] * 2, "notional": [9.99, 10.01]}
    )
    rows = pl.concat([book(100).with_columns(pl.col("band_pct").cast(pl.Float64)), narrow])
    shown = depth.nearest(kept(("BTC/USDT:USDT", rows)), BTC, HOUR, *HOUR)
    assert shown["band_pct"].unique().to_list() == [1] and shown.height == 100


def test_a_book_without_one_side_has_no_band_to_draw() -> None:
    bids = book(100).filter(pl.col("band_pct") < 0)
    assert depth.nearest(kept(("BTC/USDT:USDT", bids)), BTC, HOUR, *HOUR).is_empty()


def test_a_book_that_cannot_have_stood_is_not_drawn() -> None:
    with pytest.raises(ValueError, match="not drawn"):
        depth.nearest(kept(("BTC/USDT:USDT", inverted(3, book(200)))), BTC, HOUR, *HOUR)
