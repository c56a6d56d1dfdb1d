"""Build and refresh: what is typed becomes one run, and what came of it is told."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import typer

from pipelines import condition, detect, health
from pipelines.children import die_with_parent as end_with_parent
from pipelines.commands.forecast import print_forecasts
from pipelines.commands.options import DieWithParent, DryRun, End, Event, Group, Json, Offline, Sources, Start, Symbols
from pipelines.commands.output import DISK_FAULTS, err, print_damage, wrong_use_in_a_sentence
from pipelines.commands.progress import Bars
from pipelines.commands.report import print_nothing, print_outcome, report
from pipelines.config import Settings
from pipelines.generations.draft import Busy
from pipelines.generations.mounts import locks_end_here
from pipelines.generations.notes import Generation
from pipelines.refreshing import asking
from pipelines.refreshing import build as building
from pipelines.refreshing import refresh as refreshing
from pipelines.refreshing.asking import WrongUse
from pipelines.refreshing.forecast import forecast
from pipelines.refreshing.outcome import Outcome
from pipelines.source import Ask, SourceModule

MOST_PIECES = 10
"""Pieces a message names; of more it gives the number."""


def build(json: Json = False) -> None:
    """Build the warehouse from the embedded facts in data/reference/. Loads only what changed; publishes once."""
    settings = Settings()
    began = time.perf_counter()
    print_damage(settings)
    with _stopping_in_a_sentence(settings):
        generation, outcomes = building.build(settings)
    if not json:
        for outcome in outcomes:
            print_outcome(outcome)
    report(settings, generation, outcomes, began, json)


def refresh(
    source: Sources = None,
    start: Start = None,
    end: End = None,
    symbol: Symbols = None,
    event: Event = None,
    group: Group = None,
    offline: Offline = False,
    dry_run: DryRun = False,
    die_with_parent: DieWithParent = False,
    json: Json = False,
) -> None:
    """Fetch what is missing or has changed at the sources, load it, publish once."""
    settings = Settings()
    began = time.perf_counter()
    if die_with_parent:
        end_with_parent()
    if kind := locks_end_here(settings.data_dir):
        err.print(
            f"{settings.data_dir} lies on {kind}, where a lock holds on this machine only: refresh it from one machine."
        )
    print_damage(settings)
    bars = Bars(err, print_nothing if json else print_outcome)
    with _stopping_in_a_sentence(settings), wrong_use_in_a_sentence():
        if offline and (source or start or end or symbol or event or group or dry_run):
            raise WrongUse("--offline rebuilds everything that is stored; give it alone.")
        if offline:
            generation, outcomes = _rebuilt(settings, bars)
        else:
            modules = asking.chosen(settings, source, group)
            ask = asking.ask(settings, start, end, event, symbol)
            if dry_run:
                asking.refuse_unknown_symbols(modules, ask)
                print_forecasts(forecast(settings, modules, ask), json)
                return
            generation, outcomes = _refreshed(settings, modules, ask, bars)
    report(settings, generation, outcomes, began, json, keys_wanted=bool(source))


def _rebuilt(settings: Settings, bars: Bars) -> tuple[Generation | None, list[Outcome]]:
    _refuse_to_lose(condition.pieces_without_bytes(settings))
    with bars:
        return refreshing.rebuild(settings, bars)


def _refreshed(
    settings: Settings, modules: list[SourceModule], ask: Ask, bars: Bars
) -> tuple[Generation | None, list[Outcome]]:
    asking.refuse_unknown_symbols(modules, ask)
    # A group nobody uses here (nothing is recorded, say) is no reason to draft a generation.
    if not modules:
        return None, []
    with _telling_news(settings), bars:
        return refreshing.refresh(settings, modules, ask, bars)


@contextmanager
def _stopping_in_a_sentence(settings: Settings) -> Iterator[None]:
    """Another run that holds the lock is no failure; a disk that is full or broken is one, and the webhook hears it."""
    try:
        yield
    except Busy as busy:
        err.print(str(busy))
        raise typer.Exit(0) from None
    except DISK_FAULTS as error:
        words = (
            f"Stopped: {error}. Free some space or mend {settings.data_dir}, then run the same command again; "
            "what is published stays as it was."
        )
        err.print(words)
        _tell(settings, [words])
        raise typer.Exit(1) from None


@contextmanager
def _telling_news(settings: Settings) -> Iterator[None]:
    """Around a refresh: the webhook hears of what failed or works again since, and of crash days newly proposed."""
    before, days = health.health(settings.data_dir, datetime.now(UTC)), detect.proposed(settings.warehouse_dir)
    yield
    news = health.news(before, health.health(settings.data_dir, datetime.now(UTC)))
    proposed = detect.proposed(settings.warehouse_dir)
    news += [f"A crash day is proposed: {day}. {note}" for day, note in proposed.items() if day not in days]
    _tell(settings, news)


def _tell(settings: Settings, news: list[str]) -> None:
    if problem := health.post_news(settings.webhook_url, news):
        err.print(problem)


def _refuse_to_lose(pieces: list[str]) -> None:
    if pieces:
        more = f" and {len(pieces) - MOST_PIECES:,} more" if len(pieces) > MOST_PIECES else ""
        err.print(
            f"Not rebuilt: the stored bytes of {', '.join(pieces[:MOST_PIECES])}{more} are not known any more, and "
            "what is published would lose their rows. Refresh these first, or go on without a rebuild."
        )
        raise typer.Exit(1)
