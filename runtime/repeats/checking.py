"""Read the first human replies of finished handoffs, once each. Judges no person; counts no rates."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.db.models import Prefetch

from core.jobs import Progress
from runtime import workflow
from runtime.models import Handoff, HandoffMessage, RepeatCheck, RepeatField
from runtime.repeats.detection import DETECTOR_VERSION, REPLIES_CHECKED, Asked, asked_again
from runtime.repeats.held import held_values

CHECK_TASK = "runtime.tasks.check_repeats"
FINISHED = (workflow.RESOLVED, workflow.RETURNED)
BATCH = 200
MAX_SENTENCE = 500


def repeats_check(*, progress: Progress | None = None, limit: int = 20_000) -> dict[str, int]:
    """Check every finished handoff that has not been checked and in which a person wrote.

    Idempotent: a handoff has one check at most, so a run that was stopped goes on where it was.
    """
    found = {"handoffs": 0, "repeated": 0}
    after = 0
    while found["handoffs"] < limit:
        batch = _unchecked(after)
        if not batch:
            break
        for handoff in batch:
            asked = handoff_check(handoff)
            found["handoffs"] += asked is not None
            found["repeated"] += asked or 0
        after = batch[-1].pk
        if progress is not None:
            progress(found["handoffs"], found["handoffs"], "Reading the first replies of handoffs")
    return found


def handoff_check(handoff: Handoff) -> int | None:
    """Write the check of one handoff; return how many fields were asked again, None where it was checked."""
    replies = [message for message in handoff.messages.all() if message.sender == HandoffMessage.Sender.HUMAN]
    replies = replies[:REPLIES_CHECKED]
    held = held_values(handoff.packet)
    asked: dict[str, tuple[Asked, HandoffMessage]] = {}
    for message in replies:
        for one in asked_again(message.text, held):
            asked.setdefault(one.field, (one, message))
    try:
        with transaction.atomic():
            check = RepeatCheck.objects.create(
                handoff=handoff, replies=len(replies), detector=DETECTOR_VERSION
            )
            RepeatField.objects.bulk_create(
                _row(check, name, value, asked.get(name)) for name, value in held.items()
            )
    except IntegrityError:  # another worker was here
        return None
    return len(asked)


def _row(
    check: RepeatCheck, name: str, value: str, asked: tuple[Asked, HandoffMessage] | None
) -> RepeatField:
    return RepeatField(
        check_row=check,
        field=name,
        value=value,
        asked=asked is not None,
        sentence=asked[0].sentence[:MAX_SENTENCE] if asked else "",
        message=asked[1] if asked else None,
    )


def _unchecked(after: int) -> list[Handoff]:
    human = HandoffMessage.objects.filter(sender=HandoffMessage.Sender.HUMAN)
    rows = (
        Handoff.objects.filter(pk__gt=after, state__in=FINISHED, repeat_check=None)
        .filter(pk__in=human.values("handoff"))
        .prefetch_related(Prefetch("messages", queryset=human.order_by("pk")))
        .order_by("pk")
    )
    return list(rows[:BATCH])
