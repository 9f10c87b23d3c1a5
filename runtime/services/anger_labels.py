"""People say of a turn whether its customer was angry; enough of it recalibrates the detector."""

from __future__ import annotations

from django.db import transaction

from core import activity
from core.actors import Actor
from core.permissions import require
from escalation.models import AngerCalibration
from escalation.recalibrating import PERMISSION as CALIBRATE
from escalation.recalibrating import anger_calibration_fit
from escalation.sensing import anger_score
from runtime.models import AngerLabel, Turn

PERMISSION = "runtime.label_anger"
MOST_LABELS = 2_000  # the newest: bounds the fit, and customers' ways change


def anger_label_record(*, actor: Actor, turn: Turn, is_angry: bool) -> AngerLabel:
    """Say whether the customer of ``turn`` was angry or distressed; a later word replaces an earlier one.

    Writes AngerLabel with the detector's own score; idempotent.
    """
    require(actor, PERMISSION)
    score, detector = anger_score(turn.text)
    with transaction.atomic():
        earlier = AngerLabel.objects.filter(turn=turn).first()
        before = {"is_angry": earlier.is_angry} if earlier else None
        label, _ = AngerLabel.objects.update_or_create(
            turn=turn,
            defaults={
                "is_angry": is_angry,
                "score": score,
                "detector": detector,
                "labelled_by": actor.label[:150],
            },
        )
        activity.record(actor, "turn.anger_labelled", turn, before=before, after={"is_angry": is_angry})
    return label


def anger_recalibrate(*, actor: Actor) -> AngerCalibration:
    """Fit a recalibration to the newest labels and keep it inactive; scores of an older detector are renewed.

    Raises InvalidInput (``too_few_labels``).
    """
    require(actor, CALIBRATE)
    detector = anger_score("ok")[1]
    scores, angry = [], []
    for label in AngerLabel.objects.select_related("turn").order_by("-labelled_at", "-pk")[:MOST_LABELS]:
        scores.append(label.score if label.detector == detector else anger_score(label.turn.text)[0])
        angry.append(label.is_angry)
    return anger_calibration_fit(actor=actor, detector=detector, scores=scores, angry=angry)
