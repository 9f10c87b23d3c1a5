"""Connections and actions as people configure them. Secrets go in and never come out again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from core import activity
from core.actors import Actor
from core.errors import Conflict, InvalidInput, Unavailable
from core.permissions import require
from core.sealing import check_can_seal, hint, reseal, seal
from integrations.outgoing import Parameter
from integrations.systems import OPERATIONS, SYSTEMS, check_base_url
from runtime.actions.preparing import access_to, access_without_secret, base_url, loopback_allowed
from runtime.models import Action, ActionParameter, Connection

TEST_SECONDS = 8.0
KEEP = None  # a secret that is not given stays as it is


@dataclass(frozen=True, slots=True)
class NewParameter:
    """A parameter as it is configured."""

    name: str
    description: str = ""
    required: bool = True
    max_length: int = 200


def connection_save(*, actor: Actor, connection: Connection, secret: str | None = KEEP) -> Connection:
    """Create or change a connection, with a new secret if one is given; raises InvalidInput.

    Another address asks for the secret anew: otherwise whoever may change an address could have the secret
    sent to themselves.
    """
    require(actor, "runtime.change_connection" if connection.pk else "runtime.add_connection")
    stored = Connection.objects.filter(pk=connection.pk).first() if connection.pk else None
    connection_check(connection, secret=secret, stored=stored)
    with transaction.atomic():
        if secret is not None:
            connection.secret_sealed, connection.secret_hint = seal(secret), hint(secret)
            connection.secret_set_at = timezone.now()
            connection.checked_at, connection.check_result = None, ""
        connection.save()
        activity.record(
            actor,
            "connection.changed" if stored else "connection.created",
            connection,
            before=_shown(stored) if stored else {},
            after=_shown(connection) | ({"credentials": "replaced"} if secret is not None else {}),
        )
    return connection


def connection_check(connection: Connection, *, secret: str | None, stored: Connection | None) -> None:
    """Raise InvalidInput where address or secret are not sound."""
    system = SYSTEMS[connection.system]
    address = base_url(connection)
    if not address:
        raise InvalidInput(f"{system.label} needs an address.", code="missing_address")
    check_base_url(connection.system, address, allow_loopback=loopback_allowed())
    if secret is not None:
        check_can_seal()
        system.check_secret(secret, access_without_secret(connection, secret))
    elif stored is None or not stored.secret_sealed:
        if not connection.enabled:  # it waits for whoever has the secret
            return
        raise InvalidInput(f"Enter the secret: {system.secret_label}.", code="missing_secret")
    elif (stored.system, base_url(stored)) != (connection.system, address):
        raise InvalidInput(
            "The address has changed: enter the secret again, so that it goes nowhere else unnoticed.",
            code="secret_needed_again",
        )


def connection_test(*, actor: Actor, connection: Connection) -> Connection:
    """Ask the system a harmless question; keep and return what it has shown. Raises Unavailable."""
    require(actor, "runtime.change_connection")
    now = timezone.now()
    try:
        shown = SYSTEMS[connection.system].test(access_to(connection), time.monotonic() + TEST_SECONDS)
    except (Unavailable, InvalidInput) as refusal:
        _checked(connection, f"Failed: {refusal.message}", now)
        raise
    _checked(connection, f"Works: {shown}.", now)
    Connection.objects.filter(pk=connection.pk).update(failures=0, failed_at=None, open_until=None)
    with transaction.atomic():
        activity.record(actor, "connection.tested", connection, after={"result": connection.check_result})
    return connection


def connection_resume(*, actor: Actor, connection: Connection) -> None:
    """Let calls through again at once, where a connection is paused."""
    require(actor, "runtime.change_connection")
    with transaction.atomic():
        paused = Connection.objects.filter(pk=connection.pk, open_until__isnull=False)
        if not paused.update(failures=0, failed_at=None, open_until=None):
            raise Conflict("The connection is not paused.", code="not_paused")
        activity.record(actor, "connection.resumed", connection)


def secrets_reseal(*, actor: Actor) -> int:
    """Seal every stored secret with the first key of FIELD_ENCRYPTION_KEY; return how many. Idempotent."""
    rows = Connection.objects.filter(secret_set_at__isnull=False)
    with transaction.atomic():
        for connection in rows:
            Connection.objects.filter(pk=connection.pk).update(secret_sealed=reseal(connection.secret_sealed))
            activity.record(actor, "connection.resealed", connection)
    return len(rows)


def action_save(*, actor: Actor, action: Action, parameters: Sequence[NewParameter] | None = None) -> Action:
    """Create or change an action; a new one without parameters gets those of its operation.

    ``parameters`` of None leaves those of an existing action as they are.
    """
    require(actor, "runtime.change_action" if action.pk else "runtime.add_action")
    operation = OPERATIONS[action.operation]
    if action.connection.system != operation.system:
        raise InvalidInput(
            f"“{operation.label}” needs a connection to {SYSTEMS[operation.system].label}.",
            code="wrong_system",
        )
    is_new = action.pk is None
    action.effect = operation.effect
    with transaction.atomic():
        before = {} if is_new else _shown_action(Action.objects.get(pk=action.pk))
        action.save()
        given = default_parameters(action.operation) if is_new and not parameters else parameters
        if given is not None:
            check_parameters(action.operation, [one.name for one in given])
            action.parameters.all().delete()
            ActionParameter.objects.bulk_create(
                ActionParameter(
                    action=action,
                    name=one.name,
                    description=one.description,
                    required=one.required,
                    max_length=one.max_length,
                )
                for one in given
            )
        activity.record(
            actor,
            "action.created" if is_new else "action.changed",
            action,
            before=before,
            after=_shown_action(action),
        )
    return action


def default_parameters(operation: str) -> list[NewParameter]:
    """Return the parameters that an operation knows itself."""
    return [_as_new(parameter) for parameter in OPERATIONS[operation].parameters]


def check_parameters(operation: str, names: Sequence[str]) -> None:
    """Raise InvalidInput where the operation lacks one that it needs, or takes no others."""
    known = OPERATIONS[operation]
    missing = [one.name for one in known.parameters if one.required and one.name not in names]
    if missing:
        raise InvalidInput(f"“{known.label}” needs the parameter {missing[0]}.", code="missing_parameter")
    others = [name for name in names if name not in {one.name for one in known.parameters}]
    if others and not known.more_parameters:
        raise InvalidInput(f"“{known.label}” takes no parameter {others[0]}.", code="unknown_parameter")


def _as_new(parameter: Parameter) -> NewParameter:
    return NewParameter(parameter.name, parameter.description, parameter.required, parameter.max_length)


def _checked(connection: Connection, result: str, at: Any) -> None:
    connection.checked_at, connection.check_result = at, result[:300]
    Connection.objects.filter(pk=connection.pk).update(checked_at=at, check_result=result[:300])


def _shown(connection: Connection) -> dict[str, Any]:
    """Return what the activity log keeps of a connection: nothing of its secret."""
    return {
        "system": connection.system,
        "url": connection.url,
        "settings": connection.settings,
        "enabled": connection.enabled,
        "calls_per_minute": connection.calls_per_minute,
    }


def _shown_action(action: Action) -> dict[str, Any]:
    return {
        "operation": action.operation,
        "connection": str(action.connection),
        "settings": action.settings,
        "enabled": action.enabled,
        "parameters": [parameter.name for parameter in action.parameters.all()],
    }
