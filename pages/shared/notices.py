"""What the shell says above a page: data of a generation that is gone, and sources that are not fresh."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlencode

import streamlit as st

from analytics.warehouse import GenerationGone, NoWarehouse, generation_named, hub
from charts.words import utc
from pages.shared.ask import generation
from pages.shared.words import safe
from pipelines import health
from pipelines.config import Settings


def say_if_generation_is_gone() -> None:
    """Tell the reader when the link pins a generation that is no longer kept, and stop: other data would be another
    answer."""
    wanted = st.query_params.get("generation")
    if wanted is not None and generation_named(wanted) is None:
        st.warning(
            (
                f"The link asks for the generation “{safe(wanted[:60])}”, which is not a number. Showing the "
                "published data."
            ),
            icon=":material/link_off:",
        )
    try:
        with hub().lease(generation()):
            pass
    except (GenerationGone, NoWarehouse) as gone:
        st.error(f"This link shows the data as known at an earlier time. {gone}", icon=":material/history:")
        link = {key: value for key, value in st.query_params.to_dict().items() if key != "generation"}
        st.markdown(f"[Show the current data instead](?{urlencode(link)})")
        st.stop()


@st.cache_data(ttl=60, show_spinner=False)
def _health() -> list[health.Health]:
    return health.health(Settings().data_dir, datetime.now(UTC))


def say_what_is_stale() -> None:
    """A banner on every page while a source is older than it promises; embedded facts never are."""
    stale = [one for one in _health() if one.stale]
    if stale:
        ages = ", ".join(
            f"{one.source} ({utc(one.last_success) if one.last_success else 'never fetched'})" for one in stale[:6]
        )
        more = f" and {len(stale) - 6} more" if len(stale) > 6 else ""
        st.warning(
            (
                f"Not fresh: {safe(ages)}{more}. Their figures are shown as of these times; everything else is up "
                "to date. [What failed](data#fresh)"
            ),
            icon=":material/schedule:",
        )
