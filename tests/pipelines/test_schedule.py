"""What is due, what was missed, and what a clock that moves does to it."""

from __future__ import annotations

import time
from collections.abc import Container, Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import health, schedule
from pipelines.config import Settings
from pipelines.refreshing import asking
from pipelines.refreshing.outcome import Outcome
from pipelines.schedule import is_due, is_missed, last_run, trigger

HOURLY = trigger(Settings(), "hourly")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("last", "now", "missed"),
    [
        (None, "2026-11-22T10:00", True),
        ("2026-11-22T10:07:01", "2026-11-22T11:06:59", False),
        ("2026-11-22T10:07:01", "2026-11-22T11:07:00", True),
        ("2026-11-15T10:07:01", "2026-11-22T10:00", True),
        ("2024-02-28T23:30", "2024-02-29T00:06", False),
        ("2024-02-28T23:30", "2024-02-29T00:08", True),
    ],
)
def test_missed_runs(last: str | None, now: str, missed: bool) -> None:
    assert is_missed(HOURLY, at(last) if last else None, at(now)) is missed


@given(st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1)), st.timedeltas(timedelta(0), timedelta(days=3)))
def test_a_day_of_runs_has_no_hole_and_no_double(now: datetime, gap: timedelta) -> None:
    """Whatever the gap, running once makes nothing missed any more."""
    now = now.replace(tzinfo=UTC)
    if is_missed(HOURLY, now - gap, now):
        assert not is_missed(HOURLY, now, now)


def test_a_cron_expression_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRASHDAY_SCHEDULE_HOURLY", "31 * * * *")
    assert trigger(Settings(), "hourly").get_next_fire_time(None, at("2026-11-22T10:00")) == at("2026-11-22T10:31")


GROUP = [module.SOURCE.id for module in asking.chosen(Settings(), None, "daily")]
MINUTE = timedelta(minutes=1)
MORNING, NOON = at("2026-11-22T03:20"), at("2026-11-22T12:00")


def logged(folder: Path, *runs: tuple[str, datetime]) -> Settings:
    """A log of runs: which source was tried when."""
    health.note(folder, [Outcome("run", loader, started, started) for loader, started in runs])
    return Settings(data_dir=folder)


def test_a_group_ran_when_the_last_of_its_sources_did_and_a_torn_line_is_ignored(tmp_path: Path) -> None:
    yesterday = MORNING - timedelta(days=1)
    settings = logged(tmp_path, *((source, moment) for moment in (yesterday, MORNING) for source in GROUP))
    with (tmp_path / "runs.jsonl").open("a") as log:
        log.write('{"loader": "binance')
    assert last_run(settings, "daily", NOON) == MORNING
    assert not is_due(settings, "daily", NOON)
    assert is_due(settings, "daily", NOON + timedelta(days=1))
    assert last_run(Settings(data_dir=tmp_path / "nowhere"), "daily", NOON) is None


def test_a_refresh_of_one_source_by_hand_does_not_stand_for_its_group(tmp_path: Path) -> None:
    late = MORNING - timedelta(days=2)
    settings = logged(tmp_path, *((source, late) for source in GROUP), (GROUP[0], NOON))
    assert last_run(settings, "daily", NOON) == late
    assert is_due(settings, "daily", NOON)


def test_a_source_that_was_never_tried_makes_its_group_due(tmp_path: Path) -> None:
    assert is_due(logged(tmp_path, *((source, NOON) for source in GROUP[1:])), "daily", NOON)


def test_a_group_without_a_source_in_use_is_never_due(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    assert not is_due(settings, "fast", NOON)
    (settings.inbox_dir / "recorded_okx").mkdir(parents=True)
    assert is_due(settings, "fast", NOON)


class Over(Exception):
    """No moment is left to play."""


def played(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    moments: Iterable[datetime],
    busy: Container[datetime] = (),
) -> list[tuple[str, datetime]]:
    """What a running schedule starts when it looks at these moments; while `busy` another refresh holds the lock."""
    started: list[tuple[str, datetime]] = []
    left, now = iter(moments), [NOON]

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return now[0].astimezone(tz)

    def start(_: object, group: str) -> int:
        started.append((group, now[0]))
        if now[0] not in busy:
            tried = [module.SOURCE.id for module in asking.chosen(settings, None, group)]
            health.note(settings.data_dir, [Outcome("run", source, now[0], now[0]) for source in tried])
        return 0

    def step(*_: object) -> None:
        now[0] = next(left, NOON)
        if now[0] is NOON:
            raise Over

    monkeypatch.setattr(schedule, "datetime", Clock)
    monkeypatch.setattr(schedule.signal, "signal", lambda *_: None)
    monkeypatch.setattr(schedule.Refreshes, "__call__", start)
    monkeypatch.setattr(schedule.threading.Event, "wait", step)
    step()
    with pytest.raises(Over):
        schedule.run(settings)
    return started


def minutes(first: str, last: str) -> list[datetime]:
    return [at(first) + minute * MINUTE for minute in range((at(last) - at(first)) // MINUTE)]


def times(started: list[tuple[str, datetime]], group: str) -> list[str]:
    return [f"{moment:%d %H:%M}" for name, moment in started if name == group]


def up_to_date(folder: Path, moment: datetime) -> Settings:
    """Every source was tried at this moment."""
    return logged(folder, *((module.SOURCE.id, moment) for module in asking.chosen(Settings(), None, None)))


@pytest.mark.parametrize(
    ("first", "last", "days"),
    [
        ("2026-03-28T22:00", "2026-03-30T01:00", ["29 03:20"]),
        ("2026-10-24T22:00", "2026-10-26T01:00", ["25 03:20"]),
        ("2028-02-27T22:00", "2028-03-01T22:00", ["28 03:20", "29 03:20", "01 03:20"]),
    ],
    ids=["summer time begins", "summer time ends", "leap day"],
)
def test_every_due_time_runs_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str, last: str, days: list[str]
) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        started = played(up_to_date(tmp_path, at(first)), monkeypatch, minutes(first, last))
    finally:
        monkeypatch.undo()
        time.tzset()
    hours = (at(last) - at(first)) // timedelta(hours=1)
    assert times(started, "hourly") == [
        f"{at(first) + timedelta(hours=hour, minutes=7):%d %H:%M}" for hour in range(hours)
    ]
    assert times(started, "daily") == days


def test_a_clock_that_is_set_back_leaves_no_hour_without_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = minutes("2026-11-22T09:00", "2026-11-22T12:00") + minutes("2026-11-22T08:00", "2026-11-22T13:00")
    started = played(up_to_date(tmp_path, at("2026-11-22T08:30")), monkeypatch, moments)
    assert times(started, "hourly") == [
        *("22 09:07", "22 10:07", "22 11:07"),
        # By the clock that was set back nothing ran yet: once, and then as ever.
        *("22 08:00", "22 08:07", "22 09:07", "22 10:07", "22 11:07", "22 12:07"),
    ]


def test_what_was_missed_while_the_machine_slept_runs_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = minutes("2026-11-22T09:00", "2026-11-22T09:30") + minutes("2026-11-25T10:30", "2026-11-25T11:00")
    started = played(up_to_date(tmp_path, at("2026-11-22T08:30")), monkeypatch, moments)
    assert times(started, "hourly") == ["22 09:07", "25 10:30"]
    assert times(started, "daily") == ["25 10:30"]


def test_a_run_that_met_another_refresh_is_made_up_for_when_that_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = minutes("2026-11-22T09:00", "2026-11-22T09:10")
    moments = minutes("2026-11-22T09:00", "2026-11-22T09:30")
    started = played(up_to_date(tmp_path, at("2026-11-22T08:30")), monkeypatch, moments, busy)
    assert times(started, "hourly") == ["22 09:07", "22 09:08", "22 09:09", "22 09:10"]


@pytest.mark.parametrize(
    ("codes", "code"), [([0, 0, 0], 0), ([0, 3, 0], 3), ([3, 3, 3], 3), ([3, 1, 0], 1), ([0, -15, 3], 1), ([], 0)]
)
def test_a_knock_ends_in_the_worst_of_its_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, codes: list[int], code: int
) -> None:
    left = iter(codes)
    monkeypatch.setattr(schedule, "is_due", lambda _, group, __: list(schedule.SCHEDULE).index(group) < len(codes))
    monkeypatch.setattr(schedule, "Refreshes", lambda: lambda _: next(left))
    assert schedule.once(Settings(data_dir=tmp_path)) == code
