"""A warehouse of the pack with readings of a test's own."""

from __future__ import annotations

from analytics.warehouse import Hub
from pipelines.config import Settings
from pipelines.refreshing import build

ALL, ONDO, DINARI = "all,market,", "Ondo,issuer,ondo-stocks", "Dinari,issuer,dinari-dshares"


def reading(
    row_id: str,
    subject: str,
    value: float,
    metric: str = "distributed_value",
    unit: str = "USD",
    as_of: str = "2026-11-01",
    scope: str = "tokenized stocks",
    origin: str = "somebody",
) -> str:
    """A line of `tokenized_metrics.csv`."""
    what = f"{subject},{metric},{value},{unit},{scope},{origin}"
    return f"{row_id},{as_of}T00:00:00Z,day,{what},medium,false,,crashday\n"


def rebuilt(own: Settings, *readings: str) -> Hub:
    """A warehouse whose readings also hold these lines."""
    with (own.reference_dir / "tokenized_metrics.csv").open("a") as file:
        file.writelines(readings)
    generation, outcomes = build.build(own)
    assert generation is not None, outcomes
    return Hub(own.warehouse_dir)
