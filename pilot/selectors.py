"""What others may read of pilots."""

from __future__ import annotations

from collections.abc import Collection, Mapping

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


def names_of(pilot_ids: Collection[int]) -> Mapping[int, str]:
    """Return the names of pilots, by id (one query)."""
    return dict(Pilot.objects.filter(pk__in=pilot_ids).values_list("pk", "name"))
