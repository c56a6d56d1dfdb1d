"""Kraken Futures open interest and liquidation volume from its public analytics."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl

from pipelines.source import Ask, CheckFailed, Fault, Frames, Piece, Refused, Request, Source
from pipelines.sources.common.json import known_shape, loaded
from pipelines.sources.common.spans import midnight, milliseconds, past_days, wanted
from pipelines.sources.common.symbols import Symbol

URL = "https://futures.kraken.com/api/charts/v1/analytics"
SOURCE = Source(
    id="kraken_futures",
    publisher="Kraken Futures",
    dataset="Analytics, open interest and liquidation volume: 5 minutes",
    url="https://docs.kraken.com/api/docs/futures-api/charts/",
    licence="Kraken market data; Kraken's terms apply",
    method=(
        "Open interest: the close of each 5-minute bucket, dated at the bucket's end. Multi-collateral contracts (PF) "
        "count the base asset, inverse ones (PI) count USD. Liquidation volume: the figure of each bucket as it "
        "stands, long and short together; its unit is not documented, "
        "so it is converted to nothing and is part of no total."
    ),
    tables=("open_interest", "liquidation_reports"),
    span="March 2023 to yesterday",
    resolution="5 minutes",
    limits="Finished UTC days only; 5-minute buckets of October 2025 are not proven to be kept.",
    requests_per_second=2,
)
SYMBOLS = ("BTC/USD:USD", "ETH/USD:USD", "SOL/USD:USD", "BTC/USD:BTC", "ETH/USD:ETH")
FORMS = ("BASE/USD:USD", "BASE/USD:BASE")
INTERVAL = timedelta(minutes=5)
MILLISECONDS_FROM = 10**12
"""Times from here on are milliseconds: some series of this API have them, open interest has seconds."""
INTEREST, LIQUIDATED = "open-interest", "liquidation-volume"
UNIT = "as stated; unit not documented"
NOTE = (
    "Long and short together. Kraken does not document the unit (contracts, base asset or USD): compare only buckets "
    "of one contract with each other."
)


def plan(ask: Ask) -> Iterable[Piece]:
    # A bucket that is still filling looks like a finished one, so a day is asked for when it is over.
    return [
        _day(series, symbol, day)
        for symbol in wanted(SYMBOLS, ask.symbols, FORMS)
        for series in (INTEREST, LIQUIDATED)
        for day in past_days(ask)
    ]


def fault(body: bytes) -> Fault | None:
    """Errors come as a list beside the result, with status 200."""
    try:
        reply = loaded(body, "Kraken's reply")
    except Refused as refused:
        return Fault(str(refused), again=True)
    errors = reply.get("errors") if isinstance(reply, dict) else None
    return Fault("Kraken answers an error") if errors else None


def parse(bodies: list[bytes], piece: Piece) -> Frames:
    with known_shape(piece.name):
        result = loaded(bodies[0], piece.name)["result"]
        buckets = [
            {"start": _moment(time), "value": None if value is None else float(value)}
            for time, value in zip(result["timestamp"], _values(result["data"], piece), strict=True)
        ]
    if result.get("more"):
        raise Refused(piece.name, "it is only a part of the day", "The next refresh fetches it again.")
    end = midnight(date.fromisoformat(piece.facts["day"])) + timedelta(days=1)
    found = pl.DataFrame(buckets, schema={"start": pl.Datetime("us", "UTC"), "value": pl.Float64}).filter(
        # The span's end may be answered with the next day's first bucket.
        pl.col("value").is_not_null() & (pl.col("start") < end)
    )
    if piece.facts["series"] == LIQUIDATED:
        return {"liquidation_reports": _volumes(found, piece.facts["symbol"])}
    unit = "open_interest_usd" if is_inverse(piece.facts["symbol"]) else "open_interest_base"
    labels = {"venue": "kraken", "symbol": piece.facts["symbol"], "precision": "minute", "sides": "unknown"}
    return {
        "open_interest": found.select(
            (pl.col("start") + INTERVAL).alias("ts"),
            pl.col("value").alias(unit),
            *(pl.lit(value).alias(name) for name, value in labels.items()),
        )
    }


def check(frames: Frames, piece: Piece) -> None:
    """A day without any bucket is not there; one in which nobody was liquidated has buckets of zero."""
    liquidated = piece.facts["series"] == LIQUIDATED
    ends = frames["liquidation_reports"]["window_end"] if liquidated else frames["open_interest"]["ts"]
    start = midnight(date.fromisoformat(piece.facts["day"]))
    if ends.is_empty():
        raise CheckFailed(f"Kraken has nothing for {piece.name}: it may not keep that day.")
    if not ends.is_between(start + INTERVAL, start + timedelta(days=1)).all():
        raise CheckFailed(f"{piece.name} holds another day: Kraken did not keep to the span it was asked for.")


def native(symbol: str) -> str:
    """BTC/USD:USD -> PF_XBTUSD, BTC/USD:BTC -> PI_XBTUSD."""
    base = Symbol.of(symbol).base
    return f"{'PI' if is_inverse(symbol) else 'PF'}_{'XBT' if base == 'BTC' else base}USD"


def is_inverse(symbol: str) -> bool:
    return not symbol.endswith(":USD")


def _day(series: str, symbol: str, day: date) -> Piece:
    start = milliseconds(midnight(day)) // 1000
    return Piece(
        f"{series}/{native(symbol)}/{day}",
        (
            Request(
                f"{URL}/{native(symbol)}/{series}",
                {"since": start, "to": start + 86_400, "interval": int(INTERVAL.total_seconds())},
            ),
        ),
        {"series": series, "symbol": symbol, "day": str(day)},
        final_at=midnight(day) + timedelta(days=1, hours=1),
    )


def _values(data: Any, piece: Piece) -> list[Any]:
    """The figure of each bucket: the last of open, high, low, close of an open interest; a single one of a volume."""
    return data if piece.facts["series"] == LIQUIDATED else [close for _, _, _, close in data]


def _moment(time: int) -> datetime:
    return datetime.fromtimestamp(time / 1000 if time >= MILLISECONDS_FROM else time, UTC)


def _volumes(found: pl.DataFrame, symbol: str) -> pl.DataFrame:
    """Rows of `liquidation_reports` under a metric of their own, so that they stand beside no sum of USD."""
    start, contract = pl.col("start"), native(symbol)
    worded = start.dt.strftime("5 minutes from %Y-%m-%dT%H:%MZ")
    return found.select(
        metric=pl.lit("liquidation_volume"),
        value="value",
        unit=pl.lit(UNIT),
        board=pl.format("kraken|{}|{}", pl.lit(contract.lower()), worded),
        window_label=worded,
        window_start=start,
        window_end=start + INTERVAL,
        as_of_precision=pl.lit("unknown"),
        origin=pl.lit("Kraken"),
        universe=pl.lit(contract),
        confidence=pl.lit("low"),
        second_hand=False,
        note=pl.lit(NOTE),
        venue=pl.lit("kraken"),
        asset=pl.lit(Symbol.of(symbol).base),
        side=pl.lit("total"),
        phase=pl.lit("day"),
        counting=pl.lit("statement"),
    )
