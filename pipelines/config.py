"""Settings, from the environment only: every name starts with `CRASHDAY_`."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Where state lives and how sources are reached. No secret has a default."""

    model_config = SettingsConfigDict(env_prefix="CRASHDAY_", env_nested_delimiter="_", env_nested_max_split=1)

    data_dir: Path = ROOT / "data"
    reference_dir: Path = ROOT / "data" / "reference"
    url: dict[str, str] = {}
    """Base URL per source, e.g. CRASHDAY_URL_BINANCE_VISION, so that a mirror or proxy can stand in for it."""
    key: dict[str, str] = {}
    """API keys per source, e.g. CRASHDAY_KEY_COINALYZE. A source without its key says so; the others go on."""

    backoff_seconds: float = 1.0
    """First pause before a request is tried again; it doubles with each try."""

    @cached_property
    def warehouse_dir(self) -> Path:
        return self.data_dir / "warehouse"

    @cached_property
    def snapshot_dir(self) -> Path:
        return self.data_dir / "snapshots"
