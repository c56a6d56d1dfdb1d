"""The composite: the median over venues of their last prices, bar by bar on one clock.

A price counts while it is no older than `FRESH` bars. There must be three of them; where an asset trades on two venues
only, the composite is their midpoint, so that neither can be said to have left it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from analytics.market import decimate, prices
from analytics.warehouse import Warehouse

FRESH = {"1s": 10}
"""Bars for which a close stays a venue's price; without an entry only the bar itself."""
TWO, THREE = 2, 3
"""Venues that have a distance from each other; venues of which one can be said to have left the others."""


@dataclass(frozen=True)
class Grid:
    """Fresh prices on one clock: `price` is venues × bars, NaN where a venue has none; `printed` where it traded.

    `worthless` counts closes of zero or less, which are no prices.
    """

    start: datetime
    seconds: int
    price: np.ndarray
    printed: np.ndarray
    worthless: int

    def at(self, place: int) -> datetime:
        """When the bar at a place closes."""
        return self.start + timedelta(seconds=self.seconds * (int(place) + 1))


def grid(warehouse: Warehouse, chosen: tuple[decimate.Key, ...], start: datetime, end: datetime) -> Grid:
    """Fresh prices of series of one bar length on one clock. Raises ValueError when bar lengths are mixed."""
    if len({key[4] for key in chosen}) != 1:
        raise ValueError("Bars of different lengths have no clock in common.")
    interval = chosen[0][4]
    seconds = prices.SECONDS[interval]
    rows = decimate.closes(warehouse, chosen, start, end)
    begins = int(start.timestamp()) // seconds * seconds
    bars = -((begins - int(end.timestamp())) // seconds)
    place = (rows["second"].to_numpy() + (round(start.timestamp()) - begins)) // seconds
    close = rows["close"].to_numpy()
    price = np.full((len(chosen), bars), np.nan)
    price[rows["place"].to_numpy(), place] = np.where(close > 0, close, np.nan)
    printed = ~np.isnan(price)
    _carry(price, printed, FRESH.get(interval, 1))
    return Grid(datetime.fromtimestamp(begins, start.tzinfo), seconds, price, printed, int((close <= 0).sum()))


def _carry(price: np.ndarray, printed: np.ndarray, fresh: int) -> None:
    """Let each price stand until the next print, for so many bars at most."""
    bars = np.arange(price.shape[1], dtype=np.int32)
    for line, traded in zip(price, printed, strict=True):
        if traded.all():
            continue
        last = np.maximum.accumulate(np.where(traded, bars, -1))
        stands = (last >= 0) & (bars - last < fresh)
        line[stands] = line[last[stands]]


def of(price: np.ndarray, least: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The median of the fresh prices where at least so many are, each price's distance from it in percent, and how
    many are fresh."""
    ordered = np.sort(price, axis=0)  # NaN sorts last
    fresh = len(price) - np.isnan(price).sum(axis=0)
    bars = np.arange(price.shape[1])
    lower, upper = ordered[np.maximum(fresh - 1, 0) // 2, bars], ordered[np.minimum(fresh // 2, len(price) - 1), bars]
    middle = np.where(fresh >= least, (lower + upper) / 2, np.nan)
    return middle, 100 * (price / middle - 1), fresh
