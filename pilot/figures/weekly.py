"""The weekly review: figures of each full week are frozen on the Monday after, then a person signs them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db.models import Max
from django.utils import timezone

from core import activity
from core.actors import Actor
from core.errors import Conflict, InvalidInput, NotFound
from core.jobs import Progress
from core.permissions import require
from core.writing import write_transaction
from pilot import workflow
from pilot.drafts.collecting import monday_of
from pilot.figures.frozen import metrics_json
from pilot.figures.selectors import figures_of
from pilot.models import Pilot, WeeklyReview
from pilot.models.weekly import MAX_ACTION, MAX_ACTIONS, MAX_NOTE

SIGN = "pilot.sign_week"
FREEZE_TASK = "pilot.tasks.freeze_weeks"


def weeks_freeze(*, now: datetime | None = None, progress: Progress | None = None) -> int:
    """Freeze each full week of the live pilots that is not frozen; return how many. Idempotent by week.

    Mondays on which it did not run are caught up on. A rehearsal's weeks are in the past: nobody signs them.
    """
    moment = now or timezone.now()
    frozen, pilots = 0, [pilot for pilot in _pilots() if _has_a_week_to_freeze(pilot, moment)]
    for number, pilot in enumerate(pilots, start=1):
        found = figures_of(pilot, now=moment)
        known = set(WeeklyReview.objects.filter(pilot=pilot).values_list("week", flat=True))
        for week in found.weeks:
            if week.is_partial or week.monday in known:
                continue
            figures = metrics_json(week.metrics, live=False)
            with write_transaction():
                _, is_new = WeeklyReview.objects.get_or_create(
                    pilot=pilot, week=week.monday, defaults={"figures": figures}
                )
            frozen += is_new
        if progress is not None:
            progress(number, len(pilots), "Freezing weeks")
    return frozen


def week_sign(
    *, actor: Actor, pilot: Pilot, week: date, note: str = "", actions: Sequence[str] = ()
) -> WeeklyReview:
    """Sign a frozen week, once. Writes WeeklyReview and the activity log.

    Raises NotAllowed, InvalidInput (note_too_long, bad_actions), NotFound (week_not_frozen), Conflict
    (already_signed). A missed week may be signed, and stays missed.
    """
    require(actor, SIGN)
    lines = [line for line in (" ".join(action.split()) for action in actions) if line]
    if len(note) > MAX_NOTE:
        raise InvalidInput(f"Write at most {MAX_NOTE} characters.", code="note_too_long")
    if len(lines) > MAX_ACTIONS or any(len(line) > MAX_ACTION for line in lines):
        raise InvalidInput(
            f"Name at most {MAX_ACTIONS} actions of {MAX_ACTION} characters each.", code="bad_actions"
        )
    with write_transaction():
        review = WeeklyReview.objects.select_related("pilot").filter(pilot=pilot, week=week).first()
        if review is None:
            raise NotFound(
                "This week is not frozen yet: its figures are on the Monday after it.", code="week_not_frozen"
            )
        signed = {"signed_by": actor.label[:150], "signed_at": timezone.now(), "note": note, "actions": lines}
        if not WeeklyReview.objects.filter(pk=review.pk, signed_at=None).update(**signed):
            raise Conflict(
                f"{review.signed_by or 'Somebody'} has signed this week already.", code="already_signed"
            )
        for name, value in signed.items():
            setattr(review, name, value)
        activity.record(
            actor,
            "weekly_review.signed",
            review,
            after={"note": note, "actions": lines, "days_late": review.days_late},
        )
    return review


def _pilots() -> list[Pilot]:
    """Return the live pilots that have begun, each with its newest frozen week."""
    begun = Pilot.objects.filter(source=workflow.LIVE_SOURCE, started_at__isnull=False)
    return list(begun.annotate(newest=Max("weeks__week")).order_by("pk"))


def _has_a_week_to_freeze(pilot: Pilot, now: datetime) -> bool:
    """Tell whether the newest frozen week is not the last full one, or the one in which the pilot ended."""
    last = monday_of(now) - timedelta(weeks=1)
    if pilot.state == workflow.ENDED and pilot.ended_at is not None:
        last = min(last, monday_of(pilot.ended_at))
    newest: date | None = getattr(pilot, "newest", None)
    return newest is None or newest < last
