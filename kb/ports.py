"""What the knowledge base asks of the apps above it, which offer it when they start: it imports none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CustomerText:
    """A text that customers read and that is no article; ``url`` is where it is changed, if anywhere."""

    name: str
    text: str
    url: str = ""


RuleNames = Callable[[], Mapping[str, str]]
CustomerTexts = Callable[[], Iterable[CustomerText]]

_sources: list[RuleNames] = []
_texts: dict[str, CustomerTexts] = {}


def offer_escalation_rules(source: RuleNames) -> None:
    """Say who knows the enabled escalation rules: key → name. The last one to offer is asked."""
    _sources[:] = [source]


def escalation_rules() -> Mapping[str, str] | None:
    """Return the enabled escalation rules; None where nobody knows them."""
    return _sources[0]() if _sources else None


def offer_customer_texts(kind: str, source: CustomerTexts) -> None:
    """Say who knows the texts of one kind; a second offer takes the place of the first."""
    _texts[kind] = source


def customer_texts() -> dict[str, list[CustomerText]]:
    """Return what customers read besides articles, by kind."""
    return {kind: list(source()) for kind, source in _texts.items()}
