"""What runs until it is stopped: refreshes by the clock, and the recorder of live feeds."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import typer

from pipelines import schedule as scheduling
from pipelines.children import die_with_parent as end_with_parent
from pipelines.commands.options import DieWithParent
from pipelines.commands.output import err, out
from pipelines.config import SCHEDULE, Settings
from pipelines.recording import recorder, streams


def schedule(
    once: Annotated[
        bool, typer.Option("--once", help="Refresh what is due by now and end: for cron, a timer or a workflow.")
    ] = False,
    die_with_parent: DieWithParent = False,
) -> None:
    """Refresh by the clock until stopped: a cron expression per source group, missed runs caught up once."""
    if die_with_parent:
        end_with_parent()
    settings = Settings()
    try:
        triggers = {group: scheduling.trigger(settings, group) for group in SCHEDULE}
    except ValueError as error:
        raise typer.BadParameter(f"A cron expression in CRASHDAY_SCHEDULE_… cannot be read: {error}") from None
    for group, due in triggers.items():
        last = scheduling.last_run(settings, group, datetime.now(UTC))
        out.print(f"{group}: {due}, last ran {f'{last:%Y-%m-%d %H:%M} UTC' if last else 'never'}")
    if once:
        raise typer.Exit(scheduling.once(settings))
    scheduling.run(settings)


def record(
    venue: Annotated[list[str] | None, typer.Option(help="Only this venue; may be given again.")] = None,
) -> None:
    """Keep the live liquidation feeds until stopped (SIGTERM, Ctrl-C); a refresh loads what was kept."""
    feeds = streams.discover()
    for name in venue or []:
        if name not in feeds:
            raise typer.BadParameter(f"There is no recorded venue '{name}'. Venues: {', '.join(feeds)}")
    chosen = [feeds[name] for name in dict.fromkeys(venue or feeds)]
    asyncio.run(recorder.record(Settings(), chosen, lambda words: err.print(f"{datetime.now(UTC):%H:%M:%S} {words}")))
