"""Trades of a tape added up to exact one-second bars.

A day of BTC is 300 MB of CSV: while the next block is inflated, threads read and add up those before it, and only their
partial bars are kept. Sums are integers, so that two runs give the same bits.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice

import polars as pl

from pipelines.refreshing.in_order import in_order
from pipelines.source import Refused, TooLarge
from pipelines.sources.common.archives import LINES, Reader

READERS = 2
AHEAD = 1
"""Blocks that are read ahead of the one waited for, and added up: two would take more memory and no less time."""
SCALE = 10**8
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
MOST_SECONDS = 2_000_000
"""Bars of blocks that are held until they are added up; a day has 86,400 seconds, and a block few of them."""


def one_second_bars(
    blocks: Iterator[bytes], read: Reader, trades: Callable[[pl.DataFrame], pl.DataFrame]
) -> pl.DataFrame:
    """Exact one-second bars of a tape: `ts open high low close volume_base volume_quote taker_buy_base trades`.

    `read` makes rows of a block: of the first one alone, since it holds the header, then of two beside each other.
    `trades` gets these rows in the order of the file, so that it may count them, and makes of them `time_us order price
    quantity taker_buys count`; `order` decides which trade of a second comes first and last. Raises Refused where a
    price or quantity is not positive.
    """
    _keep_freed_memory()
    with ThreadPoolExecutor(READERS) as reading, ThreadPoolExecutor(1) as adding:
        head = (read(block, True) for block in islice(blocks, 1))
        rest = in_order(reading.submit, lambda block: read(block, False), blocks, AHEAD)
        parts = in_order(adding.submit, lambda rows: _partial(trades(rows)), chain(head, rest), AHEAD)
        return _merged(pl.concat(_of_a_day(parts)))


def _of_a_day(parts: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The bars of the blocks. Raises TooLarge where trades are strewn over more time than can be held."""
    seconds = 0
    for part in parts:
        seconds += part.height
        if seconds > MOST_SECONDS:
            raise TooLarge("The tape", f"its trades make more than {MOST_SECONDS:,} bars")
        yield part


def _keep_freed_memory() -> None:
    """Let the next block of lines take the last one's memory: glibc by default hands so large a block back to the
    system and gets it page by page again, a tenth of the parser's time.
    https://man7.org/linux/man-pages/man3/mallopt.3.html"""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(M_MMAP_THRESHOLD, 2 * LINES)
        libc.mallopt(M_TRIM_THRESHOLD, 8 * LINES)


def _partial(trades: pl.DataFrame) -> pl.DataFrame:
    """Bars of one block, their sums whole numbers of 1/SCALE."""
    _refuse_what_is_not_positive(trades)
    # No sum of the block is larger than its highest price times all of its quantity.
    most = trades.select(pl.col("price").max().clip(1) * pl.col("quantity").sum()).item()
    # 128 bits take twice the time of 64; where no sum can leave 64, they do.
    whole = pl.Int64 if (most or 0) * SCALE < 2**62 else pl.Int128
    in_order = trades if trades["order"].is_sorted() else trades.sort("order", maintain_order=True)
    second = pl.col("time_us") // 1_000_000
    return (
        in_order.lazy()
        .select(
            "order",
            "price",
            "count",
            # Groups of a sorted column are its stretches: nothing is hashed.
            second=second.set_sorted() if in_order["time_us"].is_sorted() else second,
            base=(pl.col("quantity") * SCALE).round().cast(whole),
            quote=(pl.col("price") * pl.col("quantity") * SCALE).round().cast(whole),
            buys=pl.when("taker_buys").then((pl.col("quantity") * SCALE).round().cast(whole)).otherwise(0),
        )
        .group_by("second")
        .agg(
            first=pl.col("order").first(),
            last=pl.col("order").last(),
            open=pl.col("price").first(),
            close=pl.col("price").last(),
            high=pl.col("price").max(),
            low=pl.col("price").min(),
            base=pl.col("base").sum(),
            quote=pl.col("quote").sum(),
            buys=pl.col("buys").sum(),
            count=pl.col("count").sum(),
        )
        .with_columns(pl.col("base", "quote", "buys").cast(pl.Int128))
        # In memory: the streaming engine, the default, takes half as long again,
        # and does not promise the order in a group.
        .collect(engine="in-memory")
    )


def _refuse_what_is_not_positive(trades: pl.DataFrame) -> None:
    positive = (pl.col("price") > 0) & (pl.col("quantity") > 0)
    if not trades.select(positive.all(ignore_nulls=False)).item():
        bad = trades.filter(~positive.fill_null(value=False)).row(0, named=True)
        raise Refused(
            f"trade {bad['order']}",
            f"price {bad['price']} or quantity {bad['quantity']} is not positive",
            "The source has changed or the file is damaged.",
        )


def _merged(parts: pl.DataFrame) -> pl.DataFrame:
    return (
        parts.group_by("second")
        .agg(
            open=pl.col("open").get(pl.col("first").arg_min()),
            high=pl.col("high").max(),
            low=pl.col("low").min(),
            close=pl.col("close").get(pl.col("last").arg_max()),
            base=pl.col("base").sum(),
            quote=pl.col("quote").sum(),
            buys=pl.col("buys").sum(),
            trades=pl.col("count").sum().cast(pl.Int64),
        )
        .sort("second")
        .select(
            (pl.col("second") * 1_000_000).cast(pl.Datetime("us", "UTC")).alias("ts"),
            *(pl.col(name) for name in ("open", "high", "low", "close")),
            volume_base=pl.col("base").cast(pl.Float64) / SCALE,
            volume_quote=pl.col("quote").cast(pl.Float64) / SCALE,
            taker_buy_base=pl.col("buys").cast(pl.Float64) / SCALE,
            trades=pl.col("trades"),
        )
    )
