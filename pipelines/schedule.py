"""Refreshes by the clock: a cron expression per source group, each run a child process that dies with this one.

What was missed while nobody ran is read from the log of runs, not remembered: at the start every group whose last run
is older than its last due time runs once.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.blocking import BlockingScheduler
from apscheduler.triggers.cron import CronTrigger

from pipelines import watch
from pipelines.config import SCHEDULE, Settings
from pipelines.source import discover

LOOK_BACK = timedelta(days=32)


class Refreshes:
    """Refreshes in child processes, one at a time; when stopped, the one under way ends too."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def __call__(self, group: str) -> int:
        """Refresh one group; returns the command's exit code."""
        command = [sys.executable, "-m", "pipelines", "refresh", "--group", group, "--die-with-parent"]
        if self._stopped:
            return 0
        self._child = subprocess.Popen(command)
        if self._stopped:
            self._child.terminate()
        return self._child.wait()

    def stop(self, *_: object) -> None:
        """End at once: a refresh may be killed at any moment, and the process must not wait for it."""
        self._stopped = True
        if self._child:
            self._child.terminate()
        sys.exit(0)


def run(settings: Settings) -> None:
    """Run until stopped. One refresh at a time: groups that fall due together follow each other."""
    refresh = Refreshes()
    signal.signal(signal.SIGTERM, refresh.stop)
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
    scheduler.start()


def once(settings: Settings) -> int:
    """Refresh every group that is due, each once, and end: for cron and its kin. Returns 0, or 1 where one failed."""
    refresh = Refreshes()
    signal.signal(signal.SIGTERM, refresh.stop)
    now = datetime.now(UTC)
    due = [one for one in SCHEDULE if is_missed(trigger(settings, one), last_run(settings.data_dir, one), now)]
    return int(any([refresh(group) for group in due]))


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
