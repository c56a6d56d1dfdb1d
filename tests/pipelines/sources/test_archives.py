"""A tape's trades come in the order of the file and one block at a time, though blocks are read beside each other:
a source may count them."""

from __future__ import annotations

import threading

import polars as pl

from pipelines.sources.common.second_bars import one_second_bars

BLOCKS = 61


def test_trades_come_in_order_and_one_block_at_a_time() -> None:
    is_read, counting, seen = [threading.Event() for _ in range(BLOCKS)], threading.Lock(), []

    def read(block: bytes, first: bool) -> pl.DataFrame:
        number = int(block)
        assert first == (number == 0) and (first or is_read[0].is_set())
        if number % 2:
            # Every other block overtakes the one before it.
            assert is_read[number + 1].wait(60)
        rows = pl.int_range(20_000, eager=True).to_frame("order").with_columns(block=number)
        is_read[number].set()
        return rows

    def trades(rows: pl.DataFrame) -> pl.DataFrame:
        assert counting.acquire(blocking=False)
        seen.append(rows["block"][0])
        rows = rows.select(pl.col("order") + 20_000 * len(seen))
        found = rows.with_columns(
            time_us=pl.lit(0), price=pl.col("order").sqrt(), quantity=pl.lit(1.0), taker_buys=True, count=pl.lit(1)
        )
        counting.release()
        return found

    bar = one_second_bars((str(number).encode() for number in range(BLOCKS)), read, trades).row(0, named=True)
    assert seen == list(range(BLOCKS))
    assert (bar["open"], bar["close"]) == (20_000**0.5, ((BLOCKS + 1) * 20_000 - 1) ** 0.5)
    assert bar["volume_base"] == bar["trades"] == 20_000 * BLOCKS
