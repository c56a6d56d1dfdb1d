"""Dislocation: every venue against the composite, who left it first, and a market against its sibling."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import polars as pl

from analytics.market import basis, composite, decimate, departures, dislocation, venue_gaps
from charts.market import dislocation as chart
from charts.market import venue_gaps as gaps_chart
from charts.words import clock
from pages.shared import words
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.columns import NUMBER, TEXT, TIME

Markets = tuple[tuple[str, decimate.Key], ...]
RULE = (
    "Composite: the median of at least three venues with a fresh price (two where no more trade it), one "
    "market each, spot before perpetual, dollars and dollar tokens alike; "
    f"a print stays fresh for {composite.FRESH['1s']} s among seconds, for its own bar otherwise"
)


def show(day: dict[str, Any], start: datetime, end: datetime, base: str) -> None:
    markets = ask(dislocation.markets, base=base, start=start, end=end)
    _deviations(base, markets, start, end)
    _order(base, start, end)
    _basis(base, start, end)
    _gaps(base, start, end)


def _deviations(base: str, markets: pl.DataFrame, start: datetime, end: datetime) -> None:
    about = f"{words.span(start, end)}. {RULE}. Percent; dotted: {departures.LEFT_PCT:g} % off"
    if markets.height < composite.TWO:
        others = ", ".join(ask(dislocation.assets, start=start, end=end)["base"])
        here = (
            f"{base} has bars of one venue only in this range"
            if markets.height
            else f"{base} has no comparable bars in this range"
        )
        card(
            f"{base} against the composite",
            markets.clear(),
            key="deviations",
            about=about,
            empty=f"{here}: a composite needs two." + (f" These have them: {others}." if others else ""),
        )
        return
    rows = ask(dislocation.deviations, chosen=decimate.keys(markets), start=start, end=end)
    known = rows.filter(pl.col("deviation_pct").is_not_null())
    names = dict(markets.select("venue", "name").iter_rows())
    if known.is_empty():
        card(
            f"{base} against the composite",
            known,
            key="deviations",
            about=about,
            empty=(
                f"{' and '.join(names.values())} never have a fresh price at the same time here: either their "
                "prints or their clocks lie apart."
            ),
        )
        return
    widest = ask(dislocation.widest, chosen=decimate.keys(markets), start=start, end=end).row(0, named=True)
    when = clock(widest["ts"], "second")
    side = "below" if widest["deviation_pct"] < 0 else "above"
    if markets.height == composite.TWO:
        _gap(base, markets, names, widest, start, end)
        return
    title = (
        f"{base} on {names[widest['venue']]} {market(widest)} stood {abs(widest['deviation_pct']):.1f} % {side} "
        f"the composite of {widest['venues']} at {when}"
    )
    gap = "A gap: fewer than three venues with a fresh price."
    card(
        title,
        rows,
        chart.deviations(rows, names, departures.LEFT_PCT, start, end),
        key="deviations",
        about=about,
        alt=(
            f"Lines of {base} by venue, percent from the composite; widest {widest['deviation_pct']:.1f} % on "
            f"{names[widest['venue']]}."
        ),
        note=f"{gap} A dollar token can leave the dollar itself, and a perpetual its spot.",
    )


def _gap(
    base: str, markets: pl.DataFrame, names: dict[str, str], widest: dict[str, Any], start: datetime, end: datetime
) -> None:
    """Two venues: what lies between them, for neither stands off a composite of both."""
    rows = ask(dislocation.gap, chosen=decimate.keys(markets), start=start, end=end)
    kinds = [f"{row['name']} ({market(row)})" for row in markets.iter_rows(named=True)]
    title = (
        f"{base} on {kinds[0]} and {kinds[1]} stood {widest['apart_pct']:.1f} % apart at "
        f"{clock(widest['ts'], 'second')}"
    )
    card(
        title,
        rows,
        chart.gap(rows, names, start, end),
        key="deviations",
        about=(
            f"{words.span(start, end)}. The price of the one less that of the other, percent of their midpoint; "
            "dollars and dollar tokens alike"
        ),
        alt=title,
        note=(
            "With two venues nothing tells which of them left. A break: one of them has no fresh price. "
            f"{liquidity(_finest(base, start, end)[1])}"
        ),
    )


def _finest(base: str, start: datetime, end: datetime) -> tuple[Markets, pl.DataFrame]:
    """The markets that tell who left first, from one-second bars where there are any, and their departures."""
    seconds = ask(dislocation.markets, base=base, start=start, end=end, interval="1s")
    finest = seconds if seconds.height else ask(dislocation.markets, base=base, start=start, end=end)
    if finest.is_empty():
        return (), finest
    chosen = tuple(zip(finest["name"], decimate.keys(finest), strict=True))
    return chosen, ask(departures.order, markets=chosen, start=start, end=end)


def liquidity(rows: pl.DataFrame) -> str:
    """In how many bars each venue (`analytics.market.departures.order`) printed: a thin one strays without anything
    having broken."""
    if rows.is_empty():
        return ""
    ordered = rows.sort("prints", "name", descending=[True, False]).iter_rows(named=True)
    said = [f"{row['name']} in {row['prints']:,}" for row in ordered]
    return f"Prints: {', '.join(said)} of {rows['bars'][0]:,} bars."


def caveat(rows: pl.DataFrame) -> str:
    """What a named venue's leaving may owe to its being thin, or of another kind, in a clause; empty where neither
    is so."""
    first, others = rows.row(0, named=True), rows[1:]
    said = []
    if first["prints"] < others["prints"].min():
        said.append(f"the thinnest of them, with prints in {first['prints']:,} of {first['bars']:,} bars")
    if first["market"] == "perp" and "perp" not in others["market"].to_list():
        said.append("the only perpetual among them")
    return " and ".join(said)


def left_first(base: str, start: datetime, end: datetime) -> pl.DataFrame:
    """Which venue left first: minute bars are asked only where there are no seconds."""
    return _finest(base, start, end)[1]


def _order(base: str, start: datetime, end: datetime) -> None:
    chosen, rows = _finest(base, start, end)
    if rows.is_empty():
        return
    about = (
        f"{words.span(start, end)}. A venue has left where it stands {departures.LEFT_PCT:g} % off the "
        f"composite of three or more for {departures.BARS_OFF} bars running with one; between “after” and “by”"
    )
    refusal = rows["refusal"][0]
    first = rows.row(0, named=True)
    title = (
        f"Which venue left {base}'s composite first cannot be told"
        if refusal
        else (
            f"{first['name']} {market(first)} left {base}'s composite first, between "
            f"{clock(first['left_after'], 'second')} and {clock(first['left_by'], 'second')}"
        )
        + (f": {caveat(rows)}" if caveat(rows) else "")
    )
    card(
        title,
        rows,
        key="departures",
        about=about,
        table={
            "name": TEXT("Venue"),
            "symbol": TEXT("Market"),
            "interval": TEXT("Bars of"),
            "left_after": TIME("Left after", format="HH:mm:ss"),
            "left_by": TIME("by", format="HH:mm:ss"),
            "bars_out": NUMBER("Bars out"),
            "deepest_pct": NUMBER("Furthest, %", format="%.1f"),
            "deepest_ts": TIME("at", format="HH:mm:ss"),
            "prints": NUMBER("Bars with a print", format="localized"),
            "composed": NUMBER("with three venues", format="localized"),
            "bars": NUMBER("of", format="localized"),
        },
        note=f"{refusal or 'Clocks are the venues’ own.'} {liquidity(rows)}",
    )
    if rows.height >= composite.THREE:
        _settings(chosen, start, end)


def _settings(chosen: Markets, start: datetime, end: datetime) -> None:
    rows = ask(departures.settings, markets=chosen, start=start, end=end)
    named = (
        rows.filter(pl.col("name").is_not_null()).group_by("name").len().sort("len", "name", descending=[True, False])
    )
    said = ", ".join(f"{name} in {count}" for name, count in named.iter_rows())
    card(
        f"First by {rows.height} settings: {said}"
        if said
        else f"None of {rows.height} settings tells which venue left first",
        rows,
        key="departure-settings",
        about=(
            f"{words.span(start, end)}. How far off the composite, and for how many bars running, a venue must "
            f"stand to have left it. A name is given where {departures.AGREE} agree"
        ),
        table={
            "left_pct": NUMBER("Off by, %", format="%.2f"),
            "held": NUMBER("Bars running"),
            "name": TEXT("Left first"),
            "symbol": TEXT("Market"),
            "left_after": TIME("after", format="HH:mm:ss"),
            "left_by": TIME("by", format="HH:mm:ss"),
            "refusal": TEXT("Why this setting cannot tell", width="large"),
        },
    )


def _basis(base: str, start: datetime, end: datetime) -> None:
    rows = ask(basis.paths, base=base, start=start, end=end)
    about = f"{words.span(start, end)}. At the close of each bar, percent of the other price"
    if rows.is_empty():
        card(
            f"{base}: mark against last, perpetual against spot",
            rows,
            key="basis",
            about=about,
            empty=(
                f"No venue has both a mark and a last price of {base}, or both a perpetual and spot, at one bar "
                "length here."
            ),
        )
        return
    lows = ask(basis.lows, base=base, start=start, end=end)
    said = [
        (
            f"{row['name']}'s {row['basis'].split(' − ')[0]} {words.price(row['low'])}, "
            f"{row['basis'].split(' − ')[1]} {words.price(row['low_other'])}"
        )
        for row in lows.iter_rows(named=True)
    ]
    card(
        f"At the low: {said[0]}",
        rows,
        chart.basis(rows, start, end),
        key="basis",
        about=about,
        alt="Lines of the basis: " + "; ".join(said),
    )
    first = lows.row(0, named=True)
    card(
        f"The bar of the low, {clock(first['ts'])}–{clock(first['close_at'])}: both lows",
        lows,
        key="basis-lows",
        about=f"{words.span(start, end)}. The lows of one bar need not be of one moment; nobody trades at a mark",
        table={
            "name": TEXT("Venue"),
            "basis": TEXT("Pair"),
            "low": NUMBER("Its low", format="%.8g"),
            "low_other": NUMBER("Low of the other", format="%.8g"),
            "gap_pct": NUMBER("Gap, %", format="%.2f"),
            "ts": TIME("Bar from", format="MMM D, HH:mm"),
            "interval": TEXT("Bars of"),
            "widest_pct": NUMBER("Widest at a close, %", format="%.2f"),
            "widest_ts": TIME("at", format="MMM D, HH:mm"),
        },
    )


def _gaps(base: str, start: datetime, end: datetime) -> None:
    """The asset's lowest prints venue by venue, and its place among all that can be compared."""
    ranked = ask(venue_gaps.ranking, start=start, end=end)
    lows = ask(venue_gaps.lows, start=start, end=end)
    compared = ranked.filter(pl.col("gap_pct").is_not_null()).with_row_index("rank", offset=1)
    about = (
        f"{words.span(start, end)}. Lowest print of each venue's minute bars, of one recorder; spot unless the "
        "market says perp. In dollars or dollar tokens"
    )
    own = lows.filter((pl.col("base") == base) & pl.col("low").is_not_null()).sort("low")
    said = ", ".join(
        f"{words.price(round(row['low'], 6))} on {row['name']} {market(row)}" for row in own.iter_rows(named=True)
    )
    if compared.is_empty():
        card(
            "Lowest prints by venue",
            compared,
            key="gaps",
            about=about,
            empty="No asset has minute bars of two venues in this range.",
        )
        return
    widest = compared.row(0, named=True)
    title = (
        f"{widest['base']}'s lowest prints lay furthest apart, {widest['gap_pct']:.1f} %; {compared.height} of "
        f"{ranked.height} assets have prints of two venues or more"
    )
    if own.height > 1:
        place = compared.filter(pl.col("base") == base)["rank"][0]
        title = f"{base}'s lowest print: {said}; the gap is number {place} of {compared.height}"
    names = dict(lows.select("venue", "name").unique().sort("venue").iter_rows())
    alone = ranked.filter(pl.col("gap_pct").is_null())
    single = ", ".join(
        f"{row['base']} ({row['lowest_venue'] or 'none printed at its low'})" for row in alone.iter_rows(named=True)
    )
    card(
        title,
        ranked,
        gaps_chart.dots(compared, names),
        key="gaps",
        about=about,
        alt=f"A row per asset, a dot per venue, {compared.height} assets. {said}",
        table={
            "base": TEXT("Asset"),
            "gap_pct": NUMBER("Gap, %", format="%.1f"),
            **{f"low_{venue}": NUMBER(f"{name}, lowest", format="%.8g") for venue, name in names.items()},
            "lowest_ts": TIME("Lowest at", format="MMM D, HH:mm"),
            "markets": TEXT("Markets", width="large"),
        },
        note=(
            f"The other {alone.height}, on one venue only, are not comparable: {single}. A venue has no low in "
            "minutes nobody traded there; a perpetual settled in coins can fall further than spot."
        ),
    )


def market(row: dict[str, Any]) -> str:
    """The kind of market in a sentence: perpetuals settled in the coin itself are others than those settled in
    dollars."""
    base, settled = row["symbol"].partition("/")[0], row["symbol"].partition(":")[2]
    return "coin-margined perpetual" if base == settled else words.market(row["market"])
