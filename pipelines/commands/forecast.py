"""What a refresh would do, as a table."""

from __future__ import annotations

from dataclasses import asdict

from rich.table import Table

from pipelines.commands.output import out, print_json
from pipelines.refreshing.forecast import Forecast


def print_forecasts(forecasts: list[Forecast], json: bool) -> None:
    """A line a source and a line for all, or JSON."""
    if json:
        print_json([asdict(one) for one in forecasts])
        return
    table = Table("source", "pieces", "here", "requests", "minutes", "MB", "what will be missing")
    for one in forecasts:
        size = "not known" if one.megabytes is None else f"{one.megabytes:,.0f}"
        table.add_row(
            one.source,
            f"{one.pieces:,}",
            f"{one.here:,}",
            f"{one.requests:,}",
            f"{one.minutes:.1f}",
            size if one.requests else "0",
            one.missing,
        )
    out.print(table)
    pieces, requests = sum(one.pieces for one in forecasts), sum(one.requests for one in forecasts)
    minutes = sum(one.minutes for one in forecasts)
    slowest = max(forecasts, key=lambda one: one.minutes, default=None)
    longest = f", {slowest.source} {slowest.minutes:.0f} of them" if slowest and slowest.minutes >= 1 else ""
    out.print(
        f"{pieces:,} pieces, at least {requests:,} requests and {minutes:.0f} minutes at the pace the sources keep to"
        f"{longest}; where a reply has more pages, they come on top. Nothing was fetched."
    )
