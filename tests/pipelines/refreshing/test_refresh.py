"""A refresh fetches what is missing, survives what goes wrong, and can be rebuilt from its bytes."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from benchmarks.tape import agg_trades, zipped
from pipelines import health
from pipelines.config import ROOT
from pipelines.generations.draft import Draft, current, generations
from pipelines.refreshing.refresh import rebuild
from pipelines.source import Ask
from pipelines.sources.common import binance
from tests.pipelines.sources_kit import ask, rows, run, settings_for
from tests.replay.server import Fault, Replay, Route, serve

SPAN = ask("2025-10-10T00:00Z", "2025-10-11T23:00Z", "BTC/USDT:USDT")


def tape() -> list[Route]:
    routes = []
    for day in (10, 11):
        one = binance.archive("aggTrades", "BTC/USDT:USDT", date(2025, 10, day))
        body, checksum = zipped(agg_trades(800, date(2025, 10, day)), one.facts["file"].removesuffix(".zip"))
        routes += [
            Route(one.requests[0].url.removeprefix(binance.BASE), body),
            Route(one.requests[1].url.removeprefix(binance.BASE), checksum),
        ]
    return routes


def test_a_second_refresh_downloads_nothing_and_publishes_nothing(tmp_path: Path) -> None:
    with serve(*tape()) as replay:
        settings = settings_for(tmp_path, replay.base, "binance_trades")
        assert run(settings, "binance_trades", SPAN).outcome == "loaded"
        published, asked = current(settings.warehouse_dir), len(replay.log)
        assert run(settings, "binance_trades", SPAN).outcome == "unchanged"
        assert current(settings.warehouse_dir) == published
        assert len(replay.log) == asked


def test_bytes_that_changed_at_the_source_replace_their_own_rows_only(tmp_path: Path) -> None:
    routes = tape()
    early = ask("2025-10-10T00:00Z", "2025-10-11T23:00Z", "BTC/USDT:USDT")
    with serve(*routes) as replay:
        settings = settings_for(tmp_path, replay.base, "binance_trades")
        before = _rows_of_days(settings, run(settings, "binance_trades", early))
        body, checksum = zipped(agg_trades(900, date(2025, 10, 11), seed=4), "BTCUSDT-aggTrades-2025-10-11")
        routes[2].body, routes[3].body = body, checksum
        _forget_that_it_is_final(settings.snapshot_dir)
        after = _rows_of_days(settings, run(settings, "binance_trades", early))
    assert after["2025-10-10"] == before["2025-10-10"]
    assert after["2025-10-11"] != before["2025-10-11"]


@pytest.mark.parametrize("lanes", [1, 2])
def test_a_rebuild_from_the_stored_bytes_has_the_same_content(
    tmp_path: Path, lanes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.refreshing.read.HEAVY_LANES", lanes)
    with serve(*tape()) as replay:
        settings = settings_for(tmp_path, replay.base, "binance_trades")
        run(settings, "binance_trades", SPAN)
    content = current(settings.warehouse_dir).content_hash
    shutil.rmtree(settings.warehouse_dir)
    generation, _ = rebuild(settings)
    assert generation is not None and generation.content_hash == content


DAMAGES: dict[str, Callable[[Path], object]] = {
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:-10]),
    "altered": lambda path: path.write_bytes(path.read_bytes()[:-1] + b"?"),
    "gone": lambda path: path.unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_snapshot_is_found_named_and_fetched_again(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    with serve(*tape()) as replay:
        settings = settings_for(tmp_path, replay.base, "binance_trades")
        run(settings, "binance_trades", SPAN)
        content = current(settings.warehouse_dir).content_hash
        largest = max((path for path in settings.snapshot_dir.glob("??/*")), key=lambda path: path.stat().st_size)
        damage(largest)
        _, outcomes = rebuild(settings)
        assert largest.name in (outcomes[-1].error or "")
        assert run(settings, "binance_trades", SPAN).error is None
    assert current(settings.warehouse_dir).content_hash == content


def test_a_source_whose_rows_could_not_be_published_has_not_worked(tmp_path: Path) -> None:
    """An embedded fact is refused: the bytes are kept, nobody sees their rows, and the log says so until it is
    mended."""
    facts = tmp_path / "reference"
    shutil.copytree(ROOT / "data" / "reference", facts)
    (facts / "venues.csv").unlink()
    with serve(*tape()) as replay:
        settings = settings_for(tmp_path, replay.base, "binance_trades", reference_dir=facts)
        published = current(settings.warehouse_dir)
        failed = run(settings, "binance_trades", SPAN)
        (told,) = health.health(settings.data_dir, datetime.now(UTC))
        assert failed.outcome == "failed" and "nothing is published while an embedded fact is refused" in str(
            failed.error
        )
        assert (told.last_success, told.error) == (None, failed.error)
        assert current(settings.warehouse_dir) == published
        asked = len(replay.log)
        shutil.copy(ROOT / "data" / "reference" / "venues.csv", facts)
        assert run(settings, "binance_trades", SPAN).error is None
        assert len(replay.log) == asked
        assert current(settings.warehouse_dir) != published
    assert health.health(settings.data_dir, datetime.now(UTC))[0].error is None


def test_a_refresh_that_dies_before_it_publishes_notes_no_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("No space left on device")

    with serve(*tape()) as replay:
        settings = settings_for(tmp_path, replay.base, "binance_trades")
        with monkeypatch.context() as patched, pytest.raises(OSError, match="No space left"):
            patched.setattr(Draft, "publish", full)
            run(settings, "binance_trades", SPAN)
    assert health.runs(settings.data_dir) == []


def test_a_torn_last_line_of_the_index_is_ignored_and_mended(tmp_path: Path) -> None:
    with serve(*tape()) as replay:
        settings = settings_for(tmp_path, replay.base, "binance_trades")
        run(settings, "binance_trades", SPAN)
        index = settings.snapshot_dir / "index.jsonl"
        whole = index.read_bytes()
        index.write_bytes(whole[:-30])
        assert run(settings, "binance_trades", SPAN).error is None
    assert all(json.loads(line) for line in index.read_bytes().splitlines())


def test_a_full_disk_ends_in_one_clear_line_and_nothing_is_lost(tmp_path: Path) -> None:
    with serve(*tape()) as replay:
        settings = settings_for(tmp_path, replay.base, "binance_trades")
        published = (settings.warehouse_dir / "current.json").read_bytes()
        done = _command(
            tmp_path,
            replay,
            "--start",
            "2025-10-10T00:00Z",
            "--end",
            "2025-10-11T00:00Z",
            "--symbol",
            "BTC/USDT:USDT",
            "--source",
            "binance_trades",
            ceiling=2_000_000,
        )
        assert done.returncode == 1
        assert "Stopped:" in done.stderr and "Traceback" not in done.stderr
        assert (settings.warehouse_dir / "current.json").read_bytes() == published
        assert not list(settings.warehouse_dir.glob("building-*"))
        assert run(settings, "binance_trades", SPAN).outcome == "loaded"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--start", "2025-10-11T00:00Z", "--end", "2025-10-10T00:00Z"], "is not before the end"),
        (["--end", "2199-01-01T00:00Z"], "lies in the future"),
        (["--start", "2025-10-10"], "has no zone"),
        (["--start", "yesterday"], "is not an ISO time"),
        (["--source", "nope"], "There is no source 'nope'"),
        (["--symbol", "BTC;DROP"], "is not a base asset"),
        (["--event", "nope"], "There is no crash day 'nope'"),
        (["--offline", "--source", "binance_trades"], "give it alone"),
    ],
)
def test_wrong_use_is_said_in_words_with_exit_code_2(tmp_path: Path, arguments: list[str], words: str) -> None:
    with serve() as replay:
        settings = settings_for(tmp_path, replay.base, "binance_trades")
        published = current(settings.warehouse_dir)
        done = _command(tmp_path, replay, *arguments)
    assert done.returncode == 2
    *_, line = done.stderr.splitlines()
    assert line.startswith("Error: ") and words in line
    assert replay.log == []
    assert current(settings.warehouse_dir) == published


def test_what_fails_beside_what_is_loaded_ends_in_exit_code_3_with_the_rest_published(tmp_path: Path) -> None:
    routes = tape()
    routes[2].fault = Fault("truncate", -1)
    with serve(*routes) as replay:
        settings = settings_for(tmp_path, replay.base, "binance_trades")
        arguments = ("--source", "binance_trades", "--symbol", "BTC/USDT:USDT", "--start", "2025-10-10T00:00Z")
        done = _command(tmp_path, replay, *arguments, "--end", "2025-10-12T00:00Z")
    assert done.returncode == 3
    assert "binance_trades: partly loaded" in done.stdout
    (line,) = done.stderr.splitlines()
    assert "BTCUSDT-aggTrades-2025-10-11.zip" in line and "sha256" in line and "next refresh fetches it again" in line
    held = rows(settings, "SELECT DISTINCT ts::DATE::VARCHAR AS day FROM bars WHERE source_id = 'binance_trades'")
    assert held["day"].to_list() == ["2025-10-10"]


def test_bytes_that_were_not_sent_again_are_proven_before_they_are_read_again(tmp_path: Path) -> None:
    one_day = ask("2025-10-10T00:00Z", "2025-10-11T00:00Z", "BTC/USDT:USDT")
    routes = tape()
    with serve(*routes) as replay:
        settings = settings_for(tmp_path, replay.base, "binance_trades")
        assert run(settings, "binance_trades", one_day).error is None
        archive = max(settings.snapshot_dir.glob("??/*"), key=lambda path: path.stat().st_size)
        archive.write_bytes(archive.read_bytes() + b"?")
        routes[1].body += b"\n"
        _forget_that_it_is_final(settings.snapshot_dir)
        outcome = run(settings, "binance_trades", one_day)
        assert "cut short or altered" in (outcome.error or "")
        assert replay.sent[routes[0].path] == len(routes[0].body), "the archive was sent once"
        assert run(settings, "binance_trades", one_day).error is None


def test_an_unknown_symbol_is_one_line_however_many_pieces_it_has(tmp_path: Path) -> None:
    with serve(*tape()) as replay:
        settings = settings_for(tmp_path, replay.base, "binance_trades")
        before = current(settings.warehouse_dir)
        outcome = run(settings, "binance_trades", ask("2025-10-01T00:00Z", "2025-10-31T00:00Z", "NOPE"))
    assert outcome.outcome == "failed" and "the symbol is unknown there" in (outcome.error or "")
    assert (outcome.error or "").count("\n") == 0 and (outcome.error or "").endswith("and 39 more.")
    assert current(settings.warehouse_dir) == before


def _command(
    data_dir: Path, replay: Replay, *arguments: str, ceiling: int | None = None
) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "CRASHDAY_DATA_DIR": str(data_dir),
        "CRASHDAY_URL_BINANCE_TRADES": replay.base,
        "CRASHDAY_BACKOFF_SECONDS": "0",
        "COLUMNS": "200",
    }

    def small_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (ceiling, ceiling))

    command = [sys.executable, "-m", "pipelines", "refresh", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, preexec_fn=small_files if ceiling else None
    )


def _forget_that_it_is_final(snapshots: Path) -> None:
    """As if the pieces had been fetched while the day was still running."""
    index = snapshots / "index.jsonl"
    lines = [json.loads(line) | {"fetched_at": "2025-10-10T12:00:00+00:00"} for line in index.read_text().splitlines()]
    index.write_text("".join(json.dumps(line) + "\n" for line in lines))


def _rows_of_days(settings: object, outcome: object) -> dict[str, tuple[object, ...]]:
    assert outcome.error is None
    frame = rows(
        settings,
        "SELECT strftime(ts, '%Y-%m-%d') AS day, count(*) AS bars, sum(trades)::BIGINT AS trades "
        "FROM bars WHERE source_id = 'binance_trades' GROUP BY day",
    )
    return {day: tuple(rest) for day, *rest in frame.iter_rows()}


def test_generations_stay_within_the_rule(tmp_path: Path) -> None:
    with serve(*tape()) as replay:
        settings = settings_for(tmp_path, replay.base, "binance_trades")
        run(settings, "binance_trades", SPAN)
    assert len(generations(settings.warehouse_dir)) == 2


def test_what_is_too_much_for_every_day_is_asked_for_the_crash_days_of_late(tmp_path: Path) -> None:
    """Five days after Oct. 10 a plain refresh asks for that window and no day more; half a year later for nothing."""

    def asked(now: datetime, **more: Any) -> set[str]:
        with serve() as replay:
            settings = settings_for(tmp_path / f"{now:%Y%m%d}{len(more)}", replay.base, "binance_seconds")
            run(settings, "binance_seconds", Ask(now - timedelta(days=2), now, now, **more))
            return {path.rpartition("-1s-")[2][:10] for _, path, _ in replay.log}

    soon, later = datetime(2025, 10, 15, 4, tzinfo=UTC), datetime(2026, 6, 1, 4, tzinfo=UTC)
    found = asked(soon, catch_up=True)
    assert found >= {"2025-10-09", "2025-10-10", "2025-10-11"} and max(found) < "2025-10-13"
    assert asked(later, catch_up=True) == set()
    assert asked(later) == asked(later, catch_up=True, symbols=("USDE/USDT",)) == {"2026-05-30", "2026-05-31"}
