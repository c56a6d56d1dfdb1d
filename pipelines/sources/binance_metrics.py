"""Binance open interest every five minutes, from the metrics files of its public archive."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

import polars as pl

from pipelines.source import Ask, CheckFailed, Frames, Piece, Reach, Refused, Source
from pipelines.sources.common import binance
from pipelines.sources.common.archives import named_columns
from pipelines.sources.common.spans import midnight, past_days, wanted

SOURCE = Source(
    id="binance_metrics",
    publisher="Binance",
    dataset="Open interest (data.binance.vision, metrics)",
    url=binance.BASE,
    licence=binance.LICENCE,
    method=(
        "Venue's own open interest. Times are the moment of the observation, as Binance's REST API gives them: labels "
        "that name the start of the five minutes before it are moved five minutes on. USD-M: base asset and USDT, "
        "taken as USD. COIN-M: contracts at face value are USD, and the archive's value column is the base asset. "
        "Whether one or both sides are counted is not stated."
    ),
    tables=("open_interest",),
    span="2020-09 (BTC) or 2021-12 to yesterday; some days are missing or incomplete",
    resolution="5 minutes",
    reach=Reach(first=date(2021, 12, 31)),
    requests_per_second=binance.PACE,
)
SYMBOLS = ("BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT", "BTC/USD:BTC", "ETH/USD:ETH")
FORMS = ("BASE/USDT:USDT", "BASE/USDC:USDC", "BASE/USD:BASE")
COLUMNS = {
    "create_time": pl.String,
    "symbol": pl.String,
    "sum_open_interest": pl.Float64,
    "sum_open_interest_value": pl.Float64,
}
STEP = timedelta(minutes=5)
START_LABELS_SINCE = date(2026, 6, 25)
"""USD-M files label a row by the start of its five minutes since this day and by the end before it; COIN-M files always
by the start. https://github.com/binance/binance-public-data/issues/491"""


def plan(ask: Ask) -> Iterable[Piece]:
    return [
        binance.archive("metrics", symbol, day)
        for symbol in wanted(SYMBOLS, ask.symbols, FORMS)
        for day in past_days(ask)
    ]


def parse(bodies: list[bytes], piece: Piece) -> Frames:
    symbol, file = piece.facts["symbol"], piece.facts["file"]
    rows = named_columns(COLUMNS)(b"".join(binance.unpacked(bodies, piece)), True)
    if rows["symbol"].unique().to_list() not in ([], [binance.native(symbol)]):
        raise Refused(file, "it holds another symbol", "The source may have mixed up its files.")
    labels = rows["create_time"].str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", time_zone="UTC", strict=False)
    if labels.null_count():
        raise Refused(file, "a create_time is not a time", "The source may have changed its format.")
    opening = midnight(date.fromisoformat(piece.facts["day"]))
    moments = labels + (STEP if _labelled_by_start(labels, opening, symbol) else timedelta())
    coin_margined = binance.market_of(symbol) == binance.COIN_M
    face = binance.contract_usd(symbol)
    interest = rows.select(
        pl.lit("binance").alias("venue"),
        pl.lit(symbol).alias("symbol"),
        moments.alias("ts"),
        pl.lit("minute").alias("precision"),
        pl.col("sum_open_interest_value" if coin_margined else "sum_open_interest").alias("open_interest_base"),
        (pl.col("sum_open_interest") * face if coin_margined else pl.col("sum_open_interest_value")).alias(
            "open_interest_usd"
        ),
        pl.lit("unknown").alias("sides"),
    )
    # A file covers (00:00, 24:00]. Some repeat the moment the file before them ended with.
    return {"open_interest": interest.filter(pl.col("ts") != opening)}


def check(frames: Frames, piece: Piece) -> None:
    moments = frames["open_interest"]["ts"]
    opening = midnight(date.fromisoformat(piece.facts["day"]))
    if moments.is_empty():
        raise CheckFailed(f"{piece.facts['file']} holds no open interest.")
    if not moments.is_between(opening, opening + timedelta(days=1, minutes=1)).all():
        raise CheckFailed(
            f"{piece.facts['file']} holds times of another day: its labels may have changed their meaning."
        )


def _labelled_by_start(labels: pl.Series, opening: datetime, symbol: str) -> bool:
    """Told by the file: labels 00:00 to 23:55 name starts, 00:05 to 24:00 ends.
    Where both edges are missing or there, by its day."""
    from_start = (labels < opening + STEP).any()
    to_end = (labels >= opening + timedelta(days=1)).any()
    if from_start != to_end:
        return from_start
    return binance.market_of(symbol) == binance.COIN_M or opening >= midnight(START_LABELS_SINCE)
