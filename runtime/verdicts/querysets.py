"""Questions to sampled turns and verdicts that read as English."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.apps import apps
from django.db import models
from django.db.models import Exists, OuterRef

if TYPE_CHECKING:  # the models are built with these querysets
    from runtime.models import SampledTurn, Verdict  # noqa: F401 - named in the annotations below


class SampledTurnQuerySet(models.QuerySet["SampledTurn"]):
    """Turns that were drawn to be judged."""

    def waiting(self) -> Self:
        """Keep those that still want a verdict."""
        return self.filter(missing__gt=0)

    def not_judged_by(self, person_id: int) -> Self:
        """Leave out those of which this person has said something that stands."""
        verdicts: models.QuerySet[Any] = apps.get_model("runtime", "Verdict")._base_manager.all()
        mine = verdicts.filter(sampled=OuterRef("pk"), person=person_id, undone_at=None)
        return self.exclude(Exists(mine))


class VerdictQuerySet(models.QuerySet["Verdict"]):
    """What people said."""

    def standing(self) -> Self:
        """Keep those that were not taken back."""
        return self.filter(undone_at=None)
