"""What the knowledge base asks of the apps above it, which offer it when they start: it imports none."""

from __future__ import annotations

from collections.abc import Callable, Mapping

RuleNames = Callable[[], Mapping[str, str]]

_sources: list[RuleNames] = []


def offer_escalation_rules(source: RuleNames) -> None:
    """Say who knows the enabled escalation rules: key → name. The last one to offer is asked."""
    _sources[:] = [source]


def escalation_rules() -> Mapping[str, str] | None:
    """Return the enabled escalation rules; None where nobody knows them."""
    return _sources[0]() if _sources else None
