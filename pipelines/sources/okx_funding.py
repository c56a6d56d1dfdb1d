"""OKX funding rates of all swaps from its public archive."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import date, datetime, timedelta

import polars as pl

from pipelines.source import Ask, CheckFailed, Frames, Piece, Reach, Refused, Source
from pipelines.sources.common import okx
from pipelines.sources.common.archives import csv_blocks, named_columns

SOURCE = Source(
    id="okx_funding",
    publisher="OKX",
    dataset="Funding rates of all swaps (market-data-history, static.okx.com)",
    url=f"{okx.BASE}/historical-data",
    licence=okx.LICENCE,
    method=(
        "One rate a payment, as archived; the archive does not say whether it is the predicted or the settled rate. "
        "The hours it covers are the time since the payment before, "
        "which is why the file of the day before is read too."
    ),
    tables=("funding_rates",),
    span="January 2022 to two days ago",
    resolution="payment (1 to 8 hours)",
    reach=Reach(first=date(2022, 1, 31)),
    limits="5 listings in 2 seconds. A file is a day in UTC+8 and holds every swap, whatever symbols are asked for.",
    hosts=(okx.ARCHIVE_HOST,),
    requests_per_second=2.5,
)
COLUMNS = {"instrument_name": pl.String, "funding_rate": pl.Float64, "funding_time": pl.Int64}
LONGEST_INTERVAL_HOURS = 8

fault = okx.fault
follow = okx.follow


def plan(ask: Ask) -> Iterable[Piece]:
    return [_archive(day) for day in okx.archive_days(ask)]


def parse(bodies: list[bytes], piece: Piece) -> Frames:
    found = okx.archives(bodies)
    if len(found) != 2:
        raise Refused(
            piece.name,
            "OKX does not list the archives of this day and the one before",
            "They come about two days after their day; ask again later.",
        )
    rows = pl.concat(_rows(body, piece.name) for body in found).unique()
    # A swap whose name has another form (a dated or combined margin product) has no unified symbol here and is left
    # out.
    symbols = {name: symbol for name in rows["instrument_name"].unique() if (symbol := okx.unified(name))}
    start = datetime.fromisoformat(piece.facts["start"])
    hours = (pl.col("ts") - pl.col("ts").shift(1).over("symbol", order_by="ts")).dt.total_seconds() / 3600
    rates = (
        rows.filter(pl.col("instrument_name").is_in(list(symbols)))
        .select(
            pl.col("instrument_name").replace_strict(symbols, return_dtype=pl.String).alias("symbol"),
            okx.utc("funding_time").alias("ts"),
            "funding_rate",
        )
        # Longer than the longest interval OKX has: a payment is missing in between, and the interval is not known.
        .with_columns(interval_hours=pl.when(hours <= LONGEST_INTERVAL_HOURS).then(hours))
        .filter(pl.col("ts").is_between(start, start + timedelta(days=1), closed="left"))
        .sort("symbol", "ts")
    )
    return {"funding_rates": rates.with_columns(venue=pl.lit("okx"))}


def check(frames: Frames, piece: Piece) -> None:
    if frames["funding_rates"].is_empty():
        raise CheckFailed(f"{piece.name} holds no funding payment of its day in UTC+8.")


def _archive(day: date) -> Piece:
    return Piece(
        f"funding/allswap-{day}",
        tuple(
            okx.listing(okx.FUNDING, "ANY", one, f"allswap-fundingrates-{one}.zip")
            for one in (day - timedelta(days=1), day)
        ),
        {"start": okx.begins(day).isoformat()},
        final_at=okx.begins(day) + okx.PUBLISHED_AFTER + timedelta(days=1),
    )


def _rows(body: bytes, name: str) -> pl.DataFrame:
    read = named_columns(COLUMNS)
    blocks = okx.plain_header(csv_blocks(io.BytesIO(body), name))
    return pl.concat(read(block, position == 0) for position, block in enumerate(blocks))
