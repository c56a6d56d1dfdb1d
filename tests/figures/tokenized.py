"""Tokenized stocks: shares under each rule, concentration, readings, claims."""

from __future__ import annotations

import pandas as pd

from tests.figures import facts
from tests.figures.views import on

BILLION, MILLION = 1e9, 1e6
READING = pd.Timestamp("2026-09-13", tz="UTC")
who, over, size, beside, claims, products, story, crash, every = (
    on("tokenized", tab=show)
    for show in (
        "Who is where",
        "Over time",
        "Market size",
        "Tokens and perpetuals",
        "Claims checked",
        "Products",
        "Superstate and Backpack",
        "On a crash day",
        "All readings",
    )
)
RULES = {
    ("press-2025", "As the 2025 press used it"): ("real {} %, synthetic {} %", ("real", "synthetic")),
    ("sec-2026-01-28", "SEC staff taxonomy of Jan 28, 2026"): (
        "issuer-sponsored {} %, third-party custodial {} % (low confidence), third-party synthetic {} %",
        ("issuer-sponsored", "third-party custodial", "third-party synthetic"),
    ),
}


def reading() -> pd.DataFrame:
    """The issuers of the reading by value, and its whole as `all`."""
    rows = facts.table("tokenized_metrics")
    rows = rows[
        (rows.as_of == READING) & (rows.unit == "USD") & (rows.scope == "tokenized stocks") & (rows.origin == "rwa.xyz")
    ]
    return rows[rows.subject_kind.isin(["issuer", "market"]) & rows.metric.str.contains("value")].sort_values("value")


def whole() -> float:
    rows = reading()
    return rows[rows.subject_kind == "market"].value.max()


def issuers() -> pd.Series:
    rows = reading()
    return rows[rows.subject_kind == "issuer"].groupby("product_id").value.min()


def classes(ruleset: str) -> dict[str, float]:
    """Percent of the whole by class: the first rule all of whose conditions hold."""
    rules = facts.table("classification_rules")
    rules = rules[rules.ruleset == ruleset].groupby("position")
    known = facts.table("tokenized_facts").sort_values("as_of").groupby(["product_id", "fact"]).value.last()
    shares: dict[str, float] = {}
    for product, value in issuers().items():
        for _, conditions in rules:
            if all(
                row.fact == "any" or known.get((product, row.fact), "unknown") in row["values"].split("|")
                for _, row in conditions.iterrows()
            ):
                name = conditions.class_name.iloc[0]
                shares[name] = shares.get(name, 0) + 100 * value / whole()
                break
    return shares


def ends() -> tuple[pd.Series, pd.Series]:
    """Least and greatest percent of each issuer, by the rounding of its figure and of the whole."""
    values, total = issuers(), whole()
    off, loose = values.map(facts.half_step), facts.half_step(total)
    return 100 * (values - off) / (total + loose), 100 * (values + off) / (total - loose)


def not_named() -> tuple[float, float]:
    low, high = ends()
    return 100 - high.sum(), 100 - low.sum()


def hhi() -> tuple[float, float]:
    low, high = ends()
    least, most = (low**2).sum(), (high**2).sum() + (100 - low.sum()) ** 2
    return 10 * (least // 10), 10 * -(-most // 10)


def ondo() -> float:
    return 100 * issuers()["ondo-stocks"] / whole()


def backed_and_ondo() -> float:
    known = issuers()
    return 100 * (known["ondo-stocks"] + known["xstocks"]) / whole()


def moved() -> tuple[int, int, int]:
    rows = facts.table("tokenized_products")
    entered = rows[rows.launched.dt.year == 2026]
    left = rows.status.str.match(r"closed 2026").sum()
    return int((entered.confidence != "low").sum()), int((entered.confidence == "low").sum()), int(left)


def latest(metric: str, unit: str) -> float:
    rows = facts.table("tokenized_metrics")
    rows = rows[
        (rows.subject_kind == "market")
        & (rows.metric == metric)
        & (rows.unit == unit)
        & (rows.scope == "tokenized stocks")
    ]
    return rows.sort_values("as_of").value.iloc[-1]


def solana() -> list[float]:
    rows = facts.table("tokenized_metrics")
    rows = rows[(rows.subject == "Solana") & (rows.unit == "USD") & ~rows.metric.str.contains("volume")].sort_values(
        "as_of"
    )
    return [rows.value.iloc[-1] / MILLION, rows.value.iloc[-2] / BILLION]


def minutes_after_the_close() -> float:
    return (facts.T0 - pd.Timestamp("2025-10-10 20:00", tz="UTC")).total_seconds() / 60


def traded() -> tuple[float, float, float]:
    rows = facts.table("stock_volumes")
    rows = rows[(rows.as_of == rows.as_of.max()) & rows.asset_type.isin(["single_stock", "etf"])]
    sums = rows.groupby("instrument").volume_24h_usd.sum()
    return sums["token"] / MILLION, sums["perpetual"] / BILLION, 100 * sums["token"] / sums.sum()


def most_in_a_day(washed: bool) -> float:
    rows = facts.table("pool_days")
    rows = rows[(rows.washed == washed) & ~rows.part_of_day]
    return rows.groupby("ts").volume_usd.sum().max() / MILLION


FIGURES = [
    beside("Stock tokens traded ${} m in a day, stock perpetuals ${} bn: {} % of both", traded),
    beside("pools not marked as washed: at most ${} m a day", lambda: most_in_a_day(False)),
    beside("pools marked as washed: at most ${} m a day", lambda: most_in_a_day(True)),
    who(
        "The same ${} bn is {} % “synthetic” by one rule",
        lambda: (whole() / BILLION, classes("press-2025")["synthetic"]),
    ),
    who("8 issuers are named, {} to {} % is not named by issuer", not_named),
    *(
        on("tokenized", tab="Who is where", rule=name)(
            says, lambda rule=rule, names=names: [classes(rule)[name] for name in names]
        )
        for (rule, name), (says, names) in RULES.items()
    ),
    who("HHI of the named issuers, Sep 13, 2026: {} to {}", hhi),
    over("in the first reading that names it, {} % in the last", ondo),
    over("2026: {} entered ({} more with low confidence), {} left", moved),
    over("Solana ${} m (Sep 15, 2026) or ${} bn (Jul 20, 2026)", solana),
    size("Distributed value: ${} bn", lambda: latest("distributed_value", "USD") / BILLION),
    size("Holders: {}", lambda: latest("holders", "addresses")),
    claims("the readings give {} % (Sep 13, 2026)", backed_and_ondo),
    products("{} products and the facts that classify them", lambda: len(facts.table("tokenized_products"))),
    story("The same ${} bn is", lambda: whole() / BILLION),
    crash("had closed at {} UTC, {} minutes before", lambda: ("20:00", minutes_after_the_close())),
    every("All {} readings", lambda: len(facts.table("tokenized_metrics"))),
]
