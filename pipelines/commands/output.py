"""What commands print, and how what cannot be done ends one: in a sentence, with an exit code."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import orjson
import typer
from rich.console import Console

from pipelines import condition
from pipelines.config import Settings
from pipelines.generations.draft import Busy
from pipelines.generations.notes import Generation, current
from pipelines.generations.readers import GenerationGone, NoWarehouse
from pipelines.refreshing.asking import WrongUse

out = Console(highlight=False, markup=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)

DISK_FAULTS = (OSError, duckdb.OperationalError, duckdb.FatalException)
"""What a disk that is full or broken makes of a build, wherever it is met: in a copy, a load or a checkpoint."""


def print_json(value: object) -> None:
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n")


def print_damage(settings: Settings) -> None:
    for sentence in [*condition.damage(settings), *condition.index_damage(settings)]:
        err.print(sentence)


@contextmanager
def wrong_use_in_a_sentence() -> Iterator[None]:
    """What cannot be meant is told as the command line tells wrong use: with exit code 2."""
    try:
        yield
    except WrongUse as error:
        raise typer.BadParameter(str(error)) from None


@contextmanager
def failure_in_a_sentence(settings: Settings) -> Iterator[None]:
    """What cannot be done with the warehouse as it is, or with its disk, ends the command with the reason."""
    try:
        yield
    except (ValueError, Busy, NoWarehouse, GenerationGone) as error:
        err.print(str(error))
        raise typer.Exit(1) from None
    except DISK_FAULTS as error:
        err.print(f"Not done: {error}. What is published in {settings.data_dir} stays as it was.")
        raise typer.Exit(1) from None


def published_or_exit(settings: Settings) -> Generation:
    """What is published; where nothing is, the command ends with what to run."""
    generation = current(settings.warehouse_dir)
    if generation is None:
        err.print("Nothing is published yet. Run: python -m pipelines build")
        raise typer.Exit(1)
    return generation
