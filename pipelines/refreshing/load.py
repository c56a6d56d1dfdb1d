"""Put pieces into a draft: each replaces what an earlier fetch of it left there, and is loaded whole or not at all."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import ModuleType

import polars as pl

from pipelines.config import Settings
from pipelines.generations import retention
from pipelines.generations.draft import Draft, Generation
from pipelines.refreshing import validate
from pipelines.refreshing.failure import in_words
from pipelines.refreshing.snapshots import joined
from pipelines.refreshing.validate import Accepted, accept
from pipelines.source import Ask, CheckFailed, Frames, Refused, SourceModule, discover
from pipelines.sources import reference_pack
from pipelines.tables import canonical, dictionary, fields, published

HELPERS = ("pipelines.sources.common", "pipelines.recording.streams", "pipelines.recording.segments")
UNPUBLISHED = "its bytes were fetched and kept, but nothing is published while an embedded fact is refused."
DECLARED = "declared"
"""`snapshot_id` of rows that come from the code's own declarations."""


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
        # Half a surrogate pair, as a name may come with, can be neither printed nor stored.
        why = why.encode(errors="backslashreplace").decode()
        self.outcome, self.error = "failed", f"{self.error}\n{why}" if self.error else why

    def skipped(self, why: str) -> None:
        self.outcome, self.error = "skipped", why


@dataclass(frozen=True)
class Origin:
    """The bytes a piece was read from."""

    loader: str
    piece: str
    url: str
    sha256: str
    size: int
    fetched_at: datetime

    @property
    def snapshot_id(self) -> str:
        return hashlib.sha256(f"{self.loader} {self.piece} {self.sha256}".encode()).hexdigest()[:16]


def start(loader: str, now: datetime) -> Outcome:
    return Outcome(f"{now.astimezone(UTC):%Y%m%dT%H%M%S.%f}-{os.getpid()}", loader, now, now)


def load_reference(draft: Draft, folder: Path, outcome: Outcome) -> None:
    """Load the embedded facts; a file that is refused is named in the outcome and leaves the draft as it was."""
    now = outcome.started_at
    there = held(draft, reference_pack)
    for piece in reference_pack.plan(Ask(now, now, now)):
        path = folder / f"{piece.name}.csv"
        try:
            bodies = reference_pack.bodies(folder, piece)
            size = sum(map(len, bodies))
            origin = Origin(
                reference_pack.SOURCE.id, piece.name, f"data/reference/{path.name}", sha256_of(bodies), size, now
            )
            if not is_loaded(there, reference_pack, origin):
                frames = reference_pack.parse(bodies, piece)
                reference_pack.check(frames, piece)
                load_piece(draft, reference_pack, origin, frames, outcome)
        except FileNotFoundError as missing:
            name = Path(missing.filename).name
            outcome.failed(f"{name} is missing. Restore it: git checkout data/reference/{name}")
        except (Refused, CheckFailed) as error:
            outcome.failed(str(error))
        except BaseException as error:
            outcome.failed(f"{path.name}: {in_words(error, reference_pack.SOURCE)}")


def held(draft: Draft, module: SourceModule) -> set[tuple[str, str]]:
    """What the draft holds of a source: the bytes, by `snapshot_id`, and the code that read them."""
    there = draft.rows("SELECT snapshot_id, parser FROM snapshots WHERE loader = $loader", loader=module.SOURCE.id)
    return set(there.iter_rows())


def is_loaded(there: set[tuple[str, str]], module: SourceModule, origin: Origin) -> bool:
    """Whether these bytes are held as the present code reads them."""
    return (origin.snapshot_id, fingerprint(module)) in there


def load_piece(draft: Draft, module: SourceModule, origin: Origin, frames: Frames, outcome: Outcome) -> None:
    """Put the rows of one piece into the draft, in place of what an earlier fetch of it left there."""
    earlier = draft.rows(
        "SELECT snapshot_id FROM snapshots WHERE loader = $loader AND piece = $piece",
        loader=origin.loader,
        piece=origin.piece,
    )["snapshot_id"].to_list()
    accepted = {
        table: _new(
            draft, module, table, accept(table, _signed(module, frame), origin.snapshot_id, origin.fetched_at), earlier
        )
        for table, frame in frames.items()
    }
    counts = {
        "rows_loaded": sum(result.good.height for result in accepted.values()),
        "rows_refused": sum(result.refused_rows for result in accepted.values()),
        "rows_doubled": sum(result.doubled for result in accepted.values()),
    }
    row = {
        "snapshot_id": origin.snapshot_id,
        **asdict(origin),
        "bytes": origin.size,
        "parser": fingerprint(module),
        **counts,
    }
    with draft.whole():
        if earlier:
            draft.forget(earlier)
        for table, result in accepted.items():
            draft.insert(table, result.good)
            draft.insert("quarantine", result.refused)
        draft.insert("snapshots", _frame("snapshots", [row]))
    outcome.outcome = "failed" if outcome.error else "loaded"
    for name, value in counts.items():
        setattr(outcome, name, getattr(outcome, name) + value)
    outcome.refusals += tuple(
        f"{table}, {origin.piece} row {number}: breaks `{rule}`"
        for table, result in accepted.items()
        for number, rule in result.refused.select("row_number", "rule").iter_rows()
    )


def finish(draft: Draft, settings: Settings, outcomes: list[Outcome]) -> Generation | None:
    """Note the run, publish, tidy up. Nothing is published when embedded facts were refused."""
    if any(outcome.outcome == "failed" and outcome.loader == reference_pack.SOURCE.id for outcome in outcomes):
        for outcome in outcomes:
            if outcome.outcome == "loaded":
                outcome.failed(f"{outcome.loader}: {UNPUBLISHED}")
        return None
    _declare(draft)
    columns = dictionary.column_names("runs")
    draft.insert(
        "runs", _frame("runs", [{column: getattr(outcome, column) for column in columns} for outcome in outcomes])
    )
    generation = draft.publish(datetime.now(UTC))
    retention.tidy(settings, datetime.now(UTC))
    return generation


def sha256_of(bodies: Iterable[bytes]) -> str:
    """The hash of one body, or of the list of hashes of several."""
    return joined([hashlib.sha256(body).hexdigest() for body in bodies])


@cache
def fingerprint(module: SourceModule) -> str:
    """Changes when the code that reads this source's bytes, helpers included, or the tables they go to, change."""
    files = sorted(_code_of(module)) + [str(part.__file__) for part in (validate, canonical, published, fields)]
    return hashlib.sha256(b"".join(Path(file).read_bytes() for file in files)).hexdigest()[:16]


def _code_of(module: SourceModule) -> set[str]:
    """The files of a source and of the helpers it is made of, which are private to `pipelines.sources` or streams."""
    found, waiting = {str(module.__file__)}, [module]
    while waiting:
        for value in vars(waiting.pop()).values():
            name = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
            helper = sys.modules.get(name) if isinstance(name, str) and name.startswith(HELPERS) else None
            if helper and not hasattr(helper, "__path__") and str(helper.__file__) not in found:
                found.add(str(helper.__file__))
                waiting.append(helper)
    return found


def _signed(module: SourceModule, frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of a fetched source are stated by that source; embedded rows name theirs."""
    return frame if "source_id" in frame.columns else frame.with_columns(source_id=pl.lit(module.SOURCE.id))


def _declare(draft: Draft) -> None:
    """One row in `sources` for each fetched source that has bytes here, from what it says of itself.

    A source the embedded facts describe already (a feed named in `feed_regimes`) keeps that description:
    ids are unique.
    """
    draft.forget([DECLARED], ("sources",))
    loaders = draft.rows("SELECT DISTINCT loader FROM snapshots")["loader"].to_list()
    described = [reference_pack.SOURCE.id, *draft.rows("SELECT source_id FROM sources")["source_id"].to_list()]
    declared = [module.SOURCE for name, module in discover().items() if name in loaders and name not in described]
    rows = [
        {
            "source_id": one.id,
            "publisher": one.publisher,
            "dataset": one.dataset,
            "url": one.url,
            "licence": one.licence,
            "checked": one.method,
            "kind": "series",
            "linkable": True,
            "snapshot_id": DECLARED,
        }
        for one in declared
    ]
    draft.insert("sources", _frame("sources", rows))


def _new(draft: Draft, module: SourceModule, table: str, accepted: Accepted, replaced: list[str]) -> Accepted:
    """Without the rows that overlapping other pieces already brought, where the source's pieces overlap."""
    if not module.SOURCE.accumulates:
        return accepted
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


def _frame(table: str, rows: list[dict[str, object]]) -> pl.DataFrame:
    schema = {name: field.dtype for name, field in canonical.TABLES[table].columns().items()}
    return pl.DataFrame(rows, schema=schema)
