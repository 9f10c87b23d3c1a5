"""Zendesk's tickets in our words: a ticket with its ``comments`` and ``metric_set`` inside the record.

Zendesk lists comments by ticket; ``integrations.zendesk_api`` and the usual export scripts put them into the
ticket as ``comments``, and so must a file. Without them the description is the only message.
Field names: Zendesk's Tickets, Ticket Comments and Ticket Metrics references.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from integrations.contracts import Author, SourceMessage, SourceTicket, Status
from integrations.fields import (
    STATUSES,
    Fields,
    channel,
    count,
    extras,
    identifier,
    in_order,
    inner,
    iso_moment,
    objects,
    priority,
    public_agent_replies,
    record_of,
    required,
    tagged_escalated,
    text,
    texts,
)
from integrations.streams import BadRow

NAME = "zendesk"
KEYS = ("tickets", "results")  # under which an envelope holds its list
MERGED_TAG = "closed_by_merge"
MERGED_START = "this request was closed and merged into request"
CSAT = {"good": 5, "good_with_comment": 5, "bad": 1, "bad_with_comment": 1}
EXTRAS = ("brand_id", "ticket_form_id", "organization_id", "problem_id")
ROLES: dict[str, Author] = {"end-user": "customer", "agent": "agent", "admin": "agent"}


def is_record(value: Any) -> bool:
    """Tell a ticket from a comment, a user or an envelope."""
    return isinstance(value, dict) and {"id", "status", "created_at"} <= value.keys()


def normalise(value: Any) -> SourceTicket:
    """Return the ticket; raises BadRow."""
    record = record_of(value)
    metrics = inner(record, "metric_set") or inner(record, "metrics")
    created_at = required(iso_moment(record.get("created_at"), "created_at"), "created_at")
    messages = _messages(record, created_at)
    tags = texts(record, "tags")
    satisfaction = inner(record, "satisfaction_rating")
    replies = count(metrics.get("replies"))
    if replies is None and record.get("comments") is not None:
        replies = public_agent_replies(messages)
    return SourceTicket(
        source=NAME,
        external_id=identifier(record.get("id")),
        subject=text(record, "subject") or text(record, "raw_subject"),
        status=_status(record, tags, messages),
        created_at=created_at,
        updated_at=iso_moment(record.get("updated_at"), "updated_at") or created_at,
        messages=messages,
        closed_at=iso_moment(metrics.get("solved_at"), "solved_at"),
        channel=channel(text(inner(record, "via"), "channel")),
        kind=text(record, "type"),
        priority=priority(text(record, "priority")),
        customer_external_id=text(record, "requester_id"),
        group=text(inner(record, "group"), "name") or text(record, "group_id"),
        tags=tags,
        csat=CSAT.get(text(satisfaction, "score")),
        csat_comment=text(satisfaction, "comment"),
        reopens=count(metrics.get("reopens")),
        agent_replies=replies,
        reassignments=_reassignments(metrics),
        first_reply_seconds=_first_reply_seconds(metrics),
        resolution_seconds=_calendar_seconds(metrics, "full_resolution_time_in_minutes"),
        escalated=tagged_escalated(tags),
        extra=extras(record, EXTRAS) | _custom_fields(record),
    )


def _status(record: Fields, tags: tuple[str, ...], messages: tuple[SourceMessage, ...]) -> Status:
    status = text(record, "status").strip().lower()
    if status not in STATUSES:
        raise BadRow("bad_status", f"“{status[:40]}” is no status of Zendesk.")
    closed = status in ("solved", "closed")
    if closed and (MERGED_TAG in tags or any(_is_merge_notice(message) for message in messages)):
        return "merged"
    return status  # type: ignore[return-value]


def _is_merge_notice(message: SourceMessage) -> bool:
    """Zendesk writes this comment itself when an agent merges a ticket into another one."""
    return message.author != "customer" and message.body.strip().lower().startswith(MERGED_START)


def _messages(record: Fields, created_at: datetime) -> tuple[SourceMessage, ...]:
    requester = text(record, "requester_id")
    comments = objects(record, "comments")
    if not comments and text(record, "description"):
        submitter = text(record, "submitter_id") or requester
        author: Author = "customer" if submitter == requester else "agent"
        body = text(record, "description")
        return (SourceMessage(author, body, created_at, author_external_id=submitter),)
    return in_order([_message(comment, requester, created_at) for comment in comments])


def _message(comment: Fields, requester: str, created_at: datetime) -> SourceMessage:
    author_id = text(comment, "author_id")
    plain = text(comment, "plain_body") or text(comment, "body")
    return SourceMessage(
        author=_author(comment, author_id, requester),
        body=plain or text(comment, "html_body"),
        created_at=iso_moment(comment.get("created_at"), "comments.created_at") or created_at,
        external_id=text(comment, "id"),
        author_external_id=author_id,
        is_html=not plain and bool(text(comment, "html_body")),
        is_public=comment.get("public") is not False,
    )


def _author(comment: Fields, author_id: str, requester: str) -> Author:
    """The role where the export has it; else the requester is the customer and any other person an agent."""
    role = ROLES.get(text(inner(comment, "author"), "role"))
    if role is not None:
        return role
    if author_id in ("", "-1"):  # Zendesk's own voice
        return "system"
    return "customer" if author_id == requester else "agent"


def _reassignments(metrics: Fields) -> int | None:
    stations = [count(metrics.get(key)) for key in ("assignee_stations", "group_stations")]
    known = [number for number in stations if number is not None]
    return max(0, max(known) - 1) if known else None


def _first_reply_seconds(metrics: Fields) -> int | None:
    exact = count(inner(metrics, "reply_time_in_seconds").get("calendar"))
    return exact if exact is not None else _calendar_seconds(metrics, "reply_time_in_minutes")


def _calendar_seconds(metrics: Fields, key: str) -> int | None:
    minutes = count(inner(metrics, key).get("calendar"))
    return None if minutes is None else minutes * 60


def _custom_fields(record: Fields) -> dict[str, str]:
    fields = record.get("custom_fields")
    found = [item for item in fields if isinstance(item, dict)] if isinstance(fields, list) else []
    return {
        f"field_{text(item, 'id')}": text(item, "value")
        for item in found
        if text(item, "id") and text(item, "value")
    }
