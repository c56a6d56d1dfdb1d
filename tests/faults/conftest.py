"""The scene of the faults: a data folder, and a source that answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.config import Settings
from pipelines.generations.draft import current
from tests.faults import victim
from tests.faults.victim import Scene
from tests.pipelines.sources_kit import settings_for
from tests.replay.server import Replay, serve


@pytest.fixture(scope="session")
def replay() -> Iterator[Replay]:
    with serve(*victim.tape()) as running:
        yield running


@pytest.fixture(scope="session")
def scene(replay: Replay, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """A warehouse with embedded facts, and what two days of trades make of it."""

    def settings(folder: Path) -> Settings:
        return settings_for(folder, replay.base, victim.SOURCE)

    before = tmp_path_factory.mktemp("before")
    published = current(settings(before).warehouse_dir)
    scene = Scene(before, settings, published.content_hash, "")
    with scene.copy(tmp_path_factory.mktemp("after") / "data") as undisturbed:
        victim.refresh(undisturbed)
        scene.content_after = current(undisturbed.warehouse_dir).content_hash
    return scene
