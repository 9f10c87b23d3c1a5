"""Reads of the escalation app."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Q

from escalation.contracts import Rule, RuleSet
from escalation.models import HandoffTemplate, RuleSetVersion
from escalation.triggers import RATIO, TRIGGERS

EMPTY = RuleSet(version=0, rules=())


def live_rule_set() -> RuleSet:
    """Return the enabled rules as they stand now, in one query; the empty set of version 0 before any."""
    latest = RuleSetVersion.objects.order_by("-number").first()
    return _rule_set(latest) if latest else EMPTY


def rule_set_at(version: int) -> RuleSet | None:
    """Return the rules as they stood in a version that a decision names, or None if there is none such."""
    if version == 0:
        return EMPTY
    stored = RuleSetVersion.objects.filter(number=version).first()
    return _rule_set(stored) if stored else None


def rule_set_of(number: int, rows: Iterable[Mapping[str, Any]]) -> RuleSet:
    """Return a rule set from rows as RuleSetVersion keeps them; nothing is read or stored."""
    return _rule_set(RuleSetVersion(number=number, rules=list(rows)))


def rule_names() -> dict[str, str]:
    """Return the enabled rules as articles link them: the key (the id as text) and the name."""
    return {str(rule.id): rule.name for rule in live_rule_set().rules}


def thresholds() -> tuple[tuple[str, str, float], ...]:
    """Return each number that the enabled rules decide by: the rule's name, what it is, its value."""
    return tuple(
        (rule.name, name.replace("_", " "), float(value))
        for rule in live_rule_set().rules
        for name, value in rule.parameters.items()
        if TRIGGERS[rule.trigger].properties.get(name) is RATIO
    )


def template_for(reason: str, locale: str) -> HandoffTemplate | None:
    """Return the closest template: of this reason before any reason, of this locale before English."""
    choice = HandoffTemplate.objects.filter(
        Q(reason=reason) | Q(reason=HandoffTemplate.ANY_REASON), locale__in={locale, "en"}
    )
    return max(choice, key=lambda t: (t.locale == locale, t.reason == reason), default=None)


def _rule_set(stored: RuleSetVersion) -> RuleSet:
    return RuleSet(stored.number, tuple(_rule(fields) for fields in stored.rules))


def _rule(fields: dict[str, Any]) -> Rule:
    return Rule(
        id=fields["id"],
        version=fields["version"],
        name=fields["name"],
        kind=fields["kind"],
        trigger=fields["trigger"],
        clarify_first=fields["clarify_first"],
        parameters=fields["parameters"],
    )
