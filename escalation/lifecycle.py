"""Which version of a rule decides, from when, and in which order: each move one versioned change of the set.

An edit waits as a newer version until it is enabled; the live version decides meanwhile. The order belongs to
the set, so moving a rule makes no version of it and holds from the next turn on.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from core import activity
from core.actors import Actor
from core.errors import Conflict, InvalidInput
from core.permissions import require
from escalation.backtest.enabling import enabling_check
from escalation.models import Rule, RuleSetVersion, RuleVersion
from escalation.versions import (
    PRIORITY_STEP,
    fields_of,
    one_change_at_a_time,
    rule_move,
    rule_set_keep,
    version_fields,
)

CHANGE = "escalation.change_rule"


def rule_enable(*, actor: Actor, rule: Rule, is_first_installation: bool = False) -> Rule:
    """Let the rule's newest version decide from the next turn on; idempotent.

    Refused without a back-test of this very version against the rules that decide now.
    ``is_first_installation`` is for code that fills a workspace in which nothing can be replayed yet; pages
    and API never say it.
    """
    require(actor, CHANGE)
    if rule.archived_at is not None:
        raise InvalidInput("The rule is archived. Restore it first.", code="archived")
    if rule.live_version == rule.version:
        return rule
    before = rule.live_version
    with transaction.atomic():
        one_change_at_a_time()
        if not is_first_installation:
            enabling_check(rule)
        rule_move(rule, live_version=rule.version)
        rule_set_keep(actor)
        _record(actor, "rule.enabled", rule, before)
    return rule


def rule_disable(*, actor: Actor, rule: Rule) -> Rule:
    """Take the rule out of the rule set from the next turn on; idempotent."""
    require(actor, CHANGE)
    if rule.live_version is None:
        return rule
    before = rule.live_version
    with transaction.atomic():
        one_change_at_a_time()
        rule_move(rule, live_version=None)
        rule_set_keep(actor)
        _record(actor, "rule.disabled", rule, before)
    return rule


def rule_discard(*, actor: Actor, rule: Rule) -> Rule:
    """Put the rule back to its live version; the edit that waited stays in the history."""
    require(actor, CHANGE)
    if not rule.is_pending:
        raise InvalidInput("No edit of this rule waits to be enabled.", code="nothing_to_discard")
    live = RuleVersion.objects.get(rule=rule, version=rule.live_version or 0)
    before = {"version": rule.version, **fields_of(rule)}
    with transaction.atomic():
        one_change_at_a_time()
        rule_move(rule, version=live.version, **version_fields(live.fields))
        after = {"version": rule.version, **fields_of(rule)}
        activity.record(actor, "rule.edit_discarded", rule, before=before, after=after)
    return rule


def rule_archive(*, actor: Actor, rule: Rule) -> Rule:
    """Take the rule out of the set and the list for good; its versions stay, for decisions name them."""
    require(actor, CHANGE)
    if rule.archived_at is not None:
        return rule
    before = rule.live_version
    with transaction.atomic():
        one_change_at_a_time()
        rule_move(rule, live_version=None, archived_at=timezone.now())
        rule_set_keep(actor)
        _record(actor, "rule.archived", rule, before)
    return rule


def rule_restore(*, actor: Actor, rule: Rule) -> Rule:
    """Bring an archived rule back, disabled."""
    require(actor, CHANGE)
    if rule.archived_at is None:
        return rule
    with transaction.atomic():
        one_change_at_a_time()
        rule_move(rule, archived_at=None)
        _record(actor, "rule.restored", rule, None)
    return rule


def rules_reorder(*, actor: Actor, rule_ids: Sequence[int], seen: Sequence[int]) -> RuleSetVersion | None:
    """Ask the rules in this order from the next turn on; hard rules still stand before soft ones.

    ``seen`` is the order that the person looked at: another one in the database refuses the change. Returns
    the new version of the set, or None where the rules that decide stand as before.
    """
    require(actor, CHANGE)
    with transaction.atomic():
        one_change_at_a_time()
        rows = list(Rule.objects.filter(archived_at=None).order_by("priority", "id"))
        present = sorted(rows, key=lambda rule: (rule.kind, rule.priority, rule.pk))
        if [rule.pk for rule in present] != list(seen):
            raise Conflict(
                "The rules or their order changed in the meantime. Look again; nothing was moved.",
                code="stale_order",
            )
        if sorted(rule_ids) != sorted(seen):
            raise InvalidInput("The new order must name each rule once.", code="bad_order")
        place = {pk: (number + 1) * PRIORITY_STEP for number, pk in enumerate(rule_ids)}
        before = {rule.name: rule.priority for rule in present if rule.priority != place[rule.pk]}
        if list(rule_ids) == list(seen):
            return None
        for rule in present:
            Rule.objects.filter(pk=rule.pk).update(priority=place[rule.pk])
        kept = rule_set_keep(actor)
        after = {rule.name: place[rule.pk] for rule in present if rule.name in before}
        activity.record(actor, "rules.reordered", present[0], before=before, after=after)
    return kept


def _record(actor: Actor, verb: str, rule: Rule, before: int | None) -> None:
    activity.record(
        actor, verb, rule, before={"live_version": before}, after={"live_version": rule.live_version}
    )
