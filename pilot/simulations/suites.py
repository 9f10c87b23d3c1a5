"""Suites and scenarios as people change them. Writes rows and the log; plays nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from core import activity
from core.actors import Actor
from core.errors import Conflict, InvalidInput
from core.permissions import require
from pilot.models import Scenario, Suite
from pilot.simulations.script import Script

ADD_SUITE, CHANGE_SUITE = "pilot.add_suite", "pilot.change_suite"
ADD, CHANGE, DELETE = "pilot.add_scenario", "pilot.change_scenario", "pilot.delete_scenario"
MAX_SCENARIOS = 2_000


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of several scenarios."""

    made: tuple[str, ...]
    changed: tuple[str, ...]
    same: tuple[str, ...]


def suite_create(*, actor: Actor, name: str, description: str = "") -> Suite:
    """Make an empty suite; raises Conflict where the name is taken."""
    require(actor, ADD_SUITE)
    name = name.strip()
    if not name or len(name) > 80:
        raise InvalidInput("A suite has a name of 1 to 80 characters.", code="bad_name")
    try:
        with transaction.atomic():
            suite = Suite.objects.create(name=name, description=description, created_by=actor.label[:150])
            activity.record(actor, "suite.created", suite, after={"name": name})
    except IntegrityError as clash:
        raise Conflict(f"There is a suite “{name}” already.", code="name_taken") from clash
    return suite


def suite_archive(*, actor: Actor, suite: Suite, archived: bool = True) -> None:
    """Put a suite away, or take it out again; nothing of it is lost."""
    require(actor, CHANGE_SUITE)
    with transaction.atomic():
        if not Suite.objects.filter(pk=suite.pk, is_archived=not archived).update(is_archived=archived):
            raise Conflict("Somebody else has done that already.", code="already_so")
        activity.record(actor, "suite.archived" if archived else "suite.restored", suite)
    suite.is_archived = archived


def scenario_create(
    *,
    actor: Actor,
    suite: Suite,
    script: Script,
    source: str = Scenario.Source.WRITTEN,
    source_ref: str = "",
) -> Scenario:
    """Add a scenario to a suite; raises Conflict where the suite has one of that name."""
    require(actor, ADD)
    if suite.scenarios.count() >= MAX_SCENARIOS:
        raise Conflict(f"A suite holds at most {MAX_SCENARIOS:,} scenarios.", code="suite_full")
    try:
        with transaction.atomic():
            scenario = Scenario.objects.create(
                suite=suite, source=source, source_ref=source_ref[:200], **_fields(actor, script)
            )
            activity.record(
                actor, "scenario.created", scenario, after={"suite": suite.name, "source": source}
            )
    except IntegrityError as clash:
        message = f"“{suite}” has a scenario “{script.name}” already. Give this one another name."
        raise Conflict(message, code="name_taken") from clash
    return scenario


def scenario_save(*, actor: Actor, scenario: Scenario, script: Script, base_version: int) -> Scenario:
    """Write a new definition over the version that the person has seen; raises Conflict where it moved on."""
    require(actor, CHANGE)
    fields = {**_fields(actor, script), "updated_at": timezone.now()}
    try:
        with transaction.atomic():
            rows = Scenario.objects.filter(pk=scenario.pk, version=base_version)
            if not rows.update(version=F("version") + 1, **fields):
                raise Conflict(
                    "Somebody else has saved this scenario meanwhile. What you typed is kept here: compare "
                    "it with theirs, then save again.",
                    code="scenario_changed",
                )
            activity.record(
                actor,
                "scenario.changed",
                scenario,
                before={"definition": scenario.sha256[:12]},
                after={"definition": script.sha256[:12]},
            )
    except IntegrityError as clash:
        message = f"The suite has a scenario “{script.name}” already."
        raise Conflict(message, code="name_taken") from clash
    scenario.refresh_from_db()
    return scenario


def scenario_switch(*, actor: Actor, scenario: Scenario, enabled: bool) -> bool:
    """Let runs play a scenario or leave it out; return whether that changed anything."""
    require(actor, CHANGE)
    with transaction.atomic():
        rows = Scenario.objects.filter(pk=scenario.pk, enabled=not enabled).update(enabled=enabled)
        if rows:
            activity.record(actor, "scenario.enabled" if enabled else "scenario.disabled", scenario)
    return bool(rows)


def scenario_delete(*, actor: Actor, scenario: Scenario) -> None:
    """Delete a scenario; the results of its runs stay, with its name and words of then."""
    require(actor, DELETE)
    with transaction.atomic():
        activity.record(
            actor,
            "scenario.deleted",
            scenario,
            before={"definition": scenario.definition, "suite": scenario.suite.name},
        )
        scenario.delete()


def scenarios_keep(
    *,
    actor: Actor,
    suite: Suite,
    scripts: Sequence[Script],
    source: str,
    refs: Mapping[str, str] | None = None,
) -> Kept:
    """Add scenarios to a suite, in one transaction; one of the same name gets the new definition.

    Idempotent: what is there already with the same content is left alone.
    """
    require(actor, ADD)
    require(actor, CHANGE)
    made, changed, same = [], [], []
    with transaction.atomic():
        present = {one.name: one for one in suite.scenarios.select_for_update()}
        if len(present.keys() | {script.name for script in scripts}) > MAX_SCENARIOS:
            raise Conflict(f"A suite holds at most {MAX_SCENARIOS:,} scenarios.", code="suite_full")
        for script in scripts:
            known = present.get(script.name)
            if known is None:
                ref = (refs or {}).get(script.name, "")[:200]
                made.append(Scenario(suite=suite, source=source, source_ref=ref, **_fields(actor, script)))
            elif known.sha256 == script.sha256:
                same.append(script.name)
            else:
                fields = {**_fields(actor, script), "updated_at": timezone.now()}
                Scenario.objects.filter(pk=known.pk).update(version=F("version") + 1, **fields)
                changed.append(script.name)
        Scenario.objects.bulk_create(made, batch_size=200)
        counts = {"made": len(made), "changed": len(changed), "same": len(same), "source": source}
        activity.record(actor, "suite.filled", suite, after=counts)
    return Kept(tuple(one.name for one in made), tuple(changed), tuple(same))


def tags_text(tags: Sequence[str]) -> str:
    """Return tags as the column holds them: searchable as “ tag ”."""
    return f" {' '.join('_'.join(tag.split()) for tag in tags)} "[:600] if tags else ""


def _fields(actor: Actor, script: Script) -> dict[str, object]:
    return {
        "name": script.name,
        "definition": script.as_json(),
        "sha256": script.sha256,
        "tags": tags_text(script.tags),
        "updated_by": actor.label[:150],
    }
