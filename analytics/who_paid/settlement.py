"""What becomes of an account that a liquidation leaves below zero, cent by cent, under the rules venues use.

Nothing here is measured: a scenario is computed from its inputs alone. Money is whole cents; prices and quantities are
decimals, multiplied exactly and rounded once. Every step moves money between five parties and creates none.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import NamedTuple

import polars as pl

RULES = ("insurance", "carry", "ring-fence", "adl", "socialise")
"""Who bears the debt: a fund; deposits made before the settlement; a fund, with deposits kept apart; the winners; all
others.

What a deposit does not cover a fund pays, and what a fund cannot pay all other accounts pay.
"""
PARTIES = ("user", "counterparties", "insurance", "others", "outside")
"""`outside` is where collateral, fund and deposit come from: with it each row adds up to zero."""
OURS = "crashday"
USD, PRICE = pl.Decimal(24, 2), pl.Decimal(30, 8)
EXACT = Context(prec=120, rounding=ROUND_HALF_EVEN)
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Position:
    """A position and the price the liquidation got for it."""

    side: str
    quantity: Decimal
    entry: Decimal
    fill: Decimal


@dataclass(frozen=True)
class Scenario:
    """An account with cross margin, its liquidation at minute 0, and what comes after. Money in cents, times in
    minutes."""

    positions: tuple[Position, ...]
    collateral: int
    fund: int
    settled_after: int
    deposit: int
    deposited_after: int


class Step(NamedTuple):
    """One moment: what it changes for each party, in cents in the order of `PARTIES`, and what the user can then
    withdraw."""

    minute: int
    event: str
    changes: tuple[int, int, int, int, int]
    reachable: int


class Outcome(NamedTuple):
    """Who bears the debt the fills leave, in cents, and what becomes of the deposit; `reachable_after` is null where
    none of it is."""

    rule: str
    debt: int
    reaches_user: int
    user_pays: int
    counterparties_pay: int
    insurance_pays: int
    others_pay: int
    reachable_after: int | None


def cents(amount: Decimal) -> int:
    """Dollars as whole cents, halves to even."""
    return int(EXACT.quantize(amount, CENT).scaleb(2, EXACT))


def dollars(amount: int) -> Decimal:
    return Decimal(amount).scaleb(-2)


def notional(positions: tuple[Position, ...]) -> Decimal:
    """Quantity times entry price, positions added up, in dollars."""
    return sum((EXACT.multiply(one.quantity, one.entry) for one in positions), Decimal(0))


def collateral_for(positions: tuple[Position, ...], leverage: Decimal) -> int:
    """The collateral in cents with which these positions have this leverage."""
    return cents(EXACT.divide(notional(positions), leverage))


def profit(position: Position) -> int:
    """Cents won or lost at the fill."""
    moved = position.fill - position.entry if position.side == "long" else position.entry - position.fill
    return cents(EXACT.multiply(position.quantity, moved))


def bankruptcy_price(position: Position, scenario: Scenario) -> Decimal:
    """The price at which the position has lost its part, by entry value, of the account's collateral."""
    share = EXACT.divide(dollars(scenario.collateral), notional(scenario.positions))
    away = EXACT.multiply(position.entry, share)
    return position.entry - away if position.side == "long" else position.entry + away


def equity(scenario: Scenario) -> int:
    """Collateral and all that the fills won or lost, in cents: below zero the account is bankrupt."""
    return scenario.collateral + sum(profit(one) for one in scenario.positions)


def steps(scenario: Scenario, rule: str) -> list[Step]:
    """The scenario in order of time under a rule. In one minute the settlement comes before the deposit."""
    left, fund, deposit = equity(scenario), scenario.fund, scenario.deposit
    debt = max(0, -left)
    if rule == "adl" and debt:
        liquidation, left, debt = "closed against winners at the bankruptcy price", 0, 0
    else:
        liquidation = "liquidated at the fills"
    lost = scenario.collateral - left
    told = [
        Step(0, "before", (scenario.collateral, 0, fund, 0, -scenario.collateral - fund), scenario.collateral),
        Step(0, liquidation, (-lost, lost, 0, 0, 0), max(0, left)),
    ]
    early = deposit > 0 and scenario.deposited_after < scenario.settled_after
    if early:
        apart = deposit + max(0, left) if rule == "ring-fence" else max(0, left + deposit)
        told.append(Step(scenario.deposited_after, "deposit", (deposit, 0, 0, 0, -deposit), apart))
    owed = max(0, debt - deposit) if rule == "carry" and early else debt
    paid = 0 if rule == "socialise" else min(owed, fund)
    held = left + owed + (deposit if early else 0)
    told.append(Step(scenario.settled_after, "settlement", (owed, 0, -paid, paid - owed, 0), held))
    if deposit and not early:
        told.append(Step(scenario.deposited_after, "deposit", (deposit, 0, 0, 0, -deposit), held + deposit))
    return told


def outcome(scenario: Scenario, rule: str) -> Outcome:
    """Who bore the debt in the end. The four payments add up to it."""
    told = steps(scenario, rule)
    user, counterparties, insurance, others, _ = (sum(step.changes[party] for step in told) for party in range(5))
    left, deposit = equity(scenario), scenario.deposit
    reaches = user - max(0, left)
    since = next((row for row, step in enumerate(told) if step.event == "deposit"), 0)
    in_reach = next((step.minute for step in told[since:] if step.reachable >= user), None)
    won_at_fills = scenario.collateral - left
    return Outcome(
        rule=rule,
        debt=max(0, -left),
        reaches_user=reaches,
        user_pays=deposit - reaches,
        counterparties_pay=won_at_fills - counterparties,
        insurance_pays=scenario.fund - insurance,
        others_pay=-others,
        reachable_after=in_reach if reaches else None,
    )


def account(scenario: Scenario) -> pl.DataFrame:
    """The account before any rule, one row a position: `side quantity entry bankruptcy_price fill won collateral left
    source_id`.

    `won` (below zero: lost) is that of the position at its fill; `collateral` and what is `left` of it are the
    account's. USD.
    """
    at_zero = [EXACT.quantize(bankruptcy_price(one, scenario), Decimal("1e-8")) for one in scenario.positions]
    prices = {
        "quantity": [one.quantity for one in scenario.positions],
        "entry": [one.entry for one in scenario.positions],
        "bankruptcy_price": at_zero,
        "fill": [one.fill for one in scenario.positions],
    }
    money = {
        "won": [profit(one) for one in scenario.positions],
        "collateral": [scenario.collateral] * len(at_zero),
        "left": [equity(scenario)] * len(at_zero),
    }
    return pl.DataFrame(
        {"side": [one.side for one in scenario.positions]}
        | {name: pl.Series(values, dtype=PRICE) for name, values in prices.items()}
        | {name: pl.Series([dollars(value) for value in values], dtype=USD) for name, values in money.items()}
        | {"source_id": [OURS] * len(at_zero)}
    )


def through_time(scenario: Scenario, rule: str) -> pl.DataFrame:
    """The steps as a table, in USD.

    Columns: `rule minute event`, what each party has (`user counterparties insurance others outside`) and how that
    changed (`…_change`), `reachable` (what the user can withdraw), `source_id`. The parties and the changes of each row
    add up to 0.
    """
    told = steps(scenario, rule)
    changes = {
        f"{party}_change": pl.Series([dollars(step.changes[index]) for step in told], dtype=USD)
        for index, party in enumerate(PARTIES)
    }
    held = {
        party: pl.Series(
            [dollars(sum(step.changes[index] for step in told[: row + 1])) for row in range(len(told))], dtype=USD
        )
        for index, party in enumerate(PARTIES)
    }
    return pl.DataFrame(
        {"rule": [rule] * len(told), "minute": [step.minute for step in told], "event": [step.event for step in told]}
        | held
        | changes
        | {
            "reachable": pl.Series([dollars(step.reachable) for step in told], dtype=USD),
            "source_id": [OURS] * len(told),
        }
    )


def compared(scenario: Scenario) -> pl.DataFrame:
    """The same scenario under every rule, in USD and in the order of `RULES`.

    Columns: `rule deposit debt reaches_user user_pays counterparties_pay insurance_pays others_pay reachable_after
    source_id`; `reachable_after` is the minute from which all that is left of the deposit can be withdrawn.
    """
    found = [outcome(scenario, rule) for rule in RULES]
    money = [name for name in Outcome._fields if name not in ("rule", "reachable_after")]
    return pl.DataFrame(
        {"rule": list(RULES), "deposit": pl.Series([dollars(scenario.deposit)] * len(found), dtype=USD)}
        | {name: pl.Series([dollars(getattr(one, name)) for one in found], dtype=USD) for name in money}
        | {
            "reachable_after": pl.Series([one.reachable_after for one in found], dtype=pl.Int64),
            "source_id": [OURS] * len(found),
        }
    )
