"""One exchange by link, and the league table that sets it beside the others."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from analytics.exchange import profile
from pages.exchange import league, shares
from pages.exchange import one as one_exchange
from pages.shared.ask import ask
from pages.shared.choose import chosen_by_id, chosen_day, tabs
from pages.shared.words import safe

ONE, ALL, SHARES = "This exchange", "League table", "Shares over time"


def chosen_venue(container: Any) -> dict[str, Any]:
    """The exchange of this view, by link or by choice; the best documented one where none is asked for."""
    venues = ask(profile.every)
    names = dict(venues.select("venue", "name").iter_rows())
    best = venues["venue"][int(venues["documented"].arg_max() or 0)]
    venue = chosen_by_id("Exchange", names, key="venue", what="exchange", default=best, container=container, width=220)
    return venues.row(by_predicate=pl.col("venue") == venue, named=True)


top = st.container(horizontal=True, vertical_alignment="bottom")
heading = top.container(width="stretch")
venue = chosen_venue(top)
day = chosen_day(top)
one, every, over_time = tabs([ONE, ALL, SHARES])
if every.open:
    heading.title(safe(f"{day['title']}: the exchanges beside each other, as far as they are known"))
    with every:
        league.show(day)
elif over_time.open:
    heading.title("Shares and places of exchanges, as published")
    with over_time:
        shares.show()
else:
    known = {"cex": "a company", "dex": "on a chain"}[venue["kind"]]
    heading.title(safe(one_exchange.finding(venue, day)))
    with one:
        said = [f"{venue['name']}: {known}, {venue['status']}"]
        said += [f"formerly {venue['formerly']}"] if venue["formerly"] else []
        said += [venue["note"]] if venue["note"] else []
        st.caption(safe(". ".join(said)))
        one_exchange.show(venue, day)
