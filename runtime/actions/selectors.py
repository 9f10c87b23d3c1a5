"""Reads around actions: what is configured, and whether it could be called now."""

from __future__ import annotations

from integrations.outgoing import WRITE
from integrations.systems import OPERATIONS
from runtime.actions.contracts import ActionInfo
from runtime.models import Action

MAX_ACTIONS = 200


def known_actions() -> dict[str, ActionInfo]:
    """Return the configured actions by slug (2 queries), with those that are switched off."""
    rows = Action.objects.select_related("connection").prefetch_related("parameters")
    return {action.slug: _info(action) for action in rows.order_by("label", "slug")[:MAX_ACTIONS]}


def _info(action: Action) -> ActionInfo:
    parameters = list(action.parameters.all())
    return ActionInfo(
        slug=action.slug,
        label=action.label,
        parameters=tuple(one.name for one in parameters),
        required=tuple(one.name for one in parameters if one.required),
        data=OPERATIONS[action.operation].data_names,
        writes=action.effect == WRITE,
        is_ready=action.enabled and action.connection.enabled,
    )
