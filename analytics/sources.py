"""Where figures come from."""

from __future__ import annotations

import polars as pl

from analytics.warehouse import Warehouse


def named(warehouse: Warehouse, ids: tuple[str, ...]) -> pl.DataFrame:
    """The sources with these ids: `source_id publisher dataset url read_from licence checked kind linkable`, and the bytes they were read from."""
    return warehouse.query(
        """
        SELECT source_id, publisher, dataset, url, read_from, licence, checked, kind, linkable
        FROM sources WHERE source_id IN (SELECT unnest($ids)) ORDER BY publisher, source_id
        """,
        ids=list(ids),
    )


def every(warehouse: Warehouse) -> pl.DataFrame:
    """All sources."""
    return warehouse.query("SELECT * FROM sources ORDER BY kind DESC, publisher, source_id")


def bytes_of(warehouse: Warehouse, snapshot_ids: tuple[str, ...]) -> pl.DataFrame:
    """The bytes rows were read from: `snapshot_id loader piece url sha256 bytes fetched_at`."""
    return warehouse.query(
        "SELECT snapshot_id, loader, piece, url, sha256, bytes, fetched_at FROM snapshots WHERE snapshot_id IN (SELECT unnest($ids)) ORDER BY loader, piece",
        ids=list(snapshot_ids),
    )
