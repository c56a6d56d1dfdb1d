"""Readers while others publish: never an error, never two generations in one answer, and the new one with the next
question."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path

import polars as pl

from analytics.warehouse import Hub
from pipelines.config import Settings
from pipelines.generations import retention
from tests.faults.victim import FORKS
from tests.pipelines.generations.test_warehouse import NOW, publish

READERS, PUBLICATIONS = 8, 100
ROWS = 50
ONE_ANSWER = """
    SELECT count(*) AS rows, min(name) AS first, max(name) AS last, (SELECT max(name) FROM venues) AS again
    FROM venues
"""


def publications(settings: Settings, told: Connection) -> None:
    """Publish generation after generation, each with other rows, as a schedule does; tell the number of each."""
    for number in range(1, PUBLICATIONS + 1):
        generation = publish(settings.warehouse_dir, [f"{number:04d}"] * ROWS)
        retention.tidy(settings, NOW)
        assert generation is not None
        told.send(generation.generation)
    told.close()


def test_eight_readers_through_a_hundred_publications(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    publish(settings.warehouse_dir, ["0000"] * ROWS)
    hub, done = Hub(settings.warehouse_dir), threading.Event()

    def read() -> list[tuple[int, pl.DataFrame]]:
        # Politely: on few cores eight readers without a pause leave the publisher little.
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)
        seen = []
        while not done.is_set():
            with hub.lease() as warehouse:
                seen.append((warehouse.number, warehouse.query(ONE_ANSWER)))
        return seen

    told, telling = FORKS.Pipe(duplex=False)
    with ThreadPoolExecutor(READERS) as readers:
        reading = [readers.submit(read) for _ in range(READERS)]
        try:
            publisher = FORKS.Process(target=publications, args=(settings, telling))
            publisher.start()
            telling.close()
            for _ in range(PUBLICATIONS):
                published = told.recv()
                with hub.lease() as warehouse:
                    assert warehouse.number >= published
            publisher.join()
        finally:
            done.set()
        seen = [reader.result() for reader in reading]
    assert publisher.exitcode == 0
    for answers in seen:
        numbers = [number for number, _ in answers]
        assert numbers == sorted(numbers)
        for number, answer in answers:
            name = f"{number - 1:04d}"
            assert answer.row(0) == (ROWS, name, name, name)
    assert len({number for answers in seen for number, _ in answers}) > READERS
