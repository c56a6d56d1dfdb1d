"""The words our pages use for the codes of the canonical tables."""

from __future__ import annotations

PHASES = {
    "crash": "the crash",
    "cascade": "part of the crash",
    "before": "before the crash",
    "aftermath": "AFTERMATH, not the crash",
    "comparison": "quoted for comparison",
    "year": "the year",
    "day": "a calendar day",
}
COUNTING = {
    "floor": "at least: what feeds published",
    "complete": "every event, one side",
    "two_sided": "BOTH SIDES of trades: never add or headline",
    "estimate": "estimate, not measured",
    "statement": "statement of the venue",
}
COMPLETENESS = {
    "complete": "every liquidation",
    "throttled": "at most one a second",
    "sampled": "a part",
    "unknown": "not known",
    "key_needed": "key needed",
    "gone": "no longer published",
}
DEBT_RULES = {
    "insurance": "A fund absorbs it",
    "carry": "Carried, deposits net against it",
    "ring-fence": "Later deposits kept apart",
    "adl": "Winners closed (ADL)",
    "socialise": "Spread over all accounts",
    "unknown": "not known",
}
"""What a venue does with a negative balance."""


def trust(confidence: str | None, second_hand: bool = False) -> str:
    """How far a figure can be trusted, with a flag on those not to quote."""
    if confidence is None:
        return "not known"
    return ("⚑ low: do not quote" if confidence == "low" else confidence) + (", second hand" if second_hand else "")


def listed(names: list[str]) -> str:
    """Names as a reader says them: `Bybit`, `Bybit and OKX`, `Binance, Bybit and OKX`."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
