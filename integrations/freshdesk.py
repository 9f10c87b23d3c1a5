"""Freshdesk's tickets (API v2) in our words, with ``stats`` and ``conversations`` inside the record.

A file must have the conversations in the ticket, as ``integrations.freshdesk_api`` and Freshdesk's own
``include=conversations`` put them. Freshdesk tells only whether a ticket was reopened, not how often: then
``reopens`` is 1. It does not tell how often a ticket changed hands.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from integrations.contracts import Author, SourceMessage, SourceTicket, Status
from integrations.fields import (
    MERGE_NOTICE,
    Fields,
    count,
    extras,
    identifier,
    in_order,
    inner,
    iso_moment,
    objects,
    public_agent_replies,
    record_of,
    required,
    seconds_between,
    tagged_escalated,
    text,
    texts,
)
from integrations.streams import BadRow

NAME = "freshdesk"
KEYS = ("tickets", "results")
STATUSES: dict[int, Status] = {2: "open", 3: "pending", 4: "solved", 5: "closed", 6: "pending", 7: "hold"}
PRIORITIES = {1: "low", 2: "normal", 3: "high", 4: "urgent"}
OUTBOUND = 10
CHANNELS = {
    1: "email",
    2: "web",
    3: "phone",
    5: "twitter",
    6: "facebook",
    7: "chat",
    8: "mobile",
    9: "web",
    OUTBOUND: "email",
    11: "ecommerce",
    12: "bot",
    13: "whatsapp",
}
# Satisfaction surveys have 2, 3, 5 or 7 steps; the codes say how happy, not which step of how many.
CSAT = {103: 5, 102: 4, 101: 4, 100: 3, -101: 2, -102: 2, -103: 1}
EXTRAS = ("company_id", "product_id", "is_escalated", "fr_escalated")  # escalated: a deadline was missed


def is_record(value: Any) -> bool:
    """Tell a ticket from a conversation, a contact or an envelope."""
    return isinstance(value, dict) and {"id", "status", "created_at"} <= value.keys()


def normalise(value: Any) -> SourceTicket:
    """Return the ticket; raises BadRow."""
    record = record_of(value)
    stats = inner(record, "stats")
    created_at = required(iso_moment(record.get("created_at"), "created_at"), "created_at")
    resolved_at = iso_moment(stats.get("resolved_at"), "stats.resolved_at")
    closed_at = iso_moment(stats.get("closed_at"), "stats.closed_at")
    first_reply_at = iso_moment(stats.get("first_responded_at"), "stats.first_responded_at")
    messages = _messages(record, created_at)
    tags = texts(record, "tags")
    csat, csat_comment = _satisfaction(record)
    has_conversations = record.get("conversations") is not None
    return SourceTicket(
        source=NAME,
        external_id=identifier(record.get("id")),
        subject=text(record, "subject"),
        status=_status(record, messages),
        created_at=created_at,
        updated_at=iso_moment(record.get("updated_at"), "updated_at") or created_at,
        messages=messages,
        closed_at=max(filter(None, (resolved_at, closed_at)), default=None),
        channel=CHANNELS.get(count(record.get("source")) or 0, ""),
        kind=text(record, "type"),
        priority=PRIORITIES.get(count(record.get("priority")) or 0, ""),
        customer_external_id=text(record, "requester_id"),
        group=text(inner(record, "group"), "name") or text(record, "group_id"),
        tags=tags,
        csat=csat,
        csat_comment=csat_comment,
        reopens=_reopens(stats),
        agent_replies=public_agent_replies(messages) if has_conversations else None,
        first_reply_seconds=seconds_between(created_at, first_reply_at),
        resolution_seconds=seconds_between(created_at, resolved_at),
        escalated=tagged_escalated(tags),
        extra=extras(record, EXTRAS) | extras(stats, ("reopened_at",)) | _custom_fields(record),
    )


def _status(record: Fields, messages: Sequence[SourceMessage]) -> Status:
    if record.get("deleted") is True or record.get("spam") is True:
        return "deleted"
    number = count(record.get("status"))
    status = STATUSES.get(number) if number is not None else None
    if status is None:
        shown = str(record.get("status"))[:40]
        raise BadRow("bad_status", f"{shown} is no status that Freshdesk comes with (2 to 7).")
    notices = (message for message in messages if not message.is_public)
    if status in ("solved", "closed") and any(MERGE_NOTICE.search(notice.body) for notice in notices):
        return "merged"
    return status


def _messages(record: Fields, created_at: datetime) -> tuple[SourceMessage, ...]:
    first = []
    body, is_html = _body(record, "description_text", "description")
    if body:
        outbound = count(record.get("source")) == OUTBOUND
        author_id = text(record, "responder_id" if outbound else "requester_id")
        author: Author = "agent" if outbound else "customer"
        first = [SourceMessage(author, body, created_at, author_external_id=author_id, is_html=is_html)]
    replies = [_message(part, created_at) for part in objects(record, "conversations")]
    return in_order(first + replies)


def _message(part: Fields, created_at: datetime) -> SourceMessage:
    body, is_html = _body(part, "body_text", "body")
    return SourceMessage(
        author="customer" if part.get("incoming") is True else "agent",
        body=body,
        created_at=iso_moment(part.get("created_at"), "conversations.created_at") or created_at,
        external_id=text(part, "id"),
        author_external_id=text(part, "user_id"),
        is_html=is_html,
        is_public=part.get("private") is not True,
    )


def _body(fields: Fields, plain_key: str, html_key: str) -> tuple[str, bool]:
    plain = text(fields, plain_key)
    return (plain, False) if plain.strip() else (text(fields, html_key), bool(text(fields, html_key)))


def _reopens(stats: Fields) -> int | None:
    if "reopened_at" not in stats:
        return None
    return 0 if iso_moment(stats["reopened_at"], "stats.reopened_at") is None else 1


def _satisfaction(record: Fields) -> tuple[int | None, str]:
    """Return the last rating and its comment, from the answer of /tickets/[id]/satisfaction_ratings."""
    ratings = objects(record, "satisfaction_ratings")
    if not ratings:
        return None, ""
    last = max(ratings, key=lambda item: text(item, "created_at"))
    code = inner(last, "ratings").get("default_question")
    return (CSAT.get(code) if isinstance(code, int) else None), text(last, "feedback")


def _custom_fields(record: Fields) -> dict[str, str]:
    fields = inner(record, "custom_fields")
    return {key: value for key, value in extras(fields, fields).items() if key.isprintable()}
