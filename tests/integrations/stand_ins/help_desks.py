"""Zendesk and Freshdesk as far as tickets are opened there: keys, tags, look-ups, refusals.

After the references: Zendesk returns the first ticket again for the same Idempotency-Key and refuses the key
with another body (400); Freshdesk knows no key, its search lags behind (``search_lags``), its list does not.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import Any

from tests.integrations.stand_ins.server import Answer, Request

ZENDESK_ACCOUNT, ZENDESK_TOKEN = "bot@larkstow.example", "zdTOKENsecret7Hq2mVx9Lw0a1b"
FRESHDESK_KEY = "fdKEYsecretQ8r3TzY6uI0p"
TEAM_ADDRESS = "support@larkstow.example"


def _basic(user: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()


@dataclass
class Zendesk:
    """``tickets`` are its effects, oldest first."""

    tickets: list[dict[str, Any]] = field(default_factory=list)
    keys: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    groups: tuple[int, ...] = (77,)

    def answer(self, request: Request) -> Answer:
        known = request.headers.get("authorization") == _basic(f"{ZENDESK_ACCOUNT}/token", ZENDESK_TOKEN)
        if request.path == "/api/v2/users/me.json":
            user = {"id": 1, "name": "Helper", "role": "agent"} if known else ANONYMOUS
            return 200, {"user": user}
        if not known:
            return 401, {"error": "Couldn't authenticate you"}
        if request.path != "/api/v2/tickets.json":
            return 404, {"error": "InvalidEndpoint", "description": "Not found"}
        if request.method == "GET":
            wanted = request.query.get("external_id")
            found = [one for one in self.tickets if one.get("external_id") == wanted]
            return 200, {"tickets": found, "count": len(found), "next_page": None}
        return self._create(request)

    def _create(self, request: Request) -> Answer:
        key = request.headers.get("idempotency-key", "")
        if key in self.keys:
            body, number = self.keys[key]
            if body != request.body:
                return 400, {"error": "IdempotencyRequestError", "description": "Idempotency key reused"}
            return 201, {"ticket": self.tickets[number - 1]}
        ticket = request.json["ticket"]
        if ticket.get("group_id", 77) not in self.groups:
            problem = {"description": "Group: is invalid", "error": "InvalidValue"}
            return 422, {
                "error": "RecordInvalid",
                "description": "Record validation errors",
                "details": {"group": [problem]},
            }
        self.tickets.append({**ticket, "id": len(self.tickets) + 1})
        if key:
            self.keys[key] = (request.body, len(self.tickets))
        return 201, {"ticket": self.tickets[-1]}


ANONYMOUS = {"id": None, "name": "Anonymous user", "role": "end-user"}
FIELDS = frozenset({"subject", "description", "email", "status", "source", "priority", "tags", "group_id"})


@dataclass
class Freshdesk:
    """``tickets`` are its effects, oldest first."""

    tickets: list[dict[str, Any]] = field(default_factory=list)
    search_lags: bool = True

    def answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") != _basic(FRESHDESK_KEY, "X"):
            return 401, {"code": "invalid_credentials", "message": "You have to be logged in"}
        if request.path == "/api/v2/agents/me":
            return 200, {"id": 5, "contact": {"name": "Helper", "email": TEAM_ADDRESS}}
        if request.path == "/api/v2/search/tickets":
            tag = re.fullmatch(r"\"tag:'([a-z0-9-]+)'\"", request.query["query"])
            assert tag, request.query
            found = [] if self.search_lags else [one for one in self.tickets if tag[1] in one["tags"]]
            return 200, {"results": found, "total": len(found)}
        if request.path != "/api/v2/tickets":
            return 404, {}
        if request.method == "GET":
            size, page = int(request.query["per_page"]), int(request.query["page"])
            return 200, self.tickets[size * (page - 1) : size * page]
        return self._create(request.json)

    def _create(self, ticket: dict[str, Any]) -> Answer:
        unknown = sorted(set(ticket) - FIELDS)
        if unknown or "email" not in ticket or any(len(tag) > 32 for tag in ticket["tags"]):
            field_name = unknown[0] if unknown else "email"
            return 400, {
                "description": "Validation failed",
                "errors": [{"field": field_name, "message": "It is not as it should be", "code": "invalid"}],
            }
        self.tickets.append({**ticket, "id": len(self.tickets) + 1})
        return 201, self.tickets[-1]
