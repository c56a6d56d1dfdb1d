"""Settings, from the environment only: every name starts with `CRASHDAY_`."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel
from pydantic_settings import BaseSettings, SettingsConfigDict

SCHEDULE = {"fast": "*/10 * * * *", "hourly": "7 * * * *", "daily": "20 3 * * *"}

ROOT = Path(__file__).resolve().parent.parent


class DetectionRule(BaseModel):
    """When a day counts as a crash day by its own past: see `detect.py`."""

    days: int = 90
    least_days: int = 20
    times: float = 4.0
    spreads: float = 6.0
    least_drawdown_pct: float = 6.0


class Settings(BaseSettings):
    """Where state lives and how sources are reached. No secret has a default."""

    model_config = SettingsConfigDict(env_prefix="CRASHDAY_", env_nested_delimiter="_", env_nested_max_split=1)

    data_dir: Path = ROOT / "data"
    reference_dir: Path = ROOT / "data" / "reference"
    url: dict[str, str] = {}
    """Base URL per source, e.g. CRASHDAY_URL_BINANCE_KLINES, so that a mirror or proxy can stand in for it; per live
    feed CRASHDAY_URL_STREAM_BINANCE=wss://…"""
    key: dict[str, str] = {}
    """API keys per source, e.g. CRASHDAY_KEY_COINALYZE. A source without its key says so; the others go on."""

    schedule: dict[str, str] = {}
    """Cron expressions in UTC that replace those of SCHEDULE, e.g. CRASHDAY_SCHEDULE_HOURLY="7 * * * *"."""
    run_schedule: bool = False
    """Run the schedule in a child of the web process, for people who run one thing only."""
    detect: DetectionRule = DetectionRule()
    """Thresholds of the rule that proposes crash days, e.g. CRASHDAY_DETECT_TIMES=5."""
    webhook_url: str | None = None
    """Gets Slack-compatible JSON when a source fails or recovers, a refresh stops, or a crash day is proposed."""
    keep_bytes: int = 20 << 30
    """How much disk the kept generations may take; the oldest go first, pinned ones and those in use stay."""
    backoff_seconds: float = 1.0
    """First pause before a request is tried again; it doubles with each try."""

    @property
    def warehouse_dir(self) -> Path:
        return self.data_dir / "warehouse"

    @property
    def snapshot_dir(self) -> Path:
        return self.data_dir / "snapshots"

    @property
    def inbox_dir(self) -> Path:
        """Where the recorder leaves what it kept, until a refresh has loaded it."""
        return self.data_dir / "inbox"
