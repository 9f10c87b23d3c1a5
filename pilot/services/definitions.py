"""A pilot before it starts: created, changed while it is planned. Afterwards only moves change it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from core import activity
from core.actors import Actor
from core.errors import Conflict, InvalidInput, StaleTransition
from core.permissions import require
from pilot import workflow
from pilot.models import Pilot
from pilot.targets import targets_check
from runtime.placement import CHANNEL
from tickets.selectors import category_names

ADD, CHANGE = "pilot.add_pilot", "pilot.change_pilot"
FIELDS = (
    *("name", "source", "scope_kind", "channel", "category_id", "percent", "review_percent"),
    *("double_percent", "goal", "targets"),
)


def pilot_create(
    *,
    actor: Actor,
    name: str,
    scope_kind: str = CHANNEL,
    channel: str = "",
    category_id: int | None = None,
    targets: Mapping[str, float] | None = None,
    source: str = workflow.LIVE_SOURCE,
    **more: Any,
) -> Pilot:
    """Plan a pilot on exactly one channel or one category. Writes Pilot; nothing is decided by it yet.

    ``more``: percent, review_percent, double_percent, goal. ``targets`` by pilot.targets, ratios and minutes.
    Raises InvalidInput (what cannot be meant), Conflict (name_taken).
    """
    require(actor, ADD)
    pilot = Pilot(created_by=actor.label[:150])
    fields = {"name": name, "scope_kind": scope_kind, "channel": channel, "category_id": category_id}
    _fill(pilot, {**fields, "source": source, "targets": targets or {}, **more})
    try:
        with transaction.atomic():
            pilot.save(force_insert=True)
            activity.record(actor, "pilot.planned", pilot, after=_record(pilot))
    except IntegrityError as error:
        raise _taken(pilot) from error
    return pilot


def pilot_change(*, actor: Actor, pilot: Pilot, **changes: Any) -> Pilot:
    """Change fields of a planned pilot (those of pilot_create); refused from its start on (code locked)."""
    require(actor, CHANGE)
    before = _record(Pilot.objects.get(pk=pilot.pk))
    if pilot.state != workflow.PLANNED:
        raise Conflict(
            "Scope, targets and reviews were locked when it started. Plan another pilot, or end this one.",
            code="locked",
        )
    _fill(pilot, changes)
    after = _record(pilot)
    changed = {name: after[name] for name in FIELDS if after[name] != before[name]}
    if not changed:
        return pilot
    try:
        with transaction.atomic():
            planned = Pilot.objects.filter(pk=pilot.pk, state=workflow.PLANNED)
            if not planned.update(**changed):
                raise StaleTransition("Somebody has started it in the meantime. Reload it and look again.")
            activity.record(
                actor,
                "pilot.changed",
                pilot,
                before={name: before[name] for name in changed},
                after=changed,
            )
    except IntegrityError as error:
        raise _taken(pilot) from error
    return pilot


def _fill(pilot: Pilot, fields: Mapping[str, Any]) -> None:
    """Put fields into the object and check all of it; what belongs to the other kind of scope is dropped."""
    unknown = set(fields) - set(FIELDS)
    if unknown:
        raise InvalidInput(f"A pilot has no field {sorted(unknown)[0]}.", code="unknown_field")
    for name, value in fields.items():
        setattr(pilot, name, value.strip() if isinstance(value, str) else value)
    pilot.targets = targets_check(pilot.targets)
    _check_scope(pilot)
    try:
        pilot.clean_fields(exclude=["category", "created_by", "targets"])
    except ValidationError as error:
        name, problems = next(iter(error.message_dict.items()))
        raise InvalidInput(f"{name.replace('_', ' ')}: {problems[0]}", code="invalid_field") from error


def _check_scope(pilot: Pilot) -> None:
    if pilot.scope_kind == CHANNEL:
        pilot.category = None
        if not pilot.channel:
            raise InvalidInput("Name the channel that the pilot is about.", code="scope_missing")
        return
    pilot.channel = ""
    if pilot.category_id is None:
        raise InvalidInput("Choose the category that the pilot is about.", code="scope_missing")
    if pilot.category_id not in dict(category_names()):
        raise InvalidInput("This category is not in use any more. Choose another one.", code="no_category")


def _record(pilot: Pilot) -> dict[str, Any]:
    return {name: getattr(pilot, name) for name in FIELDS}


def _taken(pilot: Pilot) -> Conflict:
    return Conflict(f"There is a pilot “{pilot.name}” already. Choose another name.", code="name_taken")
