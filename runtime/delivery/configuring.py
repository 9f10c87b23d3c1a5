"""Destinations as people configure them, and a test handoff whose payload was shown first."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from core import activity
from core.actors import Actor
from core.errors import Conflict, InvalidInput, Unavailable
from core.permissions import require
from integrations.handoff_notice import QUEUED
from integrations.systems import HANDOFF_OPERATIONS, SYSTEMS
from runtime import workflow
from runtime.actions.ledger import row_keep
from runtime.actions.preparing import base_url, digest, payload_digest
from runtime.actions.services import ledger_run
from runtime.delivery.notices import LABELS, sample_notice
from runtime.models import HandoffDestination

CHANGE, ADD = "runtime.change_handoffdestination", "runtime.add_handoffdestination"


def destination_save(*, actor: Actor, destination: HandoffDestination) -> HandoffDestination:
    """Create or change a destination; raises InvalidInput. Switching it on forgets why it was off."""
    require(actor, CHANGE if destination.pk else ADD)
    destination_check(destination)
    with transaction.atomic():
        stored = HandoffDestination.objects.filter(pk=destination.pk).first() if destination.pk else None
        if destination.enabled:
            destination.disabled_because = ""
        destination.save()
        activity.record(
            actor,
            "handoffdestination.changed" if stored else "handoffdestination.created",
            destination,
            before=_shown(stored) if stored else {},
            after=_shown(destination),
        )
    return destination


def destination_check(destination: HandoffDestination) -> None:
    """Raise InvalidInput where the destination could not be told of anything as it is."""
    if destination.connection.system != destination.kind:
        raise InvalidInput(
            f"Choose a connection to {SYSTEMS[destination.kind].label}.", code="wrong_connection"
        )
    operation = HANDOFF_OPERATIONS[destination.kind]
    known = [event for event in operation.events if event in destination.events]
    if not known:
        raise InvalidInput("Choose at least one event.", code="no_event")
    if QUEUED not in known:
        raise InvalidInput("A handoff that was never told as queued cannot be followed.", code="no_event")
    others = [event for event in destination.events if event not in operation.events]
    if others:
        raise InvalidInput(
            f"{SYSTEMS[destination.kind].label} is told when a handoff is queued, and of nothing else.",
            code="event_not_told",
        )
    unknown = [reason for reason in destination.reasons if reason not in LABELS]
    if unknown:
        raise InvalidInput(f"There is no reason {unknown[0][:40]}.", code="no_such_reason")
    test_payload(destination)


def test_payload(destination: HandoffDestination) -> dict[str, Any]:
    """Return exactly what the next test would send; raises InvalidInput where a setting is missing."""
    return dict(
        HANDOFF_OPERATIONS[destination.kind].prepare_notice(
            sample_notice(destination.reference),
            settings=destination.all_settings(),
            base_url=base_url(destination.connection),
            key=_test_key(destination),
        )
    )


def test_digest(destination: HandoffDestination) -> str:
    """Return what a person confirms who has looked at the test; the times in it may move on."""
    payload = test_payload(destination)
    packet = payload["body"].get("data", {}).get("packet")
    if packet is not None:
        payload = {**payload, "body": {**payload["body"], "data": {**payload["body"]["data"], "packet": {}}}}
    return payload_digest(payload)


def destination_test(*, actor: Actor, destination: HandoffDestination) -> HandoffDestination:
    """Send a test handoff now, once per look at its payload; raises Unavailable where it did not arrive."""
    require(actor, CHANGE)
    if not destination.connection.enabled:
        raise Conflict("The connection is switched off.", code="connection_disabled")
    payload = test_payload(destination)
    key = _test_key(destination)
    with transaction.atomic():
        mine = HandoffDestination.objects.filter(pk=destination.pk, tests=destination.tests)
        if not mine.update(tests=destination.tests + 1):
            raise Conflict("Somebody else has just sent a test. Look again.", code="test_sent")
        activity.record(actor, "handoffdestination.tested", destination, after={"key": key})
    arguments = {"test": str(destination.tests + 1), "destination": destination.name}
    call = row_keep(
        key,
        connection=destination.connection,
        operation=HANDOFF_OPERATIONS[destination.kind].name,
        arguments=arguments,
        arguments_sha256=digest(arguments),
        payload=payload,
        reference=f"Test of {destination.name}"[:200],
        requested_by=actor.label[:150],
    )
    result = ledger_run(call)
    worked = result.state == workflow.SUCCEEDED
    told = f"{'Works' if worked else result.state.capitalize()}: {result.message}"[:300]
    destination.tests, destination.tested_at, destination.test_result = (
        destination.tests + 1,
        timezone.now(),
        told,
    )
    HandoffDestination.objects.filter(pk=destination.pk).update(
        tested_at=destination.tested_at, test_result=told
    )
    if not worked:
        raise Unavailable(told, code="test_failed")
    return destination


def _test_key(destination: HandoffDestination) -> str:
    return f"handoff-test:{destination.reference}:{destination.tests + 1}"


def _shown(destination: HandoffDestination) -> dict[str, Any]:
    return {
        "kind": destination.kind,
        "connection": str(destination.connection),
        "settings": destination.settings,
        "reasons": destination.reasons,
        "events": destination.events,
        "enabled": destination.enabled,
    }
