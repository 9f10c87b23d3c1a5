"""What others may read of pilots."""

from __future__ import annotations

from pilot import workflow
from pilot.models import Pilot
from runtime.placement import Scope

MAX_SCOPES = 100


def scopes_running() -> tuple[Scope, ...]:
    """Return the scopes of the live pilots that decide about conversations (one query)."""
    rows = Pilot.objects.filter(source=workflow.LIVE_SOURCE, state__in=workflow.CURRENT).order_by("pk")
    fields = rows.values_list("pk", "scope_kind", "channel", "category_id", "stage", "percent", "state")
    return tuple(
        Scope(
            pilot_id=pk,
            kind=kind,
            value=channel if kind == Pilot.ScopeKind.CHANNEL else str(category_id),
            stage=stage,
            percent=percent,
            halted=state == workflow.HALTED,
        )
        for pk, kind, channel, category_id, stage, percent, state in fields[:MAX_SCOPES]
    )
