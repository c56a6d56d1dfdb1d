"""What the words of a refresh mean: which sources, which span, which symbols. Wrong use is said in a sentence."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from pipelines.config import SCHEDULE, Settings
from pipelines.generations.readers import NoWarehouse, opened
from pipelines.source import Ask, SourceModule, discover

SYMBOL = re.compile(r"[^\W_]{1,20}(/[^\W_]{1,12}(:[^\W_]{1,20})?)?")
"""A base asset, or BASE/QUOTE[:SETTLE]. Contracts are named in any letters: Binance has one in Chinese."""


class WrongUse(ValueError):
    """What was asked for cannot be meant: says why, and what can be asked for."""


def chosen(settings: Settings, names: list[str] | None, group: str | None) -> list[SourceModule]:
    """The sources to refresh: the named ones, else all a plain refresh touches, of one group if given.
    Raises WrongUse."""
    known = {name: module for name, module in discover().items() if module.SOURCE.group != "embedded"}
    for name in names or []:
        if name not in known:
            raise WrongUse(f"There is no source '{name}'. Sources: {', '.join(known)}")
    if group is not None and group not in SCHEDULE:
        raise WrongUse(f"There is no group '{group}'. Groups: {', '.join(SCHEDULE)}")
    # What is recorded here is loaded without being named; who never recorded is not told that nothing came.
    asked = names or [
        name for name, module in known.items() if module.SOURCE.default or (settings.inbox_dir / name).exists()
    ]
    return [module for name, module in known.items() if name in asked and group in (None, module.SOURCE.group)]


def ask(settings: Settings, start: str | None, end: str | None, event: str | None, symbols: list[str] | None) -> Ask:
    """The span and symbols a refresh is about: a crash day's window, or start and end,
    or the last two whole UTC days. Raises WrongUse."""
    now = datetime.now(UTC)
    if event and (start or end):
        raise WrongUse("Give either --event or --start and --end.")
    if event:
        first, last = _window(settings, event)
        last = min(last, now)
    else:
        today = now.replace(hour=0, minute=0, second=0, microsecond=0)
        first, last = _moment("--start", start) or today - timedelta(days=2), _moment("--end", end) or now
    if first >= last:
        raise WrongUse(f"The start ({first:%Y-%m-%d %H:%M} UTC) is not before the end ({last:%Y-%m-%d %H:%M} UTC).")
    if last > now + timedelta(minutes=1):
        raise WrongUse(f"The end ({last:%Y-%m-%d %H:%M} UTC) lies in the future; it is {now:%Y-%m-%d %H:%M} UTC.")
    return Ask(first, last, now, _symbols(symbols), catch_up=not (event or start))


def ask_for_day(day: str, symbols: list[str] | None) -> Ask:
    """One UTC day, today until now. Raises WrongUse."""
    now = datetime.now(UTC)
    try:
        first = datetime.combine(date.fromisoformat(day), time(), UTC)
    except ValueError:
        raise WrongUse(f"--day '{day}' is not a day. Write 2025-10-10.") from None
    if first >= now:
        raise WrongUse(f"--day {day} lies in the future; it is {now:%Y-%m-%d %H:%M} UTC.")
    return Ask(first, min(first + timedelta(days=1), now), now, _symbols(symbols))


def refuse_unknown_symbols(modules: list[SourceModule], ask: Ask) -> None:
    """Raises WrongUse where a symbol that was named gives no piece in any of these sources."""
    forms = {module.SOURCE.id: module.FORMS for module in modules if hasattr(module, "FORMS")}
    minding = [module for module in modules if module.SOURCE.id in forms]
    for symbol in ask.symbols if minding else ():
        if any(list(module.plan(replace(ask, symbols=(symbol,)))) for module in minding):
            continue
        if not any(list(module.plan(replace(ask, symbols=()))) for module in minding):
            span = f"from {ask.start:%Y-%m-%d %H:%M} to {ask.end:%Y-%m-%d %H:%M} UTC"
            raise WrongUse(f"No source asked has anything {span}. Their spans: python -m pipelines sources")
        have = "; ".join(f"{name}: {', '.join(shapes)}" for name, shapes in forms.items())
        raise WrongUse(f"No source asked has a symbol '{symbol}'. Give a base asset (BTC) or a form of theirs. {have}")


def _symbols(symbols: list[str] | None) -> tuple[str, ...]:
    """The symbols as given. Raises WrongUse where one is written as none can be."""
    for symbol in symbols or []:
        if not SYMBOL.fullmatch(symbol):
            raise WrongUse(f"'{symbol}' is not a base asset (BTC) or a symbol (BTC/USDT, BTC/USDT:USDT).")
    return tuple(symbols or [])


def _window(settings: Settings, event: str) -> tuple[datetime, datetime]:
    try:
        with opened(settings.warehouse_dir) as connection:
            days = connection.sql(
                "SELECT crash_day, window_start, window_end FROM crash_days ORDER BY window_start"
            ).pl()
    except NoWarehouse as missing:
        raise WrongUse(f"No crash day is known. {missing}") from None
    for name, first, last in days.iter_rows():
        if name == event:
            return first.astimezone(UTC), last.astimezone(UTC)
    raise WrongUse(f"There is no crash day '{event}'. Crash days: {', '.join(days['crash_day'])}")


def _moment(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise WrongUse(f"{option} '{text}' is not an ISO time. Write 2025-10-10T00:00Z.") from None
    if moment.tzinfo is None:
        raise WrongUse(f"{option} '{text}' has no zone. Write {text}{'T00:00' if 'T' not in text else ''}Z for UTC.")
    return moment.astimezone(UTC)
