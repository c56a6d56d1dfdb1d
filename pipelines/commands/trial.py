"""Try one source for one day: what a reviewer of a source wants to see, and nothing published."""

from __future__ import annotations

from typing import Annotated

import polars as pl
import typer

from pipelines.commands.options import Symbols
from pipelines.commands.output import failure_in_a_sentence, out, wrong_use_in_a_sentence
from pipelines.commands.report import print_outcome
from pipelines.config import Settings
from pipelines.refreshing import asking
from pipelines.refreshing.trial import Trial, trial
from pipelines.schedule import PARTLY

MOST_MARKETS = 20
"""Markets of a table that are printed, those with the most rows first; the last line counts the others."""


def try_source(
    source: Annotated[str, typer.Argument(help="A source; see `sources`.")],
    day: Annotated[str, typer.Option(help="A UTC day: 2025-10-10.")],
    symbol: Symbols = None,
) -> None:
    """Run one source for one day, publish nothing, and show its rows, its totals and what it would change."""
    settings = Settings()
    with wrong_use_in_a_sentence():
        [module] = asking.chosen(settings, [source], None)
        ask = asking.ask_for_day(day, symbol)
        asking.refuse_unknown_symbols([module], ask)
    with failure_in_a_sentence(settings):
        tried = trial(settings, module, ask)
    _print_trial(tried, day)
    if module.SOURCE.accumulates and any(change.changed for change in tried.changes):
        out.print("Pieces of this source overlap: rows that are published already stay as they were first read.")
    if tried.outcome.error or not tried.pieces:
        raise typer.Exit(PARTLY if tried.pieces else 1)


def _print_trial(tried: Trial, day: str) -> None:
    print_outcome(tried.outcome)
    if not tried.pieces:
        if not tried.outcome.error:
            out.print(f"It has nothing to ask for on {day}. Its span: python -m pipelines sources")
        return
    for table, totals in tried.totals.items():
        _print_totals(table, totals)
    for change in tried.changes:
        out.print(
            f"{change.table}, beside what is published: {change.new:,} rows new, {change.changed:,} changed, "
            f"{change.same:,} the same, {change.gone:,} gone"
        )
    out.print(f"Nothing was published. Pieces tried: {len(tried.pieces):,}.")


def _print_totals(table: str, totals: pl.DataFrame) -> None:
    """A line a market."""
    figures = totals.columns[totals.columns.index("rows") :]
    for total in totals.head(MOST_MARKETS).iter_rows(named=True):
        market = " ".join(str(value) for column, value in total.items() if column not in figures)
        out.print(f"{table} {market}: {', '.join(f'{name} {_written(total[name])}' for name in figures)}")
    if totals.height > MOST_MARKETS:
        others = totals.tail(-MOST_MARKETS)
        out.print(f"{table}: {others.height:,} more markets, rows {others['rows'].sum():,}")


def _written(value: int | float | None) -> str:
    if value is None:
        return "not known"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}" if abs(value) >= 1 else f"{value:.4g}"
