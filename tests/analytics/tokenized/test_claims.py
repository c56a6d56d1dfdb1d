"""Quoted shares stand beside what the readings give, never beside themselves."""

from __future__ import annotations

import polars as pl
import pytest

from analytics.tokenized import claims
from analytics.warehouse import Warehouse


@pytest.fixture(scope="module")
def checked(warehouse: Warehouse) -> pl.DataFrame:
    return claims.checked(warehouse, "press-2025")


def of(checked: pl.DataFrame, claim: float, subject: str) -> pl.DataFrame:
    return checked.filter((pl.col("claim_pct") == claim) & (pl.col("subject") == subject))


def test_the_95_percent_have_no_date_and_meet_82_and_50_5(checked: pl.DataFrame) -> None:
    rows = of(checked, 95, "Backed + Ondo")
    assert rows["claim_precision"].unique().to_list() == ["unknown"]
    found = {f"{row['as_of']:%Y-%m-%d} {row['origin']}": row["share_pct"] for row in rows.iter_rows(named=True)}
    assert found == pytest.approx(
        {"2026-09-13 rwa.xyz": 50.5263, "2026-03-12 rwa.xyz": 82, "2026-03-10 Foresight Ventures": 76}, abs=1e-4
    )


def test_the_over_70_percent_speak_of_notes_only(checked: pl.DataFrame) -> None:
    rows = of(checked, 70, "Ondo")
    assert rows["claim_scope"].unique().to_list() == ["issuers of debt notes"]
    assert rows["claim_confidence"].unique().to_list() == ["low"]
    assert rows["share_pct"].max() == 58


def test_no_claim_is_checked_against_itself(checked: pl.DataFrame) -> None:
    assert of(checked, 58, "Ondo")["share_pct"].round(1).to_list() == [29.2, 53]
    assert of(checked, 53, "Ondo")["share_pct"].round(1).to_list() == [29.2, 58]


def test_the_share_of_their_class_is_a_range(checked: pl.DataFrame) -> None:
    rows = of(checked, 95, "Backed + Ondo")
    assert set(rows["class_name"]) == {"synthetic"}
    last = rows.row(0, named=True)
    assert last["class_high_pct"] == pytest.approx(100 * 1440 / 2365)
    assert last["class_low_pct"] == pytest.approx(100 * 1440 / (2365 + 73))


def test_issuers_of_several_classes_have_no_class_in_common(warehouse: Warehouse) -> None:
    apart = claims.checked(warehouse, "own", (("redemption", ("stablecoin",)),))
    rows = of(apart, 95, "Backed + Ondo")
    assert rows.height == 3 and rows["class_name"].null_count() == 3 and rows["class_high_pct"].null_count() == 3


def test_every_line_names_the_sources_of_claim_and_reading(checked: pl.DataFrame) -> None:
    assert all(len(ids.split(";")) >= 2 for ids in of(checked, 95, "Backed + Ondo")["source_id"])
