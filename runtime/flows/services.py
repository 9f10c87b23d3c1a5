"""Writes of resolution flows: every change is a version, every move a line in the activity log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F

from core import activity
from core.actors import Actor
from core.errors import Conflict, InvalidInput, NotFound
from core.permissions import require
from core.transitions import move
from runtime.flows import workflow
from runtime.flows.checks import check, has_errors
from runtime.flows.definition import flow_hash, flow_read
from runtime.flows.selectors import surroundings
from runtime.models import FlowVersion, ResolutionFlow

ADD, CHANGE = "runtime.add_resolutionflow", "runtime.change_resolutionflow"
MAX_TITLE, MAX_NOTE, MAX_INTENT = 120, 200, 100


def flow_create(
    *, actor: Actor, intent: str, title: str, definition: Mapping[str, Any], note: str = ""
) -> ResolutionFlow:
    """Add a flow as a draft with its version 1; it may still hold errors."""
    require(actor, ADD)
    flow_read(definition)
    if not intent or len(intent) > MAX_INTENT:
        raise InvalidInput("Say which intent the flow is for.", code="bad_intent")
    with transaction.atomic():
        flow = ResolutionFlow.objects.create(intent=intent, title=_title(title), latest_number=1)
        version = _add_version(actor, flow, 1, definition, note)
        activity.record(
            actor,
            "flow.created",
            flow,
            after={"intent": intent, "title": flow.title, "sha256_of_version": version.sha256},
        )
    return flow


def flow_save(
    *,
    actor: Actor,
    flow: ResolutionFlow,
    base_number: int,
    title: str,
    definition: Mapping[str, Any],
    note: str = "",
) -> FlowVersion:
    """Keep an edit as a new version, which decides nothing until it is activated; none where nothing changed.

    Raises Conflict with the newest version in ``extra`` where that is no longer ``base_number``.
    """
    require(actor, CHANGE)
    flow_read(definition)
    title = _title(title)
    with transaction.atomic():
        newest = flow.versions.order_by("-number").first()
        if newest is None:
            raise NotFound("This flow has no version.", code="no_version")
        changed = newest.sha256 != flow_hash(definition)
        if changed and not _claim(flow, base_number):
            raise Conflict(
                f"{newest.author} has saved version {newest.number} since you opened this page. What you "
                "typed is kept below. Look at what changed, then save again to make yours the newest.",
                code="stale_flow",
                extra={"newest": newest.number},
            )
        before = flow.title
        if title != before:
            ResolutionFlow.objects.filter(pk=flow.pk).update(title=title)
            flow.title = title
        if changed:
            newest = _add_version(actor, flow, base_number + 1, definition, note)
        if changed or title != before:
            activity.record(
                actor,
                "flow.changed",
                flow,
                before={"title": before, "version": base_number},
                after={"title": title, "version": newest.number, "note": newest.note},
            )
    return newest


def flow_activate(*, actor: Actor, flow: ResolutionFlow, number: int) -> None:
    """Let a version answer from the next message on; an older one is a rollback. Errors are refused.

    Runs that go on stay with the version that they began with.
    """
    require(actor, CHANGE)
    version = flow.versions.filter(number=number).first()
    if version is None:
        raise NotFound(f"There is no version {number} of this flow.", code="no_version")
    findings = check(flow_read(version.definition), flow.intent, surroundings())
    if has_errors(findings):
        errors = [one for one in findings if one.level == "error"]
        raise InvalidInput(
            f"Version {number} cannot be activated. "
            + " ".join(f"{one.step or 'Flow'}: {one.message}" for one in errors[:5]),
            code="flow_has_errors",
            extra={"findings": [[one.step, one.code] for one in errors]},
        )
    before = flow.active_version.number if flow.active_version else None
    try:
        with transaction.atomic():
            _refuse_second(flow)
            move(flow, to=workflow.ACTIVE, allowed=workflow.FLOW, active_version=version)
            activity.record(
                actor, "flow.activated", flow, before={"version": before}, after={"version": number}
            )
    except IntegrityError:  # somebody has activated another one in this very moment
        flow.refresh_from_db()
        _refuse_second(flow)
        raise


def flow_deactivate(*, actor: Actor, flow: ResolutionFlow) -> None:
    """Take the flow back to a draft: articles answer the intent again, runs that go on go on."""
    _step_back(actor, flow, workflow.DRAFT, "flow.deactivated")


def flow_archive(*, actor: Actor, flow: ResolutionFlow) -> None:
    """Put the flow away; it can be restored."""
    _step_back(actor, flow, workflow.ARCHIVED, "flow.archived")


def flow_restore(*, actor: Actor, flow: ResolutionFlow) -> None:
    """Bring an archived flow back as a draft."""
    _step_back(actor, flow, workflow.DRAFT, "flow.restored")


def _refuse_second(flow: ResolutionFlow) -> None:
    others = ResolutionFlow.objects.filter(intent=flow.intent, state=workflow.ACTIVE).exclude(pk=flow.pk)
    other = others.first()
    if other is not None:
        raise Conflict(
            f"“{other.title}” is this intent's active flow. Deactivate or archive it first.",
            code="other_flow_active",
            extra={"flow": other.pk},
        )


def _step_back(actor: Actor, flow: ResolutionFlow, to: str, verb: str) -> None:
    require(actor, CHANGE)
    before = flow.state
    with transaction.atomic():
        move(flow, to=to, allowed=workflow.FLOW, active_version=None)
        activity.record(actor, verb, flow, before={"state": before}, after={"state": to})


def _claim(flow: ResolutionFlow, base_number: int) -> bool:
    """Take the next number, unless somebody else has saved since ``base_number``."""
    rows = ResolutionFlow.objects.filter(pk=flow.pk, latest_number=base_number)
    return bool(rows.update(latest_number=F("latest_number") + 1))


def _add_version(
    actor: Actor, flow: ResolutionFlow, number: int, definition: Mapping[str, Any], note: str
) -> FlowVersion:
    if len(note) > MAX_NOTE:
        raise InvalidInput(f"The note takes at most {MAX_NOTE} characters.", code="too_long")
    return FlowVersion.objects.create(
        flow=flow,
        number=number,
        definition=dict(definition),
        sha256=flow_hash(definition),
        author=actor.label[:150],
        note=note.strip(),
    )


def _title(title: str) -> str:
    title = title.strip()
    if not 1 <= len(title) <= MAX_TITLE:
        raise InvalidInput(f"Give the flow a title of at most {MAX_TITLE} characters.", code="bad_title")
    return title
