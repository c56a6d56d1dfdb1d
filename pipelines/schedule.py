"""Refreshes by the clock: a cron expression per source group, each run a child process that dies with this one.

What is due is read from the log of runs, not remembered: a group is due when its last due time passed without a run,
for whatever reason. So what was missed while nobody ran, or while another refresh held the lock, is caught up once.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

from apscheduler.triggers.cron import CronTrigger

from pipelines import health
from pipelines.config import SCHEDULE, Settings
from pipelines.refreshing import asking

LOOK_BACK = timedelta(days=32)
"""Due times further back than this are not looked for: a monthly expression has one in it."""
PARTLY = 3
"""The exit code of a refresh that loaded something and failed at something."""
KNOCK, AFTER_FAILURE = 60.0, 600.0
"""Seconds between two looks at what is due. They pass by a clock that nobody sets;
the due times are the wall clock's."""


class Refreshes:
    """Refreshes in child processes, one at a time; when stopped, the one under way ends too."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        signal.signal(signal.SIGTERM, self._stop)

    def __call__(self, group: str) -> int:
        """Refresh one group; returns the command's exit code."""
        self._child = subprocess.Popen(
            [sys.executable, "-m", "pipelines", "refresh", "--group", group, "--die-with-parent"]
        )
        return self._child.wait()

    def _stop(self, *_: object) -> None:
        """End at once: a refresh may be killed at any moment, and the process must not wait for it."""
        if self._child:
            self._child.terminate()
        sys.exit(0)


def run(settings: Settings) -> None:
    """Refresh what is due, again and again, until stopped."""
    refresh = Refreshes()
    while True:
        failed = any(_refresh_due(settings, refresh))
        threading.Event().wait(AFTER_FAILURE if failed else KNOCK)


def once(settings: Settings) -> int:
    """Refresh every group that is due, each once, and end: for cron and its kin. Returns 0, 1 where one failed,
    or 3 where one did partly."""
    codes = _refresh_due(settings, Refreshes())
    return int(any(code not in (0, PARTLY) for code in codes)) or max(codes, default=0)


def _refresh_due(settings: Settings, refresh: Refreshes) -> list[int]:
    """Refresh the groups that are due, one after the other; returns their exit codes."""
    return [refresh(group) for group in SCHEDULE if is_due(settings, group, datetime.now(UTC))]


def trigger(settings: Settings, group: str) -> CronTrigger:
    """The group's cron expression, in UTC: daylight-saving changes move nothing."""
    return CronTrigger.from_crontab((SCHEDULE | settings.schedule)[group], timezone=UTC)


def is_due(settings: Settings, group: str, now: datetime) -> bool:
    """Whether this group should run now; one without any source in use never should."""
    return bool(asking.chosen(settings, None, group)) and is_missed(
        trigger(settings, group), last_run(settings, group, now), now
    )


def last_run(settings: Settings, group: str, now: datetime) -> datetime | None:
    """When the group last ran whole: the earliest of its sources' last tries; None where one was never tried.

    A refresh of one source by hand is no run of its group. Runs the log has in the future, from before the clock was
    set back, do not count: what is due by the clock of today is not held up by them.
    """
    tried: dict[str, datetime] = {}
    for one in health.runs(settings.data_dir):
        if one.started_at <= now:
            tried[one.loader] = one.started_at
    last = [tried.get(module.SOURCE.id) for module in asking.chosen(settings, None, group)]
    known = [moment for moment in last if moment]
    return min(known) if known and len(known) == len(last) else None


def is_missed(due: CronTrigger, last: datetime | None, now: datetime) -> bool:
    """Whether a due time has passed since the group last ran."""
    if last is None:
        return True
    following = due.get_next_fire_time(None, max(last, now - LOOK_BACK) + timedelta(microseconds=1))
    return following is not None and following <= now
