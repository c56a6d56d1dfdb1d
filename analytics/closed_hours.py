"""Stocks through a crash of the crypto market, which does not keep the hours of the cash market."""

from __future__ import annotations

import polars as pl

from analytics.warehouse import Warehouse

CLOSE_HOUR, EXCHANGE_ZONE = 16, "America/New_York"
TOKEN = "^[A-Z.]{1,6}(x|on)$"
"""Symbols of tokenized stocks: the ticker and the issuer's suffix in small letters (AAPLx, TSLAon)."""


def close_and_tokens(warehouse: Warehouse, crash_day: str) -> pl.DataFrame:
    """What is known of tokenized stocks on a crash day, one row: `t0 cash_close weekday minutes_after_close products names token_bars source_id`.

    `cash_close` is the regular close of New York on that date (holidays and early closes are not known), `minutes_after_close`
    how long before the crash it was; negative while the market was open. `products` had launched by then for sure.
    `token_bars` counts price bars of tokenized stocks in the day's window: with none, nothing can be shown.
    """
    return warehouse.query(
        f"""
        WITH day AS (
            SELECT *, timezone('{EXCHANGE_ZONE}', date_trunc('day', timezone('{EXCHANGE_ZONE}', t0)) + INTERVAL {CLOSE_HOUR} HOUR) AS cash_close
            FROM crash_days WHERE crash_day = $crash_day
        ), launched AS (
            SELECT *, launched + CASE launched_precision WHEN 'month' THEN INTERVAL 1 MONTH WHEN 'year' THEN INTERVAL 1 YEAR ELSE INTERVAL 0 DAY END AS surely
            FROM tokenized_products
        ), live AS (SELECT launched.* FROM launched, day WHERE surely <= day.t0)
        SELECT t0, cash_close, isodow(timezone('{EXCHANGE_ZONE}', t0)) AS weekday, date_diff('minute', cash_close, t0) AS minutes_after_close,
               (SELECT count(*) FROM live) AS products, (SELECT string_agg(product, ', ' ORDER BY product) FROM live) AS names,
               (SELECT count(*) FROM bars, day WHERE ts >= day.window_start AND ts < day.window_end
                    AND regexp_matches(split_part(symbol, '/', 1), '{TOKEN}')) AS token_bars,
               concat_ws(';', source_id, (SELECT string_agg(DISTINCT source_id, ';') FROM live)) AS source_id
        FROM day
        """,
        crash_day=crash_day,
    )
