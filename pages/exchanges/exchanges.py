"""What each exchange reported, what of it compares, and what became of the losses."""

from __future__ import annotations

from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from analytics.data import sources
from analytics.liquidations import boards, regimes, venue_reports
from analytics.market import volumes
from analytics.who_paid import adl
from charts.liquidations import exchange_bars
from charts.market import volume_bars
from charts.terms import COUNTING, PHASES, listed, trust
from charts.words import clock, each, number, percent, usd, utc
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.choose import chosen_by_id, chosen_day, say_unusable
from pages.shared.columns import NUMBER, TEXT, money
from pages.shared.feeds import FEEDS, comparable_words, strip
from pages.shared.words import safe, worded

READINGS = {
    "part": TEXT("Window covers"),
    "window_label": TEXT("Window", width="medium"),
    "name": TEXT("Exchange"),
    "total_usd": money("Total"),
    "long_usd": money("Long"),
    "short_usd": money("Short"),
    "universe": TEXT("Universe"),
    "counting": TEXT("Counting"),
    "origin": TEXT("Number by"),
    "read": TEXT("As of"),
    "trust": TEXT("Trust"),
    "note": TEXT("Note", width="large"),
}
INTEREST = {
    "name": TEXT("Exchange"),
    "universe": TEXT("Universe"),
    "before_usd": money("Before"),
    "before_at": TEXT("Before: when"),
    "after_usd": money("After"),
    "after_at": TEXT("After: when"),
    "change_usd": money("Change"),
    "change_pct": NUMBER("Change, %", format="%.1f"),
    "origin": TEXT("Number by"),
    "trust": TEXT("Trust"),
    "note": TEXT("Note", width="large"),
}
REPORT = {
    "name": TEXT("Exchange"),
    "metric": TEXT("What"),
    "value": money("Figure"),
    "unit": TEXT("Unit"),
    "value_text": TEXT("In words"),
    "counting": TEXT("Counting"),
    "window_text": TEXT("Window"),
    "origin": TEXT("Number by"),
    "trust": TEXT("Trust"),
    "note": TEXT("Note", width="large"),
}


def with_words(reports: pl.DataFrame) -> pl.DataFrame:
    """The rows with trust, counting and time as words, as the tables show them."""
    return worded(reports).with_columns(counting=pl.col("counting").replace(COUNTING))


def chosen_board(known: pl.DataFrame) -> dict[str, Any] | None:
    """The board of this view, by link or by choice: one of those that name exchanges; None where there is none."""
    if known.is_empty():
        st.query_params.pop("board", None)
        return None
    rows = {row["board_id"]: row for row in known.iter_rows(named=True)}
    return rows[chosen_by_id("Board", {key: _board(row) for key, row in rows.items()}, key="board", what="board")]


def _board(row: dict[str, Any]) -> str:
    whole = f"{usd(row['total_usd'])} in all" if row["total_usd"] else f"{usd(row['named_usd'])} named"
    read = utc(row["as_of"], row["as_of_precision"])
    asset = "" if row["asset"] == "all" else f" {row['asset']} alone,"
    return (
        f"{row['origin']},{asset} {row['window_label']}, as of {read}, {whole}, {row['venues']} exchanges: "
        f"{PHASES[row['phase']]}"
    )


def bars(board: dict[str, Any], rows: pl.DataFrame, verdicts: pl.DataFrame) -> None:
    leader = rows.row(0, named=True)
    share = "" if leader["share_pct"] is None else f", {percent(leader['share_pct'], 0)} of the board's total"
    covers = "" if board["phase"] == "crash" else f" ({PHASES[board['phase']]})"
    asset = "" if board["asset"] == "all" else f" of {board['asset']}"
    card(
        f"{leader['name']} reported the most{asset}: {usd(leader['total_usd'])}{share}{covers}",
        rows,
        partial(exchange_bars.liquidations, rows),
        key="board",
        about=(
            f"{board['origin']}, {board['window_label']}. USD. Hatched: computed, the stated total less the "
            "exchanges named"
        ),
        alt="Bars: " + ", ".join(map(" ".join, zip(rows["name"], exchange_bars.amounts(rows), strict=True))),
        note=(
            f"{comparable_words(verdicts)}. The order of the bars is the order of what was published, not of what "
            "happened."
        ),
    )


def coverage(board: dict[str, Any], rows: pl.DataFrame) -> None:
    split = rows.filter(pl.col("long_usd").is_not_null())["name"].to_list()
    facts = {
        "Window": board["window_label"],
        "Window covers": PHASES[board["phase"]],
        "Universe": board["universe"],
        "Number by": board["origin"],
        "As of": utc(board["as_of"], board["as_of_precision"]),
        "Total stated": usd(board["total_usd"]),
        "Exchanges named": usd(board["named_usd"]),
        "Long and short": f"stated for {listed(split)}" if split else "not stated by exchange",
        "Confidence": trust(board["confidence"], board["second_hand"]),
    }
    card(
        "What this board covers",
        pl.DataFrame({"field": list(facts), "value": list(facts.values()), "source_id": board["source_id"]}),
        key="covers",
        about="Only figures of one board may be compared or added",
        table={"field": TEXT("", width=125), "value": TEXT("", width="large")},
    )


def traded_volume(day: dict[str, Any]) -> None:
    windows = ask(volumes.windows, start=day["window_start"], end=day["window_end"])
    if windows.is_empty():
        card(
            "How much was traded?",
            windows,
            key="volume",
            about="USD",
            empty="No traded volume of this day is published here.",
        )
        return
    window = windows.row(0, named=True)
    assets = ["all", *ask(volumes.assets, window_start=window["window_start"])["base_asset"]]
    say_unusable("asset", assets, "asset")
    asset = st.selectbox("Asset", assets, key="asset", bind="query-params", width=220)
    traded = ask(volumes.by_exchange, window_start=window["window_start"], asset=asset)
    caveats = ask(sources.named, ids=tuple(window["source_id"].split(";")))
    columns = st.columns(traded["market"].n_unique())
    for column, (market,) in zip(columns, traded.select("market").unique(maintain_order=True).iter_rows(), strict=True):
        part = traded.filter(pl.col("market") == market)
        most = part.row(0, named=True)
        with column:
            card(
                f"{most['name']} traded the most on {market}: {usd(most['volume_usd'])}",
                part,
                partial(volume_bars.traded, part),
                key=f"volume-{market}",
                about=(
                    f"Assets: {asset}. {utc(window['window_start'])} to {clock(window['window_end'])}. USD billion, "
                    f"{market} only"
                ),
                alt="Bars: "
                + ", ".join(f"{row['name']} {usd(row['volume_usd'])}" for row in part.iter_rows(named=True)),
                note=" ".join(f"{row['checked']}. Terms: {row['licence']}." for row in caveats.iter_rows(named=True)),
            )


def _falls(changes: pl.Series) -> str:
    """Published changes in whole percent, more than their rounded inputs do not carry."""
    low, high = (round(abs(end)) for end in (max(changes), min(changes)))
    return f"by {low} %" if low == high else f"by {low} to {high} %"


def open_interest(crash_day: str) -> None:
    interest = ask(venue_reports.open_interest, crash_day=crash_day)
    own = interest.filter(pl.col("venue") != "all")
    market = interest.filter(
        (pl.col("venue") == "all") & (pl.col("asset") == "all") & pl.col("change_pct").is_not_null()
    )
    said = [
        f"{what} {_falls(part['change_pct'])}"
        for what, part in (
            ("perpetuals", market.filter("perpetuals")),
            ("all derivatives", market.filter(~pl.col("perpetuals"))),
            *((name, part) for (name,), part in own.drop_nulls("change_pct").group_by("name", maintain_order=True)),
        )
        if part.height
    ]
    title = f"Open interest fell: {'; '.join(said)}" if said else "No change of open interest is published"
    card(
        title,
        interest.with_columns(trust=each(trust, interest, "confidence")),
        key="open-interest",
        about=(
            "As published, one row per origin. Dates, universes and definitions differ from row to row, so the "
            "rows conflict. USD, percent"
        ),
        table=INTEREST,
        empty="No open interest around this day is published here.",
    )


def deleveraging(crash_day: str) -> None:
    title = "Auto-deleveraging as published"
    for whole in ask(adl.totals, crash_day=crash_day).head(1).iter_rows(named=True):
        title = (
            f"{whole['name']} closed {usd(whole['adl_notional_usd'])} of winning positions in "
            f"{number(whole['adl_fills'])} auto-deleveraging fills"
        )
    card(
        title,
        with_words(ask(venue_reports.of_topics, crash_day=crash_day, topics=("adl",))),
        key="adl",
        about=(
            "One row per published figure; rows of low confidence last. Figures that count both sides of a trade "
            "are listed, never added"
        ),
        table=REPORT,
        empty="No auto-deleveraging of this day is published here.",
    )


top = st.container(horizontal=True, vertical_alignment="bottom")
heading = top.container(width="stretch")
day = chosen_day(top)
crash_day = day["crash_day"]

known = ask(boards.every, crash_day=crash_day)
others = with_words(ask(boards.readings, crash_day=crash_day)).with_columns(part=pl.col("phase").replace(PHASES))
board = chosen_board(known)
if board is None:
    heading.title(safe(f"{day['title']}: no published board names two exchanges"))
else:
    heading.title(safe(f"{day['title']}: what each exchange reported, and what of it compares"))
    rows = ask(boards.by_exchange, board=board["board"])
    others = others.filter(pl.col("board") != board["board"])
    venues = tuple(rows.filter(~pl.col("computed"))["venue"])
    verdicts = ask(regimes.verdicts, venues=venues, start=day["window_start"], end=day["window_end"])
    if board["phase"] != "crash":
        st.warning(
            safe(f"This board covers {PHASES[board['phase']]}: {board['window_label']}."),
            icon=":material/hourglass_bottom:",
        )
    left, right = st.columns([3, 2])
    with left:
        bars(board, rows, verdicts)
    with right:
        coverage(board, rows)
    strip(day, venues, table=FEEDS)

card(
    "Other windows and universes of the day: listed, never in the same bars",
    others,
    key="readings",
    about="Every other published figure over all assets, by what its window covers. USD",
    table=READINGS,
    empty="No other figure of this day is published here.",
)
st.header("Traded volume", divider="gray")
traded_volume(day)
st.header("Open interest", divider="gray")
open_interest(crash_day)
st.header("Auto-deleveraging, insurance, compensation, losses", divider="gray")
deleveraging(crash_day)
for key, title, topics in (
    ("insurance", "What insurance funds and vaults paid or earned", ("insurance",)),
    ("compensation", "What was paid back or promised", ("compensation",)),
    ("losses", "Who lost, as published", ("losses",)),
):
    card(
        title,
        with_words(ask(venue_reports.of_topics, crash_day=crash_day, topics=topics)),
        key=key,
        about="One row per published figure; rows of low confidence last",
        table=REPORT,
        empty="No figure of this kind is published here for this day.",
    )
