"""Linear, Slack, Stripe and a receiver of webhooks, each with what it did written down."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

from integrations.outgoing import key_uuid
from integrations.signed_webhook import message_id
from scripts.stand_in_linear import TEAM_ID, LinearBook
from tests.integrations.stand_ins.server import Answer, Request

__all__ = ["TEAM_ID", "LinearBook", "Receiver", "Slack", "Stripe", "key_uuid", "linear_answer", "message_id"]
LINEAR_KEY = "lin_api_5up3rs3cr3tkeyk7Qz"
SLACK_TOKEN = "xoxb-1234-5678-abcdefSECRETxyz"
STRIPE_KEY = "rk_test_51SECRETabcdefghXYZ9"
WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CHANNEL = "C0123ABCD"


def linear_answer(book: LinearBook) -> Any:
    def answer(request: Request) -> Answer:
        return book.answer(request.headers.get("authorization", ""), request.json)

    return answer


@dataclass
class Slack:
    """One channel. ``messages`` are its effects, newest last; ``may_read`` is the scope channels:history."""

    token: str = SLACK_TOKEN
    may_read: bool = True
    messages: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, request: Request) -> Answer:
        if request.path.startswith("/services/"):
            self.messages.append(request.json)
            return 200, b"ok"
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return 200, {"ok": False, "error": "invalid_auth"}
        if request.path == "/api/auth.test":
            return 200, {"ok": True, "user": "helper", "team": "Larkstow"}
        if request.path == "/api/chat.postMessage":
            body = request.json
            if body["channel"] != CHANNEL:
                return 200, {"ok": False, "error": "channel_not_found"}
            ts = f"{time.time() + len(self.messages) / 1000:.6f}"
            self.messages.append(body | {"ts": ts})
            return 200, {"ok": True, "channel": CHANNEL, "ts": ts}
        if request.path in ("/api/conversations.history", "/api/conversations.replies"):
            if not self.may_read:
                return 200, {"ok": False, "error": "missing_scope", "needed": "channels:history"}
            wanted, thread = float(request.form["oldest"]), request.form.get("ts")
            found = [m for m in reversed(self.messages) if float(m["ts"]) > wanted]
            found = [m for m in found if m.get("thread_ts") == thread]  # a channel's history has no replies
            return 200, {"ok": True, "messages": found, "has_more": False}
        return 200, {"ok": False, "error": "unknown_method"}


@dataclass
class Stripe:
    """Two customers with invoices, charges, a subscription and a dispute."""

    key: str = STRIPE_KEY

    def answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return 401, {
                "error": {"type": "invalid_request_error", "message": f"Invalid API Key: {self.key}"}
            }
        if request.path == "/v1/customers":
            rows = [c for c in CUSTOMERS if request.query.get("email", c["email"]) == c["email"]]
        elif request.path in ROWS:
            given = request.query
            rows = [
                row
                for row in ROWS[request.path]
                if given.get("customer", row.get("customer")) == row.get("customer")
                and given.get("charge", row.get("charge")) == row.get("charge")
            ]
        else:
            return 404, {"error": {"type": "invalid_request_error", "message": "Unrecognized request URL"}}
        return 200, {"object": "list", "data": rows, "has_more": False, "url": request.path}


CUSTOMERS = [
    {"id": "cus_1", "object": "customer", "email": "kim@example.com", "name": "Kim", "delinquent": True},
    {"id": "cus_2", "object": "customer", "email": "eve@example.com", "name": "Eve", "delinquent": False},
]
ROWS: dict[str, list[dict[str, Any]]] = {
    "/v1/invoices": [
        {
            "id": "in_1",
            "object": "invoice",
            "customer": "cus_1",
            "number": "LRK-0007",
            "status": "open",
            "amount_due": 1999,
            "amount_paid": 500,
            "amount_remaining": 1499,
            "currency": "usd",
            "due_date": 1796083200,
            "created": 10,
            "hosted_invoice_url": "https://invoice.stripe.com/i/x",
        },
        {
            "id": "in_2",
            "object": "invoice",
            "customer": "cus_1",
            "number": "LRK-0008",
            "status": "paid",
            "amount_due": 1500,
            "amount_paid": 1500,
            "amount_remaining": 0,
            "currency": "jpy",
            "due_date": None,
            "created": 20,
            "hosted_invoice_url": None,
        },
        {"id": "in_3", "object": "invoice", "customer": "cus_2", "number": "LRK-0009", "status": "open"},
    ],
    "/v1/charges": [
        {
            "id": "ch_1",
            "object": "charge",
            "customer": "cus_1",
            "amount": 1234567,
            "amount_refunded": 1500,
            "currency": "kwd",
            "status": "succeeded",
            "disputed": True,
            "created": 1796083200,
        }
    ],
    "/v1/subscriptions": [
        {
            "id": "sub_1",
            "object": "subscription",
            "customer": "cus_1",
            "status": "active",
            "cancel_at_period_end": True,
            "created": 5,
            "items": {
                "object": "list",
                "data": [{"object": "subscription_item", "current_period_end": 1796083200}],
            },
        }
    ],
    "/v1/disputes": [
        {
            "id": "dp_1",
            "object": "dispute",
            "charge": "ch_1",
            "reason": "fraudulent",
            "status": "needs_response",
            "created": 1,
        }
    ],
}


@dataclass
class Receiver:
    """A receiver of webhooks that keeps to the standard: checks the signature, acts once per id."""

    secret: str = WEBHOOK_SECRET
    effects: dict[str, Any] = field(default_factory=dict)
    deliveries: int = 0

    def answer(self, request: Request) -> Answer:
        try:
            message = Webhook(self.secret).verify(request.body, dict(request.headers))
        except WebhookVerificationError:
            return 401, {}
        self.deliveries += 1
        self.effects.setdefault(request.headers["webhook-id"], message)
        return 200, {}
