"""Refreshes by the clock: a cron expression per source group, each run a child process that dies with this one.

What was missed while nobody ran is read from the log of runs, not remembered: at the start every group whose last run
is older than its last due time runs once.
"""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.blocking import BlockingScheduler
from apscheduler.triggers.cron import CronTrigger

from pipelines import watch
from pipelines.config import SCHEDULE, Settings
from pipelines.source import discover

LOOK_BACK = timedelta(days=32)

Runner = Callable[[str], None]


def run(settings: Settings, runner: Runner | None = None) -> None:
    """Run until stopped. One refresh at a time: groups that fall due together follow each other."""
    refresh = runner or _child
    scheduler = BlockingScheduler(timezone=UTC, executors={"default": ThreadPoolExecutor(1)})
    now = datetime.now(UTC)
    for group in SCHEDULE:
        first = now if is_missed(trigger(settings, group), last_run(settings.data_dir, group), now) else None
        options = {"next_run_time": first} if first else {}
        scheduler.add_job(
            refresh,
            trigger(settings, group),
            (group,),
            id=group,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
            **options,
        )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    scheduler.start()


def trigger(settings: Settings, group: str) -> CronTrigger:
    """The group's cron expression, in UTC: daylight-saving changes move nothing."""
    return CronTrigger.from_crontab((SCHEDULE | settings.schedule)[group], timezone=UTC)


def last_run(data_dir: Path, group: str) -> datetime | None:
    """When a source of this group was last tried, by the log of runs."""
    members = {name for name, module in discover().items() if module.SOURCE.group == group}
    tried = (run for run in watch.runs(data_dir) if run["loader"] in members)
    return max((datetime.fromisoformat(str(run["started_at"])) for run in tried), default=None)


def is_missed(due: CronTrigger, last: datetime | None, now: datetime) -> bool:
    """Whether a due time has passed since the group last ran. A clock that was set back misses nothing."""
    if last is None:
        return True
    if last > now:
        return False
    following = due.get_next_fire_time(None, max(last, now - LOOK_BACK) + timedelta(microseconds=1))
    return following is not None and following <= now


def die_with_parent() -> None:
    """Ask Linux to end this process when its parent dies, even by kill -9: no refresh outlives its scheduler."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def _child(group: str) -> None:
    subprocess.run([sys.executable, "-m", "pipelines", "refresh", "--group", group, "--die-with-parent"], check=False)
