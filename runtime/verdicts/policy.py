"""The policy of verdicts, read by every drawing and changed by a lead."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from core import activity
from core.actors import Actor
from core.errors import InvalidInput
from core.permissions import require
from runtime.models import VerdictPolicy

PERMISSION = "runtime.change_verdictpolicy"
FIELDS = ("escalated_size", "other_size", "double_percent", "seed")


def verdict_policy() -> VerdictPolicy:
    """Return the policy; its defaults hold until somebody changes it."""
    return VerdictPolicy.objects.filter(pk=1).first() or VerdictPolicy(pk=1)


def verdict_policy_save(*, actor: Actor, **changes: Any) -> VerdictPolicy:
    """Write those of FIELDS that differ; needs runtime.change_verdictpolicy."""
    require(actor, PERMISSION)
    unknown = set(changes) - set(FIELDS)
    if unknown:
        raise InvalidInput(f"The policy has no {', '.join(sorted(unknown))}.", code="not_editable")
    with transaction.atomic():
        VerdictPolicy.objects.get_or_create(pk=1)
        policy = VerdictPolicy.objects.select_for_update().get(pk=1)
        before = {name: getattr(policy, name) for name in changes if getattr(policy, name) != changes[name]}
        for name in before:
            setattr(policy, name, changes[name])
        try:
            policy.full_clean(validate_constraints=False)
        except ValidationError as error:
            raise InvalidInput(" ".join(error.messages), code="invalid_policy") from error
        if before:
            policy.save()
            after = {name: changes[name] for name in before}
            activity.record(actor, "verdict_policy.changed", policy, before=before, after=after)
    return policy
