"""From a call to the exact payload: which action, are the arguments sound, what would be sent. No writes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.conf import settings

from core.api import strict_json
from core.errors import Conflict, InvalidInput, NotFound
from core.sealing import Secret, unseal
from integrations.outgoing import Access, Operation
from integrations.systems import OPERATIONS, SYSTEMS
from runtime.actions.contracts import ActionCall
from runtime.models import Action, Connection

KEY = re.compile(r"[\x20-\x7e]{1,200}")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A call that could be sent: its action, the checked arguments, and the payload without credentials."""

    action: Action
    operation: Operation
    arguments: Mapping[str, str]
    payload: Mapping[str, Any]


def prepare(call: ActionCall) -> Prepared:
    """Return what the call would send. Raises a DomainError that says what is wrong with it.

    What is disabled can be looked at by a dry run.
    """
    check_key(call)
    action = Action.objects.select_related("connection").filter(slug=call.action).first()
    if action is None:
        raise NotFound(f"There is no action {call.action[:60]}.", code="no_such_action")
    if not action.enabled and not call.dry_run:
        raise Conflict(f"The action {action.slug} is disabled.", code="action_disabled")
    if not action.connection.enabled and not call.dry_run:
        raise Conflict(f"The connection {action.connection} is disabled.", code="connection_disabled")
    operation = OPERATIONS[action.operation]
    arguments = checked_arguments(action, call.arguments)
    payload = operation.prepare(
        arguments=arguments,
        settings={**action.connection.settings, **action.settings},
        base_url=base_url(action.connection),
        key=call.idempotency_key,
    )
    return Prepared(action, operation, arguments, payload)


def check_key(call: ActionCall) -> None:
    """Raise InvalidInput where the idempotency key is none."""
    if not KEY.fullmatch(call.idempotency_key):
        raise InvalidInput("An idempotency key has 1 to 200 plain characters.", code="bad_key")


def checked_arguments(action: Action, given: Mapping[str, str]) -> dict[str, str]:
    """Return the arguments in the order of the parameters; raises InvalidInput that names the fault."""
    parameters = list(action.parameters.all())
    unknown = sorted(set(given) - {parameter.name for parameter in parameters})
    if unknown:
        raise InvalidInput(f"{action.slug} has no parameter {unknown[0][:40]}.", code="bad_argument")
    arguments: dict[str, str] = {}
    for parameter in parameters:
        value = given.get(parameter.name, "")
        if not isinstance(value, str):
            raise InvalidInput(f"{parameter.name} must be text.", code="bad_argument")
        try:
            strict_json.check(value)
        except strict_json.BadJson as error:
            raise InvalidInput(
                f"{parameter.name} holds signs that no text has.", code="bad_argument"
            ) from error
        if parameter.required and not value.strip():
            raise InvalidInput(f"{parameter.name} is missing.", code="missing_argument")
        if len(value) > parameter.max_length:
            raise InvalidInput(
                f"{parameter.name} is longer than {parameter.max_length} characters.", code="bad_argument"
            )
        if value:
            arguments[parameter.name] = value
    return arguments


def access_to(connection: Connection) -> Access:
    """Return how the system is reached, with its secret; raises Unavailable where that cannot be read."""
    secret = unseal(connection.secret_sealed)
    return Access(base_url(connection), secret, loopback_allowed(), account(connection))


def access_without_secret(connection: Connection, secret: str) -> Access:
    """Return how the system would be reached with a secret that is not stored yet."""
    return Access(base_url(connection), Secret(secret), loopback_allowed(), account(connection))


def account(connection: Connection) -> str:
    """Return whose secret it is, where a system asks for that too."""
    return str(connection.settings.get("account", ""))


def base_url(connection: Connection) -> str:
    """Return the address that requests go to."""
    own = SYSTEMS[connection.system].base_url
    return connection.url.rstrip("/") or own if own else connection.url


def loopback_allowed() -> bool:
    """Whether stand-ins on this machine may be asked: for tests and trials, never in production."""
    return bool(settings.ALLOW_LOOPBACK_ACTIONS)


def digest(arguments: Mapping[str, str]) -> str:
    """Return what tells two calls under one key apart, once the arguments themselves are forgotten."""
    return sha256(json.dumps(arguments, sort_keys=True, default=str).encode()).hexdigest()


def payload_digest(payload: Mapping[str, Any]) -> str:
    """Return what a person confirms who has looked at a payload; the time in a webhook's may move on."""
    body = payload.get("body")
    timeless = {name: value for name, value in body.items() if name != "timestamp"} if body else {}
    return sha256(json.dumps({**payload, "body": timeless}, sort_keys=True).encode()).hexdigest()
