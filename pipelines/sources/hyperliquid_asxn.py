"""Hyperliquid's liquidated notional by coin and day, as ASXN's site shows it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import polars as pl

from pipelines.source import Ask, CheckFailed, Frames, Piece, Reach, Refused, Request, Source
from pipelines.sources.common.json import loaded
from pipelines.sources.common.spans import midnight, utc_months

URL = "https://d2v1fiwobg9w6.cloudfront.net/daily_notional_liquidated_by_coin"
NOTE = (
    "Whether both sides of a trade are counted, and whether days are UTC, is not documented: "
    "compare with nothing before that is known."
)
SOURCE = Source(
    id="hyperliquid_asxn",
    publisher="ASXN",
    dataset="Hyperliquid, daily notional liquidated by coin",
    url="https://stats.hyperliquid.xyz",
    licence="No terms stated",
    method=(
        "The figures as they stand in the file behind ASXN's site, one a coin and day, of the asked months. "
        "Nothing is added up. " + NOTE
    ),
    tables=("liquidation_reports",),
    span="2023-06-13 to yesterday",
    resolution="1 day",
    reach=Reach(first=date(2023, 6, 13)),
    limits=(
        "An undocumented address that may vanish or change its meaning; it is asked only when named. The whole history "
        "comes in one file of about 6 MB, once a month asked for."
    ),
    requests_per_second=1,
    default=False,
)
COLUMNS = {"time": pl.String, "coin": pl.String, "daily_notional_liquidated": pl.Float64}


def plan(ask: Ask) -> Iterable[Piece]:
    for month in utc_months(ask):
        following = (month + timedelta(days=31)).replace(day=1)
        yield Piece(
            f"{month:%Y-%m}",
            (Request(URL),),
            {"month": f"{month:%Y-%m}"},
            final_at=midnight(following) + timedelta(days=3),
        )


def parse(bodies: list[bytes], piece: Piece) -> Frames:
    rows = loaded(bodies[0], piece.name)
    if not isinstance(rows, dict) or "chart_data" not in rows:
        raise Refused(piece.name, "it has no chart_data", "The address is undocumented; it may have changed.")
    day = pl.col("time").str.slice(0, 10)
    start = day.str.to_datetime("%Y-%m-%d", time_unit="us", time_zone="UTC")
    reports = (
        pl.DataFrame(rows["chart_data"], schema=COLUMNS)
        .filter(day.str.starts_with(piece.facts["month"]))
        .select(
            metric=pl.lit("liquidations_daily"),
            value="daily_notional_liquidated",
            unit=pl.lit("USD"),
            board=pl.format("asxn|hyperliquid|day-{}|hyperliquid_asxn", day),
            window_label=pl.format("day {}", day),
            window_start=start,
            window_end=start + timedelta(days=1),
            as_of_precision=pl.lit("unknown"),
            origin=pl.lit("ASXN"),
            universe=pl.lit("Hyperliquid perpetuals"),
            confidence=pl.lit("low"),
            second_hand=False,
            note=pl.lit(NOTE),
            venue=pl.lit("hyperliquid"),
            asset="coin",
            side=pl.lit("total"),
            phase=pl.lit("day"),
            counting=pl.lit("statement"),
        )
    )
    return {"liquidation_reports": reports}


def check(frames: Frames, piece: Piece) -> None:
    """A month without any liquidation on Hyperliquid is not to be believed."""
    if frames["liquidation_reports"].is_empty():
        first = date.fromisoformat(f"{piece.facts['month']}-01")
        raise CheckFailed(f"The file holds nothing for {first:%B %Y}.")
