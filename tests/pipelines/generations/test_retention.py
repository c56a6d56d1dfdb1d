"""What is kept and what goes: by number, by day, by bytes, by pin, and never what somebody reads."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from benchmarks.tape import agg_trades, zipped
from pipelines.commands.cli import app
from pipelines.config import ROOT, Settings
from pipelines.generations import draft, retention
from pipelines.generations.draft import current, generations, prune
from pipelines.generations.notes import pin, unpin
from pipelines.refreshing.refresh import rebuild
from pipelines.sources.common import binance
from tests.pipelines.generations.test_warehouse import publish
from tests.pipelines.sources_kit import ask, run, settings_for
from tests.replay.server import Route, serve

LATER = datetime(2030, 1, 1, tzinfo=UTC)
DAY = ask("2025-10-10T00:00Z", "2025-10-11T00:00Z", "BTC/USDT:USDT")


def sizes(folder: Path, *numbers: int) -> int:
    """Bytes of some generations."""
    return sum((folder / f"gen-{number:06d}.duckdb").stat().st_size for number in numbers)


def test_a_byte_limit_removes_the_oldest_first_and_never_the_published_or_the_pinned(tmp_path: Path) -> None:
    for name in ("binance", "bybit", "gemini", "kraken", "okx"):
        publish(tmp_path, [name])
    pin(tmp_path, 1)
    assert prune(tmp_path, LATER, keep_bytes=sizes(tmp_path, 1, 4, 5)) == [2, 3]
    assert prune(tmp_path, LATER, keep_bytes=0) == [4]
    assert generations(tmp_path) == [1, 5]


def test_days_are_within_the_byte_limit_too(tmp_path: Path) -> None:
    first = datetime(2029, 12, 25, tzinfo=UTC)
    for number in range(6):
        publish(tmp_path, [f"v{number}"], first + timedelta(days=number))
    assert prune(tmp_path, LATER) == []
    assert prune(tmp_path, LATER, keep_bytes=sizes(tmp_path, 3, 4, 5, 6)) == [1, 2]


def test_a_pin_that_names_nothing_is_an_error(tmp_path: Path) -> None:
    publish(tmp_path, ["binance"])
    with pytest.raises(ValueError, match=r"Generation 9 is not on disk\. Kept: 1\."):
        pin(tmp_path, 9)
    with pytest.raises(ValueError, match=r"Generation 1 is not pinned\. Pinned: none\."):
        unpin(tmp_path, 1)


def test_a_generation_read_by_another_process_stays_until_that_process_is_gone(tmp_path: Path) -> None:
    for name in ("binance", "bybit", "gemini", "kraken"):
        publish(tmp_path, [name])
    script = (
        "from pathlib import Path; from pipelines.generations.readers import reading\n"
        f"with reading(Path({str(tmp_path)!r}), 1): print('reading', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as reader:
        assert reader.stdout is not None and reader.stdout.readline() == "reading\n"
        assert prune(tmp_path, LATER) == []
        os.kill(reader.pid, signal.SIGKILL)
        reader.wait()
    assert prune(tmp_path, LATER) == [1]


def command(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_pins_by_command(own: Settings) -> None:
    assert "Generation 1 is kept until it is unpinned." in command("pin").stdout
    assert "Pinned: 1" in command("status").stdout
    assert command("unpin", "1").exit_code == 0
    failed = command("unpin", "1")
    assert failed.exit_code == 1 and "is not pinned" in failed.stderr
    assert command("pin", "7").exit_code == 1
    with draft.exclusive(own.warehouse_dir):
        assert command("pin").exit_code == 1


def day_of(trades: int) -> list[Route]:
    """A day's archive, another one for another number of trades."""
    piece = binance.archive("aggTrades", "BTC/USDT:USDT", date(2025, 10, 10))
    body, checksum = zipped(agg_trades(trades, date(2025, 10, 10)), piece.facts["file"].removesuffix(".zip"))
    return [
        Route(request.url.removeprefix(binance.BASE), content)
        for request, content in zip(piece.requests, (body, checksum), strict=True)
    ]


def stored(settings: Settings) -> set[str]:
    return {path.name for path in settings.snapshot_dir.glob("??/*")}


def refreshed(tmp_path: Path, trades: int) -> Settings:
    """One refresh of the day as it stands at the source now, fetched while the day was still young."""
    with serve(*day_of(trades)) as replay:
        settings = settings_for(tmp_path, replay.base, "binance_trades")
        assert run(settings, "binance_trades", DAY).error is None
    index = settings.snapshot_dir / "index.jsonl"
    index.write_text(
        "".join(line.replace('"fetched_at":"2', '"fetched_at":"1') + "\n" for line in index.read_text().splitlines())
    )
    return settings


def test_bytes_stay_while_a_kept_generation_was_built_from_them_and_go_with_it(tmp_path: Path) -> None:
    settings = refreshed(tmp_path, 300)
    first, holder = stored(settings), current(settings.warehouse_dir)
    assert holder is not None
    pin(settings.warehouse_dir, holder.generation)
    for trades in (310, 320, 330, 340):
        refreshed(tmp_path, trades)
    retention.tidy(settings, LATER)
    retention.remove_snapshots(settings)
    assert first <= stored(settings)
    assert len(stored(settings)) == 2 * len(generations(settings.warehouse_dir))
    unpin(settings.warehouse_dir, holder.generation)
    assert holder.generation in retention.tidy(settings, LATER)
    assert not first & stored(settings)


def test_what_is_left_rebuilds_the_published_generation(tmp_path: Path) -> None:
    for trades in (300, 310, 320, 330, 340):
        settings = refreshed(tmp_path, trades)
    assert len(generations(settings.warehouse_dir)) == 3
    content = current(settings.warehouse_dir).content_hash
    shutil.rmtree(settings.warehouse_dir)
    generation, _ = rebuild(settings)
    assert generation is not None and generation.content_hash == content


def test_bytes_of_a_fetch_that_was_killed_go(tmp_path: Path) -> None:
    settings = refreshed(tmp_path, 300)
    orphan = settings.snapshot_dir / "ab" / ("ab" + "0" * 62)
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(b"never indexed")
    assert retention.remove_snapshots(settings) == [orphan]
