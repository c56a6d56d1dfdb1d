"""Where the data may lie: every command works whatever the folder is called."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analytics.warehouse import Hub
from pipelines.config import Settings
from pipelines.refreshing import build
from tests.faults.test_damage import COMMANDS, command


def test_an_apostrophe_in_the_path_of_the_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "the reader's" / "data"
    monkeypatch.setenv("CRASHDAY_DATA_DIR", str(folder))
    assert command("build").exit_code == 0
    for arguments in (*COMMANDS, ["pin"], ["unpin", "1"]):
        shown = [str(tmp_path / word) if word == "out" else word for word in arguments]
        assert command(*shown).exit_code == 0, arguments
    with Hub(folder / "warehouse").lease() as warehouse:
        assert warehouse.query("SELECT count(*) AS venues FROM venues")["venues"].item() > 0
    assert build.build(Settings())[0] is None
    assert json.loads((folder / "warehouse" / "pins.json").read_bytes()) == []
