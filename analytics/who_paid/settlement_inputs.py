"""A settlement scenario read from what a person typed: either it is whole, or each field that is not says why."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from analytics.who_paid.settlement import CENT, Position, Scenario, cents, collateral_for, notional

SIDES = ("long", "short")
OF_SECOND = "_2"
"""Ends the names of a second position's fields; without its quantity there is none."""
PLAIN = re.compile(r"[+-]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]*)?")
MOST_USD = Decimal(10) ** 12
"""No amount of a scenario is larger: it could not be one account's."""
MOST_LETTERS = 24
"""Letters of an unusable input that are said back to who gave it."""


class Problem(NamedTuple):
    """A field and, in one sentence, why it cannot be used."""

    field: str
    sentence: str


class Unusable(ValueError):
    """The inputs make no scenario: `problems` names every field to mend."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(" ".join(problem.sentence for problem in problems))
        self.problems = problems


@dataclass(frozen=True)
class Field:
    """What a field may hold: how it is called in a sentence, its unit, its bounds and its digits after the point."""

    called: str
    unit: str
    most: Decimal
    places: int
    least: Decimal = Decimal(0)
    above_zero: bool = False
    too_small: str = ""


def _price(called: str) -> Field:
    return Field(called, "USD", Decimal(10) ** 9, 8, above_zero=True)


def _minutes(called: str, too_small: str) -> Field:
    return Field(called, "minutes", Decimal(525_600), 0, too_small=too_small)


FIELDS = {
    "quantity": Field("The quantity", "of the base asset", Decimal(10) ** 12, 8, above_zero=True),
    "entry": _price("The entry price"),
    "fill": _price("The liquidation fill"),
    "leverage": Field("The leverage", "times the collateral", Decimal(1000), 4, Decimal(1)),
    "fund": Field("The insurance fund", "USD", MOST_USD, 2),
    "settled": _minutes("The settlement", "The settlement cannot come before the liquidation: give 0 minutes or more."),
    "deposit": Field("The deposit", "USD", MOST_USD, 2),
    "deposited": _minutes(
        "The deposit's time", "A deposit before the liquidation is collateral: give 0 minutes or more after it."
    ),
}
POSITION = ("quantity", "entry", "fill")


def field(name: str) -> Field:
    """The field of this name, be it of the first position or of the second."""
    return FIELDS[name.removesuffix(OF_SECOND)]


def scenario(given: Mapping[str, str]) -> Scenario:
    """The scenario of these texts, by field name; `side` is long or short. Raises Unusable with every problem there is.

    A second position has the same fields with `_2` at the end. `leverage` is that of the account: all entry values
    together over its collateral.
    """
    endings = ["", OF_SECOND] if given.get(f"quantity{OF_SECOND}", "").strip() else [""]
    names = [f"{name}{ending}" for ending in endings for name in POSITION]
    names += [name for name in FIELDS if name not in POSITION]
    read = {name: number(name, given.get(name, "")) for name in names}
    problems = [found for found in read.values() if isinstance(found, Problem)]
    problems += [
        Problem(f"side{ending}", "The side is long or short.")
        for ending in endings
        if given.get(f"side{ending}") not in SIDES
    ]
    if problems:
        raise Unusable(problems)
    known = {name: found for name, found in read.items() if isinstance(found, Decimal)}
    positions = tuple(
        Position(given[f"side{ending}"], *(known[f"{name}{ending}"] for name in POSITION)) for ending in endings
    )
    _no_absurd_size(positions, endings)
    return Scenario(
        positions=positions,
        collateral=collateral_for(positions, known["leverage"]),
        fund=cents(known["fund"]),
        settled_after=int(known["settled"]),
        deposit=cents(known["deposit"]),
        deposited_after=int(known["deposited"]),
    )


def number(name: str, text: str) -> Decimal | Problem:
    """The number in a field's text, or why there is none."""
    rules, text = field(name), text.strip()
    if not text:
        return Problem(name, f"{rules.called} is missing ({rules.unit}).")
    if not PLAIN.fullmatch(text):
        shown = text if len(text) <= MOST_LETTERS else f"{text[:MOST_LETTERS]}…"
        return Problem(name, f"{rules.called} must be a plain number such as 1250.5, not “{shown}”.")
    value = Decimal(text.replace(",", ""))
    if value < rules.least or (rules.above_zero and value == 0):
        return Problem(name, rules.too_small or _too_small(rules))
    if value > rules.most:
        return Problem(name, f"{rules.called} is beyond what can be computed here: at most {rules.most:,f}.")
    if value != value.quantize(Decimal(1).scaleb(-rules.places)):
        digits = f"at most {rules.places} digits after the point" if rules.places else "whole minutes only"
        return Problem(name, f"{rules.called} is too fine: {digits}.")
    return value


def _too_small(rules: Field) -> str:
    if rules.above_zero:
        return f"{rules.called} must be above 0."
    return f"{rules.called} must be at least {rules.least:f}." if rules.least else f"{rules.called} cannot be negative."


def _no_absurd_size(positions: tuple[Position, ...], endings: list[str]) -> None:
    """Neither entry value nor value at the fill may leave what is computed exactly, nor vanish below a cent."""
    for position, ending in zip(positions, endings, strict=True):
        for name, price in (("entry", position.entry), ("fill", position.fill)):
            value = notional((Position(position.side, position.quantity, price, price),))
            if value > MOST_USD:
                raise Unusable(
                    [
                        Problem(
                            f"quantity{ending}", f"Quantity times {name} price is above {MOST_USD:,f} USD: too large."
                        )
                    ]
                )
            if name == "entry" and value < CENT:
                raise Unusable([Problem(f"quantity{ending}", "Quantity times entry price is below one cent.")])
