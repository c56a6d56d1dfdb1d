"""Pieces of SQL that many questions share: each returns text for an f-string, from names of columns only, never from
values (those are parameters of `Warehouse.query`)."""

from __future__ import annotations

VENUES = "LEFT JOIN venues v USING (venue)"
"""Joins what is recorded of each row's venue; `venue_name` is of it."""
ONE_SIDED = "counting IN ('floor', 'complete')"
"""Published figures that count each liquidation at most once: no estimates, no sums of both sides of a trade."""


def base(symbol: str = "symbol") -> str:
    """The base asset of a unified symbol: BTC of `BTC/USDT:USDT`."""
    return f"split_part({symbol}, '/', 1)"


def quote(symbol: str = "symbol") -> str:
    """The asset a unified symbol is priced in: USDT of `BTC/USDT:USDT`."""
    return f"split_part(split_part({symbol}, '/', 2), ':', 1)"


def venue_name(venue: str = "venue") -> str:
    """The name of a row's venue, its id where no venue of that id is recorded; needs `VENUES`."""
    return f"coalesce(v.name, {venue})"


def venue_or_all(venue: str = "venue") -> str:
    """The same where a row may be of all venues together."""
    return f"CASE {venue} WHEN 'all' THEN 'All venues' ELSE {venue_name(venue)} END"


def of_side(side: str) -> str:
    """What a group of published figures says of one side (long, short, total): null where it says nothing."""
    return f"max(value) FILTER (side = '{side}')"


SIDES = f"{of_side('long')} AS long_usd, {of_side('short')} AS short_usd, {of_side('total')} AS total_usd"
"""The columns of all three."""


def listed(text: str, separator: str) -> str:
    """Each different text of a group once, in the order of the alphabet: without an order DuckDB gives another one
    each time."""
    return f"string_agg(DISTINCT {text}, '{separator}' ORDER BY {text})"


def sources(source_id: str = "source_id") -> str:
    """The ids of a group's sources, joined as `source_id` is everywhere."""
    return listed(source_id, ";")


def exact(number: str, decimals: int) -> str:
    """A number as a decimal, so that a sum of it does not depend on the order of the rows."""
    return f"{number}::DECIMAL(38, {decimals})"


def total(number: str, decimals: int) -> str:
    """The sum of a group, exact to so many decimals: 2 for dollars as published, 6 for the value of single orders, 8
    for quantities."""
    return f"sum({exact(number, decimals)})::DOUBLE"
