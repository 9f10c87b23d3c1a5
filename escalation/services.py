"""Writes of the escalation app: each change makes a rule version, a rule-set version and an activity line.

Articles link enabled rules by key: where those or their names change, a job lints the articles anew.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import F

from core import activity
from core.actors import Actor
from core.errors import Conflict, InvalidInput
from core.permissions import require
from escalation.backtest.enabling import enabling_check
from escalation.defaults import RULES, TEMPLATES
from escalation.language_lint import ERROR, template_lint
from escalation.models import HandoffTemplate, Rule, RuleSetVersion, RuleVersion
from escalation.triggers import kind_validate, parameters_validate
from kb.linting import relint_queue

FIELDS = ("name", "kind", "trigger", "parameters", "clarify_first", "priority", "enabled")


def rule_create(
    *,
    actor: Actor,
    name: str,
    kind: str,
    trigger: str,
    parameters: dict[str, Any],
    clarify_first: int,
    priority: int,
    enabled: bool = False,
) -> Rule:
    """Add a rule as version 1."""
    require(actor, "escalation.add_rule")
    kind_validate(trigger, kind, clarify_first)
    with transaction.atomic():
        _one_change_at_a_time()
        rule = Rule.objects.create(
            name=_name_of(name),
            kind=kind,
            trigger=trigger,
            parameters=parameters_validate(trigger, parameters),
            clarify_first=clarify_first,
            priority=priority,
            enabled=enabled,
        )
        _keep(actor, rule, "rule.created", before={})
    return rule


def rule_update(*, actor: Actor, rule: Rule, **changes: Any) -> Rule:
    """Change fields of a rule (any of FIELDS but ``enabled``) that is still the version that was read."""
    unknown = set(changes) - set(FIELDS) | {"enabled"} & set(changes)
    if unknown:
        raise InvalidInput(f"These are no fields to change: {', '.join(sorted(unknown))}.", code="bad_fields")
    return _change(actor, rule, "rule.changed", changes)


def rule_enable(*, actor: Actor, rule: Rule, is_first_installation: bool = False) -> Rule:
    """Let the rule decide from the next turn on; refused without a back-test of this very version.

    ``is_first_installation`` is for code that fills a workspace in which nothing can be replayed yet; pages
    and API never say it.
    """
    require(actor, "escalation.change_rule")
    if not is_first_installation:
        enabling_check(rule)
    return _change(actor, rule, "rule.enabled", {"enabled": True})


def rule_disable(*, actor: Actor, rule: Rule) -> Rule:
    """Take the rule out of the rule set from the next turn on."""
    return _change(actor, rule, "rule.disabled", {"enabled": False})


def template_save(
    *, actor: Actor, reason: str, body: str, body_without_wait: str = "", locale: str = "en"
) -> HandoffTemplate:
    """Create or change the message of a reason and locale; refused with the linter's errors."""
    require(actor, "escalation.change_handofftemplate")
    if reason not in {HandoffTemplate.ANY_REASON, *Rule.Trigger.values}:
        raise InvalidInput(f"There is no reason {reason!r}.", code="unknown_reason")
    findings = template_lint(body, body_without_wait, locale=locale)
    errors = [finding.message for finding in findings if finding.level == ERROR]
    if errors:
        raise InvalidInput(
            " ".join(errors),
            code="template_lint",
            extra={"findings": [{"code": f.code, "message": f.message} for f in findings]},
        )
    fields = {"body": body, "body_without_wait": body_without_wait}
    with transaction.atomic():
        before = HandoffTemplate.objects.filter(reason=reason, locale=locale).values(*fields).first()
        template, _ = HandoffTemplate.objects.update_or_create(reason=reason, locale=locale, defaults=fields)
        activity.record(actor, "handoff_template.saved", template, before=before or {}, after=fields)
    return template


def defaults_install(*, actor: Actor) -> dict[str, int]:
    """Add the default rules (enabled) and messages that are not there yet; idempotent by name and reason."""
    names = set(Rule.objects.values_list("name", flat=True))
    reasons = set(HandoffTemplate.objects.filter(locale="en").values_list("reason", flat=True))
    new_rules = [rule for rule in RULES if rule.name not in names]
    new_templates = [template for template in TEMPLATES if template.reason not in reasons]
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
                enabled=True,
            )
        for template in new_templates:
            template_save(
                actor=actor,
                reason=template.reason,
                body=template.body,
                body_without_wait=template.body_without_wait,
            )
    return {"rules": len(new_rules), "templates": len(new_templates)}


def _change(actor: Actor, rule: Rule, verb: str, changes: dict[str, Any]) -> Rule:
    require(actor, "escalation.change_rule")
    before = {name: getattr(rule, name) for name in FIELDS}
    after = {**before, **changes}
    kind_validate(after["trigger"], after["kind"], after["clarify_first"])
    after["parameters"] = parameters_validate(after["trigger"], after["parameters"])
    after["name"] = _name_of(after["name"])
    changed = [name for name in FIELDS if before[name] != after[name]]
    if not changed:
        return rule
    with transaction.atomic():
        _one_change_at_a_time()
        rows = Rule.objects.filter(pk=rule.pk, version=rule.version)
        if not rows.update(version=F("version") + 1, **{name: after[name] for name in changed}):
            raise Conflict(
                "Somebody else changed this rule in the meantime. Reload it and look again.",
                code="stale_rule",
            )
        rule.refresh_from_db()
        _keep(actor, rule, verb, before={name: before[name] for name in changed})
    return rule


def _one_change_at_a_time() -> None:
    """Lock the rules in one order, so that rule-set numbers neither clash nor skip a change."""
    list(Rule.objects.select_for_update().order_by("pk").values_list("pk"))


def _keep(actor: Actor, rule: Rule, verb: str, *, before: dict[str, Any]) -> None:
    """Write the rule's version, the rule set's version and the activity line."""
    fields = {name: getattr(rule, name) for name in FIELDS}
    RuleVersion.objects.create(rule=rule, version=rule.version, fields=fields, changed_by=actor.label)
    enabled = Rule.objects.filter(enabled=True).order_by("kind", "priority", "id")
    latest = RuleSetVersion.objects.order_by("-number").first()
    rules = [{"id": r.pk, "version": r.version, **{n: getattr(r, n) for n in FIELDS}} for r in enabled]
    number = latest.number + 1 if latest else 1
    RuleSetVersion.objects.create(number=number, rules=rules, changed_by=actor.label)
    if _linked(rules) != _linked(latest.rules if latest else []):
        relint_queue(actor.label)
    activity.record(
        actor, verb, rule, before=before, after={name: fields[name] for name in before} if before else fields
    )


def _linked(rules: list[dict[str, Any]]) -> list[tuple[int, str]]:
    """Return what articles link of the rules, and the linter names: their keys and names, in order."""
    return [(rule["id"], rule["name"]) for rule in rules]


def _name_of(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= 100:
        raise InvalidInput("Give the rule a name of at most 100 characters.", code="bad_name")
    return name
