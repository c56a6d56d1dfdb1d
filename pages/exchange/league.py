"""The league table: all exchanges of a crash day beside each other, with a receipt for each figure."""

from __future__ import annotations

from typing import Any

import polars as pl

from analytics.exchange import league
from analytics.liquidations import boards
from analytics.market import volumes
from charts.terms import listed
from charts.words import clock, utc
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.columns import LINK, NUMBER, TEXT, money
from pages.shared.words import safe, worded

WHAT = {
    "liquidations": "Liquidations",
    "futures_volume": "Futures volume",
    "spot_volume": "Spot volume",
    "open_interest_before": "Open interest before",
    "outage": "Outage",
    "losses": "Losses and compensation",
}
RECEIPTS = {
    "name": TEXT("Exchange"),
    "what": TEXT("Figure"),
    "value": money("Value"),
    "unit": TEXT("Unit"),
    "words": TEXT("In words", width="large"),
    "window_text": TEXT("Window"),
    "origin": TEXT("Number by"),
    "read": TEXT("As of"),
    "trust": TEXT("Trust"),
    "publisher": TEXT("Read from"),
    "url": LINK("Page", display_text="open"),
    "note": TEXT("Note", width="large"),
}


def show(day: dict[str, Any]) -> None:
    known = ask(boards.every, crash_day=day["crash_day"]).filter(pl.col("phase") == "crash")
    windows = ask(volumes.windows, start=day["window_start"], end=day["window_end"])
    board = known.row(0, named=True) if known.height else None
    window = windows.row(0, named=True) if windows.height else None
    asked = {
        "crash_day": day["crash_day"],
        "board": board and board["board"],
        "window_start": window and window["window_start"],
    }
    rows = ask(league.table, **asked)
    counted = board["window_label"] if board else "no board of this day"
    traded = f"{clock(window['window_start'])}–{clock(window['window_end'])} UTC" if window else "no window of this day"
    ratio = rows.filter(pl.col("liquidations_to_volume_pct").is_not_null())["name"].to_list()
    lows = rows.filter(pl.col("low_deviation_pct").is_not_null())
    low = lows.row(0, named=True) if lows.height else None
    card(
        f"Liquidations can be set against volume for {listed(ratio)} only"
        if ratio
        else "No exchange has both liquidations and volume of this day",
        rows,
        key="league",
        about=(
            f"Liquidations: {counted}{_origin(board)}. "
            f"Volume: {traded}. USD; a click on a heading sorts. Empty: not known, never zero"
        ),
        table=_columns(counted, traded, low),
        note=(
            f"The two windows differ: liquidations over {counted}, volume over {traded}. A percentage compares "
            "exchanges that share both windows; it is not the part of the volume that was liquidated, and what the "
            f"feeds let through differs. {_low_in_words(low)}"
        ),
    )
    _receipts(asked)


def _receipts(asked: dict[str, Any]) -> None:
    receipts = ask(league.figures, **asked)
    card(
        f"The receipts: {receipts.height} figures behind the table",
        worded(receipts).with_columns(what=pl.col("measure").replace(WHAT)),
        key="receipts",
        about="Every figure of the table above with its window, its author and the page it was read from",
        table=RECEIPTS,
        empty="No figure of this day is published here.",
    )


def _origin(board: dict[str, Any] | None) -> str:
    return f", {board['origin']}, as of {utc(board['as_of'], board['as_of_precision'])}" if board else ""


def _columns(counted: str, traded: str, low: dict[str, Any] | None) -> dict[str, Any]:
    """The league's columns; `counted` and `traded` are the windows of liquidations and of volume in words."""
    return {
        "name": TEXT("Exchange", pinned=True),
        "liquidations": money("Liquidations"),
        "futures_volume": money("Futures volume"),
        "spot_volume": money("Spot volume"),
        "liquidations_to_volume_pct": NUMBER(
            "÷ futures volume, %: windows differ",
            format="%.1f",
            width=240,
            help=safe(f"Liquidations, {counted}, in percent of the futures volume of {traded}"),
        ),
        "open_interest_before": money("Open interest before"),
        "liquidations_to_open_interest_pct": NUMBER(
            "÷ open interest, %: flow over level",
            format="%.1f",
            width=240,
            help=safe(f"Liquidations, {counted}, in percent of the open interest before the crash"),
        ),
        "low_deviation_pct": NUMBER(
            f"{low['low_base']} off the composite at its low, %" if low else "Off the composite at its low, %",
            format="%.1f",
            width=240,
            help=safe(_low_in_words(low)),
        ),
        "low_market": TEXT("… of which market"),
        "outage_minutes": NUMBER("Minutes degraded", help="Only where begin and end are reported to the minute"),
        "outages": TEXT("Outages as reported", width="medium"),
        "losses": TEXT("Losses and compensation as stated, never added", width="large"),
        **{
            f"{measure}_source_id": TEXT(f"Source: {WHAT[measure].lower()}")
            for measure in ("liquidations", "futures_volume", "spot_volume", "open_interest_before")
        },
        "low_deviation_pct_source_id": TEXT("Source: off the composite"),
        "outages_source_id": TEXT("Source: outages"),
        "losses_source_id": TEXT("Source: losses and compensation"),
    }


def _low_in_words(low: dict[str, Any] | None) -> str:
    """What the distance from the composite compares, or why there is none."""
    if low is None:
        return (
            "Deviation from a composite price at the low: no asset has one-minute prices of three exchanges around "
            "this crash, so none is computed."
        )
    return (
        f"Off the composite: {low['low_base']}, the market named, against the median of three or more exchanges' "
        f"closes in the minute ending {clock(low['low_ts'])} UTC, their lowest of {low['low_composed']} minutes in "
        "which three have a price; it may have been lower in between, and another asset or market gives another "
        "figure. The exchange in the middle is at 0 by definition."
    )
