"""Boards: liquidations per exchange as one publication counted them, over one window, as of one moment.

Boards over all assets are those of publications. Trackers whose figures a refresh fetches state one asset a board, for
every UTC day or step of hours: those whose window holds a crash day's moment (`t0`) are boards of that day.
"""

from __future__ import annotations

import polars as pl

from analytics import rounding, sql
from analytics.liquidations.regimes import BEST_FIRST
from analytics.warehouse import Warehouse

LISTED = f"metric = 'liquidations' AND asset = 'all' AND {sql.ONE_SIDED}"
TRACKED = (
    "r.crash_day IS NULL AND r.asset <> 'all' AND r.venue <> 'all' AND r.metric = 'liquidations' "
    "AND r.window_start <= d.t0 AND d.t0 < r.window_end"
)
"""A tracker's figure (`r`) that a crash day (`d`) is in."""
WINDOW_KIND = "coalesce(nullif(regexp_extract(window_label, '^trailing [0-9]+h'), ''), board)"
"""What readings of one universe must share to stand in one range: trailing windows of one length, else the board
itself."""

OF_DAY = f"""
    WITH rows AS (
        SELECT r.* EXCLUDE (crash_day)
        FROM liquidation_reports r, crash_days d
        WHERE d.crash_day = $crash_day AND (r.crash_day = d.crash_day AND {LISTED} OR {TRACKED})
    ), sums AS (
        SELECT board, {sql.total("coalesce(whole, halves)", 2)} AS named_usd
        FROM (
            SELECT board, {sql.of_side("total")} AS whole,
                   {sql.of_side("long")} + {sql.of_side("short")} AS halves
            FROM rows
            WHERE venue <> 'all'
            GROUP BY board, venue
        )
        GROUP BY board
    )
    SELECT board, left(sha256(board), 8) AS board_id, any_value(asset) AS asset,
           any_value(window_label) AS window_label, any_value(window_start) AS window_start,
           any_value(window_end) AS window_end, any_value(as_of) AS as_of,
           any_value(as_of_precision) AS as_of_precision,
           any_value(origin) AS origin, any_value(universe) AS universe,
           any_value(phase) FILTER (venue <> 'all') AS phase,
           count(DISTINCT venue) FILTER (venue <> 'all') AS venues, any_value(named_usd) AS named_usd,
           max(value) FILTER (venue = 'all' AND side = 'total') AS total_usd,
           any_value(confidence) FILTER (venue <> 'all') AS confidence, bool_or(second_hand) AS second_hand,
           {sql.sources()} AS source_id
    FROM rows
    LEFT JOIN sums USING (board)
    GROUP BY board
    HAVING venues >= 2
    ORDER BY any_value(rows.phase) FILTER (venue <> 'all') = 'crash' DESC, total_usd IS NOT NULL DESC, venues DESC,
             max(rows.as_of) DESC NULLS LAST, board
"""


def every(warehouse: Warehouse, crash_day: str) -> pl.DataFrame:
    """The boards of a day that name at least two exchanges, the most complete of the crash first.

    Columns: `board board_id asset window_label window_start window_end as_of as_of_precision origin universe phase
    venues named_usd total_usd confidence second_hand source_id`. `board_id` is short, for links, and stays as long as
    the board's key does. `asset` is `all`, or the one asset of a tracker's board. `total_usd` is null where the board
    states no total: then nothing is known about the rest.
    """
    return warehouse.query(OF_DAY, crash_day=crash_day)


BY_EXCHANGE = f"""
    WITH rows AS (
        SELECT venue, {sql.of_side("long")} AS long_usd,
               {sql.of_side("short")} AS short_usd,
               coalesce({sql.of_side("total")}, long_usd + short_usd) AS total_usd,
               any_value(confidence) AS confidence, {sql.listed("note", " ")} AS note,
               {sql.sources()} AS source_id
        FROM liquidation_reports r
        WHERE board = $board AND ({LISTED} OR crash_day IS NULL AND asset <> 'all' AND metric = 'liquidations')
        GROUP BY venue
    ), whole AS (
        SELECT total_usd, source_id
        FROM rows
        WHERE venue = 'all'
    ), named AS (
        SELECT *
        FROM rows
        WHERE venue <> 'all'
    ), rest AS (
        SELECT {sql.exact("total_usd", 2)} - (SELECT sum({sql.exact("total_usd", 2)}) FROM named) AS rest_usd,
               source_id
        FROM whole
    ), held AS (
        SELECT venue, completeness, rule AS regime, f.source_id
        FROM feed_regimes f, crash_days d
        WHERE d.crash_day = (
            SELECT any_value(d.crash_day)
            FROM liquidation_reports r, crash_days d
            WHERE board = $board AND (r.crash_day = d.crash_day OR {TRACKED})
        ) AND (valid_from IS NULL OR valid_from < window_end) AND (valid_to IS NULL OR valid_to > window_start)
        QUALIFY row_number() OVER (PARTITION BY venue ORDER BY {BEST_FIRST}, feed) = 1
    ), listed AS (
        SELECT venue, long_usd, short_usd, total_usd, false AS computed, confidence, note, source_id
        FROM named
        UNION ALL
        SELECT 'other', NULL, NULL, rest_usd::DOUBLE, true, 'medium', 'The stated total less the exchanges named.',
               source_id
        FROM rest
        WHERE rest_usd > 0
    )
    SELECT $board AS board, venue,
           CASE WHEN computed THEN 'Other exchanges' ELSE {sql.venue_name()} END AS name, long_usd, short_usd,
           CASE
               WHEN long_usd IS NULL OR short_usd IS NULL
                   THEN ({sql.exact("total_usd", 2)}
                         - {sql.exact("coalesce(long_usd, short_usd, 0)", 2)})::DOUBLE
           END AS unsplit_usd,
           total_usd, 100 * total_usd / (SELECT total_usd FROM whole) AS share_pct,
           (SELECT total_usd FROM whole) AS whole_usd, computed, confidence, listed.note,
           completeness, regime, concat_ws(';', listed.source_id, held.source_id) AS source_id
    FROM listed
    {sql.VENUES}
    LEFT JOIN held USING (venue)
    ORDER BY computed, total_usd DESC NULLS LAST, venue
"""


def by_exchange(warehouse: Warehouse, board: str) -> pl.DataFrame:
    """One board's exchanges, largest first.

    Columns: `board venue name long_usd short_usd unsplit_usd total_usd low_usd high_usd share_pct computed confidence
    note completeness regime source_id`. The rest of the board's stated total is the row `other`, marked `computed`;
    `low_usd` to `high_usd` is what the rounding of the figures leaves open of it, null in all other rows. Long and
    short are null where the board does not split them; `unsplit_usd` is the part of a total whose side is not stated,
    null where both are. `completeness` and `regime` are those of the exchange's best feed on the day
    (`regimes.in_force`), null where none is described. Never concatenate two boards: their windows or universes
    differ.
    """
    rows = warehouse.query(BY_EXCHANGE, board=board)
    parts = [*rows.filter(~pl.col("computed"))["total_usd"].drop_nulls(), *rows["whole_usd"].drop_nulls().head(1)]
    loose = pl.when("computed").then(pl.lit(sum(map(rounding.half_step, parts))))
    ends = {
        "low_usd": pl.max_horizontal(pl.col("total_usd") - loose, 0 * loose),
        "high_usd": pl.col("total_usd") + loose,
    }
    return rows.drop("whole_usd").with_columns(**ends)


def readings(warehouse: Warehouse, crash_day: str) -> pl.DataFrame:
    """Every published liquidation figure of a day over all assets, one row per board and venue, grouped by what it
    covers.

    Columns: `board phase universe origin window_label as_of as_of_precision venue name long_usd short_usd total_usd
    counting confidence second_hand note source_id`. Rows of different boards are listed beside each other, never added
    or drawn on one axis.
    """
    return warehouse.query(
        f"""
        SELECT board, phase, universe, origin, window_label, r.as_of, as_of_precision, venue,
               CASE venue WHEN 'all' THEN 'All venues' ELSE coalesce(any_value(v.name), venue) END AS name,
               {sql.SIDES},
               counting, r.confidence, bool_or(second_hand) AS second_hand,
               {sql.listed("r.note", " ")} AS note,
               {sql.sources("r.source_id")} AS source_id
        FROM liquidation_reports r
        {sql.VENUES}
        WHERE crash_day = $crash_day AND metric = 'liquidations' AND asset = 'all'
        GROUP BY board, phase, universe, origin, window_label, r.as_of, as_of_precision, venue, counting, r.confidence
        ORDER BY list_position(['crash', 'cascade', 'before', 'aftermath'], phase) NULLS LAST, r.confidence = 'low',
                 counting = 'two_sided',
                 count(*) OVER (PARTITION BY r.universe) DESC, r.universe, r.as_of, board, venue = 'all' DESC,
                 max(value) DESC
        """,
        crash_day=crash_day,
    )
