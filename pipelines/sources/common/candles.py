"""What bars have in common that are asked from a venue's candle endpoint, a UTC day at a time."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import polars as pl

from pipelines.source import CheckFailed, Frames, Piece
from pipelines.sources.common.spans import midnight, of_day

MINUTE = timedelta(minutes=1)
SETTLED = timedelta(hours=1)
"""How long after its end a day's bars may still be corrected."""


def finished_part(day: date, now: datetime) -> tuple[datetime, datetime]:
    """The part of a UTC day whose minutes are over: the bar that is still forming is never asked for.
    Empty before it began."""
    return midnight(day), min(midnight(day) + timedelta(days=1), now.replace(second=0, microsecond=0))


def traded(rows: pl.DataFrame, venue: str, symbol: str, interval: str = "1m") -> Frames:
    """Rows of `ts open high low close volume_base …` as bars of traded prices.

    Venues that fill a minute nobody traded in with the last price and a volume of zero are brought to the rule of the
    others: such a bar is absent.
    """
    labels = {
        "venue": venue,
        "market": "perp" if ":" in symbol else "spot",
        "symbol": symbol,
        "kind": "trade",
        "interval": interval,
    }
    bars = rows.filter(pl.col("volume_base") > 0).sort("ts")
    return {"bars": bars.with_columns(pl.lit(value).alias(name) for name, value in labels.items())}


def check_day(frames: Frames, piece: Piece) -> None:
    """There is at least one bar, and every bar is of the day. Raises CheckFailed."""
    bars = frames["bars"]
    if bars.is_empty():
        raise CheckFailed(f"{piece.name} holds no bars: the market may not have existed on that day.")
    of_day(bars["ts"], piece, "bars")
