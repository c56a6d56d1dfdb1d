"""Exchange by exchange: what bounds each figure, which place each may hold, what the feeds let through, what became of the losses."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from analytics import boards, league, rank, volumes, waterfall
from charts import loss_stages, venue_bounds
from charts.terms import COMPLETENESS, listed
from charts.words import number, percent, usd, utc
from pages import _feeds
from pages._liquidations_sums import NUMBER, TEXT, money
from pages._parts import ask, card

BOUNDS = {
    "name": TEXT("Exchange"),
    "reported_usd": money("Reported"),
    "bound_usd": money("At least"),
    "bound_input": TEXT("At least by", width="medium"),
    "low_usd": money("Range, low"),
    "high_usd": money("Range, high"),
    "refusal": TEXT("Why no range", width="large"),
    "method": TEXT("Method", width="large"),
    "state": TEXT("Feed lets through"),
    "regime": TEXT("Rule of the feed", width="large"),
    "since": TEXT("Since when"),
    "open_interest_change_usd": money("Open interest, change"),
    "scenario_high_usd": money("Scenario, high"),
}
RATIOS = {
    "name": TEXT("Exchange"),
    "liquidations": money("Liquidated"),
    "futures_volume": money("Futures volume"),
    "liquidations_to_volume_pct": NUMBER("÷ volume, %", format="%.1f"),
    "open_interest_before": money("Open interest before"),
    "liquidations_to_open_interest_pct": NUMBER("÷ open interest, %", format="%.1f"),
}
STAGES = {
    "name": TEXT("Exchange"),
    "what": TEXT("Stage"),
    "value_usd": money("Positions"),
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
    ranked = ask(rank.with_doubt, crash_day=day["crash_day"], board=board["board"])
    _bounds(board, ranked)
    _feeds.strip(day, tuple(ranked["venue"]))
    _odds(day["crash_day"], board, ranked)
    _ratios(day, board, ranked)
    _stages(day["crash_day"], board, ranked)


def _measured(rows: pl.DataFrame, ranked: pl.DataFrame) -> pl.DataFrame:
    """The rows with the bound of each exchange, how it came about, and the rule of its feed, for whoever takes them elsewhere."""
    told = ranked.select("venue", "bound_usd", "method", "completeness", "regime")
    return rows.join(told, on="venue", how="left", maintain_order="left")


def _bounds(board: dict[str, Any], ranked: pl.DataFrame) -> None:
    whole = ranked.filter(pl.col("high_usd").is_not_null())["name"].to_list()
    hides = ranked.filter(pl.col("high_usd").is_null())["name"].to_list()
    said = [f"{listed(whole)} can be bounded from both sides"] if whole else []
    said += [f"{listed(hides)} only from below"] if hides else []
    words = "; ".join(said)
    card(
        words[0].upper() + words[1:],
        ranked.with_columns(
            state=pl.col("completeness").replace(COMPLETENESS),
            since=pl.when("established").then(pl.lit("established")).otherwise(pl.lit("not established")),
        ),
        venue_bounds.ladder(ranked),
        key="bounds",
        about=f"Reported → at least → range. {board['origin']}, {board['window_label']}, USD. Arrow: no upper end is known",
        alt="; ".join(f"{row['name']} at least {usd(row['bound_usd'])}" for row in ranked.iter_rows(named=True)),
        note="A sum on a board does not tell what its feed hid, so a hiding feed has no range here. A range assumes that the board was read from the feed that can be seen whole; which it was is not stated. Open interest falls also by choice: it bounds nothing and is only listed.",
        table=BOUNDS,
    )


def _odds(crash_day: str, board: dict[str, Any], ranked: pl.DataFrame) -> None:
    places = ask(rank.probabilities, crash_day=crash_day, board=board["board"])
    open_places = [
        f"{row['name']} anything from place {row['best_place']} to {row['worst_place']}"
        for row in ranked.iter_rows(named=True)
        if row["best_place"] != row["worst_place"]
    ]
    proven = f"By the bounds alone: {listed(open_places)}." if open_places else "The bounds leave one order."
    if places.is_empty():
        card(
            "Which place may each hold?",
            places,
            key="odds",
            about=proven,
            empty="No venue ever stated more than its feed showed, in these tables: there is no case to take a scenario from.",
        )
        return
    first = places.filter(pl.col("place") == 1).sort("probability_pct", descending=True).row(0, named=True)
    case = ranked.row(0, named=True)
    card(
        f"In the scenario {first['name']} is first in {percent(first['probability_pct'], 0)} of the draws",
        places,
        venue_bounds.odds(places),
        key="odds",
        about=f"Scenario: a hiding feed showed between all and 1/{number(case['factor'], 2)} of what there was, as once stated ({case['factor_case']}). 20,000 draws",
        alt="; ".join(
            f"{row['name']} place {row['place']}: {percent(row['probability_pct'], 0)}"
            for row in places.iter_rows(named=True)
        ),
        note=f"A scenario, not a measurement: the true factors are not known. {proven}",
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
        note="The windows differ, so a ratio compares exchanges with each other and says nothing of one alone; a hiding feed makes it a floor. It stands only where both figures are known.",
        empty="For no exchange of this day both figures of a ratio are known here.",
    )


def _stages(crash_day: str, board: dict[str, Any], ranked: pl.DataFrame) -> None:
    stages = ask(waterfall.stages, crash_day=crash_day, board=board["board"])
    known = stages.filter(pl.col("value_usd").is_not_null(), pl.col("stage") != "liquidated")
    drawn = stages.filter(pl.col("value_usd").is_not_null().any().over("venue"))
    told = [
        f"{row['name']}: {usd(row['value_usd'])} {loss_stages.STAGES[row['stage']]}"
        for row in known.iter_rows(named=True)
    ]
    unknown = stages.filter(pl.col("value_usd").is_null(), pl.col("stage") != "liquidated").height
    card(
        f"Of {unknown + known.height} steps after liquidation, {'these are' if known.height > 1 else 'one is' if known.height else 'none is'} known{': ' if told else ''}{'; '.join(told)}",
        _measured(stages, ranked).with_columns(what=pl.col("stage").replace(loss_stages.STAGES)),
        loss_stages.of_exchanges(drawn) if drawn.height else None,
        key="stages",
        about="Liquidated → filled on the book → taken over → auto-deleveraging → borne by all. Value of positions, USD. Hatched frame: not known",
        alt="; ".join(told) or "No stage is known",
        note="Windows differ from stage to stage, and a position that a vault takes over and passes on is in two: stages are set beside each other, never added. What a fund paid or lost is money, not positions; it stands in the table only.",
        table=STAGES,
        empty="Of no exchange any stage is known on this day.",
    )
