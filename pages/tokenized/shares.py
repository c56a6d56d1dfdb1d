"""Who has which share, under which rule, and since when."""

from __future__ import annotations

from functools import partial
from math import ceil, floor

import polars as pl
import streamlit as st

from analytics.market import timeline
from analytics.tokenized import classification, history, market
from charts.tokenized import readings, shares
from charts.words import number, percent, usd, utc
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.choose import say_unusable
from pages.shared.columns import NUMBER, TEXT
from pages.shared.words import safe
from pages.tokenized import moves
from pages.tokenized.rule import Chosen
from pages.tokenized.words import dated, in_words, points_in_words

MEASURES = {"value": "circulating value", "volume": "volume", "holders": "holders"}


def classes_of(chosen: Chosen) -> pl.DataFrame:
    return ask(market.by_class, reading=chosen.reading["reading"] if chosen.reading else "", own_rule=chosen.mine)


def the_flip(chosen: Chosen) -> None:
    """The first chart: one reading under every rule."""
    reading = chosen.reading
    if reading is None:
        st.info("No reading of the warehouse names issuers, so no share can be shown.", icon=":material/help:")
        return
    classes = classes_of(chosen)
    last = classes.filter((pl.col("rank") == pl.col("ranks")) & (pl.col("ruleset") != classification.OWN))
    most = last.sort("share_pct", descending=True, maintain_order=True).row(0, named=True)
    least = last.filter(pl.col("share_pct") == pl.col("share_pct").min()).row(-1, named=True)
    whole = usd(reading["total"]) if reading["unit"] == "USD" else "market"
    fewest, largest = _not_named(chosen)
    card(
        (
            f"The same {whole} is {percent(most['share_pct'], 0)} “{most['class_name']}” by one rule and "
            f"{percent(least['share_pct'], 0)} “{least['class_name']}” by another"
        ),
        classes,
        partial(shares.flip, classes),
        key="flip",
        about=(
            f"Share of {MEASURES[reading['measure']]}, {utc(reading['as_of'], reading['as_of_precision'])}. "
            f"{reading['origin']}, {in_words(reading['metric'])}, scope: {reading['scope']}. Each bar is the whole "
            f"reading; {reading['issuers']} issuers are named, {fewest:.1f} to {percent(largest)} is not named by "
            "issuer and could belong to any class"
        ),
        alt="Stacked bars of 100 %, one a rule. "
        + "; ".join(
            f"{name}: {', '.join(_shares_in_words(rows))}"
            for (name,), rows in classes.group_by("name", maintain_order=True)
        ),
        note=(
            "Pieces are named above their bar in its order, wide ones inside it. A bar's colours order its own "
            "classes, from the one tried first (blue) to the last (ochre): the same colour is not the same class "
            "in two bars. Each rule is a list of conditions on facts of the products as last read; some of those "
            "facts have low confidence, see “Who is where”."
        ),
    )


def _shares_in_words(rows: pl.DataFrame) -> list[str]:
    return [f"{label} {percent(share)}" for label, share in rows.select("class_name", "share_pct").iter_rows()]


def who_is_where(chosen: Chosen) -> None:
    left, right = st.columns(2)
    with left:
        _members(chosen)
    with right:
        _concentration()


def _members(chosen: Chosen) -> None:
    reading, rule = chosen.reading, chosen.rule
    if reading is None:
        return
    said = classes_of(chosen).filter((pl.col("ruleset") == rule) & (pl.col("share_pct") > 0))
    shown = ask(market.members, reading=reading["reading"], own_rule=chosen.mine).filter(pl.col("ruleset") == rule)
    card(
        f"{chosen.name}: {', '.join(_class_words(said, chosen))}",
        shown,
        key="members",
        about=(
            f"Every issuer of the reading by name, with its class under this rule. {reading['origin']}, "
            f"{utc(reading['as_of'], reading['as_of_precision'])}"
        ),
        table={
            "subject": TEXT("Issuer"),
            "class_name": TEXT("Class"),
            "share_pct": NUMBER("Share, %", format="%.1f"),
            "value": NUMBER("USD" if reading["unit"] == "USD" else "Percent as published", format="localized"),
            "confidence": TEXT("Weakest fact", help="Confidence of the least sure fact that decided the class"),
        },
    )


def _class_words(classes: pl.DataFrame, chosen: Chosen) -> list[str]:
    """Each class of a rule with its share; what is not named by issuer as the range that rounded readings leave
    open."""
    least, most = _not_named(chosen)
    return [
        f"{label} {least:.1f} to {percent(most)}" if label == market.NOT_NAMED else f"{label} {percent(share)}{mark}"
        for label, share, mark in classes.select("class_name", "share_pct", shares.marked()).iter_rows()
    ]


def _not_named(chosen: Chosen) -> tuple[float, float]:
    reading = chosen.reading["reading"] if chosen.reading else ""
    ((least, most),) = ask(market.not_named, reading=reading).select("low_pct", "high_pct").iter_rows()
    return least, most


def _concentration() -> None:
    rows = dated(ask(history.concentration))
    last = rows.tail(1)
    card(
        (
            f"HHI of the named issuers, {last['when'].item()}: {number(10 * floor(last['hhi_low'].item() / 10))} to "
            f"{number(10 * ceil(last['hhi_high'].item() / 10))}"
        )
        if rows.height
        else "Concentration",
        rows,
        key="concentration",
        about=(
            "Herfindahl-Hirschman index: the squared shares added up, 10,000 is one issuer. From the named issuers "
            "alone to the rest as one more issuer, with the rounding of the figures"
        ),
        table={
            "when": TEXT("As of"),
            "origin": TEXT("Reading by"),
            "hhi_low": NUMBER("At least", format="%.0f"),
            "hhi_high": NUMBER("At most", format="%.0f"),
            "issuers": NUMBER("Issuers named"),
            "named_pct": NUMBER("Their share, %", format="%.1f"),
        },
        note="A reading that names two issuers and one that names eight do not make a trend.",
    )


def over_time(chosen: Chosen) -> None:
    views = ["By issuer", "By class"]
    say_unusable("over", views, "view")
    view = st.segmented_control(
        "Share over time", views, default=views[0], key="over", bind="query-params", required=True
    )
    if view == "By class":
        points = ask(history.classes, ruleset=chosen.rule, own_rule=chosen.mine)
        title = f"{chosen.name}: every reading leaves a part without a name, so each share is a range"
        followed = classes_of(chosen).filter(pl.col("ruleset") == chosen.rule)
        colour = dict(zip(followed["class_name"], shares.colours(followed), strict=True))
    else:
        points = ask(history.issuers)
        title, colour = _first_and_last(points), None
    moments = _milestones()
    drawn = moments.filter(pl.col("number").is_not_null())
    card(
        title,
        points,
        None if points.is_empty() else partial(readings.over_time, points, drawn, colour=colour),
        key="history",
        about=(
            "Share of the tokenized-stock market by value, %. A line joins readings of the same publisher, metric "
            "and scope only. Numbered lines: milestones of policy. UTC"
        ),
        alt=points_in_words(points),
        note=(
            "Ranges run from what the named issuers make to that plus all that is not named. Readings of low "
            "confidence are not drawn; all of them are listed under “All readings”."
        ),
    )
    _list_of(moments)
    left, right = st.columns(2)
    with left:
        moves.entrants_and_exits()
    with right:
        moves.share_by_chain()


def _list_of(moments: pl.DataFrame) -> None:
    with st.expander(f"The {moments.height} milestones", icon=":material/gavel:"):
        for row in moments.iter_rows(named=True):
            flag = ", low confidence, not drawn" if row["confidence"] == "low" else ""
            st.markdown(
                safe(
                    f"{row['number'] or '–'} · {utc(row['ts'], row['precision'])} · {row['title']} "
                    f"({row['venue']}{flag})"
                )
            )


def _milestones() -> pl.DataFrame:
    moments = ask(timeline.moments, timeline="tokenized-policy")
    drawn = pl.col("confidence") != "low"
    return moments.with_columns(number=pl.when(drawn).then(drawn.cum_sum().cast(pl.Int64)))


def _first_and_last(points: pl.DataFrame) -> str:
    named = points.filter(pl.col("name").is_not_null())
    if named.is_empty():
        return "Shares of issuers, as published"
    own = named.filter(pl.col("subject") == named.sort("value", descending=True, maintain_order=True)["subject"][0])
    first, last = own["value"][0], own["value"][-1]
    return f"{own['subject'][0]}: {percent(first)} in the first reading that names it, {percent(last)} in the last"
