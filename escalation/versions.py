"""How rules and rule sets are kept: what belongs to a version, and the rows that every change writes.

Writes what it is told within the caller's transaction; decides neither who may change a rule nor which of its
versions decides (escalation.services, escalation.lifecycle).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import F

from core.actors import Actor
from core.errors import Conflict, InvalidInput
from escalation.conditions import conditions_validate
from escalation.models import Rule, RuleSetVersion, RuleVersion
from escalation.triggers import kind_validate, parameters_validate
from kb.linting import relint_queue

FIELDS = ("name", "kind", "trigger", "parameters", "clarify_first", "conditions")
PRIORITY_STEP, MAX_PRIORITY = 10, 32_767
MAX_RULES = 500  # that are not archived: every turn asks them all


def fields_of(rule: Rule) -> dict[str, Any]:
    """Return what belongs to the rule's version, as it stands on the row."""
    return {name: getattr(rule, name) for name in FIELDS}


def version_fields(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a kept version says; those from before there were conditions have none."""
    return {name: stored[name] if name != "conditions" else stored.get(name, {}) for name in FIELDS}


def fields_validate(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields with the trigger's defaults filled in, or raise InvalidInput."""
    kind_validate(fields["trigger"], fields["kind"], fields["clarify_first"])
    name = fields["name"].strip()
    if not 1 <= len(name) <= 100:
        raise InvalidInput(
            "Give the rule a name of at most 100 characters.", code="bad_name", extra={"field": "name"}
        )
    return {
        **fields,
        "name": name,
        "parameters": parameters_validate(fields["trigger"], fields["parameters"]),
        "conditions": conditions_validate(fields["conditions"]),
    }


def one_change_at_a_time() -> None:
    """Lock the rules in one order, so that rule-set numbers neither clash nor skip a change."""
    list(Rule.objects.select_for_update().order_by("pk").values_list("pk"))


def rule_move(rule: Rule, **changes: Any) -> None:
    """Change a rule that is still as it was read, or raise Conflict; what was read is version and state."""
    rows = Rule.objects.filter(
        pk=rule.pk,
        version=rule.version,
        live_version=rule.live_version,
        archived_at=rule.archived_at,
    )
    if not rows.update(**changes):
        raise Conflict(
            "Somebody else changed this rule in the meantime. Reload it and look again.", code="stale_rule"
        )
    rule.refresh_from_db()


def version_keep(actor: Actor, rule: Rule, *, note: str = "") -> None:
    """Write the version that stands on the rule's row."""
    RuleVersion.objects.create(
        rule=rule, version=rule.version, fields=fields_of(rule), note=note[:200], changed_by=actor.label
    )


def live_versions() -> list[dict[str, Any]]:
    """Return the live version of every enabled rule, in order, as a rule set keeps it."""
    rows = RuleVersion.objects.select_related("rule").filter(
        rule__live_version=F("version"), rule__archived_at=None
    )
    live = [
        {
            "id": row.rule_id,
            "version": row.version,
            **version_fields(row.fields),
            "priority": row.rule.priority,
        }
        for row in rows
    ]
    return sorted(live, key=lambda rule: (rule["kind"], rule["priority"], rule["id"]))  # "hard" is first


def rule_set_keep(actor: Actor) -> RuleSetVersion | None:
    """Write the rule set as it stands now, unless it stands so already; None where nothing changed.

    Articles link enabled rules by key: where those or their names change, a job lints the articles anew.
    """
    latest = RuleSetVersion.objects.order_by("-number").first()
    rules, before = live_versions(), latest.rules if latest else []
    if _order(rules) == _order(before):
        return None
    number = latest.number + 1 if latest else 1
    kept = RuleSetVersion.objects.create(number=number, rules=rules, changed_by=actor.label)
    if _linked(rules) != _linked(before):
        relint_queue(actor.label)
    return kept


def _order(rules: list[dict[str, Any]]) -> list[tuple[int, int]]:
    """Return what a set decides by: which versions, in which order."""
    return [(rule["id"], rule["version"]) for rule in rules]


def _linked(rules: list[dict[str, Any]]) -> set[tuple[int, str]]:
    """Return what articles link of the rules, and the linter names: their keys and names."""
    return {(rule["id"], rule["name"]) for rule in rules}
