"""A pilot's conversations as rows at given times, with drafts, reviews and what customers said of them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from core.models import User
from pilot.drafts.collecting import draft_of
from pilot.models import Draft, Pilot, Review
from runtime.models import Conversation, Feedback, Trace, Turn

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)  # a Monday
LONG_AGO = NOW - timedelta(days=10)


def conversation(
    pilot: Pilot,
    at: datetime = LONG_AGO,
    decisions: Sequence[str] = ("answer",),
    *,
    mode: str = "live",
    minutes: float = 0,
    customer: str = "",
    intent: str = "data_export",
    csat: int | None = None,
    rating: str = "",
    reopened: bool | None = None,
    last_text: str = "",
    angry: bool = False,
    review: str | None = None,
    **draft: Any,
) -> Conversation:
    """Make one conversation of ``minutes``, a turn a decision; the last one gets the feedback and the review.

    ``review`` is a verdict; ``draft`` are fields of the last draft, ``sent`` says that a person sent it.
    """
    made = Conversation.objects.create(
        channel=pilot.channel or "email",
        pilot_id=pilot.pk,
        customer_external_id=customer,
        turn_count=len(decisions),
    )
    last = len(decisions) - 1
    for number, decision in enumerate(decisions):
        moment = at + timedelta(minutes=minutes * (number / last if last else 0))
        turn = Turn.objects.create(
            conversation=made,
            number=number + 1,
            text=last_text if last_text and number == last else "How do I export?",
            pilot_id=pilot.pk,
            decision=decision,
            reason="low_confidence" if decision == "escalate" else "answered",
            rule_trigger="low_confidence" if decision == "escalate" else "",
            mode=mode,
            delivered=mode == "live",
            reply="Under Data.",
            intent=intent,
            is_fallback=False,
        )
        turn.created_at = moment
        turn.save(update_fields=["created_at"])
        signs = [{"trigger": "anger", "score": 0.9 if angry else 0.1, "text": ""}]
        Trace.objects.create(turn=turn, facts={"signs": signs}, steps=[], total_ms=1)
        row = draft_of(turn, pilot)
        sent = draft.get("sent", False)
        if number == last:
            for name, value in draft.items():
                if name != "sent":
                    setattr(row, name, value)
            if sent:
                row.sent_at, row.sent_via, row.sent_text = moment, Draft.SentVia.DESK, "Under Data."
        row.save()
    if csat is not None or rating or reopened is not None:
        Feedback.objects.create(turn=turn, csat=csat, rating=rating, reopened=reopened, given_by="test")
    if review is not None:
        reviewed(row, review)
    return made


def reviewed(draft: Draft, verdict: str = "correct", *, outcome: str = "", person: str = "rae") -> Review:
    """Let a person review a draft."""
    user, _ = User.objects.get_or_create(username=person)
    return Review.objects.create(
        key=uuid.uuid4(),
        draft=draft,
        person=user,
        person_name=person,
        role="first" if not draft.reviews.filter(undone_at=None).exists() else "second",
        outcome=outcome or ("approved" if verdict == "correct" else "rejected"),
        verdict=verdict,
        tier="free" if verdict == "wrong_segment" else "",
        final_text="Better." if outcome == "edited" else "",
        seconds=5,
    )
