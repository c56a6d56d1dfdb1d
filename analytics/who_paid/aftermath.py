"""What exchanges gave back after a crash day, and what is not known of it."""

from __future__ import annotations

import polars as pl

from analytics import sql
from analytics.exchange.profile import MENTIONED
from analytics.warehouse import Warehouse


def case_day(warehouse: Warehouse, venue: str) -> pl.DataFrame:
    """The crash day on which a venue became a story of its own (a topic of its name), in the columns of `crash_days`;
    no row where it is none."""
    return warehouse.query(
        """
        SELECT d.*
        FROM crash_days d
        JOIN venue_reports r USING (crash_day)
        WHERE r.venue = $venue AND r.topic = $venue
        GROUP BY ALL
        ORDER BY count(*) DESC
        LIMIT 1
        """,
        venue=venue,
    )


TREATMENT = f"""
    WITH told AS (
        SELECT venue, 'figure' AS kind, replace(metric, '_', ' ') AS said, value, unit, window_label, origin, as_of,
               as_of_precision, confidence, second_hand, note, source_id
        FROM venue_reports
        WHERE crash_day = $crash_day AND topic = 'compensation'
        UNION ALL
        SELECT r.venue, 'losses it states', replace(metric, '_', ' '), value, unit, window_label, origin, as_of,
               as_of_precision, confidence, second_hand, r.note, r.source_id
        FROM venue_reports r
        JOIN venues v USING (venue)
        WHERE crash_day = $crash_day AND topic = 'losses' AND origin = v.name
        UNION ALL
        SELECT v.venue, 'statement', title, NULL, NULL, NULL, NULL, ts, precision, e.confidence, second_hand,
               e.note, e.source_id
        FROM events e
        JOIN venues v ON {MENTIONED}
        WHERE timeline = $crash_day AND category = 'compensation' AND standing = 'reported'
    ), all_told AS (
        FROM told
        UNION ALL
        SELECT venue, 'nothing found', 'No compensation was found, announced or paid', NULL, NULL, NULL, NULL, NULL,
               'unknown', NULL, false, NULL, 'crashday'
        FROM venues
        WHERE venue = $asked AND venue NOT IN (SELECT venue FROM told)
    )
    SELECT venue, v.name, t.kind, said, value, unit, coalesce(window_label, 'not stated') AS window_text, origin,
           as_of, as_of_precision,
           confidence, second_hand, t.note, t.source_id
    FROM all_told t
    JOIN venues v USING (venue)
    ORDER BY t.kind = 'nothing found' DESC, lower(v.name), as_of, t.kind, said
"""


def treatment(warehouse: Warehouse, crash_day: str, asked: str) -> pl.DataFrame:
    """Compensation announced or paid after a crash day, one row per statement, by exchange and date.

    Columns: `venue name kind said value unit window_text origin as_of as_of_precision confidence second_hand note
    source_id`. `kind`: a figure, losses the venue itself states, a dated statement, or nothing found, for the venue
    `asked` about. Rows overlap and replace each other (an interim figure, a final one, a sum of both): never added.
    """
    return warehouse.query(TREATMENT, crash_day=crash_day, asked=asked)


UNKNOWN = f"""
    WITH asked AS (
        SELECT 1 AS place, 'Was anything refunded or compensated?' AS question,
               'No figure and no announcement of it was found.' AS answer, 'crashday' AS source_id
        WHERE NOT EXISTS (
            SELECT 1
            FROM venue_reports
            WHERE venue = $venue AND crash_day = $crash_day AND topic = 'compensation'
        )
          AND NOT EXISTS (
              SELECT 1
              FROM events e
              JOIN venues v ON {MENTIONED}
              WHERE v.venue = $venue AND timeline = $crash_day AND category = 'compensation'
          )
        UNION ALL
        SELECT 2, 'Has it published a post-mortem of its own?', 'None was found.', 'crashday'
        WHERE NOT EXISTS (
            SELECT 1
            FROM events e
            JOIN venues v ON {MENTIONED}
            WHERE v.venue = $venue AND timeline IN ($crash_day, $venue) AND category = 'postmortem'
        )
        UNION ALL
        SELECT 3, 'How much did it close by auto-deleveraging?', 'No amount was found.', 'crashday'
        WHERE NOT EXISTS (
            SELECT 1
            FROM liquidation_reports
            WHERE venue = $venue AND crash_day = $crash_day AND metric = 'adl_notional'
        )
        UNION ALL
        SELECT 4, 'How did it rank?',
               CASE
                   WHEN count(rank) = 0 THEN 'No rank is recorded.'
                   WHEN count(rank) = 1
                       THEN 'Only the rank of ' || strftime(max(as_of), '%b %-d, %Y')
                           || ' is recorded, none before and none after.'
                   ELSE count(rank) || ' ranks are recorded, from ' || strftime(min(as_of), '%b %-d, %Y') || ' to '
                       || strftime(max(as_of), '%b %-d, %Y') || ', none outside and not every day between.'
               END,
               coalesce({sql.sources()}, 'crashday')
        FROM exchange_ranks
        WHERE venue = $venue AND rank IS NOT NULL AND ranked_by IS NULL
    )
    SELECT question, answer, source_id
    FROM asked
    ORDER BY place
"""


def unknown(warehouse: Warehouse, venue: str, crash_day: str) -> pl.DataFrame:
    """What a reader would ask of an exchange's crash day and finds no answer to here: `question answer source_id`.

    Each is looked for in the tables, so it goes once an answer is there; of ranks it says which readings there are.
    """
    return warehouse.query(UNKNOWN, venue=venue, crash_day=crash_day)
