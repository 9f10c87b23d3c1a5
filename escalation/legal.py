"""Find legal or compliance language: threats, authorities, breaches, data protection, audits. Pure.

The lists per locale are in data/legal.toml, each with the stretches in which a term means something else
("Sue from sales", "tennis court", "illegal character", "I'm a lawyer"). Wordings that no list has are left to
the semantic neighbours (escalation.meanings). What follows is a rule's business (escalation.engine).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from escalation.terms import TermList, term_find, term_list

WORDS_FILE = Path(__file__).parent / "data" / "legal.toml"


def legal_find(
    text: str,
    *,
    locales: Sequence[str] = (),
    extra_terms: Sequence[str] = (),
    exceptions: Sequence[str] = (),
) -> str | None:
    """Return the customer's words that touch law or compliance, or None; no ``locales`` means all of them."""
    chosen = tuple(locale for locale in LOCALES if not locales or locale in locales)
    return term_find(text, _list_of(chosen), extra_terms, exceptions)


@cache
def _list_of(locales: tuple[str, ...]) -> TermList:
    """Return one list of several locales: what is an exception in one is none of the other's terms either."""
    entries = [_ENTRIES[locale] for locale in locales]
    return term_list(
        [term for entry in entries for term in entry["terms"]],
        [exception for entry in entries for exception in entry["exceptions"]],
    )


with WORDS_FILE.open("rb") as _file:
    _ENTRIES: Mapping[str, Mapping[str, list[str]]] = tomllib.load(_file)
LOCALES = tuple(_ENTRIES)
