"""How large the market is said to be, by three denominators, and which quoted shares hold."""

from __future__ import annotations

from functools import partial

import polars as pl
import streamlit as st

from analytics.tokenized import claims, history, market
from charts.tokenized import claims as claims_chart
from charts.tokenized import readings
from charts.words import number, percent, usd, usd_range, utc
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.columns import CHECK, NUMBER, TEXT
from pages.shared.tiles import figures
from pages.tokenized import moves
from pages.tokenized.rule import Chosen
from pages.tokenized.words import dated, in_words, points_in_words

CLAIMS = {
    "subject": TEXT("Issuer"),
    "claim_pct": NUMBER("Claimed, %", format="%.0f"),
    "claim_origin": TEXT("Claimed by"),
    "claimed_when": TEXT("Claim of"),
    "claim_scope": TEXT("Claimed scope"),
    "when": TEXT("Reading of"),
    "origin": TEXT("Reading by"),
    "share_pct": NUMBER("Share of all, %", format="%.1f"),
    "class_name": TEXT("Class"),
    "class_low_pct": NUMBER("Of the class, at least %", format="%.1f"),
    "class_high_pct": NUMBER("at most %", format="%.1f"),
    "claim_confidence": TEXT("Claim's confidence"),
    "claim_note": TEXT("About the claim", width="large"),
}


def denominators(_: Chosen) -> None:
    st.markdown(
        "How much circulates, how much changes hands and how many hold it are three questions. Open interest "
        "of stock perpetuals is a fourth: nothing is owned there, so it is never added."
    )
    shown = []
    for measure, say in (("value", usd), ("volume", usd), ("holders", number)):
        latest = ask(history.sizes, measure=measure).filter(pl.col("confidence") != "low").sort("as_of")
        latest = latest.filter((pl.col("origin") == "rwa.xyz") | (latest["origin"] != "rwa.xyz").all()).tail(1)
        shown += [
            (
                in_words(row["metric"]).capitalize(),
                say(row["value"]),
                {**row, "window_label": None, "universe": row["scope"]},
            )
            for row in latest.iter_rows(named=True)
        ]
    figures(shown, key="denominators")
    _size("value", "Circulating value, as published", "USD billion")
    left, right = st.columns(2)
    with left:
        _size("holders", "Addresses that hold, as published", "Addresses; one person can have many")
    with right:
        _volumes()
    if not ask(history.sizes, measure="open interest").is_empty():
        _size("open interest", "Open interest of stock perpetuals", "USD billion; synthetic, added to nothing")
    _perpetuals()
    moves.read_daily()


PERPETUALS = {
    "when": TEXT("As of"),
    "subject": TEXT("Where"),
    "counted": TEXT("What is counted"),
    "value": NUMBER("USD", format="localized"),
    "scope": TEXT("Scope", width="large"),
    "origin": TEXT("Number by"),
    "confidence": TEXT("Confidence"),
}


def _perpetuals() -> None:
    rows = dated(ask(history.perpetuals)).with_columns(counted=pl.col("metric").str.replace_all("_", " "))
    card(
        f"Perpetuals on stocks: {rows.height} published readings, of {rows['scope'].n_unique()} scopes",
        rows,
        key="perpetuals",
        about="Contracts on a price: nothing is owned there, so they are added to no token. USD. Not drawn on one axis",
        table=PERPETUALS,
        empty="No reading of perpetuals on stocks is known.",
    )


def _volumes() -> None:
    volumes = dated(ask(history.sizes, measure="volume"))
    volumes = volumes.with_columns(counted=pl.col("metric").str.replace_all("_", " "))
    alike = volumes.height - volumes.n_unique(["metric", "scope", "origin"])
    card(
        "Volume, as published" if alike else "Volume: no two readings measure the same",
        volumes,
        key="volume",
        about="Transfers, trades on chain and trades on exchanges are different things; USD. Not drawn on one axis",
        table={
            "when": TEXT("As of"),
            "counted": TEXT("What is counted"),
            "value": NUMBER("USD", format="localized"),
            "origin": TEXT("Number by"),
            "scope": TEXT("Scope"),
            "note": TEXT("Note", width="large"),
        },
    )


def _size(measure: str, title: str, about: str) -> None:
    points = ask(history.sizes, measure=measure)
    torn = points.filter(pl.col("low") < pl.col("high")).unique("as_of", maintain_order=True)
    ranges = [
        f"{utc(row['as_of'], row['as_of_precision'])}: {_span(measure, row['low'], row['high'])}"
        for row in torn.iter_rows(named=True)
    ]
    card(
        title,
        points,
        None if points.is_empty() else partial(readings.over_time, points),
        key=f"size-{measure}",
        about=f"{about}. A line joins readings of one publisher, metric and scope; open circles have low confidence",
        alt=points_in_words(points),
        note="Readings of one scope and date that disagree are a range: " + "; ".join(ranges) + "." if ranges else "",
    )


def _span(measure: str, low: float, high: float) -> str:
    return usd_range(low, high) if measure == "value" else f"{number(low)} to {number(high)}"


def claims_checked(chosen: Chosen) -> None:
    rows = ask(claims.checked, ruleset=chosen.rule, own_rule=chosen.mine)
    if rows.is_empty():
        card(
            "Claims",
            rows,
            key="claims",
            about="Quoted shares",
            empty="No quoted share can be checked with these readings.",
        )
        return
    first = rows.row(0, named=True)
    undated = " without a date" if first["claim_precision"] == "unknown" else ""
    of_first = rows.filter(pl.col("claim_id") == first["claim_id"])
    given = ", ".join(
        f"{percent(row['share_pct'])} ({utc(row['as_of'], row['as_of_precision'])})"
        for row in of_first.iter_rows(named=True)
    )
    card(
        f"{first['subject']}: {percent(first['claim_pct'], 0)} was quoted{undated}, the readings give {given}",
        rows,
        partial(claims_chart.beside_readings, rows),
        key="claims",
        about="Quoted shares beside the same issuers' share in every reading by value that names them, %",
        alt="; ".join(
            (
                f"{row['subject']} {percent(row['claim_pct'], 0)} claimed by {row['claim_origin']}, "
                f"{percent(row['share_pct'])} on {utc(row['as_of'], row['as_of_precision'])}"
            )
            for row in rows.iter_rows(named=True)
        ),
    )
    _against_their_class(chosen, rows)


def _against_their_class(chosen: Chosen, rows: pl.DataFrame) -> None:
    said = dated(rows, "claim_as_of", "claim_precision").rename({"when": "claimed_when"})
    card(
        "The same, against the whole market and against their own class",
        dated(said),
        key="claims-table",
        about=(
            f"Class by the chosen rule: {chosen.name}. Its share is a range, as a part of each reading is not named "
            "by issuer"
        ),
        table=CLAIMS,
    )


def every_reading(_: Chosen) -> None:
    rows = dated(ask(market.everything))
    card(
        f"All {rows.height} readings",
        rows,
        key="readings",
        about=(
            "Whole market, issuers, chains, sums and single tokens; only issuers of one reading add up. What was "
            "computed from a reading says so"
        ),
        table={
            "when": TEXT("As of"),
            "subject": TEXT("Of"),
            "subject_kind": TEXT("Kind"),
            "metric": TEXT("Metric"),
            "value": NUMBER("Value", format="localized"),
            "unit": TEXT("Unit"),
            "scope": TEXT("Scope"),
            "origin": TEXT("Number by"),
            "confidence": TEXT("Confidence"),
            "second_hand": CHECK("Second hand"),
            "note": TEXT("Note", width="large"),
        },
    )
