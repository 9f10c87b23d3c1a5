"""Keep what came back about a turn."""

from __future__ import annotations

from django.db import transaction

from core.actors import Actor
from core.errors import InvalidInput
from runtime.models import Feedback, Turn

CSAT_RANGE = range(1, 6)


def feedback_record(
    *,
    actor: Actor,
    turn: Turn,
    rating: str | None = None,
    csat: int | None = None,
    reopened: bool | None = None,
    comment: str | None = None,
) -> Feedback:
    """Write what is given to the turn's one feedback row; what is not given stays. Idempotent."""
    given = {"rating": rating, "csat": csat, "reopened": reopened, "comment": comment}
    given = {name: value for name, value in given.items() if value is not None}
    if not given:
        raise InvalidInput(
            "Give a rating, a CSAT, whether it was reopened, or a comment.", code="no_feedback"
        )
    if rating is not None and rating not in Feedback.Rating.values:
        raise InvalidInput("The rating is up or down.", code="bad_rating")
    if csat is not None and csat not in CSAT_RANGE:
        raise InvalidInput("CSAT goes from 1 to 5.", code="bad_csat")
    with transaction.atomic():
        feedback, _ = Feedback.objects.update_or_create(
            turn=turn, defaults={**given, "given_by": actor.label[:150]}
        )
    return feedback
