"""CoinGlass v4: liquidations per exchange, daily for any day and in steps of four hours for the last half year."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from pipelines.source import Ask, CheckFailed, Fault, Frames, Piece, Refused, Request, Source
from pipelines.sources.common.json import error_number, loaded
from pipelines.sources.common.spans import bases, midnight, milliseconds, utc_months
from pipelines.sources.common.trackers import Window, reports
from pipelines.sources.common.venues import venue_of

SOURCE = Source(
    id="coinglass",
    publisher="CoinGlass",
    dataset="Liquidations of one asset per exchange: UTC days, and steps of 4 hours",
    url="https://docs.coinglass.com/reference/aggregated-liquidation-history",
    licence="CoinGlass API; the plan's terms apply, attribution needed",
    method=(
        "CoinGlass's sum in USD over all contracts of an asset on one exchange, asked one exchange at a time; long and "
        "short are the positions that were closed."
    ),
    tables=("liquidation_reports",),
    span="days since 2020 by what others measured; 4 hours for the last 180 days",
    resolution="1 day; 4 hours",
    group="daily",
    limits=(
        "Paid key. The smallest plan has steps of 4 hours and more, so finer ones are not asked for. Oct. 10, 2025 "
        "should be there as days; it was not proven with a key."
    ),
    key_header="CG-API-KEY",
    requests_per_second=0.5,
)
URL = "https://open-api-v4.coinglass.com/api/futures/liquidation/aggregated-history"
ASSETS = ("BTC", "ETH", "SOL")
FORMS = ("BASE",)
EXCHANGES = ("Binance", "OKX", "Bybit", "Hyperliquid", "Gate", "HTX", "Bitfinex")
STEPS = {"1d": timedelta(days=1), "4h": timedelta(hours=4)}
LABELS = {"1d": "UTC day %Y-%m-%d", "4h": "4 hours from %Y-%m-%dT%H:%MZ"}
FINE_REACH = timedelta(days=180)
MOST_ROWS = 4500
AGAIN = {"429", "50001"}


def plan(ask: Ask) -> Iterable[Piece]:
    return [
        _piece(asset, exchange, step, month, ask.now)
        for asset in bases(ASSETS, ask.symbols)
        for exchange in EXCHANGES
        for month in utc_months(ask)
        for step, length in STEPS.items()
        if midnight(month) + length <= ask.now and (step == "1d" or midnight(month) >= ask.now - FINE_REACH)
    ]


def _piece(asset: str, exchange: str, step: str, month: date, now: datetime) -> Piece:
    start, end = midnight(month), midnight((month + timedelta(days=31)).replace(day=1))
    over = min(end, start + (now - start) // STEPS[step] * STEPS[step])
    # One plan was seen to ignore the times and to answer with the newest rows:
    # enough rows are asked for to hold the month.
    limit = min((now - start) // STEPS[step] + 1, MOST_ROWS)
    return Piece(
        f"{exchange}/{asset}-{step}-{month:%Y-%m}",
        (
            Request(
                URL,
                {
                    "exchange_list": exchange,
                    "symbol": asset,
                    "interval": step,
                    "limit": limit,
                    "start_time": milliseconds(start),
                    "end_time": milliseconds(over) - 1,
                },
            ),
        ),
        {
            "exchange": exchange,
            "asset": asset,
            "step": step,
            "start": f"{start:%Y-%m-%dT%H:%MZ}",
            "end": f"{over:%Y-%m-%dT%H:%MZ}",
        },
        final_at=end + timedelta(days=2),
    )


def fault(body: bytes) -> Fault | None:
    """CoinGlass answers errors with status 200 and a code that is not 0: 401 and 403 mean the plan does not have it."""
    try:
        reply = loaded(body, SOURCE.id)
    except Refused:
        return None
    code = str(reply.get("code", "0")) if isinstance(reply, dict) else "0"
    return Fault(f"CoinGlass answers {error_number(code)}", again=code in AGAIN) if code != "0" else None


def parse(bodies: list[bytes], piece: Piece) -> Frames:
    facts = piece.facts
    first, after = (datetime.fromisoformat(facts[name]) for name in ("start", "end"))
    try:
        windows = [
            Window(
                venue_of(facts["exchange"], facts["exchange"]),
                facts["asset"],
                start,
                start + STEPS[facts["step"]],
                float(row["aggregated_long_liquidation_usd"]),
                float(row["aggregated_short_liquidation_usd"]),
                "CoinGlass's sum over the exchange's contracts.",
            )
            for row in loaded(bodies[0], piece.name)["data"]
            if first <= (start := datetime.fromtimestamp(int(row["time"]) / 1000, UTC)) < after
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise Refused(
            piece.name,
            f"a field is missing or no number ({type(error).__name__})",
            "The source may have changed: the parser needs a look.",
        ) from None
    if not windows:
        raise Refused(
            piece.name,
            "the reply has no row of this month",
            "CoinGlass answers so for what it does not know, and for what the plan does not reach; it is not zero.",
        )
    return {
        "liquidation_reports": reports(
            windows, SOURCE.publisher, "contracts listed by CoinGlass", LABELS[facts["step"]]
        )
    }


def check(frames: Frames, piece: Piece) -> None:
    starts = frames["liquidation_reports"]["window_start"]
    if (starts.dt.truncate(STEPS[piece.facts["step"]]) != starts).any():
        raise CheckFailed(
            f"{piece.name} holds windows that do not start on whole steps: its times may have changed unit."
        )
