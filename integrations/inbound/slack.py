"""Slack: answers whether the address is ours; its events are kept and have no use.

``X-Slack-Signature: v0=<hex>`` is the HMAC over "v0:<X-Slack-Request-Timestamp>:<body>". Source: slack_sdk,
``signature``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from integrations.inbound.contracts import BadPayload, Challenge, Delivery, InboundSystem, Nothing
from integrations.inbound.fields import id_of, id_of_body, mapping_of, word_of
from integrations.inbound.signing import check, check_fresh, of_seconds

SIGNATURE, TIMESTAMP = "x-slack-signature", "x-slack-request-timestamp"
PREFIX = "v0="
CHALLENGE, EVENT = "url_verification", "event_callback"
MAX_CHALLENGE = 500


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], *, now: datetime) -> None:
    """Check the signature, then the time, which is signed too."""
    timestamp, signature = headers.get(TIMESTAMP, ""), headers.get(SIGNATURE, "")
    check(
        [signature.removeprefix(PREFIX)], secrets, b"v0:" + timestamp.encode(errors="replace") + b":" + body
    )
    check_fresh(of_seconds(timestamp), now)


def read(value: Mapping[str, Any], body: bytes) -> Delivery:
    """Return the challenge to answer, or that nothing is to be done."""
    kind = word_of(value, "type", 60)
    if kind == CHALLENGE:
        answer = value.get("challenge")
        if not isinstance(answer, str) or not 0 < len(answer) <= MAX_CHALLENGE:
            raise BadPayload("The challenge is missing or too long.")
        return Delivery(id_of_body(body), kind, Challenge(answer))
    if kind == EVENT:
        name = word_of(mapping_of(value, "event"), "type", 60)
        return Delivery(id_of(value, "event_id"), name, Nothing(f"Slack's event {name} has no use."))
    return Delivery(id_of_body(body), kind, Nothing(f"Slack's {kind or 'event without a type'} has no use."))


def check_secret(secret: str) -> str:
    """Return what is wrong with a signing secret."""
    return "" if len(secret) >= 16 else "Slack's signing secrets have 32 characters."


SLACK = InboundSystem(
    "slack",
    "Slack",
    "Signing secret: api.slack.com/apps → the app → Basic Information",
    verify,
    read,
    check_secret,
)
