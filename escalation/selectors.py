"""Reads of the escalation app: the rules that decide, now and then, and what they are called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import F

from core.compiled_query import CompiledQuery
from escalation.contracts import Rule, RuleSet, Words
from escalation.models import AngerCalibration, HandoffTemplate, RuleSetVersion, RuleVersion
from escalation.models import Rule as RuleRow
from escalation.platt import Curve
from escalation.sentences import Names, rule_sentence
from escalation.triggers import RATIO, TRIGGERS
from escalation.versions import fields_of, version_fields
from intents.selectors import intent_profiles
from kb.access import TIER, USER_TYPE
from kb.selectors import audience_choices
from tickets.selectors import category_names

EMPTY = RuleSet(version=0, rules=())
_active_calibration = CompiledQuery(
    lambda detector: AngerCalibration.objects.filter(detector=detector, active=True).values_list(
        "slope", "intercept"
    ),
    "x",
)


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


def anger_calibration(detector: str) -> Curve:
    """Return the active recalibration of a detector's scores, or the one that changes nothing. One query."""
    row = _active_calibration.first(detector)
    return Curve(*row) if row else Curve()


def rule_set_of(number: int, rows: Iterable[Mapping[str, Any]]) -> RuleSet:
    """Return a rule set from rows as RuleSetVersion keeps them; nothing is read or stored."""
    return RuleSet(number, tuple(rule_of(dict(row)) for row in rows))


def rule_names() -> dict[str, str]:
    """Return the enabled rules as articles link them: the key (the id as text) and the name."""
    return {str(rule.id): rule.name for rule in live_rule_set().rules}


def sentence_names() -> Names:
    """Return what intents, user types, plans and categories are called."""
    audiences = audience_choices()
    return Names(
        intents={profile.slug: profile.label for profile in intent_profiles()},
        user_types=dict(audiences[USER_TYPE]),
        tiers=dict(audiences[TIER]),
        categories=dict(category_names()),
    )


def sentence_of(rule: Rule) -> str:
    """Return the rule in one sentence, with the names of today."""
    return rule_sentence(rule, sentence_names())


def rule_as_edited(row: RuleRow) -> Rule:
    """Return the rule as its row says it, which may wait to be enabled."""
    return rule_of({"id": row.pk, "version": row.version, **fields_of(row)})


def rule_as_kept(version: RuleVersion) -> Rule:
    """Return the rule as one of its versions said it."""
    return rule_of({"id": version.rule_id, "version": version.version, **version_fields(version.fields)})


def live_sentences(rows: Iterable[RuleRow], names: Names) -> dict[int, str]:
    """Return what decides of those rules for which an edit waits, by id."""
    waiting = [row.pk for row in rows if row.is_pending]
    kept = RuleVersion.objects.filter(rule__in=waiting, version=F("rule__live_version"))
    return {version.rule_id: rule_sentence(rule_as_kept(version), names) for version in kept}


def why_sentence(rule_id: int | None, version: int | None) -> str:
    """Return the sentence of the rule that a decision cites; empty where it cites none."""
    if rule_id is None or version is None:
        return ""
    kept = RuleVersion.objects.filter(rule_id=rule_id, version=version).first()
    return sentence_of(rule_as_kept(kept)) if kept else ""


def thresholds() -> tuple[tuple[str, str, float], ...]:
    """Return each number that the enabled rules decide by: the rule's name, what it is, its value."""
    return tuple(
        (rule.name, name.replace("_", " "), float(value))
        for rule in live_rule_set().rules
        for name, value in rule.parameters.items()
        if TRIGGERS[rule.trigger].properties.get(name) is RATIO
    )


def templates_for(reason: str) -> tuple[Words, ...]:
    """Return the stored messages of this reason and of any reason, in one query."""
    fields = ("reason", "tier", "locale", "body", "body_without_wait", "body_off_hours")
    rows = HandoffTemplate.objects.filter(reason__in={reason, HandoffTemplate.ANY_REASON})
    return tuple(Words(*row) for row in rows.values_list(*fields))


def _rule_set(stored: RuleSetVersion) -> RuleSet:
    return RuleSet(stored.number, tuple(rule_of(fields) for fields in stored.rules))


def rule_of(fields: dict[str, Any]) -> Rule:
    """Return a rule as a rule-set version keeps it."""
    return Rule(
        id=fields["id"],
        version=fields["version"],
        name=fields["name"],
        kind=fields["kind"],
        trigger=fields["trigger"],
        clarify_first=fields["clarify_first"],
        parameters=fields["parameters"],
        conditions=fields.get("conditions", {}),  # sets from before there were conditions have none
    )
