"""What the tests of sources share: what is asked for, and a refresh against the replay server."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import duckdb
import polars as pl
import pytest

from pipelines.config import Settings
from pipelines.generations.draft import current
from pipelines.refreshing.outcome import Outcome
from pipelines.refreshing.refresh import refresh
from pipelines.source import Ask, discover

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def opened(*bodies: bytes) -> list[BinaryIO]:
    """Bodies as a `heavy` source gets them: files, which mind a wrong place as bytes in memory do not."""
    files = [tempfile.TemporaryFile() for _ in bodies]  # noqa: SIM115
    for file, body in zip(files, bodies, strict=True):
        file.write(body)
        file.seek(0)
    return files


def ask(start: str, end: str, *symbols: str, now: datetime = NOW) -> Ask:
    return Ask(datetime.fromisoformat(start), datetime.fromisoformat(end), now, symbols)


def settings_for(data_dir: Path, base: str, source: str, **more: object) -> Settings:
    """Settings of a run of its own on a copy of the test warehouse, the source pointed at the replay server, no
    pauses."""
    built = Settings().warehouse_dir
    if not (data_dir / "warehouse").exists():
        shutil.copytree(built, data_dir / "warehouse")
    return Settings(data_dir=data_dir, url={source: base}, backoff_seconds=0.0, **more)


def run(settings: Settings, source: str, asked: Ask) -> Outcome:
    """One refresh of one source, end to end through the real session, at any pace; returns what it did."""
    module = discover()[source]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "SOURCE", replace(module.SOURCE, requests_per_second=1_000))
        _, outcomes = refresh(settings, [module], asked)
    return outcomes[-1]


def rows(settings: Settings, sql: str, parameters: Mapping[str, object] | None = None) -> pl.DataFrame:
    """Rows of the published generation."""
    published = current(settings.warehouse_dir)
    assert published is not None
    with duckdb.connect(str(settings.warehouse_dir / published.file), read_only=True) as connection:
        connection.execute("SET TimeZone='UTC'")
        return connection.sql(sql, params=dict(parameters or {})).pl()
