"""What is noted of generations: beside each what proves it, which is published (`current.json`), which stay
(`pins.json`).

A note that cannot be read costs what it said and nothing else: readers and the next refresh do without it.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path

from pydantic import TypeAdapter

from pipelines import journal


@dataclass(frozen=True)
class Generation:
    """What `current.json` says: which file is published, and what proves it."""

    generation: int
    file: str
    sha256: str
    content_hash: str
    built_at: str
    layout: str = ""
    """Fingerprint of the tables' columns: pages of another version of the code cannot read it."""


NOTE, PINS = TypeAdapter(Generation), TypeAdapter(set[int])


def current(folder: Path) -> Generation | None:
    """What `current.json` says is published; where it cannot be read, the newest whole generation; else None."""
    return pointed_to(folder) or _newest_whole(folder)


def pointed_to(folder: Path) -> Generation | None:
    """What `current.json` says; None where it is not there or cannot be read."""
    return journal.read(folder / "current.json", _as_written)


def note_on(folder: Path, number: int) -> Generation | None:
    """What was noted beside a generation's file when it was published; None where that cannot be read."""
    generation = journal.read(note_path(folder, number), _as_written)
    return generation if generation and generation.generation == number else None


def generations(folder: Path) -> list[int]:
    """Numbers of the generations on disk, oldest first."""
    return sorted(
        int(found[1])
        for path in folder.glob("gen-*.duckdb")
        if (found := re.fullmatch(r"gen-(\d+)\.duckdb", path.name))
    )


def file_sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def is_whole(folder: Path, generation: Generation) -> bool:
    """Whether the generation's file is there, byte for byte as it was published."""
    path = folder / generation.file
    return path.exists() and file_sha256(path) == generation.sha256


def point_to(folder: Path, generation: Generation) -> None:
    """Replace `current.json` atomically: this is the publication."""
    _write(folder / "current.json", generation)


def note_down(folder: Path, generation: Generation) -> None:
    """Write beside a generation's file what proves it."""
    _write(note_path(folder, generation.generation), generation)


def mend(folder: Path) -> None:
    """Put right what a kill, a full disk or a power cut made of the notes. Hold `exclusive` around it."""
    generation = current(folder)
    if generation and generation != pointed_to(folder):
        point_to(folder, generation)
    if generation and note_on(folder, generation.generation) is None and is_whole(folder, generation):
        note_down(folder, generation)
    if _pins_are_lost(folder):
        _write_pins(folder, pinned(folder))
    lone = set(folder.glob("gen-*.json")) - {note_path(folder, number) for number in generations(folder)}
    for litter in [*lone, *folder.glob("*.tmp")]:
        litter.unlink()


def pinned(folder: Path) -> set[int]:
    """Generations that are kept until they are unpinned; every kept one where the list of them cannot be read."""
    return set(generations(folder)) if _pins_are_lost(folder) else _pins(folder) or set()


def pin(folder: Path, number: int) -> None:
    """Keep a generation until it is unpinned. Raises ValueError if it is not on disk."""
    if number not in generations(folder):
        kept = ", ".join(map(str, generations(folder))) or "none"
        raise ValueError(f"Generation {number} is not on disk. Kept: {kept}.")
    _write_pins(folder, pinned(folder) | {number})


def unpin(folder: Path, number: int) -> None:
    """Let a generation go the way of the others. Raises ValueError if it is not pinned."""
    pins = pinned(folder)
    if number not in pins:
        raise ValueError(f"Generation {number} is not pinned. Pinned: {', '.join(map(str, sorted(pins))) or 'none'}.")
    _write_pins(folder, pins - {number})


def damage(folder: Path) -> list[str]:
    """What of the notes cannot be read, and what that means: a sentence each."""
    kept, sentences = generations(folder), list[str]()
    if kept and pointed_to(folder) is None:
        generation = current(folder)
        instead = f"generation {generation.generation}, the newest whole one, stands for it" if generation else ""
        sentences.append(
            f"current.json cannot be read; {instead or 'no kept generation is whole'}. "
            "The next build or refresh mends it."
        )
    if _pins_are_lost(folder):
        sentences.append(
            "pins.json cannot be read, so every kept generation counts as pinned "
            f"({', '.join(map(str, kept)) or 'none'}). Unpin those that need not stay."
        )
    for number in kept:
        if note_on(folder, number) is None:
            sentences.append(
                f"{note_path(folder, number).name} cannot be read. The next build or refresh mends it if generation "
                f"{number} is the published one; else nothing proves its file, and it is not shown until it goes "
                "with its age."
            )
    return sentences


def _newest_whole(folder: Path) -> Generation | None:
    for number in reversed(generations(folder)):
        generation = note_on(folder, number)
        if generation and _sha256_as_of(folder / generation.file) == generation.sha256:
            return generation
    return None


def _sha256_as_of(path: Path) -> str | None:
    """The hash of a file, computed again only once it was written to."""
    try:
        written = path.stat()
    except FileNotFoundError:
        return None
    return _sha256_once(path, written.st_ino, written.st_size, written.st_mtime_ns)


@lru_cache(64)
def _sha256_once(path: Path, *_: int) -> str:
    return file_sha256(path)


def built_at(folder: Path, number: int) -> datetime:
    """When a generation was built: by its note, else by its file."""
    generation = note_on(folder, number)
    if generation is None:
        return datetime.fromtimestamp(file_path(folder, number).stat().st_mtime, UTC)
    return datetime.fromisoformat(generation.built_at)


def file_path(folder: Path, number: int) -> Path:
    return folder / f"gen-{number:06d}.duckdb"


def note_path(folder: Path, number: int) -> Path:
    """What was published about a generation, beside its file."""
    return file_path(folder, number).with_suffix(".json")


def _as_written(text: bytes) -> Generation:
    """A note as a publication writes it. Raises ValueError where it says what none would."""
    generation = NOTE.validate_json(text, strict=True)
    file = file_path(Path(), generation.generation).name
    built_at = utc_seconds(datetime.fromisoformat(generation.built_at))
    if generation.generation < 1 or generation != replace(generation, file=file, built_at=built_at):
        raise ValueError("a note that nobody wrote")
    return generation


def utc_seconds(moment: datetime) -> str:
    """How a note writes a moment."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _pins(folder: Path) -> set[int] | None:
    return journal.read(folder / "pins.json", partial(PINS.validate_json, strict=True))


def _pins_are_lost(folder: Path) -> bool:
    return _pins(folder) is None and (folder / "pins.json").exists()


def _write_pins(folder: Path, pins: set[int]) -> None:
    journal.replace(folder / "pins.json", json.dumps(sorted(pins)).encode())


def _write(path: Path, generation: Generation) -> None:
    journal.replace(path, json.dumps(asdict(generation), indent=1).encode())
