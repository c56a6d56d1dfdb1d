"""A market against its sibling: mark against last, perpetual against spot."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from analytics.market import basis as question
from charts.market import dislocation as chart
from charts.words import clock
from pages.shared import words
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.columns import NUMBER, TEXT, TIME

LOWS = {
    "name": TEXT("Venue"),
    "basis": TEXT("Pair"),
    "low": NUMBER("Its low", format="%.8g"),
    "low_other": NUMBER("Low of the other", format="%.8g"),
    "gap_pct": NUMBER("Gap, %", format="%.2f"),
    "ts": TIME("Bar from", format="MMM D, HH:mm"),
    "interval": TEXT("Bars of"),
    "widest_pct": NUMBER("Widest at a close, %", format="%.2f"),
    "widest_ts": TIME("at", format="MMM D, HH:mm"),
}


def both_prices(base: str, start: datetime, end: datetime) -> None:
    rows = ask(question.paths, base=base, start=start, end=end)
    about = f"{words.span(start, end)}. At the close of each bar, percent of the other price"
    if rows.is_empty():
        card(
            f"{base}: mark against last, perpetual against spot",
            rows,
            key="basis",
            about=about,
            empty=(
                f"No venue has both a mark and a last price of {base}, or both a perpetual and spot, at one bar "
                "length here."
            ),
        )
        return
    lows = ask(question.lows, base=base, start=start, end=end)
    said = [
        (
            f"{row['name']}'s {row['basis'].split(' − ')[0]} {words.price(row['low'])}, "
            f"{row['basis'].split(' − ')[1]} {words.price(row['low_other'])}"
        )
        for row in lows.iter_rows(named=True)
    ]
    card(
        f"At the low: {said[0]}",
        rows,
        partial(chart.basis, rows, start, end),
        key="basis",
        about=about,
        alt="Lines of the basis: " + "; ".join(said),
    )
    first = lows.row(0, named=True)
    card(
        f"The bar of the low, {clock(first['ts'])}–{clock(first['close_at'])}: both lows",
        lows,
        key="basis-lows",
        about=f"{words.span(start, end)}. The lows of one bar need not be of one moment; nobody trades at a mark",
        table=LOWS,
    )
