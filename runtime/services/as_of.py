"""A turn that is taken as of an earlier time: a message of a closed ticket, in the ticket's own time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from runtime.models import Conversation, Turn
from runtime.placement import Placement


@dataclass(frozen=True, slots=True)
class AsOf:
    """When the message was written, of which ticket, and in which pilot it is rehearsed."""

    at: datetime
    ticket_id: int
    placement: Placement

    @property
    def in_context(self) -> dict[str, Any]:
        """What the turn's context takes from here: its own time and pilot, and that nothing is done."""
        return {"placement": self.placement, "now": timezone.localtime(self.at), "dry_run": True}

    @property
    def fields(self) -> dict[str, Any]:
        """The fields with which its conversation begins."""
        return {"ticket_id": self.ticket_id, "pilot_id": self.placement.pilot_id}

    def date(self, conversation: Conversation, turn: Turn) -> None:
        """Set the times of stored rows to when it happened; within the turn's own transaction."""
        turn.created_at = conversation.updated_at = self.at
        Turn.objects.filter(pk=turn.pk).update(created_at=self.at)
        changes = {"updated_at": self.at}
        if turn.number == 1:
            conversation.created_at = changes["created_at"] = self.at
        Conversation.objects.filter(pk=conversation.pk).update(**changes)
