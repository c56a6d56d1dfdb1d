"""Why the published totals of a day differ: all of them beside each other, and the sums that lead from one to another.

A bridge only adds or subtracts what is published, in whole cents. What is left over is a line of its own with what
differs in words; it is never explained away.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

import polars as pl

from analytics import rounding, sql
from analytics.liquidations import boards, headline
from analytics.warehouse import Columns, Warehouse

Row = dict[str, Any]

PUBLISHED = f"""
    SELECT board, metric, phase, universe, counting, r.origin, interest, reason, window_label, window_start, window_end,
           as_of, as_of_precision,
           max(value) FILTER (side = 'long' AND unit = 'USD') AS long_usd,
           max(value) FILTER (side = 'short' AND unit = 'USD') AS short_usd,
           max(value) FILTER (side = 'total' AND unit = 'USD') AS total_usd, confidence,
           bool_or(second_hand) AS second_hand,
           {sql.listed("note", " ")} AS note,
           {sql.sources("concat_ws(';', r.source_id, nullif(i.source_id, r.source_id))")} AS source_id
    FROM liquidation_reports r
    LEFT JOIN interests i USING (origin)
    WHERE crash_day = $crash_day AND venue = 'all' AND asset = 'all'
      AND metric IN ('liquidations', 'liquidations_estimate_low', 'liquidations_estimate_high')
    GROUP BY ALL
"""
DISPUTED = f"""
    SELECT metric, {sql.venue_or_all()} AS name, value, unit,
           r.origin, coalesce(interest, 'unknown') AS interest,
           coalesce(reason, 'Not recorded here') AS reason, window_label, universe, counting, as_of, as_of_precision,
           confidence, second_hand, r.note,
           concat_ws(';', r.source_id, nullif(i.source_id, r.source_id)) AS source_id
    FROM liquidation_reports r
    LEFT JOIN interests i USING (origin)
    {sql.VENUES}
    WHERE crash_day = $crash_day AND asset = 'all' AND phase NOT IN ('before', 'aftermath') AND value IS NOT NULL
      AND metric NOT IN ('adl_fills', 'adl_notional', 'traders_liquidated')
      AND (counting IN ('estimate', 'two_sided') OR confidence = 'low'
           OR metric IN ('liquidations_actual', 'liquidations_feed'))
    ORDER BY list_position(['estimate', 'statement', 'two_sided', 'floor'], counting), r.confidence = 'low', metric,
             value, r.source_id
"""
ENDS = {"liquidations_estimate_low": "low end", "liquidations_estimate_high": "high end"}
LINES: Columns = {
    "topic": pl.String,
    "bridge": pl.String,
    "position": pl.Int64,
    "kind": pl.String,
    "line": pl.String,
    "value_usd": pl.Float64,
    "base_usd": pl.Float64,
    "low_usd": pl.Float64,
    "high_usd": pl.Float64,
    "universe": pl.String,
    "origin": pl.String,
    "window_label": pl.String,
    "as_of": pl.Datetime("us", "UTC"),
    "as_of_precision": pl.String,
    "source_id": pl.String,
}


def published(warehouse: Warehouse, crash_day: str) -> pl.DataFrame:
    """Every published total of a day over all assets and all venues of its universe, one row a board and metric.

    Columns: `board metric phase universe counting origin interest reason window_label window_start window_end as_of
    as_of_precision long_usd short_usd total_usd confidence second_hand note source_id`. `interest` is null where
    nothing is recorded of who counted. Windows, universes and countings differ from row to row: rows are never added.
    """
    return warehouse.query(
        f"SELECT * FROM ({PUBLISHED}) ORDER BY counting = 'estimate', universe, as_of, window_start, board, metric",
        crash_day=crash_day,
    )


def disputed(warehouse: Warehouse, crash_day: str) -> pl.DataFrame:
    """Figures about the size of a day that somebody has a stake in or that do not hold: estimates, statements, both
    sides counted.

    Columns: `metric name value unit origin interest reason window_label universe counting as_of as_of_precision
    confidence second_hand note source_id`. Interests: exchange, competitor, vendor, investor, research, unknown.
    """
    return warehouse.query(DISPUTED, crash_day=crash_day)


def bridges(warehouse: Warehouse, crash_day: str) -> pl.DataFrame:
    """The sums that connect the published totals of a day, line by line, several bridges below each other.

    Columns: `topic bridge position kind line value_usd base_usd low_usd high_usd universe origin window_label as_of
    as_of_precision source_id`. Topics: `readings` (one figure of one universe through time), `windows` (parts of a
    window and the whole), `sides` (long and short), `exchanges` (a board's exchanges and its rest), `universes` (a
    wide total and a narrow one), `estimates` (what an estimate adds). Kinds: `part` and `reading` are published and
    added, `stated` is published and compared, `sum` and `difference` are computed. A line reaches from `base_usd`
    over `value_usd`; `low_usd` to `high_usd` is what the rounding of the parts leaves open of a sum, or of what is
    left for other exchanges.
    """
    totals = published(warehouse, crash_day).filter(pl.col("confidence") != "low", pl.col("total_usd").is_not_null())
    counted = totals.filter(pl.col("metric") == "liquidations", pl.col("counting") != "two_sided")
    settled = next(headline.total(warehouse, crash_day).iter_rows(named=True), None)
    halves = published(warehouse, crash_day).filter(pl.col("metric") == "liquidations", pl.col("phase") == "crash")
    lines = [
        *_readings(list(counted.iter_rows(named=True)), settled),
        *_windows(list(counted.iter_rows(named=True))),
        *_sides(list(halves.iter_rows(named=True)), settled),
        *_exchanges(warehouse, crash_day),
    ]
    if settled:
        lines += _universes(list(counted.iter_rows(named=True)), settled)
        lines += _estimates(list(totals.filter(pl.col("counting") == "estimate").iter_rows(named=True)), settled)
    return pl.DataFrame(lines, schema=LINES)


def _readings(rows: list[Row], settled: Row | None) -> list[Row]:
    """Totals of the crash in the universe of the settled one by the time they were read; two pages of one reading are
    one."""
    seen: dict[tuple[Any, ...], Row] = {}
    for row in sorted(rows, key=lambda row: (row["as_of"], row["total_usd"])):
        if settled and row["phase"] == "crash" and row["universe"] == settled["universe"]:
            seen.setdefault((row["as_of"], row["total_usd"]), row)
    lines = [_line("reading", row["window_label"], row["total_usd"], row) for row in seen.values()]
    return _bridge("readings", "readings", lines) if len(lines) > 1 else []


def _windows(rows: list[Row]) -> list[Row]:
    """The widest window whose parts, one after the other, are published too, in each universe."""
    lines: list[Row] = []
    spans = [row for row in rows if row["window_start"] and row["window_end"]]
    for universe in sorted({row["universe"] for row in spans}):
        own = [row for row in spans if row["universe"] == universe]
        for whole in sorted(own, key=lambda row: row["window_start"] - row["window_end"]):
            others = [row for row in own if (row["window_start"], row["window_end"]) != _window(whole)]
            if parts := _tiling(*_window(whole), others):
                summed = _summed([(part["window_label"], part) for part in parts])
                stated = _line("stated", whole["window_label"], whole["total_usd"], whole)
                lines += _bridge("windows", f"windows-{universe}", [*summed, stated])
                break
    return lines


def _window(row: Row) -> tuple[datetime, datetime]:
    return row["window_start"], row["window_end"]


def _tiling(start: datetime, end: datetime, rows: list[Row]) -> list[Row]:
    """Rows whose windows follow each other from start to end; none where none do."""
    for row in rows:
        if row["window_start"] == start and row["window_end"] <= end:
            rest = [] if row["window_end"] == end else _tiling(row["window_end"], end, rows)
            if rest or row["window_end"] == end:
                return [row, *rest]
    return []


def _sides(rows: list[Row], settled: Row | None) -> list[Row]:
    """Long and short of one window and universe, beside the total stated for it, or beside the settled one of that
    universe."""
    lines: list[Row] = []
    groups: dict[tuple[Any, ...], dict[str, Row]] = {}
    for row in rows:
        key = (row["universe"], *(_window(row) if row["window_start"] and row["window_end"] else (row["board"],)))
        for side in ("long", "short", "total"):
            if row[f"{side}_usd"] is not None:
                groups.setdefault(key, {}).setdefault(side, row)
    for key, found in groups.items():
        if "long" in found and "short" in found:
            halves = _summed(
                [(side, found[side] | {"total_usd": found[side][f"{side}_usd"]}) for side in ("long", "short")]
            )
            whole = found.get("total")
            if whole is None and settled and settled["universe"] == key[0]:
                whole = settled | {"total_usd": settled["value"]}
            stated = [_line("stated", whole["window_label"], whole["total_usd"], whole)] if whole else []
            lines += _bridge("sides", "sides-" + "-".join(map(str, key)), [*halves, *stated])
    return lines


def _exchanges(warehouse: Warehouse, crash_day: str) -> list[Row]:
    """The exchanges of the fullest board of the crash, what is left for all others, and the total the board states."""
    known = boards.every(warehouse, crash_day).filter(pl.col("phase") == "crash", pl.col("total_usd").is_not_null())
    for board in known.head(1).iter_rows(named=True):
        rows = boards.by_exchange(warehouse, board["board"])
        *named, whole = _summed(
            [(row["name"], board | row) for row in rows.filter(~pl.col("computed")).iter_rows(named=True)]
        )
        stated = _line("stated", board["window_label"], board["total_usd"], board)
        rest = _between(whole, stated, "all other exchanges")
        loose = sum(rounding.half_step(line["value_usd"]) for line in (*named, stated))
        rest |= {"low_usd": max(rest["value_usd"] - loose, 0), "high_usd": rest["value_usd"] + loose}
        return _bridge("exchanges", board["board"], [*named, rest, stated])
    return []


def _universes(rows: list[Row], settled: Row) -> list[Row]:
    """The settled total, and the widest total with a stated window of each other universe."""
    lines: list[Row] = []
    narrow: dict[str, Row] = {}
    for row in sorted(rows, key=lambda row: row["total_usd"], reverse=True):
        if (
            row["universe"] != settled["universe"]
            and row["phase"] == "crash"
            and row["window_start"]
            and row["window_end"]
        ):
            narrow.setdefault(row["universe"], row)
    for universe, row in narrow.items():
        part = _line("part", f"{row['origin']}, {row['window_label']}", row["total_usd"], row)
        whole = _line("stated", f"{settled['origin']}, {settled['window_label']}", settled["value"], settled)
        rest = "apart"
        lines += _bridge("universes", f"universes-{universe}", [part, _between(part, whole, rest), whole])
    return lines


def _estimates(rows: list[Row], settled: Row) -> list[Row]:
    """What each published estimate adds to the settled total."""
    lines: list[Row] = []
    part = _line("part", f"{settled['origin']}, {settled['window_label']}", settled["value"], settled)
    for row in sorted(rows, key=lambda row: row["total_usd"]):
        whole = _line("stated", f"{row['origin']}, {ENDS[row['metric']]}", row["total_usd"], row)
        lines += [_between(part, whole, f"added by it, {ENDS[row['metric']]}"), whole]
    return _bridge("estimates", "estimates", [part, *lines]) if lines else []


def _summed(parts: list[tuple[str, Row]]) -> list[Row]:
    """Parts one after the other, and their exact sum."""
    lines: list[Row] = []
    total = Decimal(0)
    for words, row in parts:
        lines.append(_line("part", words, row["total_usd"], row, float(total)))
        total += Decimal(str(row["total_usd"]))
    sources = ";".join(sorted({one for line in lines for one in line["source_id"].split(";")}))
    whole = _line("sum", "their sum", float(total), lines[0] | {"source_id": sources, "as_of": None, "origin": None})
    loose = sum(rounding.half_step(line["value_usd"]) for line in lines)
    return [*lines, whole | {"low_usd": float(total) - loose, "high_usd": float(total) + loose}]


def _between(part: Row, whole: Row, words: str) -> Row:
    """The computed line from the end of one figure to the other."""
    value = float(Decimal(str(whole["value_usd"])) - Decimal(str(part["value_usd"])))
    sources = ";".join(sorted({*part["source_id"].split(";"), *whole["source_id"].split(";")}))
    return _line("difference", words, value, {"source_id": sources}, part["value_usd"])


def _line(kind: str, words: str, value: float, row: Row, base: float = 0.0) -> Row:
    """A line with what is known of its figure."""
    told = ("universe", "origin", "window_label", "as_of", "as_of_precision", "source_id")
    return {"kind": kind, "line": words, "value_usd": value, "base_usd": base, **{name: row.get(name) for name in told}}


def _bridge(topic: str, bridge: str, lines: Iterable[Row]) -> list[Row]:
    return [{"topic": topic, "bridge": bridge, "position": position, **line} for position, line in enumerate(lines)]
