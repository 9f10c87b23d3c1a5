"""A webhook of the customer's own: signed as Standard Webhooks say, the key as the message's id.

A receiver that keeps to the standard acts once per ``webhook-id``, so a message may be sent again. Two
secrets, separated by a space, sign side by side while one replaces the other. Source: the Standard Webhooks
specification.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook

from core.errors import InvalidInput, Unavailable
from integrations.http_transport import HttpAnswer, Origin
from integrations.outgoing import (
    DONE,
    NO_EFFECT,
    REFUSED,
    UNCLEAR,
    WRITE,
    Access,
    Json,
    Outcome,
    Parameter,
    encoded,
    key_uuid,
    send_json,
)

SYSTEM = "webhook"
NAME = "The webhook"
MAX_BODY_BYTES = 20_000
MIN_KEY_BYTES = 24
EVENT_TYPE = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*")
PING = "support.ping"
GONE = 410


class SendWebhook:
    """``webhook_send``: whatever parameters the action has become the message's data."""

    name = "webhook_send"
    label = "Webhook: send a signed message"
    system = SYSTEM
    effect = WRITE
    repeatable = True
    more_parameters = True
    data_names: tuple[str, ...] = ()
    setting_names: tuple[str, ...] = ("event_type",)
    parameters: tuple[Parameter, ...] = ()

    def prepare(self, *, arguments: Mapping[str, str], settings: Json, base_url: str, key: str) -> Json:
        """Return the message; its headers with the signature are made when it is sent."""
        event_type = str(settings.get("event_type", ""))
        if not EVENT_TYPE.fullmatch(event_type):
            raise InvalidInput(
                "The type of the event is missing, such as support.bug_reported.",
                code="missing_setting",
            )
        if not base_url:
            raise InvalidInput("The connection has no address.", code="missing_setting")
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        body = {"type": event_type, "timestamp": now, "data": dict(arguments)}
        if len(encoded(body)) > MAX_BODY_BYTES:
            raise InvalidInput("The message is larger than 20 kB.", code="too_large")
        return {"method": "POST", "url": base_url, "webhook_id": message_id(key), "body": body}

    def perform(self, access: Access, payload: Json, *, key: str, deadline: float) -> Outcome:
        """Send it once; 2xx is taken."""
        answer = _sent(access, payload["body"], str(payload["webhook_id"]), deadline)
        if isinstance(answer, Outcome):
            return answer
        if 200 <= answer.status < 300:
            return Outcome(DONE, message="The webhook has taken the message.")
        gone = answer.status == GONE
        message = "The webhook is gone (410)." if gone else f"The webhook refuses with {answer.status}."
        return Outcome(REFUSED, message=message, code="gone" if gone else "refused")

    def look_up(
        self, access: Access, payload: Json, *, key: str, since: datetime, deadline: float
    ) -> Outcome:
        """Send it again under the same id: a receiver that has it takes it as known."""
        outcome = self.perform(access, payload, key=key, deadline=deadline)
        if outcome.kind in (REFUSED, NO_EFFECT):  # says nothing of the earlier try
            return Outcome(UNCLEAR, message=outcome.message, code=outcome.code, broken=outcome.broken)
        return outcome


def message_id(key: str) -> str:
    """Return the webhook-id that stands for a key."""
    return f"msg_{key_uuid(key).hex}"


def ping(access: Access, *, key: str, deadline: float) -> str:
    """Send a signed message that asks for nothing; return what came back. Raises Unavailable."""
    body: dict[str, Any] = {"type": PING, "timestamp": datetime.now(UTC).isoformat(), "data": {}}
    answer = _sent(access, body, message_id(key), deadline)
    if isinstance(answer, Outcome):
        raise Unavailable(answer.message, code="connection_failed")
    if not 200 <= answer.status < 300:
        raise Unavailable(f"The webhook refuses with {answer.status}.", code="connection_failed")
    return f"it answered {answer.status}"


def check_address(url: str, *, allow_loopback: bool) -> None:
    """Raise InvalidInput for an address that may not be asked."""
    Origin.of(url, allow_loopback=allow_loopback, name=NAME)


def check_secret(secret: str) -> None:
    """Raise InvalidInput unless the text is one or two secrets of Standard Webhooks (whsec_ and base64)."""
    parts = secret.split()
    if not 1 <= len(parts) <= 2 or min(_key_length(part) for part in parts) < MIN_KEY_BYTES:
        raise InvalidInput(
            "The secret must look like whsec_… followed by base64 of at least 24 bytes; two, separated by a "
            "space, while one replaces the other.",
            code="bad_secret",
        )


def _key_length(secret: str) -> int:
    prefix, _, encoded_key = secret.partition("_")
    if prefix != "whsec":
        return 0
    try:
        return len(base64.b64decode(encoded_key + "==", validate=False))
    except ValueError:
        return 0


def _sent(access: Access, body: Json, webhook_id: str, deadline: float) -> HttpAnswer | Outcome:
    raw = encoded(body)
    now = datetime.now(UTC)
    signatures = [
        Webhook(part).sign(webhook_id, now, raw.decode()) for part in access.secret.value.split() if part
    ]
    if not signatures:
        return Outcome(REFUSED, message="The connection has no secret to sign with.", code="no_secret")
    headers = {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
    return send_json(access, access.base_url, raw, headers=headers, deadline=deadline, name=NAME)


OPERATIONS = (SendWebhook(),)
