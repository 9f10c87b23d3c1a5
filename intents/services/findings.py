"""Let a finding of the health check stand, with a reason; take that back."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone

from core import activity
from core.actors import Actor
from core.errors import Conflict, InvalidInput
from core.permissions import require
from intents.models import IgnoredFinding

PERMISSION = "intents.change_example"
REASON_LENGTH = 500


def finding_ignore(*, actor: Actor, kind: str, key: str, reason: str) -> IgnoredFinding:
    """Keep that a finding was looked at and stands; it comes back when a text or intent of it changes."""
    require(actor, PERMISSION)
    reason = reason.strip()
    if not reason:
        raise InvalidInput("Say why this may stay as it is.", code="reason_missing")
    if len(reason) > REASON_LENGTH:
        raise InvalidInput(f"Give the reason in at most {REASON_LENGTH} characters.", code="reason_too_long")
    if kind not in IgnoredFinding.Kind.values:
        raise InvalidInput("These findings cannot be ignored.", code="unknown_kind")
    try:
        with transaction.atomic():
            ignored = IgnoredFinding.objects.create(
                kind=kind, key=key, reason=reason, ignored_by_id=actor.user_id
            )
            activity.record(actor, "finding.ignored", ignored, after={"kind": kind, "reason": reason})
    except IntegrityError as error:
        raise Conflict("Somebody else ignores this already.", code="already_ignored") from error
    return ignored


def finding_take_back(*, actor: Actor, ignored: IgnoredFinding) -> None:
    """Show an ignored finding again; the reason is kept."""
    require(actor, PERMISSION)
    with transaction.atomic():
        rows = IgnoredFinding.objects.filter(pk=ignored.pk, taken_back_at=None).update(
            taken_back_at=timezone.now()
        )
        if not rows:
            raise Conflict("This finding is shown again already.", code="not_ignored")
        activity.record(actor, "finding.taken_back", ignored, before={"reason": ignored.reason})
