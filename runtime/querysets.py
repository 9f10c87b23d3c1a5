"""Which turns and conversations served a customer: the one place where that is decided for every reader.

In shadow a reply is only drafted, out of a pilot's scope nothing is said, and a closed ticket that is
replayed serves nobody. In assist a person sends what was approved, and escalations call people: that is
service.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.apps import apps
from django.db import models
from django.db.models import Exists, OuterRef

from runtime.placement import ASSIST, LIVE, SHADOW

if TYPE_CHECKING:  # the models are built with these querysets
    from runtime.models import Conversation, Feedback, Turn  # noqa: F401 - named in the annotations below

NOT_IN_PILOT = "not_in_pilot"
SERVING = (ASSIST, LIVE)  # modes of a turn


class TurnQuerySet(models.QuerySet["Turn"]):
    """Turns."""

    def of_customers(self) -> Self:
        """Leave out those of replayed tickets: their words are known already."""
        return self.filter(conversation__ticket=None)

    def served(self) -> Self:
        """Keep those by which the agent served a customer, at once or after a person's approval."""
        return self.of_customers().filter(mode__in=SERVING).exclude(decision=NOT_IN_PILOT)

    def drafted(self) -> Self:
        """Keep customers' turns for which a reply was drafted that the agent did not send: shadow mode."""
        return self.of_customers().filter(mode=SHADOW).exclude(decision=NOT_IN_PILOT)

    def left_to_people(self) -> Self:
        """Keep customers' turns that no pilot covers."""
        return self.of_customers().filter(decision=NOT_IN_PILOT)


class ConversationQuerySet(models.QuerySet["Conversation"]):
    """Conversations."""

    def served(self) -> Self:
        """Keep those in which the agent served a customer; one that has only shadow turns is none."""
        turns: models.QuerySet[Any] = apps.get_model("runtime", "Turn")._base_manager.all()
        own = turns.filter(conversation=OuterRef("pk")).order_by()
        in_shadow = Exists(own.filter(mode=SHADOW))
        return self.filter(~in_shadow | Exists(own.filter(mode__in=SERVING)), ticket=None)


class FeedbackQuerySet(models.QuerySet["Feedback"]):
    """What customers thought."""

    def on_served(self) -> Self:
        """Keep what is about the agent's own words; what people wrote in shadow mode is not."""
        return self.filter(turn__mode__in=SERVING, turn__conversation__ticket=None)
