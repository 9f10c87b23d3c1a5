"""One ticket as each help desk exports it, and many invented ones."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from integrations.csv_mapping import CsvMapping

CREATED, FIRST_REPLY, CLOSED, UPDATED = (
    "2026-03-02T09:00:00Z",
    "2026-03-02T09:30:00Z",
    "2026-03-03T09:00:00Z",
    "2026-03-03T10:00:00Z",
)
CREATED_EPOCH = 1_772_442_000  # CREATED in seconds
QUESTION = "Hello, I was charged twice for order 1001. Can you refund one of them?"
ANSWER = "Sorry about that. The second charge is refunded."


def zendesk_ticket(number: int = 1, **changes: Any) -> dict[str, Any]:
    ticket = {
        "id": number,
        "created_at": CREATED,
        "updated_at": UPDATED,
        "type": "question",
        "subject": "Charged twice",
        "description": QUESTION,
        "priority": "high",
        "status": "closed",
        "requester_id": 77,
        "submitter_id": 77,
        "assignee_id": 5,
        "group_id": 9,
        "tags": ["billing", "refund"],
        "via": {"channel": "email", "source": {"rel": None}},
        "custom_fields": [{"id": 3, "value": "gold"}, {"id": 4, "value": None}],
        "satisfaction_rating": {"score": "good", "comment": "Quick!"},
        "comments": [
            {
                "id": 10,
                "author_id": 77,
                "plain_body": QUESTION,
                "html_body": f"<p>{QUESTION}</p>",
                "public": True,
                "created_at": CREATED,
            },
            {"id": 11, "author_id": 5, "plain_body": ANSWER, "public": True, "created_at": FIRST_REPLY},
        ],
        "metric_set": {
            "reopens": 0,
            "replies": 1,
            "assignee_stations": 2,
            "group_stations": 1,
            "reply_time_in_minutes": {"calendar": 30, "business": 30},
            "full_resolution_time_in_minutes": {"calendar": 1440, "business": 480},
            "solved_at": CLOSED,
        },
    }
    return ticket | changes


def freshdesk_ticket(number: int = 1, **changes: Any) -> dict[str, Any]:
    ticket = {
        "id": number,
        "subject": "Charged twice",
        "description": f"<div>{QUESTION}</div>",
        "description_text": QUESTION,
        "status": 5,
        "priority": 3,
        "source": 1,
        "type": "question",
        "requester_id": 77,
        "responder_id": 5,
        "group_id": 9,
        "tags": ["billing", "refund"],
        "created_at": CREATED,
        "updated_at": UPDATED,
        "stats": {
            "resolved_at": CLOSED,
            "closed_at": CLOSED,
            "reopened_at": None,
            "first_responded_at": FIRST_REPLY,
        },
        "conversations": [
            {
                "id": 11,
                "body_text": ANSWER,
                "incoming": False,
                "private": False,
                "user_id": 5,
                "created_at": FIRST_REPLY,
            }
        ],
        "satisfaction_ratings": [
            {"feedback": "Quick!", "ratings": {"default_question": 103}, "created_at": CLOSED}
        ],
    }
    return ticket | changes


def intercom_conversation(number: int = 1, **changes: Any) -> dict[str, Any]:
    conversation = {
        "type": "conversation",
        "id": str(number),
        "title": "Charged twice",
        "created_at": CREATED_EPOCH,
        "updated_at": CREATED_EPOCH + 90_000,
        "state": "closed",
        "open": False,
        "priority": "priority",
        "source": {
            "type": "email",
            "id": "10",
            "body": f"<p>{QUESTION}</p>",
            "author": {"type": "user", "id": "77"},
        },
        "contacts": {"contacts": [{"type": "contact", "id": "77"}]},
        "team_assignee_id": 9,
        "tags": {"tags": [{"name": "billing"}, {"name": "refund"}]},
        "statistics": {
            "first_admin_reply_at": CREATED_EPOCH + 1800,
            "last_close_at": CREATED_EPOCH + 86_400,
            "count_reopens": 0,
            "count_assignments": 2,
        },
        "conversation_rating": {"rating": 5, "remark": "Quick!"},
        "conversation_parts": {
            "conversation_parts": [
                {
                    "id": "11",
                    "part_type": "comment",
                    "body": f"<p>{ANSWER}</p>",
                    "author": {"type": "admin", "id": "5"},
                    "created_at": CREATED_EPOCH + 1800,
                },
                {
                    "id": "12",
                    "part_type": "close",
                    "body": None,
                    "author": {"type": "admin", "id": "5"},
                    "created_at": CREATED_EPOCH + 86_400,
                },
            ],
            "total_count": 2,
        },
    }
    return conversation | changes


CSV_HEADER = [
    "Ticket ID",
    "Created",
    "Updated",
    "Closed",
    "Status",
    "Subject",
    "Question",
    "Answer",
    "Channel",
    "Type",
    "Priority",
    "Customer",
    "Team",
    "Tags",
    "CSAT",
    "CSAT comment",
    "Reopens",
    "Replies",
    "Reassignments",
    "First reply (min)",
]
CSV_MAPPING = CsvMapping(
    columns={
        "external_id": "Ticket ID",
        "created_at": "Created",
        "updated_at": "Updated",
        "closed_at": "Closed",
        "status": "Status",
        "subject": "Subject",
        "channel": "Channel",
        "kind": "Type",
        "priority": "Priority",
        "customer_external_id": "Customer",
        "group": "Team",
        "tags": "Tags",
        "csat": "CSAT",
        "csat_comment": "CSAT comment",
        "reopens": "Reopens",
        "agent_replies": "Replies",
        "reassignments": "Reassignments",
        "first_reply_seconds": "First reply (min)",
    },
    text_columns=("Question",),
    reply_columns=("Answer",),
    date_formats=("day/month/year time",),
    values={"status": {"Done": "closed"}, "csat": {"great": "5"}, "channel": {"Post": "email"}},
    units={"first_reply_seconds": "minutes"},
)


def csv_row(number: int = 1, **changes: str) -> list[str]:
    row = dict(
        zip(
            CSV_HEADER,
            [
                str(number),
                "02/03/2026 09:00",
                "03/03/2026 10:00",
                "03/03/2026 09:00",
                "Done",
                "Charged twice",
                QUESTION,
                ANSWER,
                "Post",
                "question",
                "high",
                "77",
                "9",
                "billing, refund",
                "Great",
                "Quick!",
                "0",
                "1",
                "1",
                "30",
            ],
            strict=True,
        )
    )
    return list((row | changes).values())


def csv_text(rows: list[list[str]], header: list[str] | None = None) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([header or CSV_HEADER, *rows])
    return text.getvalue()


def json_lines(records: list[Any]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)
