"""What the words of `refresh` mean: which sources, which span, which symbols. Wrong use is said in a sentence."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import typer

from pipelines.config import SCHEDULE, Settings
from pipelines.generations.readers import NoWarehouse, opened
from pipelines.source import Ask, SourceModule, discover


def chosen(settings: Settings, names: list[str] | None, group: str | None) -> list[SourceModule]:
    """The sources to refresh: the named ones, else all a plain refresh touches, of one group if given."""
    known = {name: module for name, module in discover().items() if module.SOURCE.group != "embedded"}
    for name in names or []:
        if name not in known:
            raise typer.BadParameter(f"There is no source '{name}'. Sources: {', '.join(known)}")
    if group is not None and group not in SCHEDULE:
        raise typer.BadParameter(f"There is no group '{group}'. Groups: {', '.join(SCHEDULE)}")
    # What is recorded here is loaded without being named; who never recorded is not told that nothing came.
    asked = names or [
        name for name, module in known.items() if module.SOURCE.default or (settings.inbox_dir / name).exists()
    ]
    return [module for name, module in known.items() if name in asked and group in (None, module.SOURCE.group)]


def ask(settings: Settings, start: str | None, end: str | None, event: str | None, symbols: list[str] | None) -> Ask:
    """The span and symbols a refresh is about: a crash day's window, or start and end,
    or the last two whole UTC days."""
    now = datetime.now(UTC)
    if event and (start or end):
        raise typer.BadParameter("Give either --event or --start and --end.")
    if event:
        first, last = _window(settings, event)
        last = min(last, now)
    else:
        today = now.replace(hour=0, minute=0, second=0, microsecond=0)
        first, last = _moment("--start", start) or today - timedelta(days=2), _moment("--end", end) or now
    if first >= last:
        raise typer.BadParameter(
            f"The start ({first:%Y-%m-%d %H:%M} UTC) is not before the end ({last:%Y-%m-%d %H:%M} UTC)."
        )
    if last > now + timedelta(minutes=1):
        raise typer.BadParameter(
            f"The end ({last:%Y-%m-%d %H:%M} UTC) lies in the future; it is {now:%Y-%m-%d %H:%M} UTC."
        )
    for symbol in symbols or []:
        # Contracts are named in any letters: Binance has one in Chinese.
        if not re.fullmatch(r"[^\W_]{1,20}(/[^\W_]{1,12}(:[^\W_]{1,20})?)?", symbol):
            raise typer.BadParameter(f"'{symbol}' is not a base asset (BTC) or a symbol (BTC/USDT, BTC/USDT:USDT).")
    return Ask(first, last, now, tuple(symbols or []), catch_up=not (event or start))


def known_symbols(modules: list[SourceModule], ask: Ask) -> None:
    """Every symbol that was named gives a piece in one of these sources at least. Raises BadParameter."""
    forms = {module.SOURCE.id: module.FORMS for module in modules if hasattr(module, "FORMS")}
    minding = [module for module in modules if module.SOURCE.id in forms]
    for symbol in ask.symbols if minding else ():
        if any(list(module.plan(replace(ask, symbols=(symbol,)))) for module in minding):
            continue
        if not any(list(module.plan(replace(ask, symbols=()))) for module in minding):
            span = f"from {ask.start:%Y-%m-%d %H:%M} to {ask.end:%Y-%m-%d %H:%M} UTC"
            raise typer.BadParameter(f"No source asked has anything {span}. Their spans: python -m pipelines sources")
        have = "; ".join(f"{name}: {', '.join(shapes)}" for name, shapes in forms.items())
        raise typer.BadParameter(
            f"No source asked has a symbol '{symbol}'. Give a base asset (BTC) or a form of theirs. {have}"
        )


def _window(settings: Settings, event: str) -> tuple[datetime, datetime]:
    try:
        with opened(settings.warehouse_dir) as connection:
            days = connection.sql(
                "SELECT crash_day, window_start, window_end FROM crash_days ORDER BY window_start"
            ).pl()
    except NoWarehouse as missing:
        raise typer.BadParameter(f"No crash day is known. {missing}") from None
    for name, first, last in days.iter_rows():
        if name == event:
            return first.astimezone(UTC), last.astimezone(UTC)
    raise typer.BadParameter(f"There is no crash day '{event}'. Crash days: {', '.join(days['crash_day'])}")


def _moment(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{option} '{text}' is not an ISO time. Write 2025-10-10T00:00Z.") from None
    if moment.tzinfo is None:
        raise typer.BadParameter(
            f"{option} '{text}' has no zone. Write {text}{'T00:00' if 'T' not in text else ''}Z for UTC."
        )
    return moment.astimezone(UTC)
