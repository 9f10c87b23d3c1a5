"""A webhook is told of a handoff: ``handoff.queued`` and the like, with the packet, signed, at most 20 kB.

A packet that is larger is cut where a person misses it least: the oldest messages first. What was cut is
named in ``shortened``; the whole packet is at ``url`` and under GET /api/v1/handoffs/{id}. Signing, sending
and looking up are integrations.signed_webhook's.
"""

from __future__ import annotations

import copy
from typing import Any

from core.errors import InvalidInput
from integrations.handoff_notice import EVENTS, HandoffNotice
from integrations.outgoing import WRITE, Json, encoded
from integrations.signed_webhook import MAX_BODY_BYTES, SYSTEM, SendWebhook, message_id

CUT_TO = 500  # characters of one text, where cutting whole entries is not enough
LISTS = ("transcript", "data_pulled", "attempted_steps", "alternatives")
KEPT = {"transcript": 2, "data_pulled": 0, "attempted_steps": 0, "alternatives": 0}  # entries at least


class TellWebhook(SendWebhook):
    """``webhook_handoff``."""

    name = "webhook_handoff"
    label = "Webhook: send handoff events"
    system = SYSTEM
    effect = WRITE
    repeatable = True
    events: tuple[str, ...] = EVENTS
    repeats_refused = True

    def prepare_notice(self, notice: HandoffNotice, *, settings: Json, base_url: str, key: str) -> Json:
        """Return the message; its headers with the signature are made when it is sent."""
        if not base_url:
            raise InvalidInput("The connection has no address.", code="missing_setting")
        data: dict[str, Any] = {
            "handoff_id": notice.handoff_id,
            "conversation_id": notice.conversation_id,
            "state": notice.event,
            "reason": notice.reason,
            "reason_label": notice.reason_label,
            "url": notice.url,
            "by": notice.by,
            "note": notice.note,
            "test": notice.is_test,
            "shortened": [],
            "packet": copy.deepcopy(dict(notice.packet)),
        }
        body = {"type": f"handoff.{notice.event}", "timestamp": notice.at, "data": data}
        shorten(body)
        return {"method": "POST", "url": base_url, "webhook_id": message_id(key), "body": body}


def shorten(body: dict[str, Any]) -> None:
    """Cut the body's packet, in place, until the body has MAX_BODY_BYTES at most."""
    data, packet = body["data"], body["data"]["packet"]
    for name in LISTS:
        entries = packet.get(name)
        while isinstance(entries, list) and len(entries) > KEPT[name] and _too_large(body):
            spare = len(entries) - KEPT[name]
            del entries[: max(1, spare // 8)]
            _say(data, f"packet.{name}")
    if _too_large(body):
        data["packet"] = _cut(packet)
        _say(data, "texts")
    if _too_large(body):  # a packet of another form than ours
        data["packet"] = {}
        _say(data, "packet")
        data["note"] = data["note"][:CUT_TO]


def _too_large(body: Json) -> bool:
    return len(encoded(body)) > MAX_BODY_BYTES


def _say(data: dict[str, Any], what: str) -> None:
    if what not in data["shortened"]:
        data["shortened"].append(what)


def _cut(value: Any) -> Any:
    """Return the value with each text cut to CUT_TO characters."""
    if isinstance(value, str):
        return value if len(value) <= CUT_TO else value[:CUT_TO] + "…"
    if isinstance(value, dict):
        return {name: _cut(one) for name, one in value.items()}
    return [_cut(one) for one in value] if isinstance(value, list) else value


OPERATIONS = (TellWebhook(),)
