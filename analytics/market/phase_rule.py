"""The phases of a fall, found by one stated rule: onset, cascade, capitulation, recovery.

Each border is where a sum last stood at zero or a price crossed a stated part of the fall; nothing is drawn by hand.

- A fall adds up what the price lost in excess of a speed, and starts again from zero whenever that is used up (Page's
  cumulative sum, 1954). It began where the sum last stood at zero.
- cascade: of all falls faster than `fast` percent a minute the deepest, if it is `deep` percent deep in excess of that
  speed and one of its bars is `burst` times the median bar before it, in volume or in liquidations where they are
  known.
- onset: from where the fall slower than that, `slow` percent a minute, began that leads into the cascade.
- capitulation: the bars around the low of the cascade that went into the lowest `bottom` part of the fall.
- recovery: from there until a close has regained `regained` of the fall.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

PHASES = ("onset", "cascade", "capitulation", "recovery")
LEAST_BARS = 10
"""With fewer bars before the fall, what is usual is not known."""
LEAST_COVERAGE = 0.9
"""The part of its bars a range must have: a fall within a gap would go unseen."""


@dataclass(frozen=True)
class Rule:
    """The parameters, speeds in percent a minute."""

    slow: float = 0.05
    fast: float = 0.3
    deep: float = 2.0
    burst: float = 5.0
    bottom: float = 0.25
    regained: float = 0.5


@dataclass(frozen=True)
class Borders:
    """Positions of the bars at which each phase begins, and of the bar after the recovery; None where it is not known.

    `refusal` says why there are none.
    """

    onset: int | None = None
    cascade: int | None = None
    capitulation: int | None = None
    recovery: int | None = None
    recovered: int | None = None
    refusal: str = ""


def find(bars: pl.DataFrame, rule: Rule = Rule()) -> Borders:
    """The borders of the deepest cascade in a market's bars (`ts close_at open high low close volume_base
    liquidated_usd`, in time order)."""
    if reason := _unusable(bars):
        return Borders(refusal=reason)
    close, low = bars["close"].to_numpy(), bars["low"].to_numpy()
    before = np.concatenate((bars["open"].to_numpy()[:1], close[:-1]))
    lost = -100 * np.log(close / before)
    minutes = bars["close_at"].diff().dt.total_seconds().fill_null(0).to_numpy() / 60
    minutes[0] = (bars["close_at"][0] - bars["ts"][0]).total_seconds() / 60
    fast = _excess(lost - rule.fast * minutes)
    top = int(fast.argmax())
    if fast[top] < rule.deep:
        return Borders(
            refusal=f"No fall here went {rule.deep:g} % beyond a speed of {rule.fast:g} % a minute: by this rule there "
            "was no cascade."
        )
    cascade = _began(fast, top)
    after = np.flatnonzero(fast[top:] == 0)
    last = top + int(after[0]) if len(after) else len(close) - 1
    onset = min(_began(_excess(lost - rule.slow * minutes), cascade), cascade)
    if onset < LEAST_BARS:
        return Borders(
            refusal=f"The fall begins within the first {LEAST_BARS} bars of the range: what was usual before it is not "
            "known here. Choose an earlier start."
        )
    if not _burst(bars, onset, cascade, last, rule.burst):
        return Borders(
            refusal=f"No bar of the fall is {rule.burst:g} times the median bar before it, in volume or in "
            "liquidations: by this rule there was no cascade."
        )
    bottom = cascade + int(low[cascade : last + 1].argmin())
    return _bottom(low, close, before[onset], onset, cascade, bottom, rule)


def _bottom(
    low: np.ndarray, close: np.ndarray, start: float, onset: int, cascade: int, bottom: int, rule: Rule
) -> Borders:
    depth = start - low[bottom]
    deep = low <= low[bottom] + rule.bottom * depth
    above = np.flatnonzero(~deep[cascade:bottom])
    capitulation = cascade + (int(above[-1]) + 1 if len(above) else 0)
    left = np.flatnonzero(~deep[bottom:])
    if not len(left):
        return Borders(onset, cascade, capitulation)
    recovery = bottom + int(left[0])
    back = np.flatnonzero(close[recovery:] >= low[bottom] + rule.regained * depth)
    return Borders(onset, cascade, capitulation, recovery, recovery + int(back[0]) + 1 if len(back) else None)


def _excess(steps: np.ndarray) -> np.ndarray:
    """Page's cumulative sum: what the steps add up to since they last added up to nothing."""
    total = np.cumsum(steps)
    return total - np.minimum(np.minimum.accumulate(total), 0)


def _began(excess: np.ndarray, place: int) -> int:
    """The bar after the last one up to a place at which the sum stood at zero."""
    zero = np.flatnonzero(excess[: place + 1] == 0)
    return int(zero[-1]) + 1 if len(zero) else 0


def _burst(bars: pl.DataFrame, onset: int, cascade: int, last: int, times: float) -> bool:
    for column in ("volume_base", "liquidated_usd"):
        usual = bars[:onset].select(pl.median(column)).item()
        largest = bars[cascade : last + 1].select(pl.max(column)).item()
        if usual and largest is not None and largest >= times * usual:
            return True
    return False


def _unusable(bars: pl.DataFrame) -> str:
    if bars.height <= LEAST_BARS:
        return f"{bars.height} bars are too few to find phases in: more than {LEAST_BARS} are needed."
    if (bars["low"] <= 0).any():
        return "A price of zero or less is among the bars, at which nobody can trade: nothing is computed from them."
    if bars["high"].max() == bars["low"].min():
        return "The price did not move in this range."
    expected = (bars["close_at"][-1] - bars["ts"][0]) / (bars["close_at"][0] - bars["ts"][0])
    if bars.height < LEAST_COVERAGE * expected:
        return (
            f"{expected - bars.height:.0f} of {expected:.0f} bars are missing, because nobody traded or they were not "
            "recorded: a fall within a gap would go unseen."
        )
    return ""
