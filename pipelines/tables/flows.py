"""Liquidations counted by a step of time: what one source saw of one universe, second by second or day by day."""

from __future__ import annotations

import dataframely as dy
import polars as pl

from pipelines.tables.fields import CONFIDENCE, Traced, choice, count, moment, number, text

SERIES = ("scope", "venue", "asset", "side")
OF_A_SCOPE = ("step_seconds", "mechanism", "counting", "method", "universe", "source_id")


class LiquidationFlows(Traced):
    """What one source counted of liquidations in one step of time. Only rows of one scope may be added or compared."""

    scope = text(
        "Key of what may be added or compared: one source, universe, mechanism, way of counting and step",
        primary_key=True,
        min_length=1,
    )
    venue = text("Venue or lending protocol, or `all` for the universe together", primary_key=True, min_length=1)
    asset = text(
        "Base asset, seized collateral or lending market, or `all` for the universe together",
        primary_key=True,
        min_length=1,
    )
    side = choice(
        "The positions closed; `total` where they are not told apart", "long", "short", "total", primary_key=True
    )
    mechanism = choice(
        (
            "Closed in the market, by auto-deleveraging, by an insurance fund or backstop vault, or a loan whose "
            "collateral was seized"
        ),
        "liquidation",
        "adl",
        "insurance",
        "loan",
    )
    ts = moment("Start of the step", primary_key=True)
    step_seconds = count("Length of the step; 0 where the row is one block of a chain", "seconds", min=0)
    amount_usd = number("Value closed", "USD", nullable=True, min=0)
    amount_base = number("Quantity closed", "base asset", nullable=True, min=0)
    events = count("Fills, calls or accounts, as the source counts them", "events", nullable=True, min=0)
    counting = choice(
        (
            "`floor`: what a feed that leaves some out let through. `complete`: every event of the universe. "
            "`two_sided`: both sides of trades. `unproven`: one side or both, the source does not say"
        ),
        "floor",
        "complete",
        "two_sided",
        "unproven",
    )
    method = choice(
        (
            "`stated`: as the source has it. `derived`: a difference of figures of the source. `converted`: USD is the "
            "quantity times the middle of the step's high and low"
        ),
        "stated",
        "derived",
        "converted",
    )
    universe = text("Which venues, markets or collateral are counted", min_length=1)
    confidence = choice("How far the reading can be trusted", *CONFIDENCE)
    note = text("What a reader must know before quoting it", nullable=True)

    @dy.rule()
    def amount_is_there(cls) -> pl.Expr:
        """Give USD, quantity or number of events, or leave the row out: a step nobody measured has no row."""
        return pl.any_horizontal(pl.col("amount_usd", "amount_base", "events").is_not_null())

    @dy.rule()
    def converted_from_a_quantity(cls) -> pl.Expr:
        """Keep the quantity beside the USD that were made of it."""
        return (pl.col("method") != "converted") | pl.all_horizontal(pl.col("amount_usd", "amount_base").is_not_null())

    @dy.rule()
    def scope_is_one_thing(cls) -> pl.Expr:
        """Rows of another step, source, universe, mechanism or way of counting need a scope of their own."""
        kind = pl.struct(OF_A_SCOPE)
        return kind == kind.first().over("scope")

    @dy.rule()
    def no_sum_beside_its_parts(cls) -> pl.Expr:
        """Leave the board's own sum out, or give it a scope of its own: beside its parts it would be counted twice."""
        return pl.all_horizontal(
            (pl.col(column) != whole) | (pl.col(column) == whole).all().over("scope")
            for column, whole in (("venue", "all"), ("asset", "all"), ("side", "total"))
        )

    @dy.rule()
    def steps_do_not_overlap(cls) -> pl.Expr:
        """Keep one of the steps that cover the same time, or give the second series a scope of its own."""
        since = pl.col("ts") - pl.col("ts").shift(1).over(SERIES, order_by="ts")
        return since >= pl.duration(seconds=pl.col("step_seconds"))
