"""Find a billing dispute in a message and compare its sums with a threshold. Pure.

A dispute contests a charge or wants money back ("charged twice", "never agreed to pay", "where is my
refund"); a question about an invoice, a refund policy or the customer's own customers is none. The lists per
locale are in data/billing_dispute.toml; wordings that no list has are left to the semantic neighbours
(escalation.meanings). What follows is a rule's business (escalation.engine).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from escalation.contracts import Amount
from escalation.money import amounts_find, minor_units
from escalation.terms import TermList, term_find, term_list

WORDS_FILE = Path(__file__).parent / "data" / "billing_dispute.toml"


def dispute_find(text: str) -> str | None:
    """Return the customer's words that contest a charge, or None.

    Words of a fault ("by mistake", "is wrong") count only in a message that speaks of money.
    """
    found = term_find(text, TERMS)
    if found is not None:
        return found
    speaks_of_money = term_find(text, MONEY) is not None or bool(amounts_find(text))
    return term_find(text, FAULTS) if speaks_of_money else None


def exceeds(amounts: Sequence[Amount], *, threshold: Decimal, currency: str) -> bool:
    """Tell whether a sum is above ``threshold``, in ``currency``, or in any other or an unknown one.

    A threshold says nothing of another currency, and unknown is never safe.
    """
    limit = minor_units(threshold, currency)
    return any(amount.currency != currency or amount.minor > limit for amount in amounts)


def _list_of(entries: Mapping[str, Mapping[str, list[str]]], name: str) -> TermList:
    return term_list(
        [term for entry in entries.values() for term in entry[name]],
        [exception for entry in entries.values() for exception in entry["exceptions"]],
    )


with WORDS_FILE.open("rb") as _file:
    _ENTRIES: Mapping[str, Mapping[str, list[str]]] = tomllib.load(_file)
TERMS, FAULTS, MONEY = (_list_of(_ENTRIES, name) for name in ("terms", "faults", "money"))
