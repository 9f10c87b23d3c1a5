"""Zendesk: open one ticket per handoff, its text an internal note that the customer does not see.

Zendesk takes an ``Idempotency-Key`` for two hours, so a try may be repeated right away; for all later looks
the ticket carries an ``external_id`` of ours, and GET /api/v2/tickets?external_id= shows it at once (its
search lags). Source: Zendesk's Ticketing API, "Idempotency", "Create Ticket", "List Tickets".
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, TypeGuard
from urllib.parse import urlencode

from core.errors import InvalidInput, Unavailable
from integrations.handoff_note import ticket_html, ticket_subject
from integrations.handoff_notice import QUEUED, HandoffNotice
from integrations.http_transport import HttpAnswer
from integrations.outgoing import (
    DONE,
    REFUSED,
    UNCLEAR,
    WRITE,
    Access,
    Json,
    Outcome,
    decoded,
    encoded,
    key_uuid,
    send_json,
    words,
)

SYSTEM = "zendesk"
NAME = "Zendesk"
HOST = "zendesk.com"
PATH, ME_PATH = "/api/v2/tickets.json", "/api/v2/users/me.json"
PRIORITIES = ("low", "normal", "high", "urgent")
TAG = re.compile(r"[A-Za-z0-9_\-/.]{1,60}")
KEY_PROBLEMS = ("idempotency",)


class OpenTicket:
    """``zendesk_handoff``."""

    name = "zendesk_handoff"
    label = "Zendesk: open a ticket"
    system = SYSTEM
    effect = WRITE
    repeatable = True
    events: tuple[str, ...] = (QUEUED,)
    repeats_refused = False

    def prepare_notice(self, notice: HandoffNotice, *, settings: Json, base_url: str, key: str) -> Json:
        """Return the one request."""
        ticket: dict[str, Any] = {
            "subject": ticket_subject(notice),
            "comment": {"html_body": ticket_html(notice, with_facts=True), "public": False},
            "external_id": external_id(notice, key),
            "priority": checked_priority(settings),
            "tags": ["ai_handoff", f"ai_handoff_{notice.reason}", *checked_tags(settings)],
        }
        if settings.get("group_id"):
            ticket["group_id"] = checked_number(settings["group_id"], "group")
        if notice.email:
            ticket["requester"] = {"email": notice.email, "name": notice.email}
        return {"method": "POST", "url": base_url.rstrip("/") + PATH, "body": {"ticket": ticket}}

    def perform(self, access: Access, payload: Json, *, key: str, deadline: float) -> Outcome:
        """Open it once; Zendesk returns the same ticket for the same key, and refuses it for another body."""
        own = str(key_uuid(f"{key} {sha256(encoded(payload['body'])).hexdigest()}"))
        answer = _asked(access, PATH, payload["body"], deadline, key=own)
        if isinstance(answer, Outcome):
            return answer
        value = decoded(answer)
        if answer.status in (200, 201):
            ticket = value.get("ticket") if isinstance(value, dict) else None
            return _done(access, ticket) or _no_ticket()
        said = _said(access, value)
        if answer.status == 409 or any(word in said.lower() for word in KEY_PROBLEMS):
            return Outcome(UNCLEAR, message=f"Zendesk has this key in hand: {said}", code="key_in_use")
        return Outcome(REFUSED, message=f"Zendesk refuses with {answer.status}: {said}", code="refused")

    def look_up(
        self, access: Access, payload: Json, *, key: str, since: datetime, deadline: float
    ) -> Outcome:
        """Ask for the ticket by our external id."""
        wanted = str(payload["body"]["ticket"]["external_id"])
        answer = _asked(access, f"{PATH}?{urlencode({'external_id': wanted})}", {}, deadline, method="GET")
        if isinstance(answer, Outcome):
            return Outcome(UNCLEAR, message=answer.message, code=answer.code, broken=answer.broken)
        value = decoded(answer)
        tickets = value.get("tickets") if isinstance(value, dict) else None
        if answer.status != 200 or not _is_list(tickets):
            return Outcome(UNCLEAR, message="Zendesk gave no list of tickets.", code="bad_answer")
        for ticket in tickets:
            if ticket.get("external_id") == wanted:
                return _done(access, ticket) or _no_ticket()
        return Outcome(REFUSED, message="Zendesk has no such ticket.", code="not_there")


def external_id(notice: HandoffNotice, key: str) -> str:
    """Return what finds the ticket again: the handoff's number, made unique among installations."""
    return f"handoff-{notice.handoff_id}-{key_uuid(key).hex[:12]}"


def checked_priority(settings: Json) -> str:
    """Return the priority by name; raises InvalidInput."""
    priority = str(settings.get("priority") or "normal")
    if priority not in PRIORITIES:
        raise InvalidInput("The priority must be low, normal, high or urgent.", code="bad_setting")
    return priority


def checked_tags(settings: Json) -> list[str]:
    """Return the destination's own tags; raises InvalidInput."""
    tags = [str(tag) for tag in settings.get("tags") or ()]
    if len(tags) > 20 or any(not TAG.fullmatch(tag) for tag in tags):
        raise InvalidInput(
            "Tags are words of letters, digits, _ and -, at most 20 of them.", code="bad_setting"
        )
    return tags


def checked_number(value: Any, what: str) -> int:
    """Return an id as Zendesk and Freshdesk count them; raises InvalidInput."""
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise InvalidInput(f"The id of the {what} is a number.", code="bad_setting")
    return int(text)


def account_name(access: Access, *, deadline: float) -> str:
    """Return who the token belongs to: a harmless question. Raises Unavailable.

    Zendesk takes a wrong token for an anonymous end user, with status 200.
    """
    answer = _asked(access, ME_PATH, {}, deadline, method="GET")
    if isinstance(answer, Outcome):
        raise Unavailable(answer.message, code="connection_failed")
    value = decoded(answer)
    user = value.get("user") if isinstance(value, dict) else None
    if not isinstance(user, dict) or user.get("role") not in ("agent", "admin"):
        raise Unavailable("Zendesk does not know this account and token.", code="connection_failed")
    return words(access, user.get("name"))


def basic(user: str, secret: str) -> str:
    """Return the header of basic authentication."""
    return "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()


def _asked(
    access: Access, target: str, body: Json, deadline: float, *, method: str = "POST", key: str = ""
) -> HttpAnswer | Outcome:
    """Ask the connection's own host, which the token belongs to; a payload's address is for people."""
    url = access.base_url.rstrip("/") + target
    headers = {"Authorization": basic(f"{access.user}/token", access.secret.value)}
    if key:
        headers["Idempotency-Key"] = key
    answer = send_json(access, url, body, headers=headers, deadline=deadline, name=NAME, method=method)
    if isinstance(answer, HttpAnswer) and answer.status in (401, 403):
        return Outcome(
            REFUSED, message="Zendesk refuses the account or its token.", code="credentials_refused"
        )
    return answer


def _done(access: Access, ticket: Any) -> Outcome | None:
    number = ticket.get("id") if isinstance(ticket, dict) else None
    if not isinstance(number, int):
        return None
    url = f"{access.base_url.rstrip('/')}/agent/tickets/{number}"
    return Outcome(
        DONE, data={"external_id": str(number), "external_url": url}, message=f"Zendesk ticket {number}."
    )


def _is_list(tickets: Any) -> TypeGuard[list[dict[str, Any]]]:
    return isinstance(tickets, list) and all(isinstance(ticket, dict) for ticket in tickets)


def _no_ticket() -> Outcome:
    return Outcome(UNCLEAR, message="Zendesk's answer holds no ticket.", code="bad_answer")


def _said(access: Access, value: Any) -> str:
    """Return Zendesk's own words on a refusal: error, description and the first detail."""
    if not isinstance(value, Mapping):
        return "no reason given"
    error = value.get("error")
    told = [error.get("title"), error.get("message")] if isinstance(error, Mapping) else [error]
    told += [value.get("description"), value.get("message")]
    details = value.get("details")
    for field, problems in details.items() if isinstance(details, Mapping) else ():
        first = problems[0] if isinstance(problems, list) and problems else problems
        told.append(f"{field}: {first.get('description') if isinstance(first, Mapping) else first}")
    return words(access, "; ".join(str(part) for part in told if part)) or "no reason given"


OPERATIONS = (OpenTicket(),)
