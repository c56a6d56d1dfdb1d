"""Put pieces into a draft: each replaces what an earlier fetch of it left there, and is loaded whole or not at all."""

from __future__ import annotations

from dataclasses import asdict

from pipelines.generations.draft import Draft
from pipelines.refreshing.fingerprint import fingerprint
from pipelines.refreshing.origin import Origin
from pipelines.refreshing.outcome import Outcome
from pipelines.refreshing.validate import Accepted
from pipelines.source import SourceModule
from pipelines.tables import canonical, dictionary


def loaded_pieces(draft: Draft, module: SourceModule) -> set[tuple[str, str]]:
    """What the draft holds of a source: the bytes, by `snapshot_id`, and the code that read them."""
    there = draft.rows("SELECT snapshot_id, parser FROM snapshots WHERE loader = $loader", loader=module.SOURCE.id)
    return set(there.iter_rows())


def is_loaded(loaded: set[tuple[str, str]], module: SourceModule, origin: Origin) -> bool:
    """Whether these bytes are in the draft as the present code reads them."""
    return (origin.snapshot_id, fingerprint(module)) in loaded


def load(draft: Draft, module: SourceModule, origin: Origin, accepted: dict[str, Accepted], outcome: Outcome) -> None:
    """Put the rows of one piece into the draft, in place of what an earlier fetch of it left there."""
    earlier = draft.rows(
        "SELECT snapshot_id FROM snapshots WHERE loader = $loader AND piece = $piece",
        loader=origin.loader,
        piece=origin.piece,
    )["snapshot_id"].to_list()
    if module.SOURCE.accumulates:
        accepted = {table: _without_overlap(draft, table, rows, earlier) for table, rows in accepted.items()}
    counts = {
        "rows_loaded": sum(rows.good.height for rows in accepted.values()),
        "rows_refused": sum(rows.refused_rows for rows in accepted.values()),
        "rows_doubled": sum(rows.doubled for rows in accepted.values()),
    }
    _write(draft, _snapshot(module, origin, counts), earlier, accepted)
    outcome.outcome = "failed" if outcome.error else "loaded"
    for name, value in counts.items():
        setattr(outcome, name, getattr(outcome, name) + value)
    outcome.refusals += tuple(
        f"{table}, {origin.piece} row {number}: breaks `{rule}`. {dictionary.remedy(table, rule)}".rstrip()
        for table, rows in accepted.items()
        for number, rule in rows.refused.select("row_number", "rule").iter_rows()
    )


def _write(draft: Draft, snapshot: dict[str, object], earlier: list[str], accepted: dict[str, Accepted]) -> None:
    with draft.whole():
        if earlier:
            draft.forget(earlier)
        for table, rows in accepted.items():
            draft.insert(table, rows.good)
            draft.insert("quarantine", rows.refused)
        draft.insert("snapshots", dictionary.frame("snapshots", [snapshot]))


def _snapshot(module: SourceModule, origin: Origin, counts: dict[str, int]) -> dict[str, object]:
    """The row of `snapshots` that the piece's rows are traced to."""
    return {
        "snapshot_id": origin.snapshot_id,
        **asdict(origin),
        "bytes": origin.size,
        "parser": fingerprint(module),
        **counts,
    }


def _without_overlap(draft: Draft, table: str, accepted: Accepted, replaced: list[str]) -> Accepted:
    """Without the rows that other pieces of a source whose pieces overlap already brought."""
    key = canonical.TABLES[table].primary_key()
    there = draft.rows(
        f"""
        SELECT {", ".join(key)}
        FROM {table}
        WHERE source_id IN (SELECT unnest($ids)) AND snapshot_id NOT IN (SELECT unnest($replaced))
        """,
        ids=accepted.good["source_id"].unique().to_list(),
        replaced=replaced,
    )
    fresh = accepted.good.join(there, on=key, how="anti", maintain_order="left")
    return Accepted(fresh, accepted.refused, accepted.doubled + accepted.good.height - fresh.height)
