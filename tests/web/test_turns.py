"""A few pages run at once, in the order in which they were asked for."""

from __future__ import annotations

import threading
from queue import SimpleQueue

import pytest

from tests.shell import PAGES, Page, opened
from web.turns import TURNS, Turns


class Asker(threading.Thread):
    """Asks for a turn, tells when it has it, and holds it until it may go."""

    def __init__(self, turns: Turns, name: str, came: SimpleQueue[str]) -> None:
        super().__init__(name=name, daemon=True)
        self.turns, self.came, self.may_go = turns, came, threading.Event()

    def run(self) -> None:
        with self.turns.turn():
            self.came.put(self.name)
            self.may_go.wait(30)


def asked(turns: Turns, names: str, came: SimpleQueue[str]) -> list[Asker]:
    """One after the other: the next asks when the one before has a place or waits for one."""
    askers = []
    for name in names:
        waiting = len(turns._waiting)
        asker = Asker(turns, name, came)
        asker.start()
        while came.empty() and len(turns._waiting) == waiting and asker.is_alive():
            pass
        askers.append(asker)
    return askers


def test_whoever_asked_first_comes_first_and_never_more_than_there_are_places() -> None:
    turns, came = Turns(1), SimpleQueue[str]()
    askers = asked(turns, "abcde", came)
    for asker in askers:
        assert came.get(timeout=30) == asker.name and came.empty()
        asker.may_go.set()
        asker.join(30)


def test_as_many_as_there_are_places_run_beside_each_other() -> None:
    turns, came = Turns(3), SimpleQueue[str]()
    askers = [Asker(turns, name, came) for name in "abcd"]
    for asker in askers:
        asker.start()
    first = {came.get(timeout=30) for _ in range(3)}
    assert len(first) == 3 and came.empty()
    for asker in askers:
        asker.may_go.set()
        asker.join(30)
    assert first | {came.get(timeout=30)} == set("abcd")


def test_a_place_is_free_again_after_an_exception_and_is_not_asked_for_twice_by_one_thread() -> None:
    turns, ended = Turns(1), []
    turns.after_each = lambda: ended.append(True)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), turns.turn(), turns.turn():
            _ = 1 / 0
    assert turns.bounded(lambda one, *, two: one + two)(1, two=2) == 3
    assert len(ended) == 3


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_page_runs_in_a_turn(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[bool] = []
    monkeypatch.setattr(TURNS, "after_each", lambda: ended.append(True))
    assert not opened(page).exception
    assert ended
