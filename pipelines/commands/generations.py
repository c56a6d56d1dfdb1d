"""The published generation and those that are kept: which, go back, keep one for longer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.options import Json
from pipelines.commands.output import failure_in_a_sentence, out, print_damage, print_json, published_or_exit
from pipelines.config import Settings
from pipelines.generations import draft, notes


def status(json: Json = False) -> None:
    """Tell which generation is published, how old it is, and which are kept."""
    settings = Settings()
    print_damage(settings)
    published = published_or_exit(settings)
    whole = draft.is_whole(settings.warehouse_dir, published)
    kept, pinned = draft.generations(settings.warehouse_dir), sorted(notes.pinned(settings.warehouse_dir))
    if json:
        print_json({**asdict(published), "whole": whole, "kept": kept, "pinned": pinned})
    else:
        state = "whole" if whole else "DAMAGED, not what was published; roll back or build again"
        content = published.content_hash[:12]
        out.print(f"Generation {published.generation}, built {published.built_at}, content {content}")
        out.print(f"File {settings.warehouse_dir / published.file}: {state}")
        out.print(f"Kept: {', '.join(map(str, kept))}")
        if pinned:
            out.print(f"Pinned: {', '.join(map(str, pinned))}")
    raise typer.Exit(int(not whole))


def rollback(
    generation: Annotated[
        int | None, typer.Argument(help="A kept generation; by default the one before the published one.")
    ] = None,
) -> None:
    """Point the readers back to an earlier generation."""
    settings = Settings()
    print_damage(settings)
    with failure_in_a_sentence(settings), draft.exclusive(settings.warehouse_dir):
        chosen = draft.rollback(settings.warehouse_dir, generation)
    out.print(f"Generation {chosen.generation} (built {chosen.built_at}) is published again.")


def pin(
    generation: Annotated[int | None, typer.Argument(help="A kept generation; the published one by default.")] = None,
) -> None:
    """Keep a generation until it is unpinned, so that links to it stay good."""
    settings = Settings()
    number = published_or_exit(settings).generation if generation is None else generation
    _change_pins(settings, notes.pin, number)
    out.print(f"Generation {number} is kept until it is unpinned.")


def unpin(generation: Annotated[int, typer.Argument(help="A pinned generation.")]) -> None:
    """Let a pinned generation go the way of the others."""
    _change_pins(Settings(), notes.unpin, generation)
    out.print(f"Generation {generation} is kept no longer than others.")


def _change_pins(settings: Settings, change: Callable[[Path, int], None], number: int) -> None:
    print_damage(settings)
    with failure_in_a_sentence(settings), draft.exclusive(settings.warehouse_dir):
        change(settings.warehouse_dir, number)
