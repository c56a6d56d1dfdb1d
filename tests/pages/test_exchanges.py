"""The exchanges page through the shell, on the real warehouse."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from analytics.liquidations import boards
from analytics.warehouse import Warehouse
from tests.shell import PAGES, opened

(PAGE,) = [page for page in PAGES if page.stem == "exchanges"]


def of_day(day: str) -> AppTest:
    return opened(PAGE, day=day)


def titles(app: AppTest) -> str:
    return "\n".join(text.value.replace("\\", "") for text in [*app.title, *app.markdown])


def tables(app: AppTest) -> list[list[str]]:
    return [frame.value.columns.to_list() for frame in app.dataframe]


def test_the_findings_of_the_day() -> None:
    app = opened(PAGE)
    assert not app.exception and not app.warning
    said = titles(app)
    assert "Hyperliquid reported the most: $10.3 bn, 53 % of the board's total" in said
    assert "Binance traded the most on futures: $53.9 bn" in said
    assert "Open interest fell: perpetuals by 43 %; all derivatives by 30 to 37 %" in said
    assert "34,983 auto-deleveraging fills" in said
    assert "all of it only on Hyperliquid and Bybit" in said


def test_two_sided_and_amberdata_figures_are_listed_and_never_said() -> None:
    app = opened(PAGE)
    assert not any(figure in titles(app) for figure in ("63,637", "5.51 bn", "9.89 bn"))
    values = [
        set(frame.value[column])
        for frame in app.dataframe
        for column in ("total_usd", "value")
        if column in frame.value
    ]
    assert any(9.89e9 in column for column in values) and any(63_637 in column for column in values)


def test_the_caveats_of_the_volumes_stand_beside_them() -> None:
    assert sum("Bitget seems high" in caption.value for caption in opened(PAGE).caption) == 2


def test_a_board_by_link_and_the_aftermath_is_marked(warehouse: Warehouse) -> None:
    quiet = boards.every(warehouse, "oct-10-2025").filter(phase="aftermath")["board_id"][0]
    app = opened(PAGE, board=quiet)
    assert app.selectbox(key="board").value == quiet and app.query_params["board"] == quiet
    assert "AFTERMATH" in app.warning[0].value and "AFTERMATH" in titles(app)


def test_an_unknown_board_or_asset_in_the_link_is_said_and_the_rest_is_shown() -> None:
    app = opened(PAGE, board="deadbeef", asset="NOPE")
    said = [warning.value for warning in app.warning]
    assert any("board" in text and "deadbeef" in text for text in said)
    assert any("asset" in text and "NOPE" in text for text in said)
    assert "Hyperliquid reported the most" in titles(app) and not app.exception


def test_the_chosen_asset_changes_the_volumes() -> None:
    app = opened(PAGE, asset="SOL")
    assert app.selectbox(key="asset").value == "SOL" and "Binance traded the most on futures: $3.65 bn" in titles(app)


def test_another_day_takes_its_own_board() -> None:
    app = of_day("nov-21-2025")
    assert not app.exception and not app.warning
    assert "Nov. 21, 2025: what each exchange reported" in titles(app)
    assert "Bybit reported the most: $629 m, 31 % of the board's total" in titles(app)


@pytest.mark.parametrize("day", ["mar-12-2020", "nov-9-2022", "feb-23-2021"])
def test_days_that_lack_most_of_it_say_so(day: str) -> None:
    app = of_day(day)
    assert not app.exception and not app.error
    assert any("No traded volume of this day is published here" in info.value for info in app.info)


def test_every_table_shown_leads_to_its_sources() -> None:
    assert all("source_id" in columns for columns in tables(opened(PAGE)))
