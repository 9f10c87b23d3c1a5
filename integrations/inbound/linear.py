"""Linear: an issue changed or was removed. ``linear-signature`` is the hexadecimal HMAC over the raw body.

The time is in the body (``webhookTimestamp``, Unix milliseconds), so it is signed and has to be there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from integrations.inbound.contracts import BadSignature, Delivery, InboundSystem, IssueChanged, News, Nothing
from integrations.inbound.fields import id_of, id_of_body, mapping_of, time_of, word_of
from integrations.inbound.signing import check, check_fresh, of_milliseconds

SIGNATURE = "linear-signature"
ISSUE, REMOVE = "Issue", "remove"


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], *, now: datetime) -> None:
    """Check the signature, then the time within the body."""
    check([headers.get(SIGNATURE, "")], secrets, body)
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadSignature from error  # without a time it could be sent again for ever
    check_fresh(of_milliseconds(value.get("webhookTimestamp")) if isinstance(value, dict) else None, now)


def read(value: Mapping[str, Any], body: bytes) -> Delivery:
    """Return what became of an issue."""
    about, action = word_of(value, "type", 40), word_of(value, "action", 20)
    return Delivery(id_of_body(body), f"{about}.{action}"[:60], _news(value, about, action))


def _news(value: Mapping[str, Any], about: str, action: str) -> News:
    if about != ISSUE:
        return Nothing(f"Linear's {about or 'event without a type'} has no use.")
    issue = mapping_of(value, "data")
    url = word_of(value, "url", 500) or word_of(issue, "url", 500)
    return IssueChanged(
        issue_id=id_of(issue, "id"),
        identifier=word_of(issue, "identifier", 100),
        url=url if url.startswith("https://") else "",
        state=word_of(mapping_of(issue, "state"), "name", 60),
        removed=action == REMOVE,
        at=time_of(value, "createdAt"),
    )


def check_secret(secret: str) -> str:
    """Return what is wrong with a signing secret."""
    return "" if len(secret) >= 16 else "Linear's signing secrets have more than 16 characters."


LINEAR = InboundSystem(
    "linear",
    "Linear",
    "Signing secret: Settings → API → Webhooks → the webhook",
    verify,
    read,
    check_secret,
)
