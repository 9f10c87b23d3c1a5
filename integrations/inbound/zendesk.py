"""Zendesk: a trigger's webhook with a JSON body that we define, signed by Zendesk.

``X-Zendesk-Webhook-Signature`` is base64 of the HMAC over timestamp and body without a separator, the
timestamp is in ISO 8601. Source: developer.zendesk.com, "Verifying webhook authenticity". The body (the
operator's guide has it to copy) names the comment, or is known by its words and time: the same comment is one
event, whichever trigger sent it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from integrations.inbound.contracts import (
    MAX_ID,
    MAX_NAME,
    AgentReply,
    ConversationEnded,
    CustomerMessage,
    Delivery,
    InboundSystem,
    News,
    Nothing,
)
from integrations.inbound.fields import id_of, id_of_text, time_of, word_of
from integrations.inbound.signing import base64_text, check, check_fresh, of_iso

SIGNATURE, TIMESTAMP = "x-zendesk-webhook-signature", "x-zendesk-webhook-signature-timestamp"
COMMENT, SOLVED = "comment", "solved"
CUSTOMER, PEOPLE = "end-user", ("agent", "admin")
PUBLIC, PRIVATE = ("true", "yes", "1"), ("false", "no", "0")
CHANNELS = {  # as {{ticket.via}} words it → as pilots and rules name it
    "mail": "email",
    "e-mail": "email",
    "web form": "web",
    "web service": "api",
    "web service (api)": "api",
    "web widget": "web_widget",
    "help center": "web",
    "native messaging": "messaging",
}


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], *, now: datetime) -> None:
    """Check the signature, then the time, which is signed too."""
    timestamp = headers.get(TIMESTAMP, "")
    check([headers.get(SIGNATURE, "")], secrets, timestamp.encode(errors="replace") + body, base64_text)
    check_fresh(of_iso(timestamp), now)


def read(value: Mapping[str, Any], body: bytes) -> Delivery:
    """Return what the trigger tells."""
    kind = word_of(value, "event") or COMMENT
    ticket = id_of(value, "ticket_id")
    if kind == SOLVED:
        at = time_of(value, "at")
        return Delivery(f"solved:{ticket}:{at:%Y%m%dT%H%M%S}", kind, ConversationEnded(ticket, at))
    if kind != COMMENT:
        return Delivery(f"{kind[:20]}:{ticket}", kind, Nothing(f"Zendesk's event {kind[:40]} has no use."))
    named = word_of(value, "comment_id", MAX_ID)
    comment = named or id_of_text(ticket, word_of(value, "at"), str(value.get("text")))
    return Delivery(f"comment:{comment}", kind, _comment(value, ticket, comment))


def _comment(value: Mapping[str, Any], ticket: str, comment: str) -> News:
    public = str(value.get("is_public", "")).lower()
    if public in PRIVATE:
        return Nothing("An internal note.")
    if public not in PUBLIC:
        return Nothing("The body does not say whether the comment is public.")
    text = value.get("text")
    if not isinstance(text, str) or not text.strip():
        return Nothing("A comment without words.")
    role, at = word_of(value, "author_role").lower().replace(" ", "-"), time_of(value, "at")
    if role == CUSTOMER:
        return CustomerMessage(
            conversation_id=ticket,
            message_id=comment,
            text=text,
            customer_id=word_of(value, "requester_id", MAX_NAME)[:128],
            channel=channel_of(word_of(value, "channel")),
            at=at,
            user_type=word_of(value, "user_type", 64),
            tier=word_of(value, "tier", 64),
            locale=word_of(value, "locale", 35),
            verified=True,
        )
    if role in PEOPLE:
        return AgentReply(ticket, comment, text, word_of(value, "author_name", MAX_NAME), at)
    return Nothing(f"Written by {role[:40] or 'nobody'}: neither a customer nor a person of the team.")


def channel_of(via: str) -> str:
    """Return a channel as pilots and rules name it: small letters, no spaces."""
    word = " ".join(via.lower().split())
    return CHANNELS.get(word, word.replace(" ", "_"))[:32] or "zendesk"


def check_secret(secret: str) -> str:
    """Return what is wrong with a signing secret."""
    return "" if len(secret) >= 16 else "Zendesk's signing secrets have more than 16 characters."


ZENDESK = InboundSystem(
    "zendesk",
    "Zendesk",
    "Signing secret: Admin Center → Apps and integrations → Webhooks → the webhook → Reveal secret",
    verify,
    read,
    check_secret,
    has_messages=True,
)
