"""Writes of the escalation app: rules are added and edited, handoff messages saved, defaults installed.

An edit makes a version of the rule and an activity line, and changes no decision. What decides, in which
order and from when is escalation.lifecycle.
"""

from __future__ import annotations

import re
from typing import Any

from django.db import transaction
from django.db.models import Max

from core import activity
from core.actors import Actor
from core.errors import InvalidInput
from core.permissions import require
from escalation.defaults import RULES, TEMPLATES
from escalation.language_lint import ERROR, template_lint
from escalation.lifecycle import rule_archive, rule_disable, rule_discard, rule_enable, rule_restore
from escalation.models import HandoffTemplate, Rule
from escalation.versions import (
    FIELDS,
    MAX_PRIORITY,
    MAX_RULES,
    PRIORITY_STEP,
    fields_of,
    fields_validate,
    one_change_at_a_time,
    rule_move,
    rule_set_keep,
    version_fields,
    version_keep,
)

__all__ = [
    "defaults_install",
    "rule_archive",
    "rule_create",
    "rule_disable",
    "rule_discard",
    "rule_enable",
    "rule_restore",
    "rule_roll_back",
    "rule_update",
    "template_save",
]

LOCALE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")


def rule_create(
    *,
    actor: Actor,
    name: str,
    kind: str,
    trigger: str,
    parameters: dict[str, Any],
    clarify_first: int,
    priority: int | None = None,
    conditions: dict[str, Any] | None = None,
    note: str = "",
    enabled: bool = False,
) -> Rule:
    """Add a rule as version 1, the last of the order unless ``priority`` says otherwise.

    ``enabled`` is for the rules that a workspace starts with; any other decides once rule_enable let it.
    """
    require(actor, "escalation.add_rule")
    wanted = {
        "name": name,
        "kind": kind,
        "trigger": trigger,
        "parameters": parameters,
        "clarify_first": clarify_first,
        "conditions": conditions or {},
    }
    fields = fields_validate(wanted)
    with transaction.atomic():
        one_change_at_a_time()
        _refuse_taken(fields["name"], None)
        if Rule.objects.filter(archived_at=None).count() >= MAX_RULES:
            raise InvalidInput(
                f"There are {MAX_RULES} rules already. Archive some before you add more.",
                code="too_many_rules",
            )
        if priority is None:
            last = Rule.objects.aggregate(last=Max("priority"))["last"] or 0
            priority = min(last + PRIORITY_STEP, MAX_PRIORITY)
        rule = Rule.objects.create(priority=priority, live_version=1 if enabled else None, **fields)
        version_keep(actor, rule, note=note)
        if enabled:
            rule_set_keep(actor)
        activity.record(actor, "rule.created", rule, after={**fields, "live_version": rule.live_version})
    return rule


def rule_update(*, actor: Actor, rule: Rule, note: str = "", **changes: Any) -> Rule:
    """Edit a rule (any of FIELDS) that is still the version that was read, as its next version.

    The edit decides nothing yet: an enabled rule goes on as it was until rule_enable.
    """
    require(actor, "escalation.change_rule")
    unknown = set(changes) - set(FIELDS)
    if unknown:
        raise InvalidInput(f"These are no fields to change: {', '.join(sorted(unknown))}.", code="bad_fields")
    before = fields_of(rule)
    after = fields_validate({**before, **changes})
    changed = [name for name in FIELDS if before[name] != after[name]]
    if not changed:
        return rule
    with transaction.atomic():
        one_change_at_a_time()
        _refuse_taken(after["name"], rule)
        latest = rule.versions.aggregate(latest=Max("version"))["latest"] or rule.version
        rule_move(rule, version=latest + 1, **{name: after[name] for name in changed})
        version_keep(actor, rule, note=note)
        activity.record(
            actor,
            "rule.changed",
            rule,
            before={name: before[name] for name in changed},
            after={name: after[name] for name in changed},
        )
    return rule


def rule_roll_back(*, actor: Actor, rule: Rule, version: int) -> Rule:
    """Write an earlier version once more, as the newest one, which waits to be enabled like any edit."""
    require(actor, "escalation.change_rule")
    stored = rule.versions.filter(version=version).first()
    if stored is None:
        raise InvalidInput(f"This rule has no version {version}.", code="unknown_version")
    return rule_update(actor=actor, rule=rule, note=f"as version {version}", **version_fields(stored.fields))


def template_save(
    *,
    actor: Actor,
    reason: str,
    body: str,
    body_without_wait: str = "",
    body_off_hours: str = "",
    tier: str = HandoffTemplate.ANY_TIER,
    locale: str = "en",
) -> HandoffTemplate:
    """Create or change the message of a reason, tier and locale; refused with the linter's errors."""
    require(actor, "escalation.change_handofftemplate")
    if reason not in {HandoffTemplate.ANY_REASON, *Rule.Trigger.values}:
        raise InvalidInput(f"There is no reason {reason!r}.", code="unknown_reason")
    if not LOCALE.fullmatch(locale):
        raise InvalidInput(
            f"{locale[:40]!r} is no language; write for instance de or pt-BR.", code="bad_locale"
        )
    linted = template_lint(body, body_without_wait, body_off_hours, locale=locale)
    findings = [finding for found in linted.values() for finding in found]
    errors = [finding.message for finding in findings if finding.level == ERROR]
    if errors:
        raise InvalidInput(
            " ".join(errors),
            code="template_lint",
            extra={"findings": [{"code": f.code, "message": f.message} for f in findings]},
        )
    fields = {"body": body, "body_without_wait": body_without_wait, "body_off_hours": body_off_hours}
    with transaction.atomic():
        same = HandoffTemplate.objects.filter(reason=reason, tier=tier, locale=locale)
        before = same.values(*fields).first()
        template, _ = HandoffTemplate.objects.update_or_create(
            reason=reason, tier=tier, locale=locale, defaults=fields
        )
        activity.record(actor, "handoff_template.saved", template, before=before or {}, after=fields)
    return template


def template_delete(*, actor: Actor, template: HandoffTemplate) -> None:
    """Take a message away; the next closest is sent from the next handoff on."""
    require(actor, "escalation.delete_handofftemplate")
    before = {"body": template.body, "body_without_wait": template.body_without_wait}
    with transaction.atomic():
        activity.record(actor, "handoff_template.deleted", template, before=before)
        template.delete()


def defaults_install(*, actor: Actor) -> dict[str, int]:
    """Add the default rules and messages that are not there yet; idempotent by name and reason.

    In a workspace without any rule they are enabled. Where people have rules of their own already, what a new
    version brings is added switched off: they look at it and enable it.
    """
    is_new = not Rule.objects.exists()
    names = set(Rule.objects.values_list("name", flat=True))
    stored = set(HandoffTemplate.objects.filter(tier="").values_list("reason", "locale"))
    new_rules = [rule for rule in RULES if rule.name not in names]
    new_templates = [template for template in TEMPLATES if (template.reason, template.locale) not in stored]
    with transaction.atomic():
        for rule in new_rules:
            rule_create(
                actor=actor,
                name=rule.name,
                kind=rule.kind,
                trigger=rule.trigger,
                parameters={},
                clarify_first=rule.clarify_first,
                priority=rule.priority,
                enabled=is_new,
            )
        for template in new_templates:
            template_save(
                actor=actor,
                reason=template.reason,
                body=template.body,
                body_without_wait=template.body_without_wait,
                body_off_hours=template.body_off_hours,
                locale=template.locale,
            )
    return {"rules": len(new_rules), "templates": len(new_templates)}


def _refuse_taken(name: str, rule: Rule | None) -> None:
    if Rule.objects.filter(name=name).exclude(pk=rule.pk if rule else 0).exists():
        raise InvalidInput(
            "Another rule, perhaps an archived one, has this name. Choose another.",
            code="name_taken",
            extra={"field": "name"},
        )
