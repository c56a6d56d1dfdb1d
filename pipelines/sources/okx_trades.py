"""OKX trades from its public archive, added up to one-second bars."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import BinaryIO

import polars as pl

from pipelines.source import Ask, CheckFailed, Frames, Piece, Reach, Refused, Source
from pipelines.sources.common import okx
from pipelines.sources.common.archives import TAPE, csv_blocks, named_columns
from pipelines.sources.common.second_bars import one_second_bars
from pipelines.sources.common.spans import wanted

SOURCE = Source(
    id="okx_trades",
    publisher="OKX",
    dataset="Trades (market-data-history, static.okx.com), as 1-second bars",
    url=f"{okx.BASE}/historical-data",
    licence=okx.LICENCE,
    method=(
        "Trades added up by second with exact sums; open and close by trade number. Sizes of swaps are contracts and "
        "are converted by the contract size OKX lists today."
    ),
    tables=("bars",),
    span="September 2021 to two days ago",
    resolution="1 second",
    reach=Reach(first=date(2021, 9, 30)),
    limits=(
        "5 listings in 2 seconds. A file is a day in UTC+8, so that a UTC day needs two. OKX publishes no checksums."
    ),
    hosts=(okx.ARCHIVE_HOST,),
    requests_per_second=2.5,
    max_bytes=2 << 30,
    heavy=True,
    crash_days_only=True,
)
SYMBOLS = ("BTC/USDT:USDT", "BTC/USDT", "ETH/USDT:USDT", "SOL/USDT:USDT", "BTC/USD:BTC")
FORMS = ("BASE/QUOTE", "BASE/USDT:USDT", "BASE/USDC:USDC", "BASE/USD:BASE")
COLUMNS = {
    "trade_id": pl.Int64,
    "side": pl.String,
    "price": pl.Float64,
    "size": pl.Float64,
    "created_time": pl.Int64,
}

fault = okx.fault
follow = okx.follow


def plan(ask: Ask) -> Iterable[Piece]:
    return [_archive(symbol, day) for symbol in wanted(SYMBOLS, ask.symbols, FORMS) for day in okx.archive_days(ask)]


def parse(bodies: list[BinaryIO], piece: Piece) -> Frames:
    symbol, file = piece.facts["symbol"], piece.facts["file"]
    archive = bodies[-1]
    if archive.read(len(okx.ZIP)) != okx.ZIP:
        raise Refused(file, "OKX lists no such archive", "It comes about two days after its day; ask again later.")
    swap = okx.is_swap(symbol)
    # Spot sizes are in the base asset already.
    contract = okx.contract(bodies[0].read(), symbol) if swap else okx.Contract(1.0, inverse=False)
    read = named_columns(COLUMNS)

    def trades(rows: pl.DataFrame) -> pl.DataFrame:
        if not rows["side"].is_in(["buy", "sell"]).all():
            raise Refused(file, "it holds sides other than buy and sell", "OKX may have changed its format.")
        return rows.select(
            time_us=pl.col("created_time") * 1000,
            order="trade_id",
            price="price",
            quantity=contract.base(pl.col("size"), pl.col("price")),
            taker_buys=pl.col("side") == "buy",
            count=pl.lit(1, dtype=pl.Int64),
        )

    bars = one_second_bars(okx.plain_header(csv_blocks(archive, file, TAPE)), read, trades)
    labels = {
        "venue": "okx",
        "market": "perp" if swap else "spot",
        "symbol": symbol,
        "kind": "trade",
        "interval": "1s",
    }
    return {"bars": bars.with_columns(pl.lit(value).alias(name) for name, value in labels.items())}


def check(frames: Frames, piece: Piece) -> None:
    if frames["bars"].is_empty():
        raise CheckFailed(f"{piece.facts['file']} holds no trades.")
    start = datetime.fromisoformat(piece.facts["start"])
    if not frames["bars"]["ts"].is_between(start, start + timedelta(days=1), closed="left").all():
        raise CheckFailed(f"{piece.facts['file']} holds trades of another day than {piece.facts['day']} in UTC+8.")


def _archive(symbol: str, day: date) -> Piece:
    file = f"{okx.native(symbol)}-trades-{day}.zip"
    listing = okx.listing(okx.TRADES, symbol, day, file)
    return Piece(
        f"trades/{file}",
        (okx.instrument(symbol), listing) if okx.is_swap(symbol) else (listing,),
        {"symbol": symbol, "file": file, "day": str(day), "start": okx.begins(day).isoformat()},
        final_at=okx.begins(day) + okx.PUBLISHED_AFTER + timedelta(days=1),
    )
