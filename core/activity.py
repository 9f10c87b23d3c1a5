"""The only writer of the append-only activity log."""

from __future__ import annotations

from typing import Any

from django.db import models, transaction

from core.actors import Actor
from core.models import Activity

SECRET_NAMES = ("password", "secret", "token", "api_key", "sha256")


def record(
    actor: Actor,
    verb: str,
    target: models.Model,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> Activity:
    """Write one line: who did what to which object, with the fields as they were and are.

    Must run inside the transaction of the change itself, so that neither exists without the other.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("activity.record() belongs in the transaction of the change that it records.")
    return Activity.objects.create(
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_label=actor.label[:150],
        verb=verb,
        target_type=target._meta.label_lower,
        target_id=str(target.pk),
        target_label=str(target)[:200],
        before=_masked(before or {}),
        after=_masked(after or {}),
    )


def _masked(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        name: "•••" if any(secret in name for secret in SECRET_NAMES) and value else value
        for name, value in fields.items()
    }
