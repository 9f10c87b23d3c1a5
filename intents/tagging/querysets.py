"""Questions to the tables of the tagging inbox that read as English."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.apps import apps
from django.db import models
from django.db.models import Exists, OuterRef, Q

from intents.tagging import workflow

if TYPE_CHECKING:  # the models are built with these querysets
    from intents.models import TaggingDecision, TaggingItem  # noqa: F401 - named in the annotations below


class TaggingItemQuerySet(models.QuerySet["TaggingItem"]):
    """Messages of the inbox."""

    def waiting(self) -> Self:
        """Keep those that still want a decision."""
        return self.filter(state=workflow.WAITING)

    def in_adjudication(self) -> Self:
        """Keep those on which a lead has to decide."""
        return self.filter(state=workflow.ADJUDICATION)

    def golden(self) -> Self:
        """Keep those whose answer is known and that test taggers."""
        return self.filter(is_golden=True)

    def free_for(self, person_id: int | None, now: datetime) -> Self:
        """Keep those that nobody else holds."""
        free = Q(claimed_until=None) | Q(claimed_until__lte=now)
        return self.filter(free if person_id is None else free | Q(claimed_by=person_id))

    def not_seen_by(self, person_id: int) -> Self:
        """Leave out those that the person has decided or passed on."""
        own = _decisions_of_item().filter(person=person_id, undone_at=None).exclude(role=workflow.SETTLED)
        return self.exclude(Exists(own))

    def untouched(self, now: datetime) -> Self:
        """Keep those waiting that nobody has ever decided on and nobody holds: they may be ordered anew."""
        return self.waiting().free_for(None, now).exclude(Exists(_decisions_of_item()))


class TaggingDecisionQuerySet(models.QuerySet["TaggingDecision"]):
    """Decisions."""

    def standing(self) -> Self:
        """Keep those that have not been taken back."""
        return self.filter(undone_at=None)

    def doubled(self) -> Self:
        """Keep first and second decisions."""
        return self.filter(role__in=(workflow.FIRST, workflow.SECOND))


def _decisions_of_item() -> models.QuerySet[Any]:
    decisions = apps.get_model("intents", "TaggingDecision")
    return decisions._base_manager.filter(item=OuterRef("pk"))
