"""Keep, activate and switch off recalibrations of the detector of anger. A person decides which one holds."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from core import activity
from core.actors import Actor
from core.errors import Conflict, InvalidInput
from core.permissions import require
from escalation.models import AngerCalibration
from escalation.platt import Curve, fit_curve, log_loss

PERMISSION = "escalation.calibrate_anger"
MIN_LABELS = 30
MIN_OF_EACH = 5


def anger_calibration_fit(
    *, actor: Actor, detector: str, scores: Sequence[float], angry: Sequence[bool]
) -> AngerCalibration:
    """Fit a recalibration to labelled scores and keep it, inactive, under the next number.

    Refused (``too_few_labels``) under MIN_LABELS labels or MIN_OF_EACH of either kind.
    """
    require(actor, PERMISSION)
    yes = sum(angry)
    if len(angry) < MIN_LABELS or min(yes, len(angry) - yes) < MIN_OF_EACH:
        raise InvalidInput(
            f"A recalibration takes {MIN_LABELS} labels, at least {MIN_OF_EACH} of each kind; there are "
            f"{yes} angry and {len(angry) - yes} not angry. Mark more messages under Turns.",
            code="too_few_labels",
        )
    curve = fit_curve(scores, angry)
    with transaction.atomic():
        latest = AngerCalibration.objects.select_for_update().order_by("-number").first()
        calibration = AngerCalibration.objects.create(
            number=latest.number + 1 if latest else 1,
            detector=detector,
            slope=curve.slope,
            intercept=curve.intercept,
            angry=yes,
            calm=len(angry) - yes,
            log_loss_before=round(log_loss(Curve(), scores, angry), 4),
            log_loss_after=round(log_loss(curve, scores, angry), 4),
            fitted_by=actor.label[:150],
        )
        activity.record(
            actor,
            "anger_calibration.fitted",
            calibration,
            after={"slope": curve.slope, "intercept": curve.intercept, "labels": len(angry)},
        )
    return calibration


def anger_calibration_activate(*, actor: Actor, calibration: AngerCalibration) -> AngerCalibration:
    """Let the recalibration hold from the next turn on, in the place of any other."""
    require(actor, PERMISSION)
    with transaction.atomic():
        rows = list(AngerCalibration.objects.select_for_update().order_by("pk"))
        before = next((row.number for row in rows if row.active), None)
        if before == calibration.number:
            raise Conflict("This recalibration is active already.", code="already_active")
        AngerCalibration.objects.filter(active=True).update(active=False)
        AngerCalibration.objects.filter(pk=calibration.pk).update(active=True)
        activity.record(
            actor,
            "anger_calibration.activated",
            calibration,
            before={"active": before},
            after={"active": calibration.number},
        )
    calibration.refresh_from_db()
    return calibration


def anger_calibration_deactivate(*, actor: Actor, calibration: AngerCalibration) -> AngerCalibration:
    """Go back to the scores as shipped from the next turn on."""
    require(actor, PERMISSION)
    with transaction.atomic():
        if not AngerCalibration.objects.filter(pk=calibration.pk, active=True).update(active=False):
            raise Conflict("This recalibration is not active.", code="not_active")
        activity.record(
            actor,
            "anger_calibration.deactivated",
            calibration,
            before={"active": calibration.number},
            after={"active": None},
        )
    calibration.refresh_from_db()
    return calibration
