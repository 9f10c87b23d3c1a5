"""Make the notice of a handoff from its row and its packet. Reads nothing else and sends nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from integrations.freshdesk_write import EMAIL
from integrations.handoff_notice import ACCEPTED, QUEUED, HandoffNotice, Spoken
from runtime.models import REASONS, Handoff, HandoffDelivery
from runtime.packet import packet_complete

MAX_STEPS = 30
LABELS = dict(REASONS)


def notice_of(delivery: HandoffDelivery, *, earlier: Mapping[str, str] | None = None) -> HandoffNotice:
    """Return what the delivery's destination is told; ``earlier`` is what it said when it was queued."""
    handoff = delivery.handoff
    packet = handoff.packet
    told = delivery.event == QUEUED
    return HandoffNotice(
        event=delivery.event,
        handoff_id=handoff.pk,
        conversation_id=str(handoff.conversation_id),
        at=iso(delivery.created_at),
        url=handoff_url(handoff),
        reason=handoff.reason,
        reason_label=handoff.get_reason_display(),
        opening=handoff.turn.text,
        facts=facts_of(packet),
        transcript=spoken(packet),
        email=verified_email(packet),
        by="" if told else handoff.accepted_by if delivery.event == ACCEPTED else handoff.finished_by,
        note="" if told or delivery.event == ACCEPTED else handoff.note,
        packet=packet,
        earlier=earlier or {},
    )


def sample_notice(reference: UUID) -> HandoffNotice:
    """Return the handoff of a customer who does not exist, for trying a destination."""
    packet = sample_packet()
    return HandoffNotice(
        event=QUEUED,
        handoff_id=0,
        conversation_id=str(reference),
        at=iso(timezone.now()),
        url="",
        reason="human_request",
        reason_label=LABELS.get("human_request", "Asks for a person"),
        opening="This is a test: nobody waits. Could a person look at my invoice?",
        facts=facts_of(packet),
        transcript=spoken(packet),
        packet=packet,
        is_test=True,
    )


def sample_packet() -> dict[str, Any]:
    """Return a complete packet of a conversation that never was."""
    at = iso(timezone.now())
    return packet_complete(
        {
            "transcript": [
                {
                    "turn": 1,
                    "role": "customer",
                    "text": "This is a test: nobody waits. Could a person look at my invoice?",
                    "at": at,
                },
                {"turn": 1, "role": "agent", "text": "I am passing you on to a person.", "at": at},
            ],
            "intent": {
                "intent": "billing_inquiry",
                "label": "Billing inquiry",
                "confidence": 0.93,
                "threshold": 0.5,
                "is_fallback": False,
            },
            "alternatives": [],
            "attempted_steps": [{"turn": 1, "at": at, "step": "classify", "outcome": "done"}],
            "data_pulled": [],
            "rule": {
                "kind": "soft",
                "trigger": "human_request",
                "rule_id": None,
                "rule_version": None,
                "matched_text": "a person",
            },
            "customer": {"external_id": "test-customer", "user_type": "", "tier": "", "verified": False},
        }
    )


def handoff_url(handoff: Handoff) -> str:
    """Return the address of the handoff's page, or nothing where ours is not known (PUBLIC_URL)."""
    path = reverse("admin:runtime_handoff_change", args=(handoff.pk,))
    return f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL else ""


def verified_email(packet: Mapping[str, Any]) -> str:
    """Return the e-mail address of a customer whose identity is vouched for, or nothing.

    In the name of an address that anybody typed no ticket is opened.
    """
    customer = packet.get("customer") or {}
    if customer.get("verified") is not True:
        return ""
    known = (str(customer.get(name) or "") for name in ("email", "external_id"))
    return next((one for one in known if len(one) <= 250 and EMAIL.fullmatch(one)), "")


def spoken(packet: Mapping[str, Any]) -> tuple[Spoken, ...]:
    """Return the conversation, oldest first."""
    lines = packet.get("transcript") or ()
    return tuple(Spoken(str(line["role"]), str(line["text"]), str(line["at"])) for line in lines)


def facts_of(packet: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return what a person should know at a glance, as label and value; most important first."""
    intent, rule, customer = (packet.get(name) or {} for name in ("intent", "rule", "customer"))
    facts = [
        ("Customer", _customer(customer)),
        ("Intent", _intent(intent)),
        ("Rule", _rule(rule)),
        ("Page", str(customer.get("page") or "")),
        ("Missing", ", ".join(str(part) for part in packet.get("missing") or ())),
    ]
    steps = [one for one in packet.get("attempted_steps") or () if _is_worth_telling(one)]
    facts += [("Tried", f"turn {one.get('turn')}: {one.get('step')}, {one.get('outcome')}") for one in steps]
    for pulled in packet.get("data_pulled") or ():
        data = pulled.get("data") or {}
        shown = data.get("title") or "; ".join(f"{name}: {value}" for name, value in data.items())
        facts.append(("Data", f"{pulled.get('source')}: {shown}"))
    return tuple((label, value) for label, value in facts if value)[:MAX_STEPS]


def iso(at: datetime) -> str:
    """Return a time as other systems read it, to the second."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _is_worth_telling(step: Mapping[str, Any]) -> bool:
    """Whether a step is one of an earlier turn or a flow, or failed; that the agent classified is not."""
    return "detail" in step or str(step.get("outcome", "")).startswith("failed")


def _customer(customer: Mapping[str, Any]) -> str:
    known = [str(customer.get(name) or "") for name in ("external_id", "email", "user_type", "tier")]
    text = ", ".join(part for part in known if part) or "Anonymous"
    return text if customer.get("verified") else f"{text} (not verified)"


def _intent(intent: Mapping[str, Any]) -> str:
    if not intent.get("intent"):
        return f"not known: {intent.get('unavailable', '')}" if intent else ""
    label = str(intent.get("label") or intent["intent"])
    confidence = intent.get("confidence")
    return f"{label} ({confidence:.2f})" if isinstance(confidence, float) else label


def _rule(rule: Mapping[str, Any]) -> str:
    if not rule.get("trigger"):
        return ""
    matched = f": “{rule['matched_text']}”" if rule.get("matched_text") else ""
    return f"{rule['trigger']} ({rule.get('kind')}){matched}"
