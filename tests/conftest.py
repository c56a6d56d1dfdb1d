"""What tests share: a warehouse built once from the committed facts, in a folder of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from analytics.warehouse import Hub, Warehouse, hub
from pipelines.config import ROOT, Settings
from pipelines.refreshing import build

# The same examples on every machine, and never a failure because a machine is slow.
settings.register_profile(
    "crashday", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("crashday")


@pytest.fixture(scope="session", autouse=True)
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """All state of the test run; the reader's own data folder is never touched."""
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRASHDAY_DATA_DIR", str(folder))
        generation, outcomes = build.build(Settings())
        assert generation is not None, outcomes
        yield folder
    hub.cache_clear()


@pytest.fixture(scope="session")
def warehouse(data_dir: Path) -> Iterator[Warehouse]:
    """The published generation, leased."""
    with Hub(data_dir / "warehouse").lease() as leased:
        yield leased


@pytest.fixture
def own(data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of a test that may break what it likes: a copy of the warehouse and of the embedded facts."""
    shutil.copytree(data_dir / "warehouse", tmp_path / "data" / "warehouse")
    shutil.copytree(ROOT / "data" / "reference", tmp_path / "reference")
    monkeypatch.setenv("CRASHDAY_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("CRASHDAY_REFERENCE_DIR", str(tmp_path / "reference"))
    return Settings()
