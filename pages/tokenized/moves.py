"""Who entered and left the market, on which chains it lies, and what was read of single issuers and tokens."""

from __future__ import annotations

from functools import partial

import polars as pl

from analytics.tokenized import history, products
from charts.tokenized import moves as moves_chart
from charts.tokenized import readings
from charts.words import percent, usd, utc
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.columns import NUMBER, TEXT
from pages.tokenized.words import dated, in_words, points_in_words


def entrants_and_exits() -> None:
    rows = dated(ask(products.moves), "ts", "precision")
    years = ask(products.moves_by_year)
    said = "; ".join(f"{row['year']}: {row['products']} {row['move']}" for row in years.iter_rows(named=True))
    undated = rows.filter((pl.col("move") == "entered") & pl.col("year").is_null())["product"].to_list()
    card(
        f"Entrants and exits: {_last_year(years)}",
        rows,
        partial(moves_chart.by_year, years) if years.height else None,
        key="moves",
        about=(
            "Products by their first day and by the day they closed, by year: finer dates are not known of all. "
            "Each product counts as one, those of low confidence are left out of the bars"
        ),
        alt=f"Bars by year. {said}",
        note=(
            f"In use, but the first day is not known, so in no bar: {', '.join(undated) or 'none'}. What is only "
            "announced is in no bar either."
        ),
        table={
            "when": TEXT("When"),
            "move": TEXT("Move"),
            "issuer": TEXT("Issuer"),
            "product": TEXT("Product", width="medium"),
            "status": TEXT("Status"),
            "confidence": TEXT("Confidence"),
            "note": TEXT("Note", width="large"),
        },
    )


def _last_year(years: pl.DataFrame) -> str:
    if years.is_empty():
        return "no day is known"
    last = years.filter(pl.col("year") == years["year"].max())
    said = [
        f"{row['products']} {row['move']}"
        + (f" ({row['low_confidence']} more with low confidence)" if row["low_confidence"] else "")
        for row in last.iter_rows(named=True)
    ]
    return f"{last['year'][0]}: {', '.join(said)}"


def share_by_chain() -> None:
    rows = dated(ask(history.chains)).with_columns(counted=pl.col("metric").str.replace_all("_", " "))
    values = rows.filter((pl.col("unit") == "USD") & (pl.col("measure") == "value"))
    card(
        f"Share by chain: {_chain_title(rows, values)}",
        rows,
        partial(readings.over_time, values) if values.height else None,
        key="chains",
        about=(
            "As published. Drawn: values, USD billion; a line joins readings of one publisher, metric and scope "
            "only. Listed: all, with shares of value and of volume, which are different wholes"
        ),
        alt=points_in_words(values),
        note=(
            "Readings that count differently are neither joined nor averaged. No share is computed here: no "
            "reading states a chain and the whole in the same scope."
        ),
        table={
            "when": TEXT("As of"),
            "subject": TEXT("Chain"),
            "counted": TEXT("What is counted"),
            "value": NUMBER("Value", format="localized"),
            "unit": TEXT("Unit"),
            "scope": TEXT("Scope"),
            "origin": TEXT("Number by"),
            "confidence": TEXT("Confidence"),
            "note": TEXT("Note", width="large"),
        },
    )


def _chain_title(rows: pl.DataFrame, values: pl.DataFrame) -> str:
    """The newest value, beside the newest one of the same chain that was counted otherwise; else the newest share."""
    if values.is_empty():
        shares = rows.filter(pl.col("unit") == "percent").tail(1)
        said = [
            f"{row['subject']} {percent(row['value'])} ({in_words(row['metric'])})"
            for row in shares.iter_rows(named=True)
        ]
        return "".join(said) or "nothing was read"
    newest = values.row(-1, named=True)
    others = values.filter((pl.col("subject") == newest["subject"]) & (pl.col("series") != newest["series"]))
    both = [newest, *others.tail(1).iter_rows(named=True)]
    counts = " or ".join(f"{usd(row['value'])} ({utc(row['as_of'], row['as_of_precision'])})" for row in both)
    return f"{newest['subject']} {counts}" + (", counted differently" if len(both) > 1 else "")


def read_daily() -> None:
    """What the refreshed sources bring: a card for each kind and metric that was read on several days."""
    values = ask(history.lines, kind="issuer", measure="value")
    _drawn(
        values,
        "Value by issuer, day by day",
        "issuer-values",
        (
            "No issuer's value was read twice in the same way. A refresh of the sources brings daily values; "
            "single readings are under “All readings”."
        ),
    )
    tokens = ask(history.lines, kind="token", measure="value")
    if tokens.height:
        _drawn(tokens, "Value of single tokens, day by day", "token-values", "")
    volumes = ask(history.lines, kind="issuer", measure="volume")
    market = ask(history.sizes, measure="volume").filter(pl.col("name").is_not_null())
    for key, points in (("issuer", volumes), ("market", market)):
        for (metric,), group in points.group_by("metric", maintain_order=True):
            whose = "by issuer" if key == "issuer" else "of the market"
            _drawn(group, f"{in_words(str(metric)).capitalize()} {whose}, day by day", f"{key}-{metric}", "")


def _drawn(points: pl.DataFrame, title: str, key: str, empty: str) -> None:
    card(
        title,
        points,
        partial(readings.over_time, points) if points.height else None,
        key=key,
        about=(
            "USD billion. A line joins readings of one publisher, metric and scope; publishers count differently, "
            "so lines do not add up. UTC"
        ),
        alt=points_in_words(points) if points.height else "",
        empty=empty,
    )
