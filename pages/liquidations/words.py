"""The answers in words: sentences made from what `analytics` found, for whatever day, pair or rule is chosen."""

from __future__ import annotations

from typing import Any

import polars as pl

from charts.terms import listed
from charts.words import number, percent, usd, usd_range, utc

Row = dict[str, Any]

SHOWS = {
    "complete": "shows every liquidation",
    "throttled": "shows at most one order a symbol and second",
    "sampled": "shows a part of the orders, nobody says which",
    "unknown": "is not described: how much it shows is not known",
    "key_needed": "cannot be seen without a key",
    "gone": "is no longer published",
}
INTERESTS = {
    "exchange": "exchange, about itself or its trade",
    "competitor": "competitor of those it speaks of",
    "vendor": "sells such data",
    "investor": "investor",
    "research": "counts public records",
    "unknown": "not known",
}
SCOPE = "The board is a tracker's; from which feeds it was read is not stated."
RULES = {"last": "the last order passes", "largest": "the largest order passes"}


def most(ranked: pl.DataFrame, turning: pl.DataFrame) -> tuple[str, str]:
    """Which exchange liquidated most: the finding, and what stands behind it.

    `ranked` as `analytics.liquidations.bounds.of_board` gives it, `turning` as
    `analytics.liquidations.rank.turning_points`.
    """
    leader = ranked.row(0, named=True)
    first = f"{leader['name']} reported the most, {usd(leader['reported_usd'])}"
    if turning.is_empty():
        return f"{first}, and no published figure leaves another room above it", SCOPE
    return f"{first}; {listed(turning['name'].to_list())} may have liquidated more", f"{turn_words(turning)[1]} {SCOPE}"


def turn_words(turning: pl.DataFrame) -> tuple[str, str]:
    """At which factor the order turns, and what that assumes. `turning` as
    `analytics.liquidations.rank.turning_points` gives it."""
    if turning.is_empty():
        return "Would another order be possible?", ""
    first, *others = turning.iter_rows(named=True)
    finding = f"{first['name']} passes {first['leader']} from {first['factor']:.1f} times what it showed"
    finding += "".join(f", {row['name']} from {row['factor']:.1f} times" for row in others)
    why = (
        f"Assumed: {first['leader']}'s figure stands as it was read. How much the feeds of "
        f"{listed(turning['name'].to_list())} hid has no known upper end."
    )
    if first["implied_low"] is not None:
        why += (
            f" If all that {first['estimate_origin']} adds to the total was hidden by them, by each in the same "
            "proportion, "
            f"they had {first['implied_low']:.1f} to {first['implied_high']:.1f} times what they showed."
        )
    if first["stated_most"] is not None:
        why += (
            f" The most an exchange ever stated of itself is {first['stated_most']:.1f} times ({first['stated_case']})."
        )
    return finding, why


def comparable(pair: pl.DataFrame) -> tuple[str, str]:
    """Whether the figures of two exchanges compare: the finding, and why. `pair` as
    `analytics.liquidations.answers.pair` gives it."""
    if pair.height < 2:
        return "Two different exchanges are needed", "Choose another exchange to compare with."
    a, b = pair.iter_rows(named=True)
    figures = " and ".join(f"{row['name']} {usd(row['total_usd'])}" for row in (a, b))
    feeds = "; ".join(f"{row['name']}'s best feed {SHOWS[row['completeness']]}{_since(row)}" for row in (a, b)) + "."
    if a["board"] is None:
        return f"Not known: no board of this day names both {a['name']} and {b['name']}", feeds
    told = f"{a['origin']}, {a['window_label']}, as of {utc(a['as_of'], a['as_of_precision'])}: {figures}. {feeds}"
    states = {a["completeness"], b["completeness"]}
    if states == {"complete"}:
        return (
            f"Yes: {a['name']} and {b['name']} can both be seen whole",
            f"{told} From which feed the board was read is not stated.",
        )
    if "complete" in states:
        whole, hides = (a, b) if a["completeness"] == "complete" else (b, a)
        return (
            f"No: {hides['name']}'s figure is only a floor, while {whole['name']}'s feed can be seen whole",
            f"{told} What can be said: {hides['name']} liquidated at least {usd(hides['total_usd'])}.",
        )
    if len(states) == 1 and states != {"unknown"}:
        return (
            f"Only as floors: {a['name']} and {b['name']} both hide a part",
            f"{told} Which one hides more is not known.",
        )
    return f"No: {a['name']} and {b['name']} are measured differently, and neither is whole", told


def between_days(days: pl.DataFrame, changes: pl.DataFrame, alike: pl.DataFrame) -> tuple[str, str]:
    """How two days compare: the finding, and why. Rows as `analytics.liquidations.answers` gives them; `days` holds
    two."""
    if days.height < 2 or days["crash_day"].n_unique() < 2:
        return "Two different days are needed", "Choose another day to compare with."
    a, b = days.iter_rows(named=True)
    broken = [f"{row['name']}'s feed on {utc(row['changed_at'], 'day')}" for row in changes.iter_rows(named=True)]
    why = f"Between the days the measurement changed: {listed(broken)}. " if broken else ""
    if not alike.is_empty():
        parts = [f"{row['name']} with {number(row['times'], 2)} times as much" for row in alike.iter_rows(named=True)]
        first, second = alike.select("first_window", "second_window").row(0)
        why += f"Measured in one way on both days, as far as is known: {listed(parts)} (windows: {first}; {second}). "
    if a["total_usd"] is None or b["total_usd"] is None:
        unknown = listed([row["title"] for row in (a, b) if row["total_usd"] is None])
        why = f"Published totals: {a['title']} {usd(a['total_usd'])}, {b['title']} {usd(b['total_usd'])}. {why}"
        return f"Not known: no total of all venues was published for {unknown}", why
    if not (a["comparable"] and b["comparable"]):
        figures = f"{usd(a['total_usd'])} on {a['title']}, {usd(b['total_usd'])} on {b['title']}"
        return f"{figures}: different publications, so no ratio", why
    if broken:
        figures = f"{usd(a['total_usd'])} on {a['title']}, {usd(b['total_usd'])} on {b['title']}"
        return f"{figures}: one list, but measured differently, so no ratio", why
    times = f"{a['title']} is {number(a['total_usd'] / b['total_usd'], 2)} times {b['title']}"
    return f"{times}, in one list and with no change of measurement on record between", why


def bridge_title(lines: pl.DataFrame) -> str:
    """What one bridge finds, said in one sentence."""
    rows = list(lines.iter_rows(named=True))
    kinds = {row["kind"]: row for row in rows}
    topic = rows[0]["topic"]
    if topic == "readings":
        values = [row["value_usd"] for row in rows]
        return f"{rows[0]['origin']}'s total was read {len(rows)} times, from {usd(min(values))} to {usd(max(values))}"
    if topic == "universes":
        return (
            f"{kinds['stated']['origin']} and {kinds['part']['origin']} are {usd(kinds['difference']['value_usd'])} "
            "apart"
        )
    if topic == "exchanges":
        named = [row["line"] for row in rows if row["kind"] == "part"]
        rest = usd_range(*(kinds["difference"][end] for end in ("low_usd", "high_usd")))
        return f"{listed(named)} make up the board but for {rest}, as far as rounded figures tell"
    if topic == "estimates":
        added = [row["value_usd"] for row in rows if row["kind"] == "difference"]
        return (
            f"The estimate adds about {usd_range(*(float(f'{value:.2g}') for value in (min(added), max(added))))} "
            "to what was published"
        )
    parts = {"windows": "The parts of the window", "sides": "Long and short"}[topic]
    if "stated" not in kinds:
        return f"{parts} add up to {usd(kinds['sum']['value_usd'])}; no total is stated"
    summed, stated = kinds["sum"], kinds["stated"]["value_usd"]
    told = f"{parts} add up to {usd(summed['value_usd'])}, {usd(stated)} is stated"
    if summed["low_usd"] <= stated <= summed["high_usd"]:
        return f"{told}: the same within the rounding of the parts"
    return f"{told}: {percent(100 * abs(summed['value_usd'] / stated - 1))} apart"


def _since(row: Row) -> str:
    return "" if row["established"] else " (since when is not established)"
