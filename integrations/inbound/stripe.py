"""Stripe: events are verified and kept; none has a use here, and nothing is ever written to Stripe.

``Stripe-Signature: t=…,v1=<hex>`` is the HMAC over "<t>.<body>"; several v1 while a secret is rolled. Source:
stripe-python, ``_webhook``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from integrations.inbound.contracts import Delivery, InboundSystem, Nothing
from integrations.inbound.fields import id_of, word_of
from integrations.inbound.signing import check, check_fresh, of_seconds

SIGNATURE = "stripe-signature"
SCHEME = "v1"
MAX_PARTS = 20


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], *, now: datetime) -> None:
    """Check the signatures of the one scheme that is safe, then the time, which is signed too."""
    parts = [part.strip().partition("=") for part in headers.get(SIGNATURE, "").split(",")[:MAX_PARTS]]
    timestamps = [value for name, _, value in parts if name == "t"]
    timestamp = timestamps[0] if len(timestamps) == 1 else ""
    signatures = [value for name, _, value in parts if name == SCHEME]
    check(signatures, secrets, timestamp.encode(errors="replace") + b"." + body)
    check_fresh(of_seconds(timestamp), now)


def read(value: Mapping[str, Any], body: bytes) -> Delivery:
    """Return that nothing is to be done: what the agent tells of an invoice it looks up itself."""
    kind = word_of(value, "type", 60)
    reason = "Kept only: flows look invoices and charges up at the moment they are asked about."
    return Delivery(id_of(value, "id"), kind, Nothing(reason))


def check_secret(secret: str) -> str:
    """Return what is wrong with a signing secret."""
    good = secret.startswith("whsec_") and len(secret) >= 20
    return "" if good else "Stripe's signing secrets begin with whsec_."


STRIPE = InboundSystem(
    "stripe",
    "Stripe",
    "Signing secret whsec_…: Developers → Webhooks → the endpoint",
    verify,
    read,
    check_secret,
)
