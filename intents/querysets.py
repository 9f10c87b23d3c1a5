"""Questions to the tables of intents that read as English."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Count, Q

if TYPE_CHECKING:  # the models are built with these querysets
    from intents.models import Example, Intent, Release  # noqa: F401 - named in the annotations below

REAL = Q(examples__state="active") & ~Q(examples__origin="synthetic")
SYNTHETIC = Q(examples__state="active", examples__origin="synthetic")


class IntentQuerySet(models.QuerySet["Intent"]):
    """Intents."""

    def active(self) -> IntentQuerySet:
        """Keep those that are trained on."""
        return self.filter(state="active")

    def with_example_counts(self) -> models.QuerySet[Any]:
        """Add ``real_examples`` and ``synthetic_examples``, the numbers of active ones."""
        return self.annotate(
            real_examples=Count("examples", filter=REAL),
            synthetic_examples=Count("examples", filter=SYNTHETIC),
        )


class ExampleQuerySet(models.QuerySet["Example"]):
    """Examples."""

    def active(self) -> ExampleQuerySet:
        """Keep those that have not been retired."""
        return self.filter(state="active")

    def trained_on(self) -> ExampleQuerySet:
        """Keep those that the next training takes: active ones of active intents, oldest first."""
        return self.active().filter(intent__state="active").order_by("id")


class ReleaseQuerySet(models.QuerySet["Release"]):
    """Releases."""

    def live(self) -> ReleaseQuerySet:
        """Keep the one that answers now."""
        return self.filter(is_live=True)
