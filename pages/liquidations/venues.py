"""Exchange by exchange: what bounds each figure, which place each may hold, what the feeds let through, what became
of the losses."""

from __future__ import annotations

from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from analytics.exchange import league
from analytics.liquidations import boards, bounds, rank
from analytics.market import volumes
from analytics.who_paid import waterfall
from charts.liquidations import venue_bounds
from charts.terms import COMPLETENESS, listed
from charts.who_paid import loss_stages
from charts.words import usd, usd_range, utc
from pages.liquidations.words import turn_words
from pages.shared import feeds
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.columns import NUMBER, TEXT, whole_money

BOUNDS = {
    "name": TEXT("Exchange"),
    "reported_usd": whole_money("Reported"),
    "bound_usd": whole_money("At least"),
    "bound_input": TEXT("At least by", width="medium"),
    "low_usd": whole_money("Read, lowest"),
    "high_usd": whole_money("Read, highest"),
    "refusal": TEXT("Why only from below", width="large"),
    "method": TEXT("Method", width="large"),
    "state": TEXT("Feed lets through"),
    "regime": TEXT("Rule of the feed", width="large"),
    "since": TEXT("Since when"),
    "open_interest_change_usd": whole_money("Open interest, change"),
}
RATIOS = {
    "name": TEXT("Exchange"),
    "liquidations": whole_money("Liquidated"),
    "futures_volume": whole_money("Futures volume"),
    "liquidations_to_volume_pct": NUMBER("÷ volume, %", format="%.1f"),
    "open_interest_before": whole_money("Open interest before"),
    "liquidations_to_open_interest_pct": NUMBER("÷ open interest, %", format="%.1f"),
}
STAGES = {
    "name": TEXT("Exchange"),
    "what": TEXT("Stage"),
    "value_usd": whole_money("Positions"),
    "window_label": TEXT("Window", width="medium"),
    "origin": TEXT("Number by"),
    "words": TEXT("Also said, not a position value", width="large"),
}


def board_of(crash_day: str) -> dict[str, Any] | None:
    """The fullest board of the crash; None where no board names two exchanges."""
    known = ask(boards.every, crash_day=crash_day).filter(pl.col("phase") == "crash")
    return next(known.iter_rows(named=True), None)


def show(day: dict[str, Any], board: dict[str, Any] | None) -> None:
    if board is None:
        st.info("No board of this day names two exchanges: nothing can be set side by side.", icon=":material/help:")
        return
    ranked = ask(bounds.of_board, crash_day=day["crash_day"], board=board["board"])
    _bounds(board, ranked)
    feeds.strip(day, tuple(ranked["venue"]))
    _turns(day["crash_day"], board)
    _ratios(day, board, ranked)
    _stages(day["crash_day"], board, ranked)


def _measured(rows: pl.DataFrame, ranked: pl.DataFrame) -> pl.DataFrame:
    """The rows with the bound of each exchange, how it came about, and the rule of its feed, for whoever takes them
    elsewhere."""
    told = ranked.select("venue", "bound_usd", "method", "completeness", "regime")
    return rows.join(told, on="venue", how="left", maintain_order="left")


def _bounds(board: dict[str, Any], ranked: pl.DataFrame) -> None:
    whole, hides = (ranked.filter(part) for part in (pl.col("high_usd").is_not_null(), pl.col("high_usd").is_null()))
    said = [f"Of {listed(hides['name'].to_list())} only a minimum is known"] if hides.height else []
    if whole.height:
        readings = whole.select("name", "low_usd", "high_usd").iter_rows()
        said += [listed([f"{name} was read as {usd_range(low, high)}" for name, low, high in readings])]
    words = "; ".join(said)
    card(
        words,
        ranked.with_columns(
            state=pl.col("completeness").replace(COMPLETENESS),
            since=pl.when("established").then(pl.lit("established")).otherwise(pl.lit("not established")),
        ),
        partial(venue_bounds.ladder, ranked),
        key="bounds",
        about=f"Reported → at least. {board['origin']}, {board['window_label']}, USD. Arrow: no upper end is known",
        alt="; ".join(f"{row['name']} at least {usd(row['bound_usd'])}" for row in ranked.iter_rows(named=True)),
        note=(
            "A sum on a board does not tell what its feed hid. How far readings of one tracker lie apart says how "
            "it rounds and when it was read, not how far it is from the truth: from which feed it was read, and "
            "whether take-overs and auto-deleveraging count, is not stated. Open interest falls also by choice: it "
            "bounds nothing and is only listed."
        ),
        table=BOUNDS,
    )


def _turns(crash_day: str, board: dict[str, Any]) -> None:
    turning = ask(rank.turning_points, crash_day=crash_day, board=board["board"])
    finding, why = turn_words(turning)
    card(
        finding,
        turning,
        partial(venue_bounds.turns, turning) if turning.height else None,
        key="turns",
        about=f"{board['origin']}, {board['window_label']}: the largest figure published for each, as a multiple",
        alt=finding,
        note=why,
        empty="No exchange of this board hides a part of its liquidations and stands below another one.",
    )


def _ratios(day: dict[str, Any], board: dict[str, Any], ranked: pl.DataFrame) -> None:
    windows = ask(volumes.windows, start=day["window_start"], end=day["window_end"])
    start = windows["window_start"][0] if windows.height else None
    table = ask(league.table, crash_day=day["crash_day"], board=board["board"], window_start=start)
    known = table.filter(
        pl.any_horizontal(pl.col("liquidations_to_volume_pct", "liquidations_to_open_interest_pct").is_not_null())
    )
    window = f"Volume: {utc(start)} to {utc(windows['window_end'][0])}. " if start else ""
    card(
        "Beside their size: liquidations by volume and by open interest",
        _measured(known, ranked),
        key="ratios",
        about=f"Liquidations: {board['window_label']}. {window}Open interest: before the crash, as published. USD",
        table=RATIOS,
        note=(
            "The windows differ, so a ratio compares exchanges with each other and says nothing of one alone; a "
            "hiding feed makes it a floor. It stands only where both figures are known."
        ),
        empty="For no exchange of this day both figures of a ratio are known here.",
    )


def _stages(crash_day: str, board: dict[str, Any], ranked: pl.DataFrame) -> None:
    stages = ask(waterfall.stages, crash_day=crash_day, board=board["board"])
    known = stages.filter(pl.col("value_usd").is_not_null(), pl.col("stage") != "liquidated")
    drawn = stages.filter(pl.col("value_usd").is_not_null().any().over("venue"))
    told = [
        f"{row['name']}'s {usd(row['value_usd'])} {loss_stages.STAGES[row['stage']]}"
        for row in known.iter_rows(named=True)
    ]
    unknown = stages.filter(pl.col("value_usd").is_null(), pl.col("stage") != "liquidated").height
    card(
        (
            f"Of {unknown + known.height} steps after liquidation, "
            f"{'these are' if known.height > 1 else 'one is' if known.height else 'none is'} "
            f"known{': ' if told else ''}{'; '.join(told)}"
        ),
        _measured(stages, ranked).with_columns(what=pl.col("stage").replace(loss_stages.STAGES)),
        partial(loss_stages.of_exchanges, drawn) if drawn.height else None,
        key="stages",
        about=(
            "Liquidated → filled on the book → taken over → auto-deleveraging → borne by all. Value of positions, "
            "USD. Hatched frame: not known"
        ),
        alt="; ".join(told) or "No stage is known",
        note=(
            "An exchange without any figure stands in the table only. Windows differ from stage to stage, and a "
            "position that a vault takes over and passes on is in two: stages are set beside each other, never "
            "added. What a fund paid or lost is money, not positions; it stands in the table only."
        ),
        table=STAGES,
        empty="Of no exchange any stage is known on this day.",
    )
