"""Freshdesk: open one ticket per handoff.

Freshdesk takes no key of ours, so nothing is sent twice while the outcome is not known: the ticket carries a
tag of its own, by which it is searched for. Freshdesk's search lags by minutes, so what it does not show is
looked for in the list of tickets that changed since. A ticket's description is shown to its requester: what
is for the team only is in it only where the requester is the team's own address. Source: Freshdesk's API v2
reference, "Create a Ticket", "Filter Tickets", "List All Tickets".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

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
    key_uuid,
    send_json,
    words,
)
from integrations.zendesk_write import PRIORITIES, basic, checked_number, checked_priority, checked_tags

SYSTEM = "freshdesk"
NAME = "Freshdesk"
HOST = "freshdesk.com"
PATH, SEARCH_PATH, ME_PATH = "/api/v2/tickets", "/api/v2/search/tickets", "/api/v2/agents/me"
STATUS_OPEN, SOURCE_CHAT = 2, 7
PAGE_SIZE, PAGES = 100, 5
CLOCK_SECONDS = 300  # how far Freshdesk's clock and ours may be apart
MAX_TAG = 32
EMAIL = re.compile(r"[^@\s<>\"']{1,64}@[^@\s<>\"']{1,180}\.[A-Za-z]{2,24}")


class OpenTicket:
    """``freshdesk_handoff``."""

    name = "freshdesk_handoff"
    label = "Freshdesk: open a ticket"
    system = SYSTEM
    effect = WRITE
    repeatable = False
    events: tuple[str, ...] = (QUEUED,)
    repeats_refused = False

    def prepare_notice(self, notice: HandoffNotice, *, settings: Json, base_url: str, key: str) -> Json:
        """Return the one request."""
        own = str(settings.get("requester_email", ""))
        if not EMAIL.fullmatch(own):
            raise InvalidInput(
                "The e-mail address of the team is missing: Freshdesk takes no ticket without a requester.",
                code="missing_setting",
            )
        ticket: dict[str, Any] = {
            "subject": ticket_subject(notice),
            "description": ticket_html(notice, with_facts=not notice.email),
            "email": notice.email or own,
            "status": STATUS_OPEN,
            "source": SOURCE_CHAT,
            "priority": PRIORITIES.index(checked_priority(settings)) + 1,
            "tags": ["ai_handoff", own_tag(key), *(tag[:MAX_TAG] for tag in checked_tags(settings))],
        }
        if settings.get("group_id"):
            ticket["group_id"] = checked_number(settings["group_id"], "group")
        return {"method": "POST", "url": base_url.rstrip("/") + PATH, "body": ticket}

    def perform(self, access: Access, payload: Json, *, key: str, deadline: float) -> Outcome:
        """Open it once."""
        answer = _asked(access, PATH, payload["body"], deadline)
        if isinstance(answer, Outcome):
            return answer
        value = decoded(answer)
        if answer.status in (200, 201):
            return _done(access, value) or Outcome(
                UNCLEAR, message="Freshdesk's answer holds no ticket.", code="bad_answer"
            )
        said = _said(access, value)
        return Outcome(REFUSED, message=f"Freshdesk refuses with {answer.status}: {said}", code="refused")

    def look_up(
        self, access: Access, payload: Json, *, key: str, since: datetime, deadline: float
    ) -> Outcome:
        """Search for our tag, then read what changed since; only a list to its end says “not there”."""
        tag = own_tag(key)
        query = quote(f"\"tag:'{tag}'\"")
        found = _tickets(access, f"{SEARCH_PATH}?query={query}", deadline)
        if isinstance(found, Outcome):
            return found
        from_time = (since.astimezone(UTC) - timedelta(seconds=CLOCK_SECONDS)).strftime("%Y-%m-%dT%H:%M:%SZ")
        for page in range(PAGES + 1):
            for ticket in found:
                tags = ticket.get("tags")
                if isinstance(tags, list) and tag in tags:
                    return _done(access, ticket) or _no_list()
            if page and len(found) < PAGE_SIZE:
                return Outcome(REFUSED, message="Freshdesk has no such ticket.", code="not_there")
            if page == PAGES:
                break
            listed = f"updated_since={quote(from_time)}&order_by=created_at&order_type=asc"
            address = f"{PATH}?{listed}&per_page={PAGE_SIZE}&page={page + 1}"
            found = _tickets(access, address, deadline)
            if isinstance(found, Outcome):
                return found
        return Outcome(UNCLEAR, message="Too many tickets to look through.", code="too_many_tickets")


def own_tag(key: str) -> str:
    """Return the tag that finds the ticket again; Freshdesk takes 32 characters."""
    return f"handoff-{key_uuid(key).hex[:20]}"


def agent_name(access: Access, *, deadline: float) -> str:
    """Return who the key belongs to: a harmless question. Raises Unavailable."""
    answer = _asked(access, ME_PATH, {}, deadline, method="GET")
    if isinstance(answer, Outcome):
        raise Unavailable(answer.message, code="connection_failed")
    value = decoded(answer)
    contact = value.get("contact") if isinstance(value, dict) else None
    if answer.status != 200 or not isinstance(contact, dict):
        raise Unavailable("Freshdesk gave no usable answer.", code="connection_failed")
    return words(access, contact.get("name"))


def _asked(
    access: Access, target: str, body: Json, deadline: float, *, method: str = "POST"
) -> HttpAnswer | Outcome:
    """Ask the connection's own host, which the key belongs to; a payload's address is for people."""
    url = access.base_url.rstrip("/") + target
    headers = {"Authorization": basic(access.secret.value, "X")}
    answer = send_json(access, url, body, headers=headers, deadline=deadline, name=NAME, method=method)
    if isinstance(answer, HttpAnswer) and answer.status in (401, 403):
        return Outcome(REFUSED, message="Freshdesk refuses the API key.", code="credentials_refused")
    return answer


def _tickets(access: Access, target: str, deadline: float) -> list[Any] | Outcome:
    """Return the tickets of one page, or an unclear outcome where there is none to read."""
    answer = _asked(access, target, {}, deadline, method="GET")
    if isinstance(answer, Outcome):
        return Outcome(UNCLEAR, message=answer.message, code=answer.code, broken=answer.broken)
    value = decoded(answer)
    if target.startswith(SEARCH_PATH):
        value = value.get("results") if isinstance(value, dict) else None
    if answer.status != 200 or not isinstance(value, list):
        return _no_list()
    return value if all(isinstance(row, dict) for row in value) else _no_list()


def _no_list() -> Outcome:
    return Outcome(UNCLEAR, message="Freshdesk gave no list of tickets.", code="bad_answer")


def _done(access: Access, ticket: Any) -> Outcome | None:
    number = ticket.get("id") if isinstance(ticket, dict) else None
    if not isinstance(number, int):
        return None
    url = f"{access.base_url.rstrip('/')}/a/tickets/{number}"
    return Outcome(
        DONE, data={"external_id": str(number), "external_url": url}, message=f"Freshdesk ticket {number}."
    )


def _said(access: Access, value: Any) -> str:
    """Return Freshdesk's own words on a refusal."""
    if not isinstance(value, Mapping):
        return "no reason given"
    errors = value.get("errors")
    told = [value.get("description"), value.get("message")]
    for error in errors if isinstance(errors, list) else ():
        if isinstance(error, Mapping):
            told.append(f"{error.get('field')}: {error.get('message')}")
    return words(access, "; ".join(str(part) for part in told if part)) or "no reason given"


OPERATIONS = (OpenTicket(),)
