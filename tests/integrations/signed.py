"""Webhooks as the other systems sign and word them: for tests of both the reading and the address."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
SECRETS = {
    "zendesk": "zendesk-signing-secret-1",
    "chatwoot": "chatwoot-webhook-secret-1",
    "linear": "lin_wh_secret-0123456789",
    "slack": "8f742231b10e8888abcd99yyyzzz85a5",
    "stripe": "whsec_0123456789abcdef0123",
}
CHALLENGE = {"type": "url_verification", "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7"}


def raw(value: Any) -> bytes:
    """Return JSON as a sender would write it."""
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def headers(system: str, body: bytes, secret: str = "", at: datetime = NOW) -> dict[str, str]:
    """Return the headers with which the system signs the body."""
    key = (secret or SECRETS[system]).encode()
    seconds = str(int(at.timestamp()))

    def mac(message: bytes) -> hmac.HMAC:
        return hmac.new(key, message, hashlib.sha256)

    if system == "zendesk":
        when = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "x-zendesk-webhook-signature": base64.b64encode(mac(when.encode() + body).digest()).decode(),
            "x-zendesk-webhook-signature-timestamp": when,
        }
    if system == "chatwoot":
        return {
            "x-chatwoot-signature": f"sha256={mac(f'{seconds}.'.encode() + body).hexdigest()}",
            "x-chatwoot-timestamp": seconds,
            "x-chatwoot-delivery": "delivery-1",
        }
    if system == "slack":
        return {
            "x-slack-signature": f"v0={mac(f'v0:{seconds}:'.encode() + body).hexdigest()}",
            "x-slack-request-timestamp": seconds,
        }
    if system == "stripe":
        return {"stripe-signature": f"t={seconds},v1={mac(f'{seconds}.'.encode() + body).hexdigest()}"}
    return {"linear-signature": mac(body).hexdigest(), "linear-delivery": "delivery-1"}


def zendesk(**fields: Any) -> dict[str, Any]:
    """Return a customer's comment, as the trigger of the operator's guide words it."""
    usual = {
        "event": "comment",
        "ticket_id": "4711",
        "comment_id": "90001",
        "text": "How do I export my data?",
        "author_role": "end-user",
        "author_name": "Ada",
        "requester_id": "881",
        "channel": "Mail",
        "is_public": "true",
        "at": "2026-03-04T11:59:50Z",
    }
    return usual | fields


def chatwoot(**fields: Any) -> dict[str, Any]:
    """Return a customer's message."""
    usual = {
        "event": "message_created",
        "id": 501,
        "content": "How do I export my data?",
        "created_at": "2026-03-04 11:59:50 UTC",
        "message_type": "incoming",
        "private": False,
        "sender": {"id": 7, "name": "Ada", "type": "contact"},
        "conversation": {"id": 31, "channel": "Channel::WebWidget", "status": "open"},
        "account": {"id": 1},
    }
    return usual | fields


def linear(issue_id: str, at: datetime = NOW, **fields: Any) -> dict[str, Any]:
    """Return that an issue has changed."""
    usual = {
        "action": "update",
        "type": "Issue",
        "createdAt": "2026-03-04T11:59:58.000Z",
        "data": {"id": issue_id, "identifier": "SUP-9", "state": {"name": "Done"}},
        "url": "https://linear.app/acme/issue/SUP-9",
        "webhookTimestamp": int(at.timestamp() * 1000),
    }
    return usual | fields


BODIES: dict[str, dict[str, Any]] = {
    "zendesk": zendesk(),
    "chatwoot": chatwoot(),
    "linear": linear("0b1c"),
    "slack": {"type": "event_callback", "event_id": "Ev1", "event": {"type": "message"}},
    "stripe": {"id": "evt_1", "type": "invoice.paid", "data": {"object": {}}},
}
