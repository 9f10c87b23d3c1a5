"""Chatwoot: message_created and conversation_status_changed, signed with the webhook's secret.

``X-Chatwoot-Signature: sha256=<hex>`` is the HMAC over "<X-Chatwoot-Timestamp>.<body>", as in code of
consumers; other events have no use here. Auto-assignment sends no status change (chatwoot/issues/9277), so an
end is only known where somebody resolves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from integrations.inbound.contracts import (
    MAX_NAME,
    AgentReply,
    ConversationEnded,
    CustomerMessage,
    Delivery,
    InboundSystem,
    News,
    Nothing,
)
from integrations.inbound.fields import id_of, id_of_body, mapping_of, time_of, word_of
from integrations.inbound.signing import check, check_fresh, of_iso, of_seconds

SIGNATURE, TIMESTAMP = "x-chatwoot-signature", "x-chatwoot-timestamp"
PREFIX = "sha256="
MESSAGE, STATUS = "message_created", "conversation_status_changed"
RESOLVED = "resolved"
CUSTOMERS, PEOPLE = ("incoming", "0"), ("outgoing", "1")  # by name; by number in older versions
CHANNELS = {"web_widget": "web_widget", "email": "email", "api": "api", "whatsapp": "whatsapp"}
CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], *, now: datetime) -> None:
    """Check the signature, then the time, which is signed too."""
    timestamp, signature = headers.get(TIMESTAMP, ""), headers.get(SIGNATURE, "")
    check([signature.removeprefix(PREFIX)], secrets, timestamp.encode(errors="replace") + b"." + body)
    check_fresh(of_seconds(timestamp), now)


def read(value: Mapping[str, Any], body: bytes) -> Delivery:
    """Return what the event tells."""
    kind = word_of(value, "event", 60)
    if kind == MESSAGE:
        message = id_of(value, "id")
        return Delivery(f"message:{message}", kind, _message(value, message))
    if kind == STATUS:
        return Delivery(id_of_body(body), kind, _status(value))
    return Delivery(
        id_of_body(body), kind, Nothing(f"Chatwoot's event {kind or 'without a name'} has no use.")
    )


def _message(value: Mapping[str, Any], message: str) -> News:
    if value.get("private") is True:
        return Nothing("A private note.")
    text = value.get("content")
    if not isinstance(text, str) or not text.strip():
        return Nothing("A message without words.")
    conversation, sender = mapping_of(value, "conversation"), mapping_of(value, "sender")
    conversation_id, at = id_of(conversation, "id"), time_of(value, "created_at")
    direction = word_of(value, "message_type")
    if direction in CUSTOMERS:
        return CustomerMessage(
            conversation_id=conversation_id,
            message_id=message,
            text=text,
            customer_id=(word_of(sender, "identifier") or word_of(sender, "id"))[:128],
            channel=channel_of(word_of(conversation, "channel")),
            at=at,
        )
    if direction in PEOPLE:
        if word_of(sender, "type") == "agent_bot":
            return Nothing("Written by a bot.")
        return AgentReply(conversation_id, message, text, word_of(sender, "name", MAX_NAME), at)
    return Nothing(f"A message of the type {direction[:40] or 'unknown'} is nobody's words.")


def _status(value: Mapping[str, Any]) -> News:
    status = word_of(value, "status", 40)
    if status != RESOLVED:
        return Nothing(f"The conversation is {status or 'in no known state'}, not resolved.")
    changed = of_iso(value.get("updated_at")) or of_seconds(str(value.get("timestamp", "")))
    at = changed or _last_activity(value)
    return ConversationEnded(id_of(value, "id"), at)


def _last_activity(value: Mapping[str, Any]) -> datetime:
    seconds = value.get("updated_at")
    if isinstance(seconds, float):  # Unix seconds with a fraction, in newer versions
        return time_of({"updated_at": int(seconds)}, "updated_at")
    return time_of(value, "last_activity_at" if value.get("last_activity_at") else "updated_at")


def channel_of(name: str) -> str:
    """Return ``Channel::WebWidget`` as ``web_widget``."""
    word = CAPITAL.sub("_", name.removeprefix("Channel::")).lower().replace(" ", "_")
    return CHANNELS.get(word, word)[:32] or "chatwoot"


def check_secret(secret: str) -> str:
    """Return what is wrong with a signing secret."""
    return "" if len(secret) >= 16 else "Use a secret of at least 16 characters."


CHATWOOT = InboundSystem(
    "chatwoot",
    "Chatwoot",
    "Secret of the webhook: Settings → Integrations → Webhooks → the webhook",
    verify,
    read,
    check_secret,
    has_messages=True,
)
