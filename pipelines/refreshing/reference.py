"""The embedded facts: read, validated and loaded like any bytes, only that they lie in the repository."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from pipelines.refreshing.failure import in_words
from pipelines.refreshing.load import is_loaded, load, loaded_pieces
from pipelines.refreshing.origin import Origin
from pipelines.refreshing.outcome import Outcome, start
from pipelines.refreshing.run import Run
from pipelines.refreshing.snapshots import joined
from pipelines.refreshing.validate import validate
from pipelines.source import Ask, CheckFailed, Piece, Refused
from pipelines.sources import reference_pack


def load_reference(run: Run) -> Outcome:
    """Load the embedded facts; a file that is refused is named in the outcome and leaves the draft as it was."""
    outcome = start(reference_pack.SOURCE.id)
    now, loaded = outcome.started_at, loaded_pieces(run.draft, reference_pack)
    for piece in reference_pack.plan(Ask(now, now, now)):
        try:
            _load_file(run, piece, loaded, outcome)
        except FileNotFoundError as missing:
            name = Path(missing.filename).name
            outcome.failed(f"{name} is missing. Restore it: git checkout data/reference/{name}")
        except (Refused, CheckFailed) as error:
            outcome.failed(str(error))
        except BaseException as error:
            outcome.failed(f"{piece.name}.csv: {in_words(error, reference_pack.SOURCE)}")
    outcome.finished_at = datetime.now(UTC)
    return outcome


def _load_file(run: Run, piece: Piece, loaded: set[tuple[str, str]], outcome: Outcome) -> None:
    bodies = reference_pack.bodies(run.settings.reference_dir, piece)
    address, size = f"data/reference/{piece.name}.csv", sum(map(len, bodies))
    origin = Origin(
        reference_pack.SOURCE.id, piece.name, address, sha256_of(bodies), size, fetched_at=outcome.started_at
    )
    if not is_loaded(loaded, reference_pack, origin):
        rows = reference_pack.parse(bodies, piece)
        reference_pack.check(rows, piece)
        load(run.draft, reference_pack, origin, validate(reference_pack, origin, rows), outcome)


def sha256_of(bodies: Iterable[bytes]) -> str:
    """The hash of one body, or of the list of hashes of several."""
    return joined([hashlib.sha256(body).hexdigest() for body in bodies])
