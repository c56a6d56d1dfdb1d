"""What came of a build or a refresh, for people and machines, and the exit code that says it."""

from __future__ import annotations

import time
from dataclasses import asdict

import typer

from pipelines.commands.output import err, out, print_json
from pipelines.config import Settings
from pipelines.generations.notes import Generation, current
from pipelines.refreshing.outcome import UNPUBLISHED, Outcome
from pipelines.schedule import PARTLY
from pipelines.sources import reference_pack

MOST_REFUSALS = 20
"""Refused rows that are printed of one source; all are in the table quarantine."""


def report(
    settings: Settings,
    generation: Generation | None,
    outcomes: list[Outcome],
    began: float,
    json: bool,
    keys_wanted: bool = False,
) -> None:
    """Say what was published, and end with the exit code of what happened."""
    published = current(settings.warehouse_dir)
    code = _exit_code(outcomes, keys_wanted)
    if json:
        print_json(
            {
                "published": published and asdict(published),
                "new": generation is not None,
                "sources": [asdict(outcome) for outcome in outcomes],
            }
        )
        raise typer.Exit(code)
    for outcome in outcomes:
        if outcome.error and UNPUBLISHED in outcome.error:
            err.print(f"{outcome.loader}: {UNPUBLISHED}")
    if generation:
        seconds, content = time.perf_counter() - began, generation.content_hash[:12]
        out.print(f"Published generation {generation.generation} in {seconds:.1f} s, content {content}.")
    elif code:
        out.print(f"Nothing was published. {_still(published)}")
    else:
        out.print(f"Nothing changed. {_still(published)}")
    raise typer.Exit(code)


def print_outcome(outcome: Outcome) -> None:
    """One line, and one for each thing that went wrong; where nothing else happened, those alone."""
    doubled = f", {outcome.rows_doubled:,} exact duplicates dropped" if outcome.rows_doubled else ""
    if outcome.rows_loaded or outcome.rows_refused or not outcome.error:
        word = "partly loaded" if outcome.rows_loaded and outcome.error else outcome.outcome
        out.print(
            f"{outcome.loader}: {word}, {outcome.rows_loaded:,} rows loaded, {outcome.rows_refused:,} refused{doubled}"
        )
    for line in outcome.refusals[:MOST_REFUSALS]:
        out.print(f"  refused {line}")
    if len(outcome.refusals) > MOST_REFUSALS:
        out.print(f"  … and {len(outcome.refusals) - MOST_REFUSALS} more, all in the table quarantine")
    if outcome.error:
        err.print(outcome.error)


def print_nothing(_: Outcome) -> None:
    """The JSON at the end says it."""


def _exit_code(outcomes: list[Outcome], keys_wanted: bool) -> int:
    """0 done, 1 failed, PARTLY. Embedded facts are never part of it: where one is refused, nothing is published."""
    bad = {"failed", "skipped"} if keys_wanted else {"failed"}
    failed = {outcome.loader for outcome in outcomes if outcome.outcome in bad}
    if not failed:
        return 0
    loaded = {outcome.loader for outcome in outcomes if outcome.rows_loaded}
    return PARTLY if loaded - {reference_pack.SOURCE.id} and reference_pack.SOURCE.id not in failed else 1


def _still(published: Generation | None) -> str:
    return (
        f"Generation {published.generation}, built {published.built_at}, stays published."
        if published
        else "No generation is published yet."
    )
