"""How the sources are doing, by the log of runs: for the Data page, `/healthz`, `/metrics`, the banner and the webhook."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests
from urllib3.exceptions import HTTPError

from pipelines.pieces import Outcome
from pipelines.source import Source, discover

PROMISE = {"fast": timedelta(hours=1), "hourly": timedelta(hours=4), "daily": timedelta(hours=50)}
"""How old a source's last success may be before its figures count as stale: two missed runs and some patience."""
LOG_LINES = 20_000
WEBHOOK_SECONDS = 10


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


def note(data_dir: Path, outcomes: Iterable[Outcome]) -> None:
    """Append a run to the log; a log that has grown long keeps its newer half."""
    data_dir.mkdir(parents=True, exist_ok=True)
    log = data_dir / "runs.jsonl"
    with log.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(asdict(outcome), default=str) + "\n" for outcome in outcomes)
    lines = log.read_bytes().splitlines(keepends=True)
    if len(lines) > LOG_LINES:
        draft = log.with_suffix(".tmp")
        draft.write_bytes(b"".join(lines[-LOG_LINES // 2 :]))
        os.replace(draft, log)


def runs(data_dir: Path) -> list[dict[str, object]]:
    """The log of runs, oldest first; a line a killed process left unfinished is left out."""
    log = data_dir / "runs.jsonl"
    return [json.loads(line) for line in log.read_bytes().split(b"\n")[:-1]] if log.exists() else []


def health(data_dir: Path, now: datetime) -> list[Health]:
    """The state of every fetched source that was ever tried, by name. One that has no key was not tried."""
    tried: dict[str, list[dict[str, object]]] = {}
    for run in runs(data_dir):
        if run["outcome"] != "skipped":
            tried.setdefault(str(run["loader"]), []).append(run)
    declared = {name: module.SOURCE for name, module in discover().items() if module.SOURCE.group in PROMISE}
    return [_health(declared[name], tried[name], now) for name in sorted(declared.keys() & tried.keys())]


def since(data_dir: Path, source: str) -> datetime | None:
    """Since when a source may lack data: the start of the last run in which it worked, else of its first try."""
    tries = [run for run in runs(data_dir) if run["loader"] == source]
    good = [run for run in tries if run["outcome"] in ("loaded", "unchanged")]
    return _moment((good[-1:] or tries[:1])[0]["started_at"]) if tries else None


def news(before: list[Health], after: list[Health]) -> list[str]:
    """What changed for the worse or the better between two states: a sentence each."""
    failing = {one.source for one in before if one.error}
    lines = [f"{one.source} failed: {one.error}" for one in after if one.error and one.source not in failing]
    return lines + [f"{one.source} works again." for one in after if not one.error and one.source in failing]


def tell(webhook: str | None, lines: list[str]) -> str | None:
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


def _health(source: Source, tries: list[dict[str, object]], now: datetime) -> Health:
    # A recorder at work leaves a segment even where nothing was said: nothing new means that nobody records.
    good = [run for run in tries if run["outcome"] in (("loaded",) if source.live else ("loaded", "unchanged"))]
    last, success = tries[-1], (_moment(good[-1]["finished_at"]) if good else None)
    # A clock that was set back must not make fresh data look stale, nor stale data fresh for ever.
    age = round(abs(now - success).total_seconds()) if success else None
    promise = round(PROMISE[source.group].total_seconds())
    return Health(
        source=source.id,
        group=source.group,
        last_try=_moment(last["started_at"]),
        last_success=success,
        age_seconds=age,
        promise_seconds=promise,
        rows_loaded=int(str(last["rows_loaded"])),
        rows_refused=int(str(last["rows_refused"])),
        error=str(last["error"]) if last["error"] else None,
        stale=age is None or age > promise,
    )


def _moment(text: object) -> datetime:
    return datetime.fromisoformat(str(text)).astimezone(UTC)
