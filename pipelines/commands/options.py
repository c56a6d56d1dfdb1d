"""The options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Start = Annotated[
    str | None,
    typer.Option(
        help=(
            "First moment, ISO with zone, e.g. 2025-10-10T00:00Z. By default two whole UTC days ago, "
            "or since the source last worked."
        )
    ),
]
End = Annotated[str | None, typer.Option(help="End, not included; now by default.")]
Symbols = Annotated[
    list[str] | None, typer.Option(help="Base asset (BTC) or symbol (BTC/USDT:USDT); may be given again.")
]
Sources = Annotated[list[str] | None, typer.Option(help="Only this source; may be given again. See `sources`.")]
Event = Annotated[str | None, typer.Option(help="A crash day, for its window: oct-10-2025.")]
Group = Annotated[str | None, typer.Option(help="Only sources worth asking this often: fast, hourly, daily.")]
Offline = Annotated[
    bool,
    typer.Option("--offline", help="Rebuild everything from the embedded facts and the stored bytes; no network."),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="Fetch nothing; say what would be asked for, how long at least, and what is missing."
    ),
]
DieWithParent = Annotated[bool, typer.Option("--die-with-parent", hidden=True)]
