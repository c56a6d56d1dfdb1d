"""Pages and health on a data folder whose state files are damaged: they work, or say one sentence."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from analytics.warehouse import hub
from api import ROUTES
from pipelines.config import Settings
from pipelines.generations import notes
from tests.shell import PAGES, Page, opened

FILES = ["runs.jsonl", "warehouse/pins.json", "warehouse/current.json", "warehouse/gen-000002.json"]
(DATA,) = [page for page in PAGES if page.stem == "data"]


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def zero(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def forget_what_is_cached() -> None:
    hub.cache_clear()
    st.cache_data.clear()


@pytest.fixture
def pinned(watched: Settings) -> Iterator[Settings]:
    notes.pin(watched.warehouse_dir, 1)
    notes.pin(watched.warehouse_dir, 2)
    yield watched
    forget_what_is_cached()


def works(app: AppTest) -> AppTest:
    assert [exception.message for exception in app.exception] == []
    return app


def healthz() -> tuple[int, dict[str, object]]:
    (route,) = [route for route in ROUTES if route.path == "/healthz"]
    answer = route.endpoint(None)
    answer = asyncio.run(answer) if asyncio.iscoroutine(answer) else answer
    return answer.status_code, orjson.loads(answer.body)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_page_opens_while_all_of_the_state_is_damaged(pinned: Settings, page: Page) -> None:
    for file in FILES:
        if file != "warehouse/gen-000002.json":
            zero(pinned.data_dir / file)
    app = works(opened(page))
    assert len(app.title) == 1 and app.error.values == []
    assert "Data of generation 2" in app.caption[-1].value


@pytest.mark.parametrize("damage", [cut, empty, zero], ids=lambda damage: damage.__name__)
@pytest.mark.parametrize("file", FILES)
def test_the_data_page_and_health_say_what_is_damaged(
    pinned: Settings, file: str, damage: Callable[[Path], None]
) -> None:
    path = pinned.data_dir / file
    damage(path)
    code, health = healthz()
    (sentence,) = health["damage"]
    assert code == 200 and path.name in sentence and str(pinned.data_dir) not in sentence
    app = works(opened(DATA))
    assert path.name in "\n".join(app.warning.values).replace("\\", "")
    assert len(app.title) == 1


def test_a_note_that_says_nonsense_is_no_trouble_for_pages_and_health(pinned: Settings) -> None:
    path = pinned.data_dir / "warehouse/current.json"
    path.write_bytes(orjson.dumps(orjson.loads(path.read_bytes()) | {"built_at": "yesterday"}))
    code, health = healthz()
    (sentence,) = health["damage"]
    assert code == 200 and "current.json cannot be read" in sentence
    assert "current.json cannot be read" in "\n".join(works(opened(DATA)).warning.values).replace("\\", "")


def test_whole_state_is_not_called_damaged(pinned: Settings) -> None:
    assert healthz()[1]["damage"] == []
    assert "cannot be read" not in "\n".join(works(opened(DATA)).warning.values)


@pytest.mark.parametrize("share", [None, 0.0, 0.3, 0.7])
def test_a_published_file_that_is_gone_or_cut_is_built_anew_by_the_first_visitor(
    pinned: Settings, share: float | None
) -> None:
    path = pinned.warehouse_dir / "gen-000002.duckdb"
    path.unlink() if share is None else path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    code, health = healthz()
    assert code == 503 and "python -m pipelines build" in str(health["error"])
    app = works(opened(DATA))
    assert len(app.title) == 1 and app.error.values == []
    assert "Data of generation 3" in app.caption[-1].value
    assert healthz()[0] == 200


def test_a_file_that_was_altered_within_while_it_was_served_is_built_anew(pinned: Settings) -> None:
    works(opened())
    st.cache_data.clear()
    path = pinned.warehouse_dir / "gen-000002.duckdb"
    with path.open("r+b") as file:
        file.seek(20_000)
        file.write(bytes(path.stat().st_size - 20_000))
    app = works(opened(DATA))
    assert "Data of generation 3" in app.caption[-1].value


def test_a_link_to_another_generation_that_is_damaged_says_so(pinned: Settings) -> None:
    path = pinned.warehouse_dir / "gen-000001.duckdb"
    path.write_bytes(path.read_bytes()[:50_000])
    app = works(opened(generation="1"))
    assert len(app.error) == 1 and app.title.values == []
    assert "The file of generation 1 cannot be read whole" in app.error.values[0]
    assert "Data of generation 2" in works(opened()).caption[-1].value


def test_a_link_to_a_generation_whose_note_is_lost_says_so(pinned: Settings) -> None:
    empty(pinned.warehouse_dir / "gen-000001.json")
    app = works(opened(generation="1"))
    (message,) = app.error.values
    assert "Generation 1 cannot be shown: the note on it is lost. Kept are: 2." in message
