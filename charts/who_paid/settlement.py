"""A settlement scenario: what reaches the user, who bears the debt, and the balances through time."""

from __future__ import annotations

from decimal import Decimal

import plotly.graph_objects as go
import polars as pl

from charts import theme
from charts.terms import DEBT_RULES

PARTIES = {
    "user": ("The user", theme.ACCENT),
    "counterparties": ("Winners", "#3f9a86"),
    "insurance": ("Insurance fund", "#b07800"),
    "others": ("All other accounts", "#8866bb"),
}
PAYERS = {
    "user_pays": ("The user's deposit", theme.SHORT),
    "counterparties_pay": PARTIES["counterparties"],
    "insurance_pays": PARTIES["insurance"],
    "others_pay": PARTIES["others"],
}


def exact(amount: Decimal) -> str:
    """Money to the cent: `$1,250.50`, `−$40.00`."""
    return f"{'−' if amount < 0 else ''}${abs(amount):,.2f}"


def reaching_user(compared: pl.DataFrame) -> go.Figure:
    """Of the deposit, what reaches the user and what is taken, rule by rule
    (`analytics.who_paid.settlement.compared`)."""
    figure = _stacked(compared, {"reaches_user": ("Reaches the user", theme.ACCENT), "user_pays": PAYERS["user_pays"]})
    figure.data[1].name = "Taken for the debt"
    return figure


def who_pays(compared: pl.DataFrame) -> go.Figure:
    """Who bears the debt, rule by rule; each bar is the whole debt (`analytics.who_paid.settlement.compared`)."""
    return _stacked(compared, PAYERS)


def balances(steps: pl.DataFrame) -> go.Figure:
    """What each party has through time (`analytics.who_paid.settlement.through_time`);
    a balance holds until the next step.

    Raises ValueError when the steps of several rules are mixed.
    """
    if steps["rule"].n_unique() != 1:
        raise ValueError("Steps under different rules are different stories: one chart each.")
    figure = theme.figure(360, alt_axis="USD")
    last: int = steps.select(pl.max("minute")).item()
    minutes = [*steps["minute"].to_list(), last + max(1, last // 10)]
    for party, (name, colour) in PARTIES.items():
        amounts = steps[party].to_list()
        figure.add_scatter(
            x=minutes,
            y=[float(amount) for amount in (*amounts, amounts[-1])],
            mode="lines+markers",
            name=name,
            line={"width": 3 if party == "user" else 1.8, "color": colour, "shape": "hv"},
            marker={"size": [7] * len(amounts) + [0]},
            customdata=[
                f"{name}, minute {minute}, {event}: {exact(amount)}"
                for minute, event, amount in zip(
                    minutes, [*steps["event"], steps["event"][-1]], [*amounts, amounts[-1]], strict=True
                )
            ],
            hovertemplate="%{customdata}<extra></extra>",
        )
    figure.add_hline(y=0, line={"width": 1, "color": theme.EVENT})
    figure.update_layout(hovermode="closest", xaxis={"title": {"text": "Minutes after the liquidation"}})
    return figure


def _stacked(compared: pl.DataFrame, parts: dict[str, tuple[str, str]]) -> go.Figure:
    figure = theme.figure(90 + 44 * compared.height)
    rules = [DEBT_RULES[rule] for rule in compared["rule"]]
    for column, (name, colour) in parts.items():
        amounts = compared[column].to_list()
        figure.add_bar(
            y=rules,
            x=[float(amount) for amount in amounts],
            orientation="h",
            name=name,
            marker={"color": colour},
            text=[exact(amount) if amount else "" for amount in amounts],
            textposition="inside",
            insidetextanchor="middle",
            hovertemplate=f"%{{y}}, {name.lower()}: %{{text}}<extra></extra>",
        )
    figure.update_layout(
        barmode="stack",
        hovermode="closest",
        legend={"traceorder": "normal"},
        xaxis={"title": {"text": "USD"}, "rangemode": "tozero"},
        yaxis={"autorange": "reversed"},
    )
    return figure
