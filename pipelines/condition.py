"""What of the state cannot be read, in sentences: for commands, the Data page and `/healthz`."""

from __future__ import annotations

from pipelines import health
from pipelines.config import Settings
from pipelines.generations import notes
from pipelines.generations.readers import NoWarehouse, opened
from pipelines.refreshing import snapshots
from pipelines.sources import reference_pack


def damage(settings: Settings) -> list[str]:
    """A sentence for each damaged file that readers look at: what it costs, and what mends it."""
    sentences = notes.damage(settings.warehouse_dir)
    if health.content(settings.data_dir).damaged:
        sentences.append(
            "runs.jsonl is damaged; what cannot be read of it is left out, so a source may have worked later "
            "than shown. The next refresh cleans it."
        )
    return sentences


def index_damage(settings: Settings) -> list[str]:
    """The same for the index of stored bytes, which only refreshes look at; it may be long."""
    index = snapshots.index(settings.snapshot_dir)
    if not index.content().damaged:
        return []
    return [
        f"{index.path.name} is damaged; the pieces it does not name any more count as never fetched and are fetched "
        "again when they are asked for. The next build or refresh cleans it."
    ]


def pieces_without_bytes(settings: Settings) -> list[str]:
    """Pieces the published generation was built from that the index does not name: a rebuild would lose them."""
    try:
        with opened(settings.warehouse_dir) as connection:
            built_from = connection.execute(
                "SELECT loader, piece FROM snapshots WHERE loader <> $1 ORDER BY ALL", [reference_pack.SOURCE.id]
            ).fetchall()
    except NoWarehouse:
        return []
    named = {(entry.source, entry.piece.name) for entry in snapshots.index(settings.snapshot_dir).content().rows}
    return [f"{loader} {piece}" for loader, piece in built_from if (loader, piece) not in named]
