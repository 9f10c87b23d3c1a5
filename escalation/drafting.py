"""Drafts of soft rules from what the audit flagged; they decide nothing until a person enables them."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from core.actors import Actor
from core.permissions import require
from escalation.models import Rule
from escalation.services import rule_create
from escalation.triggers import FLAGGED_CATEGORY, SOFT
from tickets.contracts import FlaggedCategory

DRAFT_PRIORITY = 35  # after what is for people only, before the agent's own doubts
MAX_NAME = 100


def soft_rules_draft(*, actor: Actor, categories: Sequence[FlaggedCategory]) -> list[Rule]:
    """Add a disabled soft rule for each flagged category that has none yet; return those added.

    Idempotent by category: a rule that a person has changed, enabled or disabled stays as it is.
    """
    require(actor, "escalation.add_rule")
    with transaction.atomic():
        rules = Rule.objects.filter(trigger=FLAGGED_CATEGORY)
        present = {fields.get("category_id") for fields in rules.values_list("parameters", flat=True)}
        names = set(Rule.objects.values_list("name", flat=True))
        return [
            rule_create(
                actor=actor,
                name=_name(category, names),
                kind=SOFT,
                trigger=FLAGGED_CATEGORY,
                parameters={"category_id": category.category_id},
                clarify_first=0,
                priority=DRAFT_PRIORITY,
            )
            for category in categories
            if category.category_id not in present
        ]


def _name(category: FlaggedCategory, taken: set[str]) -> str:
    why = f" ({', '.join(category.flags)})"
    name = f"{category.name[: MAX_NAME - len(why)]}{why}"
    if name in taken:
        number = f" #{category.category_id}"
        name = name[: MAX_NAME - len(number)] + number
    taken.add(name)
    return name
