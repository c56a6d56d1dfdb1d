"""Work beside its reader: in order, a few jobs ahead, and none that nobody waits for."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from pipelines.refreshing.in_order import in_order

AHEAD = 3


def test_jobs_are_begun_a_few_ahead_and_no_more_when_the_reader_stops() -> None:
    begun, go_on = [], threading.Event()

    def work(job: int) -> int:
        begun.append(job)
        assert job == 0 or go_on.wait(60)
        return job

    jobs = iter(range(100))
    with ThreadPoolExecutor(1) as pool:
        results = in_order(pool.submit, work, jobs, AHEAD)
        assert next(results) == 0
        assert next(jobs) == AHEAD + 1, "no more were taken"
        results.close()
        go_on.set()
    assert begun in ([0], [0, 1])


def test_results_keep_the_order_of_their_jobs() -> None:
    overtaken = [threading.Event() for _ in range(11)]

    def work(job: int) -> int:
        if job % 2:
            assert overtaken[job + 1].wait(60)
        overtaken[job].set()
        return job

    with ThreadPoolExecutor(2) as pool:
        assert list(in_order(pool.submit, work, range(11), 1)) == list(range(11))
