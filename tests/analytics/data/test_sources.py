"""Every figure leads to its source, and every source to what may be linked."""

from __future__ import annotations

import polars as pl

from analytics.data import catalogue, sources
from analytics.warehouse import Warehouse


def test_named_gives_exactly_the_sources_asked_for(warehouse: Warehouse) -> None:
    ids = tuple(catalogue.sources(warehouse)["source_id"].to_list()[:3])
    named = sources.named(warehouse, (*ids, "no such source"))
    assert sorted(named["source_id"]) == sorted(ids)
    assert named.columns[:4] == ["source_id", "publisher", "dataset", "url"]


def test_of_a_source_of_several_venues_only_those_shown_are_named(warehouse: Warehouse) -> None:
    named = sources.named(warehouse, ("prints_to_bars",))
    both = named["publisher"].item().split("; ")
    assert set(both) == {"Binance", "Coinbase", "Gemini"}
    source = {"source_id": ["prints_to_bars"]}
    assert sources.publishers(named, pl.DataFrame(source | {"venue": ["gemini"]})) == ["Gemini"]
    pair = pl.DataFrame(source | {"venue": ["binance"], "other_venue": ["gemini"]})
    assert set(sources.publishers(named, pair)) == {"Binance", "Gemini"}
    labels = pl.DataFrame(source | {"first": ["Gemini BTC/USD"], "second": ["Hyperliquid ADL fills"]})
    assert sources.publishers(named, labels) == ["Gemini"]
    assert sources.publishers(named, pl.DataFrame(source)) == both


def test_nothing_asked_nothing_answered(warehouse: Warehouse) -> None:
    assert sources.named(warehouse, ()).is_empty()


def test_what_may_be_linked_has_an_address(warehouse: Warehouse) -> None:
    linked = catalogue.sources(warehouse).filter("linkable")
    assert not linked.is_empty()
    addresses = [url for url in linked["address"] if url]
    assert all(url.startswith("https://") for url in addresses)
