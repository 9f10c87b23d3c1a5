"""Intercom's conversations in our words: times in epoch seconds, parts, statistics, rating and AI agent.

A file holds full conversations (with ``conversation_parts``), as Intercom returns them one by one. Intercom's
conversations have no type. The AI agent's own words count as the system's, not as an agent's.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from integrations.contracts import Author, SourceMessage, SourceTicket, Status
from integrations.fields import (
    Fields,
    channel,
    count,
    epoch_moment,
    extras,
    identifier,
    in_order,
    inner,
    objects,
    public_agent_replies,
    rating,
    record_of,
    required,
    seconds_between,
    tagged_escalated,
    text,
)
from integrations.streams import BadRow

NAME = "intercom"
KEYS = ("conversations", "data")
STATES: dict[str, Status] = {"open": "open", "closed": "closed", "snoozed": "pending"}
AUTHORS: dict[str, Author] = {
    "user": "customer",
    "lead": "customer",
    "contact": "customer",
    "admin": "agent",
    "team": "agent",
}
PUBLIC_PARTS = frozenset({"comment", "open", "close", "quick_reply", "snoozed", "participant_added"})
PRIORITIES = {"priority": "high", "not_priority": "normal"}
AI_ESCALATED = {"routed_to_team": True, "assumed_resolution": False, "confirmed_resolution": False}
HTML = re.compile(r"</?(?:p|div|br|ul|ol|li|h[1-6]|b|i|a|img|pre|table|em|strong|blockquote)\b[^<>]*>", re.I)


def is_record(value: Any) -> bool:
    """Tell a conversation from its parts or an envelope."""
    return (
        isinstance(value, dict)
        and {"id", "created_at"} <= value.keys()
        and bool({"state", "open"} & value.keys())
        and "part_type" not in value
    )


def normalise(value: Any) -> SourceTicket:
    """Return the conversation as a ticket; raises BadRow."""
    record = record_of(value)
    statistics = inner(record, "statistics")
    source = inner(record, "source")
    ai_agent = inner(record, "ai_agent")
    created_at = required(epoch_moment(record.get("created_at"), "created_at"), "created_at")
    closed_at = epoch_moment(statistics.get("last_close_at"), "statistics.last_close_at")
    replied_at = epoch_moment(statistics.get("first_admin_reply_at"), "statistics.first_admin_reply_at")
    messages = _messages(record, created_at)
    tags = tuple(name for tag in objects(inner(record, "tags"), "tags") if (name := text(tag, "name")))
    csat, csat_comment = _satisfaction(record, ai_agent)
    has_parts = record.get("conversation_parts") is not None
    return SourceTicket(
        source=NAME,
        external_id=identifier(record.get("id")),
        subject=text(record, "title") or text(source, "subject"),
        status=_status(record),
        created_at=created_at,
        updated_at=epoch_moment(record.get("updated_at"), "updated_at") or created_at,
        messages=messages,
        closed_at=closed_at,
        channel=channel(text(source, "type")),
        priority=PRIORITIES.get(text(record, "priority"), ""),
        customer_external_id=_customer(record, source),
        group=text(record, "team_assignee_id"),
        tags=tags,
        csat=csat,
        csat_comment=csat_comment,
        reopens=count(statistics.get("count_reopens")),
        agent_replies=public_agent_replies(messages) if has_parts else None,
        reassignments=_reassignments(statistics),
        first_reply_seconds=seconds_between(created_at, replied_at),
        resolution_seconds=seconds_between(created_at, closed_at),
        escalated=_escalated(tags, ai_agent),
        extra=_extra(record, ai_agent),
    )


def _status(record: Fields) -> Status:
    state = text(record, "state").strip().lower()
    if not state and isinstance(record.get("open"), bool):
        return "open" if record["open"] else "closed"
    if state not in STATES:
        raise BadRow("bad_status", f"“{state[:40]}” is no state of Intercom: open, closed or snoozed.")
    return STATES[state]


def _messages(record: Fields, created_at: datetime) -> tuple[SourceMessage, ...]:
    source = inner(record, "source")
    first = [_message(source, created_at, is_public=True)] if text(source, "body").strip() else []
    parts = objects(inner(record, "conversation_parts"), "conversation_parts")
    spoken = [part for part in parts if text(part, "body").strip() and part.get("redacted") is not True]
    return in_order(first + [_part(part, created_at) for part in spoken])


def _part(part: Fields, created_at: datetime) -> SourceMessage:
    """Comments are public; notes, and words on an assignment, are the team's own."""
    moment = epoch_moment(part.get("created_at"), "conversation_parts.created_at") or created_at
    return _message(part, moment, is_public=text(part, "part_type") in PUBLIC_PARTS)


def _message(fields: Fields, moment: datetime, *, is_public: bool) -> SourceMessage:
    author = inner(fields, "author")
    body = text(fields, "body")
    return SourceMessage(
        author=AUTHORS.get(text(author, "type"), "system"),
        body=body,
        created_at=moment,
        external_id=text(fields, "id"),
        author_external_id=text(author, "id"),
        is_html=HTML.search(body) is not None,
        is_public=is_public,
    )


def _customer(record: Fields, source: Fields) -> str:
    contacts = objects(inner(record, "contacts"), "contacts")
    if contacts:
        return text(contacts[0], "id")
    author = inner(source, "author")
    return text(author, "id") if AUTHORS.get(text(author, "type")) == "customer" else ""


def _satisfaction(record: Fields, ai_agent: Fields) -> tuple[int | None, str]:
    """Return the rating of the conversation; of the AI agent's part where there is no other."""
    rated = inner(record, "conversation_rating")
    if rating(rated.get("rating")) is not None:
        return rating(rated.get("rating")), text(rated, "remark")
    return rating(ai_agent.get("rating")), text(ai_agent, "rating_remark")


def _reassignments(statistics: Fields) -> int | None:
    assignments = count(statistics.get("count_assignments"))
    return None if assignments is None else max(0, assignments - 1)


def _escalated(tags: tuple[str, ...], ai_agent: Fields) -> bool | None:
    """The AI agent is a first line where it took part; routed to a team means beyond it."""
    tagged = tagged_escalated(tags)
    return tagged if tagged is not None else AI_ESCALATED.get(text(ai_agent, "resolution_state"))


def _extra(record: Fields, ai_agent: Fields) -> dict[str, str]:
    keys = ("source_type", "source_title", "last_answer_type", "resolution_state")
    ai = {f"ai_agent_{key}": value for key, value in extras(ai_agent, keys).items()}
    return ai | extras(inner(record, "custom_attributes"), inner(record, "custom_attributes"))
