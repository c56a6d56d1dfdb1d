"""The command line: build, refresh, schedule, record, status, sources, tables, export, rollback, pin, unpin, and for
who adds a source: `source new`, try.

Exit codes: 0 done, 1 failed (what was published stays), 2 wrong use, 3 partly:
something was loaded and something failed.
"""

from __future__ import annotations

import typer

from pipelines.commands import generations, inspect, refresh, source, trial, watch

app = typer.Typer(
    help="Crashday's pipelines: from public bytes to a published warehouse.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in (
    refresh.build,
    refresh.refresh,
    watch.schedule,
    watch.record,
    generations.status,
    inspect.sources,
    inspect.tables,
    inspect.export,
    generations.rollback,
    generations.pin,
    generations.unpin,
):
    app.command()(command)
app.command("try")(trial.try_source)
app.add_typer(source.app, name="source")
