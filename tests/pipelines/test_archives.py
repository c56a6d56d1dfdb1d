"""Blocks of a tape are read one after the other, in their order, whatever runs beside: a reader may count its trades."""

from __future__ import annotations

import threading

import polars as pl

from pipelines.sources._archives import one_second_bars


def test_a_reader_gets_the_blocks_in_order_and_one_at_a_time() -> None:
    reading, seen = threading.Lock(), []

    def trades(block: bytes, first: bool) -> pl.DataFrame:
        assert reading.acquire(blocking=False)
        seen.append((int(block), first))
        rows = pl.int_range(20_000, eager=True).to_frame("order").with_columns(pl.col("order") + 20_000 * len(seen))
        found = rows.with_columns(
            time_us=pl.lit(0), price=pl.col("order").sqrt(), quantity=pl.lit(1.0), taker_buys=True, count=pl.lit(1)
        )
        reading.release()
        return found

    bar = one_second_bars((str(number).encode() for number in range(60)), trades).row(0, named=True)
    assert seen == [(number, number == 0) for number in range(60)]
    assert (bar["open"], bar["close"]) == (20_000**0.5, (61 * 20_000 - 1) ** 0.5)
    assert bar["volume_base"] == bar["trades"] == 1_200_000
