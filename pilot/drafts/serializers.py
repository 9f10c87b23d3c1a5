"""What the endpoints of drafts take and give."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from pilot.models import Draft
from runtime.contracts import MAX_TEXT_CHARACTERS
from runtime.models import Turn
from runtime.placement import ASSIST

WAITING, SENT, NOT_SENT = "waiting", "sent", "not_sent"
STATES = ((WAITING, "A person has yet to decide"), (SENT, "Sent"), (NOT_SENT, "Nothing was sent"))


class SentReplySerializer(serializers.Serializer[Draft]):
    """What became of one drafted reply. Never shows the draft itself: only what a person let through."""

    turn_id = serializers.IntegerField()
    conversation_id = serializers.UUIDField()
    mode = serializers.ChoiceField(choices=Turn.Mode.choices)
    state = serializers.SerializerMethodField()
    text = serializers.SerializerMethodField()
    sent_via = serializers.ChoiceField(choices=Draft.SentVia.choices, allow_null=True)
    sent_by = serializers.CharField()
    sent_at = serializers.DateTimeField(allow_null=True)
    happened_at = serializers.DateTimeField(help_text="When the customer wrote.")

    def get_state(self, draft: Draft) -> str:
        """Say whether there is something to send."""
        if draft.sent_at is not None:
            return SENT
        is_open = draft.mode == ASSIST and not getattr(draft, "has_first", False)
        return WAITING if is_open else NOT_SENT

    def get_text(self, draft: Draft) -> str | None:
        """Return what the customer is to read, in Markdown; null where nothing was sent."""
        return draft.sent_text if draft.sent_at is not None else None

    def to_representation(self, instance: Draft) -> dict[str, Any]:
        found = super().to_representation(instance)
        return {**found, "sent_via": found["sent_via"] or None}


class SentReportSerializer(serializers.Serializer[Any]):
    """What a person really sent."""

    text = serializers.CharField(max_length=MAX_TEXT_CHARACTERS)
    sent_by = serializers.CharField(max_length=150, required=False, default="", allow_blank=True)
