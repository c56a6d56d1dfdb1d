"""The one place where a refresh becomes visible: look for crash days, declare, note the run, publish, tidy up."""

from __future__ import annotations

from datetime import UTC, datetime

from pipelines import detect, health
from pipelines.generations import retention
from pipelines.generations.draft import Draft
from pipelines.generations.notes import Generation
from pipelines.refreshing.failure import stops_all
from pipelines.refreshing.outcome import UNPUBLISHED, Outcome, start
from pipelines.refreshing.run import Run
from pipelines.source import discover
from pipelines.sources import reference_pack
from pipelines.tables import dictionary

DECLARED = "declared"
"""`snapshot_id` of rows that come from the code's own declarations."""


def publish(run: Run, outcomes: list[Outcome]) -> Generation | None:
    """Publish what was loaded, and only then note what worked: a source whose rows nobody can see has not.

    Returns None where nothing changed, and where an embedded fact was refused: then nothing is published.
    """
    outcomes += _proposed(run)
    generation = None
    if _facts_are_refused(outcomes):
        _say_unpublished(outcomes)
    else:
        _declare_sources(run.draft)
        _note_run(run.draft, outcomes)
        generation = run.draft.publish(datetime.now(UTC))
        retention.tidy(run.settings, datetime.now(UTC))
    health.note(run.settings.data_dir, outcomes)
    return generation


def _proposed(run: Run) -> list[Outcome]:
    """Look for new crash days in what was loaded; an outcome where that fails, which stops no publication."""
    outcome = start("detection")
    try:
        with run.draft.whole():
            detect.propose(run.draft, run.settings.detect)
    except BaseException as error:
        if stops_all(error):
            raise
        why = f"No new crash days could be looked for ({type(error).__name__})"
        outcome.failed(f"{why}; those proposed before stay, and all else goes on.")
        outcome.finished_at = datetime.now(UTC)
        run.watch.ended(outcome)
    return [outcome] if outcome.error else []


def _facts_are_refused(outcomes: list[Outcome]) -> bool:
    return any(outcome.outcome == "failed" and outcome.loader == reference_pack.SOURCE.id for outcome in outcomes)


def _say_unpublished(outcomes: list[Outcome]) -> None:
    for outcome in outcomes:
        if outcome.outcome == "loaded":
            outcome.failed(f"{outcome.loader}: {UNPUBLISHED}")


def _declare_sources(draft: Draft) -> None:
    """One row in `sources` for each fetched source that has bytes here, from what it says of itself.

    A source the embedded facts describe already (a feed named in `feed_regimes`) keeps that description:
    ids are unique.
    """
    draft.forget([DECLARED], ("sources",))
    loaders = draft.rows("SELECT DISTINCT loader FROM snapshots")["loader"].to_list()
    described = [reference_pack.SOURCE.id, *draft.rows("SELECT source_id FROM sources")["source_id"].to_list()]
    declared = [module.SOURCE for name, module in discover().items() if name in loaders and name not in described]
    rows = [
        {
            "source_id": one.id,
            "publisher": one.publisher,
            "dataset": one.dataset,
            "url": one.url,
            "licence": one.licence,
            "checked": one.method,
            "kind": "series",
            "linkable": True,
            "snapshot_id": DECLARED,
        }
        for one in declared
    ]
    draft.insert("sources", dictionary.frame("sources", rows))


def _note_run(draft: Draft, outcomes: list[Outcome]) -> None:
    columns = dictionary.column_names("runs")
    rows = [{column: getattr(outcome, column) for column in columns} for outcome in outcomes]
    draft.insert("runs", dictionary.frame("runs", rows))
