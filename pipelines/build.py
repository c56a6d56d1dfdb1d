"""Load pieces into a draft and publish it: the half of a refresh that needs no network."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from pipelines import dictionary, fields, load, tables
from pipelines.config import Settings
from pipelines.load import accept
from pipelines.source import Ask, CheckFailed, Piece, Refused, SourceModule
from pipelines.sources import reference_pack
from pipelines.warehouse import Draft, Generation, exclusive, prune


@dataclass
class Outcome:
    """What one run did for one source; a line of `runs`."""

    run_id: str
    loader: str
    started_at: datetime
    finished_at: datetime
    outcome: str = "unchanged"
    rows_loaded: int = 0
    rows_refused: int = 0
    error: str | None = None
    rows_doubled: int = 0
    refusals: tuple[str, ...] = ()

    def failed(self, why: str) -> None:
        self.outcome, self.error = "failed", f"{self.error}\n{why}" if self.error else why


def start(loader: str, now: datetime) -> Outcome:
    return Outcome(f"{now.astimezone(UTC):%Y%m%dT%H%M%S.%f}-{os.getpid()}", loader, now, now)


def build(settings: Settings) -> tuple[Generation | None, list[Outcome]]:
    """Load the embedded facts; returns the new generation, or None where nothing changed or something was refused."""
    now = datetime.now(UTC)
    outcome = start(reference_pack.SOURCE.id, now)
    with exclusive(settings.warehouse_dir), Draft(settings.warehouse_dir) as draft:
        load_reference(draft, settings.reference_dir, outcome)
        outcome.finished_at = datetime.now(UTC)
        return finish(draft, settings, [outcome]), [outcome]


def load_reference(draft: Draft, folder: Path, outcome: Outcome) -> None:
    for piece in reference_pack.plan(Ask(outcome.started_at, outcome.started_at)):
        path = folder / f"{piece.name}.csv"
        try:
            load_piece(
                draft,
                reference_pack,
                piece,
                [path.read_bytes()],
                f"data/reference/{path.name}",
                outcome.started_at,
                outcome,
            )
        except FileNotFoundError:
            outcome.failed(f"{path.name} is missing. Restore it: git checkout data/reference/{path.name}")
        except (Refused, CheckFailed) as error:
            outcome.failed(str(error))


def load_piece(
    draft: Draft,
    module: SourceModule,
    piece: Piece,
    bodies: list[bytes],
    url: str,
    fetched_at: datetime,
    outcome: Outcome,
) -> None:
    """Put one piece into the draft, in place of what an earlier fetch of it left there. Raises Refused, CheckFailed; then nothing of it is loaded."""
    loader, digest, parser = module.SOURCE.id, sha256_of(bodies), fingerprint(module)
    snapshot_id = hashlib.sha256(f"{loader} {piece.name} {digest}".encode()).hexdigest()[:16]
    earlier = draft.rows(
        "SELECT snapshot_id, parser FROM snapshots WHERE loader = $loader AND piece = $piece",
        loader=loader,
        piece=piece.name,
    )
    if earlier.rows() == [(snapshot_id, parser)]:
        return
    frames = module.parse(bodies, piece)
    module.check(frames, piece)
    accepted = {table: accept(table, frame, snapshot_id) for table, frame in frames.items()}
    draft.forget(earlier["snapshot_id"].to_list())
    for table, result in accepted.items():
        draft.insert(table, result.good)
        draft.insert("quarantine", result.refused)
    counts = {
        "rows_loaded": sum(result.good.height for result in accepted.values()),
        "rows_refused": sum(result.refused_rows for result in accepted.values()),
        "rows_doubled": sum(result.doubled for result in accepted.values()),
    }
    size = sum(map(len, bodies))
    row = {
        "snapshot_id": snapshot_id,
        "loader": loader,
        "piece": piece.name,
        "url": url,
        "sha256": digest,
        "bytes": size,
        "fetched_at": fetched_at,
        "parser": parser,
        **counts,
    }
    draft.insert("snapshots", _frame("snapshots", [row]))
    outcome.outcome = "failed" if outcome.error else "loaded"
    for name, value in counts.items():
        setattr(outcome, name, getattr(outcome, name) + value)
    outcome.refusals += tuple(
        f"{table}, {piece.name} row {number}: breaks `{rule}`"
        for table, result in accepted.items()
        for number, rule in result.refused.select("row_number", "rule").iter_rows()
    )


def finish(draft: Draft, settings: Settings, outcomes: list[Outcome]) -> Generation | None:
    """Note the run, publish, tidy up. A build whose embedded facts were refused publishes nothing."""
    with (settings.data_dir / "runs.jsonl").open("a", encoding="utf-8") as log:
        log.writelines(json.dumps(asdict(outcome), default=str) + "\n" for outcome in outcomes)
    if any(outcome.outcome == "failed" and outcome.loader == reference_pack.SOURCE.id for outcome in outcomes):
        return None
    columns = dictionary.column_names("runs")
    draft.insert(
        "runs", _frame("runs", [{column: getattr(outcome, column) for column in columns} for outcome in outcomes])
    )
    generation = draft.publish(datetime.now(UTC))
    prune(settings.warehouse_dir, datetime.now(UTC))
    return generation


def sha256_of(bodies: Iterable[bytes]) -> str:
    digests = [hashlib.sha256(body).hexdigest() for body in bodies]
    return digests[0] if len(digests) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()


def fingerprint(module: SourceModule) -> str:
    """Changes when the code that reads this source's bytes, or the tables they go to, change."""
    files = [module.__file__, load.__file__, tables.__file__, fields.__file__]
    return sha256_of([b"".join(Path(file or "").read_bytes() for file in files)])[:16]


def _frame(table: str, rows: list[dict[str, object]]) -> pl.DataFrame:
    schema = {name: field.dtype for name, field in tables.TABLES[table].columns().items()}
    return pl.DataFrame(rows, schema=schema)
