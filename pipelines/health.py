"""How the sources are doing, by the log of runs: for the Data page, `/healthz`, `/metrics`,
the banner and the webhook."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

import requests
from urllib3.exceptions import HTTPError

from pipelines.journal import Content, Journal
from pipelines.refreshing.outcome import Outcome
from pipelines.source import Source, discover

PROMISE = {"fast": timedelta(hours=1), "hourly": timedelta(hours=4), "daily": timedelta(hours=50)}
"""How old a source's last success may be before its figures count as stale: two missed runs and some patience."""
LOG_LINES = 20_000
"""Lines after which the log is halved: it is read whole."""
WEBHOOK_SECONDS = 10
"""For the connection, and for the answer to begin: whoever refreshes waits for it."""


@dataclass(frozen=True)
class Health:
    """One source: when it last worked, what its last try did, and whether it keeps its promise."""

    source: str
    group: str
    last_try: datetime
    last_success: datetime | None
    age_seconds: int | None
    """Since the last success; None where it never worked."""
    promise_seconds: int
    """How old the last success may be before the source counts as stale."""
    rows_loaded: int
    """By the last try."""
    rows_refused: int
    error: str | None
    stale: bool


@dataclass(frozen=True)
class Run:
    """What one run did for one source: a line of the log."""

    loader: str
    outcome: str
    started_at: datetime
    finished_at: datetime
    rows_loaded: int
    rows_refused: int
    error: str | None


def log(data_dir: Path) -> Journal[Run]:
    return Journal(data_dir / "runs.jsonl", _run)


def note(data_dir: Path, outcomes: Iterable[Outcome]) -> None:
    """Append a run to the log. One that has grown long keeps its newer half, a damaged one what can be read of it."""
    journal = log(data_dir)
    journal.append(json.dumps(asdict(outcome), default=str).encode() for outcome in outcomes)
    noted = content(data_dir)
    if len(noted.lines) > LOG_LINES:
        journal.keep(noted.lines[-LOG_LINES // 2 :])
    elif noted.damaged:
        journal.keep(noted.lines)


def runs(data_dir: Path) -> list[Run]:
    """The log of runs, oldest first."""
    return content(data_dir).rows


def content(data_dir: Path) -> Content[Run]:
    """What can be read of the log; read again only once it was written to."""
    journal = log(data_dir)
    return _content(journal, journal.as_of())


@lru_cache(1)
def _content(journal: Journal[Run], _: tuple[int, int, int] | None) -> Content[Run]:
    return journal.content()


def health(data_dir: Path, now: datetime) -> list[Health]:
    """The state of every fetched source that was ever tried, by name. One that has no key was not tried."""
    tried: dict[str, list[Run]] = {}
    for run in runs(data_dir):
        if run.outcome != "skipped":
            tried.setdefault(run.loader, []).append(run)
    declared = {name: module.SOURCE for name, module in discover().items() if module.SOURCE.group in PROMISE}
    return [_health(declared[name], tried[name], now) for name in sorted(declared.keys() & tried.keys())]


def since(data_dir: Path, source: str) -> datetime | None:
    """Since when a source may lack data: the start of the last run in which it worked, else of its first try."""
    tries = [run for run in runs(data_dir) if run.loader == source]
    good = [run for run in tries if run.outcome in ("loaded", "unchanged")]
    return (good[-1:] or tries[:1])[0].started_at if tries else None


def news(before: list[Health], after: list[Health]) -> list[str]:
    """What changed for the worse or the better between two states: a sentence each."""
    failing = {one.source for one in before if one.error}
    lines = [f"{one.source} failed: {one.error}" for one in after if one.error and one.source not in failing]
    return lines + [f"{one.source} works again." for one in after if not one.error and one.source in failing]


def post_news(webhook: str | None, lines: list[str]) -> str | None:
    """Post lines as Slack-compatible JSON; returns why that failed, since a refresh must not fail for it."""
    if not webhook or not lines:
        return None
    try:
        # The answer's text is not read: a server that drips it must not hold up whoever refreshes.
        with requests.post(
            webhook,
            json={"text": "Crashday: " + "\n".join(lines)},
            timeout=WEBHOOK_SECONDS,
            stream=True,
            allow_redirects=False,
        ) as answer:
            answer.raise_for_status()
    except (requests.RequestException, HTTPError, ValueError) as error:
        return f"The webhook could not be told ({type(error).__name__}). The refresh itself is not affected."
    return None


def _health(source: Source, tries: list[Run], now: datetime) -> Health:
    # A recorder at work leaves a segment even where nothing was said: nothing new means that nobody records.
    good = [run for run in tries if run.outcome in (("loaded",) if source.live else ("loaded", "unchanged"))]
    last, success = tries[-1], (good[-1].finished_at if good else None)
    # A clock that was set back must not make fresh data look stale, nor stale data fresh for ever.
    age = round(abs(now - success).total_seconds()) if success else None
    promise = round(PROMISE[source.group].total_seconds())
    return Health(
        source=source.id,
        group=source.group,
        last_try=last.started_at,
        last_success=success,
        age_seconds=age,
        promise_seconds=promise,
        rows_loaded=last.rows_loaded,
        rows_refused=last.rows_refused,
        error=last.error,
        stale=age is None or age > promise,
    )


def _run(line: bytes) -> Run:
    stated = json.loads(line)
    return Run(
        loader=str(stated["loader"]),
        outcome=str(stated["outcome"]),
        started_at=_moment(stated["started_at"]),
        finished_at=_moment(stated["finished_at"]),
        rows_loaded=int(stated["rows_loaded"]),
        rows_refused=int(stated["rows_refused"]),
        error=str(stated["error"]) if stated["error"] else None,
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
