"""Crash days, and the moments of their timelines."""

from __future__ import annotations

import dataframely as dy
import polars as pl

from pipelines.tables.fields import CONFIDENCE, PRECISION, Traced, choice, flag, moment, text


class CrashDays(Traced):
    """A crash day: its window, its focus and the moment it is measured from."""

    crash_day = text("Identifier used in links", primary_key=True, regex=r"^[a-z0-9-]+$")
    title = text("Name for people")
    window_start = moment("Start of the day's data")
    window_end = moment("End of the day's data")
    focus_start = moment("Default range of the charts, start")
    focus_end = moment("Default range of the charts, end")
    t0 = moment("The moment prices are compared with and days are aligned at", nullable=True)
    status = choice("Curated by hand, or proposed by the detection rule", "curated", "proposed")
    note = text("What the reader should know", nullable=True)

    @dy.rule()
    def focus_inside_window(cls) -> pl.Expr:
        return (
            (pl.col("window_start") <= pl.col("focus_start"))
            & (pl.col("focus_start") < pl.col("focus_end"))
            & (pl.col("focus_end") <= pl.col("window_end"))
        )


class Events(Traced):
    """A moment of a timeline, with the precision at which it is known."""

    event_id = text("Identifier", primary_key=True, min_length=1)
    timeline = text("The story it belongs to: a crash day, a venue's case, policy")
    ts = moment("Start of the moment; read it together with `precision`")
    precision = choice("How exactly the time is known", *PRECISION)
    category = text("Kind of event")
    venue = text("Venue or body concerned", nullable=True)
    title = text("What happened, in one line", min_length=1)
    confidence = choice("How far the report can be trusted", *CONFIDENCE)
    standing = choice("`disputed` moments are listed as wrong or contested and never drawn", "reported", "disputed")
    second_hand = flag("True where the page was not opened and another document quoted it")
    note = text("What a reader must know before quoting it", nullable=True)
